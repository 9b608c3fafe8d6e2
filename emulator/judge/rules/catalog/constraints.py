"""What an offering and a specification have to say, and how an offering bounds its specification (MEF W142, 6.2.1.1, 6.3.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from emulator.judge.named import CATEGORY, OFFERING, SPECIFICATION
from emulator.judge.rule import FINE, Mark, On, Remark, on_response, shows
from emulator.judge.rulebook import breach, hold
from emulator.judge.rules.catalog.book import (
    API,
    CATALOG,
    OFFERING_READ,
    SPECIFICATION_READ,
    offerings_read,
    specification_for,
)
from emulator.judge.run import Run, Said, Shown
from emulator.record.payload import every

_CATEGORY_READ: Final = shows(API, CATEGORY, "retrieve")
_OFFERINGS: Final = shows(API, OFFERING, "list")
_RELATION: Final = "/productRelationship/*"
_PLACE: Final = "/placeRelationship/*"
_BOUNDS: Final = ("/minCardinality", "/maxCardinality")
_UNBOUNDED: Final = -1

CATALOG.present("R17", "", "/id", "/name", "/description", "/lastUpdate", on=_CATEGORY_READ)
CATALOG.present("R22", "/statusTransition/*", "/transitionDate", "/transitionLifecycleStatus", on=OFFERING_READ)
CATALOG.present("R24", "/region/*", "/country", on=OFFERING_READ)
CATALOG.present("R24", "/*/region/*", "/country", on=_OFFERINGS, name="list")
CATALOG.present("R25", "/productOfferingTerm/*", "/name", "/duration", "/endOfTermAction", on=OFFERING_READ)
CATALOG.present(
    "R26",
    "/productOfferingTerm/*",
    "/rollInterval",
    on=OFFERING_READ,
    where=lambda term: term.get("endOfTermAction") == "roll",
)
CATALOG.present("R27", _RELATION, "/id", "/relationshipType", *_BOUNDS, on=OFFERING_READ)
CATALOG.present("R31", _PLACE, "/relationshipRole", *_BOUNDS, on=OFFERING_READ)
CATALOG.present(
    "R55", "/*", "/id", "/name", "/lastUpdate", "/lifecycleStatus", "/agreement", "/productSpecification", on=_OFFERINGS
)
CATALOG.present(
    "R61",
    "",
    "/id",
    "/name",
    "/lastUpdate",
    "/lifecycleStatus",
    "/productSpecification",
    on=OFFERING_READ,
    name="whole",
)
CATALOG.present("R69", "/milestone/*", "/name", "/description", on=SPECIFICATION_READ)
CATALOG.present("R70", _RELATION, "/id", "/relationshipType", *_BOUNDS, on=SPECIFICATION_READ)
CATALOG.present("R72", _PLACE, "/relationshipRole", *_BOUNDS, on=SPECIFICATION_READ)
CATALOG.present("R78", "/*", "/id", "/name", "/lastUpdate", "/lifecycleStatus", on=shows(API, SPECIFICATION, "list"))
CATALOG.present(
    "R81", "", "/id", "/name", "/description", "/lastUpdate", "/lifecycleStatus", "/sourceSchema", on=SPECIFICATION_READ
)


@CATALOG.rule("R55", on=_OFFERINGS, name="lists")
def entries_have_their_lists(said: Said) -> Iterator[Mark]:
    """Channels, segments, regions and categories of each entry: empty lists are values, too."""
    for shown in said.shown:
        for name in ("channel", "marketSegment", "region", "category"):
            place, found = f"{shown.place}/{name}", shown.value.get(name)
            yield hold(place, found is not None, expected="a list", found=found, message=f"{place} is missing")


@CATALOG.rule("R61", on=OFFERING_READ)
def an_offering_has_a_description(said: Said) -> Iterator[Mark]:
    """The description of an offering that is read, which the type leaves optional."""
    reading = ("catalog-offering-description", "given")
    for shown in said.shown:
        place, found = f"{shown.place}/description", shown.value.get("description")
        if found not in (None, ""):
            yield FINE
        else:
            yield breach(place, "a text", found, f"{place} is missing", reading=reading)


@CATALOG.rule(on=OFFERING_READ | _OFFERINGS, name="country")
def a_country_is_a_code(said: Said) -> Iterator[Mark]:
    """The country of each region: two letters of ISO 3166, which no clause with a number asks for."""
    pinned = said.run.reads_as("catalog-region-country", "code")
    for shown in said.shown:
        for place, found in every(shown.value, "/region/*/country"):
            if isinstance(found, str) and len(found) == len("XX") and found.isascii() and found.isupper():
                yield FINE
            else:
                here = f"{shown.place}{place}"
                reading = ("catalog-region-country", "code") if pinned else None
                yield breach(here, "two letters of ISO 3166", found, reading=reading, hint=not pinned)


# Bounds


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _most(entry: Mapping[str, Any]) -> int | None:
    return _whole(entry.get("maxCardinality"))


def _least(entry: Mapping[str, Any]) -> int | None:
    return _whole(entry.get("minCardinality"))


def _no_fewer_at_most(label: str, holder: str, on: On, *, unsaid: bool) -> None:
    """No bound is below the other one; -1 is any number, even where the clause leaves that `unsaid`."""

    def look(said: Said) -> Iterator[Mark]:
        for place, entry in every(said.body, holder):
            low, high = (_least(entry), _most(entry)) if isinstance(entry, dict) else (None, None)
            if low is None or high is None:
                continue
            here = f"{place}/maxCardinality"
            letter = ("catalog-unbounded", "letter")
            if high != _UNBOUNDED:
                message = f"{here} is {high}, and minCardinality is {low}"
                yield hold(here, high >= low, expected=f"{low} or more", found=high, message=message)
            elif unsaid and said.run.reads_as(*letter):
                yield breach(here, f"{low} or more", high, reading=letter)
            else:
                yield FINE

    CATALOG.add(label, look, on=on, about=f"the bounds of {holder}", places=(f"{holder}/maxCardinality",))


_no_fewer_at_most("R30", _RELATION, OFFERING_READ, unsaid=True)
_no_fewer_at_most("R34", _PLACE, OFFERING_READ, unsaid=False)
_no_fewer_at_most("R71", _RELATION, SPECIFICATION_READ, unsaid=False)
_no_fewer_at_most("R73", _PLACE, SPECIFICATION_READ, unsaid=True)


def _key(entry: Mapping[str, Any], names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(entry.get(name) for name in names)


_Pair = tuple[Shown, str, Mapping[str, Any], Any]


def _pairs(run: Run, holder: str, names: tuple[str, ...]) -> Iterator[_Pair]:
    """Each entry of an offering, with that of its specification of the same names; None where the specification has none."""
    member = holder.removesuffix("/*")
    for shown in offerings_read(run, member.removeprefix("/")):
        known = specification_for(run, shown)
        if known is None:
            continue
        entries = [entry for _, entry in every(known.value, holder) if isinstance(entry, dict)]
        for place, entry in every(shown.value, holder):
            if isinstance(entry, dict):
                same = [each for each in entries if _key(each, names) == _key(entry, names)]
                if len(same) < 2:  # noqa: PLR2004 - which of them is meant nobody can say
                    yield shown, f"{shown.place}{place}", entry, next(iter(same), None)


def _least_mark(pair: _Pair) -> Mark | None:
    _, place, entry, of = pair
    low, bound = _least(entry), _least(of) if of else None
    if low is None or bound is None:
        return None
    here = f"{place}/minCardinality"
    message = f"{here} is {low}, and the specification asks for {bound}"
    return hold(here, low >= bound, expected=f"{bound} or more", found=low, message=message)


def _most_mark(pair: _Pair) -> Mark | None:
    _, place, entry, of = pair
    high, bound = _most(entry), _most(of) if of else None
    if high is None or bound is None:
        return None
    here = f"{place}/maxCardinality"
    right = bound == _UNBOUNDED or (high != _UNBOUNDED and high <= bound)
    message = f"{here} is {high}, and the specification allows {bound}"
    return hold(here, right, expected=f"{bound} at most", found=high, message=message)


def _within(labels: tuple[str, str], holder: str, names: tuple[str, ...], name: str) -> None:
    """The bounds of an offering lie within those of its specification."""

    def known_mark(pair: _Pair) -> Mark:
        _, place, entry, of = pair
        if of is not None:
            return FINE
        found = " of ".join(str(each) for each in _key(entry, names))
        return breach(place, "one of the specification's", found, f"the specification has no {found}", hint=True)

    def closing(mark: Callable[[_Pair], Mark | None]) -> Callable[[Run], Iterator[Remark]]:
        def look(run: Run) -> Iterator[Remark]:
            for pair in _pairs(run, holder, names):
                if (found := mark(pair)) is not None:
                    yield on_response(pair[0].exchange, found)

        look.__doc__ = f"{holder} of each offering that was read, against that of its specification."
        return look

    CATALOG.at_end(labels[0])(closing(_least_mark))
    CATALOG.at_end(labels[1])(closing(_most_mark))
    CATALOG.at_end((), name=name)(closing(known_mark))


_within(("R28", "R29"), _RELATION, ("id", "relationshipType"), "relation")
_within(("R32", "R33"), _PLACE, ("relationshipRole",), "place")


# Attachments and notes


def _attached(label: str, on: On) -> None:
    def look(said: Said) -> Iterator[Mark]:
        for place, entry in every(said.body, "/attachment/*"):
            if isinstance(entry, dict):
                content = bool(entry.get("content") and entry.get("mimeType"))
                message = f"{place} has neither a url nor content with its mimeType"
                yield hold(place, bool(entry.get("url")) or content, expected="url", found=entry, message=message)

    CATALOG.add(label, look, on=on, about="where the content of each attachment is")


def _sellers(label: str, on: On) -> None:
    def look(said: Said) -> Iterator[Mark]:
        for pattern in ("/note/*", "/attachment/*"):
            for place, entry in every(said.body, pattern):
                source = entry.get("source") if isinstance(entry, dict) else None
                if source is not None:
                    yield hold(f"{place}/source", source == "seller", expected="seller", found=source)

    CATALOG.add(label, look, on=on, about="the source of each note and attachment")


_attached("R65", OFFERING_READ)
_attached("R83", SPECIFICATION_READ)
_sellers("R66", OFFERING_READ)
_sellers("R84", SPECIFICATION_READ)
