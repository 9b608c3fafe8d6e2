"""What of the catalog stays as it is, and what tells that it was changed (MEF W142, 6.1.1, 6.2.1.1, 6.3.1)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from emulator.judge.changes import alike
from emulator.judge.hubs import over
from emulator.judge.named import CATEGORY, OFFERING, SPECIFICATION
from emulator.judge.rule import FINE, Mark, shows
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.catalog.book import (
    API,
    CATALOG,
    OFFERING_READ,
    SPECIFICATION_READ,
    earlier_of_version,
    is_chosen,
    is_sure,
    seen_at,
    status_of,
)
from emulator.judge.run import Life, Said, Shown
from emulator.record.payload import as_json, at, every

_FREE: Final = ("id", "href", "lastUpdate")
_SAYS_WHAT_IT_IS: Final = (
    "productOfferingTerm",
    "productSpecification",
    "productOfferingSpecification",
    "productRelationship",
    "placeRelationship",
    "productOfferingContextualInfo",
)
_SPECIFIES: Final = ("productRelationship", "placeRelationship", "sourceSchema")
_HOUR: Final = timedelta(hours=1)

common.keeps_id(CATALOG, "R8", CATEGORY, name="")
common.keeps_id(CATALOG, (), OFFERING, name=f"{OFFERING}.id")
common.keeps_id(CATALOG, (), SPECIFICATION, name=f"{SPECIFICATION}.id")


# Versions


def _versions(said: Said, exempt: tuple[str, ...]) -> Iterator[tuple[Shown, Shown, list[str]]]:
    """Each resource with earlier sightings of the same version, and the members that both were to show."""
    for shown, life in said.lived():
        for whole in (True, False):
            earlier = earlier_of_version(life, shown, whole=whole)
            if earlier is None or not is_sure(said.run, earlier) or is_chosen(earlier.exchange):
                continue
            full = [each.whole or life.kind.name == CATEGORY for each in (earlier, shown)]
            names = set(earlier.value if full[1] else shown.value) | set(shown.value if full[0] else ())
            names &= set(shown.value) | set(earlier.value)
            yield shown, earlier, sorted(names - {*_FREE, *exempt})


def _told_when(label: str, kind: str, *exempt: str) -> None:
    """Members that differ between two sightings move lastUpdate."""

    def look(said: Said) -> Iterator[Mark]:
        for shown, earlier, names in _versions(said, exempt):
            for name in names:
                old, new = earlier.value.get(name), shown.value.get(name)
                if given(old) and not given(new):
                    continue  # of what is left out another rule speaks
                message = (
                    f"{shown.place}/{name} is not what exchange {earlier.exchange.n} showed, and lastUpdate is the same"
                )
                place = f"{shown.place}/{name}"
                right = alike(old, new) or alike(_with_schemas_read(old), _with_schemas_read(new))
                yield hold(place, right, expected=old, found=new, message=message)

    about = f"a {kind} against what was shown of it with the same lastUpdate"
    CATALOG.add(label, look, on=shows(API, kind, "retrieve", "list"), about=about, when=_is_all)


def _shows_all(label: str, kind: str, *exempt: str) -> None:
    """What was shown of a version is shown again."""

    def look(said: Said) -> Iterator[Mark]:
        for shown, earlier, names in _versions(said, exempt):
            for name in names:
                if given(earlier.value.get(name)):
                    place = f"{shown.place}/{name}"
                    message = f"{place} is missing; exchange {earlier.exchange.n} showed it, and lastUpdate is the same"
                    found = shown.value.get(name)
                    yield hold(place, given(found), expected=earlier.value[name], found=found, message=message)

    about = f"a {kind} has what was shown of it with the same lastUpdate"
    CATALOG.add(label, look, on=shows(API, kind, "retrieve", "list"), about=about, when=_is_all)


def _is_all(said: Said) -> bool:
    return not is_chosen(said.exchange)


_told_when("R9", CATEGORY, "subCategory")
_told_when("R20", OFFERING)
_told_when("R68", SPECIFICATION)
_shows_all("R14", CATEGORY, "subCategory")
_shows_all("R62", OFFERING)
_shows_all("R82", SPECIFICATION)


def _last_update(said: Said) -> Iterator[Mark]:
    """Each lastUpdate against the one before it, and against the clock: hints, since no clause speaks of either."""
    for shown, life in said.lived():
        now = common.moment(shown.value.get("lastUpdate"))
        earlier = life.last_before(said.exchange, whole=False)
        if now is None:
            continue
        place = f"{shown.place}/lastUpdate"
        seen = max(seen_at(said.run, said.exchange), over(said.exchange))
        before = common.moment(earlier.value.get("lastUpdate")) if earlier else None
        mine = earlier is not None and common.same_parties(earlier.exchange, said.exchange)
        if now - seen > said.run.spread(timedelta(minutes=5)):
            yield breach(
                place, "not later than now", shown.value["lastUpdate"], f"{place} lies in the future", hint=True
            )
        elif earlier and before and mine and before - now >= timedelta(seconds=1):
            message = f"{place} is earlier than what exchange {earlier.exchange.n} showed"
            yield breach(place, earlier.value["lastUpdate"], shown.value["lastUpdate"], message, hint=True)
        else:
            yield FINE


for _kind in (CATEGORY, OFFERING, SPECIFICATION):
    CATALOG.add(
        (),
        _last_update,
        on=shows(API, _kind, "retrieve", "list"),
        name=f"{_kind}.last-update",
        about="each lastUpdate against the one before it, and against the clock",
    )


# What may not change


def _same_schema(old: Any, new: Any) -> bool:
    """Whether two schemas are one, as far as both say it in one way: as a text, or by where it is."""
    before, now = at(old, "/schema"), at(new, "/schema")
    if isinstance(before, str) and isinstance(now, str):
        return before == now or _parsed(before) == _parsed(now)
    return alike(old, new)


def _with_schemas_read(value: Any) -> Any:
    """A member with the texts of its schemas as what they say: a text can be written anew each time."""
    if isinstance(value, list):
        return [_with_schemas_read(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _parsed(each) if name == "schema" and isinstance(each, str) else _with_schemas_read(each)
        for name, each in value.items()
    }


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _is_told_otherwise(old: Any, new: Any) -> bool:
    """Whether a schema that was a text is a place now, or the other way round: it may still be the same."""
    words = [{word for word in ("schema", "schemaLocation") if given(at(each, f"/{word}"))} for each in (old, new)]
    return all(len(each) == 1 for each in words) and words[0] != words[1]


def _unchanged(shown: Shown, earlier: Shown, members: tuple[str, ...], why: str) -> Iterator[Mark]:
    for name in members:
        old, new = earlier.value.get(name), shown.value.get(name)
        if not given(old) and not given(new):
            continue
        place = f"{shown.place}/{name}"
        message = f"{place} is not what exchange {earlier.exchange.n} showed, though {why}"
        if name.endswith(("Schema", "Specification")) and name != "productSpecification":
            right = _same_schema(old, new)
            yield FINE if right else breach(place, old, new, message, hint=_is_told_otherwise(old, new))
        elif name == "productOfferingContextualInfo":
            yield from _contexts_unchanged(place, old, new, message)
        else:
            yield hold(place, alike(old, new), expected=old, found=new, message=message)


def _contexts_unchanged(place: str, old: Any, new: Any, message: str) -> Iterator[Mark]:
    """Contexts by what they are for, each with its schema."""
    before, now = _by_context(old), _by_context(new)
    if before.keys() != now.keys():
        yield breach(place, sorted(before), sorted(now), message)
        return
    for key, schema in before.items():
        if _same_schema(schema, now[key]):
            yield FINE
        else:
            yield breach(place, schema, now[key], message, hint=_is_told_otherwise(schema, now[key]))


def _by_context(value: Any) -> Mapping[str, Any]:
    return {
        as_json(entry.get("context"), 200): entry.get("contextSchema")
        for _, entry in every(value, "/*")
        if isinstance(entry, dict)
    }


def _last_whole(said: Said, life: Life) -> Shown | None:
    earlier = life.last_before(said.exchange)
    mine = earlier is not None and common.same_parties(earlier.exchange, said.exchange)
    return earlier if mine and earlier and not is_chosen(earlier.exchange) else None


@CATALOG.rule(("R18", "R19"), on=OFFERING_READ, when=_is_all)
def what_is_announced_is_not_changed(said: Said) -> Iterator[Mark]:
    """What an offering is, against a read of it in which it was announced or later: another version is another offering."""
    for shown, life in said.lived():
        earlier = _last_whole(said, life)
        if earlier is not None and status_of(earlier) not in ("inTest", None):
            why = f"the offering was {status_of(earlier)} then; another one has another id"
            yield from _unchanged(shown, earlier, _SAYS_WHAT_IT_IS, why)


@CATALOG.rule("R67", on=SPECIFICATION_READ, when=_is_all)
def a_specification_is_not_changed(said: Said) -> Iterator[Mark]:
    """The schema, relations and places of a specification, against any read of it before."""
    for shown, life in said.lived():
        earlier = _last_whole(said, life)
        if earlier is not None:
            yield from _unchanged(shown, earlier, _SPECIFIES, "a specification stays what it is")


# Status


@CATALOG.rule("R21", on=OFFERING_READ, when=_is_all)
def a_new_status_has_its_reason(said: Said) -> Iterator[Mark]:
    """The statusReason of an offering whose status was another one before."""
    for shown, life in said.lived():
        before = life.last_before(said.exchange, whole=False)
        if before is None or status_of(before) in (None, status_of(shown)) or status_of(shown) is None:
            continue
        reason, place = shown.value.get("statusReason"), f"{shown.place}/statusReason"
        earlier = life.last_before(said.exchange)
        if not given(reason):
            message = f"the offering became {status_of(shown)} after {status_of(before)}, and no statusReason says why"
            yield breach(place, "a reason", reason, message)
        elif earlier and status_of(earlier) != status_of(shown) and earlier.value.get("statusReason") == reason:
            message = f"the statusReason is the one that it had as {status_of(earlier)}"
            yield breach(place, "another reason", reason, message, hint=True)
        else:
            yield FINE


@CATALOG.rule("R23", on=OFFERING_READ, when=_is_all)
def what_took_place_stays_on_record(said: Said) -> Iterator[Mark]:
    """Each change of status that was told before, or planned, and has taken place: it stands in statusTransition."""
    for shown, life in said.lived():
        earlier = _last_whole(said, life)
        if earlier is None:
            continue
        since = [status_of(each) for each in life.before(said.exchange) if each.exchange.n > earlier.exchange.n]
        now = [at(entry, "/transitionLifecycleStatus") for _, entry in every(shown.value, "/statusTransition/*")]
        for _, entry in every(earlier.value, "/statusTransition/*"):
            status = at(entry, "/transitionLifecycleStatus")
            date = common.moment(at(entry, "/transitionDate"))
            seen = seen_at(said.run, earlier.exchange)
            was = status == status_of(earlier) and date is not None and date <= seen + said.run.spread(_HOUR)
            if isinstance(status, str) and (was or status in (*since, status_of(shown))):
                message = f"{shown.place}/statusTransition has lost {status}, which took place"
                place = f"{shown.place}/statusTransition"
                yield hold(place, status in now, expected=status, found=now, message=message)
