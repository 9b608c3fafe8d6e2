"""What a place of a message asked for, and what it asks for now: every change, by who sends it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.record.exchange import Party
from emulator.record.payload import MISSING, as_json, escape
from emulator.standard.comparing.alterations import Alteration, ContractChange, change_of
from emulator.standard.comparing.shapes import ANY, LIMITS, SchemaPart, Schemas, Shape, Slot, narrower


class Messages:
    """The schemas of two documents side by side. `asks`: what is sent as a request asks for something, rather than tells."""

    def __init__(self, old: Schemas, new: Schemas, contract: str, *, asks: bool) -> None:
        self.old, self.new, self._contract, self._asks = old, new, contract, asks
        self._seen = set[tuple[Any, ...]]()

    def compared(self, old: Slot, new: Slot, *, writer: Party, request: bool) -> Iterator[ContractChange]:
        """Every change at a place and below it; what was compared before for the same writer is not again."""
        waiting = [(old, new)]
        while waiting:
            left, right = waiting.pop()
            key = (left.key, right.key, writer, request)
            if key in self._seen:
                continue
            self._seen.add(key)
            pair = self.pair(left, right, writer=writer, request=request)
            yield from pair.changes()
            waiting += reversed(pair.inner())

    def pair(self, old: Slot, new: Slot, *, writer: Party, request: bool) -> Pair:
        """What one place asks for in both documents."""
        found = Pair(self.old.shape(old), self.new.shape(new), self._contract, writer)
        found.request, found.asks = request, request and self._asks
        return found


class Pair:
    """Two shapes of one place."""

    request = asks = False

    def __init__(self, old: Shape, new: Shape, contract: str, writer: Party) -> None:
        self.old, self.new, self._contract, self._writer = old, new, contract, writer

    def inner(self) -> list[tuple[Slot, Slot]]:
        """What has to be compared below."""
        old, new = self.old, self.new
        found = [(slot, new.members[name]) for name, slot in old.members.items() if name in new.members]
        if old.items and new.items:
            found.append((old.items, new.items))
        found += [(slot, new.variants[name]) for name, slot in old.variants.items() if name in new.variants]
        if isinstance(old.others, dict) and isinstance(new.others, dict):
            left, right = old.told["others"], new.told["others"]
            found.append((Slot((SchemaPart(left, old.others),)), Slot((SchemaPart(right, new.others),))))
        return found

    def changes(self) -> Iterator[ContractChange]:
        """Every change at this place, and none below it."""
        yield from self._types()
        if not self.old.types & self.new.types:
            return  # nothing that was right is, whatever else is said of it
        yield from self._members()
        yield from self._values()
        yield from self._variants()
        yield from self._limits()

    def _of(self, what: Alteration, where: str, *, old: Any = None, new: Any = None) -> ContractChange:
        return change_of(self._contract, what, where, self._writer, old=old, new=new)

    def _types(self) -> Iterator[ContractChange]:
        old, new = self.old.types, self.new.types
        if old != new:
            what = Alteration.TYPE_NARROWER if new < old else Alteration.TYPE_WIDER if old < new else Alteration.TYPE
            where = self.new.told.get("type", self.new.where)
            yield self._of(what, where, old=_named(old), new=_named(new))

    def _members(self) -> Iterator[ContractChange]:
        old, new = self.old, self.new
        if not old.members and not old.required and "object" not in old.types & new.types:
            return
        for name in dict.fromkeys([*old.members, *old.required, *new.members, *new.required]):
            was, is_ = name in old.members or name in old.required, name in new.members or name in new.required
            asked, asks = name in old.required, name in new.required
            if was and not is_:
                where = self._place(old, name)
                if self.asks:
                    yield self._of(Alteration.MEMBER_UNREAD, where)
                if asked or not self.asks:
                    yield self._of(Alteration.MEMBER_PROMISE_GONE if asked else Alteration.MEMBER_GONE, where)
            elif asks and not asked:
                what = Alteration.MEMBER_DEMANDED if was else Alteration.MEMBER_NEEDED
                yield self._of(what, self._place(new, name))
            elif asked and not asks:
                yield self._of(Alteration.MEMBER_OPTIONAL, self._place(new, name))
            elif not was:
                yield self._of(Alteration.MEMBER_ADDED, self._place(new, name))

    @staticmethod
    def _place(shape: Shape, name: str) -> str:
        """Where a member is told of: where it is described, else where it is demanded."""
        if name in shape.members:
            return shape.members[name].where
        return f"{shape.required[name]}/properties/{escape(name)}"

    def _values(self) -> Iterator[ContractChange]:
        old, new = self.old.values, self.new.values
        where = self.new.told.get("enum", self.old.told.get("enum", ""))
        if old is None or new is None:
            if old is not None or new is not None:
                what = Alteration.LIMIT_WIDER if new is None else Alteration.LIMIT_NARROWER
                yield self._of(what, where, old=_listed(old), new=_listed(new))
            return
        for value in old:
            if value not in new:
                yield self._of(Alteration.VALUE_GONE, self.old.told["enum"], old=value)
        for value in new:
            if value not in old:
                yield self._of(Alteration.VALUE_ADDED, where, new=value)

    def _variants(self) -> Iterator[ContractChange]:
        old, new = self.old.variants, self.new.variants
        for name in old:
            if name not in new:
                yield self._of(Alteration.VARIANT_GONE, self.old.told["variants"], old=name)
        for name in new:
            if name not in old:
                yield self._of(Alteration.VARIANT_ADDED, self.new.told["variants"], new=name)

    def _limits(self) -> Iterator[ContractChange]:
        old, new = self.old, self.new
        for keyword in LIMITS:
            left, right = old.limits.get(keyword, MISSING), new.limits.get(keyword, MISSING)
            if (left is MISSING and right is MISSING) or _same(left, right):
                continue
            yield self._limit(keyword, narrower(keyword, left, right), left, right)
        left, right = old.others, new.others
        if isinstance(left, bool) != isinstance(right, bool) or (isinstance(left, bool) and left != right):
            tighter = True if left is True or right is False else False if right is True or left is False else None
            yield self._limit("others", tighter, left, right)
        if self.request and old.read_only != new.read_only:
            yield self._of(Alteration.READ_ONLY if new.read_only else Alteration.WRITABLE, new.where)

    def _limit(self, keyword: str, tighter: bool | None, old: Any, new: Any) -> ContractChange:
        what = {True: Alteration.LIMIT_NARROWER, False: Alteration.LIMIT_WIDER, None: Alteration.LIMIT}[tighter]
        told = "additionalProperties" if keyword == "others" else keyword
        where = self.new.told.get(keyword, self.old.told.get(keyword, self.new.where))
        return self._of(what, where, old=_limited(told, old), new=_limited(told, new))


def _limited(keyword: str, value: Any) -> str:
    return f"no {keyword}" if value is MISSING else f"{keyword} {as_json(value, 60)}"


def _listed(values: dict[str, str] | None) -> str:
    return "any value" if values is None else "one of " + ", ".join(values)


def _named(types: frozenset[str]) -> str:
    """Types for people: a number may be an integer anyway."""
    shown = sorted(types - {"integer"} if "number" in types else types)
    return "anything" if types == ANY else " or ".join(shown)


def _same(left: Any, right: Any) -> bool:
    return left is not MISSING and right is not MISSING and as_json(left, 10_000) == as_json(right, 10_000)
