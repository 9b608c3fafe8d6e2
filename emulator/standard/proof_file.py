"""A file of proofs as it is written: exchanges by name, and the runs that are made of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from emulator.errors import hint
from emulator.record.payload import MISSING, escape
from emulator.standard.declared import NOTHING_DECLARED, Declared
from emulator.standard.strict import Mistake, read_record

Plain = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HalfChange:
    """What changes in a body: values to `set` by JSON Pointer, and pointers to `drop`."""

    set: Plain = field(default_factory=dict)
    drop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CallRow:
    """What an exchange and a change of one can both say, but for the bodies; None where it says nothing.

    `headers` are those of the answer, `request_headers` those of the request, `form` is its body where that is a form.
    `root` comes before the base path of an API, or is the issuer of an authorization server; `path` is what is asked for
    of that, or another spelling of the operation's. `sender` is who asks such a server. `provoked` says that the request is
    wrong on purpose: its fault is not judged, how it is answered is.
    """

    operation: str | None = None
    params: Plain | None = None
    query: Plain | None = None
    status: int | None = None
    headers: Plain | None = None
    request_headers: Plain | None = None
    form: Plain | None = None
    root: str | None = None
    path: str | None = None
    sender: str | None = None
    after: float | None = None
    provoked: bool | None = None

    def said(self) -> dict[str, Any]:
        """What it says, to be changed by itself."""
        named = {each.name: getattr(self, each.name) for each in fields(CallRow)}
        found = {name: value for name, value in named.items() if value is not None}
        return {name: _unshared(dict(value)) if isinstance(value, Mapping) else value for name, value in found.items()}


@dataclass(frozen=True, slots=True)
class ChangeRow(CallRow):
    """A change of an exchange: of its bodies, of what is known of its security, or of what else it says."""

    request: HalfChange | None = None
    response: HalfChange | None = None
    secured: HalfChange | None = None

    def halves(self) -> Iterator[tuple[str, HalfChange]]:
        """The bodies that change, and what is known of security."""
        if self.request:
            yield "request", self.request
        if self.response:
            yield "response", self.response
        if self.secured:
            yield "secured", self.secured


@dataclass(frozen=True, slots=True)
class ExchangeRow(CallRow):
    """An exchange by name: it is `like` another one, says what is different, and is changed.

    `secured` is what is known of its security, as a report has it.
    """

    request: Any = MISSING
    response: Any = MISSING
    secured: Any = MISSING
    like: str = ""
    change: ChangeRow | None = None

    def said(self) -> dict[str, Any]:
        """What it says, to be changed by itself."""
        bodies = {"request": self.request, "response": self.response, "secured": self.secured}
        given = {name: _unshared(body) for name, body in bodies.items() if body is not MISSING}
        return {**CallRow.said(self), **given}


@dataclass(frozen=True, slots=True)
class ProofRow:
    """A proof by the id of its rule: the `run` that passes, and what is wrong in the one that fails: exchanges of it that
    change, or a run of its own. `instead` is the id of its rule in releases without the clause that it is named after.
    """

    run: tuple[str, ...]
    wrong: Mapping[str, ChangeRow] = field(default_factory=dict)
    run_wrong: tuple[str, ...] | None = None
    run_unseen: tuple[str, ...] | None = None
    declared: Declared = NOTHING_DECLARED
    also: Mapping[str, str] = field(default_factory=dict)
    ask: tuple[str, ...] = ()
    instead: str = ""

    @property
    def other(self) -> tuple[str, ...]:
        """The exchanges of the run that fails, or in which nothing is seen."""
        return next((run for run in (self.run_wrong, self.run_unseen) if run is not None), self.run)


@dataclass(frozen=True, slots=True)
class ProofFile:
    """The whole file: exchanges by name, proofs that are made of them, and when their runs `start`."""

    proofs: Mapping[str, ProofRow]
    exchanges: Mapping[str, ExchangeRow] = field(default_factory=dict)
    start: str = ""


def read_proof_file(path: Path, there: Collection[str]) -> ProofFile:
    """The file as records; `there` are the proofs of other files. FileProblem with `file:line:col` where it is wrong."""
    found: ProofFile = read_record(ProofFile, path, lambda file: _wrong(file, there))
    return found


def _wrong(file: ProofFile, there: Collection[str]) -> Iterator[Mistake]:
    yield from _wrong_likes(file.exchanges)
    for identifier, row in file.proofs.items():
        place = f"/proofs/{escape(identifier)}"
        if identifier in there:
            yield Mistake(place, f"{identifier} is proven twice", key=True)
        for part in ("run", "run_wrong", "run_unseen"):
            for index, name in enumerate(getattr(row, part) or ()):
                if name.partition("#")[0] not in file.exchanges:
                    known = hint(name, file.exchanges)
                    yield Mistake(f"{place}/{part}/{index}", f"there is no exchange {name!r}; {known}")
        for name in row.wrong:
            if name not in row.other:
                known = hint(name, row.other)
                yield Mistake(f"{place}/wrong/{escape(name)}", f"{name!r} is not in the run; {known}", key=True)


def _wrong_likes(exchanges: Mapping[str, ExchangeRow]) -> Iterator[Mistake]:
    """What is like nothing that is there, and what is like itself."""
    for name, exchange in exchanges.items():
        line = [name]
        while (like := exchanges[line[-1]].like) in exchanges and like not in line:
            line.append(like)
        if exchange.like and exchange.like not in exchanges:
            known = hint(exchange.like, exchanges)
            yield Mistake(f"/exchanges/{escape(name)}/like", f"there is no exchange {exchange.like!r}; {known}")
        elif like in line:
            yield Mistake(f"/exchanges/{escape(name)}/like", f"{name} is like itself: {' -> '.join((*line, like))}")


def _unshared(value: Any) -> Any:
    """A copy in which what YAML aliases made one object is one object for each place, to be changed by itself."""
    if isinstance(value, dict):
        return {key: _unshared(each) for key, each in value.items()}
    return [_unshared(each) for each in value] if isinstance(value, list) else value
