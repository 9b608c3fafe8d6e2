"""Sections of a profile that APIs bring: `behaviour.<kind>`, `intervals.<word>` and parts of their own, each read into a type of
its API's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, make_dataclass
from typing import Annotated, Any, Final, Generic, Literal, TypeVar, cast

from emulator.standard.strict import KEYED, REST, Further, Json, Key, fields_of, nothing_more

T = TypeVar("T")
S = TypeVar("S", bound="Sections")

Mode = Literal["asRequested", "immediate", "deferred"]


@dataclass(frozen=True, slots=True)
class PathStep:
    """A state to go to, `after_seconds` after the step before or once the resource was read that often.

    With `signal` the step waits for a signal of that name (`emulator.parties.signals`), and `after_seconds` counts
    from it. Where a kind has no states, `to` is a mere word, and a step only sets members.
    """

    to: str
    after_seconds: float | None = None
    reads: int | None = None
    signal: str | None = None
    set: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Section(Generic[T]):
    """A section: its key in a profile, the dataclass that it is read into, all of whose fields have defaults, and what is
    wrong with one beyond the types of these.
    """

    key: str
    reads: type[T]
    further: Further = nothing_more


@dataclass(frozen=True, slots=True)
class Sections:
    """A part of a profile that consists of sections."""

    def of(self, section: Section[T]) -> T:
        """What the profile has of a section; the defaults where its release has no such API."""
        found = getattr(self, _name(section.key), None)
        return found if isinstance(found, section.reads) else section.reads()


@dataclass(frozen=True, slots=True)
class Behaviour(Sections):
    """What the seller makes of what it is asked. `lawless`: it goes paths that no lifecycle has, wrong on purpose."""

    lawless: bool = False


@dataclass(frozen=True, slots=True)
class Intervals(Sections):
    """How long the seller takes, in seconds of its clock."""


@dataclass(frozen=True, slots=True)
class Had:
    """A resource that our seller makes by itself: at the beginning of a run, `after_seconds` after it, or after a signal of
    that name. All other keys are its members; what its contract demands besides is made up. It goes its `path`, or else
    the one that the profile has for its kind.
    """

    id: Annotated[str, KEYED]
    after_seconds: float | None = None
    signal: str | None = None
    path: tuple[PathStep, ...] = ()
    members: Annotated[Json, REST] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ByItself:
    """What happens outside of the APIs (`apis.Verb`): to the resource of an `id`, to all of its kind to which it can, or to
    none where the verb names none; at the beginning of a run, `after_seconds` after it, or after a signal of that name.
    """

    do: str
    of: str
    id: str | None = None
    words: Annotated[Json, Key("with")] = field(default_factory=dict)
    after_seconds: float | None = None
    signal: str | None = None


@dataclass(frozen=True, slots=True)
class Having:
    """Resources that our seller makes by itself, by kind and id."""

    def each(self) -> Iterator[tuple[str, Had]]:
        """All of them, each with its kind."""
        for kind in fields_of(type(self)):
            for had in getattr(self, kind.name).values():
                yield kind.key, had


@dataclass(frozen=True, slots=True)
class KindBehaviour:
    """The way that resources of a kind go, in place of the one that our seller would choose."""

    path: tuple[PathStep, ...] = ()


@dataclass(frozen=True, slots=True)
class KindTimes:
    """Seconds between the steps of resources of a kind."""

    step: float = 2


def behaviour_of(kind: str) -> Section[KindBehaviour]:
    """The section of a kind that no module serves in its own way."""
    return Section(kind, KindBehaviour)


def times_of(kind: str) -> Section[KindTimes]:
    """The same of its intervals."""
    return Section(kind, KindTimes)


def composed(base: type[S], sections: Iterable[Section[Any]]) -> type[S]:
    """A part of a profile with these sections."""
    return extended(base, as_fields(sections))


def as_fields(sections: Iterable[Section[Any]]) -> list[tuple[str, Any, Any]]:
    """Sections as fields of what they are sections of: name, type, default."""
    return [(_name(one.key), Annotated[one.reads, Key(one.key)], field(default_factory=one.reads)) for one in sections]


def extended(base: type[T], fields: Iterable[tuple[str, Any, Any]]) -> type[T]:
    """A record of a profile with more fields, or with fields of other types: name, type, default."""
    said: Mapping[str, Any] = {"__doc__": base.__doc__, "__module__": base.__module__}
    made = make_dataclass(base.__name__, fields, bases=(base,), namespace=dict(said), frozen=True, slots=True)
    return cast("type[T]", made)


def holding(kinds: Iterable[str]) -> type[Having]:
    """The part of a profile with the resources of these kinds."""
    held: Any = Mapping[str, Had]
    return extended(Having, [(_name(kind), Annotated[held, Key(kind)], field(default_factory=dict)) for kind in kinds])


_NO_NAME: Final = re.compile(r"\W")


def _name(key: str) -> str:
    """The field of a key. Keys are kinds of resource, so segments of a path; `of_` keeps them from keywords."""
    return "of_" + _NO_NAME.sub("_", key)
