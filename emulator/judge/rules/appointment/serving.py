"""Who serves which operation of the appointment API, and who acts for whom (MEF 137, 5.2 and 5.3)."""

from __future__ import annotations

from emulator.judge.rules import common
from emulator.judge.rules.appointment.book import APPOINTMENT

common.serves_all(
    APPOINTMENT,
    "R1",
    *("createSearchTimeSlot", "createAppointment", "listAppointment", "retrieveAppointment", "patchAppointment"),
    *("cancelAppointment", "registerListener", "retrieveHub", "unregisterListener"),
)
common.hears_all(APPOINTMENT, "R2")
common.parties(
    APPOINTMENT, several_buyers="R5", one_buyer="R6", several_sellers="R7", one_seller="R8", too=("workOrder",)
)
