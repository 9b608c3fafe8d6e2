"""What does not fit together in a profile: ids that nothing defines, options that no guide has, paths that lead nowhere.

It is looked for in what was read, whether or not all of it has the right shape, so that everything is told at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from emulator.errors import hint, suggestion
from emulator.parties.callbacks import WORDS, networks
from emulator.record.patch import merged
from emulator.record.payload import MISSING, at, escape, every
from emulator.record.secret_names import has_name, has_words
from emulator.standard.kinds.facts import Kind
from emulator.standard.member_names import member_names
from emulator.standard.release import Release
from emulator.standard.ways import misstep, states_of

Loose = tuple[str, bool, str]
"""A JSON Pointer, whether its key is meant, and what is wrong there."""
_SOME_OFFERING: Final[Mapping[str, Any]] = {
    "name": "",
    "specification": "",
    "payload": "",
    "installation": {"amount": 1, "units": "businessDays"},
    "terms": [{"name": "", "duration": {"amount": 1, "units": "calendarMonths"}}],
    "prices": [],
}
"""Stands for an offering that is not there, so that what extends it can be looked at."""


def before_merging(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A profile, or an overlay on one, as it is laid upon another: what an offering takes away from the one that it
    extends is still to be taken away after that.
    """
    offerings = raw.get("offerings")
    if not isinstance(offerings, Mapping):
        return dict(raw)
    kept = {
        key: _swapped(offering, None, MISSING) if isinstance(offering, Mapping) and "extends" in offering else offering
        for key, offering in offerings.items()
    }
    return {**raw, "offerings": kept}


def _swapped(value: Any, old: Any, new: Any) -> Any:
    """A value with one thing in place of another in all its maps."""
    if isinstance(value, Mapping):
        return {name: _swapped(member, old, new) for name, member in value.items()}
    return new if value is old else value


def with_inherited(raw: Mapping[str, Any]) -> tuple[dict[str, Any], list[Loose]]:
    """A profile whose offerings have what those have that they extend (RFC 7396), and what is wrong with that."""
    offerings, problems = raw.get("offerings"), list[Loose]()
    if not isinstance(offerings, dict):
        return dict(raw), problems
    offerings = _swapped(offerings, MISSING, None)
    found = {}
    for key, offering in offerings.items():
        found[key] = offering
        if isinstance(offering, dict) and "extends" in offering:
            found[key], problem = _inherited(offerings, key)
            problems += [(f"/offerings/{escape(str(key))}/extends", False, problem)] if problem else []
    return {**raw, "offerings": found}, problems


def _inherited(offerings: Mapping[str, Any], key: str) -> tuple[dict[str, Any], str]:
    """An offering laid upon those that it extends, one by one; "", or what is wrong with its own `extends`."""
    chain = [key]
    below: Any = _SOME_OFFERING
    problem = ""
    while True:
        one = offerings[chain[-1]]
        if not isinstance(one, dict) or "extends" not in one:
            below = one
            break
        base = one["extends"]
        if not isinstance(base, str) or base not in offerings:
            problem = f"there is no offering {base!r:.60}; {hint(base, offerings)}" if len(chain) == 1 else ""
            break
        if base in chain:
            circle = " → ".join([*chain[chain.index(base) :], base])
            problem = f"these offerings extend each other: {circle}" if base == key else ""
            break
        chain.append(base)
    for name in reversed(chain):
        own = offerings[name]
        if isinstance(own, dict):
            below = merged(below, {member: value for member, value in own.items() if member != "extends"})
    return below, problem


def loose_ends(
    raw: Mapping[str, Any],
    release: Release,
    plain: Collection[str],
) -> Iterator[Loose]:
    """Everything that does not fit together in a profile of a seller of this release. `plain` are the kinds of resource that
    no module serves in its own way.
    """
    yield from _places(raw)
    yield from _products(raw)
    yield from _offerings(raw)
    yield from _configurations(raw)
    yield from _paths(raw, release, plain)
    yield from _notifications(raw)
    yield from _declarations(raw, release)
    patterns = [(place, pattern) for place, pattern in every(raw, "/unsupported/*") if isinstance(pattern, str)]
    if patterns:
        yield from _unknown_operations(patterns, release)
    if secrets := [(place, name) for place, name in every(raw, "/secrets/*") if isinstance(name, str)]:
        yield from _senseless_secrets(secrets, release)


def operations_named(pattern: str, release: Release) -> frozenset[str]:
    """The operations that a word of `unsupported` means; none where it means nothing.

    It is an API by any of its names (`site`, `geographicSite`), an operation of one (`site.listGeographicSite`), or a
    pattern of the latter (`site.*`, `*.registerListener`). A whole API has its notifications with it.
    """
    return frozenset(
        f"{contract.api}.{operation}"
        for contract in release.contracts()
        for name, (api, kind) in release.spellings.items()
        if api == contract.api and kind in (None, contract.kind)
        for operation in contract.operations
        if pattern == name or fnmatchcase(f"{name}.{operation}", pattern)
    )


def _missing(raw: Mapping[str, Any], pattern: str, kind: str, noun: str) -> Iterator[Loose]:
    """References of a pattern that lead to nothing of that kind."""
    there = raw.get(kind)
    known = there if isinstance(there, dict) else {}
    for place, name in every(raw, pattern):
        if isinstance(name, str) and name not in known:
            near = f"; {hint(name, known)}" if suggestion(name, known) else ""
            yield place, False, f"there is no {noun} {name!r:.100}{near}"


def _places(raw: Mapping[str, Any]) -> Iterator[Loose]:
    yield from _missing(raw, "/addresses/*/of", "addresses", "address")
    yield from _missing(raw, "/sites/*/address", "addresses", "address")
    for place, address in every(raw, "/addresses/*/address"):
        if isinstance(address, dict) and not isinstance(address.get("@type"), str):
            yield place, False, "an address needs its '@type'"


def _products(raw: Mapping[str, Any]) -> Iterator[Loose]:
    yield from _missing(raw, "/products/*/productOffering/id", "offerings", "offering")


def _offerings(raw: Mapping[str, Any]) -> Iterator[Loose]:
    yield from _missing(raw, "/offerings/*/alternate", "offerings", "offering")
    for place, terms in every(raw, "/offerings/*/terms"):
        if terms == []:
            yield place, False, "an offering needs a term"
    for place, term in every(raw, "/offerings/*/terms/*"):
        if isinstance(term, dict) and (term.get("endOfTermAction") == "roll") != (term.get("rollInterval") is not None):
            yield place, False, "rollInterval goes with roll and nothing else (MEF 115 R37, R38)"


def _configurations(raw: Mapping[str, Any]) -> Iterator[Loose]:
    """Configurations that are told of offerings which there are not, or of another product than theirs."""
    for place, said in every(raw, "/discovery/configurations"):
        offerings = raw.get("offerings")
        known = offerings if isinstance(offerings, Mapping) else {}
        for name, configurations in said.items() if isinstance(said, Mapping) else ():
            here = f"{place}/{escape(str(name))}"
            if name not in known:
                yield here, True, f"there is no offering {name!r:.100}; {hint(str(name), known)}"
                continue
            payload = at(known[name], "/payload")
            for index, each in enumerate(configurations if isinstance(configurations, list) else ()):
                if at(each, "/@type") != payload:
                    yield f"{here}/{index}", False, f"its '@type' is not {payload}, by which {name} is configured"


def _paths(raw: Mapping[str, Any], release: Release, plain: Collection[str]) -> Iterator[Loose]:
    """A step that waits for two things, a state that there is not, a way that the lifecycle does not have."""
    for kind in release.kinds.living:
        for pattern in (f"/behaviour/{kind.name}/path", f"/have/{kind.name}/*/path"):
            for place, steps in every(raw, pattern):
                if isinstance(steps, list):
                    lawless = at(raw, "/behaviour/lawless") is True
                    given = at(raw, f"{place.rpartition('/')[0]}{kind.state_at}")
                    yield from _path(
                        release, kind, place, steps, stays=kind.name in plain, lawless=lawless, given=given
                    )


def _path(
    release: Release, kind: Kind, place: str, steps: list[Any], *, stays: bool, lawless: bool, given: Any
) -> Iterator[Loose]:
    """What is wrong with a path of a kind; `given` is the state in which it begins, MISSING where it is not said."""
    for n, step in enumerate(steps):
        for one in ("after_seconds", "signal"):
            if isinstance(step, dict) and step.get(one) is not None and step.get("reads") is not None:
                yield f"{place}/{n}", False, f"a step has {one} or reads, not both"
    if not lawless:
        states = [step.get("to") if isinstance(step, dict) else None for step in steps]
        yield from _states(release, kind, place, states, stays=stays, begun=given is not MISSING)


def _states(
    release: Release, kind: Kind, place: str, states: list[Any], *, stays: bool, begun: bool
) -> Iterator[Loose]:
    """What is wrong with the states of a path; with `stays` a step may lead to where its resource is, to set members. Where
    its resource has `begun` in a state that is given, the way from there is not looked at.
    """
    known = states_of(release, kind.name) or frozenset(kind.state.values if kind.state else ())
    unknown = [(n, state) for n, state in enumerate(states) if isinstance(state, str) and state not in known]
    for n, state in unknown:
        yield f"{place}/{n}/to", False, f"{state!r} is not a state of {kind.name}; {hint(state, sorted(known))}"
    if unknown or begun or not all(isinstance(state, str) for state in states):
        return
    moves = [n for n, state in enumerate(states) if not (stays and n and states[n - 1] == state)]
    if wrong := misstep(release, kind.name, [states[n] for n in moves]):
        yield f"{place}/{moves[wrong[0]]}/to", False, wrong[1]


def _notifications(raw: Mapping[str, Any]) -> Iterator[Loose]:
    attempts, timeout = at(raw, "/notifications/attempts"), at(raw, "/notifications/timeout")
    if isinstance(attempts, int) and attempts < 1:
        yield "/notifications/attempts", False, "each notification is tried once at least"
    if isinstance(timeout, int | float) and not timeout > 0:
        yield "/notifications/timeout", False, "a try needs some time"
    most = at(raw, "/notifications/subscriptions")
    if isinstance(most, int) and not isinstance(most, bool) and most < 1:
        yield "/notifications/subscriptions", False, "a Buyer may have one subscription at least"
    for name in ("allow", "deny"):
        for place, text in every(raw, f"/notifications/{name}/*"):
            try:
                networks(str(text))
            except ValueError:
                yield place, False, f"{text!r} is no network and none of {', '.join(WORDS)}"


def option_here(name: str, release: Release) -> str | None:
    """What an option that is named by its label or its key is called in a release; None where it has it no more."""
    return name if name in release.numbered else release.labels.covers(name)


def _declarations(raw: Mapping[str, Any], release: Release) -> Iterator[Loose]:
    """What is wrong with the options and readings."""
    named, pinned = (
        [*each.items()] if isinstance(each := raw.get(key), dict) else [] for key in ("options", "readings")
    )
    # Every guide's requirements are read only for a profile that names some.
    numbered = [*release.numbered.values()] if named else []
    binding = {f"{each.guide}-{each.if_supported}" for each in numbered if each.if_supported}
    options = [each.id for each in numbered if each.kind == "O" or each.id in binding]
    for name, _ in named:
        if (here := option_here(name, release)) is not None and here not in options:
            yield f"/options/{escape(str(name))}", True, f"there is no option {name!r}; {hint(name, options)}"
    claims = each if isinstance(each := raw.get("claims"), list) else []
    for index, name in enumerate(claims):
        if isinstance(name, str) and name not in release.claimable:
            known = hint(name, release.claimable)
            yield f"/claims/{index}", False, f"there is no guide {name!r:.60} to claim; {known}"
    register = release.interpretations if pinned else {}
    for name, reading in pinned:
        place = f"/readings/{escape(str(name))}"
        if name not in register:
            yield place, True, f"the interpretation register has no entry {name!r}; {hint(name, register)}"
        elif isinstance(reading, str) and reading not in register[name].readings:
            yield place, False, f"{name} has no reading {reading!r:.60}; {hint(reading, register[name].readings)}"


def _unknown_operations(patterns: Iterable[tuple[str, str]], release: Release) -> Iterator[Loose]:
    names = [name for name in release.spellings if not name.endswith(".yaml")]
    apis = dict.fromkeys(contract.api for contract in release.contracts())
    known = [*names, *(f"{name}.{one}" for name in names for one in release.contract(name).operations)]
    for place, pattern in patterns:
        if not operations_named(pattern, release):
            near = suggestion(pattern, known)
            hint = f"did you mean {near!r}?" if near else f"it is an API ({', '.join(apis)}) or an operation of one"
            yield place, False, f"unknown operation {pattern!r}; {hint}"


def _senseless_secrets(secrets: Iterable[tuple[str, str]], release: Release) -> Iterator[Loose]:
    """Names that have no word in them, and those that would hide from the judge what it has to read."""
    for place, name in secrets:
        if not has_words(name):
            yield place, False, f"{name!r:.60} has no letters: write the name of a header, a parameter or a member"
        elif hidden := sorted(known for known in release.made(member_names) if has_name(known, name)):
            yield place, False, f"{name!r:.60} would hide {', '.join(hidden[:3])} of the standard, which has to be read"
