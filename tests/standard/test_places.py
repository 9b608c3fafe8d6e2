"""Places in messages, as the contracts of two releases have them."""

from __future__ import annotations

import pytest

from emulator.standard.places import Placing, placing
from emulator.standard.release import load_release

OURS = {"@type": "GeographicAddressRef", "id": "a-1", "role": "UNI"}
WRAPPED = {"place": {"@type": "GeographicAddressRef", "id": "a-1"}, "role": "UNI"}
WITH_PLACES = ("productOfferingQualification", "quote", "productOrder", "workOrder")


@pytest.mark.parametrize("api", WITH_PLACES)
@pytest.mark.parametrize(("release", "body", "inner"), [("grace", OURS, ""), ("kylie", WRAPPED, "/place")])
def test_a_place_is_read_where_the_contract_has_it(api: str, release: str, body: dict[str, object], inner: str) -> None:
    placed = placing(load_release(release), api)
    (spot,) = placed.spots({"place": [body, "no object"]}, "/place/*")
    assert (spot.type, spot.id, spot.role) == ("GeographicAddressRef", "a-1", "UNI")
    assert (spot.by_reference, spot.by_value) == (True, False)
    assert (spot.where, spot.inner) == ("/place/0", f"/place/0{inner}")
    assert placed.inner("/place/*") == f"/place/*{inner}"
    assert placed.written({"@type": "GeographicAddressRef", "id": "a-1"}, role="UNI", contact=None) == body


@pytest.mark.parametrize(
    ("release", "values"),
    [
        ("grace", {"FieldedAddress", "FormattedAddress", "GeographicAddressLabel", "MEFGeographicPoint"}),
        ("kylie", {"GeographicAddress_Query"}),
    ],
)
def test_what_spells_a_place_out_is_of_the_contract(release: str, values: set[str]) -> None:
    placed = placing(load_release(release), "quote")
    assert placed.values == values
    for kind in values:
        assert placed.spot("/place/0", placed.written({"@type": kind}, role="UNI")).by_value


@pytest.mark.parametrize("holder", [{}, {"place": "a-1"}, {"place": []}, {"role": 7}])
def test_what_is_no_place_is_an_empty_one(holder: dict[str, object]) -> None:
    spot = Placing(wrapped=True, values=frozenset()).spot("/place/0", holder)
    assert (spot.type, spot.id, spot.role, dict(spot.place)) == ("", None, None, {})
    assert (spot.by_reference, spot.by_value) == (False, False)
