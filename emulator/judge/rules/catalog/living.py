"""How offerings and specifications live, and when they go (MEF W142, 6.2.1.1, 6.2.2, 6.3.2)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from emulator.judge.fold import Fold
from emulator.judge.named import OFFERING, SPECIFICATION
from emulator.judge.rule import ANY_STATUS, FINE, Mark, Remark, on_response, shows
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.catalog.book import API, CATALOG, OFFERING_READ, OVER, seen_at, specification_of, status_of
from emulator.judge.run import Run, Said
from emulator.record.exchange import Exchange
from emulator.record.payload import every

_STATUS: Final = "/lifecycleStatus"
_HOUR: Final = timedelta(hours=1)
_GONE: Final = 404

common.goes_legally(CATALOG, "R51", common.Machine(OFFERING, state=_STATUS), on=shows(API, OFFERING), name="")
common.goes_legally(CATALOG, "R74", common.Machine(SPECIFICATION, state=_STATUS), on=shows(API, SPECIFICATION), name="")


@CATALOG.rule("R51", on=shows(API, OFFERING), name="figure")
def on_hold_as_the_figure_has_it(said: Said) -> Iterator[Mark]:
    """An offering does not go from orderable to onHold, where the partners read the figure so."""
    reading = ("catalog-on-hold", "figure")
    for shown, life in said.lived() if said.run.reads_as(*reading) else ():
        if status_of(life.last_before(said.exchange, whole=False)) != "orderable":
            continue
        if status_of(shown) == "onHold":
            message = "the offering is onHold after orderable, which the figure does not have"
            yield breach(f"{shown.place}{_STATUS}", "orderable or endOfSale", "onHold", message, reading=reading)
        else:
            yield FINE


@CATALOG.rule("D1", on=OFFERING_READ)
def plans_are_kept_up_to_date(said: Said) -> Iterator[Mark]:
    """Each entry of statusTransition of a date that is past by an hour: its status is the present one, or was before."""
    known = said.run.release.lifecycles[OFFERING]
    now = seen_at(said.run, said.exchange) - _HOUR
    for shown in said.shown:
        present = status_of(shown)
        for place, entry in every(shown.value, "/statusTransition/*"):
            date = common.moment(entry.get("transitionDate")) if isinstance(entry, dict) else None
            status = entry.get("transitionLifecycleStatus") if isinstance(entry, dict) else None
            if date is None or date > now or status not in known.states or present not in known.states:
                continue
            ahead = known.reaches(present, status) and not known.reaches(status, present)
            message = f"{status} was planned for {entry['transitionDate']}, and the offering is {present}"
            here = f"{shown.place}{place}/transitionDate"
            yield hold(here, not ahead, expected="a later date", found=entry["transitionDate"], message=message)


@CATALOG.rule("D3", on=OFFERING_READ)
def what_is_on_hold_says_why(said: Said) -> Iterator[Mark]:
    """The notes of an offering that is onHold, and was something else before."""
    for shown, life in said.lived():
        before = status_of(life.last_before(said.exchange, whole=False))
        if status_of(shown) == "onHold" and before not in (None, "onHold"):
            place = f"{shown.place}/note"
            found = shown.value.get("note")
            yield hold(place, given(found), expected="a note", found=found, message="no note says why it is on hold")


# What is gone


def _stays(label: str, kind: str) -> None:
    """What was shown is gone at its end only. What is gone may have come to it unseen; what comes back had not."""

    def look(said: Said) -> Iterator[Mark]:
        life = said.run.life(kind, said.exchange.path_params.get("id"))
        before = life.last_before(said.exchange, whole=False) if life else None
        if before is None or not common.same_parties(before.exchange, said.exchange):
            return
        status = status_of(before)
        if said.status == _GONE and status not in OVER:
            message = f"{kind} {before.value['id']} was {status} and is not found any more"
            yield breach("", f"one of {', '.join(OVER)}", status, message, hint=True)
        elif said.status in (200, _GONE):
            yield FINE

    about = f"reads of a {kind} that was shown before"
    CATALOG.add(label, look, on=shows(API, kind, "retrieve", statuses=ANY_STATUS), about=about)


def _comes_back(label: str, kind: str) -> None:
    """What was not found, and is shown again afterwards, was not at its end."""

    def look(run: Run) -> Iterator[Remark]:
        for exchange in run.of(str(run.kinds.kind(kind).one("retrieve")), api=API):
            life = run.life(kind, exchange.path_params.get("id"))
            before = life.last_before(exchange, whole=False) if life else None
            after = life.next_after(exchange, whole=False) if life else None
            if before is None or _status(run, exchange) != _GONE or not common.same_parties(before.exchange, exchange):
                continue
            if after and common.same_parties(after.exchange, exchange) and status_of(after) not in OVER:
                now = f"is {status_of(after)} in exchange {after.exchange.n}"
                message = f"{kind} {before.value['id']} was not found, and {now}"
                yield on_response(exchange, breach("", 200, _GONE, message))
            elif status_of(before) in OVER:
                yield on_response(exchange, FINE)

    look.__doc__ = f"Reads of a {kind} that found none, against what is shown of it later."
    CATALOG.at_end(label, name="back")(look)


def _status(run: Run, exchange: Exchange) -> int:
    """The status of an answer, 0 where there is none that counts."""
    return exchange.response.status if exchange.response and exchange.n not in run.spoilt else 0


for _label, _kind in (("R52", OFFERING), ("R76", SPECIFICATION)):
    _stays(_label, _kind)
    _comes_back(_label, _kind)


# Specifications and their offerings


@CATALOG.rule("R75", on=shows(API, OFFERING))
def no_offering_outlives_its_specification(said: Said) -> Iterator[Mark]:
    """Each offering of a specification that was shown obsolete before: it is at its end, too."""
    for shown in said.shown:
        life = said.run.life(SPECIFICATION, specification_of(shown.value))
        if status_of(life.last_before(said.exchange, whole=False) if life else None) == "obsolete":
            message = f"the offering is {status_of(shown)}, and its specification was obsolete before"
            place = f"{shown.place}{_STATUS}"
            yield hold(place, status_of(shown) in OVER, expected=list(OVER), found=status_of(shown), message=message)


_Reads = dict[Any, Exchange]


def _take(known: _Reads, _run: Run, exchange: Exchange) -> None:
    if exchange.api == API and exchange.operation == "retrieveProductSpecification" and exchange.response:
        known[exchange.path_params.get("id")] = exchange


_LAST_READ: Final[Fold[_Reads]] = Fold(dict, _take)
"""The last read of each specification, by its id."""


@CATALOG.rule("R77", on=shows(API, OFFERING, "retrieve", "list", statuses=ANY_STATUS))
def offerings_go_with_their_specification(said: Said) -> Iterator[Mark]:
    """Offerings of a specification that was shown, and is gone: they are gone, too."""
    reads = said.run.known(_LAST_READ)

    def is_gone(specification: Any) -> bool:
        life, read = said.run.life(SPECIFICATION, specification), reads.get(specification)
        mine = read is not None and common.same_parties(read, said.exchange)
        seen = life is not None and bool(life.shown)
        return mine and seen and read is not None and read.response is not None and read.response.status == _GONE

    for shown in said.shown:
        if is_gone(specification_of(shown.value)):
            message = f"the offering is shown, and its specification {specification_of(shown.value)} is gone"
            yield breach(f"{shown.place}/productSpecification", "404", shown.value["id"], message)
    life = said.run.life(OFFERING, said.exchange.path_params.get("id"))
    if said.status == _GONE and life and life.shown and is_gone(specification_of(life.shown[-1].value)):
        yield FINE
