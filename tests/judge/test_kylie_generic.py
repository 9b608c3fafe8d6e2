"""What release Kylie's messages say more than those before it is judged by the generic rules: states in events, lists by a body."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from emulator.judge.judge import judge
from emulator.record.exchange import Exchange, Party
from emulator.standard.release import load_release
from tests.judge.exchanges import MOMENT, exchange, transcript

KYLIE = load_release("kylie")
ADDRESS = {"@type": "GeographicAddressRef", "id": "a-1"}
QUERY = {"@type": "GeographicAddress_Query", "formattedAddressRepresentation": [{"formattedAddress": "20 Example St"}]}
VALIDATIONS, NEWS = "geographicAddressValidation", "listenToGeographicAddressValidationStateChangeEvent"


def said(second: int, api: str, operation: str, path: str, sent: Any, body: Any, **more: Any) -> Exchange:
    bare = path.partition("?")[0]
    made = exchange(body, operation=operation, api=api, path=path, sent=sent, **more)
    one = {"id": bare.rpartition("/")[2]} if bare.count("/") > 1 and "/listener/" not in bare else {}
    told = {"sender": Party.SELLER, "receiver": Party.BUYER, "kind": "notification"} if "/listener/" in bare else {}
    return replace(made, at=MOMENT + timedelta(seconds=second), path_params=one, **told)


def found(*exchanges: Exchange) -> set[str]:
    """The rules that found something, whatever weight that has."""
    return {each.rule for each in judge(transcript(*exchanges), KYLIE, heard=("http://buyer",)).findings}


def validation(state: str, number: str = "v-1") -> dict[str, Any]:
    sent = {"instantSyncValidation": False, "submittedGeographicAddress": QUERY}
    return {**sent, "id": number, "state": state, "alternateGeographicAddress": []}


def hub(query: str = "") -> Exchange:
    sent = {"callback": "http://buyer"}
    return said(1, "geographicAddress", "registerListener", f"/hub{query}", sent, {"id": "h-1", **sent},
                method="POST", status=201)  # fmt: skip


def made(state: str = "acknowledged") -> Exchange:
    sent = {"instantSyncValidation": False, "submittedGeographicAddress": QUERY}
    return said(2, "geographicAddress", "createGeographicAddressValidation", f"/{VALIDATIONS}", sent,
                validation(state), method="POST", status=201)  # fmt: skip


def read(second: int, state: str) -> Exchange:
    return said(second, "geographicAddress", "retrieveGeographicAddressValidation", f"/{VALIDATIONS}/v-1", None,
                validation(state))  # fmt: skip


def event(second: int, state: str, query: str = "", number: int = 0) -> Exchange:
    body = {"eventId": f"e-{number or second}", "eventTime": (MOMENT + timedelta(seconds=second)).isoformat(),
            "eventType": f"{VALIDATIONS}StateChangeEvent", "event": {"id": "v-1", "state": state}}  # fmt: skip
    return said(second, "geographicAddress", NEWS, f"/listener/{VALIDATIONS}StateChangeEvent{query}", body, None,
                method="POST", status=204)  # fmt: skip


def test_a_deferred_validation_that_is_told_of_is_right() -> None:
    assert found(hub(), made(), event(3, "inProgress"), event(4, "ready"), read(9, "ready")) == set()
    assert (
        found(hub(), made(), event(3, "inProgress"), read(9, "inProgress"), event(10, "ready"), read(19, "ready"))
        == set()
    )
    # Told late: it had that state by then.
    assert (
        found(hub(), made(), read(3, "inProgress"), event(4, "inProgress"), read(9, "ready"), event(10, "ready"))
        == set()
    )


def test_an_event_names_a_state_that_was_reached() -> None:
    told = found(hub(), made(), event(3, "rejected"), read(9, "inProgress"))
    assert told == {"Mplify121.1.event-state"}
    told = found(hub(), made(), event(3, "ready"), read(9, "inProgress"))
    assert told == {"Mplify121.1.event-state"}


def test_an_answer_at_once_has_no_id_and_is_no_resource() -> None:
    sent = {"instantSyncValidation": True, "submittedGeographicAddress": QUERY}
    now = {**sent, "state": "ready", "alternateGeographicAddress": []}
    one = said(2, "geographicAddress", "createGeographicAddressValidation", f"/{VALIDATIONS}", sent, now,
               method="POST", status=200)  # fmt: skip
    assert found(hub(), one) == set()


def test_a_validation_goes_along_its_lifecycle() -> None:
    told = found(made(), read(3, "ready"), read(4, "inProgress"))
    assert told == {"Mplify121.1.path"}


@pytest.mark.parametrize(
    ("asked", "told", "rules"),
    [
        ("", "", set()),
        ("?buyerId=b-1", "?buyerId=b-1", set()),
        ("?buyerId=b-1", "", set()),  # the clause on several Buyers is on requests, and nobody says that it holds here
        ("", "?buyerId=b-1", set()),
        ("?buyerId=b-1", "?buyerId=b-2", {"Mplify121.1.event-parties"}),
    ],
)
def test_the_parties_stand_in_the_query_of_an_event(asked: str, told: str, rules: set[str]) -> None:
    asking = replace(made(), request=replace(made().request, url=f"{made().request.url}{asked}"))
    reading = replace(
        read(9, "inProgress"), request=replace(read(9, "").request, url=f"{read(9, '').request.url}{asked}")
    )
    assert found(hub(asked), asking, event(3, "inProgress", told), reading) == rules


SITE = {"@type": "GeographicSite", "id": "s-1", "place": ADDRESS, "name": "Cellar", "administrativeAuthority": "Owner",
        "customerName": "Customer", "siteRestrictionType": "public", "networkType": "onNet", "subUnit": []}  # fmt: skip


def sites(second: int, asked: dict[str, Any], *shown: dict[str, Any]) -> Exchange:
    return said(second, "geographicSite", "listGeographicSite", "/geographicSite", asked, list(shown), method="POST")


def test_a_list_by_a_body_is_held_against_what_the_body_asks_for() -> None:
    seen = said(1, "geographicSite", "retrieveGeographicSite", "/geographicSite/s-1", None, SITE)
    assert found(seen, sites(2, {"place": ADDRESS}, SITE), sites(3, {"place": {**ADDRESS, "id": "a-2"}})) == set()
    named = {"place": ADDRESS, "name": "Cellar"}
    assert found(seen, sites(2, named, SITE), sites(3, {**named, "name": "Roof"})) == set()
    assert found(seen, sites(2, {"place": ADDRESS, "networkType": "offNet"}, SITE)) == {"Mplify122.1.filter"}
