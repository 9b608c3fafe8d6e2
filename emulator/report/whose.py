"""Whose run it was: the roles of the parties, as a report tells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.judge.roles import SELF_TEST, PartyRole, Roles
from emulator.record.exchange import Party


def roles_of(run: Mapping[str, Any]) -> Roles:
    """Who plays which party in a run's report. One that was written before reports said so tells who was under test, and
    whether it was captured.
    """
    about = run["run"]
    if "roles" in about:
        return Roles(**{str(party): PartyRole(about["roles"][party]) for party in Party})
    sut = Party(about["sut"]) if about["sut"] else None
    if "unattributed" in run:
        return Roles.captured(sut)
    return SELF_TEST if sut is None else Roles.testing(sut)


def is_beside(run: Mapping[str, Any], blame: str) -> bool:
    """Whether a finding is blamed on a party that is merely observed, while another one is under test."""
    return blame in list(Party) and roles_of(run).is_beside(Party(blame))
