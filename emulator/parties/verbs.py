"""Verbs: what happens to resources and has no operation of their API, whoever wants it: a hand, a profile, a scenario, a hook."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from emulator.errors import hint
from emulator.parties.apis import Action, Context, Course, Verb, verbs_of
from emulator.parties.coherence import Loose
from emulator.parties.desk import NotNow
from emulator.parties.sections import ByItself
from emulator.parties.signals import was_given
from emulator.parties.store import Resource
from emulator.standard.lifecycle import IllegalTransition
from emulator.standard.release import Release

_LOG: Final = logging.getLogger(__name__)
_TO_COME: Final = "does"
"""The kind of resource that stands for what is still to be done."""
_DO: Final = "does.do"


def known_verb(release: Release, kind: str, verb: str, words: Mapping[str, Any]) -> Verb:
    """The facts of a verb. NotNow, with what is known, where a kind has no such verb or a verb no such words."""
    every = verbs_of(release)
    verbs = every.get(kind, {})
    if verb not in verbs:
        having = ", ".join(sorted(each for each in every if every[each]))
        known = f"; {hint(verb, verbs)}" if verbs else f"; what has some: {having}"
        raise NotNow(f"a {kind:.60} has no verb {verb!r:.60}{known}")
    found = verbs[verb]
    for word in words:
        if word not in found.words:
            known = f"; known: {', '.join(found.words)}" if found.words else ""
            raise NotNow(f"{verb} of a {kind} has no word {word!r:.60}{known}")
    return found


class Doer:
    """Does verbs in the runs of one seller, and what a profile has it do by itself."""

    def __init__(self, context: Context, course: Callable[[str], Course]) -> None:
        self._context, self._course = context, course
        self._planned = {str(index): each for index, each in enumerate(context.profile.does)}

    @property
    def actions(self) -> dict[str, Action]:
        """The timer actions."""
        return {_DO: self._come}

    def do(self, run: str, kind: str, verb: str, resource: Resource | None, words: Mapping[str, Any]) -> str:
        """Do a verb now; says what came of it. NotNow where something stands in its way, and then nothing is changed."""
        says = known_verb(self._context.release, kind, verb, words)
        if says.whole != (resource is None):
            raise NotNow(
                f"{verb} is done to {'no' if says.whole else 'a'} {kind}: {'name none' if says.whole else 'name one'}"
            )
        store, desk = self._context.store, self._context.desk
        try:
            with store.transaction():
                return self._course(kind).does(verb, run, resource, words, desk.now())
        except IllegalTransition as error:
            raise NotNow(f"what belongs to it cannot follow: {error}") from error

    def all(self, run: str, each: ByItself) -> list[str]:
        """Do it to what it is meant for, where that is possible; says what came of each. NotNow where it comes to nothing."""
        found = list[Resource | None]()
        if verbs_of(self._context.release)[each.of][each.do].whole:
            found = [None]
        elif each.id is not None:
            found = [one] if (one := self._context.store.get(run, each.of, each.id)) is not None else []
        else:
            found = list(self._context.store.all(run, each.of))
        told, reasons = list[str](), list[str]()
        for one in found:
            try:
                told.append(self.do(run, each.of, each.do, one, each.words))
            except NotNow as reason:
                reasons.append(str(reason))
        if not told:
            raise NotNow(reasons[0] if reasons else f"there is no {each.of}")
        return told

    # -- by itself ---------------------------------------------------------------------------------

    def begin(self, run: str) -> None:
        """A run begins: all that the profile says is to come."""
        for name, each in self._planned.items():
            coming = Resource(run, _TO_COME, name, {"signal": each.signal}, self._context.desk.now())
            self._context.store.add(coming)
            if each.signal is None or was_given(self._context.store, run, each.signal):
                self._later(coming, each)

    def signalled(self, run: str, signal: str) -> int:
        """Have that be done which waited for a signal; returns how much did."""
        store, found = self._context.store, 0
        for coming in list(store.all(run, _TO_COME)) if self._planned else ():
            if coming.body["signal"] == signal and coming.id in self._planned:
                coming.body["signal"] = None
                store.update(coming)
                self._later(coming, self._planned[coming.id])
                found += 1
        return found

    def _later(self, coming: Resource, each: ByItself) -> None:
        self._context.desk.later(coming, each.after_seconds or 0.0, _DO)

    def _come(self, coming: Resource, _: Mapping[str, Any], __: datetime) -> None:
        self._context.store.remove(coming.run, _TO_COME, coming.id)
        if coming.id in self._planned:
            each = self._planned[coming.id]
            try:
                self.all(coming.run, each)
            except NotNow as reason:
                _LOG.warning("%s of %s came to nothing: %s", each.do, each.of, reason)


def problems_of_verbs(does: Sequence[ByItself], release: Release, place: str = "/does") -> Iterator[Loose]:
    """What is wrong with what is to be done by itself: kinds without verbs, verbs and words that there are not."""
    for index, each in enumerate(does):
        verbs = verbs_of(release)
        if each.of not in verbs:
            yield f"{place}/{index}/of", False, f"nothing is done to a {each.of:.60}; {hint(each.of, verbs)}"
            continue
        try:
            says = known_verb(release, each.of, each.do, each.words)
        except NotNow as problem:
            yield f"{place}/{index}", False, str(problem)
            continue
        if says.whole and each.id is not None:
            yield f"{place}/{index}/id", False, f"{each.do} is done to no {each.of} in particular: leave out id"
