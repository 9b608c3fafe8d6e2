"""The third link: to which operation of which contract a request belongs, and what is answered to one that has none."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from typing import Any
from urllib.parse import unquote

from emulator.doors.asgi import Answer, Scope
from emulator.doors.beside import App
from emulator.doors.routing import routed
from emulator.doors.visit import Visit
from emulator.record.call import Reply, no_such_path, outside_standard
from emulator.record.exchange import decoded_path
from emulator.standard.contract import MEDIA_TYPE, Contract
from emulator.standard.paths import PathMap


class Attributing:
    """Finds the operations of contracts, each below its base path: the standard's, or what `paths` says instead."""

    def __init__(self, contracts: Sequence[Contract], paths: PathMap | None = None) -> None:
        bases = [paths.base(each.api, each.kind) if paths else each.base_path for each in contracts]
        found = [(decoded_path(base), each) for base, each in zip(bases, contracts, strict=True)]
        self._bases = sorted(found, key=lambda row: -len(row[0]))  # what is below another's is asked first
        at_path: dict[str, list[Contract]] = {}
        for base, contract in self._bases:
            at_path.setdefault(base, []).append(contract)
        self._routes = {f"{base}/": routed(base, some, _found) for base, some in at_path.items()}

    async def __call__(self, scope: Scope, visit: Visit) -> None:
        """Say in the visit whose the request is. It has no operation where its contract has none of its method and path."""
        path = visit.path
        route = next((app for base, app in self._routes.items() if path.startswith(base)), None)
        try:
            if route is not None and visit.request.method != "OPTIONS":
                await self._route(route, scope, visit)
        finally:
            if visit.operation is None:
                visit.contract = self.contract_at(path)

    async def _route(self, route: App, scope: Scope, visit: Visit) -> None:
        # HEAD is answered as GET is, without the body (RFC 9110, 9.3.2).
        method = "GET" if visit.request.method == "HEAD" else visit.request.method
        path = visit.path
        inner = {**scope, "method": method, "path": path, "raw_path": path.encode(), "root_path": "", "oit": visit}
        await route(inner, _nothing_more, _unheard)

    def contract_at(self, path: str) -> Contract | None:
        """The contract below whose base path a path is; None where it is below none."""
        return next((contract for _, contract in self._at(path)), None)

    def base_of(self, contract: Contract) -> str:
        """The base path at which a contract is served."""
        return next(base for base, each in self._bases if each is contract)

    def _at(self, path: str) -> Iterator[tuple[str, Contract]]:
        return ((base, contract) for base, contract in self._bases if path.startswith(base + "/"))

    def answer(self, visit: Visit) -> Answer:
        """What is answered to a request without an operation: what its path has, 405 or 404."""
        answer, method = Answer(), visit.request.method
        for base, contract in self._at(visit.path):
            methods = contract.methods_of(visit.path[len(base) :])
            if methods and method == "OPTIONS":
                answer.give(Reply(204, headers={"Allow": ", ".join(_allowed(methods))}), b"", MEDIA_TYPE)
                return answer
            if methods and method not in methods:
                error = outside_standard(405, f"{method} is not allowed here", "Allowed: " + ", ".join(methods))
                answer.fill(error.status, error.body, {"allow": ", ".join(methods)})
                return answer
        error = no_such_path(visit.path)
        answer.fill(error.status, error.body)
        return answer


def _found(base: str, contract: Contract, operation_id: str, visit: Visit, path: dict[str, str]) -> None:
    visit.contract, visit.base_path, visit.operation = contract, base, operation_id
    visit.path_params = {name: unquote(value) for name, value in path.items()}


async def _nothing_more() -> MutableMapping[str, Any]:
    """What is received of a request that has been read already."""
    return {"type": "http.disconnect"}


async def _unheard(_: MutableMapping[str, Any]) -> None:
    """Where goes what the router says of a path that it does not know: the standard has words of its own for that."""


def _allowed(methods: Sequence[str]) -> list[str]:
    """What a path may be asked with: the contract's methods, and those of HTTP that every path has."""
    return sorted({*methods, "OPTIONS", *(["HEAD"] if "GET" in methods else [])})
