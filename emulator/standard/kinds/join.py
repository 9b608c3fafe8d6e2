"""Rules and sheet together: the facts of an API, complete, or every reason why they are not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, Literal

from emulator.standard.kinds.checks import Around, Checks, check_free, has_member, plain_json
from emulator.standard.kinds.facts import (
    SHEET,
    Act,
    Cycle,
    Event,
    Filter,
    Kind,
    Kinds,
    Move,
    Operation,
    Reference,
    Slip,
)
from emulator.standard.kinds.infer import Inferred, Open
from emulator.standard.kinds.join_events import join_event
from emulator.standard.kinds.sheet import CycleSays, KindSays, Sheet
from emulator.standard.lifecycle import Lifecycle

_FREE: Final = ("at_once", "list", "task", "raised", "holds", "open", "fill", "keep")
"""What of a kind is handed on as the sheet has it."""


def join(
    inferred: Inferred, sheet: Sheet, around: Around, problems: list[str], left: list[Open] | None = None
) -> Kinds:
    """The facts with what the sheet adds. What is wrong or still open goes to `problems`, as `file:line:col: …`.

    With `left`, what is open goes there, contradictions that nobody noted among it (as `slips/…`).
    """
    return _Join(inferred, sheet, around, problems, left).facts()


class _Join:
    def __init__(
        self, inferred: Inferred, sheet: Sheet, around: Around, problems: list[str], left: list[Open] | None
    ) -> None:
        self._inferred, self._sheet, self._around, self._left = inferred, sheet, around, left
        self._checks = Checks(sheet, around, problems)
        self._said: set[tuple[str, ...]] = set()
        self._nobody_knows: set[str] = set()

    def facts(self) -> Kinds:
        facts, sheet = self._inferred.facts, self._sheet
        self._checks.strangers(("kinds",), sheet.kinds, facts.kinds, "kind of this API")
        self._checks.strangers(("events",), sheet.events, facts.events, "event of this API")
        self._checks.strangers(
            ("slips",), sheet.slips, {slip.key: slip for slip in facts.slips}, "contradiction in the contract"
        )
        kinds = {name: self._kind(kind, sheet.kinds.get(name, KindSays())) for name, kind in facts.kinds.items()}
        operations = {name: self._operation(each) for name, each in facts.operations.items()}
        events = {name: self._event(each) for name, each in facts.events.items()}
        slips = tuple(self._slip(each) for each in facts.slips)
        for each in self._inferred.open:
            if each.key not in self._said:
                self._is_open(each.key, each.key[:1], f"{each.what}, no rule says")
        for n, key in enumerate(sheet.open):
            if key not in self._nobody_knows:
                self._checks.wrong(("open", str(n)), f"{key} is not open: leave it out")
        return Kinds(facts.api, kinds, operations, events, slips)

    def _is_open(self, key: tuple[str, ...], place: tuple[str, ...], what: str, told: str = "") -> None:
        """A fact that stays open: the sheet says that nobody knows it, or else it is wrong, and that is `told`."""
        name = "/".join(key)
        if name in self._sheet.open:
            self._nobody_knows.add(name)
        elif self._left is not None:
            self._left.append(Open(key, what))
        else:
            self._checks.wrong(place, told or f"{name} is open: {what}")

    # -- kinds -------------------------------------------------------------------------------------

    def _kind(self, kind: Kind, says: KindSays) -> Kind:
        place = ("kinds", kind.name)
        cycle = self._cycle(
            (*place, "lifecycle"), kind, kind.name, kind.state.schema if kind.state else None, says.lifecycle
        )
        items = kind.items
        if says.items and items is None:
            self._checks.wrong((*place, "items"), f"a {kind.name} has no items with a state")
        if items:
            at, own = (*place, "items", "lifecycle"), says.items.lifecycle if says.items else None
            items = replace(items, cycle=self._cycle(at, kind, f"{kind.name}Item", items.state.schema, own))
        made_by = kind.made_by
        if says.made_by:
            if says.made_by == made_by:
                self._checks.repeats((*place, "made_by"))
            made_by = says.made_by
        kind = self._given(replace(kind, cycle=cycle, items=items, made_by=made_by), says)
        check_free(kind, says, self._checks)
        said = {key: plain_json(value) for key in _FREE if (value := getattr(says, key))}
        return replace(
            kind,
            acts=self._acts(kind, says),
            moved=self._moved(kind, says),
            references=(
                *(each for each in kind.references if each.at not in says.references),
                *self._references(kind, says),
            ),
            said=said,
            rules={**kind.rules, "made_by": SHEET} if says.made_by else kind.rules,
        )

    def _given(self, kind: Kind, says: KindSays) -> Kind:
        """The kind with what the request that makes one can say by an erratum: it comes back, and is not the seller's."""
        place = ("kinds", kind.name, "given")
        for member, erratum in says.given.items():
            if member in kind.echo:
                self._checks.repeats((*place, member))
            if erratum not in self._around.errata:
                self._checks.wrong((*place, member), f"there is no erratum {erratum}")
        self._checks.strangers(place, says.given, (*kind.own, *kind.echo), f"member of a {kind.name}")
        theirs = says.given
        return replace(
            kind,
            echo=(*kind.echo, *(each for each in theirs if each not in kind.echo)),
            own=tuple(each for each in kind.own if each not in theirs),
            needed=tuple(each for each in kind.needed if each not in theirs),
        )

    def _cycle(
        self, place: tuple[str, ...], kind: Kind, usual: str, schema: str | None, says: CycleSays | None
    ) -> Cycle | None:
        """The lifecycle whose schema is the state's enum; of several the one named as the kind is, or what is said."""
        fitting = [name for name, one in self._around.lifecycles.items() if one.schema == schema]
        default = usual if usual in fitting else fitting[0] if len(fitting) == 1 else None
        if says is None:
            if fitting and default is None:
                self._is_open(place, place[:2], f"{', '.join(fitting)} have its states")
            return Cycle({"": default}, "K2") if default else None
        named = {"": says.name} if says.name else dict(says.values)
        for value, name in named.items():
            if name not in fitting:
                at = (*place, "values", value) if value else (*place, "name")
                self._checks.wrong(at, f"there is no lifecycle {name!r} with the states of {schema}")
        if says.name and says.name == default:
            self._checks.repeats((*place, "name"))
        on = tuple(pointer for pointer in (says.by, says.other) if pointer)
        for key, pointer in zip(("by", "or"), on, strict=False):
            self._checks.pointer((*place, key), kind.name, pointer)
        return Cycle(named, SHEET, on)

    def _acts(self, kind: Kind, says: KindSays) -> dict[str, Act]:
        place = ("kinds", kind.name, "acts")
        self._checks.strangers(place, says.acts, kind.acts, f"act on a {kind.name}")
        found = {}
        for name, act in kind.acts.items():
            said = says.acts.get(name)
            to, by = act.to, act.by
            if said and said.to:
                self._said.add((*place, name))
                if said.to == act.to and not said.then:
                    self._checks.repeats((*place, name, "to"))
                to, by = said.to, SHEET
            elif to and self._is_guessed((*place, name), kind, to):
                to = ""
            for state in (to, said.then if said else ""):
                self._checks.state((*place, name), kind, state)
            if to and not self._by_buyer(kind, to):
                what = f"no lifecycle lets the buyer bring a {kind.name} to {to}: say where {name} leads"
                self._is_open((*place, name), (*place, name), what, what)
                to = ""
            for pointer in said.adds if said else ():
                self._checks.pointer((*place, name, "adds", pointer), kind.name, pointer)
            found[name] = replace(act, to=to, by=by)
            if said:
                adds = {key: dict(value) for key, value in said.adds.items()}
                found[name] = replace(found[name], then=said.then, also=said.also, adds=adds, clause=said.clause)
        return found

    def _is_guessed(self, key: tuple[str, ...], kind: Kind, to: str) -> bool:
        """Whether nobody knows that an act leads where its name says: no lifecycle tells, and the sheet says so."""
        if self._cycles_of(kind):
            return False
        name = "/".join(key)
        if self._left is not None:
            self._left.append(Open(key, f"whether it leads to {to}: no lifecycle is known"))
        elif name in self._sheet.open:
            self._nobody_knows.add(name)
            return True
        return False

    def _cycles_of(self, kind: Kind) -> list[Lifecycle]:
        schema = kind.state.schema if kind.state else None
        return [one for one in self._around.lifecycles.values() if one.schema == schema]

    def _by_buyer(self, kind: Kind, to: str) -> bool:
        """Whether the buyer can bring it to a state, by any lifecycle; where there is none, nobody knows better."""
        cycles = self._cycles_of(kind)
        return not cycles or any(
            (arrow.target, arrow.by) == (to, "buyer") for one in cycles for arrow in one.transitions
        )

    def _moved(self, kind: Kind, says: KindSays) -> dict[str, Move]:
        place = ("kinds", kind.name, "moved")
        for state, said in says.moved.items():
            self._checks.state((*place, state), kind, state)
            if said.at and not said.by:
                self._checks.pointer((*place, state, "at"), kind.name, said.at)
            elif said.at:
                self._checks.pointer((*place, state, "at"), said.by, said.at)
            if said.by and said.by not in self._around.kinds and said.by not in self._inferred.facts.operations:
                self._checks.wrong((*place, state, "by"), f"{said.by} is neither a kind nor an operation of this API")
        return {
            state: Move(state, said.by, said.at, dict(said.when), said.clause) for state, said in says.moved.items()
        }

    def _references(self, kind: Kind, says: KindSays) -> Iterator[Reference]:
        known = {each.at: each.to for each in kind.references}
        for pointer, said in says.references.items():
            place = ("kinds", kind.name, "references", pointer)
            self._said.add(place)
            self._checks.pointer(place, kind.name, pointer)
            if known.get(pointer) == said.of:
                self._checks.repeats(place)
            if said.of not in self._around.kinds:
                self._checks.wrong((*place, "of"), f"there is no kind {said.of}")
            elif said.within and not has_member(self._around.kinds[said.of], said.within):
                self._checks.wrong((*place, "within"), f"a {said.of} has no {said.within}")
            last = pointer.rpartition("/")[2]
            yield Reference(pointer, said.of, SHEET, id="id" if last == "*" else last, within=said.within)

    def _operation(self, operation: Operation) -> Operation:
        says = self._sheet.kinds.get(operation.kind, KindSays())
        if operation.view not in {"list", "query"}:
            return operation
        place = ("kinds", operation.kind, "filters")
        found = dict(operation.filters)
        for name, said in says.filters.items():
            self._said.add((*place, name))
            self._checks.pointer((*place, name, "to"), operation.kind, said.to)
            if found.get(name) and found[name].to == (said.to,):
                self._checks.repeats((*place, name))
            op: Literal["gt", "lt", "eq"] = "gt" if name.endswith(".gt") else "lt" if name.endswith(".lt") else "eq"
            found[name] = Filter(name, op, (said.to,), SHEET)
        if operation.view == "list" and says.list:
            for name, to in says.list.more.items():
                if name in operation.filters:
                    self._checks.repeats(("kinds", operation.kind, "list", "more", name))
                self._checks.pointer(("kinds", operation.kind, "list", "more", name), operation.kind, to)
                found[name] = Filter(name, "eq", (to,), SHEET)
        return replace(operation, filters=found)

    def _event(self, event: Event) -> Event:
        says = self._sheet.events.get(event.operation)
        if says is None:
            return event
        facts = self._inferred.facts
        return join_event(event, says, facts, self._around, self._checks, self._said)

    def _slip(self, slip: Slip) -> Slip:
        says = self._sheet.slips.get(slip.key)
        if says is None:
            if self._left is not None:
                self._left.append(Open(("slips", slip.key), slip.what))
            else:
                what = f"{slip.key}: {slip.what}: no erratum, reading or reason is noted for that"
                self._checks.wrong(("slips",), what)
            return slip
        place = ("slips", slip.key)
        if says.erratum and says.erratum not in self._around.errata:
            self._checks.wrong((*place, "erratum"), f"the release has no erratum {says.erratum}")
        if says.reading and says.reading not in self._around.interpretations:
            self._checks.wrong((*place, "reading"), f"the register has no entry {says.reading}")
        noted = says.erratum or says.reading or says.because
        if not noted:
            self._checks.wrong(place, "erratum, reading or because is needed")
        return replace(slip, noted=noted)
