"""`specs/published/<point>.yaml`: what is known of releases whether or not their contracts are here.

It has each release's versions and base paths, and of each pair of neighbours what was found to differ: our grade and why, and
the names of schemas and operations that came, went or changed. `none` is known; what no step lists is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final, Literal

from emulator.record.payload import escape
from emulator.standard.strict import Key, Mistake, read_record

FOLDER: Final = "published"


@dataclass(frozen=True, slots=True)
class PublishedContract:
    """A contract of a release."""

    version: str
    base_path: str


@dataclass(frozen=True, slots=True)
class PublishedNames:
    """Names of schemas, or of operations as `GET /hub/{id}`."""

    added: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    def told(self, noun: str) -> str:
        """How many there are, as `schemas: 5 new, 1 gone`; "" for none."""
        counts = ((len(self.added), "new"), (len(self.gone), "gone"), (len(self.changed), "changed"))
        words = ", ".join(f"{count} {word}" for count, word in counts if count)
        return f"{noun}: {words}" if words else ""


@dataclass(frozen=True, slots=True)
class PublishedChange:
    """What changed in a contract from a release to the next one: how much, by our reading, and why."""

    structure: Literal["none", "minor", "major"]
    because: str = ""
    schemas: PublishedNames = field(default_factory=PublishedNames)
    operations: PublishedNames = field(default_factory=PublishedNames)


@dataclass(frozen=True, slots=True)
class PublishedStep:
    """From one release to the next: changes by API and kind of contract."""

    before: Annotated[str, Key("from")]
    after: Annotated[str, Key("to")]
    apis: Mapping[str, Mapping[str, PublishedChange]]


@dataclass(frozen=True, slots=True)
class Published:
    """The whole file: contracts by release, API and kind, releases in the order in which they came."""

    point: str
    releases: Mapping[str, Mapping[str, Mapping[str, PublishedContract]]]
    steps: tuple[PublishedStep, ...] = ()

    def step(self, before: str, after: str) -> PublishedStep | None:
        """What is known of the way from a release to the next one."""
        return next((each for each in self.steps if (each.before, each.after) == (before, after)), None)


def read_published(specs: Path, point: str) -> Published:
    """What is known of the releases of a reference point; nothing where there is no file. FileProblem with `file:line:col`."""
    path = specs / FOLDER / f"{point}.yaml"
    if not path.is_file():
        return Published(point, {})
    found: Published = read_record(Published, path, _wrong)
    return found


def _wrong(file: Published) -> Iterator[Mistake]:
    """What does not fit together."""
    neighbours, met = set(pairwise(file.releases)), set[tuple[str, str]]()
    for number, step in enumerate(file.steps):
        here, pair = f"/steps/{number}", (step.before, step.after)
        if pair not in neighbours or pair in met:
            yield Mistake(here, f"{step.before} and {step.after} are no neighbours above, or were told of before")
            continue
        met.add(pair)
        for api, kinds in step.apis.items():
            for kind, change in kinds.items():
                place = f"{here}/apis/{escape(api)}/{escape(kind)}"
                if lacking := [each for each in pair if kind not in file.releases[each].get(api, {})]:
                    yield Mistake(place, f"{lacking[0]} has no {kind} contract of {api}", key=True)
                if (change.structure == "none") == bool(change.because):
                    yield Mistake(place, "'because' is needed where something changed, and only there", key=True)
