"""What no clause forbids and nobody can mean: breaches of these are hints, in each guide alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from emulator.judge.rule import FINE, Mark, On, shows
from emulator.judge.rulebook import ABSENT_VALUES, Rulebook, breach, given
from emulator.judge.rules.common.values import moment
from emulator.judge.run import Half, Said
from emulator.record.payload import MISSING, at, every

_SKEW: Final = timedelta(hours=1)
"""How far two clocks can be apart before one of them is wrong."""

_SECOND: Final = timedelta(seconds=1)
DAY: Final = timedelta(hours=38)
"""By how much an instant may be over that stands for a day, anywhere on earth."""

Where = Callable[[Mapping[str, Any]], bool]


def past(
    book: Rulebook, *members: str, on: On, holder: str = "", where: Where | None = None, name: str = "future"
) -> None:
    """What a resource says has happened is not later than the message that says so; clocks may differ by an hour.

    `members` are patterns below each holder, which is the resource or, with `holder`, a part of it.
    """

    def look(said: Said) -> Iterator[Mark]:
        latest = said.exchange.at + said.run.spread(_SKEW)
        for place, value in _holders(said, holder, where):
            for member in members:
                for where_, found in every(value, member):
                    when = moment(found)
                    if when is not None:
                        yield FINE if when <= latest else breach(
                            place + where_, f"{said.exchange.at.isoformat()} at the latest", found,
                            f"{place}{where_} is later than the answer itself", hint=True)  # fmt: skip

    about = f"{', '.join(holder + member for member in members)} against the time of the answer"
    book.add((), look, on=on, about=about, name=name)


def in_order(
    book: Rulebook, first: str, *later: str, on: On, holder: str = "", name: str, slack: timedelta = _SECOND
) -> None:
    """Of each holder, no date of `later` (patterns below it) is before the date of `first`, by `slack` or more."""

    def look(said: Said) -> Iterator[Mark]:
        for place, value in _holders(said, holder, None):
            begun = moment(at(value, first))
            for member in later if begun else ():
                for where, found in every(value, member):
                    when = moment(found)
                    if begun is not None and when is not None:
                        yield FINE if begun - when < slack else breach(
                            place + where, f"{at(value, first)} or later", found,
                            f"{place}{where} is before {place}{first}", hint=True)  # fmt: skip

    book.add((), look, on=on, about=f"{', '.join(later)} against {first}", name=name)


def well_without_errors(
    book: Rulebook, items: str, *states: str, on: On, failed: tuple[str, ...] = (), name: str = "error-where-well"
) -> None:
    """No terminationError stands at an item in one of these states, in which nothing has failed; where the whole has
    `failed`, each of its items may say why.
    """

    def look(said: Said) -> Iterator[Mark]:
        for shown in said.shown:
            for place, item in every(shown.value, items) if shown.value.get("state") not in failed else ():
                if at(item, "/state") in states:
                    found = at(item, "/terminationError")
                    yield FINE if not given(found) else breach(
                        f"{shown.place}{place}/terminationError", MISSING, found,
                        f"{shown.place}{place} is {item['state']} and has a terminationError", hint=True)  # fmt: skip

    book.add((), look, on=on, about=f"terminationError of {items} in a state of success", name=name)


_CURRENCY: Final = re.compile(r"[A-Z]{3}")


def prices_read_well(book: Rulebook, holder: str, *, on: On, periods: bool = True, name: str = "price-words") -> None:
    """Each price: its currency is three capital letters (ISO 4217), and, with `periods`, only what recurs has a period."""

    def look(said: Said) -> Iterator[Mark]:
        for place, value in _holders(said, holder, None):
            for amount in ("/price/dutyFreeAmount", "/price/taxIncludedAmount"):
                unit = at(value, f"{amount}/unit")
                if isinstance(unit, str) and unit:
                    yield FINE if _CURRENCY.fullmatch(unit) else breach(
                        f"{place}{amount}/unit", "three capital letters (ISO 4217)", unit, hint=True)  # fmt: skip
            period = value.get("recurringChargePeriod", MISSING)
            if periods and value.get("priceType") == "nonRecurring" and period not in ABSENT_VALUES:
                yield breach(f"{place}/recurringChargePeriod", MISSING, period,
                             f"{place} is paid once and has a period", hint=True)  # fmt: skip

    book.add((), look, on=on, about=f"currency and period of {holder}", name=name)


def begins(book: Rulebook, kind: str, member: str, *, name: str = "begun-before") -> None:
    """What a request makes is not older than the request; clocks may differ by an hour."""

    def look(said: Said) -> Iterator[Mark]:
        when = moment(at(said.body, member))
        if when is not None:
            earliest = said.exchange.at - said.run.spread(_SKEW)
            yield FINE if when >= earliest else breach(
                member, f"{said.exchange.at.isoformat()} or later", at(said.body, member),
                f"{member} is before the request that the {kind} was made by", hint=True)  # fmt: skip

    book.add((), look, on=shows(book.api, kind, "create"), about=f"{member} against the request", name=name)


def lasts(book: Rulebook, *patterns: str, on: On, name: str = "durations") -> None:
    """No duration is negative, in requests and in what answers show."""

    def look(said: Said) -> Iterator[Mark]:
        asked = [("", said.body)] if said.half is Half.REQUEST else []
        for place, value in (*asked, *((shown.place, shown.value) for shown in said.shown)):
            for pattern in patterns:
                for where, amount in every(value, f"{pattern}/amount"):
                    if isinstance(amount, int | float) and not isinstance(amount, bool):
                        yield FINE if amount >= 0 else breach(f"{place}{where}", "0 or more", amount, hint=True)

    book.add((), look, on=on, about=f"the amount of {', '.join(patterns)}", name=name)


def links_to_itself(book: Rulebook, *kinds: str, name: str = "href") -> None:
    """The href of a resource, where it leads into the same collection, leads to that resource."""

    def look(said: Said) -> Iterator[Mark]:
        by = said.run.shown_by(said.exchange)
        collection = by[0].name if by else ""
        for shown in said.shown:
            href = shown.value.get("href")
            parts = _path(href)
            if len(parts) > 1 and parts[-2] == collection:
                # That an answer has another id than was asked for is told elsewhere.
                right = unquote(parts[-1]) in (shown.value["id"], said.exchange.path_params.get("id"))
                yield FINE if right else breach(
                    f"{shown.place}/href", f"a link to {shown.value['id']}", href,
                    f"{shown.place}/href leads to another resource", hint=True)  # fmt: skip

    on = On(tuple(spot for kind in kinds for spot in shows(book.api, kind).spots))
    book.add((), look, on=on, about="href against the id beside it", name=name)


def _path(href: Any) -> list[str]:
    try:
        return urlsplit(href).path.rstrip("/").split("/") if isinstance(href, str) else []
    except ValueError:
        return []


def _holders(said: Said, holder: str, where: Where | None) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Parts of what a response shows; of the whole of it, where its operation shows no resource."""
    shows = said.run.shown_by(said.exchange) is not None
    wholes = [(shown.place, shown.value) for shown in said.shown] if shows else [("", said.body)]
    for start, whole in wholes:
        for place, value in every(whole, holder):
            if isinstance(value, dict) and (where is None or where(value)):
                yield start + place, value
