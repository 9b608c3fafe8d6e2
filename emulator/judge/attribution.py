"""To which operation of which contract a captured request belongs, by its method and URL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote

from emulator.errors import suggestion
from emulator.judge.authorizing import may_authorize
from emulator.judge.entries import Entry
from emulator.record.exchange import BESIDE, Request, decoded_path
from emulator.standard.contract import Contract
from emulator.standard.imported import every_release
from emulator.standard.paths import PathMap
from emulator.standard.release import Release


@dataclass(frozen=True, slots=True)
class Attributed:
    """To which operation a request belongs; None where its contract has no such."""

    contract: Contract
    operation: str | None
    path_params: dict[str, str]


class BasePaths:
    """Where the contracts of a release are found in a URL: behind any prefix, at the standard's or a partner's path."""

    def __init__(self, release: Release, paths: PathMap | None = None) -> None:
        """`paths` are where the partner has them, where the standard does if left out."""
        self.release = release
        found = [
            (decoded_path(base), release.contract(*key), named) for key, base, named in paths or PathMap.read(release)
        ]
        self._bases = sorted(found, key=lambda row: -len(row[0]))
        self._others: dict[str, BasePaths] = {release.name: self}

    def of(self, name: str | None) -> BasePaths:
        """Likewise of the release of that name, which an exchange was recorded with; these where there is none, or no name.

        Paths of the partner's own are those of the release that they were named for.
        """
        if name is None:
            return self
        if name not in self._others:
            release = self.release.named(name)
            self._others[name] = self if release is self.release else BasePaths(release)
        return self._others[name]

    def left_out(self, method: str, url: str) -> str | None:
        """Why a request is not judged, by its method and URL alone; None where it is."""
        request = Request((), b"", method, url)
        if may_authorize(decoded_path(request.path)):
            return None  # what was sent there says whether it is
        found = self.find(request)
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

    @cached_property
    def _elsewhere(self) -> list[tuple[str, str]]:
        """The base paths of the other releases that there are, each with its release."""
        names = [name for name in every_release(self.release.specs) if name != self.release.name]
        return [(entry.base_path, name) for name in names for entry in self.release.named(name).entries]

    def _why(self, path: str) -> str:
        for base, name in self._elsewhere:
            if any(True for _ in _behind(path, base)):
                return f"{base} is a base path of release {name}, not of {self.release.name} (--release {name})"
        known = {base for base, _, _ in self._bases}
        _, mef, rest = path.partition("/mefApi/")
        near = suggestion(mef + "/".join(rest.split("/")[:3]), known) if mef else ""
        hint = f"; the nearest is {near}" if near else ""
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
