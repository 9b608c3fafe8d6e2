"""An API that no book of a guide is bound to is judged all the same, by rules that its kinds and events allow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from emulator.judge.judge import judge
from emulator.judge.rules import rules_of
from emulator.judge.rules.generic import generic_book
from emulator.record.exchange import Exchange, Party
from emulator.standard.release import Release, load_release
from tests.judge.exchanges import MOMENT, exchange, transcript
from tests.standard.parcels import release_with_parcels


@pytest.fixture(scope="module")
def parcels(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return release_with_parcels(tmp_path_factory.mktemp("parcels"))


def said(second: int, operation: str, path: str, sent: Any, body: Any, **more: Any) -> Exchange:
    made = exchange(body, operation=operation, api="parcel", path=path, sent=sent, **more)
    told = path.startswith("/listener/")
    parties = {"sender": Party.SELLER, "receiver": Party.BUYER, "kind": "notification"} if told else {}
    one = {"id": path.rpartition("/")[2]} if path.startswith("/parcel/") else {}
    return replace(made, at=MOMENT + timedelta(seconds=second), path_params=one, **parties)


def parcel(*states: str, number: str = "p1", **more: Any) -> dict[str, Any]:
    log = [{"moment": (MOMENT + timedelta(seconds=n)).isoformat(), "to": state} for n, state in enumerate(states, 2)]
    return {"id": number, "weight": 2, "status": states[-1], "statusChange": log, **more}


def hub(query: str) -> Exchange:
    sent = {"callback": "http://buyer", "query": query}
    return said(1, "registerListener", "/hub", sent, {"id": "h1", **sent}, method="POST", status=201)


def event(second: int, identifier: str = "p1") -> Exchange:
    body = {"eventId": f"e{second}", "eventTime": (MOMENT + timedelta(seconds=second)).isoformat(),
            "eventType": "parcelStateChangeEvent", "event": {"id": identifier}}  # fmt: skip
    path = "/listener/parcelStatusChangeEvent"
    return said(second, "hear of its way", path, body, None, method="POST", status=204)


MADE = said(2, "send it", "/parcel", {"weight": 2}, parcel("accepted"), method="POST", status=201)
READ = said(5, "look at it", "/parcel/p1", None, parcel("accepted", "moving"))
LIST = said(6, "all of them", "/parcel", None, [parcel("accepted", "moving")])


def found(release: Release, *exchanges: Exchange) -> dict[str, str]:
    """What is wrong, by rule; a rule of ours that broke is told as well."""
    return {
        each.rule: str(each.verdict)
        for each in judge(transcript(*exchanges), release, heard=("http://buyer",)).findings
    }


def test_what_is_right_is_found_right(parcels: Release) -> None:
    assert found(parcels, hub(""), MADE, event(3), READ, LIST) == {}


@pytest.mark.parametrize(
    ("asked", "answered", "verdict"),
    [
        ("eventType=a,parcelStateChangeEvent", "eventType=parcelStateChangeEvent&eventType=a", ""),
        ("eventType=parcelStateChangeEvent", "?eventType=%20parcelStateChangeEvent", ""),
        ("eventType=parcelStateChangeEvent", None, "warning"),
        ("eventType=parcelStateChangeEvent", "eventType=a", "fail"),
        ("", None, ""),
        ("", "eventType=a", "fail"),
    ],
)
def test_a_subscription_comes_back_in_whatever_spelling(
    parcels: Release, asked: str, answered: str | None, verdict: str
) -> None:
    """So does its callback, with a slash at its end or without."""
    sent = {"callback": "http://buyer/", "query": asked}
    body = {"id": "h1", "callback": "http://buyer"} | ({} if answered is None else {"query": answered})
    made = said(1, "registerListener", "/hub", sent, body, method="POST", status=201)
    assert found(parcels, made).get("parcel.hub-echo", "") == verdict


@pytest.mark.parametrize(
    ("rule", "exchanges"),
    [
        ("parcel.echo", [replace(MADE, request=replace(MADE.request, raw=b'{"weight": 3}'))]),
        ("parcel.path", [MADE, said(5, "look at it", "/parcel/p1", None, {**parcel("delivered"), "statusChange": []}),
                         said(6, "look at it", "/parcel/p1", None, {**parcel("moving"), "statusChange": []})]),
        ("parcel.history", [MADE, said(5, "look at it", "/parcel/p1", None, parcel("accepted", "returned"))]),
        ("parcel.id", [MADE, said(5, "look at it", "/parcel/p1", None, parcel("accepted", number="p2"))]),
        ("parcel.stays", [MADE, said(5, "look at it", "/parcel/p1", None, None, status=404)]),
        ("parcel.unknown", [said(5, "look at it", "/parcel/p9", None, None, status=400)]),
        ("parcel.empty", [LIST, said(7, "all of them", "/parcel", None, None, status=404)]),
        ("parcel.doubles", [said(7, "all of them", "/parcel", None, [parcel("accepted"), parcel("accepted")])]),
        ("parcel.filters", [said(7, "all of them", "/parcel?status=moving", None, [parcel("accepted")])]),
        ("parcel.whole", [MADE, READ, said(7, "all of them", "/parcel", None, [])]),
        ("parcel.hub-echo", [replace(hub("eventType=parcelStateChangeEvent"),
                                     response=hub("eventType=other").response)]),
        ("parcel.event-wanted", [hub("eventType=parcelCreateEvent"), MADE, event(3)]),
        ("parcel.told", [hub("eventType=parcelStateChangeEvent"), MADE, READ,
                         said(7000, "look at it", "/parcel/p1", None, parcel("accepted", "moving"))]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_noticed(parcels: Release, rule: str, exchanges: list[Exchange]) -> None:
    told = found(parcels, *exchanges)
    assert told.get(rule) == "fail", told
    assert "error" not in told.values()


def test_what_changes_for_no_reason_is_a_hint(parcels: Release) -> None:
    other = {**parcel("accepted", "moving"), "weight": 7}
    told = found(parcels, MADE, READ, said(7, "look at it", "/parcel/p1", None, other))
    assert told == {"parcel.parcel.steady": "warning"}


def _generic(release: Release) -> Iterator[str]:
    for book in rules_of(release).books.values():
        if book.guide == book.api:
            yield from (rule.id for rule in (*book.rules, *book.closing))


def test_every_generic_rule_has_its_own_id_and_no_requirement(parcels: Release) -> None:
    ids = list(_generic(parcels))
    assert len(ids) == len(set(ids)) > 10
    book = rules_of(parcels).books["parcel"]
    assert {requirement for _, requirements in book.speaking() for requirement in requirements} == set()


RIGHT_EDITS = ["W142-R18", "W142-R52", "W142-R54", "W142-R67", "W142-R77", "W142-R91"]


@pytest.mark.parametrize("proof", RIGHT_EDITS)
def test_a_seller_edits_what_is_its_own(proof: str) -> None:
    """Versions, removals and a category with all that lies within it are right where no book of a guide is bound, too."""
    release = load_release()
    book = generic_book(release, "productCatalog")
    run = release.proofs[proof].right
    judgement = judge(run, release, rules=tuple(book.rules), closing=tuple(book.closing))
    assert [(finding.rule, finding.message) for finding in judgement.findings] == []
