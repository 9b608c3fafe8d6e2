"""What the Buyer answers to a charge (MEF 123, 6.13)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulator.judge.named import CHARGE
from emulator.judge.rule import FINE, Mark, requests
from emulator.judge.rulebook import breach, hold
from emulator.judge.rules import common
from emulator.judge.rules.order.book import ORDER
from emulator.judge.rules.order.charging import API, CHARGE_WHOLE, OPEN, by_id
from emulator.judge.run import Said, Shown
from emulator.judge.showing import View
from emulator.record.payload import MISSING, at, every

ANSWER: Final = requests(API, "patchCharge")


# The Buyer's answer


@ORDER.rule(("R94", "R95"), on=ANSWER)
def every_item_is_answered_at_once(said: Said) -> Iterator[Mark]:
    """The chargeItem ids of an answer against those of the charge as it was read last."""
    last = _last_read(said)
    wanted = [at(item, "/id") for _, item in every(last, "/chargeItem/*") if at(item, "/state") == OPEN]
    answered = [at(item, "/id") for _, item in every(said.body, "/chargeItem/*")]
    for identifier in wanted:
        if isinstance(identifier, str):
            yield hold("/chargeItem", identifier in answered, expected=identifier, found=answered,
                       message=f"charge item {identifier} is not answered")  # fmt: skip


def _last_read(said: Said) -> Any:
    """The charge that is answered, as it was read last."""
    life = said.run.life(CHARGE, said.exchange.path_params.get("id"))
    last = life.last_before(said.exchange) if life else None
    return last.value if last else MISSING


ORDER.present("R94", "/chargeItem/*", "/acceptanceIndicator", on=ANSWER, name="indicator")


@ORDER.rule("R94", on=ANSWER, name="known")
def only_items_of_the_charge_are_answered(said: Said) -> Iterator[Mark]:
    """The chargeItem ids of an answer against those of the charge as it was read last."""
    known = {identifier for _, identifier in every(_last_read(said), "/chargeItem/*/id") if isinstance(identifier, str)}
    for place, identifier in every(said.body, "/chargeItem/*/id") if known else ():
        if isinstance(identifier, str):
            yield hold(place, identifier in known, expected=sorted(known), found=identifier,
                       message=f"the charge has no item {identifier}")  # fmt: skip


ORDER.unique("R95", "/chargeItem/*", "/id", on=ANSWER, name="once")


@ORDER.rule("O16", on=ANSWER)
def notes_are_appended(said: Said) -> Iterator[Mark]:
    """The notes of an answer are those that were read last, and new ones of the Buyer's behind them."""
    last = _last_read(said)
    for place, item in every(said.body, "/chargeItem/*"):
        notes, before = at(item, "/note"), by_id(last, "/chargeItem/*", at(item, "/id"))
        if not isinstance(notes, list) or not notes or before is MISSING:
            continue
        old = {at(note, "/id"): note for _, note in every(before, "/note/*") if isinstance(at(note, "/id"), str)}
        sent = {at(note, "/id") for note in notes if isinstance(at(note, "/id"), str)}
        for identifier, note in old.items():
            if identifier not in sent:
                yield breach(f"{place}/note", note, sorted(sent),
                             f"note {identifier} is left out of {place}/note, which takes the place of the whole list",
                             reading=("charge-notes-in-patch", "whole-list"))  # fmt: skip
        for index, note in enumerate(notes):
            here, kept = f"{place}/note/{index}", _kept(note, old)
            if kept is not None:
                yield hold(here, kept, expected=old[at(note, "/id")], found=note,
                           message=f"{here} is an old note with another content")  # fmt: skip
            elif at(note, "/source") in ("buyer", "seller"):
                ours = at(note, "/source") == "buyer"
                yield FINE if ours else breach(f"{here}/source", "buyer", "seller", hint=True)


def _kept(note: Any, old: Mapping[str, Any]) -> bool | None:
    """Whether an old note says what it said; None where it is a new one."""
    identifier = at(note, "/id")
    if not isinstance(identifier, str) or identifier not in old:
        return None
    was = old[identifier]
    members = [name for name in ("author", "date", "source", "text") if name in was]
    return all(common.same(was[name], at(note, f"/{name}")) for name in members) if isinstance(was, dict) else True


@ORDER.rule("O16", on=CHARGE_WHOLE, name="kept")
def notes_stay(said: Said) -> Iterator[Mark]:
    """Each note of a charge item that was shown, or sent with an answer that was taken, is still there as it was."""
    for shown, life in said.lived():
        earlier = life.last_before(said.exchange)
        sent = said.asked if shown.view is View.PATCHED else MISSING
        for source in (earlier.value if earlier else MISSING, sent):
            for _, before in every(source, "/chargeItem/*"):
                place, item = placed(shown, at(before, "/id"))
                found = {at(n, "/id"): n for _, n in every(item, "/note/*") if isinstance(at(n, "/id"), str)}
                for _, note in every(before, "/note/*") if place else ():
                    identifier = at(note, "/id")
                    if isinstance(identifier, str):
                        right = identifier in found and _kept(found[identifier], {identifier: note}) is True
                        yield hold(f"{place}/note", right, expected=note, found=found.get(identifier, MISSING),
                                   message=f"note {identifier} of {place} is changed or gone")  # fmt: skip


def placed(shown: Shown, identifier: Any) -> tuple[str, Any]:
    """A charge item by id, with its place; an empty place where it is not there."""
    for place, item in every(shown.value, "/chargeItem/*"):
        if isinstance(identifier, str) and at(item, "/id") == identifier:
            return f"{shown.place}{place}", item
    return "", MISSING
