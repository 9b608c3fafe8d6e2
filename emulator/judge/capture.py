"""Captured traffic: HAR files, our own transcripts and reports, read into exchanges that the judge can look at."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import orjson

from emulator.errors import FileProblem
from emulator.judge.attribution import Attributed, BasePaths
from emulator.judge.authorizing import authorization, duty_of
from emulator.judge.entries import (
    UNTITLED,
    AboutRun,
    Entry,
    Form,
    Malformed,
    Recorded,
    Unattributed,
    halves,
    moves_of,
    told_of_run,
)
from emulator.judge.har import har_entries
from emulator.judge.told import told_body, told_headers, told_outcome
from emulator.record import coding
from emulator.record.exchange import (
    BESIDE,
    FASTEST,
    LONGEST,
    Exchange,
    Request,
    UnreadKind,
)
from emulator.record.intake import MOST_BYTES, STDIN, read_file, refuse_many, too_large
from emulator.record.payload import Parsed
from emulator.record.relayed import relayed_of
from emulator.record.secrets import masked_url
from emulator.standard.json_places import place_of

__all__ = ["STDIN", "BasePaths", "Captured", "Unattributed", "read_capture"]

_MOST_PROBLEMS: Final = 20
_ESCAPE: Final = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
"""An escape of JSON; the group is half a character, which is none."""
_KINDS: Final = {".har": "har", ".json": "document", ".ndjson": "transcript", ".jsonl": "transcript"}
_Read = Entry | Unattributed | Malformed


@dataclass(frozen=True, slots=True)
class Captured:
    """What a file holds of one run, and says `about` it."""

    name: str
    run: str
    about: AboutRun
    exchanges: tuple[Exchange, ...]
    unattributed: tuple[Unattributed, ...]
    provoked: frozenset[int]
    spoilt: frozenset[int] = frozenset()


def read_capture(path: Path, bases: BasePaths) -> list[Captured]:
    """The runs that a file holds: one for a HAR file, each for itself in a transcript or report of ours.

    The path `-` is standard input. What gzip has packed is unpacked. An entry that cannot be read is not judged; where
    none can, FileProblem is raised with the place of what is malformed.
    """
    raw = _bytes_of(path).removeprefix(b"\xef\xbb\xbf")
    kind = _KINDS.get(Path(path.name.lower().removesuffix(".gz")).suffix) or (path == STDIN and _kind_of(raw))
    if not kind:
        raise FileProblem([f"{path}: of what kind is it? A HAR file ends in .har, a transcript in .ndjson or .json"])
    reading = _Reading(path, raw, bases, kind)
    return reading.transcript() if kind == "transcript" else reading.document()


def read_lines(path: Path, lines: bytes, bases: BasePaths, first: int) -> list[Captured]:
    """The same of some lines of a transcript, the first of which has the number `first`."""
    refuse_many(path, lines)
    return _Reading(path, lines, bases, "transcript", first).transcript()


def is_transcript(path: Path) -> bool:
    """Whether a file is a transcript that can be read line by line, by its name."""
    return _KINDS.get(path.suffix.lower()) == "transcript"


def _bytes_of(path: Path) -> bytes:
    """What a file holds, unpacked. FileProblem where it cannot be read, or is too large."""
    raw = read_file(path)
    unread = None
    if raw.startswith(coding.GZIP):
        raw, unread = coding.read(raw, "gzip", MOST_BYTES)
    if unread and unread.kind is UnreadKind.TOO_LARGE:
        raise FileProblem([too_large(path)])
    if unread:
        raise FileProblem([f"{path}: cannot be unpacked: {unread.why}"])
    refuse_many(path, raw)
    return raw


def _kind_of(raw: bytes) -> str:
    """Of what kind a file without a name is: several lines of JSON, or one exchange, are a transcript."""
    try:
        document = _loads(raw)
    except orjson.JSONDecodeError:
        return "document" if raw.lstrip()[:1] == b"{" and b"\n{" not in raw.strip() else "transcript"
    return "transcript" if isinstance(document, dict) and "request" in document else "document"


def _loads(raw: bytes) -> Any:
    """A document as JSON; half a character, which some tools write where a body was binary, is U+FFFD."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        mended = _ESCAPE.sub(lambda escape: b"\\ufffd" if escape[1] else escape[0], raw)
        if mended == raw:
            raise
        return orjson.loads(mended)


class _Reading:
    """One file being read."""

    def __init__(self, path: Path, raw: bytes, bases: BasePaths, kind: str, first: int = 1) -> None:
        self.path, self.raw, self.bases, self.kind, self.first = path, raw, bases, kind, first

    def document(self) -> list[Captured]:
        """A HAR file, or a report of ours."""
        try:
            document = _loads(self.raw)
        except orjson.JSONDecodeError as error:
            raise FileProblem([self._no_json(error, error.lineno)]) from error

        def where(problem: Malformed) -> str:
            line, column = place_of(self.raw, [problem.place], Parsed(document))[problem.place]
            return f"{line}:{column}"

        try:
            if self.kind == "har" or (isinstance(document, dict) and "log" in document):
                runs = _har_runs(list(har_entries(document, self.bases.left_out)))
            else:
                runs = ((about, [_exchange_entry(*row) for row in rows]) for about, rows in _runs_of(document))
            return self._readable([(about, self._told(rows, where)) for about, rows in runs])
        except Malformed as problem:
            raise FileProblem([self._line(where(problem), problem)]) from problem

    def transcript(self) -> list[Captured]:
        """One exchange a line; a member `run` tells several runs apart."""
        runs: dict[str, list[_Line]] = {}
        abouts: dict[str, AboutRun] = {}
        run = ""
        for number, line in enumerate(self.raw.splitlines(), self.first):
            if not line.strip():
                continue
            try:
                value = _loads(line)
            except orjson.JSONDecodeError as error:
                runs.setdefault(run, []).append(_Line(number, self._no_json(error, number)))
                continue
            named = value.get("run") if isinstance(value, dict) else None
            run = named if isinstance(named, str) else ""
            read = _exchange_entry(value, number, "")
            if isinstance(read, Malformed):
                _, column = place_of(line, [read.place], Parsed(value))[read.place]
                runs.setdefault(run, []).append(_Line(number, self._line(f"{number}:{column}", read)))
                continue
            runs.setdefault(run, []).append(_Line(number, read))
            told = read.recorded
            abouts.setdefault(run, AboutRun(run, told.title or UNTITLED, told.speed, told.moves))
        return self._readable([(abouts.get(run, AboutRun(run)), lines) for run, lines in runs.items()])

    def _readable(self, runs: Sequence[tuple[AboutRun, Sequence[_Line]]]) -> list[Captured]:
        """What was read. FileProblem where nothing could be, but something should have been."""
        problems = [line.read for _, lines in runs for line in lines if isinstance(line.read, str)]
        if problems and len(problems) == sum(len(lines) for _, lines in runs):
            raise FileProblem(problems[:_MOST_PROBLEMS])
        return [self._captured(about, lines) for about, lines in runs]

    def _told(self, rows: Sequence[_Read], where: Callable[[Malformed], str]) -> list[_Line]:
        """Rows with what is malformed told in words: the first of them with their line, which costs a search."""
        lines: list[_Line] = []
        told = 0
        for row in rows:
            if isinstance(row, Malformed):
                told += 1
                place = where(row) if told <= _MOST_PROBLEMS else "?"
                lines.append(_Line(row.number, self._line(place, row)))
            else:
                lines.append(_Line(row.number if isinstance(row, Entry) else row.entry, row))
        return lines

    def _captured(self, about: AboutRun, lines: Sequence[_Line]) -> Captured:
        exchanges: list[Exchange] = []
        unattributed: list[Unattributed] = []
        name = about.run or hashlib.sha256(self.raw).hexdigest()[:12]
        numbered = list(_numbered([line.row for line in lines]))
        for n, row in numbered:
            if isinstance(row, Entry) and (duty := duty_of(row)):
                exchanges.append(authorization(n, row, duty, name))
                continue
            bases = self.bases.of(row.recorded.release) if isinstance(row, Entry) else self.bases
            found = bases.find(row.request) if isinstance(row, Entry) else row.why
            if isinstance(row, Entry) and not (isinstance(found, Attributed) and found.operation):
                found = (bases.recorded(row) if row.request.method not in BESIDE else None) or found
            if isinstance(row, Unattributed):
                unattributed.append(row)
            elif isinstance(found, str):
                unattributed.append(Unattributed(row.number, row.request.method, row.request.url, found))
            else:
                exchanges.append(_exchange(n, row, found, name))
                unattributed += halves(row.number, row.request, row.response)
        file = "stdin" if self.path == STDIN else self.path.name
        unattributed.sort(key=lambda row: row.entry)
        kept = {exchange.n for exchange in exchanges}
        ours = [(n, row.recorded) for n, row in numbered if isinstance(row, Entry) and n in kept]
        provoked, spoilt = (frozenset(n for n, told in ours if getattr(told, mark)) for mark in ("provoked", "spoilt"))
        return Captured(file, name, about, tuple(exchanges), tuple(unattributed), provoked, spoilt)

    def _no_json(self, error: orjson.JSONDecodeError, line: int) -> str:
        return f"{self.path}:{line}:{error.colno}: this is not JSON: {error.msg}"

    def _line(self, where: str, problem: Malformed) -> str:
        return f"{self.path}:{where}: {problem.place or 'the whole'}: {problem.problem}"


@dataclass(frozen=True, slots=True)
class _Line:
    """An entry of a file with its number; a text says why it cannot be read."""

    number: int
    read: Entry | Unattributed | str

    @property
    def row(self) -> Entry | Unattributed:
        return Unattributed(self.number, "", "", self.read, lost=True) if isinstance(self.read, str) else self.read


def _numbered(rows: Sequence[Entry | Unattributed]) -> Iterator[tuple[int, Entry | Unattributed]]:
    """Each entry with its number in the run: the recorded one where all have one and they rise, else by time."""
    entries = [row for row in rows if isinstance(row, Entry)]
    numbers = [entry.recorded.n for entry in entries if entry.recorded.n is not None]
    if numbers and len(numbers) == len(entries) and all(before < after for before, after in pairwise(numbers)):
        others = [(0, row) for row in rows if not isinstance(row, Entry)]
        return iter([*zip(numbers, entries, strict=True), *others])
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
        release=contract.release,
        kind=contract.kind,
        operation=found.operation,
        path_params=found.path_params,
        run=run,
        step=entry.recorded.step,
        secured=entry.secured,
        leg=entry.recorded.leg,
        relayed=entry.recorded.relayed,
    ).masked()


def _har_runs(rows: Sequence[_Read]) -> Iterator[tuple[AboutRun, list[_Read]]]:
    """The runs that an archive of ours tells apart, each with its exchanges in their order; others are one run."""
    runs: dict[str, list[_Read]] = {}
    run = next((row.recorded.run for row in rows if isinstance(row, Entry)), "")
    for row in rows:
        run = row.recorded.run if isinstance(row, Entry) else run
        runs.setdefault(run, []).append(row)
    for run, mine in runs.items() or {"": []}.items():
        entries = sorted((row for row in mine if isinstance(row, Entry)), key=lambda entry: entry.recorded.n or 0)
        if not run or any(entry.recorded.n is None for entry in entries):
            yield AboutRun(run), mine
        else:
            first = entries[0].recorded
            others = [row for row in mine if not isinstance(row, Entry)]
            yield AboutRun(run, first.title or UNTITLED, first.speed, first.moves), [*entries, *others]


def _runs_of(document: Any) -> Iterator[tuple[AboutRun, list[tuple[Any, int, str]]]]:
    """Each run of a report: what it says of it, and its exchanges with number and place."""
    report = Form.of(document, "")
    if not report.has("runs") and not report.has("exchanges"):
        raise Malformed("", "this is neither a HAR file (an object with 'log') nor a report.json of oit")
    for run in report.forms("runs") if report.has("runs") else (report,):
        place = f"{run.place}/exchanges"
        rows = [(value, index + 1, f"{place}/{index}") for index, value in enumerate(run.items("exchanges"))]
        yield told_of_run(run.form("run")), rows


def _exchange_entry(value: Any, number: int, place: str) -> Entry | Malformed:
    """An exchange as our reports write it."""
    try:
        form = _exchange_form(value, place)
        request = form.form("request")
        response, fault = told_outcome(form)
        raw, unread = told_body(request)
        return Entry(
            number=number,
            at=form.moment("at"),
            elapsed_ms=form.number("elapsed_ms", 0.0, LONGEST),
            request=Request(
                told_headers(request),
                raw,
                request.text("method").upper(),
                masked_url(request.text("url")),
                unread=unread,
            ),
            response=response,
            fault=fault,
            recorded=Recorded(
                n=form.whole("n") if form.has("n") else None,
                api=form.text("api") if form.has("api") else None,
                kind=form.text("kind") if form.has("kind") else None,
                operation=form.text("operation") if form.has("operation") else None,
                release=form.text("release") if form.has("release") else None,
                step=form.text("step") if form.has("step") else None,
                sender=form.text("from") if form.has("from") else None,
                provoked=value.get("provoked") is True,
                spoilt=value.get("spoilt") is True,
                leg=form.text("leg") if form.has("leg") else None,
                relayed=relayed_of(value.get("relayed")),
                title=form.text("scenario") if isinstance(value.get("scenario"), str) else "",
                speed=form.number("speed", 1.0, FASTEST),
                moves=moves_of(form),
            ),
            secured=form.secured("secured"),
        )
    except Malformed as problem:
        problem.number = number
        return problem


def _exchange_form(value: Any, place: str) -> Form:
    form = Form.of(value, place)
    if form.has("event"):
        raise Malformed(place, "this is an event of `oit run --format json`; `--report transcript` has the exchanges")
    return form
