"""The facts of a release: inferred and joined with its sheets once, and kept until a file that they come from changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from emulator.standard.kinds.facts import Event, Kind, Kinds, View
from emulator.standard.laid import laid_files
from emulator.standard.source import read_made

if TYPE_CHECKING:
    from emulator.standard.release import Release

_CODE: Final = Path(__file__).parent


class ReleaseKinds:
    """The facts of every API of a release. Names of kinds are its own: no two APIs have one."""

    def __init__(self, apis: Mapping[str, Kinds]) -> None:
        self.apis = apis
        self.kinds: dict[str, Kind] = {name: kind for facts in apis.values() for name, kind in facts.kinds.items()}
        self.living: tuple[Kind, ...] = tuple(kind for kind in self.kinds.values() if kind.state)
        """The kinds that have a life, in the order of the release: what runs have, beside subscriptions."""
        self.item_ids: tuple[str, ...] = tuple(
            dict.fromkeys(event.item_id for facts in apis.values() for event in facts.events.values() if event.item_id)
        )
        """The members of events that name an item, of any API."""
        self._also: Mapping[str, str] = {
            event.said["also"]: event.type
            for facts in apis.values()
            for event in facts.events.values()
            if "also" in event.said
        }
        self._shown: dict[tuple[str, str], tuple[Kind, View]] = {
            (facts.api, operation.id): (facts.kinds[operation.kind], operation.view)
            for facts in apis.values()
            for operation in facts.operations.values()
            if operation.kind in facts.kinds
        }

    def __iter__(self) -> Iterator[Kind]:
        """Every kind of resource, in the order of the release."""
        return iter(self.kinds.values())

    def kind(self, name: str) -> Kind:
        """The kind of that name; KeyError where there is none."""
        return self.kinds[name]

    def find(self, name: str) -> Kind | None:
        """The kind of that name or alias, in whatever case."""
        if name in self.kinds:
            return self.kinds[name]
        word = name.lower()
        return next((kind for kind in self if word in {alias.lower() for alias in kind.aliases}), None)

    def shown_by(self, api: str, operation: str) -> tuple[Kind, View] | None:
        """The kind that an operation is about, and what it does with it."""
        return self._shown.get((api, operation))

    def plain_type(self, event_type: str) -> str:
        """An event type under the name that the contract has for it, where a sheet says that it is `also` called so."""
        return self._also.get(event_type, event_type)

    def telling(self, api: str) -> tuple[Event, ...]:
        """The events of an API; none where it has no listeners."""
        facts = self.apis.get(api)
        return tuple(facts.events.values()) if facts else ()

    def listener(self, api: str, event_type: str) -> str:
        """The path of the listener that is told of an event type; most are called like it."""
        said = (each.path for each in self.telling(api) if each.type == event_type)
        return next(said, f"/listener/{event_type}")

    def event(self, api: str, operation: str) -> Event | None:
        """What a listener is told, by its operationId."""
        facts = self.apis.get(api)
        return facts.events.get(operation) if facts else None


def load_kinds(release: Release) -> ReleaseKinds:
    """The facts of a release. Raises FileProblem where a sheet is wrong, or leaves open what no shape says."""
    found = read_made(release.file, "kinds", _files(release), lambda: _made(release))
    return ReleaseKinds({api: _revived(Kinds, facts) for api, facts in found.items()})


def _files(release: Release) -> Iterator[Path]:
    """Every file on which the facts depend, the code of the rules included."""
    specs = release.specs
    yield from (*release.files, release.register)
    for entry in release.entries:
        for path in laid_files(specs / entry.document):
            yield from (
                path,
                *sorted(path.parent.parent.glob("[mn]*.yaml")),
            )  # a contract may take schemas from one above it
    yield from (release.path(api, what) for what in ("resources", "lifecycle") for api in release.apis)
    yield from sorted((specs / "common").rglob("*.yaml"))
    yield from sorted(_CODE.glob("*.py"))


def _made(release: Release) -> dict[str, Any]:
    # The rules and what reads sheets are only needed where nothing is kept.
    from emulator.standard.kinds.make import make_kinds  # noqa: PLC0415

    return make_kinds(release)


@cache
def _hints(kind: type) -> tuple[tuple[str, Any], ...]:
    hints = get_type_hints(kind)
    return tuple((each.name, hints[each.name]) for each in fields(kind))


def _revived(kind: Any, value: Any) -> Any:
    """A value of that type, from what JSON has of it."""
    origin = get_origin(kind)
    if value is None or kind is Any or origin is Literal or kind in (str, int, bool):
        return value
    if origin in (Union, UnionType):
        return _revived(next(each for each in get_args(kind) if each is not type(None)), value)
    if isinstance(kind, type) and is_dataclass(kind):
        return kind(**{name: _revived(hint, value[name]) for name, hint in _hints(kind)})
    inner = get_args(kind)
    if origin is tuple:
        return tuple(value) if inner[0] in (str, int) else tuple(_revived(inner[0], each) for each in value)
    return value if inner[-1] in (str, Any) else {key: _revived(inner[-1], each) for key, each in value.items()}
