"""Whatever a right buyer does at a right seller, at whatever moments: the judge finds nothing."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from emulator.parties.clock import rfc3339
from emulator.record.payload import at
from tests.parties.ordering import TERM, UNI_CONFIGURATION, add_ael, add_uni, contact, delete, modify_ael, order
from tests.properties.trader import ENNI, UNI, Trader

POQ = "productOfferingQualification"
MODIFY = "ModifyProductOrderItemRequestedDeliveryDate"


def item(identifier: str, *, quote: bool) -> dict[str, Any]:
    """An item that adds a UNI, right for a POQ and for a quote."""
    roles = ("quoteItemTechnicalContact", "quoteItemLocationContact") if quote else ()
    term = {"requestedQuoteItemTerm": TERM} if quote else {}
    return {
        "id": identifier,
        "action": "add",
        "product": {
            "productOffering": {"id": "uni-1g"},
            "productConfiguration": UNI_CONFIGURATION,
            "place": [{"@type": "GeographicSiteRef", "id": "site-1", "role": "INSTALL_LOCATION"}],
        },
        "relatedContactInformation": [contact(role) for role in roles],
        **term,
    }


def related(item: dict[str, Any], *relations: dict[str, str]) -> dict[str, Any]:
    """The item with its product connected to these."""
    return {**item, "product": {**item["product"], "productRelationship": list(relations)}}


class LegalLives(RuleBasedStateMachine):
    """Calls in any order, at any moment, each of them right when it is made."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.made: dict[str, list[str]] = {}
        self.ended = False

    @initialize(
        poq=st.sampled_from(["ready", "alternate", "unableToProvide", "terminatedWithError"]),
        quote=st.sampled_from(["orderable", "orderableAlternate", "unableToProvide", "rejected"]),
        outcome=st.sampled_from(["completed", "failed", "partial", "rejected"]),
        task=st.sampled_from(["accepted", "rejected"]),
        charge=st.sampled_from(["none", "blocking"]),
    )
    def open(self, poq: str, quote: str, outcome: str, task: str, charge: str) -> None:
        behaviour = {
            POQ: {"outcome": poq, "deadline": "ignore"},
            "quote": {"outcome": quote, "deadline": "ignore"},
            "productOrder": {"outcome": outcome},
            "cancelProductOrder": {"outcome": task, "charge": charge},
            "modifyProductOrderItemRequestedDeliveryDate": {"outcome": task, "charge": charge},
        }
        self.trader = Trader(Path(self.folder.name), **behaviour)

    def keep(self, kind: str, reply: Any) -> None:
        if reply.status == 201:
            self.made.setdefault(kind, []).append(reply.body["id"])

    def one(self, kind: str, pick: int) -> str | None:
        known = self.made.get(kind, [])
        return known[pick % len(known)] if known else None

    @rule(seconds=st.sampled_from([0.5, 1, 2, 5, 10, 60, 100, 2000, 100_000]))
    def wait(self, seconds: float) -> None:
        self.trader.wait(seconds)

    @rule(instant=st.booleans(), alternatives=st.booleans(), count=st.integers(1, 2))
    def qualify(self, instant: bool, alternatives: bool, count: int) -> None:
        body = {
            "instantSyncQualification": instant,
            "provideAlternative": alternatives,
            "externalId": f"buyer-{count}",
            "relatedContactInformation": [contact("buyerContactInformation")],
            f"{POQ}Item": [item(f"i{n}", quote=False) for n in range(count)],
        }
        if not instant:
            body["requestedPOQCompletionDate"] = self.later(400)
        self.keep(POQ, self.trader.ask("createProductOfferingQualification", body, api=POQ))

    @rule(instant=st.booleans(), level=st.sampled_from(["firm", "budgetary"]), count=st.integers(1, 2))
    def quote(self, instant: bool, level: str, count: int) -> None:
        body = {
            "instantSyncQuote": instant,
            "buyerRequestedQuoteLevel": level,
            "externalId": f"buyer-{count}",
            "relatedContactInformation": [contact("buyerContactInformation")],
            "quoteItem": [item(f"i{n}", quote=True) for n in range(count)],
        }
        if not instant:
            body["requestedQuoteCompletionDate"] = self.later(400)
        self.keep("quote", self.trader.ask("createQuote", body, api="quote"))

    @rule(
        items=st.sampled_from(["uni", "both", "modify", "delete"]),
        linked=st.booleans(),
        expedite=st.booleans(),
        pick=st.integers(0, 5),
    )
    def order(self, items: str, linked: bool, expedite: bool, pick: int) -> None:
        chosen = {
            "uni": [add_uni()],
            "both": [add_uni(), related(add_ael(), ENNI)],
            "modify": [related(modify_ael(), UNI, ENNI)],
            "delete": [delete()],
        }[items]
        if items in {"modify", "delete"}:
            if self.ended:
                return  # the inventory may have shown by now that the product goes: nobody asks for more of it
            self.ended = items == "delete"
        for each in chosen:
            if "requestedCompletionDate" in each:
                each["requestedCompletionDate"] = self.later(300)
            if expedite and each["action"] == "add":
                each["expediteIndicator"] = True
        self.keep("order", self.trader.ask("createProductOrder", order(*chosen, externalId="buyer-order")))

    @rule(kind=st.sampled_from([POQ, "quote", "order", "cancel", "modify", "charge"]), pick=st.integers(0, 5))
    def read(self, kind: str, pick: int) -> None:
        operation, api = {
            POQ: ("retrieveProductOfferingQualification", POQ),
            "quote": ("retrieveQuote", "quote"),
            "order": ("retrieveProductOrder", "productOrder"),
            "cancel": ("retrieveCancelProductOrder", "productOrder"),
            "modify": (f"retrieve{MODIFY}", "productOrder"),
            "charge": ("retrieveCharge", "productOrder"),
        }[kind]
        identifier = self.one(kind, pick)
        if identifier:
            self.trader.ask(operation, id=identifier, api=api)

    @rule(
        operation=st.sampled_from([
            ("listQuote", "quote"), ("listProductOfferingQualification", POQ), ("listProductOrder", "productOrder"),
            ("listCharge", "productOrder"), ("listCancelProductOrder", "productOrder"), (f"list{MODIFY}", "productOrder"),
            ("listProduct", "productInventory"),
        ]),
        limit=st.sampled_from([None, "1", "2"]),
        offset=st.sampled_from([None, "0", "1"]),
        filters=st.sampled_from([{}, {"externalId": "buyer-1"}, {"state": "inProgress"}, {"state": "acknowledged"}]),
    )  # fmt: skip
    def list(self, operation: tuple[str, str], limit: str | None, offset: str | None, filters: dict[str, str]) -> None:
        name, api = operation
        known = {parameter.name for parameter in self.trader.release.contract(api).operation(name).query}
        tasks = name in ("listCancelProductOrder", f"list{MODIFY}")  # their enum has no plain inProgress
        query = {key: value for key, value in filters.items() if key in known and not (tasks and value == "inProgress")}
        query |= {key: value for key, value in (("limit", limit), ("offset", offset)) if value}
        self.trader.ask(name, api=api, **query)

    @rule(pick=st.integers(0, 5))
    def read_product(self, pick: int) -> None:
        reply = self.trader.ask("listProduct", api="productInventory")
        self.trader.ask("retrieveProduct", id=reply.body[pick % len(reply.body)]["id"], api="productInventory")

    @rule(pick=st.integers(0, 5), name=st.sampled_from(["cancelQuote", "rejectQuote"]))
    def end_quote(self, pick: int, name: str) -> None:
        """What is still in progress is cancelled, what was offered is declined."""
        identifier = self.one("quote", pick)
        if identifier is None:
            return
        state = self.trader.ask("retrieveQuote", id=identifier, api="quote").body["state"]
        if state.startswith("inProgress" if name == "cancelQuote" else "approved"):
            body = (
                {"quoteId": identifier, "reason": "no longer wanted"}
                if name == "cancelQuote"
                else {"quoteId": identifier}
            )
            self.trader.ask(name, body, api="quote")

    @rule(pick=st.integers(0, 5))
    def cancel_order(self, pick: int) -> None:
        identifier = self.in_progress(pick)
        if identifier:
            body = {
                "productOrder": {"productOrderId": identifier},
                "cancellationReason": "no longer wanted",
                "relatedContactInformation": [contact("cancelProductOrderContact")],
            }
            self.keep("cancel", self.trader.ask("createCancelProductOrder", body))

    @rule(pick=st.integers(0, 5), days=st.integers(40, 300))
    def change_date(self, pick: int, days: int) -> None:
        identifier = self.in_progress(pick)
        shown = self.trader.order(identifier) if identifier else {}
        first = at(shown, "/productOrderItem/0")
        if identifier and first["state"] == "inProgress" and first["action"] == "add":
            body = {
                "productOrderItem": {"productOrderId": identifier, "productOrderItemId": first["id"]},
                "requestedCompletionDate": self.later(days),
            }
            self.keep("modify", self.trader.ask(f"create{MODIFY}", body))

    @rule(pick=st.integers(0, 5), accepted=st.booleans())
    @precondition(lambda self: self.made.get("cancel") or self.made.get("modify"))
    def answer_charge(self, pick: int, accepted: bool) -> None:
        self.made["charge"] = [each["id"] for each in self.trader.ask("listCharge").body]
        identifier = self.one("charge", pick)
        if identifier is None:
            return
        shown = self.trader.ask("retrieveCharge", id=identifier).body
        if shown["state"] == "awaitingResponse":
            items = [
                {"id": each["id"], "acceptanceIndicator": "accepted" if accepted else "rejected"}
                for each in shown["chargeItem"]
            ]
            self.trader.ask("patchCharge", {"chargeItem": items}, id=identifier)

    @rule(pick=st.integers(0, 5), name=st.text("abc", min_size=1, max_size=4))
    def patch_order(self, pick: int, name: str) -> None:
        identifier = self.one("order", pick)
        if identifier and self.trader.order(identifier)["state"] in ("acknowledged", "inProgress"):
            self.trader.ask("patchProductOrder", {"projectId": name}, id=identifier)

    @rule(operation=st.sampled_from([("retrieveQuote", "quote"), ("retrieveProductOrder", "productOrder")]))
    def read_nothing(self, operation: tuple[str, str]) -> None:
        self.trader.ask(operation[0], id="no-such-thing", api=operation[1])

    def in_progress(self, pick: int) -> str | None:
        """An order that the seller works on, after some patience."""
        identifier = self.one("order", pick)
        if identifier is None:
            return None
        if self.trader.order(identifier)["state"] == "acknowledged":
            self.trader.wait(10)
        return identifier if self.trader.order(identifier)["state"] == "inProgress" else None

    def later(self, days: int) -> str:
        return rfc3339(self.trader.clock.now() + timedelta(days=days))

    def teardown(self) -> None:
        self.folder.cleanup()
        if hasattr(self, "trader"):
            wrong = [f for f in self.trader.judged().findings if f.verdict != "not_seen"]
            assert wrong == [], "\n".join(f"{f.rule} #{f.exchange} {f.pointer}: {f.message}" for f in wrong)


OFTEN = settings(stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))


def test_nobody_is_blamed_in_a_legal_life() -> None:
    run_state_machine_as_test(LegalLives, settings=settings(OFTEN, max_examples=12))


@pytest.mark.slow
def test_nobody_is_blamed_in_many_legal_lives() -> None:
    run_state_machine_as_test(LegalLives, settings=settings(OFTEN, max_examples=60))
