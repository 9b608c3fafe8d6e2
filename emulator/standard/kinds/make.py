"""Makes the facts of a release: rules first, then sheets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from emulator.errors import FileProblem, UserError, in_order
from emulator.standard.kinds.checks import Around
from emulator.standard.kinds.infer import Documents, infer
from emulator.standard.kinds.join import join
from emulator.standard.kinds.sheet import read_sheet
from emulator.standard.lifecycle import load_lifecycles

if TYPE_CHECKING:
    from emulator.standard.release import Release


def make_kinds(release: Release) -> dict[str, Any]:
    """The facts of each API, as JSON has them. Raises FileProblem where a sheet is wrong or leaves something open."""
    documents = {api: Documents(release.document(api), _notification(release, api)) for api in release.apis}
    inferred = infer(documents)
    sources = [(name, source) for each in inferred.values() for name, source in each.sources.items()]
    problems: list[str] = []
    for name, source in sources:
        if any(other == name and each is not source for other, each in sources):
            problems.append(f"{release.sheet(source.kind.api)}:1:1: two APIs have a kind {name}")
    around = Around(
        load_lifecycles(release.specs),
        frozenset(patch["id"] for patch in release.errata),
        frozenset(release.interpretations),
        dict(sources),
    )
    facts = {}
    for api, each in inferred.items():
        try:
            facts[api] = join(each, read_sheet(release.sheet(api)), around, problems)
        except FileProblem as error:
            problems += error.problems
    if problems:
        raise FileProblem(in_order(problems))
    found: dict[str, Any] = orjson.loads(orjson.dumps(facts))
    return found


def _notification(release: Release, api: str) -> dict[str, Any] | None:
    try:
        return release.document(api, "notification")
    except UserError:
        return None
