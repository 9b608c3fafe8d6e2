"""Connexion, of which two parts are used: its routing by the contract, and its resolution of operations to functions.

Its own validation, security, parameters, responses and exceptions are left out, and with them the middleware that serves
them: validators that see neither `@type` nor product payloads, and errors that are not the standard's. What they would
do for each request costs more than our whole answer.
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext, suppress
from functools import lru_cache, partial
from types import ModuleType
from typing import Any, Final

from emulator.doors.asgi import Receive, Scope, Send
from emulator.doors.beside import App
from emulator.standard.contract import Contract

Found = Callable[[str, Contract, str, Any, dict[str, str]], None]
"""Is told of an operation: base path, contract, operationId, what the scope has as `oit`, path parameters (still encoded)."""
_SHARED: Final = 64
"""So many applications are kept for whoever serves the same contracts next."""
Ways = dict[tuple[str, str], Callable[[Any, dict[str, str]], None]]
"""Where a method and a path lead; as many as the contracts have paths without parameters."""


def routed(base_path: str, contracts: Sequence[Contract], found: Found) -> App:
    """An application for the contracts that have one base path: `found` is told of each request that they have.

    A request's scope has under `oit` what `found` is given. Of a request that no contract has nothing is heard. It is
    built when the first request comes, so that a party is ready before all that it could serve is; parties that serve the
    same there share it. Where it has routed a path without parameters once, that way is known.
    """
    prepare()
    served = tuple(contracts)

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        app, known = _routed(base_path, served, found)
        way = known.get((scope["method"], scope["path"]))
        if way is not None:
            way(scope["oit"], {})
            return
        await app(scope, receive, send)

    return route


def prepare() -> None:
    """Import Connexion. Who does it before there are other threads starts faster."""
    with warnings.catch_warnings(), _lightly():
        # connexion 3.3 imports a test client whose deprecation is no user's business.
        warnings.simplefilter("ignore")
        import connexion  # noqa: F401, PLC0415 - heavy, and only servers need it


@lru_cache(maxsize=_SHARED)
def _routed(base_path: str, contracts: tuple[Contract, ...], found: Found) -> tuple[App, Ways]:
    """The application, which keeps nothing of a request, and the ways that it has learnt."""
    from connexion import ConnexionMiddleware  # noqa: PLC0415 - heavy, as above
    from connexion.middleware.abstract import RoutedAPI, RoutedMiddleware  # noqa: PLC0415
    from connexion.middleware.routing import RoutingMiddleware  # noqa: PLC0415
    from connexion.resolver import Resolver  # noqa: PLC0415
    from starlette.exceptions import HTTPException  # noqa: PLC0415
    from starlette.routing import Router  # noqa: PLC0415

    known: Ways = {}

    class Operations(RoutedAPI):  # type: ignore[misc]  # a hook of Connexion, which has no types
        """The operations of a contract, each as the function that Connexion has resolved it to."""

        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            self.add_paths()

        def make_operation(self, operation: Any) -> App:
            function = operation.function

            async def ask(scope: Any, _receive: Any, _send: Any) -> None:
                if not scope["path_params"]:
                    known[scope["method"], scope["path"]] = function
                function(scope["oit"], scope["path_params"])

            return ask

    class Operating(RoutedMiddleware):  # type: ignore[misc]  # as above
        """Where a request ends that was routed to an operation."""

        api_cls = Operations

    app = ConnexionMiddleware(Router(), import_name="oit", middlewares=[RoutingMiddleware, Operating])
    for contract in contracts:
        functions = {operation: partial(found, base_path, contract, operation) for operation in contract.operations}
        app.add_api(
            _for_routing(contract),
            base_path=base_path,
            name=f"{contract.api}.{contract.kind}",
            resolver=Resolver(functions.__getitem__),
        )

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(HTTPException):  # 404 and 405: the standard has words of its own for them
            await app(scope, receive, send)

    return route, known


@contextmanager
def _lightly() -> Iterator[None]:
    """Inside, Connexion is imported without HTTP clients and without Flask: a third of what its import costs.

    Whichever part of Connexion 3.3 is imported, its `__init__` brings all of it, and three modules there import `httpx`,
    `requests` and Starlette's test client unconditionally: to ask others about tokens, to fetch contracts from elsewhere,
    and to test itself; here it does none of these. There is no switch for it, so modules stand in for them meanwhile.
    Flask is one of two frameworks that it can serve with, and it gets by without.
    Other threads, where there are some, might import them in earnest at the same moment, so then nothing is left out.
    """
    alone = threading.active_count() == 1
    names = [name for name in ("httpx", "requests", "starlette.testclient") if alone and name not in sys.modules]
    for name in names:
        sys.modules[name] = ModuleType(name)
        vars(sys.modules[name])["TestClient"] = None
    without: Any = sys.modules
    if left_out := alone and "flask" not in sys.modules:
        without["flask"] = None  # who imports it is told that there is none
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
        if left_out:
            del sys.modules["flask"]


def outside(lifetime: Callable[[], AbstractAsyncContextManager[None]] = nullcontext) -> App:
    """What takes the rest of ASGI: it lives within `lifetime`, which is over before the server's loop is, and closes
    WebSockets.
    """
    from starlette.routing import Router  # noqa: PLC0415 - heavy, as above

    app: App = Router(lifespan=lambda _: lifetime())
    return app


def _for_routing(contract: Contract) -> dict[str, Any]:
    """The contract as Connexion needs it: the operations, with media types as its router knows them.

    Bodies are left out: Connexion would strip `;charset=utf-8` from a request's media type and then
    find nothing under the contract's key.
    """
    document: dict[str, Any] = {
        "openapi": "3.0.1",
        "info": {"title": contract.api, "version": contract.version},
        "paths": {},
    }
    for path, item in contract.document["paths"].items():
        methods: dict[str, Any] = {}
        for method, operation in item.items():
            if not isinstance(operation, dict) or "operationId" not in operation:
                continue
            methods[method] = {
                "operationId": operation["operationId"],
                "parameters": [
                    {"name": p["name"], "in": "path", "required": True, "schema": {"type": "string"}}
                    for p in [*item.get("parameters", []), *operation.get("parameters", [])]
                    if p["in"] == "path"
                ],
                "responses": {status: {"description": status} for status in operation["responses"]},
            }
        document["paths"][path] = methods
    for path, same in contract.same_paths():
        document["paths"][path] = document["paths"][same]
    return document
