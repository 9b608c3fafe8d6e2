"""A message of many items costs its seller and the judge as much for each item as one of few: lines are counted."""

from __future__ import annotations

import copy
import sys
from pathlib import Path
from typing import Any, Self

import pytest

import emulator
from emulator.judge.judge import judge
from emulator.judge.rule import FINE
from emulator.judge.rules.common.echo import echo_marks
from emulator.judge.rules.common.values import first_named, named
from emulator.parties.seller import Seller
from emulator.record.call import Call, Reply
from emulator.record.exchange import Exchange, Party, Request, Response, Transcript
from emulator.record.payload import MISSING, dump
from tests.parties.ordering import BASES, Talk, add_uni, order
from tests.parties.trade import poq, quote

OURS = str(Path(emulator.__file__).parent)
JSON = (("Content-Type", "application/json;charset=utf-8"),)
KNOWN = {**BASES, "productOfferingQualification": "http://seller/mefApi/sonata/productOfferingQualification/v7"}
ROOM = 1.05


class Counted:
    """Counts the lines that are run of the product."""

    def __init__(self) -> None:
        self.lines = 0

    def __enter__(self) -> Self:
        def line(_frame: Any, _event: str, _about: Any) -> Any:
            self.lines += 1
            return line

        def call(frame: Any, _event: str, _about: Any) -> Any:
            return line if frame.f_code.co_filename.startswith(OURS) else None

        self.before = sys.gettrace()
        sys.settrace(call)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self.before)


class Purchase:
    """A POQ, a quote on it and an order on that, each with so many items."""

    def __init__(self, folder: Path, items: int) -> None:
        folder.mkdir()
        self.talk, self.items, self.transcript = Talk(folder), items, Transcript()

    def ask(self, api: str, operation: str, body: Any, identifier: str | None = None) -> Any:
        seller: Seller = self.talk.seller
        path = {"id": identifier} if identifier else {}
        reply: Reply = seller.answer(
            Call(api, "management", operation, path, {}, {}, copy.deepcopy(body), "", KNOWN[api])
        )
        template = self.talk.release.contract(api).operation(operation)
        sent = Request(
            JSON,
            dump(body) if body else b"",
            template.method,
            KNOWN[api] + template.path.replace("{id}", identifier or ""),
        )
        self.transcript.add(
            Exchange(0, self.talk.clock.now(), 1.0, Party.BUYER, Party.SELLER, sent,
                     Response(JSON, dump(reply.body), reply.status), api=api, kind="management",
                     operation=operation, path_params=path)
        )  # fmt: skip
        return reply.body

    def go(self) -> None:
        product = add_uni()["product"]
        ids = [str(n) for n in range(self.items)]
        asked = poq(
            instantSyncQualification=True,
            productOfferingQualificationItem=[{"id": n, "action": "add", "product": product} for n in ids],
        )
        made = self.ask("productOfferingQualification", "createProductOfferingQualification", asked)
        on_poq = {"productOfferingQualificationId": made["id"]}
        wanted = quote(
            instantSyncQuote=True,
            quoteItem=[
                {"id": n, "action": "add", "product": product,
                 "productOfferingQualificationItem": {**on_poq, "id": n}} for n in ids
            ]
        )  # fmt: skip
        offer = self.ask("quote", "createQuote", wanted)
        assert offer["state"] == "approved.orderable"
        placed = order(
            *(
                add_uni(n, quoteItem={"quoteId": offer["id"], "id": n},
                        productOrderItemRelationship=[{"id": other, "relationshipType": "CONNECTS_TO_UNI"}]
                        if (other := str(int(n) - 1)) in ids else [])
                for n in ids
            )
        )  # fmt: skip
        done = self.ask("productOrder", "createProductOrder", placed)
        self.talk.clock.sleep(100_000)
        assert self.ask("productOrder", "retrieveProductOrder", None, done["id"])["state"] == "completed"


@pytest.mark.parametrize("who", ["seller", "judge"])
def test_four_times_the_items_are_four_times_the_work(tmp_path, who):
    counts = []
    for times in (0, 1, 2, 4):  # the first reads files and compiles
        bought = Purchase(tmp_path / str(times), 30 * (times or 1))
        if who == "seller":
            with Counted() as counted:
                bought.go()
        else:
            bought.go()
            with Counted() as counted:
                judgement = judge(bought.transcript, bought.talk.release)
            assert not judgement.findings
        counts.append(counted.lines)
    _, few, more, many = counts
    assert (many - more) / 2 < (more - few) * ROOM


def test_what_many_items_refer_to_is_read_once(tmp_path, monkeypatch):
    """The store gives a copy of a whole quote each time: it is asked once, not for each item."""
    bought = Purchase(tmp_path / "one", 30)
    store, read = bought.talk.seller.store, []
    real = store.get
    monkeypatch.setattr(store, "get", lambda run, kind, identifier: read.append(kind) or real(run, kind, identifier))
    bought.go()
    assert read.count("quote") < 10
    assert read.count("productOfferingQualification") < 10


class TestEchoes:
    def entries(self, count, **more):
        return [{"id": str(n), "role": f"r{n}", **more} for n in range(count)]

    def marks(self, asked, answered, **how):
        with Counted() as counted:
            found = list(echo_marks({"list": asked}, {"list": answered}, "", **how))
        return found, counted.lines

    @pytest.mark.parametrize("named_entries", [True, False])
    def test_another_order_is_looked_up(self, named_entries):
        lines = []
        for count in (200, 400):
            asked = self.entries(count)
            if not named_entries:
                for entry in asked:
                    del entry["id"]
            found, counted = self.marks(asked, asked[::-1])
            assert all(mark is FINE for mark in found)
            lines.append(counted)
        assert lines[1] < 2.2 * lines[0]

    def test_of_a_thousand_that_changed_each_is_told(self):
        asked, answered = self.entries(1_000, name="a"), self.entries(1_000, name="b")[::-1]
        found, counted = self.marks(asked, answered)
        assert len([mark for mark in found if mark is not FINE]) == 1_000
        assert counted < 300_000

    def test_where_too_many_were_compared_nothing_is_made_of_it(self):
        asked = [{"at": f"2026-01-01T00:00:{n % 60:02}Z", "n": n} for n in range(1_000)]
        answered = [{**entry, "at": entry["at"].replace("Z", ".000Z")} for entry in asked][::-1]
        found, _ = self.marks(asked, answered)
        assert all(mark is FINE for mark in found)

    def test_few_are_compared_as_ever(self):
        asked = [{"at": "2026-01-01T00:00:00Z", "n": n} for n in range(30)]
        answered = [{**entry, "at": "2026-01-01T00:00:00.000Z"} for entry in asked][::-1]
        found, _ = self.marks(asked, answered)
        assert len([mark for mark in found if mark is FINE]) == 30


def test_values_by_their_ids():
    body = {"i": [{"id": "1", "n": 1}, {"id": "1", "n": 2}, {"n": 3}, {"id": {"x": 1}, "n": 4}, 5]}
    assert [each["n"] for each in named(body, "/i/*", "1")] == [1, 2]
    assert [each["n"] for each in named(body, "/i/*", {"x": 1})] == [4]
    assert named(body, "/i/*", MISSING) == [{"n": 3}, 5]
    assert first_named({"i": []}, "/i/*", "1") is None
