"""What is wrong with the hooks of a partner's file that only a run would find: expressions, lengths of time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from emulator.doors.partner.file import PartnerFile
from emulator.doors.partner.hooks import PLACE, TIME_PASSES, deeds
from emulator.doors.partner.parts import Deed, HookPart
from emulator.errors import FileProblem
from emulator.record.payload import escape
from emulator.scenario.duration import seconds
from emulator.scenario.expressions import ExpressionError, expressions_in, texts
from emulator.scenario.preparing import ASKED

_ALLOWED: Final = ("inputs", "steps", "run", "gen", "buyer", "hook")


def check_hooks(file: PartnerFile) -> None:
    """FileProblem for what only a run would find wrong with the hooks of a partner's file: expressions, lengths of time."""
    problems = list(_wrong(file))
    if problems:
        raise FileProblem(problems)


def _wrong(file: PartnerFile) -> Iterator[str]:
    for name, part in file.part.hooks.items():
        yield from _wrong_times(file, name, part)
    for place, deed in deeds(file):
        call = deed.call if isinstance(deed, Deed) else deed
        parts: dict[str, Any] = {"/command": list(deed.command)} if isinstance(deed, Deed) else {}
        if call is not None:
            parts |= {"/call/url": call.url, "/call/headers": dict(call.headers), "/call/body": call.body}
        for below, value in parts.items():
            for pointer, text in texts(value):
                if problem := _unknown(text):
                    yield f"{file.where(f'{place}{below}{pointer}')}: {problem}"


def _wrong_times(file: PartnerFile, name: str, part: HookPart) -> Iterator[str]:
    place = f"{PLACE}/{escape(name)}"
    for key in ("moves", "least", "settles"):
        value = getattr(part, key)
        if value is None or (key == "moves" and value == ASKED):
            continue
        with suppress(ValueError):
            if seconds(value) > 0 or key != "moves":
                continue
        wanted = "a length of time such as P1D or 2h" + (f", or {ASKED}," if key == "moves" else "")
        yield f"{file.where(f'{place}/{key}')}: {value!r:.40}: {wanted} is needed here"
    if part.moves is not None and name != TIME_PASSES:
        yield f"{file.where(f'{place}/moves')}: only the hook {TIME_PASSES} moves the clock"
    if part.moves is None and name == TIME_PASSES:
        yield f"{file.where(place)}: 'moves' is missing: by how much is the clock put forward? A length of time, or {ASKED}"


def _unknown(text: str) -> str:
    """What is wrong with the expressions of a text, "" where nothing is."""
    try:
        found = expressions_in(text)
    except ExpressionError as error:
        return str(error)
    strange = next((one for one in found if one.root not in _ALLOWED), None)
    known = ", ".join(f"${root}" for root in _ALLOWED)
    return "" if strange is None else f"'{strange.text}': a hook knows {known} only"
