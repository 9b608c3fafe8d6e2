"""What a profile says of the seller's catalog (MEF W142): categories, specifications, and what offerings narrow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal

from emulator.parties.sections import PathStep
from emulator.standard.strict import KEYED, Json, Key

OfferingStatus = Literal[
    "inTest", "announced", "orderable", "onHold", "endOfSale", "endOfSupport", "obsolete", "rejected"
]
SpecificationStatus = Literal["published", "obsolete"]
UNBOUNDED: Final = -1
"""A maxCardinality that bounds nothing (W142 7.2.3.10, 7.2.3.13)."""
FUNCTIONS: Final = ("poq", "quote", "productOrder", "productInventory")
"""The business functions of a context; `all` stands for each of them."""
ACTIONS: Final = ("add", "modify")


@dataclass(frozen=True, slots=True)
class Cardinality:
    """How many places of a role, or relations of a type, a product has; without `max` any number."""

    min: int = 0
    max: int | None = None

    def as_json(self) -> dict[str, int]:
        """The members of a constraint that say it."""
        return {"minCardinality": self.min, "maxCardinality": UNBOUNDED if self.max is None else self.max}


@dataclass(frozen=True, slots=True)
class CardinalityRules:
    """What bounds the places of a product, by role, and its relations, by type; in place of what the product's sheet says."""

    places: Mapping[str, Cardinality] = field(default_factory=dict)
    relations: Mapping[str, Cardinality] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What is narrowed of a product's attributes (W142 table 7). An attribute is named as it is called, one within another by
    a pointer (`/uniEp/identifier`).

    `required` have to be there, `removed` do not apply, `fixed` have this value, `allowed` one of these, and `defaults` are
    what an attribute is that nobody sends.
    """

    required: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    fixed: Json = field(default_factory=dict)
    allowed: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    defaults: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RegionEntry:
    """Where an offering is sold (W142 7.2.2.13)."""

    country: str
    state_or_province: Annotated[str | None, Key("stateOrProvince")] = None
    locality: str | None = None

    def as_json(self) -> dict[str, str]:
        """A Region of the contract."""
        said = {"country": self.country, "stateOrProvince": self.state_or_province, "locality": self.locality}
        return {name: text for name, text in said.items() if text is not None}


@dataclass(frozen=True, slots=True)
class CategoryEntry:
    """A group of offerings; it may belong to a `parent`."""

    id: Annotated[str, KEYED]
    name: str
    description: str | None = None
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class SpecificationEntry:
    """A product specification, where there is more to say of it than what its offerings do. `payload` is the URN of its
    configuration, `milestones` say by name what each is.
    """

    id: Annotated[str, KEYED]
    name: str | None = None
    description: str | None = None
    payload: str | None = None
    milestones: Mapping[str, str] = field(default_factory=dict)
    constraints: CardinalityRules = CardinalityRules()
    lifecycle_status: Annotated[SpecificationStatus, Key("lifecycleStatus")] = "published"
    transitions: tuple[PathStep, ...] = ()


@dataclass(frozen=True, slots=True)
class CatalogSection:
    """The catalog beside its offerings. `agreement` is what the seller's framework agreement is called. Without `categories` all
    offerings are in one.
    """

    agreement: str = "Framework agreement"
    categories: Mapping[str, CategoryEntry] = field(default_factory=dict)
    specifications: Mapping[str, SpecificationEntry] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CatalogWords:
    """What an offering says for the catalog alone.

    `context` narrows the product's attributes for all that is asked (`all`), for a business function (`poq`), and for an
    action of one (`productOrder.modify`). `transitions` are the changes of status ahead. An offering with `after_seconds` or
    a `signal` is published then. `milestones` names those of its specification that its orders have.
    """

    description: str | None = None
    lifecycle_status: Annotated[OfferingStatus, Key("lifecycleStatus")] = "orderable"
    status_reason: Annotated[str | None, Key("statusReason")] = None
    transitions: tuple[PathStep, ...] = ()
    after_seconds: float | None = None
    signal: str | None = None
    category: tuple[str, ...] | None = None
    agreement: str | None = None
    channel: tuple[str, ...] = ()
    market_segment: Annotated[tuple[str, ...], Key("marketSegment")] = ()
    region: tuple[RegionEntry, ...] = ()
    milestones: tuple[str, ...] = ()
    constraints: CardinalityRules = CardinalityRules()
    context: Mapping[str, Narrowing] = field(default_factory=dict)
