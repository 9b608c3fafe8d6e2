"""Proofs: for each rule a run that it passes and one that it fails, read from `specs/sonata/<api>/proofs/*.yaml`.

The tests hold every rule to its proof, and `oit explain` shows it as the example.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from emulator.errors import FileProblem
from emulator.judge.run import Declared
from emulator.plain_yaml import load_yaml
from emulator.settings import specs_dir
from emulator.standard.release import Release, load_release
from emulator.wire.exchange import Exchange, Request, Response, Transcript
from emulator.wire.payload import MISSING, at, dump, unescape

_START: Final = datetime(2026, 1, 1, tzinfo=UTC)
_JSON: Final = ("Content-Type", "application/json;charset=utf-8")
_HOST: Final = "http://partner.example"
_OWN_KEYS: Final = ("operation", "params", "query", "request", "status", "headers", "response", "after")


@dataclass(frozen=True, slots=True)
class Proof:
    """A run that a rule passes and one that it fails.

    `id` is the rule's, or that of a requirement which the contract's own rules see to. `changed` says in
    words what makes the difference: (exchange, half, JSON Pointer, value in the right run, value in the
    wrong one). `also` names other rules that cannot but fail with it, each with the reason. `ask` are
    likely causes, as questions to whoever is at fault.

    `never_fails` is of a rule that shows what somebody can do, which no run can disprove: there `wrong`
    (`run_unseen` in the file) is a run without a fault, in which nothing of it is seen. `names` are those of
    the wrong run's exchanges, in order, as `changed` uses them.
    """

    id: str
    right: Transcript
    wrong: Transcript
    declared: Declared
    changed: tuple[tuple[str, str, str, Any, Any], ...]
    also: Mapping[str, str]
    ask: tuple[str, ...]
    never_fails: bool = False
    names: tuple[str, ...] = ()


def load_proofs(specs: Path | None = None) -> dict[str, Proof]:
    """Every proof by id; read once. FileProblem where a file is wrong."""
    return dict(_load(specs or specs_dir()))


@cache
def _load(specs: Path) -> dict[str, Proof]:
    release = load_release()
    found: dict[str, Proof] = {}
    for path in sorted((specs / "sonata").glob("*/proofs/*.yaml")):
        reading = _Reading(path, path.parent.parent.name, release, load_yaml(path))
        for proof in reading.proofs():
            if proof.id in found:
                raise FileProblem([f"{path}: {proof.id} is proven twice"])
            found[proof.id] = proof
    return found


class _Reading:
    """One file of proofs; `start` in it is when its runs begin."""

    def __init__(self, path: Path, api: str, release: Release, document: Any) -> None:
        self.path, self.api, self.release = path, api, release
        self._rows: dict[str, dict[str, Any]] = _unshared(document.get("exchanges") or {})
        self._proofs: dict[str, dict[str, Any]] = document.get("proofs") or {}
        self._start = datetime.fromisoformat(document["start"]) if "start" in document else _START

    def proofs(self) -> Iterator[Proof]:
        for identifier, row in self._proofs.items():
            try:
                yield self._proof(identifier, row)
            except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
                raise FileProblem([f"{self.path}: {identifier}: {error!r}"]) from error

    def _proof(self, identifier: str, row: dict[str, Any]) -> Proof:
        if unknown := set(row) - {"run", "wrong", "run_wrong", "run_unseen", "declared", "also", "ask"}:
            raise ValueError(f"unknown keys: {', '.join(sorted(unknown))}")
        right = [(name, self._named(name)) for name in row["run"]]
        wrong = [(name, self._named(name)) for name in row.get("run_wrong", row.get("run_unseen", row["run"]))]
        changed: list[tuple[str, str, str, Any, Any]] = []
        for name, change in (row.get("wrong") or {}).items():
            spot = _spot(name, [each for each, _ in wrong])
            changed += [(name, *difference) for difference in _changes(wrong[spot][1], change)]
            wrong[spot] = (name, _changed(wrong[spot][1], change))
        return Proof(
            id=identifier,
            right=self._transcript(right),
            wrong=self._transcript(wrong),
            declared=_declared(row.get("declared") or {}),
            changed=tuple(changed),
            also=row.get("also") or {},
            ask=tuple(row.get("ask") or ()),
            never_fails="run_unseen" in row,
            names=tuple(name for name, _ in wrong),
        )

    def _named(self, name: str) -> dict[str, Any]:
        """An exchange by name (`fetch`, or `fetch#2` where a run has it twice), its `like` followed."""
        row = self._rows[name.partition("#")[0]]
        base = self._named(row["like"]) if "like" in row else {}
        made = {**base, **{key: value for key, value in row.items() if key in _OWN_KEYS}}
        if unknown := set(row) - {*_OWN_KEYS, "like", "change"}:
            raise ValueError(f"exchange {name}: unknown keys: {', '.join(sorted(unknown))}")
        return _changed(made, row.get("change") or {})

    def _transcript(self, rows: Sequence[tuple[str, dict[str, Any]]]) -> Transcript:
        transcript, now = Transcript(), self._start
        for _, row in rows:
            now += timedelta(seconds=row.get("after", 1))
            transcript.add(self._exchange(row, now))
        return transcript

    def _exchange(self, row: dict[str, Any], now: datetime) -> Exchange:
        api, _, name = row["operation"].rpartition(".")
        contracts = [c for c in self.release.contracts() if c.api == (api or self.api) and name in c.operations]
        contract = contracts[0]
        operation = contract.operation(name)
        params = {key: str(value) for key, value in (row.get("params") or {}).items()}
        path = operation.path
        for key, value in params.items():
            path = path.replace(f"{{{key}}}", quote(value, safe=""))
        query = urlencode([(key, each) for key, value in (row.get("query") or {}).items() for each in _listed(value)])
        url = f"{_HOST}{contract.base_path}{path}" + (f"?{query}" if query else "")
        sent = row.get("request")
        answered = row.get("response")
        headers = tuple((key, str(value)) for key, value in (row.get("headers") or {}).items())
        return Exchange(
            n=0,
            at=now,
            elapsed_ms=10.0,
            sender=contract.served_by.other,
            receiver=contract.served_by,
            request=Request((_JSON,) if sent is not None else (), _raw(sent), operation.method, url),
            response=Response((*((_JSON,) if answered is not None else ()), *headers), _raw(answered),
                              row.get("status", operation.success)),
            api=contract.api,
            kind=contract.kind,
            operation=name,
            path_params=params,
        )  # fmt: skip


def _unshared(value: Any) -> Any:
    """A copy in which what YAML aliases made one object is one object for each place, to be changed by itself."""
    if isinstance(value, dict):
        return {key: _unshared(each) for key, each in value.items()}
    return [_unshared(each) for each in value] if isinstance(value, list) else value


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _raw(body: Any) -> bytes:
    return b"" if body is None else dump(body)


def _spot(name: str, names: Sequence[str]) -> int:
    return names.index(name)


def _declared(row: dict[str, Any]) -> Declared:
    return Declared(
        buyers=tuple(row["buyers"]) if "buyers" in row else None,
        sellers=tuple(row["sellers"]) if "sellers" in row else None,
        options=row.get("options") or {},
        readings=row.get("readings") or {},
        unsupported=tuple(row.get("unsupported") or ()),
    )


def _changed(row: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """A copy of an exchange's row with a change applied.

    A change names `request` or `response`, each with `set` (JSON Pointer to value) and `drop` (pointers),
    and may replace `status`, `query`, `headers`, `params`.
    """
    made = copy.deepcopy(row)
    for key, value in change.items():
        if key in ("request", "response"):
            if unknown := set(value) - {"set", "drop"}:
                raise ValueError(f"unknown change: {', '.join(sorted(unknown))}")
            for place, new in (value.get("set") or {}).items():
                made[key] = _put(made.get(key), place, copy.deepcopy(new))
            for place in value.get("drop") or ():
                _drop(made[key], place)
        elif key in _OWN_KEYS:
            made[key] = value
        else:
            raise ValueError(f"unknown change {key!r}")
    return made


def _changes(row: dict[str, Any], change: dict[str, Any]) -> Iterator[tuple[str, str, Any, Any]]:
    for key, value in change.items():
        if key in ("request", "response"):
            for place, new in (value.get("set") or {}).items():
                yield key, place, at(row.get(key), place), new
            for place in value.get("drop") or ():
                yield key, place, at(row.get(key), place), MISSING
        else:
            yield key, "", row.get(key, MISSING), value


def _put(body: Any, place: str, value: Any) -> Any:
    """Set what a pointer names; `-` appends to a list, an empty pointer replaces the body."""
    if not place:
        return value
    holder, _, token = place.rpartition("/")
    target = at(body, holder)
    if isinstance(target, list):
        if token == "-":  # noqa: S105 - a pointer token
            target.append(value)
        else:
            target[int(token)] = value
    else:
        target[unescape(token)] = value
    return body


def _drop(body: Any, place: str) -> None:
    holder, _, token = place.rpartition("/")
    target = at(body, holder)
    del target[int(token) if isinstance(target, list) else unescape(token)]
