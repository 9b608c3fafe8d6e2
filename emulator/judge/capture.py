"""Captured traffic: HAR files, our own transcripts and reports, read into exchanges that the judge can look at."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import orjson

from emulator.errors import FileProblem, UserError
from emulator.judge.entries import Entry, Form, Malformed, Recorded, Unattributed
from emulator.judge.har import har_entries
from emulator.standard.contract import Contract
from emulator.standard.json_places import place_of
from emulator.standard.release import Release
from emulator.wire.asgi import decoded_path
from emulator.wire.exchange import Exchange, Fault, FaultKind, Request, Response, masked_headers, masked_url
from emulator.wire.payload import Parsed, dump

__all__ = ["BasePaths", "Captured", "Unattributed", "read_capture"]

_MOST_PROBLEMS: Final = 20
_NOT_JUDGED: Final = ("OPTIONS", "HEAD")
_Read = Entry | Unattributed | Malformed


@dataclass(frozen=True, slots=True)
class Captured:
    """What a file holds of one run. `title` says what the run was, and `speed` how fast its clock went, where the
    file knows.
    """

    name: str
    run: str
    title: str
    exchanges: tuple[Exchange, ...]
    unattributed: tuple[Unattributed, ...]
    provoked: frozenset[int]
    spoilt: frozenset[int] = frozenset()
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class Attributed:
    """To which operation a request belongs; None where its contract has no such."""

    contract: Contract
    operation: str | None
    path_params: dict[str, str]


class BasePaths:
    """Where the contracts of a release are found in a URL: behind any prefix, at the standard's or a partner's path."""

    def __init__(self, release: Release, maps: Sequence[str] = ()) -> None:
        """`maps` are written `api=PATH`, or `api.notification=PATH`. UserError where one is not."""
        self.release = release
        found = [(contract.base_path, contract) for contract in release.contracts()]
        found += [self._map(text) for text in maps]
        self._bases = sorted(found, key=lambda pair: -len(pair[0]))

    def _map(self, text: str) -> tuple[str, Contract]:
        name, equals, path = text.partition("=")
        if not equals or not path.startswith("/") or not path.strip("/"):
            message = f"--map {text!r}: write --map api=PATH, for example --map quote=/sonata/quotes/v8"
            raise UserError(message)
        api, _, kind = name.partition(".")
        if kind not in ("", "management", "notification"):
            message = f"--map {text!r}: after the API comes .management or .notification"
            raise UserError(message)
        return decoded_path(path.rstrip("/")), self.release.contract(api, kind or None)

    def find(self, request: Request) -> Attributed | str:
        """The operation that a request asks for, or why there is none."""
        if request.method in _NOT_JUDGED:
            return f"no operation of the standard uses {request.method}"
        path = decoded_path(request.path)
        first: Contract | None = None
        for base, contract in self._bases:
            at = path.find(base)
            rest = path[at + len(base) :]
            if at < 0 or (rest and not rest.startswith("/")):
                continue
            if found := contract.find(request.method, rest):
                return Attributed(contract, found[0].id, _decoded(found[1]))
            first = first or contract
        return Attributed(first, None, {}) if first else self._why(path)

    def recorded(self, entry: Entry) -> Attributed | None:
        """What a transcript of ours says, for a URL that says nothing."""
        known = entry.recorded
        if known.api not in self.release.spellings:
            return None
        kinds = [each.kind for each in self.release.entries if each.api == self.release.api(known.api)]
        if known.kind not in kinds:
            return None
        contract = self.release.contract(known.api, known.kind)
        if known.operation not in contract.operations:
            return Attributed(contract, None, {})
        segments = decoded_path(entry.request.path).split("/")
        for start in range(1, len(segments)):
            found = contract.find(entry.request.method, "/" + "/".join(segments[start:]))
            if found and found[0].id == known.operation:
                return Attributed(contract, known.operation, _decoded(found[1]))
        return Attributed(contract, known.operation, {})

    def _why(self, path: str) -> str:
        known = {base for base, _ in self._bases}
        _, mef, rest = path.partition("/mefApi/")
        near = difflib.get_close_matches(mef + "/".join(rest.split("/")[:3]), known, n=1) if mef else []
        hint = f"; the nearest is {near[0]}" if near else ""
        return f"no base path of release {self.release.name} is in it{hint} (--map api=PATH names one of your own)"


def read_capture(path: Path, bases: BasePaths) -> list[Captured]:
    """The runs that a file holds: one for a HAR file, each for itself in a transcript or report of ours.

    Raises FileProblem with the place of what is malformed.
    """
    try:
        raw = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        raise FileProblem([f"{path}: cannot be read: {error.strerror}"]) from error
    reading = _Reading(path, raw, bases)
    if path.suffix in (".ndjson", ".jsonl"):
        return reading.transcript()
    if path.suffix not in (".har", ".json"):
        raise FileProblem([f"{path}: of what kind is it? A HAR file ends in .har, a transcript in .ndjson or .json"])
    return reading.document()


class _Reading:
    """One file being read."""

    def __init__(self, path: Path, raw: bytes, bases: BasePaths) -> None:
        self.path, self.raw, self.bases = path, raw, bases

    def document(self) -> list[Captured]:
        """A HAR file, or a report of ours."""
        document = self._json(self.raw, 0)

        def where(place: str) -> str:
            line, column = place_of(self.raw, [place], Parsed(document))[place]
            return f"{line}:{column}"

        try:
            if self.path.suffix == ".har" or (isinstance(document, dict) and "log" in document):
                return [
                    replace(self._captured(run, title, rows, where), speed=speed)
                    for run, title, speed, rows in _har_runs(list(har_entries(document)))
                ]
            return [
                replace(self._captured(run, title, [_exchange_entry(*row) for row in rows], where), speed=speed)
                for run, title, speed, rows in _runs_of(document)
            ]
        except Malformed as problem:
            raise FileProblem([self._line(where(problem.place), problem)]) from problem

    def transcript(self) -> list[Captured]:
        """One exchange a line; a member `run` tells several runs apart."""
        runs: dict[str, list[_Read]] = {}
        titles: dict[str, str] = {}
        problems: list[str] = []
        for number, line in enumerate(self.raw.splitlines(), 1):
            if not line.strip():
                continue
            value = self._json(line, number - 1)
            run = value.get("run") if isinstance(value, dict) else None
            run = run if isinstance(run, str) else ""
            read = _exchange_entry(value, number, "")
            if isinstance(read, Malformed):
                _, column = place_of(line, [read.place], Parsed(value))[read.place]
                problems.append(self._line(f"{number}:{column}", read))
                continue
            runs.setdefault(run, []).append(read)
            if isinstance(value.get("scenario"), str):
                titles.setdefault(run, value["scenario"])
        if problems:
            raise FileProblem(problems[:_MOST_PROBLEMS])
        return [
            self._captured(run, titles.get(run, "captured traffic"), rows, lambda _: "1:1")
            for run, rows in runs.items()
        ]

    def _captured(self, run: str, title: str, rows: Sequence[_Read], where: Callable[[str], str]) -> Captured:
        wrong = [row for row in rows if isinstance(row, Malformed)]
        if wrong:
            raise FileProblem([self._line(where(each.place), each) for each in wrong[:_MOST_PROBLEMS]])
        exchanges: list[Exchange] = []
        unattributed: list[Unattributed] = []
        provoked: set[int] = set()
        spoilt: set[int] = set()
        name = run or hashlib.sha256(self.raw).hexdigest()[:12]
        for n, row in _numbered([row for row in rows if not isinstance(row, Malformed)]):
            found = self.bases.find(row.request) if isinstance(row, Entry) else row.why
            if isinstance(row, Entry) and not (isinstance(found, Attributed) and found.operation):
                found = self.bases.recorded(row) or found
            if isinstance(row, Unattributed):
                unattributed.append(row)
            elif isinstance(found, str):
                unattributed.append(Unattributed(row.number, row.request.method, row.request.url, found))
            else:
                exchanges.append(_exchange(n, row, found, name))
                if row.recorded.provoked:
                    provoked.add(n)
                if row.recorded.spoilt:
                    spoilt.add(n)
        wrong_on_purpose = frozenset(provoked), frozenset(spoilt)
        return Captured(self.path.name, name, title, tuple(exchanges), tuple(unattributed), *wrong_on_purpose)

    def _json(self, raw: bytes, lines_before: int) -> Any:
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            where = f"{self.path}:{error.lineno + lines_before}:{error.colno}"
            raise FileProblem([f"{where}: this is not JSON: {error.msg}"]) from error

    def _line(self, where: str, problem: Malformed) -> str:
        return f"{self.path}:{where}: {problem.place or 'the whole'}: {problem.problem}"


def _numbered(rows: Sequence[Entry | Unattributed]) -> Iterator[tuple[int, Entry | Unattributed]]:
    """Each entry with its number in the run: the recorded one where all have one and they rise, else by time."""
    entries = [row for row in rows if isinstance(row, Entry)]
    numbers = [entry.recorded.n for entry in entries if entry.recorded.n is not None]
    if len(numbers) == len(rows) and all(before < after for before, after in pairwise(numbers)):
        return iter(list(zip(numbers, entries, strict=True)))
    if len(entries) == len(rows):
        return enumerate(sorted(entries, key=lambda entry: entry.at), 1)
    return enumerate(rows, 1)  # a HAR file's, which come in order


def _exchange(n: int, entry: Entry, found: Attributed, run: str) -> Exchange:
    contract = found.contract
    return Exchange(
        n=n,
        at=entry.at,
        elapsed_ms=entry.elapsed_ms,
        sender=contract.served_by.other,
        receiver=contract.served_by,
        request=entry.request,
        response=entry.response,
        fault=entry.fault,
        api=contract.api,
        kind=contract.kind,
        operation=found.operation,
        path_params=found.path_params,
        run=run,
        step=entry.recorded.step,
    )


def _decoded(params: dict[str, str]) -> dict[str, str]:
    return {name: unquote(value) for name, value in params.items()}


def _har_runs(rows: list[_Read]) -> Iterator[tuple[str, str, float, list[_Read]]]:
    """The runs that an archive of ours tells apart, each with its exchanges in their order; others are one run."""
    runs: dict[str, list[_Read]] = {}
    for row in rows:
        runs.setdefault(row.recorded.run if isinstance(row, Entry) else "", []).append(row)
    for run, mine in runs.items() or {"": []}.items():
        entries = sorted((row for row in mine if isinstance(row, Entry)), key=lambda entry: entry.recorded.n or 0)
        if not run or any(entry.recorded.n is None for entry in entries):
            yield run, "captured traffic", 1.0, mine
        else:
            first = entries[0].recorded
            yield run, first.title or "captured traffic", first.speed, list(entries)


def _runs_of(document: Any) -> Iterator[tuple[str, str, float, list[tuple[Any, int, str]]]]:
    """Each run of a report: its id, its scenario, its speed, and its exchanges with number and place."""
    report = Form.of(document, "")
    if not report.has("runs") and not report.has("exchanges"):
        raise Malformed("", "this is neither a HAR file (an object with 'log') nor a report.json of oit")
    for run in report.forms("runs") if report.has("runs") else (report,):
        about = run.form("run")
        case = f" [{about.text('case')}]" if about.has("case") else ""
        place = f"{run.place}/exchanges"
        rows = [(value, index + 1, f"{place}/{index}") for index, value in enumerate(run.items("exchanges"))]
        yield about.text("id"), about.text("scenario") + case, about.number("speed", 1.0), rows


def _exchange_entry(value: Any, number: int, place: str) -> Entry | Malformed:
    """An exchange as our reports write it."""
    try:
        form = _exchange_form(value, place)
        request = form.form("request")
        response, fault = _told_outcome(form)
        return Entry(
            number=number,
            at=form.moment("at"),
            elapsed_ms=form.number("elapsed_ms", 0.0),
            request=Request(
                _told_headers(request),
                _told_body(request),
                request.text("method").upper(),
                masked_url(request.text("url")),
            ),
            response=response,
            fault=fault,
            recorded=Recorded(
                n=form.whole("n") if form.has("n") else None,
                api=form.text("api") if form.has("api") else None,
                kind=form.text("kind") if form.has("kind") else None,
                operation=form.text("operation") if form.has("operation") else None,
                step=form.text("step") if form.has("step") else None,
                provoked=value.get("provoked") is True,
                spoilt=value.get("spoilt") is True,
            ),
        )
    except Malformed as problem:
        return problem


def _exchange_form(value: Any, place: str) -> Form:
    form = Form.of(value, place)
    if form.has("event"):
        raise Malformed(place, "this is an event of `oit run --format json`; `--report transcript` has the exchanges")
    return form


def _told_outcome(form: Form) -> tuple[Response | None, Fault | None]:
    if form.has("response"):
        response = form.form("response")
        status = response.whole("status")
        if status > 0:
            return Response(_told_headers(response), _told_body(response), status), None
    if form.has("fault"):
        fault = form.form("fault")
        kind = fault.text("kind")
        if kind in list(FaultKind):
            return None, Fault(FaultKind(kind), fault.text("message", ""))
        return None, None
    return None, Fault(FaultKind.CLOSED, "the capture holds no response")


def _told_headers(message: Form) -> tuple[tuple[str, str], ...]:
    if not message.has("headers"):
        return ()
    headers = message.form("headers")
    return masked_headers(tuple((name, headers.text(name, "")) for name in headers.value))


def _told_body(message: Form) -> bytes:
    body = message.value.get("body")
    encoding = message.text("body_encoding", "none" if body is None else "json")
    match encoding:
        case "none":
            return b""
        case "json":
            return dump(body)
        case "text":
            return message.text("body", "").encode("utf-8", "replace")
        case _:
            raise Malformed(f"{message.place}/body_encoding", f"{encoding!r:.40} is not one of json, text, none")
