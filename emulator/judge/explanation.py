"""What there is to say about a requirement, a rule, an entry of the interpretation register or an error code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from emulator.errors import UserError, suggestions
from emulator.judge.echoes import CONTRACT
from emulator.judge.judge import judge
from emulator.judge.listing import rules_by_requirement
from emulator.judge.rules import rules_of
from emulator.judge.verdict import Finding, Verdict
from emulator.judge.wording import CHECKS, CODES, FAULTS, FLOW, SCENARIO
from emulator.record.call import ErrorCode, Issue
from emulator.record.exchange import Exchange, provoked_in
from emulator.record.payload import MISSING, at
from emulator.standard.breach import ADVISORY
from emulator.standard.guide import guide_files, guide_title, quotation
from emulator.standard.interpretation import Interpretation
from emulator.standard.proof import Proof
from emulator.standard.release import Release
from emulator.standard.requirement import Aspect, Requirement

Explanation = dict[str, Any]
"""As `oit explain --format json` prints it; `kind` says of what it is."""

_SPELT: Final = re.compile(
    r"(?:(MEF|Mplify)[ ]?)?(W?[0-9]+(?:\.[0-9]+)*)[-: ]?((?:C?R|C?D|O)[0-9]+[A-Z]?)(\..+)?", re.IGNORECASE
)
_TEXT: Final = 60
"""Characters of a text in an excerpt."""


def explain(release: Release, identifier: str, sdk: Path | None = None) -> Explanation:
    """All there is to say in a release about an id, however it is spelt. UserError with a near match where it is unknown.

    With `sdk`, an official SDK folder, the guide's own sentences are looked up there.
    """
    name = _known(release, identifier)
    if name in release.numbered:
        return _requirement(release, release.numbered[name], sdk)
    if name in release.made(_rules):
        return _rule(release, name, sdk)
    if name in release.interpretations:
        entry = release.interpretations[name]
        quotations = _quotations(release, entry.requirements, sdk)
        return {"kind": "interpretation", **_interpretation(entry), "quotations": quotations}
    return _code(release, name)


def requirements_of_rules(release: Release) -> dict[str, tuple[str, ...]]:
    """Every rule that a finding can bear, with the requirements that it speaks on."""
    return {name: requirements for name, (_, requirements) in release.made(_rules).items()}


def _known(release: Release, identifier: str) -> str:
    """The id as we spell it."""
    names = (*release.numbered, *release.made(_rules), *release.interpretations, *CODES)
    known = {name.lower(): name for name in names}
    wanted = identifier.strip()
    if spelt := _SPELT.fullmatch(wanted):
        by, number = spelt[1] or "", spelt[2].upper()
        publishers = ("",) if number.startswith("W") else (by,) if by else ("MEF", "Mplify")
        ways = [f"{each}{number}-{spelt[3]}{spelt[4] or ''}" for each in publishers]
        wanted = next((way for way in ways if way.lower() in known), ways[0])
    if wanted.lower() in known:
        return known[wanted.lower()]
    near = [known[word] for word in suggestions(wanted.lower(), known, most=3)]
    hint = f"Did you mean {' or '.join(near)}?" if near else "`oit rules` lists the requirements and their rules."
    message = f"nothing is known of {identifier!r}. {hint}"
    raise UserError(message)


def _rules(release: Release) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Every rule that a finding can bear: what it looks at, and the requirements that it speaks on."""
    numbered: dict[str, list[str]] = {}
    for requirement, names in rules_by_requirement(release).items():
        for name in names:
            numbered.setdefault(name, []).append(requirement)
    found: dict[str, tuple[str, tuple[str, ...]]] = {
        rule.id: (rule.about, ()) for rule in rules_of(release).looking if rule.id.startswith(CONTRACT)
    }
    found |= {f"{CONTRACT}{check}": (CHECKS[check], tuple(numbered.get(f"{CONTRACT}{check}", ()))) for check in CHECKS}
    found |= {f"transport.{kind}": (says, ()) for kind, says in FAULTS.items()}
    found |= {f"flow.{kind}": (says, ()) for kind, says in FLOW.items()}
    found |= {f"scenario.{kind}": (says, ()) for kind, says in SCENARIO.items()}
    for book in rules_of(release).every_book:
        found |= {rule.id: (rule.about, rule.requirements) for rule in book.rules}
        found |= {rule.id: (rule.about, rule.requirements) for rule in book.closing}
    return found


def rule_table(release: Release) -> dict[str, dict[str, Any]]:
    """Every rule that a finding can bear in a release: `{about, on[[api, operation, half]], places[]}`, what is empty left out.

    `places` are patterns of what it looks at where they are always the same.
    """
    rules = rules_of(release)
    looking = {
        rule.id: rule for rule in (*rules.looking, *(each for book in rules.claimed.values() for each in book.rules))
    }
    table: dict[str, dict[str, Any]] = {}
    for name, (about, _) in release.made(_rules).items():
        rule = looking.get(name)
        spots = rule.on.spots if rule and rule.on else ()
        row = {
            "about": " ".join(about.split()),
            "on": [[spot.api, one, str(spot.half)] for spot in spots for one in spot.operations(release.kinds)],
            "places": list(rule.places) if rule else [],
        }
        table[name] = {key: value for key, value in row.items() if value}
    return table


def _requirement(release: Release, requirement: Requirement, sdk: Path | None) -> Explanation:
    catalogue, rules = release.numbered, release.made(_rules)
    speaking = rules_by_requirement(release).get(requirement.id, [])
    option = catalogue.get(f"{requirement.guide}-{requirement.if_supported}") if requirement.if_supported else None
    proofs = _proofs(release, [requirement.id, *speaking])
    return {
        "kind": "requirement",
        "id": requirement.id,
        "guide": requirement.guide,
        "section": requirement.section,
        "release": release.name,
        "title": requirement.title,
        "keyword": str(requirement.keyword),
        "side": str(requirement.side),
        "condition": {"option": option.id, "title": option.title} if option else None,
        "reference": list(requirement.reference),
        "seen": requirement.seen,
        "not_on_wire": requirement.not_on_wire,
        "contract": str(requirement.contract) if requirement.contract else None,
        "rules": [{"id": name, "about": rules[name][0] if name in rules else ""} for name in speaking],
        "examples": [_example(release, proof) for proof in proofs],
        "ask": _asked(proofs),
        "note": requirement.note,
        "claimed": _claim(release, requirement),
        "interpretations": _touching(release, [requirement.id]),
        "quotations": _quotations(release, [requirement.id], sdk),
    }


def _claim(release: Release, requirement: Requirement) -> str | None:
    """When a requirement of a guide of no single API is judged; None for all others."""
    if requirement.guide not in release.claimable:
        return None
    title = release.claimable[requirement.guide].title
    return f"judged only where a partner claims the {title}: `claims: [{requirement.guide}]` in its profile"


def _rule(release: Release, name: str, sdk: Path | None) -> Explanation:
    about, requirements = release.made(_rules)[name]
    catalogue = release.numbered
    proofs = _proofs(release, [name])
    ours = name.startswith((CONTRACT, "transport.", "flow.", "scenario."))
    advisory = name in _ADVISED and not any(
        catalogue[each].aspect is Aspect.DEFINED for each in requirements if each in catalogue
    )
    return {
        "kind": "rule",
        "id": name,
        "about": about,
        "warns_only": advisory,
        "requirements": [
            {"id": each, "section": catalogue[each].section, "title": catalogue[each].title}
            for each in requirements
            if each in catalogue
        ],
        "examples": [_example(release, proof) for proof in proofs],
        "ask": _asked(proofs),
        "interpretations": [] if ours else _touching(release, requirements),
        "quotations": [] if ours else _quotations(release, requirements, sdk),
    }


_ADVISED: Final = tuple(f"{CONTRACT}{check}" for check in ADVISORY)


def _code(release: Release, name: str) -> Explanation:
    words = CODES[name]
    mentioned = re.compile(rf"\b{re.escape(name)}\b")
    speaking = [each for each in release.numbered.values() if mentioned.search(f"{each.title} {each.seen} {each.note}")]
    issue = name in list(ErrorCode)
    body: Any = {"code": name, "reason": "Why, in a few words"}
    if issue:
        body = [Issue("/a/member", ErrorCode(name), "Why, in a few words").as_json()]
    return {
        "kind": "error_code",
        "id": name,
        "status": words.status,
        "says": words.says,
        "where": f"code of Error{words.status}" + (", and of the TerminationError of an item" if issue else ""),
        "body": body,
        "ask": [words.ask],
        "requirements": [{"id": each.id, "section": each.section, "title": each.title} for each in speaking],
    }


# -- the register, and the guides ------------------------------------------------------------------


def _interpretation(entry: Interpretation) -> dict[str, Any]:
    other = next(name for name in entry.readings if name != entry.default)
    return {
        "id": entry.id,
        "title": entry.title,
        "requirements": list(entry.requirements),
        "readings": {
            name: {"says": reading.says, "clauses": list(reading.clauses)} for name, reading in entry.readings.items()
        },
        "default": entry.default,
        "why": entry.why,
        "pin": f"readings: {{{entry.id}: {other}}}",
    }


def _touching(release: Release, requirements: Iterable[str]) -> list[dict[str, Any]]:
    wanted = set(requirements)
    return [_interpretation(entry) for entry in release.interpretations.values() if wanted & set(entry.requirements)]


def _quotations(release: Release, requirements: Sequence[str], sdk: Path | None) -> list[dict[str, Any]]:
    """The sentences of the guides, where they can be found; UserError where a guide itself is not there."""
    if sdk is None:
        return []
    found: list[dict[str, Any]] = []
    for identifier in requirements:
        requirement = release.numbered.get(identifier)
        if requirement is None:
            continue
        files = guide_files(sdk, requirement.guide)
        if not files and requirement.guide in release.claimable:
            continue  # an SDK has it as a picture of its pages
        if not files:
            title = guide_title(requirement.guide)
            message = f"--sdk {sdk}: no guide of {title} is there (a file whose name begins with '{title} ')"
            raise UserError(message)
        quoted = quotation(files, requirement.label)
        found.append(
            {
                "requirement": identifier,
                "file": str(quoted.file if quoted else files[0]),
                "line": quoted.line if quoted else None,
                "lead": quoted.lead if quoted else "",
                "text": quoted.text if quoted else None,
            }
        )
    return found


# -- examples --------------------------------------------------------------------------------------


def _proofs(release: Release, names: Iterable[str]) -> list[Proof]:
    return [release.proofs[name] for name in dict.fromkeys(names) if name in release.proofs]


def _asked(proofs: Iterable[Proof]) -> list[str]:
    return list(dict.fromkeys(question for proof in proofs for question in proof.ask))


def _example(release: Release, proof: Proof) -> dict[str, Any]:
    """A run that a rule passes, the change that it notices, and what it says then."""
    finding = None if proof.never_fails else finding_of(release, proof)
    return {
        "rule": proof.id,
        "right": [_told(release, exchange) for exchange in proof.right],
        "wrong": [] if proof.changed else [_told(release, exchange) for exchange in proof.wrong],
        "changed": list(_changes(release, proof)),
        "never_fails": proof.never_fails,
        "declared": _declared(proof),
        "finding": _finding_json(release, proof, finding) if finding else None,
    }


def _declared(proof: Proof) -> dict[str, Any]:
    said = proof.declared
    told = {
        "buyers": said.buyers and list(said.buyers),
        "sellers": said.sellers and list(said.sellers),
        "options": dict(said.options),
        "readings": dict(said.readings),
        "unsupported": list(said.unsupported),
        "claims": sorted(said.claims),
    }
    return {name: value for name, value in told.items() if value}


def finding_of(release: Release, proof: Proof) -> Finding | None:
    """What the rule of a proof finds in the run that is wrong."""
    judged = judge(proof.wrong, release, declared=proof.declared, provoked=provoked_in(proof.wrong))
    grave = (Verdict.FAIL, Verdict.DISPUTED, Verdict.WARNING)
    mine = [
        finding
        for finding in judged.findings
        if finding.verdict in grave
        and (finding.rule == proof.id or (finding.rule.startswith(CONTRACT) and proof.id in finding.requirements))
    ]
    return mine[0] if mine else None


def _finding_json(release: Release, proof: Proof, finding: Finding) -> dict[str, Any]:
    shown = {
        "verdict": str(finding.verdict),
        "blame": str(finding.blame),
        "exchange": _told(release, proof.wrong[finding.exchange]) if finding.exchange else None,
        "pointer": finding.pointer,
        "message": finding.message,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _changes(release: Release, proof: Proof) -> Iterator[dict[str, Any]]:
    """Each change: where, from what to what, and what stands around it in both runs."""
    right, wrong = list(proof.right), list(proof.wrong)
    for name, half, pointer, before, after in proof.changed:
        spot = proof.names.index(name)
        change: dict[str, Any] = {"exchange": _told(release, right[spot]), "half": half, "pointer": pointer}
        for key, value, runs in (("right", before, right), ("wrong", after, wrong)):
            if value is not MISSING:
                change[key] = value
            if half in ("request", "response"):
                change[f"{key}_excerpt"] = excerpt(_body(runs[spot], half), pointer)
        yield change


def _body(exchange: Exchange, half: str) -> Any:
    message = exchange.request if half == "request" else exchange.response
    return message.body if message else MISSING


def _told(release: Release, exchange: Exchange) -> str:
    """`POST /quote -> 201`, without the host and base path."""
    path = exchange.request.url.partition("://")[2].partition("/")[2]
    if exchange.api and exchange.kind:
        base = release.contract(exchange.api, exchange.kind).base_path.lstrip("/")
        path = path.removeprefix(base).lstrip("/")
    answered = exchange.response.status if exchange.response else "no answer"
    return f"{exchange.request.method} /{path} -> {answered}"


def excerpt(body: Any, pointer: str) -> Any:
    """The object in which a pointer's member stands, with all that is further in left out."""
    if body is MISSING:
        return None
    place = pointer.rpartition("/")[0] if pointer else ""
    while place and not isinstance(at(body, place), dict):
        place = place.rpartition("/")[0]
    holder = at(body, place)
    if not isinstance(holder, dict):
        return _pruned(holder, 1)
    token = pointer.removeprefix(place).lstrip("/").split("/")[0]
    return {name: _pruned(value, 2 if name == token else 0) for name, value in holder.items()}


def _pruned(value: Any, depth: int) -> Any:
    match value:
        case str() if len(value) > _TEXT:
            return value[:_TEXT] + "…"
        case dict() if value:
            return {name: _pruned(each, depth - 1) for name, each in value.items()} if depth > 0 else {"…": "…"}
        case list() if value:
            return [_pruned(each, depth - 1) for each in value] if depth > 0 else ["…"]
        case _:
            return value
