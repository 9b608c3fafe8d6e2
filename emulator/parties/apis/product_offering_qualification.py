"""Product offering qualification: can the seller deliver, and when? (MEF 87)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

from emulator.parties.apis import Api, Context, Course, Plugin
from emulator.parties.apis.items import ItemRules, contact_issues, item_offering, serviceability, without
from emulator.parties.clock import rfc3339
from emulator.parties.desk import NotNow
from emulator.parties.lists import href, list_handler, members_of, moment_of
from emulator.parties.offering import Color, Offering
from emulator.parties.sections import Mode, PathStep, Section
from emulator.parties.store import Resource
from emulator.parties.walk import Plan
from emulator.record.call import Call, ErrorCode, Issue, Reply, unprocessable
from emulator.record.payload import copied
from emulator.standard.kinds.shapes import Shapes
from emulator.standard.places import placing

KIND: Final = "productOfferingQualification"
LIST: Final = "listProductOfferingQualification"
ITEM: Final = "productOfferingQualificationItem"
UNFINISHED: Final = ("acknowledged", "inProgress")
FAILED: Final = "terminatedWithError"
ABANDONED: Final = "done.abandoned"
REJECTED: Final = "rejected"
UNABLE: Final = "done.unableToProvide"
ITEMS: Final = "productOfferingQualificationItem"

_RULES: Final = ItemRules(
    items=ITEMS,
    relationship="qualificationItemRelationship",
    function="poq",
    by_specification=True,
    clauses={
        "product": "MEF87 R32",
        "relations": "MEF87 R15",
        "add.offering": "MEF87 R33",
        "add.configuration": "MEF87 R34",
        "payload": "MEF87 R35",
        "attributes": "MEF87 R11",
        "place": "MEF87 R43",
        "add.id": "MEF87 R36",
        "modify": "MEF87 R37, R40",
        "repeat": "MEF87 R38",
        "delete": "MEF87 R39, R40, R41",
    },
)

_ASKED_FOR: Final = "requestedPOQCompletionDate"
_OURS_OF_ITEM: Final = (
    "state",
    "stateChange",
    "terminationError",
    "serviceabilityConfidence",
    "serviceabilityConfidenceReason",
    "alternateProductOfferingProposal",
    "installationInterval",
    "guaranteedUntilDate",
    "deliveryType",
    "3rdPartyProvider",
    "3rdPartyProviderProductOffering",
)
_DELIVERY: Final = {"green": "onNetWithoutBuild", "yellow": "onNetWithBuild"}
_OFFERS: Final = "Mplify87.1-findings-when-done"
"""The clause by which an item that can be delivered names its offering."""
_PROPOSES: Final = "Mplify87.1-specification-wants-alternates"
"""The clause by which whoever names a specification alone takes alternatives."""


@dataclass(frozen=True, slots=True)
class PoqBehaviour:
    """How POQs end. `deadline: keep` ends as unableToProvide what cannot be done by the date asked for. What a release has no
    state for ends as terminatedWithError.
    """

    outcome: Literal["ready", "alternate", "unableToProvide", "rejected", "terminatedWithError"] = "ready"
    mode: Mode = "asRequested"
    deadline: Literal["keep", "ignore"] = "keep"
    path: tuple[PathStep, ...] = ()


@dataclass(frozen=True, slots=True)
class QualificationTimes:
    """Seconds until a POQ is worked on, then until it is finished; for how long its answer holds."""

    start: float = 1
    finish: float = 2
    valid: float = 2_592_000


BEHAVIOUR: Final = Section(KIND, PoqBehaviour)
TIMES: Final = Section("poq", QualificationTimes)


def build(context: Context) -> Api:
    """Create and list POQs."""
    desk = Qualifications(context)
    plan = desk.plan
    return Api(
        KIND,
        {
            "createProductOfferingQualification": desk.create,
            LIST: list_handler(context, KIND, LIST, shown=in_days if _lists_days(context) else lambda shown: shown),
        },
        plan.actions,
        {KIND: Course(desk.move, desk.move_item, plan.signalled, plan.seen)},
    )


def _lists_days(context: Context) -> bool:
    """Whether the contract has the date asked for be a day in a list, although the buyer gave a date-time."""
    operation = context.release.kinds.apis[KIND].operations[LIST]
    listed = Shapes(context.release.document(KIND)).members(
        {"$ref": f"#/components/schemas/{operation.listed or operation.response.strip('[]')}"}
    )
    return any(each.schema.get("format") == "date" for each in listed.get(_ASKED_FOR, ()))


def in_days(shown: dict[str, Any]) -> dict[str, Any]:
    """The summary of a list, where the date asked for is a day although the buyer gave a date-time."""
    given = shown.pop(_ASKED_FOR, "")
    day = day_of(given)
    return shown if day is None else {**shown, _ASKED_FOR: day}


def day_of(text: str) -> str | None:
    """The calendar day of a date-time, as the buyer wrote it."""
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        return None


class Qualifications:
    """Answers requests for qualification and carries the deferred ones to their end."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._desk = context.desk
        self._behaviour = context.profile.behaviour.of(BEHAVIOUR)
        self._times = context.profile.intervals.of(TIMES)
        self._states = context.release.lifecycles[KIND]
        self._item_states = context.release.lifecycles[ITEM]
        (self._ready,) = self._states.good
        contract = context.release.contract(KIND)
        self._of_item = members_of(contract, "ProductOfferingQualificationItem")
        self._of_proposal = members_of(contract, "AlternateProductOfferingProposal")
        self._of_alternate = members_of(contract, "MEFAlternateProduct")
        self.plan = Plan(context, KIND, f"{KIND}.advance", self._advance, self._open_to)

    def create(self, call: Call) -> Reply:
        """POST /productOfferingQualification. A release in which an answer at once cannot be that there is none has it refused.

        MEF87 leaves open: instantSyncQualification has to be sent (R18) yet has a default; absent, it is false.
        """
        body = call.body
        instant = bool(body.get("instantSyncQualification", False))
        mode = self._behaviour.mode
        issues = list(self._issues(call, instant=instant))
        if issues:
            raise unprocessable(*issues)
        path = self._behaviour.path
        at_once = bool(path) and path[0].to != "acknowledged" and self._desk.allows(None, path[0].to, KIND)
        immediate = at_once if path else (mode == "immediate" or (mode == "asRequested" and instant))
        refused = instant and not immediate and not path  # R24: an answer now is asked for, and this seller has none
        state = path[0].to if at_once else self._immediate(refused=refused)
        if (immediate or refused) and state not in self._states.initial:
            reason = f"This seller has no answer at once: the qualification would be {state}"
            raise unprocessable(
                Issue("/instantSyncQualification", ErrorCode.INVALID_VALUE, reason, "Mplify87.1-at-once-is-done")
            )
        poq = self._open(call, state if immediate or refused else "acknowledged")
        for item in poq.body[ITEMS]:
            if immediate or refused:
                self._finish_item(poq, item, self._item_state(poq.body, item), self._desk.now())
            else:
                self._desk.move_item(poq, item, "acknowledged", by="seller", lifecycle=ITEM, save=False)
        if immediate or refused:
            self._end_dated(poq, self._desk.now())
        else:
            path = self._deferred(poq)
        self._context.store.add(poq)
        self.plan.begin(poq, path)
        return Reply(201, poq.body, written=poq.written)

    def _issues(self, call: Call, *, instant: bool) -> Iterator[Issue]:
        yield from contact_issues("", call.body, ("buyerContactInformation",), "MEF87 R21")
        if not instant and "requestedPOQCompletionDate" not in call.body:
            reason = "requestedPOQCompletionDate is missing: it goes with instantSyncQualification false"
            yield Issue("/requestedPOQCompletionDate", ErrorCode.MISSING_PROPERTY, reason, "MEF87 R19")
        specified = any(self._by_specification(item) for item in call.body[ITEMS])
        if (
            specified
            and call.body.get("provideAlternative") is not True
            and self._context.release.labels.told(_PROPOSES)
        ):
            reason = "provideAlternative has to be true where an offering is looked for by its specification"
            yield Issue("/provideAlternative", ErrorCode.INVALID_VALUE, reason, _PROPOSES)
        yield from _RULES.issues(self._context, call.run, call.body)

    @staticmethod
    def _by_specification(item: dict[str, Any]) -> bool:
        product = item.get("product")
        named = product if item.get("action") == "add" and isinstance(product, dict) else {}
        return "productSpecification" in named and "productOffering" not in named

    def _open(self, call: Call, state: str) -> Resource:
        kind = self._context.release.kinds.kind(KIND)
        body = without(call.body, kind.own)
        body["id"] = self._context.new_id(KIND)
        body["href"] = href(call, KIND, body["id"])
        ours = self._context.profile.seller.contact("sellerContactInformation")
        if "creationDate" in kind.own:
            body["creationDate"] = rfc3339(self._desk.now())
        body["relatedContactInformation"] = [*body["relatedContactInformation"], ours]
        body[ITEMS] = [without(item, _OURS_OF_ITEM) for item in body[ITEMS]]
        return self._desk.open(call.run, KIND, body, state=state, save=False)

    def _immediate(self, *, refused: bool) -> str:
        """The state of an immediate answer.

        MEF87 leaves open: done.unableToProvide is for deferred answers alone, so a seller that has no
        answer in time says terminatedWithError (R24).
        """
        unable = refused or self._behaviour.outcome in ("unableToProvide", REJECTED, FAILED)
        return FAILED if unable else self._ready

    def _item_state(self, body: dict[str, Any], item: dict[str, Any]) -> str:
        """What an item ends as when its POQ ends in the state it is in; one item fails, the others are given up."""
        state = str(body["state"])
        if state == self._ready:
            return state
        return state if state in self._item_states.states and item is body[ITEMS][0] else ABANDONED

    def _deferred(self, poq: Resource) -> tuple[PathStep, ...]:
        """Say when the answer is to be expected; gives the profile's path to it, or the usual one."""
        expected = self._desk.now() + timedelta(seconds=self._times.start + self._times.finish)
        poq.body["expectedPOQCompletionDate"] = rfc3339(expected)
        end = self._end(poq.body, expected)
        if self._states.allows(poq.body["state"], end):  # what the checks find wrong is not worked on
            return self._behaviour.path or (PathStep(end, after_seconds=self._times.start),)
        return self._behaviour.path or (
            PathStep("inProgress", after_seconds=self._times.start),
            PathStep(end, after_seconds=self._times.finish),
        )

    def _end(self, body: dict[str, Any], expected: datetime) -> str:
        wanted = moment_of(body.get("requestedPOQCompletionDate"))
        late = wanted is not None and wanted < expected and self._behaviour.deadline == "keep"
        if self._behaviour.outcome in (FAILED, REJECTED):
            return self._known(self._behaviour.outcome)
        return self._known(UNABLE) if late or self._behaviour.outcome == "unableToProvide" else self._ready

    def _known(self, state: str) -> str:
        """A state for what comes to nothing, where the release has it; else terminatedWithError."""
        return state if state in self._states.states else FAILED

    def _end_dated(self, poq: Resource, at: datetime) -> None:
        if "effectiveQualificationDate" in self._context.release.kinds.kind(KIND).own:
            poq.body["effectiveQualificationDate"] = rfc3339(at)

    def _open_to(self, poq: Resource, to: str) -> bool:
        return self._desk.allows(poq.body["state"], to, KIND)

    def move(self, poq: Resource, to: str, at: datetime) -> None:
        """A hand takes the step in place of the plan."""
        self._advance(poq, to, at)

    def move_item(self, poq: Resource, item: dict[str, Any], to: str, at: datetime) -> None:
        """A hand ends an item before its POQ (R48 to R50). NotNow where that would make the POQ say two things."""
        if poq.body["state"] != "inProgress":
            raise NotNow(f"the items of a qualification that is {poq.body['state']} go with it")
        self._finish_item(poq, item, to, at)
        self._context.store.update(poq)

    def _advance(self, poq: Resource, to: str, at: datetime) -> None:
        """One step: items first, so that an observer never sees a POQ ahead of its items (R48 to R50)."""
        if to == "inProgress":
            for item in poq.body[ITEMS]:
                self._desk.move_item(poq, item, to, by="seller", lifecycle=ITEM, at=at, save=False)
        else:
            body = {**poq.body, "state": to}
            for item in poq.body[ITEMS]:
                if item["state"] in UNFINISHED:  # a hand in our seller may have ended it before
                    self._finish_item(poq, item, self._item_state(body, item), at)
            self._end_dated(poq, at)
        self._desk.move(poq, to, by="seller", at=at)

    def _finish_item(self, poq: Resource, item: dict[str, Any], to: str, at: datetime) -> None:
        """End an item; only an item that is ready says what the seller can do (R28 to R31)."""
        if to == self._ready:
            self._answer(poq, item, at)
        elif to == FAILED:
            index = poq.body[ITEMS].index(item)
            item["terminationError"] = [
                {
                    "code": "otherIssue",
                    "propertyPath": f"/{ITEMS}/{index}/product",
                    "value": "The seller cannot qualify this product with the information given",
                }
            ]
        self._desk.move_item(poq, item, to, by="seller", lifecycle=ITEM, at=at, save=False)

    def _answer(self, poq: Resource, item: dict[str, Any], at: datetime) -> None:
        offering = item_offering(self._context, poq.run, item)
        color, reason = self._confidence(item)
        item["serviceabilityConfidence"] = color
        item["serviceabilityConfidenceReason"] = reason
        if color != "red":
            span = offering.installation.as_json() if offering else {"amount": 10, "units": "businessDays"}
            item["installationInterval"] = span
            item["guaranteedUntilDate"] = self._guaranteed(at)
            if "deliveryType" in self._of_item:
                item["deliveryType"] = _DELIVERY[color]
            if offering is not None and self._context.release.labels.told(_OFFERS):
                item["product"] = {**item["product"], "productOffering": {"id": offering.id}}
        wanted = poq.body.get("provideAlternative", False) and color != "green"
        other = self._other(offering) if wanted and "productConfiguration" in item["product"] else None
        if wanted:
            item["alternateProductOfferingProposal"] = [self._proposal(other, item, at)] if other else []

    def _guaranteed(self, at: datetime) -> str:
        return rfc3339(at + timedelta(seconds=self._times.valid))

    def _confidence(self, item: dict[str, Any]) -> tuple[Color, str]:
        """How sure the seller is: the worst of the places, or red where the profile says so."""
        if self._behaviour.outcome == "alternate" and item["action"] != "delete":
            return "red", "Not as asked; an alternative may be possible"
        places = placing(self._context.release, KIND).spots(item["product"], "/place/*")
        colors = [serviceability(self._context, place) for place in places]
        if "red" in colors:
            return "red", "The place cannot be reached"
        return ("yellow", "The place has to be surveyed") if "yellow" in colors else ("green", "Ready to deliver")

    def _other(self, offering: Offering | None) -> Offering | None:
        """What the seller can propose instead: an offering that what the buyer configured fits, or nothing.

        Where the profile wants an alternative whatever it is, the offering itself is better than none.
        """
        if offering is None:
            return None
        other = self._context.profile.offerings.get(offering.alternate or "")
        if other is not None and other.payload == offering.payload:
            return other
        return offering if self._behaviour.outcome == "alternate" else None

    def _proposal(self, other: Offering, item: dict[str, Any], at: datetime) -> dict[str, Any]:
        product = {
            "productOffering": {"id": other.id},
            "productSpecification": {"id": other.specification},
            "productConfiguration": copied(item["product"]["productConfiguration"]),
        }
        proposal = {
            "id": self._context.new_id("alternateProductOfferingProposal"),
            "installationInterval": other.installation.as_json(),
            "alternateProduct": {name: each for name, each in product.items() if name in self._of_alternate},
            "serviceabilityConfidence": "green",
            "deliveryType": _DELIVERY["green"],
            "guaranteedUntilDate": self._guaranteed(at),
        }
        return {name: each for name, each in proposal.items() if name in self._of_proposal}


PLUGIN: Final = Plugin(KIND, (KIND,), build, (BEHAVIOUR,), (TIMES,))
