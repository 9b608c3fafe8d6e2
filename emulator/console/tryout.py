"""Calls of the emulator that Swagger UI makes: they come to the console, where the page comes from, and go on from there.

A browser lets a page ask its own origin only, and the emulator answers no page of another.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from flask import Blueprint, Response, request
from werkzeug.exceptions import BadGateway, NotFound

from emulator.console.source import Role, Source
from emulator.doors.client import Client
from emulator.doors.peer import Peer
from emulator.record.exchange import Party, Transcript
from emulator.standard.contract import Contract

PREFIX: Final = "/emulator"
"""Below it stand the paths of the emulator, as the emulator has them."""
METHODS: Final = ("GET", "POST", "PATCH", "DELETE")
_RUN: Final = "swagger"
"""The run that is proposed for what is tried out: what others do there does not mix with it."""
_SENT: Final = ("Content-Type", "Accept", "Authorization")
_GIVEN: Final = ("content-type", "location", "retry-after", "www-authenticate", "x-total-count", "x-result-count")
_UNRESERVED: Final = "/-._~!$&'()*+,;=:@"


def served(source: Source, contract: Contract) -> bool:
    """Whether the emulator beside the console listens, and serves this contract."""
    if source.role is Role.PROXY:
        return False  # behind it is a partner, and nobody tries out things on that from here
    plays = Party.BUYER if source.role is Role.BUYER else Party.SELLER
    return source.emulator is not None and contract.served_by == plays


def servers(source: Source, contract: Contract) -> list[dict[str, Any]]:
    """The `servers` of a contract's document: where the emulator has it, by way of the console. Empty where it has not."""
    if not served(source, contract):
        return []
    at = f"at {source.emulator}, by way of this console"
    run = {"run": {"default": _RUN, "description": "A run of its own: any name."}}
    return [
        {"url": f"{PREFIX}/r/{{run}}{contract.base_path}", "description": f"a run of its own {at}", "variables": run},
        {"url": f"{PREFIX}{contract.base_path}", "description": f"the plain path {at}"},
    ]


def tryout(source: Source, contracts: Iterable[Contract]) -> Blueprint:
    """`/emulator/...`: the request goes to the emulator and nowhere else, and only to what its contracts have."""
    blueprint = Blueprint("tryout", __name__, url_prefix=PREFIX)
    known = list(contracts)

    @blueprint.route("/<path:path>", methods=list(METHODS), provide_automatic_options=False)
    def call(path: str) -> Response:
        root = _root(source, known, f"/{path}")
        asked = request.query_string.decode("latin-1")
        url = f"{root}/{quote(path, safe=_UNRESERVED)}" + (f"?{asked}" if asked else "")
        headers = {name: request.headers[name] for name in _SENT if name in request.headers}
        client = Client(Peer(root), Party.BUYER, Transcript(), lambda: datetime.now(UTC))
        try:
            exchange = client.send(request.method, url, headers=headers, raw=request.get_data())
        finally:
            client.close()
        if exchange.response is None:
            raise BadGateway(
                f"the emulator did not answer: {exchange.fault.message if exchange.fault else 'no reason'}"
            )
        answered = exchange.response
        leads = answered.status in range(300, 400)  # a browser would follow to wherever that is
        named = [(name, value) for name, value in answered.headers if name.lower() in _GIVEN]
        given = [(name, value) for name, value in named if not (leads and name.lower() == "location")]
        return Response(exchange.response.raw, exchange.response.status, headers=given)

    return blueprint


def _root(source: Source, contracts: Iterable[Contract], path: str) -> str:
    """The emulator's address. NotFound where none listens, or where it serves no such path."""
    parts = path.split("/")
    below = "/" + "/".join(parts[3:]) if parts[1:2] == ["r"] else path
    steps = ("." in parts) or (".." in parts)
    if not steps and any(served(source, each) and below.startswith(f"{each.base_path}/") for each in contracts):
        return str(source.emulator).rstrip("/")
    raise NotFound("the emulator beside this console serves no such path")
