"""Sheets for contracts that nobody has read: what their shape leaves open is said to be open, and no rule speaks of it."""

from __future__ import annotations

from typing import Any, Final

from emulator.sdk.notes import Notes
from emulator.standard.kinds.make import left_open
from emulator.standard.release import Release

_BECAUSE: Final = "imported as its SDK has it"
_SLIPS: Final = "slips"


def sheets_of(release: Release, notes: Notes) -> dict[str, dict[str, Any]]:
    """The sheet of each API that needs one, by API."""
    found: dict[str, dict[str, Any]] = {}
    for api, left in left_open(release).items():
        for each in left:
            sheet = found.setdefault(api, {})
            if each.key[0] == _SLIPS:
                sheet.setdefault(_SLIPS, {})[each.key[1]] = {"because": _BECAUSE}
                file = next(entry.official for entry in release.entries if entry.api == api)
                notes.mend(file, each.key[1], f"the contract contradicts itself: {each.what}", "kept as it is")
            else:
                key = "/".join(each.key)
                if key not in sheet.setdefault("open", []):
                    sheet["open"].append(key)
                notes.leave_open(f"{api}: {key}: {each.what}")
    return found
