"""How an appointment lives (MEF 137, 6.2.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from emulator.judge.fold import grouped
from emulator.judge.rule import FINE, Mark
from emulator.judge.rulebook import breach
from emulator.judge.rules import common
from emulator.judge.rules.appointment.book import API, APPOINTMENT, SHOWN, SPELT
from emulator.judge.rules.appointment.changing import PATCH
from emulator.judge.run import Said
from emulator.judge.showing import succeeded
from emulator.record.payload import MISSING, at

_MACHINE: Final = common.Machine("appointment", state="/status", spelt=SPELT)
_PATCHES: Final = grouped(API, PATCH, lambda exchange: exchange.path_params.get("id"))


def _after_missed(was: Any, _now: Any) -> tuple[str, str] | None:
    return ("appointment-missed-final", "final") if was == "missed" else None


common.goes_legally(APPOINTMENT, "R26", _MACHINE, on=SHOWN, reading=_after_missed, name="")


@APPOINTMENT.rule("R27", on=SHOWN)
def the_time_is_the_buyers(said: Said) -> Iterator[Mark]:
    """ValidFor is what it was, unless the Buyer has changed it, or may have."""
    for shown, life in said.lived():
        before = life.last_before(said.exchange, whole=False)
        if before is None:
            continue
        old, new = at(before.value, "/validFor"), at(shown.value, "/validFor")
        changed = [
            exchange
            for exchange in said.run.known(_PATCHES).get(life.id, ())
            if exchange.n > before.exchange.n
            and at(exchange.request.body, "/validFor") is not MISSING
            and (exchange.response is None or succeeded(exchange) or exchange.n in said.run.spoilt)
        ]
        if changed or not isinstance(old, dict) or not isinstance(new, dict):
            continue
        for member in ("startDateTime", "endDateTime"):
            if _alike(old.get(member), new.get(member)):
                yield FINE
            else:
                place = f"{shown.place}/validFor/{member}"
                yield breach(
                    place,
                    old.get(member),
                    new.get(member),
                    f"{place} is not what exchange {before.exchange.n} showed, and the Buyer has not changed it",
                )


def _alike(old: Any, new: Any) -> bool:
    return common.same(old, new) or all(mark is FINE for mark in common.echo_marks(old, new, ""))
