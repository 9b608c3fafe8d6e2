"""What makes a finding the same finding in another run: neither ids nor moments, which differ every time."""

from __future__ import annotations

import hashlib
import re
from typing import Final

import orjson

from emulator.report.model import Report, exchange_of
from emulator.report.released import labelled

_INDEX: Final = re.compile(r"/(?:0|[1-9][0-9]*)(?=/|$)")


def finding_key(run: Report, finding: Report) -> str:
    """The same text for the same finding of the same case in every run: 32 hex digits.

    Made of scenario, case and data row, step, operation, rule, requirements, and the place with `*` for each index.
    """
    exchange = exchange_of(run, finding["exchange"])
    return _digest(
        [
            *_about(run),
            step_of(run, finding["exchange"]),
            exchange and [exchange["api"], exchange["operation"]],
            finding["rule"],
            sorted(labelled(finding, each) for each in finding["requirements"]),
            _INDEX.sub("/*", finding["pointer"]),
        ]
    )


def step_key(run: Report, step: Report) -> str:
    """Likewise of a step that did not pass."""
    return _digest([*_about(run), step["id"]])


def step_of(run: Report, n: int | None) -> str | None:
    """The id of the step that an exchange belongs to, where it is known."""
    if n is None:
        return None
    played = next((step["id"] for step in run["steps"] if n in step["exchanges"]), None)
    exchange = exchange_of(run, n)
    noted = exchange["step"] if exchange else None
    return played or noted


def _about(run: Report) -> list[object]:
    about = run["run"]
    return [about["scenario"], about["case"], about.get("row")]


def _digest(parts: list[object]) -> str:
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()[:32]
