"""Whether two parties can talk: what is looked at before a run, so that a run is not spent on finding it out."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from contextlib import closing
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from emulator.doctor_ways import token, way
from emulator.doors.client import Client
from emulator.doors.peer import Peer
from emulator.doors.reach import Address, Check, addresses
from emulator.judge.elsewhere import DOORS, LOAD
from emulator.parties.clock import RealClock
from emulator.record.exchange import Exchange, Party, Response, Transcript
from emulator.report.explain import printable
from emulator.report.masking import clean_text
from emulator.standard.contract import Contract, Operation
from emulator.standard.points import root_of
from emulator.standard.release import Release

UNKNOWN_ID: Final = "oit-doctor"
"""An id that no seller has: a resource is asked for that is not there, and nothing is changed."""
_REFUSED: Final = HTTPStatus.BAD_REQUEST


def here(release: Release) -> Iterator[Check]:
    """Whether OIT itself is whole: its contracts, and a port to listen on."""
    contracts = list(release.contracts())
    yield Check("contracts", bool(contracts), f"release {release.name}: {len(contracts)} contracts")
    yield free("127.0.0.1", 0)


def seller(peer: Peer, release: Release, unsupported: frozenset[str] = frozenset()) -> Iterator[Check]:
    """The way there (`doctor_ways`), the token; then, of each API, whether it is there, within the peer's timeout. Only GET is
    sent to it.

    `unsupported` are operations as `api.operationId` that nobody expects there.
    """
    reached = True
    for check in (*way(peer), *token(peer)):
        reached = reached and check.ok is not False
        yield check
    if not reached:
        return
    clock = RealClock()
    client = Client(peer, Party.BUYER, Transcript(), clock.now)
    found: list[bool] = []
    refused = 0
    with closing(client):
        for contract in release.contracts(Party.SELLER):
            supported = [one for one in contract.operations.values() if f"{contract.api}.{one.id}" not in unsupported]
            if operation := _reading(supported):
                exchange = _ask(client, contract, operation)
                found.append(not _is_absent(exchange))
                refused += exchange.response is not None and exchange.response.status == HTTPStatus.NOT_IMPLEMENTED
                yield _answer(peer, contract, operation, exchange)
            elif not supported:
                yield Check(contract.api, True, "declared unsupported: nothing is expected there")
            else:
                yield Check(contract.api, None, "nothing there is read by GET: not asked for")
    if found and not any(found):
        said = f"{printable(clean_text(peer.root), 160)}: no API of release {release.name} is there"
        yield Check("root", False, said, f"the root URL is what comes before {root_of(release)}")
    elif found and refused == len(found):
        said = f"{printable(clean_text(peer.root), 160)}: each API that was asked for is answered 501"
        yield Check("root", False, said, "is this the seller? Then there is nothing to test: declare what it has not")


def _reading(operations: Iterable[Operation]) -> Operation | None:
    """An operation that only reads: a list where there is one, else one resource."""
    reading = [operation for operation in operations if operation.method.upper() == "GET"]
    return min(reading, key=lambda operation: operation.path.count("{"), default=None)


def _ask(client: Client, contract: Contract, operation: Operation) -> Exchange:
    path = operation.path.replace("{id}", UNKNOWN_ID)
    return client.send(
        "GET",
        path,
        query=[("limit", "1")] if any(each.name == "limit" for each in operation.query) else [],
        headers={},
        body=None,
        raw=None,
        api=contract.api,
        kind=contract.kind,
        operation=operation.id,
        path_params={"id": UNKNOWN_ID} if "{" in operation.path else {},
        step="doctor",
    )


def _answer(peer: Peer, contract: Contract, operation: Operation, exchange: Exchange) -> Check:
    """What an answer says of the API: the standard's form is a sign of it, whatever the status."""
    name, asked = contract.api, f"GET {printable(urlsplit(exchange.request.url).path, 160)}"
    response = exchange.response
    if response is None:
        why = exchange.fault.message if exchange.fault else "no answer"
        return Check(name, False, f"{asked}: {printable(clean_text(why))}", "does it speak HTTP there?")
    said, status = f"{asked}: {response.status}", response.status
    base = f"is {peer.paths.base(contract.api, contract.kind)} the base path?"
    if status in DOORS:
        what = "there is something, and credentials are asked for"
        return Check(name, False, f"{said}, {what}", _let_in(peer, status))
    if status == HTTPStatus.NOT_IMPLEMENTED:
        return Check(name, None, f"{said}, not supported", f"declare it in the profile: unsupported: [{name}]")
    if _is_busy(response):
        return Check(name, False, said, "the seller has trouble of its own, or a gateway before it has")
    if HTTPStatus.MULTIPLE_CHOICES <= status < _REFUSED:
        where = printable(clean_text(response.header("location") or "nowhere"), 160)
        return Check(
            name, False, f"{said}, a redirect to {where}: no such API here", f"redirects are not followed; {base}"
        )
    if _is_absent(exchange):
        kind = printable(response.header("content-type") or "nothing", 60)
        what = "not JSON" if not response.raw or response.parsed.problem else "not the standard's error body"
        return Check(name, False, f"{said} with {kind}, {what}: no such API here", base)
    if status < HTTPStatus.MULTIPLE_CHOICES and not _is_shown(contract, operation, response):
        wanted = "object" if "{" in operation.path else "list"
        return Check(name, False, f"{said}, JSON, and no {wanted} as {operation.id} has it: another API?", base)
    return Check(name, True, f"{said}, as the standard has it")


def _let_in(peer: Peer, status: int) -> str:
    """What to do where a door stays shut."""
    if not (peer.credentials or peer.headers or peer.parameters or (peer.identity and peer.identity.shown)):
        return "OIT sends none: say them in a partner's file (--partner, connection: {credentials: …})"
    if status == HTTPStatus.FORBIDDEN:
        return "we are known, and may not: which scopes, roles or address does the partner want?"
    return "what we send is not taken: is it of this partner and this environment, with the right audience?"


def _is_busy(response: Response) -> bool:
    return response.status >= HTTPStatus.INTERNAL_SERVER_ERROR or response.status in LOAD


def _is_absent(exchange: Exchange) -> bool:
    """Whether an answer is one that a server gives which does not know the API: a redirect, a page, an error of its own."""
    response = exchange.response
    if response is None or response.status in DOORS or _is_busy(response):
        return False
    if not response.raw or response.parsed.problem or HTTPStatus.MULTIPLE_CHOICES <= response.status < _REFUSED:
        return True
    return response.status >= _REFUSED and not _is_standard_error(response.body)


def _is_standard_error(body: Any) -> bool:
    """Whether a body is an Error of the contracts, or a list of such: a code and a reason."""
    errors = body if isinstance(body, list) else [body]
    return bool(errors) and all(
        isinstance(error, dict) and isinstance(error.get("code"), str) and isinstance(error.get("reason"), str)
        for error in errors
    )


def _is_shown(contract: Contract, operation: Operation, response: Response) -> bool:
    """Whether an answer shows what is asked for: a resource, or a list; or whatever else the contract has there."""
    usual = isinstance(response.body, dict if "{" in operation.path else list)
    return usual or contract.takes(operation.id, response.status, response.raw)


def callback(url: str | None, listen: tuple[str, int], sut: str | None) -> Iterator[Check]:
    """Whether notifications can be heard: the port, and whether the address makes sense from where the seller is."""
    yield free(*listen)
    told = urlsplit(url).hostname if url else listen[0]
    try:
        ours = addresses(told or "")
    except OSError as error:
        advice = "name an address that the partner knows"
        yield Check("callback", False, f"{told}: {error.strerror or error}", advice)
        return
    said = f"{url or f'http://{listen[0]}'} ({', '.join(map(str, ours))})"
    theirs = _addresses(urlsplit(sut).hostname or "") if sut else []
    if any(address.is_unspecified for address in ours):
        yield Check("callback", False, f"{said}: nobody can call that", "--callback names the address from outside")
    elif theirs and all(a.is_loopback for a in ours) and not any(a.is_loopback for a in theirs):
        advice = "--listen 0.0.0.0:PORT and --callback URL, as the seller reaches it"
        yield Check("callback", False, f"{said}: only this machine can call it, and the seller is elsewhere", advice)
    elif theirs and all(a.is_private for a in ours) and not any(a.is_private for a in theirs):
        yield Check("callback", None, f"{said}: a private address, and the seller's is public", "is there a way to it?")
    else:
        yield Check("callback", True, said)


def _addresses(host: str) -> list[Address]:
    try:
        return addresses(host)
    except OSError:
        return []


def free(host: str, port: int) -> Check:
    """Whether a port is free to listen on."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.create_server((host, port), family=family) as listening:
            return Check("listen", True, f"{host} port {listening.getsockname()[1]} is free")
    except OSError as error:
        return Check(
            "listen", False, f"{host} port {port}: {error.strerror or error}", "another port, or an own address"
        )
