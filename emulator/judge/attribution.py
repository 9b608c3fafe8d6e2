"""To which operation of which contract a captured request belongs, by its method and URL."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from emulator.errors import UserError
from emulator.judge.entries import Entry
from emulator.standard.contract import Contract
from emulator.standard.release import Release
from emulator.wire.asgi import decoded_path
from emulator.wire.exchange import BESIDE, Request


@dataclass(frozen=True, slots=True)
class Attributed:
    """To which operation a request belongs; None where its contract has no such."""

    contract: Contract
    operation: str | None
    path_params: dict[str, str]


class BasePaths:
    """Where the contracts of a release are found in a URL: behind any prefix, at the standard's or a partner's path."""

    def __init__(self, release: Release, maps: Sequence[str] = ()) -> None:
        """`maps` are written `api=PATH`, or `api.notification=PATH`. UserError where one is not."""
        self.release = release
        found = [(contract.base_path, contract, False) for contract in release.contracts()]
        found += [(*self._map(text), True) for text in maps]
        self._bases = sorted(found, key=lambda row: -len(row[0]))

    def _map(self, text: str) -> tuple[str, Contract]:
        name, equals, path = text.partition("=")
        if not equals or not path.startswith("/") or not path.strip("/"):
            message = f"--map {text!r}: write --map api=PATH, for example --map quote=/sonata/quotes/v8"
            raise UserError(message)
        api, _, kind = name.partition(".")
        if kind not in ("", "management", "notification"):
            message = f"--map {text!r}: after the API comes .management or .notification"
            raise UserError(message)
        return decoded_path(path.rstrip("/")), self.release.contract(api, kind or None)

    def left_out(self, method: str, url: str) -> str | None:
        """Why a request is not judged, by its method and URL alone; None where it is."""
        found = self.find(Request((), b"", method, url))
        return found if isinstance(found, str) else None

    def find(self, request: Request) -> Attributed | str:
        """The operation that a request asks for, or why there is none.

        Below a base path of the standard's every path is a contract's business; one that a partner has named may be that
        of other APIs too, and there only what the contract knows is its.
        """
        if request.method in BESIDE:
            return f"no operation of the standard uses {request.method}"
        path = decoded_path(request.path)
        first: Contract | None = None
        shared: str | None = None
        for base, contract, named in self._bases:
            for rest in _behind(path, base):
                if found := contract.find(request.method, rest):
                    return Attributed(contract, found[0].id, _decoded(found[1]))
                if named and not contract.methods_of(rest):
                    shared = shared or f"the contract of {contract.api} has no such path below {base}"
                else:
                    first = first or contract
        if first:
            return Attributed(first, None, {})
        return shared or self._why(path)

    def recorded(self, entry: Entry) -> Attributed | None:
        """What a transcript of ours says, for a URL that says nothing."""
        known = entry.recorded
        if known.api not in self.release.spellings:
            return None
        kinds = [each.kind for each in self.release.entries if each.api == self.release.api(known.api)]
        if known.kind not in kinds:
            return None
        contract = self.release.contract(known.api, known.kind)
        if known.operation not in contract.operations:
            return Attributed(contract, None, {})
        segments = decoded_path(entry.request.path).split("/")
        for start in range(1, len(segments)):
            found = contract.find(entry.request.method, "/" + "/".join(segments[start:]))
            if found and found[0].id == known.operation:
                return Attributed(contract, known.operation, _decoded(found[1]))
        return Attributed(contract, known.operation, {})

    def _why(self, path: str) -> str:
        known = {base for base, _, _ in self._bases}
        _, mef, rest = path.partition("/mefApi/")
        near = difflib.get_close_matches(mef + "/".join(rest.split("/")[:3]), known, n=1) if mef else []
        hint = f"; the nearest is {near[0]}" if near else ""
        return f"no base path of release {self.release.name} is in it{hint} (--map api=PATH names one of your own)"


def _behind(path: str, base: str) -> Iterator[str]:
    """What follows a base path in a path, wherever it stands there as whole segments."""
    start = path.find(base)
    while start >= 0:
        rest = path[start + len(base) :]
        if not rest or rest.startswith("/"):
            yield rest
        start = path.find(base, start + 1)


def _decoded(params: dict[str, str]) -> dict[str, str]:
    return {name: unquote(value) for name, value in params.items()}
