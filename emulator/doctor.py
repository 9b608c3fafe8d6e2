"""Whether two parties can talk: what is looked at before a run, so that a run is not spent on finding it out."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from emulator.parties.clock import RealClock
from emulator.report.explain import printable
from emulator.report.masking import clean_text
from emulator.standard.contract import Contract, Operation
from emulator.standard.release import Release
from emulator.wire.client import Client
from emulator.wire.exchange import Exchange, Party, Transcript
from emulator.wire.reach import Address, Check, addresses, reach

UNKNOWN_ID: Final = "oit-doctor"
"""An id that no seller has: a resource is asked for that is not there, and nothing is changed."""
_CREDENTIALS: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


def here(release: Release) -> Iterator[Check]:
    """Whether OIT itself is whole: its contracts, and a port to listen on."""
    contracts = list(release.contracts())
    yield Check("contracts", bool(contracts), f"release {release.name}: {len(contracts)} contracts")
    yield _port("127.0.0.1", 0)


def seller(url: str, release: Release, timeout: float) -> Iterator[Check]:
    """Name, port, certificate; then, of each API, whether its base path answers in JSON. Only GET is sent."""
    reached = True
    for check in reach(url, timeout):
        reached = reached and check.ok is not False
        yield check
    if not reached:
        return
    clock = RealClock()
    client = Client(Party.BUYER, Transcript(), clock.now, timeout=timeout)
    with closing(client):
        for contract in release.contracts(Party.SELLER):
            if operation := _reading(contract):
                yield _answer(contract, _ask(client, url, contract, operation))


def _reading(contract: Contract) -> Operation | None:
    """An operation that only reads: a list where there is one, else one resource."""
    reading = [operation for operation in contract.operations.values() if operation.method.upper() == "GET"]
    return min(reading, key=lambda operation: operation.path.count("{"), default=None)


def _ask(client: Client, url: str, contract: Contract, operation: Operation) -> Exchange:
    path = operation.path.replace("{id}", UNKNOWN_ID)
    return client.send(
        "GET",
        f"{url}{contract.base_path}{path}",
        query=[] if "{" in operation.path else [("limit", "1")],
        headers={},
        body=None,
        raw=None,
        api=contract.api,
        kind=contract.kind,
        operation=operation.id,
        path_params={"id": UNKNOWN_ID} if "{" in operation.path else {},
        step="doctor",
    )


def _answer(contract: Contract, exchange: Exchange) -> Check:
    """What an answer says of the base path: JSON is a sign of life, whatever the status."""
    asked = f"GET {printable(urlsplit(exchange.request.url).path, 160)}"
    response = exchange.response
    if response is None:
        why = exchange.fault.message if exchange.fault else "no answer"
        return Check(contract.api, False, f"{asked}: {printable(clean_text(why))}", "does it speak HTTP there?")
    said = f"{asked}: {response.status}"
    if response.status in _CREDENTIALS:
        return Check(contract.api, False, f"{said}, credentials are asked for", "OIT sends none: let it in without")
    if response.status == HTTPStatus.NOT_IMPLEMENTED:
        return Check(contract.api, None, f"{said}, not supported", "declare it in the profile: unsupported")
    if not response.raw or response.parsed.problem:
        kind = printable(response.header("content-type") or "nothing", 60)
        return Check(contract.api, False, f"{said} with {kind}, not JSON", f"is {contract.base_path} the base path?")
    if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Check(contract.api, False, said, "the seller has trouble of its own")
    return Check(contract.api, True, f"{said}, JSON")


def callback(url: str | None, listen: tuple[str, int], sut: str | None) -> Iterator[Check]:
    """Whether notifications can be heard: the port, and whether the address makes sense from where the seller is."""
    yield _port(*listen)
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


def _port(host: str, port: int) -> Check:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.create_server((host, port), family=family) as listening:
            return Check("listen", True, f"{host} port {listening.getsockname()[1]} is free")
    except OSError as error:
        return Check(
            "listen", False, f"{host} port {port}: {error.strerror or error}", "another port, or an own address"
        )
