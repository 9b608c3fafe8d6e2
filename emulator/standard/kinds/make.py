"""Makes the facts of a release: rules first, then sheets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import orjson

from emulator.errors import FileProblem, UserError, in_order
from emulator.record.payload import unescape
from emulator.standard.kinds.checks import Around
from emulator.standard.kinds.facts import Kind, Kinds
from emulator.standard.kinds.infer import Documents, Inferred, Open, infer
from emulator.standard.kinds.join import join
from emulator.standard.kinds.resources import Source
from emulator.standard.kinds.sheet import Sheet, read_sheet
from emulator.standard.labels import Labels

_OPERATION: Final = re.compile(r"/paths/([^/]+)/(get|put|post|patch|delete)")

if TYPE_CHECKING:
    from emulator.standard.release import Release


def make_kinds(release: Release) -> dict[str, Any]:
    """The facts of each API, as JSON has them. Raises FileProblem where a sheet is wrong or leaves something open."""
    facts = _joined(release, {})
    found: dict[str, Any] = orjson.loads(orjson.dumps(facts))
    if release.like:
        _tell(found, release.labels)
    return found


def _tell(value: Any, labels: Labels) -> None:
    """Have each `clause` in a value called as the release calls it; one that it has not is left out."""
    if isinstance(value, dict):
        if isinstance(clause := value.get("clause"), str):
            value["clause"] = labels.words(clause) or ""
        for each in value.values():
            _tell(each, labels)
    elif isinstance(value, list):
        for each in value:
            _tell(each, labels)


def inferred_kinds(release: Release) -> list[Kind]:
    """The kinds of resource as the shape of the contracts alone gives them."""
    return [source.kind for each in infer(_documents(release)).values() for source in each.sources.values()]


def left_open(release: Release) -> dict[str, list[Open]]:
    """What the contracts of each API leave open, and where they contradict themselves (`slips/…`), sheets aside.

    Whoever writes sheets for contracts that nobody has read says with it that nobody knows.
    """
    left: dict[str, list[Open]] = {api: [] for api in release.apis}
    _joined(release, left)
    return left


def _joined(release: Release, left: dict[str, list[Open]]) -> dict[str, Kinds]:
    """Rules and sheets together; with `left`, without sheets."""
    inferred = infer(_documents(release))
    problems: list[str] = []
    sources: dict[str, Source] = {}
    sheets: dict[str, Sheet] = {}
    for api, each in inferred.items():
        path = release.path(api, "resources")
        try:
            sheets[api] = Sheet(str(path)) if left else read_sheet(path)
        except FileProblem as error:
            problems += error.problems
            continue
        for name, source in each.sources.items():
            if name not in sources:
                sources[name] = source
            elif left:
                left[api].append(Open(("kinds", name), f"{sources[name].kind.api} has a kind of this name, too"))
            elif f"kinds/{name}" not in sheets[api].open:
                problems.append(f"{path}:1:1: two APIs have a kind {name}")
    around = Around(
        release.lifecycles, frozenset(each.id for each in release.errata), frozenset(release.interpretations), sources
    )
    facts = {
        api: join(_without(inferred[api], sources), sheet, around, problems, left.get(api))
        for api, sheet in sheets.items()
    }
    if problems:
        raise FileProblem(in_order(problems))
    return facts


def _without(inferred: Inferred, sources: Mapping[str, Source]) -> Inferred:
    """The facts without the kinds that another API has under the same name: its operations and events show none."""
    twice = [name for name, source in inferred.sources.items() if sources[name] is not source]
    if not twice:
        return inferred
    facts = inferred.facts
    kept = replace(
        facts,
        kinds={name: kind for name, kind in facts.kinds.items() if name not in twice},
        events={name: replace(each, kind="") if each.kind in twice else each for name, each in facts.events.items()},
    )
    still = tuple(each for each in inferred.open if each.key[0] != "kinds" or each.key[1] not in twice)
    return replace(
        inferred, facts=kept, open=(*still, *(Open(("kinds", name), "another API has it") for name in twice))
    )


def _documents(release: Release) -> dict[str, Documents]:
    return {api: Documents(_management(release, api), _notification(release, api)) for api in release.apis}


def _management(release: Release, api: str) -> dict[str, Any]:
    """The management contract, with the operations that errata add to it: they are served and asked for like the others."""
    document = release.document(api)
    paths = dict(document["paths"])
    for each in release.errata:
        if (each.api, each.contract, each.change.op) == (api, "management", "add") and (
            at := _OPERATION.fullmatch(each.at)
        ):
            path = unescape(at[1])
            paths[path] = {**paths.get(path, {}), at[2]: each.change.value}
    return {**document, "paths": paths}


def _notification(release: Release, api: str) -> dict[str, Any] | None:
    try:
        return release.document(api, "notification")
    except UserError:
        return None
