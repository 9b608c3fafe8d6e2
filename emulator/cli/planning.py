"""`oit run --plan`: what would be run, sent, waited for and needed; nothing is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import click

from emulator.conduct.settings import Settings
from emulator.doors.partner.file import PartnerFile
from emulator.doors.partner.hooks import CLEAN_SLATE, TIME_PASSES, hook_for, host_in, shown_deed
from emulator.doors.partner.listing import hosts_told, listed, token_hosts
from emulator.doors.partner.parts import HookPart
from emulator.parties.clock import RealClock
from emulator.record.exchange import Party
from emulator.scenario.duration import words
from emulator.scenario.expressions import ExpressionError, Generator, Scope, fill
from emulator.scenario.given import fill_inputs
from emulator.scenario.hosts import hosts_line
from emulator.scenario.model import Await, Call, Notify, Parallel, Scenario, Step
from emulator.scenario.needs import Dependence, needs_of, played
from emulator.scenario.selection import BEYOND, Job, Plan
from emulator.standard.release import Release


def tell_plan(plan: Plan, release: Release, settings: Settings, form: str, partner: PartnerFile | None = None) -> None:
    """Print a plan: lines for people, or one JSON document. Of a `partner` each reference is told and the host that it goes to."""
    sut = settings.roles.sut
    rows = [_row(job, release, settings) | _hooks(job, partner, settings) for job in plan.jobs]
    left = [{"name": _name(each.job), "what": str(each.what), "why": each.why} for each in plan.left_out]
    hosts = hosts_told(hosts_line(plan.jobs, settings.seller_url, settings.inputs, settings.callback), partner)
    secrets = listed(partner) if partner is not None else []
    if form == "json":
        told: dict[str, Any] = {"sut": sut, "hosts": hosts, "runs": rows, "left_out": left}
        if partner is not None:
            told |= {"references": [each.as_json() for each in secrets], "token_hosts": list(token_hosts(partner))}
        click.echo(json.dumps(told, indent=2))
        return
    for row in rows:
        click.echo("\n".join(_lines(row, sut)))
    if left:
        click.echo("\nLeft out")
        for each in left:
            asked = "" if each["what"] in BEYOND else f" (--needs {each['what']})"
            click.echo(f"  {each['name']}: {each['why']}{asked}")
    if secrets:
        click.echo("\nSecrets, by reference, and where they go")
        for secret in secrets:
            click.echo(f"  {secret.line}")
    if hosts:
        click.echo(f"\n{hosts}")
    calls = sum(step["does"] == "call" for row in rows for step in row["steps"] if not step["left_out"])
    click.echo(f"\n{len(rows)} run(s) with {calls} call(s) at least; {len(left)} left out. Nothing was sent.")


def _row(job: Job, release: Release, settings: Settings) -> dict[str, Any]:
    needs = needs_of(job.scenario, job.case, release)
    left_out = _left_out(job, settings) if settings.roles.emulates(Party.BUYER) else job.absent.steps
    return {
        "name": _name(job),
        "title": job.case.title if job.case else job.scenario.title,
        "file": job.scenario.file,
        "tags": list(job.scenario.tags),
        "needs": {
            "apis": list(needs.apis),
            "operations": list(needs.operations),
            "inputs": list(needs.inputs),
            "given": sorted(settings.inputs),
            "behaviour": needs.behaviour or None,
            "wait_seconds": needs.wait,
        },
        "steps": [
            {**_told(job.scenario, step, release), "left_out": left_out.get(step.id)}
            for step in played(job.scenario, job.case)
        ],
    }


def _hooks(job: Job, partner: PartnerFile | None, settings: Settings) -> dict[str, Any]:
    """The hooks that would be called, each with what it does and where; nothing where none would be."""
    if partner is None or settings.seller_url is None:
        return {}
    names: dict[str, str] = {CLEAN_SLATE: "before the run"}
    for each in job.hooks:
        names[each.name] = (
            "before the run" if each.step is None else f"{'after' if each.after else 'before'} {each.step}"
        )
    names[TIME_PASSES] = "in place of waiting"
    found = []
    for name, when in names.items():
        hook = hook_for(partner, name)
        if hook is not None:
            undo = shown_deed(hook.undo) if hook.undo else None
            found.append({"behaviour": name, "when": when, "does": shown_deed(hook), "host": _host(hook), "undo": undo})
    return {"hooks": found} if found else {}


def _host(hook: HookPart) -> str | None:
    """The host that a hook calls; None where it is a command."""
    return host_in(hook.call.url) if hook.call is not None else None


def _left_out(job: Job, settings: Settings) -> dict[str, str]:
    """Why steps of ours are not played, by their ids: what is known already, what is declared unsupported, and what needs such a step.

    FileProblem where the inputs cannot be filled in.
    """
    scope = Scope({}, Generator("plan", RealClock()), "plan", callback=lambda: "")
    fill_inputs(job, scope, settings.inputs)
    dependence, absent = Dependence(job.scenario), job.absent.steps
    spoilt, found = dict[str, str](), dict[str, str]()
    for step in played(job.scenario, job.case):
        if blocker := dependence.blocker(step, spoilt):
            found[step.id] = f"it needs '{blocker}': {absent[blocker]}"
            dependence.spoil(step, blocker, spoilt)
        elif not (job.case and job.case.at == step.id) and _is_known(step, scope):
            found[step.id] = "what it would tell is given"
        elif step.id in absent:
            found[step.id] = absent[step.id]
            dependence.spoil(step, step.id, spoilt)
    return found


def _is_known(step: Step, scope: Scope) -> bool:
    try:
        return bool(step.known) and all(
            value not in (None, "") for value in fill(dict(step.known), scope.lookup).values()
        )
    except ExpressionError:
        return False  # made of what another step tells


def _name(job: Job) -> str:
    row = "" if job.told_row is None else f" #{job.told_row + 1}"
    return f"{job.scenario.id}{f' [{job.case.id}]' if job.case else ''}{row}"


def _told(scenario: Scenario, step: Step, release: Release) -> dict[str, Any]:
    told: dict[str, Any] = {"id": step.id, "does": step.kind}
    match step.action:
        case Call() as call:
            source = scenario.sources[call.source]
            contract = release.contract(source.api, source.kind)
            operation = contract.operations[call.operation]
            told |= {"operation": f"{source.api}.{operation.id}", "method": operation.method.upper()}
            told |= {"path": contract.base_path.rstrip("/") + operation.path}
            if call.eventually:
                told |= {"within_seconds": call.eventually.within}
        case Await() as wait:
            told |= {"resource": wait.resource, "states": list(wait.states), "within_seconds": wait.within}
        case Notify() as notify:
            told |= {"event": notify.event, "within_seconds": notify.within}
        case Parallel() | _:
            pass
    return told


def _lines(row: Mapping[str, Any], sut: Party | None) -> Iterator[str]:
    needs = row["needs"]
    yield ""
    yield f"{row['name']}  {row['title']}"
    if needs["inputs"]:
        yield f"  data: {', '.join(needs['inputs'])}"
    if needs["behaviour"] and sut is Party.SELLER:
        yield f"  needs: {needs['behaviour']}"
    for hook in row.get("hooks", ()):
        undo = f"; undone by {hook['undo']}" if hook["undo"] else ""
        yield f"  hook {hook['behaviour']}, {hook['when']}: {hook['does']}{undo}"
    for step in row["steps"]:
        yield f"  {step['id']:<28} {_doing(step)}"


def _doing(step: Mapping[str, Any]) -> str:
    within = f", within {words(step['within_seconds'])}" if "within_seconds" in step else ""
    if step["left_out"]:
        return f"left out: {step['left_out']}"
    match step["does"]:
        case "call":
            return f"{step['method']} {step['path']}{within}"
        case "await":
            return f"wait for {step['resource']} to be {' or '.join(step['states'])}{within}"
        case _:
            return f"wait for {step['event']}{within}"
