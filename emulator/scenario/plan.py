"""What a scenario asks of an emulated seller, as an overlay on its profile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from emulator.parties.signals import step_of, step_signal
from emulator.record.patch import overlaid
from emulator.record.payload import MISSING, at, every
from emulator.scenario.expressions import Expression, ExpressionError, fill
from emulator.scenario.model import Case, CaseKind, Scenario, Transition
from emulator.standard.ways import misstep


def plan_overlay(scenario: Scenario, case: Case | None) -> dict[str, Any]:
    """The RFC 7396 overlay for the seller: lifecycle paths, then the profile, then the case's profile.

    A path becomes `behaviour.<resource kind>.path`: a list of `{to, after_seconds | reads, signal, set}`; a transition
    `when` a step has succeeded waits for the signal of that step. A path that no lifecycle has is gone only in a fault
    case. In `set`, inputs are filled in; `$gen` and `$resource` expressions stay as text, for the seller to fill in at
    the time of the transition.
    """
    behaviour: dict[str, Any] = {}
    for name, plan in scenario.lifecycle.items():
        if plan.kind is None or plan.kind.cycle is None:
            continue
        kind = plan.kind.name
        path = case.lifecycle.get(name, plan.path) if case else plan.path
        if case and case.kind is CaseKind.FAULT and misstep(scenario.release, kind, [step.to for step in path]):
            behaviour["lawless"] = True
        behaviour[kind] = {
            "path": [_transition(step, scenario.inputs) for step in path],
        }
    overlay: dict[str, Any] = {"behaviour": behaviour} if behaviour else {}
    for profile in (scenario.profile, case.profile if case else {}):
        overlay = overlaid(overlay, profile)
    return overlay


def overlay_place(scenario: Scenario, case: Case | None, pointer: str) -> str | None:
    """Where a setting of `plan_overlay` is written: `file:line:col` of the profile of the case or of the scenario, None where
    of neither.
    """
    for part in (case, scenario):
        if part is not None and at(part.profile, pointer) is not MISSING:
            return part.origin.where(f"/profile{pointer}")
    return None


_SIGNALS: Final = (
    "/have/*/*/signal",
    "/have/*/*/path/*/signal",
    "/does/*/signal",
    "/offerings/*/signal",
    "/offerings/*/transitions/*/signal",
    "/catalog/specifications/*/transitions/*/signal",
)
"""Where a profile has something wait for a signal."""


def waited_for(scenario: Scenario, case: Case | None) -> frozenset[str]:
    """The steps that bring about a transition of our seller's, or a resource that its profile has wait for their signal."""
    paths = [case.lifecycle.get(name, plan.path) if case else plan.path for name, plan in scenario.lifecycle.items()]
    profiles = [scenario.profile, case.profile if case else {}]
    signals = [signal for profile in profiles for where in _SIGNALS for _, signal in every(profile, where)]
    of_profile = {step for signal in signals if isinstance(signal, str) and (step := step_of(signal))}
    return frozenset(step.when for path in paths for step in path if step.when is not None) | of_profile


def _transition(step: Transition, inputs: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"to": step.to}
    if step.after is not None:
        found["after_seconds"] = step.after
    if step.reads is not None:
        found["reads"] = step.reads
    if step.when is not None:
        found["signal"] = step_signal(step.when)
    if step.set:
        found["set"] = {pointer: _known(value, inputs) for pointer, value in step.set.items()}
    return found


def _known(value: Any, inputs: Mapping[str, Any]) -> Any:
    """`value` with inputs filled in; other expressions stay as they are written."""

    def lookup(expression: Expression) -> Any:
        if expression.root != "inputs":
            raise ExpressionError(expression.text)
        found: Any = inputs
        for name in expression.path:
            found = found[name] if isinstance(found, Mapping) and name in found else None
        return found

    if isinstance(value, Mapping):
        return {name: _known(member, inputs) for name, member in value.items()}
    if isinstance(value, list):
        return [_known(member, inputs) for member in value]
    try:
        return fill(value, lookup)
    except ExpressionError:
        return value
