"""Quote: what it costs, for how long, and when it can be delivered (MEF 115)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final, Literal, Protocol

from emulator.parties.apis import Api, Context, Course, Plugin
from emulator.parties.apis.items import ItemRules, contact_issues, item_offering, without
from emulator.parties.apis.order_links import Links
from emulator.parties.apis.quote_checks import qualification_issues, site_issues
from emulator.parties.apis.quote_terms import Offer, make_offer
from emulator.parties.clock import rfc3339
from emulator.parties.effects import Effect
from emulator.parties.lists import href, moment_of
from emulator.parties.sections import Mode, PathStep, Section
from emulator.parties.store import Resource
from emulator.parties.walk import Plan, fits
from emulator.record.call import Call, ErrorCode, Issue, Reply, unprocessable
from emulator.standard.spans import in_words_of

KIND: Final = "quote"
CANCELLABLE: Final = ("inProgress", "inProgress.draft")
ORDERABLE: Final = ("approved.orderable", "approved.orderableAlternate")
PRICED: Final = (*ORDERABLE, "answered", "inProgress.draft")
UNFINISHED: Final = ("acknowledged", "inProgress", "inProgress.draft")

_RULES: Final = ItemRules(
    items="quoteItem",
    relationship="quoteItemRelationship",
    function="quote",
    by_specification=False,
    clauses={
        "product": "MEF115 R22",
        "relations": "MEF115 R10",
        "add.configuration": "MEF115 R42",
        "add.offering": "MEF115 R43",
        "add.id": "MEF115 R44",
        "modify": "MEF115 R45",
        "repeat": "MEF115 R46",
        "delete": "MEF115 R47, R48, R49",
        "payload": "MEF115 R8",
        "attributes": "MEF115 R6",
        "place": "MEF115 R63",
    },
)

_OURS_OF_ITEM: Final = (
    "state",
    "stateChange",
    "quoteItemPrice",
    "quoteItemTerm",
    "quoteItemInstallationInterval",
    "subjectToFeasibilityCheck",
    "terminationError",
)
_OF_DRAFT: Final = ("quoteItemPrice", "quoteItemTerm", "quoteItemInstallationInterval")


@dataclass(frozen=True, slots=True)
class QuoteBehaviour:
    """How quotes end. `deadline: keep` ends as unableToProvide what cannot be done by the date asked for."""

    outcome: Literal["orderable", "orderableAlternate", "unableToProvide", "rejected"] = "orderable"
    mode: Mode = "asRequested"
    deadline: Literal["keep", "ignore"] = "keep"
    path: tuple[PathStep, ...] = ()


@dataclass(frozen=True, slots=True)
class QuoteTimes:
    """Seconds until a quote is worked on, then until it is finished; for how long it is valid."""

    start: float = 1
    finish: float = 3
    valid: float = 2_592_000


BEHAVIOUR: Final = Section(KIND, QuoteBehaviour)
TIMES: Final = Section("quote", QuoteTimes)


def build(context: Context) -> Api:
    """Create, cancel and decline quotes."""
    quotes = Quotes(context)
    context.effects.offer(ACCEPTED, quotes)
    wishes = {"cancelled": quotes.cancel, "declined": quotes.decline}
    acts = context.release.kinds.kind(KIND).acts.values()
    return Api(
        KIND,
        {"createQuote": quotes.create, **{act.operation: wishes[act.to] for act in acts if act.to in wishes}},
        {**quotes.plan.actions, "quote.expire": quotes.expire},
        {KIND: Course(quotes.move, signalled=quotes.plan.signalled, seen=quotes.plan.seen)},
    )


class Accepted(Protocol):
    """What orders do to quotes."""

    def accept(self, run: str, quote_id: str, at: datetime) -> None:
        """An order refers to the quote."""


ACCEPTED: Final[Effect[Accepted]] = Effect("quotes that orders accept")


def level_of(body: Mapping[str, Any]) -> str:
    """Firm or budgetary: what the buyer asked for decides the lifecycle."""
    return str(body["buyerRequestedQuoteLevel"])


class Quotes(Accepted):
    """Answers requests for quotes and carries the deferred ones to their end."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._desk = context.desk
        self._behaviour = context.profile.behaviour.of(BEHAVIOUR)
        self._times = context.profile.intervals.of(TIMES)
        self.plan = Plan(context, KIND, "quote.advance", self._advance, self._open_to)

    # -- creation ----------------------------------------------------------------------------------

    def create(self, call: Call) -> Reply:
        """POST /quote.

        MEF115 leaves open: a seller may give one kind of response only (R14). If it has none at once and
        the buyer asks for one, the quote is unableToProvide: the answer cannot be given in the time asked for.
        """
        instant = call.body["instantSyncQuote"]
        path, mode = self._path(call.body), self._behaviour.mode
        at_once = bool(path) and path[0].to != "acknowledged" and self._desk.allows(None, path[0].to, _cycle(call.body))
        immediate = at_once if path else (mode == "immediate" or (mode == "asRequested" and instant))
        refused = instant and not immediate and not path
        issues = list(self._issues(call, instant=instant))
        if not issues and immediate and self._behaviour.outcome == "rejected":
            # Figure 21: only an acknowledged quote can be rejected; before that the answer is an error.
            issues = [Issue("/quoteItem/0", ErrorCode.OTHER_ISSUE, "The seller does not quote this product")]
        if issues:
            raise unprocessable(*issues)
        final = "unableToProvide" if refused else path[0].to if at_once else self._outcome(call.run, call.body)
        quote = self._open(call, final if immediate or refused else "acknowledged")
        if immediate or refused:
            self._finish(quote, final, self._desk.now())
            self.plan.begin(quote, path)
        else:
            for item in quote.body["quoteItem"]:
                self._desk.move_item(
                    quote, item, "acknowledged", by="seller", lifecycle=self._item_cycle(quote), save=False
                )
            self._defer(quote, final)
        self._context.store.update(quote)
        return Reply(201, quote.body)

    def _issues(self, call: Call, *, instant: bool) -> Iterator[Issue]:
        if not instant:
            yield from contact_issues("", call.body, ("buyerContactInformation",), "MEF115 R18")
            if "requestedQuoteCompletionDate" not in call.body:
                reason = "requestedQuoteCompletionDate is missing: it goes with instantSyncQuote false"
                yield Issue("/requestedQuoteCompletionDate", ErrorCode.MISSING_PROPERTY, reason, "MEF115 R19")
        yield from _RULES.issues(self._context, call.run, call.body)
        links = Links(self._context, call.run)
        for index, item in enumerate(call.body["quoteItem"]):
            place = f"/quoteItem/{index}"
            if not instant:
                roles = ["quoteItemTechnicalContact"]
                if self._context.release.labels.told("MEF115-R24") and self._needs_place(call.run, item):
                    roles.append("quoteItemLocationContact")
                yield from contact_issues(place, item, roles, "MEF115 R23, R24")
            if "productOfferingQualificationItem" in item:
                reference = item["productOfferingQualificationItem"]
                yield from qualification_issues(
                    self._context, links, f"{place}/productOfferingQualificationItem", reference
                )
            yield from site_issues(self._context, place, item)

    def _needs_place(self, run: str, item: Mapping[str, Any]) -> bool:
        if item["action"] != "add" or not isinstance(item.get("product"), dict):
            return False
        offering = item_offering(self._context, run, item)
        return bool(offering and offering.needs_place(self._context.release.products.sheets.of(offering.payload)))

    def _open(self, call: Call, state: str) -> Resource:
        body = without(call.body, self._context.release.kinds.kind(KIND).own)
        body["id"] = self._context.new_id(KIND)
        body["href"] = href(call, KIND, body["id"])
        body["quoteDate"] = rfc3339(self._desk.now())
        ours = self._context.profile.seller.contact("sellerContactInformation")
        body["relatedContactInformation"] = [*body.get("relatedContactInformation", ()), ours]
        body["quoteItem"] = [without(item, _OURS_OF_ITEM) for item in body["quoteItem"]]
        if level_of(body) == "budgetary":
            body["quoteLevel"] = "budgetary"  # R33; Table 7 wants it in every state
        return self._desk.open(call.run, KIND, body, state=state, lifecycle=_cycle(body))

    def _defer(self, quote: Resource, final: str) -> None:
        """Set out on the profile's path, or on the usual one."""
        path = self._path(quote.body)
        if final == "rejected":
            usual: tuple[PathStep, ...] = (PathStep("rejected", after_seconds=self._times.start),)
        else:
            expected = self._desk.now() + timedelta(seconds=self._times.start + self._times.finish)
            wanted = moment_of(quote.body.get("requestedQuoteCompletionDate"))
            if wanted is not None and wanted < expected and self._behaviour.deadline == "keep":
                final = "unableToProvide"
            usual = (
                PathStep("inProgress", after_seconds=self._times.start),
                PathStep(final, after_seconds=self._times.finish),
            )
        self.plan.begin(quote, path or usual)

    def _path(self, body: Mapping[str, Any]) -> tuple[PathStep, ...]:
        """The profile's path; one for firm quotes does not bind the budgetary ones, and the reverse."""
        path = self._behaviour.path
        return path if fits(self._desk, path, _cycle(body)) else ()

    def _outcome(self, run: str, body: Mapping[str, Any]) -> str:
        """The state in which a quote ends by the profile, and by what its items get."""
        if self._behaviour.outcome in ("unableToProvide", "rejected"):
            return self._behaviour.outcome
        if level_of(body) == "budgetary":
            return "answered"
        alternate = any(self._offer(run, n, item).alternate for n, item in enumerate(body["quoteItem"]))
        return "approved.orderableAlternate" if alternate else "approved.orderable"

    # -- on the way --------------------------------------------------------------------------------

    def _item_cycle(self, quote: Resource) -> str:
        return f"quoteItem.{level_of(quote.body)}"

    def _open_to(self, quote: Resource, to: str) -> bool:
        return self._desk.allows(quote.body["state"], to, _cycle(quote.body))

    def _advance(self, quote: Resource, to: str, at: datetime) -> None:
        """One step: items first, then the quote."""
        if to == "inProgress":
            seconds = self._times.finish
            quote.body["expectedQuoteCompletionDate"] = rfc3339(at + timedelta(seconds=seconds))
            for item in quote.body["quoteItem"]:
                self._desk.move_item(quote, item, to, by="seller", lifecycle=self._item_cycle(quote), at=at, save=False)
        elif to not in ("accepted", "declined", "expired"):  # there the items stay as they were quoted
            self._finish(quote, to, at)
        self._desk.move(quote, to, by="seller", at=at, lifecycle=_cycle(quote.body))

    def _finish(self, quote: Resource, to: str, at: datetime) -> None:
        """Fill in what a state shows (Tables 5 to 8) and bring the items along (Tables 9 and 10).

        MEF115 leaves open: the tables' blank cells say neither "may" nor "must not", and they quarrel with R32
        (a term in every response), R50, D1 and the description of terminationError; Table 9 lets a rejected
        quote have no rejected item. We fill in what is required, and take back only a draft that came to nothing.
        """
        body = quote.body
        offers = [self._offer(quote.run, n, item) for n, item in enumerate(body["quoteItem"])]
        if to == "approved.orderableAlternate" and not any(offer.alternate for offer in offers):
            offers[0] = self._offer(quote.run, 0, body["quoteItem"][0], longer=True)
        for index, (item, offer) in enumerate(zip(body["quoteItem"], offers, strict=True)):
            if to in PRICED:
                self._price(body, item, offer)
                wanted = offer.state if to == "approved.orderableAlternate" else to  # R52: all of them
            else:
                _take_back(body, item, to)
                wanted = to if index == 0 and to != "cancelled" else "abandoned"
                if to != "cancelled":
                    item["terminationError"] = [_error(index, first=index == 0)]  # D1, Table 6
            if item.get("state") != wanted:
                self._desk.move_item(
                    quote, item, wanted, by="seller", lifecycle=self._item_cycle(quote), at=at, save=False
                )
        if to in PRICED and level_of(body) == "firm":
            check = any(item["subjectToFeasibilityCheck"] for item in body["quoteItem"])
            body["quoteLevel"] = "firmSubjectToFeasibilityCheck" if check else "firm"  # R34, R35
        if to in (*ORDERABLE, "answered", "unableToProvide", "cancelled"):
            body["effectiveQuoteCompletionDate"] = rfc3339(at)
        if to in (*ORDERABLE, "answered"):
            self._limit(quote, to, at)

    def _limit(self, quote: Resource, to: str, at: datetime) -> None:
        """Until when the offer is good. Where the profile's path has it expire, no promise outlasts that."""
        following = [later for step, later in pairwise(self._path(quote.body)) if step.to == to]
        by_path = bool(following) and following[0].to == "expired"
        seconds = (following[0].after_seconds or 0.0) if by_path else self._times.valid
        quote.body["validFor"] = {"endDateTime": rfc3339(at + timedelta(seconds=seconds))}
        if not by_path:
            with self._desk.at(at):
                self._desk.later(quote, seconds, "quote.expire")

    def _offer(self, run: str, index: int, item: Mapping[str, Any], *, longer: bool = False) -> Offer:
        longer = longer or (self._behaviour.outcome == "orderableAlternate" and index == 0)
        return make_offer(item_offering(self._context, run, item), item, longer=longer)

    def _price(self, body: dict[str, Any], item: dict[str, Any], offer: Offer) -> None:
        said = in_words_of(self._context.release.contract(KIND), [offer.prices, [offer.term], offer.installation])
        item["quoteItemPrice"], item["quoteItemTerm"], item["quoteItemInstallationInterval"] = said  # R32
        if level_of(body) == "firm":
            item["subjectToFeasibilityCheck"] = offer.feasibility_check

    # -- the buyer's word and the end of time ------------------------------------------------------

    def move(self, quote: Resource, to: str, at: datetime) -> None:
        """A hand takes a step in place of the plan or of an order."""
        if to == "accepted":
            self._end(quote, to, at)
        else:
            self._advance(quote, to, at)

    def cancel(self, call: Call) -> Reply:
        """POST /cancelQuote (R53): at once, and no resource is made of it."""
        quote = self._named(call, CANCELLABLE, "cancelled")
        at = self._desk.now()
        for item in quote.body["quoteItem"]:
            _take_back(quote.body, item, "cancelled")
            if item["state"] in UNFINISHED:
                self._desk.move_item(
                    quote, item, "abandoned", by="buyer", lifecycle=self._item_cycle(quote), at=at, save=False
                )
        quote.body["effectiveQuoteCompletionDate"] = rfc3339(at)
        self._end(quote, "cancelled", at, call.body.get("reason"))
        return Reply(200, call.body)

    def decline(self, call: Call) -> Reply:
        """POST /rejectQuote (R54), or /declineQuote. The items stay as they are."""
        quote = self._named(call, ORDERABLE, "declined")
        self._end(quote, "declined", self._desk.now(), call.body.get("reason"))
        return Reply(200, call.body)

    def _named(self, call: Call, states: tuple[str, ...], done: str) -> Resource:
        quote = self._context.store.get(call.run, KIND, call.body["quoteId"])
        if quote is None:
            raise unprocessable(Issue("/quoteId", ErrorCode.REFERENCE_NOT_FOUND, "There is no quote with this id"))
        if quote.body["state"] not in states or not self._open_to(quote, done):
            # MEF115 leaves open: the code for a quote in another state.
            reason = f"The quote is {quote.body['state']}; it can be {done} only while {' or '.join(states)}"
            raise unprocessable(Issue("/quoteId", ErrorCode.OTHER_ISSUE, reason))
        return quote

    def _end(self, quote: Resource, to: str, at: datetime, reason: str | None = None) -> None:
        """The buyer's decision ends a quote; what was planned for it is forgotten."""
        self._context.store.cancel(quote.run, KIND, quote.id)
        self._context.store.remove(quote.run, f"reads.{KIND}", quote.id)
        cycle = _cycle(quote.body)
        self._desk.move(quote, to, by="buyer", at=at, reason=reason, lifecycle=cycle)

    def accept(self, run: str, quote_id: str, at: datetime) -> None:
        """An order refers to the quote. One that is accepted already stays so."""
        quote = self._context.store.get(run, KIND, quote_id)
        if quote is not None and quote.body["state"] in ORDERABLE:
            self._end(quote, "accepted", at)

    def expire(self, quote: Resource, _: Mapping[str, Any], at: datetime) -> None:
        """Timer: validFor has passed."""
        if self._open_to(quote, "expired"):
            cycle = _cycle(quote.body)
            self._desk.move(quote, "expired", by="time", at=at, lifecycle=cycle)


def _cycle(body: Mapping[str, Any]) -> str:
    return f"quote.{level_of(body)}"


def _take_back(body: dict[str, Any], item: dict[str, Any], to: str) -> None:
    """A draft that came to nothing prices nothing; once cancelled it still says how firm it was (Tables 5 and 6)."""
    for name in _OF_DRAFT:
        item.pop(name, None)
    if level_of(body) == "firm" and to != "cancelled":
        item.pop("subjectToFeasibilityCheck", None)
        body.pop("quoteLevel", None)


def _error(index: int, *, first: bool) -> dict[str, str]:
    value = "The seller cannot quote this product" if first else "Another item of the quote cannot be quoted"
    return {"code": "otherIssue", "propertyPath": f"/quoteItem/{index}", "value": value}


PLUGIN: Final = Plugin(KIND, (KIND,), build, (BEHAVIOUR,), (TIMES,))
