"""Codes of countries and languages: those that there are, those that are kept for something, and what is none."""

from __future__ import annotations

import pytest

from emulator.standard.codes import COUNTRIES, LANGUAGES, country, language
from emulator.standard.representations import addresses, entries, ways


def test_there_are_as_many_as_the_standards_have() -> None:
    assert (len(COUNTRIES), len(LANGUAGES)) == (249, 183)


@pytest.mark.parametrize(
    ("text", "standing"),
    [("PL", "code"), ("pl", "code"), ("GB", "code"), ("UK", "reserved"), ("XK", "reserved"), ("EL", "unknown"), ("x1", "unknown")],
)  # fmt: skip
def test_a_country(text: str, standing: str) -> None:
    assert country(text) == standing


@pytest.mark.parametrize(("text", "standing"), [("en", "code"), ("CS", "code"), ("iw", "reserved"), ("cz", "unknown")])
def test_a_language(text: str, standing: str) -> None:
    assert language(text) == standing


def test_addresses_are_found_wherever_they_stand() -> None:
    label = {"labelRepresentation": [{"label": "A"}, "no object"], "formattedAddressRepresentation": []}
    assert [place for place, _ in addresses({"a/b": [{"place": label}], "c": {"labelRepresentation": "none"}})] == [
        "/a~1b/0/place"
    ]
    assert ways(label) == ("labelRepresentation",)
    assert entries(label, "labelRepresentation") == [{"label": "A"}]
    assert ways("no object") == ()
