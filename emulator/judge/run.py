"""What the judge knows of a run: the exchanges so far, and from them the life of every resource.

Filled exchange by exchange, in order; a rule that looks at a message sees what came before it and the
message itself, never what comes later.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from emulator.wire.exchange import Exchange, Party
from emulator.wire.payload import MISSING, at, every

if TYPE_CHECKING:
    from emulator.standard.release import Release


@dataclass(frozen=True, slots=True)
class Declared:
    """What the partners told each other before they talked; None and absence mean that nobody said.

    `buyers` and `sellers` are the ids that `buyerId` and `sellerId` tell apart: with fewer than two there
    is nobody to tell apart. `options` says of an option of a guide (`MEF123-O1`) whether it is used.
    `readings` pins entries of the interpretation register to one of their readings. `unsupported` names
    operations as `api.operationId`.
    """

    buyers: tuple[str, ...] | None = None
    sellers: tuple[str, ...] | None = None
    options: Mapping[str, bool] = field(default_factory=dict)
    readings: Mapping[str, str] = field(default_factory=dict)
    unsupported: tuple[str, ...] = ()


NOTHING_DECLARED: Final = Declared()


class View(StrEnum):
    """In answer to what a resource was shown."""

    CREATED = "created"  # the answer to the request that made it
    RETRIEVED = "retrieved"  # the answer to a read by id
    PATCHED = "patched"  # the answer to a change
    LISTED = "listed"  # an entry of a list, often with fewer attributes


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of resource and the operations that show it. `name` is also that of its lifecycle, if it has one."""

    name: str
    api: str
    create: str | None = None
    retrieve: str | None = None
    patch: str | None = None
    listing: str | None = None
    state: str = "/state"
    items: str | None = None

    def views(self) -> Iterator[tuple[str, View]]:
        """Each operation that shows this kind."""
        named = (
            (self.create, View.CREATED),
            (self.retrieve, View.RETRIEVED),
            (self.patch, View.PATCHED),
            (self.listing, View.LISTED),
        )
        return ((operation, view) for operation, view in named if operation)


ADDRESS: Final = Kind("geographicAddress", "geographicAddress", retrieve="retrieveGeographicAddress", state="")
SITE: Final = Kind(
    "geographicSite", "geographicSite", retrieve="retrieveGeographicSite", listing="listGeographicSite", state=""
)
POQ: Final = Kind(
    "productOfferingQualification",
    "productOfferingQualification",
    create="createProductOfferingQualification",
    retrieve="retrieveProductOfferingQualification",
    listing="listProductOfferingQualification",
    items="/productOfferingQualificationItem",
)
QUOTE: Final = Kind(
    "quote", "quote", create="createQuote", retrieve="retrieveQuote", listing="listQuote", items="/quoteItem"
)
ORDER: Final = Kind(
    "productOrder",
    "productOrder",
    create="createProductOrder",
    retrieve="retrieveProductOrder",
    patch="patchProductOrder",
    listing="listProductOrder",
    items="/productOrderItem",
)
CANCEL: Final = Kind(
    "cancelProductOrder",
    "productOrder",
    create="createCancelProductOrder",
    retrieve="retrieveCancelProductOrder",
    listing="listCancelProductOrder",
)
MODIFY_DATE: Final = Kind(
    "modifyProductOrderItemRequestedDeliveryDate",
    "productOrder",
    create="createModifyProductOrderItemRequestedDeliveryDate",
    retrieve="retrieveModifyProductOrderItemRequestedDeliveryDate",
    listing="listModifyProductOrderItemRequestedDeliveryDate",
)
CHARGE: Final = Kind(
    "charge", "productOrder", retrieve="retrieveCharge", patch="patchCharge", listing="listCharge", items="/chargeItem"
)
PRODUCT: Final = Kind("product", "productInventory", retrieve="retrieveProduct", listing="listProduct", state="/status")
KINDS: Final = (ADDRESS, SITE, POQ, QUOTE, ORDER, CANCEL, MODIFY_DATE, CHARGE, PRODUCT)
"""Every kind of resource of the six functions. Hubs have no life to be judged: `Run.of` finds their exchanges."""

_SHOWN_BY: Final = {(kind.api, operation): (kind, view) for kind in KINDS for operation, view in kind.views()}


EVENTS: Final = {
    "poqCreateEvent": POQ,
    "poqStateChangeEvent": POQ,
    "listenToPoqItemStateChangeEvent": POQ,
    "listenToQuoteStateChangeEvent": QUOTE,
    "listenToQuoteItemStateChangeEvent": QUOTE,
    "productOrderStateChangeEvent": ORDER,
    "productOrderItemStateChangeEvent": ORDER,
    "productOrderItemExpectedCompletionDateSet": ORDER,
    "productSpecificProductOrderItemMilestoneEvent": ORDER,
    "cancelProductOrderStateChangeEvent": CANCEL,
    "chargeCreateEvent": CHARGE,
    "chargeStateChangeEvent": CHARGE,
    "chargeTimeoutEvent": CHARGE,
    "modifyProductOrderItemRequestedDeliveryDateStateChangeEvent": MODIFY_DATE,
}
"""Which kind of resource a notification is about, by its operation."""


def succeeded(exchange: Exchange) -> bool:
    """Whether the request was answered by a 2xx."""
    return exchange.response is not None and 200 <= exchange.response.status < 300  # noqa: PLR2004


@dataclass(frozen=True, slots=True)
class Shown:
    """A resource as one response showed it: `value` (an object with a text `id`) stands at `place` of its body."""

    exchange: Exchange
    view: View
    place: str
    value: Mapping[str, Any]

    @property
    def whole(self) -> bool:
        """Whether all attributes were to be shown; an entry of a list has only some."""
        return self.view is not View.LISTED


@dataclass(slots=True)
class Life:
    """What was seen of one resource, oldest first.

    `asked` is the exchange that made it, if we saw it: its request's body is what the Buyer asked for.
    `told` are the notifications about it.
    """

    kind: Kind
    id: str
    asked: Exchange | None = None
    shown: list[Shown] = field(default_factory=list)
    told: list[Exchange] = field(default_factory=list)

    @property
    def request(self) -> Any:
        """The body that asked for it, MISSING where that was not seen."""
        return self.asked.request.body if self.asked else MISSING

    def before(self, exchange: Exchange) -> Sequence[Shown]:
        """The sightings before an exchange, oldest first."""
        end = len(self.shown)
        while end and self.shown[end - 1].exchange.n >= exchange.n:
            end -= 1
        return self.shown[:end]

    def last_before(self, exchange: Exchange, *, whole: bool = True) -> Shown | None:
        """The newest sighting before an exchange; with `whole` list entries are passed over."""
        for shown in reversed(self.shown):
            if shown.exchange.n < exchange.n and (shown.whole or not whole):
                return shown
        return None


class Run:
    """The exchanges of a run so far, found by what they are."""

    def __init__(
        self,
        release: Release,
        declared: Declared = NOTHING_DECLARED,
        provoked: frozenset[int] = frozenset(),
        spoilt: frozenset[int] = frozenset(),
        heard: tuple[str, ...] = (),
        speed: float = 1.0,
    ) -> None:
        """`heard` are callbacks at which the transcript itself listens, `speed` how fast its clock goes; the others are as in `judge`."""
        self.release, self.declared, self.provoked, self.spoilt = release, declared, provoked, spoilt
        self._heard, self._speed = heard, speed
        self.exchanges: list[Exchange] = []
        self._by_operation: dict[tuple[str, str], list[Exchange]] = {}
        self._lives: dict[tuple[str, str], Life] = {}
        self._shown: dict[int, tuple[Shown, ...]] = {}
        self._acts: list[int] = []

    def add(self, exchange: Exchange) -> None:
        """Take in the next exchange. Never raises, whatever its bodies hold."""
        self.exchanges.append(exchange)
        if exchange.request.method != "GET" and exchange.kind != "notification":
            self._acts.append(exchange.n)
        if exchange.api is None or exchange.operation is None:
            return
        self._by_operation.setdefault((exchange.api, exchange.operation), []).append(exchange)
        if exchange.kind == "notification":
            self._note_event(exchange)
        elif (exchange.api, exchange.operation) in _SHOWN_BY and succeeded(exchange) and exchange.n not in self.spoilt:
            self._note_shown(exchange)

    def spread(self, span: timedelta) -> timedelta:
        """What the clock of the transcript counts while so much time passes in reality: messages on their way, and the
        difference of two clocks, are real, however fast time goes.
        """
        return span * self._speed

    def of(self, *operations: str, api: str | None = None) -> list[Exchange]:
        """The exchanges of these operations so far, in order (`api` where a name occurs in several)."""
        found = [
            exchange
            for (its_api, operation), exchanges in self._by_operation.items()
            if operation in operations and api in (None, its_api)
            for exchange in exchanges
        ]
        return sorted(found, key=lambda exchange: exchange.n) if len(operations) > 1 or api is None else found

    def life(self, kind: Kind, identifier: Any) -> Life | None:
        """The life of a resource, None where nothing was seen of it."""
        return self._lives.get((kind.name, identifier)) if isinstance(identifier, str) else None

    def lives(self, kind: Kind) -> list[Life]:
        """All resources of a kind, in the order in which they were first seen."""
        return [life for (name, _), life in self._lives.items() if name == kind.name]

    def acted_between(self, earlier: Exchange, later: Exchange) -> bool:
        """Whether anything but reads was asked for after one exchange, up to and with another."""
        spot = bisect_right(self._acts, earlier.n)
        return spot < len(self._acts) and self._acts[spot] <= later.n

    def hears(self, subscribed: Exchange) -> bool:
        """Whether the notifications of a subscription are sure to stand in the transcript: it listens at their
        callback, or one of them came there. A capture of one side's requests holds none.
        """
        callback = at(subscribed.request.body, "/callback")
        if not isinstance(callback, str) or not callback:
            return False
        told = (e for e in self.exchanges if e.kind == "notification")
        return callback.startswith(self._heard) or any(e.request.url.startswith(callback) for e in told)

    def shown(self, exchange: Exchange) -> tuple[Shown, ...]:
        """The resources that an exchange's response showed."""
        return self._shown.get(exchange.n, ())

    def reads_as(self, interpretation: str, reading: str) -> bool:
        """Whether a reading of the interpretation register holds: the declared one, else our default."""
        return self.reading(interpretation) == reading

    def reading(self, interpretation: str) -> str:
        """The reading of a register entry that holds in this run. KeyError for an unknown entry."""
        entry = self.release.interpretations[interpretation]
        return self.declared.readings.get(interpretation, entry.default)

    def _note_shown(self, exchange: Exchange) -> None:
        assert exchange.response is not None
        kind, view = _SHOWN_BY[str(exchange.api), str(exchange.operation)]
        body = exchange.response.body
        pattern = "/*" if view is View.LISTED else ""
        shown: list[Shown] = []
        for place, value in every(body, pattern):
            if isinstance(value, dict) and isinstance(value.get("id"), str):
                shown.append(Shown(exchange, view, place, value))
                life = self._lives.setdefault((kind.name, value["id"]), Life(kind, value["id"]))
                life.shown.append(shown[-1])
                if view is View.CREATED and life.asked is None:
                    life.asked = exchange
        self._shown[exchange.n] = tuple(shown)

    def _note_event(self, exchange: Exchange) -> None:
        """An event is told about the resource of its kind; without one seen before it is still remembered."""
        kind = EVENTS.get(str(exchange.operation))
        identifier = at(exchange.request.body, "/event/id")
        if kind is not None and isinstance(identifier, str):
            self._lives.setdefault((kind.name, identifier), Life(kind, identifier)).told.append(exchange)


class Half(StrEnum):
    """Which message of an exchange is meant."""

    REQUEST = "request"  # written by the sender
    RESPONSE = "response"  # written by the receiver


@dataclass(frozen=True)
class Said:
    """A message within its run: what most rules look at."""

    run: Run
    exchange: Exchange
    half: Half

    @property
    def author(self) -> Party:
        """Who wrote the message."""
        return self.exchange.sender if self.half is Half.REQUEST else self.exchange.receiver

    @cached_property
    def body(self) -> Any:
        """The message's JSON body, MISSING where there is none that can be read."""
        message = self.exchange.request if self.half is Half.REQUEST else self.exchange.response
        return message.body if message else MISSING

    @property
    def asked(self) -> Any:
        """The body of the exchange's request."""
        return self.exchange.request.body

    @property
    def status(self) -> int:
        """The status of the exchange's response, 0 where there is none."""
        return self.exchange.response.status if self.exchange.response else 0

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The request's query; of a parameter given twice, the first."""
        return dict(reversed(self.exchange.request.query))

    @property
    def shown(self) -> tuple[Shown, ...]:
        """The resources that this response shows."""
        return self.run.shown(self.exchange) if self.half is Half.RESPONSE else ()

    def lived(self) -> Iterator[tuple[Shown, Life]]:
        """Each resource that this response shows, with its life so far (this sighting is its last)."""
        for shown in self.shown:
            kind, _ = _SHOWN_BY[str(self.exchange.api), str(self.exchange.operation)]
            life = self.run.life(kind, shown.value["id"])
            if life is not None:
                yield shown, life

    def header(self, name: str) -> str | None:
        """A header of this message, whatever its case."""
        message = self.exchange.request if self.half is Half.REQUEST else self.exchange.response
        return message.header(name) if message else None
