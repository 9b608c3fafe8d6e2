"""What is wrong with the catalog of a profile beyond the types of its fields, each with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from emulator.errors import hint
from emulator.parties.apis.catalog_bodies import ALL, CONTEXTS, OFFERING, SPECIFICATION, CatalogBodies
from emulator.parties.apis.catalog_schemas import binding, draft_of, path_of, required_by
from emulator.parties.catalog import UNBOUNDED, Cardinality
from emulator.parties.coherence import Loose
from emulator.parties.fitting import sold_in
from emulator.parties.offering import Offering
from emulator.parties.profile import Profile
from emulator.parties.sections import PathStep
from emulator.record.payload import escape
from emulator.standard.release import Release

_MEMBERS: Final = (
    ("places", "placeRelationship", "relationshipRole"),
    ("relations", "productRelationship", "relationshipType"),
)


def catalog_problems(profile: Profile, release: Release) -> Iterator[Loose]:
    """What does not fit together in a profile's catalog; nothing where the release has no catalog."""
    if release.kinds.find(OFFERING) is None:
        return
    sold = sold_in(profile, release)
    bodies = CatalogBodies(sold, release)
    yield from _words(profile)
    yield from _categories(profile)
    for entry in profile.catalog.specifications.values():
        here = f"/catalog/specifications/{escape(entry.id)}"
        if entry.payload is None and profile.specification(entry.id) is None:
            yield here, False, "no offering is of it: say its 'payload'"
        yield from _way(release, SPECIFICATION, f"{here}/transitions", entry.lifecycle_status, entry.transitions)
        alive = [
            each.id
            for each in sold.offerings.values()
            if each.specification == entry.id and _is_alive(each.lifecycle_status)
        ]
        if entry.lifecycle_status == "obsolete" and alive:
            problem = f"its offerings have to be obsolete or rejected: {', '.join(alive[:3])} (W142-R75)"
            yield f"{here}/lifecycleStatus", False, problem
    for offering in sold.offerings.values():
        here = f"/offerings/{escape(offering.id)}"
        yield from _way(release, OFFERING, f"{here}/transitions", offering.lifecycle_status, offering.transitions)
        yield from _bounds(bodies, offering, here)
        yield from _contexts(profile, release, offering, here)


def _is_alive(status: str) -> bool:
    return status not in ("obsolete", "rejected")


def _words(profile: Profile) -> Iterator[Loose]:
    """What has to be said, and is empty: what has no id cannot be read, and each offering names its agreement (W142-R55)."""
    if not profile.catalog.agreement.strip():
        yield "/catalog/agreement", False, "it is empty; every offering names its agreement (W142-R55)"
    for word, known in (("categories", profile.catalog.categories), ("specifications", profile.catalog.specifications)):
        if any(not name.strip() for name in known):
            yield f"/catalog/{word}", False, "one of them has an empty name, which is its id"
    for offering in profile.offerings.values():
        if offering.agreement is not None and not offering.agreement.strip():
            place = f"/offerings/{escape(offering.id)}/agreement"
            yield place, False, "it is empty; without it the catalog's agreement holds (W142-R55)"


def _categories(profile: Profile) -> Iterator[Loose]:
    known = profile.catalog.categories
    for offering in profile.offerings.values():
        for index, name in enumerate(offering.category or ()):
            if name not in known:
                place = f"/offerings/{escape(offering.id)}/category/{index}"
                yield place, False, f"catalog.categories has no {name!r:.60}; {hint(name, known)}"
    for entry in known.values():
        place, chain = f"/catalog/categories/{escape(entry.id)}/parent", [entry.id]
        parent = entry.parent
        if parent is not None and parent not in known:
            yield place, False, f"there is no category {parent!r:.60}; {hint(parent, known)}"
        while parent is not None and parent in known:
            if parent in chain:
                if parent == entry.id:
                    yield place, False, f"these categories are within each other: {' → '.join([*chain, parent])}"
                break
            chain.append(parent)
            parent = known[parent].parent


def _way(release: Release, kind: str, place: str, status: str, steps: Sequence[PathStep]) -> Iterator[Loose]:
    """A change of status that the lifecycle does not have."""
    machine = release.lifecycles.get(kind)
    before = status
    for index, step in enumerate(steps):
        legal = (
            sorted(arrow.target for arrow in machine.transitions if arrow.source == before) if machine else [step.to]
        )
        if step.to not in legal:
            ways = ", ".join(legal) or "nowhere: that is its end"
            yield f"{place}/{index}/to", False, f"from {before} it goes to {ways}; not to {step.to!r:.60}"
            return
        before = step.to


def _bounds(bodies: CatalogBodies, offering: Offering, here: str) -> Iterator[Loose]:
    """Bounds and milestones that its specification does not have, or wider ones (W142-R28 to R34)."""
    own = offering.constraints
    if not (own.places or own.relations or offering.milestones):
        return
    entry = bodies.specifications.get(offering.specification)
    above: dict[str, Any] = bodies.specification(entry) if entry is not None else {}
    for word, member, key in _MEMBERS:
        theirs = {each[key]: each for each in above.get(member, ())}
        said: dict[str, Cardinality] = dict(getattr(own, word))
        for name, each in said.items():
            place = f"{here}/constraints/{word}/{escape(name)}"
            if name not in theirs:
                yield place, True, f"{offering.specification} has no such constraint; {hint(name, theirs)}"
            elif each.max is not None and each.max < each.min:
                yield place, False, "max is less than min (W142-R30, R34)"
            elif problem := _wider(each.as_json(), theirs[name]):
                yield place, False, problem
    known = [each["name"] for each in above.get("milestone", ())]
    for index, name in enumerate(offering.milestones):
        if name not in known:
            yield f"{here}/milestones/{index}", False, f"{offering.specification} has no milestone {name!r:.60}"


def _wider(mine: dict[str, int], theirs: dict[str, int]) -> str:
    if mine["minCardinality"] < theirs["minCardinality"]:
        return f"its specification has at least {theirs['minCardinality']} (W142-R28, R32)"
    most, least = theirs["maxCardinality"], mine["maxCardinality"]
    if most != UNBOUNDED and (least == UNBOUNDED or least > most):
        return f"its specification has at most {most} (W142-R29, R33)"
    return ""


def _contexts(profile: Profile, release: Release, offering: Offering, here: str) -> Iterator[Loose]:
    """What is narrowed that cannot be, or for what nobody asks."""
    whole = [offering.context[ALL]] if ALL in offering.context else []
    for key, narrowing in offering.context.items():
        place = f"{here}/context/{escape(key)}"
        if key not in CONTEXTS:
            yield place, True, f"there is no context {key!r:.60}; {hint(key, CONTEXTS)}"
            continue
        function, _, action = key.partition(".")
        above = [offering.context[function]] if action and function in offering.context else []
        try:
            draft = draft_of(release, offering.payload)
        except LookupError:
            return  # what has no schema is told elsewhere
        for each in () if key == ALL else (*whole, *above):
            draft.narrow(each)
        for error in draft.narrow(narrowing):
            said = getattr(narrowing, error.word)
            last = escape(error.name) if isinstance(said, Mapping) else str(said.index(error.name))
            yield f"{place}/{error.word}/{last}", False, str(error)
        bound = binding(draft.text())
        if profile.fixed == "not-sent" and bound is not None and function != "productInventory":
            for name in narrowing.fixed:
                if required_by(bound, path_of(name)):
                    yield f"{place}/fixed/{escape(name)}", True, f"the product requires {name}: it has to be sent"
