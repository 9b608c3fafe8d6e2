"""What SDKs and APIs are called, by what their files say, and by their names."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.sdk.naming import api_key, base_path, guide_of, point_of, release_of


@pytest.mark.parametrize(
    ("servers", "path"),
    [
        ([{"url": "https://{serverBase}/mefApi/sonata/quoteManagement/v8/"}], "/mefApi/sonata/quoteManagement/v8"),
        ([{"url": "https://serverRoot/mefApi/sonata/quoteManagement/v7"}], "/mefApi/sonata/quoteManagement/v7"),
        ([{"url": "{base}", "variables": {"base": {"default": "https://a.example/mefApi/legato/x/v1"}}}], "/mefApi/legato/x/v1"),
        ([{"url": "https://{h}{p}", "variables": {"h": {"default": "a"}, "p": {"default": "/mefApi/legato/x/v1"}}}], "/mefApi/legato/x/v1"),
        ([{"url": "{h}/mefApi/legato/x/v1", "variables": {"h": {"default": "a.example"}}}], "/mefApi/legato/x/v1"),
        ([{"url": "/mefApi//legato/x/v1/?a=1#b"}], "/mefApi/legato/x/v1"),
        ([{"url": "https://a.example"}], ""),
        ([{"url": None}], ""),
        ([], ""),
        (None, ""),
    ],
)  # fmt: skip
def test_a_base_path_is_what_follows_the_host(servers: Any, path: str) -> None:
    assert base_path(servers) == path


@pytest.mark.parametrize(
    ("file", "notification", "key"),
    [
        ("productApi/quote/quoteManagement.api.yaml", False, "quote"),
        ("productApi/quote/quoteNotification.api.yaml", True, "quote"),
        ("quote-management-openapi.yml", False, "quote"),
        ("trouble-ticket-notification-openapi.yml", True, "troubleTicket"),
        ("mef-lso-allegro-fault-management-openapi.yml", False, "fault"),
        ("serviceApi/pm/streamingManagement.api.all-in-one.yaml", False, "streaming"),
        ("serviceApi/order/serviceOrderingApi.openapi.yaml", False, "serviceOrdering"),
        ("productApi/catalog/productCatalogNotifications.api.yaml", True, "productCatalog"),
        ("quoteManagement_v8.json", False, "quote"),
        ("openapi.yaml", False, "cimIncident"),
        ("v1/api.yaml", False, "cimIncident"),
    ],
)
def test_an_api_is_known_by_its_file(file: str, notification: bool, key: str) -> None:
    assert api_key(file, "/mefApi/sonata/cimIncident/v1", notification=notification) == key


@pytest.mark.parametrize(
    ("readme", "names", "release"),
    [
        ("# MEF-LSO-Sonata-SDK - Dolly Release\n", ("x",), "dolly"),
        ("<img>\n\n# MEF-LSO-Interlude-SDK Grace Release\n", (), "grace"),
        ("# Mplify-LSO-Allegro-SDK Janis (Final) Release\n", (), "janis"),
        ("# MEF LSO Sonata SDK - R6 Aretha Release\n", (), "aretha"),
        ("# MEF-LSO-Sonata-SDK\n\nRelease notes\n", ("MEF-LSO-Sonata-SDK-billie-final",), "billie"),
        ("", ("MEF-LSO-Legato-SDK-main", "celine"), "celine"),
        ("", ("sdk", "v1", "2026"), ""),
    ],
)
def test_a_release_is_told_by_the_readme_or_by_a_name(readme: str, names: tuple[str, ...], release: str) -> None:
    assert release_of(readme, *names) == release


def test_the_reference_point_is_what_most_base_paths_name() -> None:
    cantata = ["/mefApi/cantata/a/v1", "/mefApi/cantata/b/v1", "/mefApi/sonata/c/v3"]
    assert point_of(cantata, "MEF-LSO-Sonata-SDK") == "cantata"
    assert point_of(["/mefApi/other/a/v1"], "MEF-LSO-Legato-SDK") == "legato"
    assert point_of(["/a"], "personata", "a sonata") == "sonata"
    assert point_of(["/a"], "nothing") == ""


@pytest.mark.parametrize(
    ("text", "guide"),
    [
        ("**This file forms part of MEF 115**", "MEF115"),
        ("part of MEF W143", "W143"),
        ("part of Mplify 121.1", "Mplify121.1"),
        ("x", ""),
    ],
)
def test_a_guide_is_what_a_contract_is_part_of(text: str, guide: str) -> None:
    assert guide_of({"description": text}) == guide
