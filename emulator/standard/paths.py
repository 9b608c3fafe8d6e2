"""Where a partner has the APIs of a release below its root URL: one value for who sends, who serves and who reads captures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from emulator.errors import UserError
from emulator.record.exchange import Party
from emulator.standard.contract import Contract
from emulator.standard.release import Release

ApiKind = tuple[str, str]
"""A contract by the names of its API and its kind: ("quote", "management")."""


class Based(Protocol):
    """What has a base path in the standard: a contract, or its entry in a release."""

    @property
    def api(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def base_path(self) -> str: ...


@dataclass(frozen=True, slots=True)
class PathMap:
    """The base path of each contract: the standard's, and those of a partner's own, in the order they were named."""

    standard: Mapping[ApiKind, str]
    own: Mapping[ApiKind, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, contracts: Iterable[Based]) -> PathMap:
        """The standard's base paths of these contracts."""
        return cls({(each.api, each.kind): each.base_path for each in contracts})

    @classmethod
    def read(cls, release: Release, texts: Sequence[str] = ()) -> PathMap:
        """A release's base paths, and those that somebody wrote as `api=PATH` or `api.notification=PATH`.

        UserError where one is not written so.
        """
        found = cls.of(release.entries)
        for text in texts:
            found = found.with_own(*_read(release, text))
        return found

    def with_own(self, api: str, kind: str, path: str) -> PathMap:
        """The same with one base path more of the partner's own."""
        key = (api, kind)
        return replace(self, own={**self.own, key: (*self.own.get(key, ()), path.rstrip("/"))})

    def base(self, api: str, kind: str) -> str:
        """Where a contract is asked for, and served: at the first path of the partner's own, else at the standard's.

        LookupError where it is none of these.
        """
        found = (*self.own.get((api, kind), ()), self.standard.get((api, kind)))[0]
        if found is None:
            message = f"{api} {kind}: no base path is known"
            raise LookupError(message)
        return found

    def __iter__(self) -> Iterator[tuple[ApiKind, str, bool]]:
        """Every base path, the standard's too where a partner has named another, and whether a partner has named it."""
        for key, path in self.standard.items():
            yield key, path, False
        for key, paths in self.own.items():
            for path in paths:
                yield key, path, True


def served_together(releases: Sequence[Release], party: Party) -> list[Contract]:
    """What a party serves of several releases behind one door. UserError where two have a base path in common."""
    served = [contract for release in releases for contract in release.contracts(party)]
    taken: dict[str, Contract] = {}
    for contract in served:
        other = taken.setdefault(contract.base_path.rstrip("/"), contract)
        if other.release != contract.release:
            message = (
                f"release {other.release} has {other.api} {other.kind} at {other.base_path}, and release "
                f"{contract.release} {contract.api} {contract.kind}: one door cannot serve both"
            )
            raise UserError(message)
    return served


def _read(release: Release, text: str) -> tuple[str, str, str]:
    name, equals, path = text.partition("=")
    if not equals or not path.startswith("/") or not path.strip("/"):
        message = f"--map {text!r}: write --map api=PATH, for example --map quote=/sonata/quotes/v8"
        raise UserError(message)
    api, _, kind = name.partition(".")
    if kind not in ("", "management", "notification"):
        message = f"--map {text!r}: after the API comes .management or .notification"
        raise UserError(message)
    contract = release.contract(api, kind or None)
    return contract.api, contract.kind, path
