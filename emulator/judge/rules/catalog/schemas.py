"""The schemas of an offering, and the contexts in which they hold (MEF W142, 6.2.1.2, 6.2.1.3, 6.2.4.3, 6.3.4.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any, Final

from emulator.judge.rule import FINE, Mark, On, Remark, on_response
from emulator.judge.rulebook import Where, breach, given, hold
from emulator.judge.rules.catalog.book import (
    CATALOG,
    OFFERING_READ,
    SPECIFICATION_READ,
    offerings_read,
    specification_for,
)
from emulator.judge.rules.catalog.narrowing import Described, Wider, described, misshapen, removed, wider
from emulator.judge.run import Run, Said, Shown
from emulator.record.payload import MISSING, at, every

_OFFERINGS: Final = "/productOfferingSpecification"
_CONTEXTS: Final = "/productOfferingContextualInfo/*"
_WORDS: Final = ("schema", "schemaLocation")
_INVENTORY: Final = "productInventory"
_FUNCTIONS: Final = ("poq", "quote", "productOrder")
_ACTIONS: Final = ("add", "modify")
_ALL: Final = "all"
_TOLD: Final = 5

CATALOG.present("R38", _CONTEXTS, "/contextSchema", on=OFFERING_READ, name="schema")
CATALOG.present("R38", f"{_CONTEXTS}/context", "/businessFunction", on=OFFERING_READ)
CATALOG.present(
    "R39",
    f"{_CONTEXTS}/context",
    "/productAction",
    on=OFFERING_READ,
    where=lambda context: given(context.get("businessFunction")) and context.get("businessFunction") != _INVENTORY,
)


def _one_way(label: str, holder: str, on: On, where: Where | None = None) -> None:
    """A schema is given as a text, or by its place, and not as both."""

    def look(said: Said) -> Iterator[Mark]:
        for place, value in every(said.body, holder):
            if isinstance(value, dict) and (where is None or where(value)):
                found = [word for word in _WORDS if given(value.get(word))]
                message = f"{place} has {' and '.join(found) or 'neither schema nor schemaLocation'}"
                yield hold(
                    place, len(found) == 1, expected="one of schema, schemaLocation", found=found, message=message
                )

    CATALOG.add(label, look, on=on, about=f"{holder}: schema or schemaLocation")


_one_way("R63", _OFFERINGS, OFFERING_READ)
_one_way("R64", f"{_CONTEXTS}/contextSchema", OFFERING_READ)
_one_way("R85", "/sourceSchema", SPECIFICATION_READ)


@CATALOG.rule("R63", on=OFFERING_READ, name="needed")
def an_offering_has_a_schema(said: Said) -> Iterator[Mark]:
    """The schema of an offering, where the partners read the clause so that there is one."""
    reading = ("catalog-offering-schema", "needed")
    for shown in said.shown if said.run.reads_as(*reading) else ():
        found = at(shown.value, _OFFERINGS)
        if given(found):
            yield FINE
        else:
            yield breach(f"{shown.place}{_OFFERINGS}", "a schema", found, reading=reading)


@CATALOG.rule(on=OFFERING_READ | SPECIFICATION_READ, name="schema-text")
def texts_are_schemas(said: Said) -> Iterator[Mark]:
    """Each text of a schema is one."""
    for pattern in ("/sourceSchema", _OFFERINGS, f"{_CONTEXTS}/contextSchema"):
        for place, value in every(said.body, pattern):
            if isinstance(at(value, "/schema"), str):
                known = described(said.run.release, value)
                if known is not None and known.validator() is not None:
                    yield FINE
                else:
                    yield breach(f"{place}/schema", "a JSON Schema", value["schema"], hint=True)


# Coverage


def _context_of(entry: Any) -> tuple[str, str] | None:
    function, action = at(entry, "/context/businessFunction"), at(entry, "/context/productAction")
    return (function, action if isinstance(action, str) else _ALL) if isinstance(function, str) else None


@CATALOG.rule("R43", on=OFFERING_READ)
def contexts_cover_everything(said: Said) -> Iterator[Mark]:
    """The contexts of an offering that has any: one for each function and action, and one for the inventory."""
    for shown in said.shown:
        entries = shown.value.get("productOfferingContextualInfo")
        if not isinstance(entries, list) or not entries:
            continue
        known = [context for entry in entries if (context := _context_of(entry))]
        place = f"{shown.place}/productOfferingContextualInfo"
        for function, action in (*product(_FUNCTIONS, _ACTIONS), (_INVENTORY, "")):
            covered = any(each in (function, _ALL) and (not action or mask in (action, _ALL)) for each, mask in known)
            what = f"{function} {action}".strip()
            message = f"{place} has no entry for {what}"
            yield hold(place, covered, expected=what, found=[" ".join(each) for each in known], message=message)


# What a schema is made of

_Compare = Callable[[Described, Described], tuple[int, list[Wider]]]


_SCHEMAS: Final = ("productOfferingSpecification", "productOfferingContextualInfo")


def _source(run: Run, shown: Shown) -> Described | None:
    """The schema of the specification of an offering."""
    known = specification_for(run, shown)
    return described(run.release, known.value.get("sourceSchema")) if known else None


def _own(run: Run, shown: Shown) -> Described | None:
    return described(run.release, shown.value.get("productOfferingSpecification"))


def _contexts(run: Run, shown: Shown) -> Iterator[tuple[str, Described]]:
    for place, entry in every(shown.value, _CONTEXTS):
        known = described(run.release, at(entry, "/contextSchema"))
        if known is not None:
            yield f"{shown.place}{place}/contextSchema", known


def _marks(place: str, narrow: Described, wide: Described, compare: _Compare, of: str) -> Iterator[Mark]:
    compared, found = compare(narrow, wide)
    for each in found[:_TOLD]:
        yield breach(place, f"what {of} allows", str(each), f"{place} is no part of {of}: {each}")
    if compared and not found:
        yield FINE


def _made_of(label: str, compare: _Compare, of: str, *, context: bool, base: str) -> None:
    """A schema against the one that it is made of: the source, the offering's, or the nearest of these."""

    def look(run: Run) -> Iterator[Remark]:
        for shown in offerings_read(run, *_SCHEMAS):
            source, own = _source(run, shown), _own(run, shown)
            wide = {"source": source, "own": own, "nearest": own or source}[base]
            mine = [(f"{shown.place}{_OFFERINGS}", own)] if own and not context else []
            for place, narrow in (*mine, *(_contexts(run, shown) if context else ())):
                for mark in _marks(place, narrow, wide, compare, of) if wide else ():
                    yield on_response(shown.exchange, mark)

    what = "The schema of each context" if context else "The schema of each offering"
    look.__doc__ = f"{what} that was read, against {of}."
    CATALOG.at_end(label)(look)


_SOURCE: Final = "the schema of the specification"
_NEXT: Final = "the schema of the offering"
_made_of("R35", misshapen, _SOURCE, context=False, base="source")
_made_of("R37", wider, _SOURCE, context=False, base="source")
_made_of("R40", wider, _SOURCE, context=True, base="source")
_made_of("R41", wider, _NEXT, context=True, base="own")
_made_of("R42", misshapen, "what it is made of", context=True, base="nearest")


@CATALOG.at_end(("R37", "R40"), name="removed")
def nothing_is_left_out(run: Run) -> Iterator[Remark]:
    """Attributes that a schema leaves out, where the partners read it so that it then allows anything of that name."""
    reading = ("catalog-removed-attribute", "instances")
    for shown in offerings_read(run, *_SCHEMAS) if run.reads_as(*reading) else ():
        source, own = _source(run, shown), _own(run, shown)
        mine = [(f"{shown.place}{_OFFERINGS}", own)] if own else []
        for place, narrow in (*mine, *_contexts(run, shown)):
            gone = removed(narrow, source) if source else []
            for path in gone[:_TOLD]:
                name = "/".join(path)
                message = f"{place} leaves out {name}, so that anything of that name fits it"
                yield on_response(shown.exchange, breach(place, name, MISSING, message, reading=reading))
            if source and not gone:
                yield on_response(shown.exchange, FINE)


def context_for(offering: Mapping[str, Any], function: str, action: str) -> list[Any]:
    """The schemas of an offering for a function and an action, the most exact first: both named, one named, none."""
    ranked: dict[int, list[Any]] = {}
    for _, entry in every(offering, _CONTEXTS):
        named = _context_of(entry)
        if named is None:
            continue
        exact = (named[0] == function, named[1] == action or function == _INVENTORY)
        fits = (exact[0] or named[0] == _ALL) and (exact[1] or named[1] == _ALL)
        if fits:
            ranked.setdefault(sum(exact), []).append((named, at(entry, "/contextSchema")))
    return ranked[max(ranked)] if ranked else []
