"""Proofs: for each rule a run that it passes and one that it fails, read from an API's folder `proofs/`.

The tests hold every rule to its proof, and `oit explain` shows it as the example.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from emulator.errors import FileProblem, hint
from emulator.plain_yaml import load_located
from emulator.record.exchange import Exchange, Party, Request, Response, Transcript
from emulator.record.payload import MISSING, at, dump, escape, unescape
from emulator.record.secured import (
    AUTHORIZATION,
    DISCOVERY,
    INTROSPECTION,
    JWKS,
    REVOCATION,
    TOKEN,
    Secured,
    secured_of,
)
from emulator.standard.declared import Declared
from emulator.standard.proof_file import ChangeRow, ProofFile, ProofRow, read_proof_file

if TYPE_CHECKING:
    from emulator.standard.release import Release

_START: Final = datetime(2026, 1, 1, tzinfo=UTC)
_JSON: Final = ("Content-Type", "application/json;charset=utf-8")
_FORM: Final = ("Content-Type", "application/x-www-form-urlencoded")
_HOST: Final = "http://partner.example"
_ISSUER: Final = "https://id.partner.example"
_DUTIES: Final = {
    TOKEN: ("POST", "/oauth2/token"),
    DISCOVERY: ("GET", "/.well-known/openid-configuration"),
    JWKS: ("GET", "/oauth2/jwks"),
    INTROSPECTION: ("POST", "/oauth2/introspect"),
    REVOCATION: ("POST", "/oauth2/revoke"),
}
"""How an authorization server is asked in proofs, and where."""


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
    instead: str = ""

    def named(self, here: str, told: Callable[[str], str | None]) -> Proof:
        """The proof under the id that its rule has in a release, with the options and other rules as that has them."""
        options = {name: used for key, used in self.declared.options.items() if (name := told(key))}
        also = {name: why for key, why in self.also.items() if (name := told(key))}
        return replace(self, id=here, declared=replace(self.declared, options=options), also=also)

    def claiming(self, guide: str) -> Proof:
        """The proof among partners that claim a guide."""
        return replace(self, declared=replace(self.declared, claims=self.declared.claims | {guide}))


def read_proofs(release: Release) -> dict[str, Proof]:
    """Every proof of a release by id. FileProblem with `file:line:col` where a file is wrong."""
    found: dict[str, Proof] = {}
    for api, folder in release.paths("proofs").items():
        for path in sorted(folder.glob("*.yaml")):
            found.update((proof.id, proof) for proof in proofs_in(path, api, release, found))
    for guide, row in release.claimable.items():
        for path in sorted((release.specs / row.proofs).glob("*.yaml")) if row.proofs else ():
            file = read_proof_file(path, found)
            proving = _Proving(path, "", release, file)
            # Who is judged by this guide has claimed it.
            found.update((proof.id, proof.claiming(guide)) for proof in proving.proofs())
    return found


def proofs_in(path: Path, api: str, release: Release, there: Collection[str] = ()) -> Iterator[Proof]:
    """The proofs of a file as a release speaks, by the keys that they have there; those of other files are `there`."""
    return _Proving(path, api, release, read_proof_file(path, there)).proofs()


class _Proving:
    """Makes the runs of a file."""

    def __init__(self, path: Path, api: str, release: Release, file: ProofFile) -> None:
        self.path, self.api, self.release, self.file = path, api, release, file
        self._called: Final = _called(release)

    def proofs(self) -> Iterator[Proof]:
        for identifier, row in self.file.proofs.items():
            try:
                yield self._proof(identifier, row)
            except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
                where = load_located(self.path).where(f"/proofs/{escape(identifier)}", key=True)
                raise FileProblem([f"{where}: {identifier}: {error!r}"]) from error

    def _proof(self, identifier: str, row: ProofRow) -> Proof:
        right = [(name, self._named(name)) for name in row.run]
        wrong = [(name, self._named(name)) for name in row.other]
        changed: list[tuple[str, str, str, Any, Any]] = []
        for name, change in row.wrong.items():
            spot = row.other.index(name)
            changed += [(name, *difference) for difference in _changes(wrong[spot][1], change)]
            wrong[spot] = (name, _changed(wrong[spot][1], change))
        return Proof(
            id=identifier,
            right=self._transcript(right),
            wrong=self._transcript(wrong),
            declared=row.declared,
            changed=tuple(changed),
            also=row.also,
            ask=row.ask,
            never_fails=row.run_unseen is not None,
            names=row.other,
            instead=row.instead,
        )

    def _named(self, name: str) -> dict[str, Any]:
        """An exchange by name (`fetch`, or `fetch#2` where a run has it twice), its `like` followed."""
        row = self.file.exchanges[name.partition("#")[0]]
        made = {**(self._named(row.like) if row.like else {}), **row.said()}
        return _changed(made, row.change) if row.change else made

    def _transcript(self, rows: Sequence[tuple[str, dict[str, Any]]]) -> Transcript:
        transcript, now = Transcript(), datetime.fromisoformat(self.file.start) if self.file.start else _START
        for _, row in rows:
            now += timedelta(seconds=row.get("after", 1))
            transcript.add(self._exchange(_told(row, self._called), now))
        return transcript

    def _exchange(self, row: dict[str, Any], now: datetime) -> Exchange:
        api, _, name = row["operation"].rpartition(".")
        if api == AUTHORIZATION:
            return _asked_for(name, row, now)
        mine = [contract for contract in self.release.contracts() if contract.api == (api or self.api)]
        contract = next((each for each in mine if name in each.operations), None)
        if contract is None:
            known = hint(name, [one for each in mine for one in each.operations])
            raise ValueError(f"{api or self.api} has no operation {name!r}; {known}")
        operation = contract.operation(name)
        params = {key: str(value) for key, value in (row.get("params") or {}).items()}
        path = row.get("path", operation.path)
        for key, value in params.items():
            path = path.replace(f"{{{key}}}", quote(value, safe=""))
        query = urlencode([(key, each) for key, value in (row.get("query") or {}).items() for each in _listed(value)])
        url = f"{row.get('root', _HOST)}{contract.base_path}{path}" + (f"?{query}" if query else "")
        return Exchange(
            n=0,
            at=now,
            elapsed_ms=10.0,
            sender=contract.served_by.other,
            receiver=contract.served_by,
            request=_request(row, operation.method, url),
            response=_response(row, operation.success),
            api=contract.api,
            release=contract.release,
            kind=contract.kind,
            operation=name,
            path_params=params,
            provoked=bool(row.get("provoked")),
            secured=_secured(row),
        )


def _called(release: Release) -> Mapping[str, str]:
    """What products of the release that one is like are called there: those whose payloads come from one file."""
    here = {file: urn for urn, file in release.product_files.items()}
    theirs = release.like.product_files if release.like else {}
    return {urn: here[file] for urn, file in theirs.items() if file in here}


def _told(value: Any, called: Mapping[str, str]) -> Any:
    """A value with the products in it as a release calls them."""
    if isinstance(value, dict):
        return {key: _told(each, called) for key, each in value.items()}
    if isinstance(value, list):
        return [_told(each, called) for each in value]
    return called.get(value, value) if isinstance(value, str) else value


def _asked_for(name: str, row: dict[str, Any], now: datetime) -> Exchange:
    """An exchange with an authorization server."""
    method, path = _DUTIES[name]
    sender = Party(row.get("sender", Party.BUYER))
    return Exchange(
        n=0,
        at=now,
        elapsed_ms=10.0,
        sender=sender,
        receiver=sender.other,
        request=_request(row, method, f"{row.get('root', _ISSUER)}{row.get('path', path)}"),
        response=_response(row, 200),
        kind=AUTHORIZATION,
        operation=name,
        secured=_secured(row),
    )


def _request(row: dict[str, Any], method: str, url: str) -> Request:
    sent, form = row.get("request"), row.get("form")
    types = (_JSON,) if sent is not None else (_FORM,) if form is not None else ()
    raw = _raw(sent) if form is None else urlencode(form).encode()
    return Request((*types, *_headers(row, "request_headers")), raw, method, url)


def _response(row: dict[str, Any], success: int) -> Response:
    answered = row.get("response")
    heads = (*((_JSON,) if answered is not None else ()), *_headers(row, "headers"))
    return Response(heads, _raw(answered), row.get("status", success))


def _headers(row: dict[str, Any], name: str) -> list[tuple[str, str]]:
    return [(key, str(value)) for key, value in (row.get(name) or {}).items()]


def _secured(row: dict[str, Any]) -> Secured | None:
    told = row.get("secured")
    return secured_of(told) if told else None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _raw(body: Any) -> bytes:
    return b"" if body is None else dump(body)


def _changed(row: dict[str, Any], change: ChangeRow) -> dict[str, Any]:
    """A copy of an exchange's row with a change applied."""
    made = {**copy.deepcopy(row), **change.said()}
    for half, said in change.halves():
        for place, new in said.set.items():
            made[half] = _put(made.get(half), place, copy.deepcopy(new))
        for place in said.drop:
            _drop(made[half], place)
    return made


def _changes(row: dict[str, Any], change: ChangeRow) -> Iterator[tuple[str, str, Any, Any]]:
    for key, value in change.said().items():
        yield key, "", row.get(key, MISSING), value
    for half, said in change.halves():
        for place, new in said.set.items():
            yield half, place, at(row.get(half), place), new
        for place in said.drop:
            yield half, place, at(row.get(half), place), MISSING


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
