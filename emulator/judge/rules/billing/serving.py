"""Who serves what, and who acts for whom (MEF 141, 5.2 and 5.3)."""

from __future__ import annotations

from emulator.judge.rule import requests
from emulator.judge.rules import common
from emulator.judge.rules.billing.book import API, BILLING, LIST, RETRIEVE, RETRIEVE_ITEM

common.serves_all(BILLING, "R1", LIST, RETRIEVE, RETRIEVE_ITEM)
common.parties(
    BILLING,
    several_buyers="R2",
    one_buyer="R3",
    several_sellers="R4",
    one_seller="R5",
    doubted=requests(API, LIST, RETRIEVE, RETRIEVE_ITEM),
    reading=("billing-parties", "needed"),
)
