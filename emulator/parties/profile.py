"""Profiles: what an emulated seller has and how it behaves, read strictly from YAML."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Protocol, cast

from emulator.errors import FileProblem, in_order
from emulator.parties.billing_section import BillingSection
from emulator.parties.catalog import CatalogSection
from emulator.parties.coherence import Loose, loose_ends, operations_named, option_here, with_inherited
from emulator.parties.fitting import as_served, left_out, sections_elsewhere, strange_products
from emulator.parties.offering import AddressEntry, Offering, SiteEntry
from emulator.parties.payloads import PayloadEntry, own_products
from emulator.parties.profile_files import (
    CONNECTION,
    DEFAULT,
    file_of,
    nobody,
    of_user,
    ours,
    prepared,
    profile_layers,
)
from emulator.parties.sections import (
    Behaviour,
    ByItself,
    Having,
    Intervals,
    Sections,
    as_fields,
    behaviour_of,
    composed,
    extended,
    holding,
    times_of,
)
from emulator.parties.security import (
    BuyerSection,
    SecuritySection,
    names_clients,
    security_problems,
    with_paths,
)
from emulator.plain_yaml import Located
from emulator.record.patch import merged
from emulator.record.secrets import also
from emulator.roots import Root
from emulator.standard.declared import FixedValues
from emulator.standard.payloads.own import NO_PRODUCTS, OwnProducts
from emulator.standard.points import lacking
from emulator.standard.release import Release, load_release
from emulator.standard.strict import OURS, Json, Key, Layers, build

if TYPE_CHECKING:
    from emulator.parties.apis import Plugin


YesNo = Literal["yes", "no"]


@dataclass(frozen=True, slots=True)
class SellerInfo:
    """Who sells, and whom to ask there: a contact of the contracts, without its role."""

    id: str
    name: str
    person: Annotated[Json, Key("contact")]

    def contact(self, role: str) -> dict[str, Any]:
        """The seller's contact in a role."""
        return {**self.person, "role": role}


@dataclass(frozen=True, slots=True)
class Represents:
    """Ids of buyers and sellers that are told apart by buyerId and sellerId; one or none: the ids are ignored."""

    buyers: tuple[str, ...] = ()
    sellers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Paging:
    """Sizes of lists; more addresses or sites than `too_many` are refused (MEF 121 R19, MEF 122 R12).

    So are more products than `too_many_products`, where the buyer does not ask for a page of them (MEF 116 O2).
    """

    default_limit: int = 100
    max_limit: int = 100
    too_many: int = 50
    too_many_products: int | None = None


@dataclass(frozen=True, slots=True)
class Errors:
    """Status for a body that breaks its schema; one that cannot be read is always a 400."""

    schema: Literal[400, 422] = 422


@dataclass(frozen=True, slots=True)
class Notifications:
    """How events are sent: tries in all, seconds for each, seconds between them (the last again and again).

    `allow` and `deny` say where callbacks may lead: networks such as `10.0.0.0/8`, or one of the words of
    `callbacks.WORDS`. The narrowest network decides, and among equals `deny`. `subscriptions` is how many a Buyer may
    have at a time with each API.
    """

    attempts: int = 5
    timeout: float = 5.0
    backoff: tuple[float, ...] = (1.0, 5.0, 30.0, 120.0)
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    subscriptions: int = 50

    def pause(self, attempts: int) -> float:
        """Seconds to wait after so many tries that failed."""
        return self.backoff[min(attempts, len(self.backoff)) - 1] if self.backoff else 0.0


@dataclass(frozen=True, slots=True)
class Profile(Sections):
    """Everything that makes one seller different from another; `of` gives the parts that APIs bring.

    `payloads` describe products of the seller's own, by the `@type` of their configuration; `own` is what was read of them.
    `products` are Products as the inventory shows them, without the id that is their key; `have` are resources of other
    kinds that the seller makes by itself. `synonyms` are groups of words that mean the same
    in addresses. `billing` says when bills are made and how, `does` what happens outside of the APIs. `unsupported` lists operations as `api.operationId`, whole APIs, or patterns of these
    (`unsupported_operations`).

    `represents`, `unsupported`, `options` and `readings` are what the partners tell each other beforehand, and
    what the judge holds them to: whether an option of a guide is used (`MEF123-O1`), and which reading of an
    entry of the interpretation register holds. `claims` are guides of no single API that they claim to follow (`MEF128`, the
    LSO API security profile): without a claim nobody is judged by one. `fixed`, `fixed_in_answers`, `pilot_buyers` and
    `printable_bill` are what guides have them agree on (`standard.declared`). `secrets` are more names of headers, parameters and
    members whose values are masked wherever something is kept or shown, told by their words (`pin` is `X-Pin` and `simPin`
    too). `security` is who is let in to our seller, that of `buyer` who is let in to our buyer's listener.
    """

    name: str
    seller: SellerInfo
    description: str = ""
    represents: Represents = Represents()
    unsupported: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    options: Mapping[str, bool] = field(default_factory=dict)
    readings: Mapping[str, str] = field(default_factory=dict)
    claims: tuple[str, ...] = ()
    fixed: FixedValues | None = None
    fixed_in_answers: Annotated[YesNo | None, Key("fixedInAnswers")] = None
    pilot_buyers: Annotated[tuple[str, ...] | None, Key("pilotBuyers")] = None
    printable_bill: Annotated[YesNo | None, Key("printableBill")] = None
    addresses: Mapping[str, AddressEntry] = field(default_factory=dict)
    synonyms: tuple[tuple[str, ...], ...] = ()
    sites: Mapping[str, SiteEntry] = field(default_factory=dict)
    offerings: Mapping[str, Offering] = field(default_factory=dict)
    catalog: CatalogSection = field(default_factory=CatalogSection)
    payloads: Mapping[str, PayloadEntry] = field(default_factory=dict)
    own: Annotated[OwnProducts, OURS] = NO_PRODUCTS
    products: Mapping[str, Json] = field(default_factory=dict)
    have: Having = field(default_factory=Having)
    intervals: Intervals = field(default_factory=Intervals)
    paging: Paging = Paging()
    errors: Errors = Errors()
    unknown_members: Annotated[Literal["tolerate", "refuse"], Key("unknownMembers")] = "tolerate"
    behaviour: Behaviour = field(default_factory=Behaviour)
    billing: BillingSection = field(default_factory=BillingSection)
    does: tuple[ByItself, ...] = ()
    notifications: Notifications = Notifications()
    security: SecuritySection = field(default_factory=SecuritySection)
    buyer: BuyerSection = field(default_factory=BuyerSection)

    def specification(self, identifier: str) -> Offering | None:
        """The first offering of a product specification."""
        return next((entry for entry in self.offerings.values() if entry.specification == identifier), None)


def _plugged(release: Release) -> list[Plugin]:
    # The modules of the APIs know of profiles.
    from emulator.parties.apis import plugins  # noqa: PLC0415

    return plugins(release)


def _of_having(profile: Profile, release: Release) -> list[Loose]:
    """What is wrong with the resources that the seller makes by itself. Only a profile that has some needs its contracts."""
    from emulator.parties.having import problems_of  # noqa: PLC0415 - as above

    return list(problems_of(profile, release)) if any(True for _ in profile.have.each()) else []


def _of_catalog(profile: Profile, release: Release) -> list[Loose]:
    """What is wrong with the catalog."""
    from emulator.parties.apis.catalog_checks import catalog_problems  # noqa: PLC0415 - as above

    return list(catalog_problems(profile, release))


def _of_verbs(profile: Profile, release: Release) -> list[Loose]:
    """What is wrong with what the profile has done outside of the APIs."""
    from emulator.parties.verbs import problems_of_verbs  # noqa: PLC0415 - as above

    return list(problems_of_verbs(profile.does, release)) if profile.does else []


def _of_sections(profile: Profile, release: Release) -> list[Loose]:
    """What is wrong within the sections of APIs beyond the types of their fields."""
    return [
        (f"{place}/{section.key}{wrong.place}", wrong.key, wrong.problem)
        for plugin in _plugged(release)
        for place, part, sections in (
            ("", profile, plugin.sections),
            ("/behaviour", profile.behaviour, plugin.behaviour),
            ("/intervals", profile.intervals, plugin.intervals),
        )
        for section in sections
        for wrong in section.further(part.of(section))
    ]


def plain_kinds(release: Release) -> list[str]:
    """The kinds of a release that a keeper keeps: no module serves them wholly in its own way."""
    own = {kind for plugin in _plugged(release) for kind in plugin.kinds}
    return [kind.name for kind in release.kinds if kind.name not in own]


@cache
def profile_type(release: Release) -> type[Profile]:
    """What the profile of a seller of this release is read into: with the sections of all APIs that it has."""
    plugged = _plugged(release)
    others = [kind for kind in plain_kinds(release) if release.kinds.kind(kind).state]
    of_apis = [section for plugin in plugged for section in plugin.behaviour]
    of_kinds = {each.key: each for each in map(behaviour_of, others)} | {each.key: each for each in of_apis}
    behaviour = composed(Behaviour, of_kinds.values())
    times = [section for plugin in plugged for section in plugin.intervals]
    times_of_kinds = {each.key: each for each in map(times_of, others)} | {each.key: each for each in times}
    intervals = composed(Intervals, times_of_kinds.values())
    parts = {"behaviour": behaviour, "intervals": intervals, "have": holding(plain_kinds(release))}
    own = as_fields(section for plugin in plugged for section in plugin.sections)
    return extended(Profile, [*((name, part, field(default_factory=part)) for name, part in parts.items()), *own])


@cache
def _elsewhere(release: Release) -> tuple[str, ...]:
    """The sections of a profile that no module of this release has: profiles are written for the usual one."""
    return tuple(sections_elsewhere(profile_type(load_release()), profile_type(release)))


_LOG: Final = logging.getLogger(__name__)
_MOST_TOLD: Final = 100
_SAID: Final = ("seller", "addresses", "sites", "offerings", "catalog", "products", "have", "behaviour")
"""The settings that messages of the seller's are made of; the others say when it speaks and what it has not."""


@cache
def _ignored(where: str) -> None:
    """Say, once, that a `connection` has no effect where it stands."""
    _LOG.warning(
        "%s: connection is left out of account: it counts only in the file that --partner or --profile names", where
    )


def load_profile(
    path: Path | None = None,
    overlay: Mapping[str, Any] | None = None,
    *,
    release: Release | None = None,
    declared: bool = False,
    wider: Path | None = None,
    laid: Callable[[str], str | None] = lambda _: None,
) -> Profile:
    """Read a profile (None is the default one), with an overlay laid upon it (RFC 7396).

    `path` may be the name of a profile of ours. A profile that `extends` another is an overlay of that one: a name of
    ours, or a file beside it and below its root, or below `wider`. `laid` gives the place of a setting of the overlay.
    `release` is the one whose operations it may name, the default release if left out. What is `declared` only needs
    neither `name` nor `seller`. What it calls secrets is masked from now on. Raises FileProblem with the place of everything
    that is wrong.
    """
    served = release or load_release()
    file = file_of(path or served.profile_file or Path(DEFAULT))
    raw, layers = profile_layers(file, served, wider)
    places = Layers(layers, overlay, laid)
    others = [layer for layer in layers if layer.file != str(file)]
    problems = list(_clients_of_others(others, overlay, places))
    root = Root.of(file, wider)
    raw = with_paths(raw, file.parent.absolute())
    for layer in others:
        if CONNECTION in layer.value:
            _ignored(layer.where(f"/{CONNECTION}", key=True))
    if overlay is not None:
        if CONNECTION in overlay:
            _ignored(places.where(f"/{CONNECTION}"))
        raw = merged(raw, prepared(overlay))
    absent = [name for name in ("name", "seller") if name not in raw]
    if absent and not declared:
        hint = f"'extends: {DEFAULT}' gives what is not said here"
        problems.append(f"{places.where('')}: missing: {', '.join(absent)}; {hint}")
    raw = merged(nobody(file), raw) if declared else {**nobody(file), **raw}
    raw, unclear = with_inherited(raw)
    settings = [overlay, *(each.value for each in of_user(layers))]
    strange = strange_products(raw, served, settings)
    raw = as_served(raw, _elsewhere(served), settings)
    profile = build(profile_type(served), raw, "", problems, places)
    had = _of_having(profile, served) if profile is not None and not problems else ()
    of_verbs = _of_verbs(profile, served) if profile is not None and not problems else ()
    of_sections = _of_sections(profile, served) if profile is not None and not problems else ()
    loose = (
        *unclear,
        *strange,
        *loose_ends(raw, served, plain_kinds(served)),
        *security_problems(raw, served),
        *had,
        *of_verbs,
        *of_sections,
    )
    for place, key, text in loose:
        problems.append(f"{places.where(place, key=key)}: {text}")
    if profile is not None and not problems:
        try:
            options = {here: used for name, used in profile.options.items() if (here := option_here(name, served))}
            profile = replace(profile, own=own_products(profile.payloads, places, root, served), options=options)
        except FileProblem as error:
            problems += error.problems
        of_catalog = _of_catalog(profile, served.selling(profile.own))
        problems += [f"{places.where(place, key=key)}: {text}" for place, key, text in of_catalog]
    if problems:
        found = in_order(problems)
        more = [f"{places.where('')}: more is wrong than these {_MOST_TOLD}"] if len(found) > _MOST_TOLD else []
        raise FileProblem(found[:_MOST_TOLD] + more)
    also(profile.secrets)  # before anything is captured under this profile
    return cast("Profile", profile)


def _clients_of_others(others: Sequence[Located], overlay: Any, places: Layers) -> Iterator[str]:
    """What is wrong where clients are named by who is not the user: they would have his secrets and files read."""
    why = (
        "clients are named in the profile itself that you give, and nowhere else: they name secrets and files of yours"
    )
    for layer in others:
        for place in names_clients(layer.value):
            yield f"{layer.where(place)}: {why}"
    for place in names_clients(overlay):
        yield f"{places.where(place)}: {why}"


def is_in_own_words(path: Path | None, wider: Path | None = None) -> bool:
    """Whether the user's own settings, in a profile or one that it extends, are what messages of the seller's are made of."""
    if path is None:
        return False
    file = file_of(path)
    _, layers = profile_layers(file, load_release(), wider)
    said = (*_SAID, *(section.key for plugin in _plugged(load_release()) for section in plugin.sections))
    return any(key in layer.value for layer in of_user(layers) for key in said)


def beyond(release: Release) -> Mapping[str, str]:
    """What scenarios name and a release has not: products, and what the default profile sells and has of them; each with the
    product's URN. Empty for a release that lacks no product of the one that it is like.
    """
    strange = release.made(lacking)
    if not strange:
        return {}
    raw, _ = profile_layers(ours(DEFAULT), release)
    return {**strange, **left_out(raw, release)}


class Declaring(Protocol):
    """Something that declares what is unsupported: a profile, or what the judge knows of one."""

    @property
    def unsupported(self) -> tuple[str, ...]: ...


def unsupported_operations(profile: Declaring, release: Release) -> frozenset[str]:
    """Every operation that a profile declares unsupported, as `api.operationId` with the API's own name."""
    return frozenset(operation for pattern in profile.unsupported for operation in operations_named(pattern, release))
