"""Kinds of resource, operations and events as facts: what shapes say, what sheets add, and what is wrong in a sheet."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest

from emulator.errors import FileProblem
from emulator.judge.judge import judge
from emulator.judge.ledger import read_ledger
from emulator.plain_yaml import load_yaml
from emulator.record.exchange import Party
from emulator.standard.kinds.checks import Around
from emulator.standard.kinds.facts import Event, Kind, Kinds
from emulator.standard.kinds.infer import Documents, Inferred, infer
from emulator.standard.kinds.join import join
from emulator.standard.kinds.load import load_kinds
from emulator.standard.kinds.sheet import Sheet, read_sheet
from emulator.standard.release import Release, load_release
from emulator.standard.source import read_source
from tests.judge.exchanges import MOMENT, exchange, transcript
from tests.samples.official import shared_folder
from tests.standard.parcels import copied_specs, release_with_parcels

RELEASE = load_release()
SHEETS = sorted(api for api in RELEASE.apis if RELEASE.path(api, "resources").is_file())
GOLDEN = Path(__file__).with_name("kinds-grace.json")
OFFICIAL = Path(__file__).with_name("sheets")
RECORD = shared_folder() / "standard" / "kinds.json"
ROOTS = {
    "grace": "grace/productApi",
    "dolly": "dolly/productApi",
    "kylie": "kylie",
    "interlude-grace": "interlude/grace/serviceApi",
}
_FOLDER = shared_folder() / "sdk"

needs_record = pytest.mark.skipif(not RECORD.is_file(), reason=f"no official record at {RECORD} (set OIT_SHARED)")
needs_sdk = pytest.mark.skipif(not _FOLDER.is_dir(), reason=f"no official SDK at {_FOLDER} (set OIT_SHARED)")


# -- of the release that we ship -------------------------------------------------------------------------


def test_the_facts_of_the_release_are_those_that_were_read() -> None:
    found = orjson.loads(orjson.dumps(RELEASE.kinds.apis))
    if os.environ.get("OIT_GOLDEN") == "write":
        GOLDEN.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    assert found == json.loads(GOLDEN.read_text(encoding="utf-8")), (
        "facts have changed; if that is meant, write them anew with OIT_GOLDEN=write and read the difference"
    )


KNOWN = {  # create, retrieve, patch, list; the state; the items
    "geographicAddress": (None, "retrieveGeographicAddress", None, None, None, None),
    "geographicSite": (None, "retrieveGeographicSite", None, "listGeographicSite", None, None),
    "productOfferingQualification": (
        "createProductOfferingQualification", "retrieveProductOfferingQualification", None,
        "listProductOfferingQualification", "/state", "/productOfferingQualificationItem",
    ),
    "quote": ("createQuote", "retrieveQuote", None, "listQuote", "/state", "/quoteItem"),
    "productOrder": (
        "createProductOrder", "retrieveProductOrder", "patchProductOrder", "listProductOrder", "/state",
        "/productOrderItem",
    ),
    "cancelProductOrder": (
        "createCancelProductOrder", "retrieveCancelProductOrder", None, "listCancelProductOrder", "/state", None,
    ),
    "modifyProductOrderItemRequestedDeliveryDate": (
        "createModifyProductOrderItemRequestedDeliveryDate", "retrieveModifyProductOrderItemRequestedDeliveryDate",
        None, "listModifyProductOrderItemRequestedDeliveryDate", "/state", None,
    ),
    "charge": (None, "retrieveCharge", "patchCharge", "listCharge", "/state", "/chargeItem"),
    "product": (None, "retrieveProduct", None, "listProduct", "/status", None),
    "troubleTicket": (
        "createTroubleTicket", "retrieveTroubleTicket", "patchTroubleTicket", "listTroubleTicket", "/status", None,
    ),
    "incident": (None, "retrieveIncident", None, "listIncident", "/status", None),
    "appointment": (
        "createAppointment", "retrieveAppointment", "patchAppointment", "listAppointment", "/status", None,
    ),
    "workorder": (None, "retrieveWorkOrder", None, "listWorkOrder", "/state", None),
    "category": (None, "retrieveCategory", None, "listCategory", None, None),
    "productOffering": (None, "retrieveProductOffering", None, "listProductOffering", "/lifecycleStatus", None),
    "productSpecification": (
        None, "retrieveProductSpecification", None, "listProductSpecification", "/lifecycleStatus", None,
    ),
    "customerBill": (None, "retrieveCustomerBill", None, "listCustomerBill", "/state", None),
    "customerBillItem": (None, "retrieveCustomerBillItem", None, None, "/state", None),
}  # fmt: skip
TOLD = {
    "poqCreateEvent": ("productOfferingQualification", "create", None),
    "poqStateChangeEvent": ("productOfferingQualification", "state", None),
    "listenToPoqItemStateChangeEvent": ("productOfferingQualification", "state", "poqItemId"),
    "listenToQuoteStateChangeEvent": ("quote", "state", None),
    "listenToQuoteItemStateChangeEvent": ("quote", "state", "quoteItemId"),
    "productOrderStateChangeEvent": ("productOrder", "state", None),
    "productOrderItemStateChangeEvent": ("productOrder", "state", "orderItemId"),
    "productOrderItemExpectedCompletionDateSet": ("productOrder", "set", "orderItemId"),
    "productSpecificProductOrderItemMilestoneEvent": ("productOrder", "set", "orderItemId"),
    "cancelProductOrderStateChangeEvent": ("cancelProductOrder", "state", None),
    "chargeCreateEvent": ("charge", "create", None),
    "chargeStateChangeEvent": ("charge", "state", None),
    "chargeTimeoutEvent": ("charge", "reached", None),
    "modifyProductOrderItemRequestedDeliveryDateStateChangeEvent": (
        "modifyProductOrderItemRequestedDeliveryDate", "state", None,
    ),
    "listenToTroubleTicketAttributeValueChangeEvent": ("troubleTicket", "attribute", None),
    "listenToTroubleTicketStatusChangeEvent": ("troubleTicket", "state", None),
    "listenToTroubleTicketResolvedEvent": ("troubleTicket", "reached", None),
    "listenToTroubleTicketInformationRequiredEvent": ("troubleTicket", "reached", None),
    "listenToIncidentCreateEvent": ("incident", "create", None),
    "listenToIncidentAttributeValueChangeEvent": ("incident", "attribute", None),
    "listenToIncidentStatusChangeEvent": ("incident", "state", None),
    "listenToAppointmentAttributeValueChangeEvent": ("appointment", "attribute", None),
    "listenToAppointmentStatusChangeEvent": ("appointment", "state", None),
    "listenToWorkOrderCreateEvent": ("workorder", "create", None),
    "listenToWorkOrderStateChangeEvent": ("workorder", "state", None),
    "listenToWorkOrderAppointmentRequiredEvent": ("workorder", "set", None),
    "listenToCategoryCreateEvent": ("category", "create", None),
    "listenToCategoryAttributeValueChangeEvent": ("category", "attribute", None),
    "listenToCategoryStatusChangeEvent": ("category", "state", None),
    "listenToProductOfferingCreateEvent": ("productOffering", "create", None),
    "listenToProductOfferingAttributeValueChangeEvent": ("productOffering", "attribute", None),
    "listenToProductOfferingStatusChangeEvent": ("productOffering", "state", None),
    "listenToProductSpecificationCreateEvent": ("productSpecification", "create", None),
    "listenToProductSpecificationAttributeValueChangeEvent": ("productSpecification", "attribute", None),
    "listenToProductSpecificationStatusChangeEvent": ("productSpecification", "state", None),
    "listen to Customer Bill Create Event": ("customerBill", "create", None),
    "listen to customer Bill State Change Event": ("customerBill", "state", None),
}  # fmt: skip


def test_the_kinds_are_those_that_were_once_written_by_hand() -> None:
    found = {
        kind.name: (
            kind.one("create"), kind.one("retrieve"), kind.one("patch"), kind.one("list"),
            kind.state and kind.state.at, kind.items and kind.items.at,
        )
        for kind in RELEASE.kinds
    }  # fmt: skip
    assert found == KNOWN
    assert {kind.name for kind in RELEASE.kinds if kind.history} == {
        "productOfferingQualification", "quote", "productOrder", "product", "troubleTicket", "incident",
    }  # fmt: skip
    assert {kind.name for kind in RELEASE.kinds if kind.items and kind.items.history} == {
        "productOfferingQualification", "productOrder",
    }  # fmt: skip


def test_the_events_are_those_that_were_once_written_by_hand() -> None:
    found = {
        event.operation: (event.kind, event.cls, event.item_id or None)
        for facts in RELEASE.kinds.apis.values()
        for event in facts.events.values()
    }
    assert found == TOLD
    timeout = RELEASE.kinds.event("productOrder", "chargeTimeoutEvent")
    assert timeout
    assert (timeout.state, timeout.optional, timeout.instead) == ("timeout", True, ("chargeStateChangeEvent",))
    date = RELEASE.kinds.event("productOrder", "productOrderItemExpectedCompletionDateSet")
    assert date
    assert RELEASE.kinds.plain_type(date.said["also"]) == date.type


def test_every_state_of_a_kind_has_a_lifecycle_and_every_lifecycle_a_kind() -> None:
    named = {
        name
        for kind in RELEASE.kinds
        for cycle in (kind.cycle, kind.items.cycle if kind.items else None)
        for name in (cycle.names.values() if cycle else ())
    }
    assert named == set(load_release().lifecycles)
    assert all(kind.cycle for kind in RELEASE.kinds if kind.state)


def test_a_cycle_is_chosen_by_the_body() -> None:
    cycle = RELEASE.kinds.kind("quote").cycle
    assert cycle
    assert cycle.of({"buyerRequestedQuoteLevel": "budgetary"}) == "quote.budgetary"
    assert [cycle.of(body) for body in ({}, {"buyerRequestedQuoteLevel": "free"}, {"buyerRequestedQuoteLevel": []}, 3)] == [
        None, None, None, None,
    ]  # fmt: skip
    order = RELEASE.kinds.kind("productOrder").cycle
    assert order
    assert order.of(None) == "productOrder"


def test_kinds_are_found_by_their_names() -> None:
    kinds = RELEASE.kinds
    assert kinds.find("QUOTE") is kinds.kind("quote")
    assert kinds.find("productOrderCharge") is kinds.kind("charge")
    assert kinds.find("workOrder") is kinds.kind("workorder")
    assert kinds.find("customerInvoice") is None
    shown = kinds.shown_by("productOrder", "patchCharge")
    assert shown
    assert (shown[0].name, shown[1]) == ("charge", "patch")
    assert kinds.shown_by("productOrder", "registerListener") is None
    assert kinds.event("quote", "poqCreateEvent") is None


def test_what_is_kept_is_what_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    specs = copied_specs(tmp_path)
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    made = load_kinds(Release("grace", specs)).apis
    kept = list((specs / "releases").rglob("*.kinds.json"))
    assert len(kept) == 1
    with monkeypatch.context() as patch:
        patch.setattr("emulator.standard.kinds.make.infer", _never)
        assert load_kinds(Release("grace", specs)).apis == made
        sheet = specs / "sonata" / "quote" / "resources.yaml"
        sheet.write_text(sheet.read_text(encoding="utf-8") + "# more\n", encoding="utf-8")
        with pytest.raises(AssertionError):
            load_kinds(Release("grace", specs))
    sheet.write_text("kinds: {quote: {acts: {rejectQuote: {to: rejected}}}}\n", encoding="utf-8")
    with pytest.raises(FileProblem) as error:
        load_kinds(Release("grace", specs))
    assert f"{sheet}:1:24: no lifecycle lets the buyer bring a quote to rejected: say where rejectQuote leads" in str(
        error.value
    )


def _never(*_: Any) -> Any:
    raise AssertionError("made anew")


# -- what a sheet can get wrong --------------------------------------------------------------------------


@cache
def _inferred() -> dict[str, Inferred]:
    return infer({api: Documents(RELEASE.document(api), _notification(api)) for api in RELEASE.apis})


def _notification(api: str) -> dict[str, Any] | None:
    kinds = {entry.kind for entry in RELEASE.entries if entry.api == api}
    return RELEASE.document(api, "notification") if "notification" in kinds else None


def _around(inferred: dict[str, Inferred]) -> Around:
    return Around(
        load_release().lifecycles,
        frozenset(each.id for each in RELEASE.errata),
        frozenset(RELEASE.interpretations),
        {name: source for each in inferred.values() for name, source in each.sources.items()},
    )


def _joined(api: str, sheet: Sheet) -> tuple[Kinds, list[str]]:
    problems: list[str] = []
    facts = join(_inferred()[api], sheet, _around(_inferred()), problems)
    return facts, problems


def test_without_its_sheet_an_api_says_what_is_open() -> None:
    problems = {api: _joined(api, Sheet("resources.yaml"))[1] for api in RELEASE.apis}
    assert {api for api, each in problems.items() if each} == set(SHEETS) - {"appointment"}  # its shape is whole
    told = "\n".join(problems["quote"])
    assert "kinds/quote/lifecycle is open: quote.firm, quote.budgetary have its states" in told
    assert "kinds/quote/acts/rejectQuote" not in told  # rejected is a state, and the buyer cannot bring it about
    assert "no lifecycle lets the buyer bring a quote to rejected: say where rejectQuote leads" in told
    assert "listQuote.stricter: the list requires state, the resource does not: no erratum" in told


def _entries(value: Any, at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every entry of a sheet that says something: each key but clauses."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in {"clause", "because"}:
                yield (*at, key)
                yield from _entries(inner, (*at, key))


@pytest.mark.parametrize("api", SHEETS)
def test_every_entry_of_a_sheet_changes_something(api: str, tmp_path: Path) -> None:
    raw = load_yaml(RELEASE.path(api, "resources"))
    whole, problems = _joined(api, read_sheet(RELEASE.path(api, "resources")))
    assert problems == []
    for entry in _entries(raw):
        less = json.loads(json.dumps(raw))
        holder = less
        for key in entry[:-1]:
            holder = holder[key]
        del holder[entry[-1]]
        path = tmp_path / "resources.yaml"
        path.write_text(json.dumps(less), encoding="utf-8")
        try:
            facts, problems = _joined(api, read_sheet(path))
        except FileProblem:
            continue
        assert problems or facts != whole, f"{'/'.join(entry)} changes nothing"


WRONG = [
    ("kinds: {quotes: {}}", "1:9: there is no kind of this API 'quotes'"),
    ("kinds: {quote: {made_by: buyer}}", "1:17: kinds/quote/made_by repeats what the contract says by itself"),
    ("kinds: {quote: {made_by: broker}}", "1:26: 'broker' is not one of buyer, seller, both"),
    ("kinds: {quote: {akts: {}}}", "1:17: unknown key 'akts'; did you mean 'acts'?"),
    ("kinds: {quote: {acts: {cancelQuote: {to: cancelled}}}}", "1:38: kinds/quote/acts/cancelQuote/to repeats"),
    ("kinds: {quote: {acts: {rejectQuote: {to: gone}}}}", "1:24: gone is no state of a quote"),
    ("kinds: {quote: {acts: {closeQuote: {to: declined}}}}", "1:24: there is no act on a quote 'closeQuote'"),
    ("kinds: {quote: {moved: {gone: {at: /validFor/endDateTime}}}}", "1:25: gone is no state of a quote"),
    ("kinds: {quote: {moved: {expired: {at: /validUntil}}}}", "1:35: /validUntil leads to no member of a quote"),
    ("kinds: {quote: {moved: {accepted: {by: porder}}}}", "1:36: porder is neither a kind nor an operation"),
    ("kinds: {quote: {lifecycle: {name: charge}}}", "1:29: there is no lifecycle 'charge' with the states of MEFQuote"),
    ("kinds: {quote: {filters: {state: {to: /state}}}}", "1:27: kinds/quote/filters/state repeats"),
    ("kinds: {quote: {filters: {name: {to: /nothing}}}}", "1:34: /nothing leads to no member of a quote"),
    ("kinds: {quote: {list: {more: {state: /state}}}}", "1:31: kinds/quote/list/more/state repeats"),
    ("kinds: {quote: {references: {/quoteItem/*/product: {of: product}}}}", "1:30: kinds/quote/references//quoteItem"),
    ("kinds: {quote: {references: {/note: {of: notes}}}}", "1:38: there is no kind notes"),
    ("kinds: {quote: {task: {holds: accepted}}}", "1:17: a quote is no task on another kind"),
    ("kinds: {quote: {fill: {/quoteLevel: /level}}}", "1:24: /level leads to no member of a quote"),
    ("kinds: {quote: {holds: {productOrder: gone}}}", "1:25: gone is no state of productOrder"),
    ("kinds: {quote: {open: many}}", "1:23: a whole number is needed here"),
    ("events: {quoteEvent: {may: true}}", "1:10: there is no event of this API 'quoteEvent'"),
    ("events: {listenToQuoteStateChangeEvent: {clause: R1}}", "1:10: this entry says nothing of the event"),
    ("events: {listenToQuoteStateChangeEvent: {state: gone}}", "1:42: gone is no state of a quote"),
    (
        "events: {listenToQuoteStateChangeEvent: {kind: quote}}",
        "1:42: events/listenToQuoteStateChangeEvent/kind repeats",
    ),
    ("events: {listenToQuoteStateChangeEvent: {instead: [x]}}", "1:42: there is no event type x in this API"),
    ("events: {listenToQuoteStateChangeEvent: {tells: {x: /state}}}", "1:50: its payload has no member x"),
    ("slips: {listQuote.format: {because: so}}", "1:9: there is no contradiction in the contract 'listQuote.format'"),
    ("slips: {listQuote.stricter: {erratum: E-1}}", "1:30: the release has no erratum E-1"),
    ("slips: {listQuote.stricter: {reading: nothing}}", "1:30: the register has no entry nothing"),
    ("slips: {listQuote.stricter: {}}", "1:9: erratum, reading or because is needed"),
    ("kinds: [quote]", "1:8: a map is needed here"),
    ("kinds: {quote: {made_by: both}, quote: {}}", "1:33: not readable as YAML"),
]


@pytest.mark.parametrize(("text", "told"), WRONG, ids=[text[:50] for text, _ in WRONG])
def test_what_is_wrong_in_a_sheet_is_told_with_its_place(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "resources.yaml"
    path.write_text(text + "\n", encoding="utf-8")
    try:
        problems = _joined("quote", read_sheet(path))[1]
    except FileProblem as error:
        problems = error.problems
    assert any(problem.startswith(f"{path}:{told}") for problem in problems), problems


# -- of the official documents ---------------------------------------------------------------------------


def _recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))["releases"]
    return found


@cache
def _official(release: str) -> dict[str, Inferred]:
    root = _FOLDER / ROOTS[release]
    documents = {}
    for api, row in _recorded()[release].items():
        files = {kind: next(root.rglob(name)) for kind, name in row["documents"].items()}
        if "all-in-one" not in str(files) and "streaming" in api:
            continue  # the same document in parts, of which some are on the network
        notification = files.get("notification")
        documents[api] = Documents(
            read_source(files["management"]), read_source(notification) if notification else None
        )
    return infer(documents)


@pytest.fixture(scope="module", params=list(ROOTS))
def official(request: pytest.FixtureRequest) -> tuple[str, dict[str, Inferred], dict[str, Any]]:
    return request.param, _official(request.param), _recorded()[request.param]


@needs_record
@needs_sdk
def test_operations_of_the_official_documents(official: Any) -> None:
    _, found, record = official
    for api, inferred in found.items():
        ours = {
            each.id: (each.view, each.kind, each.by, each.optional, list(each.success), each.listed)
            for each in inferred.facts.operations.values()
        }
        theirs = {
            row["id"]: (row["view"], row["kind"], row["by"], row["optional"], row["ok"], row.get("listed", ""))
            for row in record[api]["operations"]
        }
        assert ours == theirs


@needs_record
@needs_sdk
def test_filters_of_the_official_documents(official: Any) -> None:
    _, found, record = official
    for api, inferred in found.items():
        for row in record[api]["operations"]:
            ours = {name: (each.op, list(each.to), each.by)
                    for name, each in inferred.facts.operations[row["id"]].filters.items()}  # fmt: skip
            theirs = {name: (each["op"], [to.partition("  where")[0] for to in each["to"]], each["by"])
                      for name, each in row.get("filters", {}).items() if each["to"]}  # fmt: skip
            assert ours == theirs, row["id"]
            unexplained = {name for name, each in row.get("filters", {}).items() if not each["to"]}
            assert unexplained <= {each.key[3] for each in inferred.open if each.key[2:3] == ("filters",)}


@needs_record
@needs_sdk
def test_kinds_of_the_official_documents(official: Any) -> None:
    _, found, record = official
    for api, inferred in found.items():
        assert {name: _of_ours(kind) for name, kind in inferred.facts.kinds.items()} == {
            name: _of_record(row) for name, row in record[api]["kinds"].items()
        }


def _of_ours(kind: Kind) -> list[Any]:
    state, items, task = kind.state, kind.items, kind.task
    return [
        state and (state.member, state.schema, sorted(state.values), state.required),
        [(each.member, each.state, each.moment, each.reason or None) for each in (kind.history,) if each],
        [kind.plan] if kind.plan else [],
        [
            (each.member, each.schema, each.state.member, each.state.schema, bool(each.history))
            for each in (items,)
            if each
        ],
        {view: list(operations) for view, operations in kind.views.items()},
        kind.made_by,
        *map(sorted, (kind.echo, kind.own, kind.needed, kind.patchable, kind.merged, kind.times, kind.parts)),
        task and [task.verb, task.of, task.part or None],
        kind.id_required,
    ]


def _of_record(row: dict[str, Any]) -> list[Any]:
    state = row["state"]
    named = ("echo", "sellers", "sellers_required", "patchable", "patch_items", "times")
    return [
        state and (state["member"], state["schema"], sorted(state["values"]), state["required"]),
        [(each["member"], each["state"], each["date"], each["reason"]) for each in row["history"]],
        [f"/{each['member']}" for each in row.get("plan", [])],
        [(each["member"], each["item"], each["state"], each["schema"], bool(each["history"])) for each in row["items"]],
        row["views"],
        row["made_by"],
        *(sorted(row.get(name, [])) for name in named),
        sorted(part["kind"] for part in row["parts"]),
        list(row["task"].values()) if "task" in row else None,
        row["id_required"],
    ]


@needs_record
@needs_sdk
def test_references_of_the_official_documents(official: Any) -> None:
    _, found, record = official
    for api, inferred in found.items():
        for name, kind in inferred.facts.kinds.items():
            ours = sorted((each.at, each.to, each.by, each.outside) for each in kind.references)
            words = {"any": "", "own item": name, None: ""}
            theirs = sorted(
                (each["at"], words.get(each["kind"], each["kind"]), each["by"], each.get("external", ""))
                for each in record[api]["kinds"][name]["references"]
            )
            assert ours == theirs, name


@needs_record
@needs_sdk
def test_events_of_the_official_documents(official: Any) -> None:
    _, found, record = official
    for api, inferred in found.items():
        theirs = {row["operationId"]: _event_of_record(row) for row in record[api]["events"]}
        assert {name: _event_of_ours(event) for name, event in inferred.facts.events.items()} == theirs


def _event_of_ours(event: Event) -> tuple[Any, ...]:
    words = {
        "reached": f"state:{event.state}",
        "set": f"member:{event.member}",
        "ready": f"refers:{event.of} by {event.member[1:]}",
    }
    told = words.get(event.cls, event.cls)
    return (
        event.type, event.kind, event.rules["kind"], f"item {told}" if event.item else told, event.item_id or None,
        sorted(event.tells),
    )  # fmt: skip


def _event_of_record(row: dict[str, Any]) -> tuple[Any, ...]:
    # A type that can only have been copied from a neighbour is no type: the name of the path holds.
    copied = row["type_by"] == "E2 contradicts"
    told = row["class"].partition(":")[0] if row["class"].startswith("named") else row["class"]
    return (
        row["path"].rpartition("/")[2] if copied else row["eventType"], row["kind"], row["kind_by"].split()[0], told,
        row.get("itemId"), sorted(row["tells"]),
    )  # fmt: skip


@needs_record
@needs_sdk
def test_contradictions_of_the_official_documents(official: Any) -> None:
    """Every one that was read is found; a line of the record can stand for several."""
    release, found, record = official
    for api, inferred in found.items():
        ours = {slip.key for slip in inferred.facts.slips}
        if release == "grace":
            read = sum(row["facts"] for row in record[api]["exceptions"] if row["sort"] == "contradiction")
            never = sum(slip.key.endswith(".never") for slip in inferred.facts.slips)
            assert len(ours) - never == read, api


@needs_record
@needs_sdk
def test_sheets_for_the_other_functions_leave_nothing_open() -> None:
    inferred = _official("grace")
    around = replace(_around(inferred), lifecycles={})
    facts = {}
    for api in inferred.keys() - set(RELEASE.apis):
        problems: list[str] = []
        facts[api] = join(inferred[api], read_sheet(OFFICIAL / f"{api}.yaml"), around, problems)
        assert problems == [], api
    ticket = RELEASE.kinds.apis["troubleTicket"]
    cancel = ticket.kinds["troubleTicket"].acts["cancelTroubleTicket"]
    assert (cancel.to, cancel.then, cancel.by, cancel.target) == ("assessingCancellation", "cancelled", "S", "")
    assert ticket.kinds["troubleTicket"].acts["closeTroubleTicket"].to == "closed"
    needed = ticket.events["listenToTroubleTicketInformationRequiredEvent"]
    assert (needed.cls, needed.state, needed.rules["cls"]) == ("reached", "pending", "S")
    assert ticket.kinds["troubleTicket"].said["fill"] == {
        "/sellerPriority": "/priority",
        "/sellerSeverity": "/severity",
    }
    assert (
        RELEASE.kinds.apis["productCatalog"].events["listenToCategoryStatusChangeEvent"].type
        == "categoryStateChangeEvent"
    )
    needed = RELEASE.kinds.apis["workOrder"].events["listenToWorkOrderAppointmentRequiredEvent"]
    assert needed.member == "/appointmentRequired"


# -- of an API that nobody wrote code for ----------------------------------------------------------------


@pytest.fixture
def with_parcels(tmp_path: Path) -> Release:
    return release_with_parcels(tmp_path)


def test_an_api_needs_its_folder_and_a_line_of_the_release(with_parcels: Release) -> None:
    kind = with_parcels.kinds.kind("parcel")
    assert kind.views == {"create": ("send it",), "list": ("all of them",), "retrieve": ("look at it",),
                          "act": ("send it back",)}  # fmt: skip
    assert (kind.state_at, kind.made_by, kind.cycle and kind.cycle.names) == ("/status", "buyer", {"": "parcel"})
    assert kind.acts["send it back"].to == "returned"
    assert [(each.at, each.outside) for each in kind.references] == [("/depot", "Depot")]
    assert with_parcels.kinds.apis["parcel"].operations["all of them"].filters["depotId"].to == ("/depot/id",)


def test_what_is_seen_of_such_an_api_has_lives_and_a_ledger(with_parcels: Release) -> None:
    def said(second: int, operation: str, path: str, sent: Any, body: Any, **more: Any) -> Any:
        one = exchange(body, operation=operation, api="parcel", path=path, sent=sent, **more)
        told = path.startswith("/listener/")
        parties = {"sender": Party.SELLER, "receiver": Party.BUYER, "kind": "notification"} if told else {}
        return replace(one, at=MOMENT + timedelta(seconds=second), path_params={"id": "p1"}, **parties)

    def parcel(*states: str) -> dict[str, Any]:
        log = [
            {"moment": (MOMENT + timedelta(seconds=n)).isoformat(), "to": state} for n, state in enumerate(states, 2)
        ]
        return {"id": "p1", "status": states[-1], "statusChange": log}

    event = {"eventId": "e1", "eventTime": (MOMENT + timedelta(seconds=3)).isoformat(), "event": {"id": "p1"},
             "eventType": "parcelStateChangeEvent"}  # fmt: skip
    run = transcript(
        said(1, "registerListener", "/hub", {"callback": "http://buyer"}, {"id": "h1"}, method="POST", status=201),
        said(2, "send it", "/parcel", {}, parcel("accepted"), method="POST", status=201),
        said(4, "hear of its way", "/listener/parcelStatusChangeEvent", event, None, method="POST", status=204),
        said(5, "look at it", "/parcel/p1", None, parcel("accepted", "moving")),
        said(6, "all of them", "/parcel", None, [parcel("accepted", "moving", "delivered")]),
    )
    (account,) = read_ledger(run, with_parcels, now=MOMENT + timedelta(hours=1)).accounts
    assert [shown.view.value for shown in account.life.shown] == ["created", "retrieved", "listed"]
    assert [(due.types, due.state, due.mark.value) for due in account.due if not due.created] == [
        (("parcelStateChangeEvent",), "moving", "delivered"),
        (("parcelStateChangeEvent",), "delivered", "never_arrived"),
    ]
    judged = judge(run, with_parcels)
    assert not [finding for finding in judged.findings if finding.verdict == "error"]
