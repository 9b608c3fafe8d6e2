"""A buyer that does not get over trouble with tokens, or lets in any callback, is found out; ours, as it is, by none of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from emulator.conduct.runs import run_all
from emulator.conduct.scenarios import read_scenarios
from emulator.conduct.settings import Settings
from emulator.doors.authority.guard import Authority
from emulator.doors.partner import oauth
from emulator.doors.partner.oauth import OAuth
from emulator.doors.visit import Visit
from emulator.scenario.selection import Wish, plan
from emulator.settings import scenarios_dir
from emulator.standard.release import load_release
from tests.scenario.test_shipped import Silent

Break = Callable[[pytest.MonkeyPatch], None]


def told(scenario: str, case: str) -> tuple[str, str, str | None]:
    """How the step of a case ended: outcome, message, and who is to blame."""
    release = load_release()
    jobs = plan(
        read_scenarios([scenarios_dir() / f"security/{scenario}.oit.yaml"], release), Wish((case,)), release
    ).jobs
    (report,) = run_all(Settings(seed=1), jobs, Silent())
    step = next(each for each in report["steps"] if ":" in each["id"])
    return step["outcome"], step.get("message") or "", step.get("blame")


def asks_for_no_other_token(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(OAuth, "refused", lambda *_: None)


def gives_up_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(oauth, "_TRIES", 1)


def goes_on_without_a_token(patch: pytest.MonkeyPatch) -> None:
    """It sends the old one again, and again."""
    patch.setattr(OAuth, "refused", lambda _, __, sent: dict(sent))


def lets_in_any_callback(patch: pytest.MonkeyPatch) -> None:
    right = Authority.authenticate

    async def authenticate(self: Authority, visit: Visit) -> str:
        return "anybody" if "/listener/" in visit.path else await right(self, visit)

    patch.setattr(Authority, "authenticate", authenticate)
    patch.setattr(Authority, "authorise", lambda *_: None)


ROWS: list[tuple[str, str, Break]] = [
    ("issuer-in-trouble", "keys-lost", asks_for_no_other_token),
    ("issuer-in-trouble", "refused-once", asks_for_no_other_token),
    ("issuer-in-trouble", "short-lived", asks_for_no_other_token),
    ("issuer-in-trouble", "keys-lost", goes_on_without_a_token),
    ("issuer-in-trouble", "endpoint-busy", gives_up_at_once),
    ("callbacks", "without-token", lets_in_any_callback),
    ("callbacks", "expired-token", lets_in_any_callback),
    ("callbacks", "others-token", lets_in_any_callback),
]


@pytest.mark.parametrize(("scenario", "case", "breaks"), ROWS)
def test_a_broken_buyer_is_found_out(scenario: str, case: str, breaks: Break, monkeypatch: pytest.MonkeyPatch) -> None:
    breaks(monkeypatch)
    outcome, message, blame = told(scenario, case)
    assert (outcome, blame) == ("unmet", "buyer"), message


def test_callbacks_that_are_taken_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    lets_in_any_callback(monkeypatch)
    found: Any = told("callbacks", "without-token")
    assert "answers to the callbacks: exchange" in found[1]
    assert "expected 401 or 403" in found[1]
