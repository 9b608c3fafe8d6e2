"""Sites are found by what is asked, all of it together (MEF 122)."""

from __future__ import annotations

import pytest
from trade import Desk

DESK = Desk()


def find(desk=DESK, **query):
    reply = desk.call("geographicSite", "listGeographicSite", **query)
    if reply.status == 200:
        assert reply.headers["X-Total-Count"] == reply.headers["X-Result-Count"] == str(len(reply.body))
        assert all(site["place"] for site in reply.body)  # R14
    return reply


def ids(**query):
    return [site["id"] for site in find(**query).body]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"geographicAddress__id": "addr-ashburn-20-main"}, ["site-ashburn-dc1"]),
        ({"streetNr": "20", "streetName": "Main", "streetType": "St", "city": "ashburn", "country": "US"},
         ["site-ashburn-dc1", "site-ashburn-suite-300"]),
        ({"city": "Ashburn", "siteType": "private"}, ["site-ashburn-suite-300"]),
        ({"city": "Ashburn", "customerName": "example retail"}, ["site-ashburn-suite-300"]),
        ({"name": "New York 60 Hudson"}, ["site-newyork-60-hudson"]),
        ({"serviceSiteContactName": "Sam Example", "city": "New York"}, ["site-newyork-60-hudson"]),
        ({"geographicAddress__id": "addr-hammerfest-1-harbour"}, []),
        ({"geographicAddress__id": "nope"}, []),
        ({"city": ""}, []),
    ],
)  # fmt: skip
def test_filters_are_taken_together(query, expected):
    assert ids(**query) == expected


def test_an_open_question_has_an_answer_unless_it_is_too_wide():
    assert len(ids()) == len(DESK.seller.profile.sites)
    narrow = Desk({"paging": {"too_many": 2}})
    assert narrow.refused(find(narrow)) == {("tooManyRecords", "")}
    assert find(narrow, city="Ashburn").status == 200


def test_a_site_can_be_retrieved():
    body = DESK.call("geographicSite", "retrieveGeographicSite", path="site-ashburn-dc1").body
    assert body["href"].endswith("/geographicSite/site-ashburn-dc1")
    assert body == find(city="Ashburn").body[0]
    assert DESK.call("geographicSite", "retrieveGeographicSite", path="nope").status == 404
