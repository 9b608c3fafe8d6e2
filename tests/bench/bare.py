"""The bare limit: what Starlette, orjson and jsonschema-rs can do when nothing is kept, recorded or decided.

`python -m tests.bench.bare PORT [blind]` serves the POQ path: a POST is held against the same compiled contract as in our
seller and sent back with an id; a GET shows the last one.
"""

from __future__ import annotations

import itertools
import sys

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.standard.contract import MEDIA_TYPE
from emulator.standard.release import load_release
from tests.bench.message import PATH, acknowledged, request


def app(*, blind: bool = False) -> Starlette:
    """The application, its validator compiled; `blind` leaves the check to what stands before it."""
    contract = load_release().contract("productOfferingQualification")
    body = contract.operation("createProductOfferingQualification").request
    assert body is not None
    validator = contract.validator(body.root)
    count = itertools.count()
    shown = orjson.dumps(acknowledged(request(), "0"))

    async def create(asked: Request) -> Response:
        nonlocal shown
        message = orjson.loads(await asked.body())
        if not blind and not validator.is_valid(message):
            return Response(b"[]", 422, media_type=MEDIA_TYPE)
        shown = orjson.dumps(acknowledged(message, str(next(count))))
        return Response(shown, 201, media_type=MEDIA_TYPE)

    async def show(_: Request) -> Response:
        return Response(shown, media_type=MEDIA_TYPE)

    return Starlette(routes=[Route(PATH, create, methods=["POST"]), Route(PATH + "/{id}", show, methods=["GET"])])


if __name__ == "__main__":
    uvicorn.run(
        app(blind=sys.argv[2:] == ["blind"]),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_level="warning",
        access_log=False,
    )
