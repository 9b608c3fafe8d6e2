"""What a hand in an emulator can do, from the page and from `oit control`: each action in words, with its command line."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import orjson

from emulator.conduct.standing import PLAIN
from emulator.console.faulting import lasting_of
from emulator.console.source import Source
from emulator.errors import UserError
from emulator.hosting import Emulation
from emulator.parties.archive import delete_run, lines, tally
from emulator.parties.clock import rfc3339
from emulator.parties.database import Database
from emulator.parties.hand import Hand, Refused
from emulator.parties.hand_doing import do
from emulator.parties.restoring import restore
from emulator.scenario.duration import seconds
from emulator.scenario.preparing import PersonAsking


class Action(StrEnum):
    """What can be done."""

    ADVANCE = "advance"
    MAKE = "make"
    SET = "set"
    MOVE = "move"
    DO = "do"
    EVENT = "event"
    FAULT = "fault"
    BEHAVE = "behave"
    SNAPSHOT = "snapshot"
    RESTORE = "restore"
    RESET = "reset"
    PREPARED = "prepared"
    DONE = "done"


class BadAsk(UserError):  # noqa: N818 - it is what it says
    """What was asked for makes no sense; says why."""


@dataclass(frozen=True, slots=True)
class Did:
    """What was done, in words, and the command line that does the same. A snapshot is a file besides."""

    did: str
    command: str
    file: bytes | None = None


_NEEDS: Final[Mapping[Action, tuple[str, ...]]] = {
    Action.ADVANCE: ("by",),
    Action.MAKE: ("run", "kind"),
    Action.SET: ("run", "kind", "id"),
    Action.MOVE: ("run", "kind", "id", "state"),
    Action.DO: ("run", "kind", "verb"),
    Action.EVENT: ("run", "api", "event", "id"),
    Action.SNAPSHOT: ("run",),
    Action.RESTORE: ("file",),
    Action.RESET: ("run",),
}


class Control:
    """One object for all that changes something. What it cannot do here it is not `able` to, and says why."""

    def __init__(
        self,
        source: Source,
        *,
        database: Database | None = None,
        done: Callable[[], str] | None = None,
        asking: PersonAsking | None = None,
    ) -> None:
        """`done` says that a partner has nothing more to send, and what became of that; `asking` is who is asked to have a
        partner do things.
        """
        self._source, self._database, self._done, self.asking = source, database, done, asking

    # -- what there is -----------------------------------------------------------------------------

    def able(self) -> list[str]:
        """The actions that can be done now."""
        return [str(action) for action in Action if self._unable(action) is None]

    def _unable(self, action: Action) -> str | None:
        emulation = self._source.current()
        if action in (Action.SNAPSHOT, Action.RESTORE, Action.RESET):
            if self._database is None:
                return "a seller in memory has no snapshot, restore or reset; start it with a --database for that"
            return None
        if action is Action.PREPARED:
            return None if self.asking is not None else "nobody is asked for anything here (oit run --interactive)"
        if action is Action.DONE:
            return None if self._done is not None else "nobody is waited for here"
        if emulation is None:
            return "no seller of ours is here to have a hand in"
        if action is Action.ADVANCE and emulation.pacing is None:
            return "the time of this seller is not to be changed"
        if action is Action.BEHAVE and emulation.moods is None:
            return "how this seller behaves is not to be changed here: use the console of `oit seller`"
        if action is Action.FAULT and emulation.faults is None:
            return "faults are made at a seller's own door: use the console of that seller"
        return None

    # -- what is done ------------------------------------------------------------------------------

    def do(self, name: str, asked: Any) -> Did:
        """Do it. BadAsk for what makes no sense, Refused for what cannot be done now."""
        try:
            action = Action(name)
        except ValueError as error:
            raise BadAsk(f"there is no action {name!r:.40}; known: {', '.join(Action)}") from error
        if not isinstance(asked, dict):
            raise BadAsk("the body has to be a JSON object")
        if (reason := self._unable(action)) is not None:
            raise Refused(reason)
        for member in _NEEDS.get(action, ()):
            if not isinstance(asked.get(member), str):
                raise BadAsk(f"{action} needs {member!r}, a text")
        for member in ("sure", "lawless", "clear"):
            if asked.get(member) not in (None, True, False):
                raise BadAsk(f"{member!r} has to be true or false")
        for member in ("item", "run", "id", "name"):
            if asked.get(member) is not None and not isinstance(asked[member], str):
                raise BadAsk(f"{member!r} has to be a text")
        return {
            Action.ADVANCE: self._advance,
            Action.MAKE: self._make,
            Action.SET: self._set,
            Action.MOVE: self._move,
            Action.DO: self._verb,
            Action.EVENT: self._event,
            Action.FAULT: self._fault,
            Action.BEHAVE: self._behave,
            Action.SNAPSHOT: self._snapshot,
            Action.RESTORE: self._restore,
            Action.RESET: self._reset,
            Action.PREPARED: self._prepared,
            Action.DONE: self._over,
        }[action](asked)

    def _advance(self, asked: dict[str, Any]) -> Did:
        try:
            length = seconds(asked["by"])
            now = self._pacing().advance(length)
        except ValueError as error:
            raise BadAsk(f"by: {error}") from error
        return Did(f"our time went ahead by {asked['by']}: it is {rfc3339(now)}", _line("advance", asked["by"]))

    def _pacing(self) -> Any:
        emulation = self._source.current()
        assert emulation is not None
        return emulation.pacing

    def _make(self, asked: dict[str, Any]) -> Did:
        emulation, run = self._of(asked["run"])
        kind, body = asked["kind"], _object(asked, "body", needed=False)
        identifier, state = Hand(emulation.seller).make(run, kind, body, asked.get("id"))
        shown = orjson.dumps(body).decode() if body else None
        is_now = f", {state}" if state else ""
        command = _line("make", kind, run=asked["run"], id=asked.get("id"), body=shown)
        return Did(f"{kind} {identifier} is there{is_now}", command)

    def _set(self, asked: dict[str, Any]) -> Did:
        emulation, run = self._of(asked["run"])
        kind, identifier, body = asked["kind"], asked["id"], _object(asked, "body")
        _on_purpose(asked, Hand(emulation.seller), run, kind)
        now = Hand(emulation.seller).change(run, kind, identifier, body)
        shown = orjson.dumps(body).decode()
        command = _line("set", kind, identifier, shown, run=asked["run"], sure=asked.get("sure"))
        what = (
            f"{kind} {identifier} has"
            if now == identifier
            else f"{kind} {identifier} stays, and its new version {now} has"
        )
        return Did(f"{what} other {', '.join(body)}", command)

    def _move(self, asked: dict[str, Any]) -> Did:
        emulation, run = self._of(asked["run"])
        kind, identifier, state, item = asked["kind"], asked["id"], asked["state"], asked.get("item")
        _on_purpose(asked, Hand(emulation.seller), run, kind)
        lawless = bool(asked.get("lawless"))
        if lawless and item is not None:
            raise BadAsk("only a whole resource goes where no lifecycle leads")
        old = Hand(emulation.seller).move(run, kind, identifier, state, item, lawless=lawless)
        what = f"{kind} {identifier}" if item is None else f"item {item} of {kind} {identifier}"
        options = {"item": item, "lawless": lawless, "sure": asked.get("sure")}
        command = _line("move", kind, identifier, state, run=asked["run"], **options)
        return Did(f"{what} went from {old} to {state}", command)

    def _verb(self, asked: dict[str, Any]) -> Did:
        emulation, run = self._of(asked["run"])
        kind, verb, identifier = asked["kind"], asked["verb"], asked.get("id")
        words = _object(asked, "with", needed=False)
        came = do(emulation.seller, run, kind, verb, identifier, words)
        shown = orjson.dumps(words).decode() if words else None
        command = _line("do", kind, verb, *([identifier] if identifier else []), run=asked["run"], **{"with": shown})
        return Did(f"{verb}: {came}", command)

    def _event(self, asked: dict[str, Any]) -> Did:
        emulation, run = self._of(asked["run"])
        api, event, identifier, item = asked["api"], asked["event"], asked["id"], asked.get("item")
        _on_purpose(asked, Hand(emulation.seller), run, api)
        told = Hand(emulation.seller).tell(run, api, event, identifier, item)
        command = _line("event", api, event, identifier, run=asked["run"], item=item, sure=asked.get("sure"))
        return Did(f"{event} about {identifier} goes to {told} subscription(s)", command)

    def _fault(self, asked: dict[str, Any]) -> Did:
        emulation = self._source.current()
        assert emulation is not None
        assert emulation.faults is not None
        if asked.get("clear"):
            return Did(f"{emulation.faults.lift()} fault(s) lifted", _line("fault", clear=True))
        wanted = {name: value for name, value in asked.items() if name != "clear"}
        try:
            lasting = lasting_of(wanted, emulation.seller.context.release)
        except ValueError as error:
            raise BadAsk(f"fault: {error}") from error
        emulation.faults.arm(lasting)
        often = "until it is lifted" if lasting.left is None else f"{lasting.left} time(s)"
        words = {name: value for name, value in wanted.items() if name != "operation"}
        return Did(f"{lasting.operation}: {lasting.what}, {often}", _line("fault", lasting.operation, **words))

    def _behave(self, asked: dict[str, Any]) -> Did:
        emulation, name, clear = self._source.current(), asked.get("name"), bool(asked.get("clear"))
        assert emulation is not None
        assert emulation.moods is not None
        if name is None and not clear:
            raise BadAsk("behave needs 'name', a behaviour; or 'clear': true, which ends all of them")
        try:
            emulation.moods.lift(name) if clear else emulation.moods.take(str(name))
        except UserError as error:
            raise BadAsk(f"behave: {error}") from error
        now = ", ".join(emulation.moods.names) or "as its profile says"
        words = [name] if name is not None else []
        return Did(f"our seller behaves so: {now}", _line("behave", *words, clear=clear))

    def _snapshot(self, asked: dict[str, Any]) -> Did:
        self._known(asked["run"])
        file = b"".join(lines(self._kept(), self._store_run(asked["run"])))
        return Did(f"run {asked['run']} as a file", _line("snapshot", run=asked["run"]), file)

    def _restore(self, asked: dict[str, Any]) -> Did:
        given = asked["file"].encode("utf-8", "surrogatepass").splitlines(keepends=True)
        run = asked.get("run")
        wanted = None if run is None else self._store_run(run)
        name = restore(self._kept(), "the file", given, wanted)
        return Did(f"run {name or 'plain-path'} is back", _line("restore", "FILE", run=run))

    def _reset(self, asked: dict[str, Any]) -> Did:
        self._known(asked["run"])
        run = self._store_run(asked["run"])
        rows = delete_run(self._kept(), run)
        return Did(f"run {asked['run']} begins anew; {rows} row(s) are gone", _line("reset", run=asked["run"]))

    def _prepared(self, asked: dict[str, Any]) -> Did:
        assert self.asking is not None
        had = not asked.get("clear")
        what = self.asking.answer(had=had)
        return Did(f"{what}: {'it is done' if had else 'not to be had'}", _line("prepared", **{"not": not had}))

    def _over(self, _: dict[str, Any]) -> Did:
        assert self._done is not None
        return Did(self._done(), _line("done"))

    # -- finding -----------------------------------------------------------------------------------

    def _of(self, run: str) -> tuple[Emulation, str | None]:
        found = self._source.emulation(run)
        if found is None:
            raise Refused("no seller of ours is here to have a hand in")
        return found

    def _kept(self) -> Database:
        assert self._database is not None
        return self._database

    def _known(self, run: str) -> None:
        if not any(one.run == self._store_run(run) for one in tally(self._kept())):
            raise Refused(f"there is no run {run!r:.100} here", unknown=True)

    @staticmethod
    def _store_run(run: str) -> str:
        return "" if run == PLAIN else run


def _object(asked: Mapping[str, Any], member: str, *, needed: bool = True) -> dict[str, Any]:
    """A JSON object among what is asked. BadAsk where it is none, or empty and `needed`."""
    found = asked.get(member)
    if found is None and not needed:
        return {}
    if not isinstance(found, dict) or (needed and not found):
        raise BadAsk(f"{member!r} has to be a JSON object, with members of the resource")
    return found


def _on_purpose(asked: dict[str, Any], hand: Hand, run: str | None, of: str) -> None:
    """Refused for what is done to something whose life is over, and not said to be meant so."""
    identifier, item = asked["id"], asked.get("item")
    state = None if asked.get("sure") else hand.ended(run, of, identifier, item)
    if state is not None:
        what = identifier if item is None else f"item {item} of {identifier}"
        raise Refused(f"{what} is {state}, and that is its end: say that you are sure (--sure, or 'sure': true)")


def _line(action: str, *arguments: str, **options: Any) -> str:
    """`oit control …` that does the same."""
    words = ["oit", "control", action, *arguments]
    for name, value in options.items():
        dashed = "--" + "".join(f"-{c.lower()}" if c.isupper() else c for c in name)
        if value is True:
            words.append(dashed)
        elif isinstance(value, dict):
            words += [dashed, ":".join(str(part) for part in value.values())]
        elif value not in (None, False):
            words += [dashed, ",".join(map(str, value)) if isinstance(value, list) else str(value)]
    return shlex.join(words)
