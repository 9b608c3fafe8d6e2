"""Profiles: what an emulated seller has and how it behaves, read strictly from YAML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Protocol

from emulator.errors import FileProblem, in_order
from emulator.files import is_file, is_there, shown
from emulator.parties.coherence import before_merging, loose_ends, operations_named, with_inherited
from emulator.roots import Root
from emulator.settings import scenarios_dir
from emulator.standard.release import Release, load_release
from emulator.standard.strict import KEYED, Json, Key, Layers, build, merge, read_layers
from emulator.wire.secrets import also

Color = Literal["green", "yellow", "red"]
Mode = Literal["asRequested", "immediate", "deferred"]


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
class AddressEntry:
    """An address the seller knows, in one of the four types; `of` is the fielded address of the same place."""

    id: Annotated[str, KEYED]
    address: Json
    serviceability: Color = "green"
    of: str | None = None
    allows_new_site: Annotated[bool, Key("allowsNewSite")] = True


@dataclass(frozen=True, slots=True)
class SiteEntry:
    """A site at one of the addresses; its other members are those of GeographicSite."""

    id: Annotated[str, KEYED]
    address: str
    name: str
    site_type: Annotated[Literal["public", "private"], Key("siteType")] = "public"
    description: str | None = None
    company_name: Annotated[str | None, Key("companyName")] = None
    customer_name: Annotated[str | None, Key("customerName")] = None
    contact: Json | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A Duration of the contracts."""

    amount: int
    units: Literal[
        "calendarMonths", "calendarDays", "calendarHours", "calendarMinutes", "businessDays", "businessHours",
        "businessMinutes",
    ]  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        return {"amount": self.amount, "units": self.units}


@dataclass(frozen=True, slots=True)
class PriceEntry:
    """A price without duty, charged for these actions."""

    name: str
    value: float
    price_type: Annotated[Literal["recurring", "nonRecurring", "usageBased"], Key("priceType")] = "recurring"
    recurring_charge_period: Annotated[
        Literal["hour", "day", "week", "month", "year"] | None, Key("recurringChargePeriod")
    ] = None
    unit_of_measure: Annotated[str | None, Key("unitOfMeasure")] = None
    description: str | None = None
    actions: tuple[Literal["add", "modify", "delete"], ...] = ("add", "modify")

    def as_json(self, currency: str, tax_rate: float) -> dict[str, Any]:
        taxed = round(self.value * (1 + tax_rate / 100), 2)
        body = {
            "name": self.name,
            "description": self.description,
            "priceType": self.price_type,
            "recurringChargePeriod": self.recurring_charge_period,
            "unitOfMeasure": self.unit_of_measure,
            "price": {
                "taxRate": tax_rate,
                "dutyFreeAmount": {"unit": currency, "value": self.value},
                "taxIncludedAmount": {"unit": currency, "value": taxed},
            },
        }
        return {name: member for name, member in body.items() if member is not None}


@dataclass(frozen=True, slots=True)
class Term:
    """A term that can be agreed on."""

    name: str
    duration: Span
    end_of_term_action: Annotated[Literal["roll", "autoDisconnect", "autoRenew"], Key("endOfTermAction")] = "autoRenew"
    roll_interval: Annotated[Span | None, Key("rollInterval")] = None
    description: str | None = None

    def as_json(self) -> dict[str, Any]:
        body = {
            "name": self.name,
            "description": self.description,
            "duration": self.duration.as_json(),
            "endOfTermAction": self.end_of_term_action,
            "rollInterval": self.roll_interval.as_json() if self.roll_interval else None,
        }
        return {name: member for name, member in body.items() if member is not None}


@dataclass(frozen=True, slots=True)
class Requires:
    """What the product's document asks of an item that adds it (MEF 87 R15, MEF 115 R10)."""

    place: bool = False
    relationships: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offering:
    """A product offering; `payload` is the URN of its configuration, `alternate` the offering proposed instead."""

    id: Annotated[str, KEYED]
    name: str
    specification: str
    payload: str
    installation: Span
    term_entries: Annotated[tuple[Term, ...], Key("terms")]
    price_entries: Annotated[tuple[PriceEntry, ...], Key("prices")]
    requires: Requires = Requires()
    alternate: str | None = None
    feasibility_check: Annotated[bool, Key("feasibilityCheck")] = False
    currency: str = "USD"
    tax_rate: Annotated[float, Key("taxRate")] = 0.0

    @property
    def terms(self) -> tuple[dict[str, Any], ...]:
        """The terms as the contracts write them."""
        return tuple(term.as_json() for term in self.term_entries)

    @property
    def prices(self) -> tuple[dict[str, Any], ...]:
        """The prices for an action to add, as the contracts write them."""
        return self.prices_for("add")

    def prices_for(self, action: str) -> tuple[dict[str, Any], ...]:
        """The prices for an action, as the contracts write them."""
        return tuple(
            price.as_json(self.currency, self.tax_rate) for price in self.price_entries if action in price.actions
        )


@dataclass(frozen=True, slots=True)
class QualificationTimes:
    """Seconds until a POQ is worked on, then until it is finished; for how long its answer holds."""

    start: float = 1
    finish: float = 2
    valid: float = 2_592_000


@dataclass(frozen=True, slots=True)
class QuoteTimes:
    """Seconds until a quote is worked on, then until it is finished; for how long it is valid."""

    start: float = 1
    finish: float = 3
    valid: float = 2_592_000


@dataclass(frozen=True, slots=True)
class OrderTimes:
    """Seconds until an order is in progress, then until it is completed; and until a cancelled one is at rest."""

    assess: float = 1
    work: float = 5
    cancellation: float = 2


@dataclass(frozen=True, slots=True)
class TaskTimes:
    """Seconds until a cancellation or a change of date is decided."""

    finish: float = 1


@dataclass(frozen=True, slots=True)
class ChargeTimes:
    """Seconds that the buyer has to answer a charge."""

    response: float = 86_400


@dataclass(frozen=True, slots=True)
class Intervals:
    """How long the seller takes, in seconds of its clock."""

    poq: QualificationTimes = QualificationTimes()
    quote: QuoteTimes = QuoteTimes()
    order: OrderTimes = OrderTimes()
    task: TaskTimes = TaskTimes()
    charge: ChargeTimes = ChargeTimes()


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
class PathStep:
    """A state to go to, `after_seconds` after the step before or once the resource was read that often.

    With `signal` the step waits for a signal of that name (`emulator.parties.signals`), and `after_seconds` counts
    from it.
    """

    to: str
    after_seconds: float | None = None
    reads: int | None = None
    signal: str | None = None
    set: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PoqBehaviour:
    """How POQs end. `deadline: keep` ends as unableToProvide what cannot be done by the date asked for."""

    outcome: Literal["ready", "alternate", "unableToProvide", "terminatedWithError"] = "ready"
    mode: Mode = "asRequested"
    deadline: Literal["keep", "ignore"] = "keep"
    path: tuple[PathStep, ...] = ()


@dataclass(frozen=True, slots=True)
class QuoteBehaviour:
    """How quotes end. `deadline` as for POQs."""

    outcome: Literal["orderable", "orderableAlternate", "unableToProvide", "rejected"] = "orderable"
    mode: Mode = "asRequested"
    deadline: Literal["keep", "ignore"] = "keep"
    path: tuple[PathStep, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderBehaviour:
    """How orders end."""

    outcome: Literal["completed", "failed", "partial", "rejected"] = "completed"
    path: tuple[PathStep, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskBehaviour:
    """How a request to cancel an order, or to change an item's date, ends."""

    outcome: Literal["accepted", "rejected"] = "accepted"
    charge: Literal["none", "blocking"] = "none"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the seller makes of what it is asked. `lawless`: it goes paths that no lifecycle has, wrong on purpose."""

    lawless: bool = False
    product_offering_qualification: Annotated[PoqBehaviour, Key("productOfferingQualification")] = PoqBehaviour()
    quote: QuoteBehaviour = QuoteBehaviour()
    product_order: Annotated[OrderBehaviour, Key("productOrder")] = OrderBehaviour()
    cancel_product_order: Annotated[TaskBehaviour, Key("cancelProductOrder")] = TaskBehaviour()
    modify_product_order_item_requested_delivery_date: Annotated[
        TaskBehaviour, Key("modifyProductOrderItemRequestedDeliveryDate")
    ] = TaskBehaviour()


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything that makes one seller different from another.

    `products` are Products as the inventory shows them, without the id that is their key. `synonyms` are groups of words that mean the same
    in addresses. `unsupported` lists operations as `api.operationId`, whole APIs, or patterns of these
    (`unsupported_operations`).

    `represents`, `unsupported`, `options` and `readings` are what the partners tell each other beforehand, and
    what the judge holds them to: whether an option of a guide is used (`MEF123-O1`), and which reading of an
    entry of the interpretation register holds. `secrets` are more names of headers, parameters and members whose values
    are masked wherever something is kept or shown, told by their words (`pin` is `X-Pin` and `simPin` too).
    """

    name: str
    seller: SellerInfo
    description: str = ""
    represents: Represents = Represents()
    unsupported: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    options: Mapping[str, bool] = field(default_factory=dict)
    readings: Mapping[str, str] = field(default_factory=dict)
    addresses: Mapping[str, AddressEntry] = field(default_factory=dict)
    synonyms: tuple[tuple[str, ...], ...] = ()
    sites: Mapping[str, SiteEntry] = field(default_factory=dict)
    offerings: Mapping[str, Offering] = field(default_factory=dict)
    products: Mapping[str, Json] = field(default_factory=dict)
    intervals: Intervals = Intervals()
    paging: Paging = Paging()
    errors: Errors = Errors()
    unknown_members: Annotated[Literal["tolerate", "refuse"], Key("unknownMembers")] = "tolerate"
    behaviour: Behaviour = Behaviour()
    notifications: Notifications = Notifications()

    def specification(self, identifier: str) -> Offering | None:
        """The first offering of a product specification."""
        return next((entry for entry in self.offerings.values() if entry.specification == identifier), None)


DEFAULT: Final = "wholesale-seller"
_MOST_TOLD: Final = 100
_SAID: Final = ("seller", "addresses", "sites", "offerings", "products", "behaviour")
"""The settings that messages of the seller's are made of; the others say when it speaks and what it has not."""


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
    file = _file_of(path or Path(DEFAULT))
    raw, layers = read_layers(file, _ours, before_merging, Root.of(file, wider))
    places = Layers(layers, overlay, laid)
    if overlay is not None:
        raw = merge(raw, before_merging(overlay))
    problems: list[str] = []
    absent = [name for name in ("name", "seller") if name not in raw]
    if absent and not declared:
        hint = f"'extends: {DEFAULT}' gives what is not said here"
        problems.append(f"{places.where('')}: missing: {', '.join(absent)}; {hint}")
    raw = merge(_nobody(file), raw) if declared else {**_nobody(file), **raw}
    raw, unclear = with_inherited(raw)
    profile = build(Profile, raw, "", problems, places)
    for place, key, text in (*unclear, *loose_ends(raw, lambda: release or load_release())):
        problems.append(f"{places.where(place, key=key)}: {text}")
    if problems:
        found = in_order(problems)
        more = [f"{places.where('')}: more is wrong than these {_MOST_TOLD}"] if len(found) > _MOST_TOLD else []
        raise FileProblem(found[:_MOST_TOLD] + more)
    also(profile.secrets)  # before anything is captured under this profile
    return profile  # type: ignore[no-any-return]


def is_in_own_words(path: Path | None, wider: Path | None = None) -> bool:
    """Whether the user's own settings, in a profile or one that it extends, are what messages of the seller's are made of."""
    if path is None:
        return False
    file = _file_of(path)
    _, layers = read_layers(file, _ours, before_merging, Root.of(file, wider))
    theirs = [layer for layer in layers if Path(layer.file).resolve().parent != _ours("").resolve().parent]
    return any(key in layer.value for layer in theirs for key in _SAID)


def _nobody(file: Path) -> dict[str, Any]:
    """A name and a seller for who says neither."""
    name = file.name.partition(".")[0]
    return {"name": name, "seller": {"id": name, "name": name, "contact": {}}}


def _file_of(path: Path) -> Path:
    """The file of a profile that is given by its path or, where that is none, by a name of ours."""
    if path.suffix or len(path.parts) != 1 or is_there(path):
        return path
    if not is_file(_ours(path.name)):
        known = ", ".join(sorted(one.stem for one in _ours("").parent.glob("*.yaml")))
        raise FileProblem([f"{shown(path)}: there is no such file, and no profile of that name; there are: {known}"])
    return _ours(path.name)


class Declaring(Protocol):
    """Something that declares what is unsupported: a profile, or what the judge knows of one."""

    @property
    def unsupported(self) -> tuple[str, ...]: ...


def unsupported_operations(profile: Declaring, release: Release) -> frozenset[str]:
    """Every operation that a profile declares unsupported, as `api.operationId` with the API's own name."""
    return frozenset(operation for pattern in profile.unsupported for operation in operations_named(pattern, release))


def _ours(name: str) -> Path:
    return scenarios_dir() / "profiles" / f"{name}.yaml"
