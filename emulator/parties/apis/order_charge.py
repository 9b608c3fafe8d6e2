"""Charges: what the seller wants to be paid on top, and the buyer's answer to it (MEF 123, 6.11 to 6.14)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from emulator.parties.apis import Api, Context, Course
from emulator.parties.apis.order_settings import CHARGE_TIMES
from emulator.parties.clock import rfc3339
from emulator.parties.desk import NotNow
from emulator.parties.store import Resource, Timer
from emulator.record.call import Call, Reply, bad_request, conflict, not_found

KIND: Final = "charge"
TIMEOUT: Final = "productOrder.chargeTimeout"
PATH: Final = "charge"
_FEES: Final = {
    "cancellation": (250.0, "Work done before the order was cancelled"),
    "expedite": (400.0, "Extra staff to be ready earlier"),
    "other": (150.0, "Another date for the installation"),
    "construction": (900.0, "Building work that the survey found necessary"),
}
"""What each category costs, and what for."""


Settled = Callable[[Resource, bool, datetime], None]
"""Told when a charge is settled: the charge, whether the work that it is for may go on, and when."""


ASKING: Final = "inProgress.assessingCharge"
"""A request is in this state until the buyer has answered its charge."""


def decision(context: Context, request: Resource, action: str) -> Mapping[str, Any]:
    """What is known for the decision on a request. NotNow where it is no longer the seller's to decide."""
    for timer in context.store.timers(request.run, request.kind, request.id):
        if timer.action == action:
            return timer.data
    which = (request.body.get(KIND) or {}).get("id")
    charge = f"charge {which}" if which else "its charge"
    raise NotNow(f"it waits for the buyer's answer to {charge}: move that, and this follows")


class Charges:
    """Raises charges and takes the answers. `settled` has for each cause what then happens."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._desk = context.desk
        self.settled: dict[str, Settled] = {}

    def api(self) -> Api:
        """Operations, timer actions, and what a hand may do."""
        moved = {KIND: Course(move=self.move)}
        return Api("productOrder", {"patchCharge": self.patch}, {TIMEOUT: self.timeout}, moved)

    def open(
        self,
        run: str,
        about: Mapping[str, Any],
        category: str,
        base_url: str,
        at: datetime,
    ) -> dict[str, str]:
        """Raise a charge with one blocking item; `about` has the references of R88 to R91. Returns its reference."""
        due = at + timedelta(seconds=self._context.profile.intervals.of(CHARGE_TIMES).response)
        value, reason = _FEES[category]
        identifier = self._context.new_id(KIND)
        reference = {"id": identifier}
        if base_url:
            reference["href"] = f"{base_url.rstrip('/')}/{PATH}/{identifier}"
        item = {
            "id": "charge-001",
            "activityType": "new",
            "priceType": "nonRecurring",
            "priceCategory": category,
            "blocking": True,
            "price": price_json(value),
            "note": [seller_note(self._context, f"{identifier}-1", reason, at)],
        }
        body = {
            **reference,
            "creationDate": rfc3339(at),
            "responseDueDate": rfc3339(due),
            "chargeItem": [item],
            **about,
        }
        charge = self._desk.open(run, KIND, body, state="awaitingResponse")
        self._desk.move_item(charge, item, "awaitingResponse", by="seller", lifecycle="chargeItem", at=at)
        self._context.store.plan(Timer(run, KIND, identifier, due, TIMEOUT))
        return reference

    def patch(self, call: Call) -> Reply:
        """The buyer answers every item at once (R94, R95)."""
        identifier = call.path["id"]
        charge = self._context.store.get(call.run, KIND, identifier)
        if charge is None:
            raise not_found("charge", identifier)
        if charge.body["state"] != "awaitingResponse":
            reason = f"The charge is {charge.body['state']} and cannot be answered any more"
            raise conflict(reason)
        at = self._desk.now()
        answers = _answers(charge.body, call.body["chargeItem"])
        for item in charge.body["chargeItem"]:
            answer = answers[item["id"]]
            item["acceptanceIndicator"] = answer["acceptanceIndicator"]
            _append_notes(item, answer)
            to = "acceptedByBuyer" if answer["acceptanceIndicator"] == "accepted" else "declinedByBuyer"
            self._desk.move_item(charge, item, to, by="buyer", lifecycle="chargeItem", at=at)
        self._desk.move(charge, "completed", by="buyer", at=at)
        self._context.store.cancel(call.run, KIND, identifier)
        self._tell(charge, at)
        return Reply(200, charge.body)

    def timeout(self, charge: Resource, _: Mapping[str, Any], at: datetime) -> None:
        """Nobody answered in time: all items count as declined (R96)."""
        if charge.body["state"] != "awaitingResponse":
            return
        for item in charge.body["chargeItem"]:
            self._desk.move_item(charge, item, "declinedByBuyer", by="time", lifecycle="chargeItem", at=at)
        self._desk.move(charge, "timeout", by="time", at=at)
        self._tell(charge, at)

    def move(self, charge: Resource, to: str, at: datetime) -> None:
        """A hand settles a charge: accepted as the buyer may, or withdrawn.

        MEF123 leaves open: what a withdrawn charge means for the work. Nothing is to be paid, so it goes on.
        """
        for item in charge.body["chargeItem"]:
            if to == "completed":
                item["acceptanceIndicator"] = "accepted"
            state = "acceptedByBuyer" if to == "completed" else to
            self._desk.move_item(charge, item, state, by="buyer", lifecycle="chargeItem", at=at)
        self._desk.move(charge, to, by="buyer", at=at)
        self._tell(charge, at)
        self._context.store.cancel(charge.run, KIND, charge.id)

    def _tell(self, charge: Resource, at: datetime) -> None:
        declined = any(item["blocking"] and item["state"] == "declinedByBuyer" for item in charge.body["chargeItem"])
        for cause in ("cancelProductOrder", "modifyProductOrderItemRequestedDeliveryDate", "productOrderItem"):
            if cause in charge.body:
                self.settled[cause](charge, not declined, at)
                return


def _answers(charge: Mapping[str, Any], given: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The answer to each item. PATCH has no 422: an incomplete answer is a 400."""
    answers = {answer["id"]: answer for answer in given}
    asked = {item["id"] for item in charge["chargeItem"]}
    if len(answers) != len(given):
        reason = "An item is answered twice"
        raise bad_request("invalidBody", reason)
    if unknown := sorted(answers.keys() - asked):
        reason = f"The charge has no item {', '.join(unknown)}"
        raise bad_request("invalidBody", reason)
    if left := sorted(asked - answers.keys()):
        reason = f"Every item must be answered at once, these are not: {', '.join(left)}"
        raise bad_request("invalidBody", reason, "MEF123 R94, R95")
    return answers


def _append_notes(item: dict[str, Any], answer: Mapping[str, Any]) -> None:
    if "note" not in answer:
        return
    for problem in note_problems(item.get("note") or [], answer["note"]):
        raise bad_request("invalidBody", problem, "MEF123 O16")
    item["note"] = answer["note"]


def note_problems(kept: list[dict[str, Any]], given: list[dict[str, Any]]) -> Iterator[str]:
    """Why a list of notes cannot take the place of another: notes stay as they are, the buyer adds its own.

    MEF123 R57 says `source=note`, which the enum does not have; `buyer` is meant.
    """
    left = Counter(_text(note) for note in kept)  # an order may have come with two notes of one id
    new: list[dict[str, Any]] = []
    behind = False
    for note in given:
        if left[_text(note)]:
            left[_text(note)] -= 1
            behind = behind or bool(new)
        else:
            new.append(note)
    if behind:
        yield "A new note stands before one that was there already"
    for note in kept:
        if left[_text(note)]:
            yield f"The note {note['id']!r} cannot be changed or left out"
    ids = [note["id"] for note in (*kept, *new)]
    if len(set(ids)) < len({note["id"] for note in kept}) + len(new):
        yield "Two notes have the same id"
    for note in new:
        if note["source"] != "buyer":
            yield f"The note {note['id']!r} must have the source buyer"


def _text(note: Mapping[str, Any]) -> str:
    return json.dumps(note, sort_keys=True)


def seller_note(context: Context, identifier: str, text: str, at: datetime) -> dict[str, Any]:
    """A note of the seller's (R20)."""
    author = context.profile.seller.name
    return {"id": identifier, "author": author, "date": rfc3339(at), "source": "seller", "text": text}


def price_json(value: float, currency: str = "USD", tax_rate: float = 0.0) -> dict[str, Any]:
    """A Price; the amount with tax is given where there is a tax."""
    price: dict[str, Any] = {"dutyFreeAmount": {"unit": currency, "value": value}}
    if tax_rate:
        price["taxRate"] = tax_rate
        price["taxIncludedAmount"] = {"unit": currency, "value": round(value * (1 + tax_rate / 100), 2)}
    return price
