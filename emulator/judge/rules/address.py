"""The rules of MEF 121, in the order of the guide."""

from __future__ import annotations

from typing import Final

from emulator.judge.rule import requests
from emulator.judge.rulebook import Rulebook
from emulator.judge.rules import common

ADDRESS: Final = Rulebook("MEF121", "geographicAddress")

VALIDATE: Final = requests("geographicAddress", "createGeographicAddressValidation")

common.uses_all(ADDRESS, "R1", "createGeographicAddressValidation", "retrieveGeographicAddress")
common.parties(ADDRESS, several_buyers="R2", one_buyer="R3", several_sellers="R4", one_seller="R5")
ADDRESS.one_of("R12", "", "/provideAlternative", (True,), on=VALIDATE)
