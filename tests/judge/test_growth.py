"""What the judge has to do grows as a transcript does, and no faster: lines that are run are counted, no time is taken."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import emulator.judge
from emulator.judge.judge import judge
from emulator.judge.playing import played
from emulator.record.exchange import Exchange
from emulator.standard.release import load_release
from tests.copies import copies
from tests.play import play
from tests.purchase import purchase

JUDGE = str(Path(emulator.judge.__file__).parent)
ROOM = 1.05
"""What looking up in a sorted list costs beyond proportion."""


@cache
def bought() -> tuple[Exchange, ...]:
    return tuple(purchase())


@cache
def told(name: str) -> tuple[Exchange, ...]:
    return play(name).exchanges


def only(operation: str, size: int) -> list[Exchange]:
    return copies([exchange for exchange in bought() if exchange.operation == operation], size)


def polled(create: str, read: str, size: int) -> list[Exchange]:
    """What a purchase created, and its reads; the last read is done over and over."""
    once = [exchange for exchange in bought() if exchange.operation in (create, read)]
    return [replace(once[min(n, len(once) - 1)], n=n + 1) for n in range(size)]


def asked_again(size: int) -> list[Exchange]:
    """What can be had and what it costs, asked by one buyer again and again."""
    once = told("discovery/by-relations")
    return [replace(once[n % len(once)], n=n + 1) for n in range(size)]


def billed(size: int) -> list[Exchange]:
    """A bill of so many items, less one, and a read of each."""
    found = {exchange.operation: exchange for exchange in told("billing/paid-told") if exchange.api == "billing"}
    bill, item = found["retrieveCustomerBill"], found["retrieveCustomerBillItem"]
    ids = [f"item-{number}" for number in range(1, size)]
    reads = [shown(item, {"id": each, "state": "disputeBeingInvestigated"}, {"id": each}) for each in ids]
    return [
        replace(one, n=n)
        for n, one in enumerate([shown(bill, {"customerBillItem": [{"id": each} for each in ids]}), *reads], 1)
    ]


def shown(exchange: Exchange, members: dict[str, Any], params: dict[str, str] | None = None) -> Exchange:
    """A read by an id, of something with other members."""
    assert exchange.response is not None
    raw = json.dumps([{**exchange.response.body[0], **members}]).encode()
    response = replace(exchange.response, raw=raw)
    return replace(exchange, response=response, path_params=params or exchange.path_params)


TRANSCRIPTS: dict[str, tuple[int, Callable[[int], list[Exchange]]]] = {
    "discovery over and over": (40, lambda size: copies(told("discovery/by-relations"), size)),
    "one question over and over": (40, asked_again),
    "many qualifications": (20, lambda size: only("createProductOfferingQualification", size)),
    "many purchases": (27, lambda size: copies(bought(), size)),
    "one order polled": (15, lambda size: polled("createProductOrder", "retrieveProductOrder", size)),
    "subscriptions and events of qualifications": (36, lambda size: copies(told("poq/with-notifications"), size)),
    "charges and their events": (66, lambda size: copies(told("order/charge-answers-told"), size)),
    "bills and their events": (13, lambda size: copies(told("billing/paid-told"), size)),
    "a bill of many items": (20, billed),
}
"""What a transcript is of; a size that holds it whole, and the transcript of a size."""


def look_at(exchanges: Sequence[Exchange]) -> None:
    judge(exchanges, load_release())
    played(exchanges, load_release())


def steps(exchanges: Sequence[Exchange]) -> int:
    """How many lines of the judge are run, a loop's over and over, and how many functions are called."""
    counted = 0

    def line(_frame: FrameType, _event: str, _about: Any) -> Any:
        nonlocal counted
        counted += 1
        return line

    def call(frame: FrameType, _event: str, _about: Any) -> Any:
        nonlocal counted
        counted += 1
        return line if frame.f_code.co_filename.startswith(JUDGE) else None

    before = sys.gettrace()
    sys.settrace(call)
    try:
        look_at(exchanges)
    finally:
        sys.settrace(before)
    return counted


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_a_later_exchange_costs_no_more_than_an_early_one(name: str) -> None:
    """Four times as many exchanges are four times the work, for each is judged by what it is about."""
    size, made = TRANSCRIPTS[name]
    look_at(made(size))  # rules and validators are compiled, files are read
    few, more, many = (steps(made(size * times)) for times in (1, 2, 4))
    early, late = more - few, (many - more) / 2
    assert late < early * ROOM
