"""Placing an order: who serves what, the request, its echo, identity, history and notes (MEF 123, 5.2 to 6.1.6).

R28 and R46 say the same, as do R29 and R49, and R47 is the part of R27 that is about cancelled items: each of
these pairs is one rule here, with both labels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from emulator.judge.rule import ANY_STATUS, FINE, Mark, Remark, on_response, requests, responses
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.order.book import ORDER
from emulator.judge.run import CHARGE, EVENTS, MODIFY_DATE, Half, Life, Run, Said, View, succeeded
from emulator.judge.run import ORDER as ORDER_KIND
from emulator.wire.exchange import Exchange
from emulator.wire.payload import MISSING, at, every

if TYPE_CHECKING:
    from emulator.standard.release import Release

API: Final = ORDER.api
ITEMS: Final = "/productOrderItem/*"
CREATE: Final = requests(API, "createProductOrder")
ANSWERS: Final = responses(API, "createProductOrder", "retrieveProductOrder", "patchProductOrder")
READS: Final = responses(API, "retrieveProductOrder")

FINAL: Final = ("cancelled", "completed", "failed", "partial", "rejected")
ITEM_CONTACTS: Final = ("buyerProductOrderItemContact", "buyerImplementationContact", "buyerTechnicalContact")


def _adds(item: Any) -> bool:
    return bool(at(item, "/action") == "add")


# 5.2: who serves what

MANDATORY: Final = ("createProductOrder", "listProductOrder", "retrieveProductOrder")
MODIFYING: Final = tuple(operation for operation, _ in MODIFY_DATE.views())
CANCELLING: Final = ("createCancelProductOrder", "listCancelProductOrder", "retrieveCancelProductOrder")
CHARGING: Final = ("listCharge", "retrieveCharge", "patchCharge")
HUB: Final = ("registerListener", "retrieveHub", "unregisterListener")
OPTIONAL: Final = ("patchProductOrder", *CANCELLING, *CHARGING, *MODIFYING, *HUB)
TOLD: Final = tuple(operation for operation, kind in EVENTS.items() if kind.api == API)

_NOT_SERVED: Final = (405, 501)


def _serves(exchange: Exchange) -> bool | None:
    """Whether an answer shows that the operation is served; None where it tells nothing."""
    if succeeded(exchange):
        return True
    return False if exchange.response is not None and exchange.response.status in _NOT_SERVED else None


def _served(run: Run, operation: str, before: Exchange | None = None) -> bool | None:
    """Whether an operation is served, by its newest answer that tells; None where none does."""
    for exchange in reversed(run.of(operation, api=API)):
        told = _serves(exchange) if before is None or exchange.n < before.n else None
        if told is not None:
            return told
    return None


@ORDER.rule("R1", on=responses(API, *MANDATORY, statuses=ANY_STATUS))
def mandatory_operations_are_served(said: Said) -> Iterator[Mark]:
    """createProductOrder, listProductOrder and retrieveProductOrder: never 405 or 501, no unknown path."""
    unknown_path = (
        said.status == 404  # noqa: PLR2004
        and said.exchange.operation == "createProductOrder"
        and at(said.body, "/code") != "notFound"
    )
    if said.status in _NOT_SERVED or unknown_path:
        yield breach("", "the operation is served", said.status,
                     f"{said.exchange.operation}, which every seller serves, was answered {said.status}")  # fmt: skip
    elif succeeded(said.exchange) and all(_served(said.run, operation) for operation in MANDATORY):
        yield FINE


@ORDER.rule("O1", on=responses(API, *OPTIONAL, statuses=ANY_STATUS))
def optional_operations_are_served_or_501(said: Said) -> Iterator[Mark]:
    """Answers of optional operations: success, or 501 from the first call to the last."""
    operation = str(said.exchange.operation)
    if said.status not in _NOT_SERVED:
        if succeeded(said.exchange):
            yield FINE
        return
    was_served = _served(said.run, operation, said.exchange)
    yield hold("", said.status == 501 and not was_served, expected=200 if was_served else 501, found=said.status,  # noqa: PLR2004
               message=f"{operation} was answered {said.status}, "
                       f"{'though it was served before' if was_served else 'where one left out answers 501'}")  # fmt: skip


def _as_a_set(label: str, what: str, *operations: str) -> None:
    """Of these operations all are served, or none is. Noticed once, where an operation differs from another."""

    def look(said: Said) -> Iterator[Mark]:
        own = _serves(said.exchange)
        operation = str(said.exchange.operation)
        if own is None or _served(said.run, operation, said.exchange) is not None:
            return
        others = {other: _served(said.run, other) for other in operations if other != operation}
        yield from _set_marks(said, own, others)

    ORDER.add(label, look, on=responses(API, *operations, statuses=ANY_STATUS),
              about=f"{what}: {', '.join(operations)} are all served, or none is")  # fmt: skip


def _set_marks(said: Said, own: bool, others: Mapping[str, bool | None]) -> Iterator[Mark]:
    different = [other for other, served in others.items() if served is not None and served is not own]
    words = {True: "is served", False: "is not served"}
    if different:
        yield breach("", words[not own], said.status,
                     f"{said.exchange.operation} {words[own]}, {different[0]} {words[not own]}; "
                     "they come together or not at all")  # fmt: skip
    elif None not in others.values():
        yield FINE


_as_a_set("CR1", "Changes of date", *MODIFYING)
_as_a_set("CR2", "Cancellation", *CANCELLING)


@ORDER.rule(
    "CR3",
    on=responses(API, *CHARGING, *HUB, statuses=ANY_STATUS) | requests(API, "chargeCreateEvent"),
)
def charges_come_with_their_notifications(said: Said) -> Iterator[Mark]:
    """Whoever serves one operation of charges serves all, the hub too, and sends chargeCreateEvent."""
    run, operation = said.run, str(said.exchange.operation)
    if said.half is Half.RESPONSE:
        own = _serves(said.exchange)
        if own is None or (_served(run, operation, said.exchange) is own):
            return
        others = {other: _served(run, other) for other in CHARGING if other != operation}
        if operation in HUB:
            # A hub does not need charges: only its absence is measured by them.
            others = {other: served for other, served in others.items() if served} if own is False else {}
        elif own:
            others |= {other: False for other in HUB if _served(run, other) is False}
        yield from (mark for mark in _set_marks(said, own, others) if mark is not FINE)
    if run.of("chargeCreateEvent", api=API) and all(_served(run, each) for each in (*CHARGING, "registerListener")):
        yield FINE


@ORDER.rule("CR4", on=responses(API, *HUB, statuses=ANY_STATUS) | requests(API, *TOLD))
def hub_comes_with_notifications(said: Said) -> Iterator[Mark]:
    """The operations of the hub come together, and with notifications."""
    run, operation = said.run, str(said.exchange.operation)
    registers = _served(run, "registerListener")
    if said.half is Half.REQUEST:
        if registers is not None:
            yield hold("", registers, expected="no notification", found=operation,
                       message=f"{operation} was sent, though registerListener is not served")  # fmt: skip
        return
    own = _serves(said.exchange)
    if own is None or _served(run, operation, said.exchange) is own:
        return
    others = {other: _served(run, other) for other in HUB if other != operation}
    told = next((event for event in TOLD if run.of(event, api=API)), None)
    if own is False and told:
        others[told] = True
    yield from (mark for mark in _set_marks(said, own, others) if mark is not FINE)


# 5.3: who acts for whom

common.parties(ORDER, several_buyers="R2", one_buyer="R3", several_sellers="R4", one_seller="R5")
common.repeats_parties(ORDER, "R6")


# 5.4 to 5.6: products. R8, R9 and R10 are the contract's.

ORDER_MEMBERS: Final = frozenset({"externalId", "note", "productOrderItem", "projectId", "relatedContactInformation"})
ITEM_MEMBERS: Final = frozenset(
    {
        "action",
        "agreementName",
        "billingAccount",
        "coordinatedAction",
        "endCustomerName",
        "expediteIndicator",
        "id",
        "note",
        "product",
        "productOfferingQualificationItem",
        "productOrderItemRelationship",
        "quoteItem",
        "relatedBuyerPON",
        "relatedContactInformation",
        "requestedCompletionDate",
        "requestedItemTerm",
        "tspRestorationPriority",
    }
)
"""What a buyer says of an item (type MEFProductOrderItem_Create)."""
PRODUCT_MEMBERS: Final = frozenset(
    {"href", "id", "place", "productConfiguration", "productOffering", "productRelationship"}
)


@ORDER.rule("R7", on=CREATE | ANSWERS)
def attributes_of_a_product_stand_in_its_configuration(said: Said) -> Iterator[Mark]:
    """No attribute of a known product schema stands in the product, or in the item, beside productConfiguration."""
    known = _product_attributes(said.run.release)
    for place, item in every(said.body, ITEMS):
        if not isinstance(item, dict):
            continue
        product = item.get("product")
        astray = [f"{place}/{name}" for name in item if name in known and name not in ITEM_MEMBERS]
        if isinstance(product, dict):
            astray += [f"{place}/product/{name}" for name in product if name in known and name not in PRODUCT_MEMBERS]
        for here in astray:
            yield breach(here, MISSING, at(said.body, here), f"{here} belongs in the productConfiguration")
        if not astray and given(at(product, "/productConfiguration/@type")):
            yield FINE


@cache
def _product_attributes(release: Release) -> frozenset[str]:
    """The names of all attributes that the product schemas of a release have at their top."""
    definitions = release.products.definitions
    names: set[str] = set()
    ahead: list[Any] = [definitions.get(name) for name in release.products.urns.values()]
    seen: set[int] = set()
    while ahead:
        schema = ahead.pop()
        if not isinstance(schema, dict) or id(schema) in seen:
            continue
        seen.add(id(schema))
        names |= set(schema.get("properties", {}))
        ahead += schema.get("allOf", [])
        ahead.append(definitions.get(str(schema.get("$ref", "")).removeprefix("#/definitions/")))
    return frozenset(names - {"@type", "identifier"})  # a word that a seller may use for something else


def _kind_of(item: Any) -> str:
    """The product that an item configures: `access-eline-ovc` of its URN, "" where none is told."""
    urn = at(item, "/product/productConfiguration/@type")
    parts = urn.split(":") if isinstance(urn, str) else []
    return parts[5] if len(parts) > 5 and parts[:4] == ["urn", "mef", "lso", "spec"] else ""  # noqa: PLR2004


OVC: Final = "access-eline-ovc"
UNI: Final = "carrier-ethernet-operator-uni"


def _links_to(item: Any, end: str) -> bool:
    """Whether an item is related to a UNI or an ENNI, whatever the relationship is called in full."""
    links = (*every(item, "/product/productRelationship/*"), *every(item, "/productOrderItemRelationship/*"))
    names = (at(link, "/relationshipType") for _, link in links)
    # `ENNI` holds no `UNI`, but a name may hold both.
    return any(isinstance(name, str) and end in name.upper() for name in names)


def _sibling_uni(body: Any, item: Any) -> bool:
    """Whether the order also installs a UNI, which an OVC of it can only mean by productOrderItemRelationship."""
    return any(other is not item and _adds(other) and _kind_of(other) == UNI for _, other in every(body, ITEMS))


@ORDER.rule("R11", on=CREATE | ANSWERS)
def products_keep_the_rules_of_their_specification(said: Said) -> Iterator[Mark]:
    """A new Access E-Line names its ENNI and its UNI, a new Operator UNI the place where it is installed."""
    for place, item in every(said.body, ITEMS):
        if not _adds(item):
            continue
        missing: list[tuple[str, str]] = []
        if _kind_of(item) == OVC:
            ends = ["ENNI"] if _sibling_uni(said.body, item) else ["ENNI", "UNI"]  # R31 has the UNI of the order itself
            missing = [("/product/productRelationship", f"a relationship to the {end}")
                       for end in ends if not _links_to(item, end)]  # fmt: skip
        elif _kind_of(item) == UNI:
            roles = {role for _, role in every(item, "/product/place/*/role") if isinstance(role, str)}
            missing = [] if "INSTALL_LOCATION" in roles else [("/product/place", "a place with role INSTALL_LOCATION")]
        else:
            continue
        if not missing:
            yield FINE
        elif said.half is Half.REQUEST:  # an answer that lacks what was asked for is R16's
            for member, wanted in missing:
                yield breach(place + member, wanted, at(item, member), f"{place}{member} lacks {wanted}")


# 6.1.3: what every order asks with

ORDER.present("R12", "", "/productOrderItem", on=CREATE)
ORDER.has_role("R13", "", "productOrderContact", on=CREATE)


@ORDER.rule("R14", on=CREATE)
def items_have_date_and_contacts(said: Said) -> Iterator[Mark]:
    """Each item has id, action, requestedCompletionDate and three contacts of the buyer."""
    for place, item in every(said.body, ITEMS):
        if not isinstance(item, dict):
            continue
        reading = ("disconnect-item-members", "complete") if item.get("action") == "delete" else None
        bound = reading is None or said.run.reads_as(*reading)
        for member in ("/id", "/action", "/requestedCompletionDate"):
            found = at(item, member)
            if given(found):
                yield FINE
            elif bound or member in ("/id", "/action"):
                yield breach(place + member, "a value", found, f"{place}{member} is missing", reading=reading)
        roles = {role for _, role in every(item, "/relatedContactInformation/*/role") if isinstance(role, str)}
        for role in ITEM_CONTACTS if bound else ():
            if role in roles:
                yield FINE
            else:
                yield breach(f"{place}/relatedContactInformation", role, sorted(roles),
                             f"{place} names no contact with role {role}", reading=reading)  # fmt: skip


def _if_demanded(label: str, option: str, member: str) -> None:
    """Items of new and changed products refer to what the seller demands first, where that was declared."""

    def look(said: Said) -> Iterator[Mark]:
        if not said.run.declared.options.get(f"{ORDER.guide}-{option}"):
            return
        for place, item in every(said.body, ITEMS):
            if at(item, "/action") in ("add", "modify"):
                yield hold(place + member, given(at(item, member)), expected="a reference", found=at(item, member),
                           message=f"{place}{member} is missing, which this seller demands")  # fmt: skip

    ORDER.add(label, look, on=CREATE, about=f"{ITEMS}{member} is there, if the seller declared {option}")


_if_demanded("CR5", "O4", "/productOfferingQualificationItem")
_if_demanded("CR6", "O5", "/quoteItem")


# 6.1.5: the answer

_FREE: Final = ("href", "quoteHref", "productOfferingQualificationHref")
_GROWS: Final = ("note", "relatedContactInformation")
_DATES: Final = ("requestedCompletionDate", "expediteIndicator")
"""What a modify-date request changes in an item (6.5)."""
_PATCHABLE: Final = ("externalId", "projectId", "relatedContactInformation")
_ITEM_PATCHABLE: Final = ("endCustomerName", "relatedBuyerPON", "relatedContactInformation")


@ORDER.rule("R16", on=ANSWERS)
def what_was_sent_comes_back(said: Said) -> Iterator[Mark]:
    """Each value of the request, in the answer; as it was changed since by patchProductOrder and modify-date requests."""
    for shown, life in said.lived():
        asked = life.request
        if not isinstance(asked, dict):
            continue
        expected = _as_asked(said, life, asked, shown.view)
        changes = list(_date_changes(said.run, life.id))
        touched = {item for item, _, _ in changes}
        for item in expected.get("productOrderItem", ()):
            if isinstance(item.get("id"), str) and item["id"] in touched:
                for member in _DATES:
                    item.pop(member, None)
        yield from common.echo_marks(expected, shown.value, shown.place, free=_FREE, grows=_GROWS)
        yield from _date_marks(asked, shown.value, shown.place, changes)


def _as_asked(said: Said, life: Life, asked: Mapping[str, Any], view: View) -> dict[str, Any]:
    """What the buyer wants of the order by now, of what the contract knows."""
    wanted = {name: value for name, value in asked.items() if name in ORDER_MEMBERS and name != "productOrderItem"}
    items = [_item_as_asked(item) for _, item in every(asked, ITEMS)]
    if view is not View.CREATED:  # later on, notes are R21's
        for holder in (wanted, *items):
            if isinstance(holder, dict):
                holder.pop("note", None)
    by_id = {item["id"]: item for item in items if isinstance(item, dict) and isinstance(item.get("id"), str)}
    for exchange in _patches(said.run, life.id):
        # What the answer to a patch makes of it is judged with the patch (6.2).
        patch, done = exchange.request.body, succeeded(exchange) and exchange.n < said.exchange.n
        _merge(wanted, patch, _PATCHABLE, done=done)
        for _, change in every(patch, ITEMS):
            if isinstance(at(change, "/id"), str) and change["id"] in by_id:
                _merge(by_id[change["id"]], change, _ITEM_PATCHABLE, done=done)
    if items:
        wanted["productOrderItem"] = [item for item in items if isinstance(item, dict)]
    return wanted


def _item_as_asked(item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    made = {name: value for name, value in item.items() if name in ITEM_MEMBERS}
    product = made.get("product")
    if isinstance(product, dict):
        # The id of a new product is the seller's to give (R36).
        free = {"id"} if _adds(item) else frozenset[str]()
        made["product"] = {name: value for name, value in product.items() if name in PRODUCT_MEMBERS - free}
    return made


def _patches(run: Run, order: str) -> Iterator[Exchange]:
    """The changes of an order that were made, or of which nobody knows whether they were."""
    for exchange in run.of("patchProductOrder", api=API):
        refused = exchange.response is not None and (400 <= exchange.response.status < 500)  # noqa: PLR2004
        if exchange.path_params.get("id") == order and not refused and _serves(exchange) is not False:
            yield exchange


def _merge(target: dict[str, Any], patch: Any, members: tuple[str, ...], *, done: bool) -> None:
    """Merge a patch as far as it may change something. What else it names, or is in doubt, is not held to any value."""
    if not isinstance(patch, dict):
        return
    for name, value in patch.items():
        if name in ("id", "productOrderItem", "note"):
            continue
        target.pop(name, None)
        if done and name in members and value is not None:
            target[name] = _of_the_buyer(value) if name == "relatedContactInformation" else value


def _of_the_buyer(contacts: Any) -> Any:
    """The contacts of a list that are the buyer's to change: the roles of the others begin with `seller`."""
    if not isinstance(contacts, list):
        return contacts
    return [contact for contact in contacts if not str(at(contact, "/role")).lower().startswith("seller")]


def _date_changes(run: Run, order: str) -> Iterator[tuple[str, Mapping[str, Any], Any]]:
    """Requests for another date of this order's items: the item, what was wanted, and the state last seen, if any."""
    for exchange in run.of(str(MODIFY_DATE.create), api=API):
        refused = exchange.response is not None and 400 <= exchange.response.status < 500  # noqa: PLR2004
        body = exchange.request.body
        if not refused and _serves(exchange) is not False and at(body, "/productOrderItem/productOrderId") == order:
            answer = exchange.response.body if exchange.response else MISSING
            life = run.life(MODIFY_DATE, at(answer, "/id"))
            state = at(life.shown[-1].value, "/state") if life and life.shown else MISSING
            yield str(at(body, "/productOrderItem/productOrderItemId")), body, state
    for life in run.lives(MODIFY_DATE):
        if life.asked is None and life.shown:
            value = life.shown[-1].value
            if at(value, "/productOrderItem/productOrderId") == order:
                yield str(at(value, "/productOrderItem/productOrderItemId")), value, at(value, "/state")


_UNCHANGED: Final = ("rejected", "done.declined")
"""States of a modify-date request that leave the item as it was."""


def _date_marks(
    asked: Mapping[str, Any], shown: Any, place: str, changes: Iterable[tuple[str, Mapping[str, Any], Any]]
) -> Iterator[Mark]:
    """Date and haste of an item for which others were asked: the ones first sent, or any that can have been granted."""
    granted: dict[str, list[Mapping[str, Any]]] = {}
    for identifier, wanted, state in changes:
        granted.setdefault(identifier, [])
        if state not in _UNCHANGED:
            granted[identifier].append(wanted)
    if not granted:
        return
    first = {at(item, "/id"): item for _, item in every(asked, ITEMS) if isinstance(at(item, "/id"), str)}
    for path, item in every(shown, ITEMS):
        identifier = at(item, "/id")
        if not isinstance(identifier, str) or identifier not in granted or identifier not in first:
            continue
        for member, default in (("/requestedCompletionDate", MISSING), ("/expediteIndicator", False)):
            sent = at(first[identifier], member)
            allowed = [default if sent is MISSING else sent]
            for wanted in granted[identifier]:
                new = at(wanted, member)
                allowed.append(default if new is MISSING else new)
            found = at(item, member)
            value = default if found is MISSING else found
            right = any(value is one or (value is not MISSING and common.same(one, value)) for one in allowed)
            yield hold(place + path + member, right, expected=allowed[-1], found=found,
                       message=f"{place}{path}{member} is neither as first sent nor as asked for since")  # fmt: skip


ORDER.present("R17", "", "/id", "/state", on=ANSWERS)
ORDER.has_role("R17", "", "sellerContact", on=ANSWERS, name="contact")

common.keeps_id(ORDER, "R18", ORDER_KIND, name="")
common.stays(ORDER, "R18", ORDER_KIND)


@ORDER.rule("R18", on=responses(API, "retrieveProductOrder", "listProductOrder"), name="twin")
def an_order_has_no_second_id(said: Said) -> Iterator[Mark]:
    """An order with externalId and orderDate of one that was placed in this run has the id that it got there."""
    for shown, life in said.lived():
        if life.asked is not None or life.before(said.exchange) or _is_of_another_path(said, life.id):
            continue
        given_at = (at(shown.value, "/externalId"), at(shown.value, "/orderDate"))
        if not all(isinstance(value, str) for value in given_at):
            continue
        for other in said.run.lives(ORDER_KIND):
            first = other.shown[0].value if other.asked and other.shown else MISSING
            if (at(first, "/externalId"), at(first, "/orderDate")) == given_at:
                yield breach(f"{shown.place}/id", other.id, life.id,
                             f"{shown.place}/id is {life.id}, and the order was given {other.id} when it was placed")  # fmt: skip


common.tells_history(ORDER, "R19", common.Machine("productOrder"), on=ANSWERS, needed=True, name="")
common.tells_history(ORDER, "R23", common.Machine("productOrderItem", ITEMS), on=ANSWERS, needed=True, name="")


@ORDER.rule(on=ANSWERS, name="item-term")
def terms_stay_as_agreed(said: Said) -> Iterator[Mark]:
    """The itemTerm of an item never changes once it is set, unless the item is rejected."""
    for shown, life in said.lived():
        earlier = life.last_before(said.exchange)
        for place, item, before in common.paired(shown, earlier, ITEMS) if earlier else ():
            old, state = at(before, "/itemTerm"), at(item, "/state")
            if not given(old) or (isinstance(state, str) and state.startswith("rejected")):
                continue
            new, here = at(item, "/itemTerm"), f"{shown.place}{place}/itemTerm"
            yield hold(here, new == old, expected=old, found=new,
                       message=f"{here} is not as it was agreed; exchange {earlier.exchange.n if earlier else '?'} "
                               "showed it otherwise")  # fmt: skip


def _is_of_another_path(said: Said, order: str) -> bool:
    """Whether a read shows another id than the one that was asked for, which is R18's already."""
    return said.exchange.path_params.get("id", order) != order


def _noted(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each note of an order and of its items."""
    for pattern in ("/note/*", f"{ITEMS}/note/*"):
        for place, note in every(value, pattern):
            if isinstance(note, dict):
                yield place, note


def _is_among(note: Mapping[str, Any], others: Iterable[Any]) -> bool:
    """Whether a note is one of these, by its id or by its text."""
    return any(
        note.get(member) == at(other, f"/{member}")
        for other in others
        for member in ("id", "text")
        if isinstance(note.get(member), str)
    )


@ORDER.rule("O6", on=ANSWERS)
def sellers_note_while_the_order_lasts(said: Said) -> Iterator[Mark]:
    """A note of the seller's, new since the order was last shown: the order was not over then."""
    reading = ("order-notes-after-end", "until-final")
    for shown, life in said.lived():
        earlier = life.last_before(said.exchange)
        if earlier is None:
            continue
        before = [note for _, note in every(earlier.value, "/note/*")]
        for place, note in every(shown.value, "/note/*"):
            if not isinstance(note, dict) or note.get("source") != "seller" or _is_among(note, before):
                continue
            state = at(earlier.value, "/state")
            if state not in FINAL:
                yield FINE
            elif said.run.reads_as(*reading):
                yield breach(shown.place + place, MISSING, note,
                             f"{shown.place}{place} is new, though exchange {earlier.exchange.n} showed the order "
                             f"as {state}", reading=reading)  # fmt: skip


@ORDER.rule("R20", on=ANSWERS)
def sellers_notes_say_so(said: Said) -> Iterator[Mark]:
    """Notes that the buyer did not send have source seller. Nothing is said of orders placed before the run."""
    for shown, life in said.lived():
        if not isinstance(life.request, dict):
            continue
        sent = [note for _, note in _noted(life.request)]
        for exchange in said.run.of("patchProductOrder", api=API):
            if exchange.path_params.get("id") == life.id:
                sent += [note for _, note in _noted(exchange.request.body)]
        for place, note in _noted(shown.value):
            if note.get("source") in ("buyer", "seller") and not _is_among(note, sent):
                yield hold(f"{shown.place}{place}/source", note["source"] == "seller", expected="seller",
                           found=note["source"],
                           message=f"{shown.place}{place} is said to be the buyer's, who never sent it")  # fmt: skip


@ORDER.rule("R21", on=ANSWERS)
def notes_stay_as_they_are(said: Said) -> Iterator[Mark]:
    """Each note that was shown before is still there, unchanged."""
    for shown, life in said.lived():
        earlier = life.last_before(said.exchange)
        if earlier is None:
            continue
        for holder in ("", ITEMS):
            for place, value, before in common.paired(shown, earlier, holder):
                yield from _note_marks(
                    f"{shown.place}{place}/note", at(value, "/note"), at(before, "/note"), earlier.exchange.n
                )


_NOTE: Final = ("author", "date", "source", "text")


def _note_marks(place: str, notes: Any, before: Any, when: int) -> Iterator[Mark]:
    now = [note for note in notes if isinstance(note, dict)] if isinstance(notes, list) else []
    for old in before if isinstance(before, list) else ():
        if not isinstance(old, dict) or not isinstance(old.get("id"), str):
            continue
        namesakes = [note for note in now if note.get("id") == old["id"]]
        if any(all(common.same(old.get(name), note.get(name)) for name in _NOTE) for note in namesakes):
            yield FINE
        elif namesakes:
            name = next(name for name in _NOTE if not common.same(old.get(name), namesakes[0].get(name)))
            here = f"{place}/{notes.index(namesakes[0])}/{name}"
            yield breach(here, old.get(name, MISSING), namesakes[0].get(name, MISSING),
                         f"{here} of note {old['id']} was changed; exchange {when} showed it otherwise")  # fmt: skip
        else:
            yield breach(place, old, MISSING, f"note {old['id']} of {place}, which exchange {when} showed, is gone")


ORDER.present("R22", ITEMS, "/state", on=ANSWERS)


@ORDER.rule("R24", on=ANSWERS)
def haste_is_granted_where_it_was_asked_for(said: Said) -> Iterator[Mark]:
    """Haste is not accepted (expediteAcceptedIndicator) where the expediteIndicator last asked for is false."""
    for shown, life in said.lived():
        changes = list(_date_changes(said.run, life.id))
        first = {at(i, "/id"): i for _, i in every(life.request, ITEMS) if isinstance(at(i, "/id"), str)}
        for place, item in every(shown.value, ITEMS):
            identifier = at(item, "/id")
            if not isinstance(identifier, str) or True in _haste(first.get(identifier), item, identifier, changes):
                continue
            accepted = at(item, "/expediteAcceptedIndicator")
            here = f"{shown.place}{place}/expediteAcceptedIndicator"
            yield hold(here, accepted is not True, expected=False, found=accepted,
                       message=f"{here} is true, though no expedite is asked for")  # fmt: skip


def _haste(first: Any, item: Any, identifier: str, changes: Iterable[tuple[str, Mapping[str, Any], Any]]) -> set[bool]:
    """What the buyer can have asked for last, as far as is known; both where nothing is."""
    said = at(first, "/expediteIndicator") if isinstance(first, dict) else at(item, "/expediteIndicator")
    if isinstance(first, dict) and said in (MISSING, None):
        said = False  # the contract's default
    wishes = {said} if isinstance(said, bool) else {True, False}
    for of, wanted, state in changes:
        wish = at(wanted, "/expediteIndicator")
        if of != identifier or state in _UNCHANGED:
            continue
        if state == "done" and isinstance(wish, bool):
            wishes = {wish}
        else:
            wishes = wishes | {wish if isinstance(wish, bool) else False}
    return wishes


@ORDER.at_end("R25")
def haste_is_granted_once_it_is_paid_for(run: Run) -> Iterator[Remark]:
    """An item that is expedited has no charge for it that waits for the buyer, before and after it is shown so."""
    for life in run.lives(ORDER_KIND):
        charges = [charge for charge in run.lives(CHARGE) if _for_haste(run, charge, life.id)]
        for charge in charges:
            item = at(charge.shown[0].value, "/productOrderItem/productOrderItemId")
            yield from _haste_remarks(life, charge, item)


def _for_haste(run: Run, charge: Life, order: str) -> bool:
    """Whether a charge is what an expedite of this order's item costs."""
    if not charge.shown or at(charge.shown[0].value, "/productOrderItem/productOrderId") != order:
        return False
    if any(at(s.value, f"/chargeItem/{i}/priceCategory") == "expedite" for s in charge.shown for i in range(3)):
        return True
    cause = at(charge.shown[0].value, f"/{MODIFY_DATE.name}/id")
    request = run.life(MODIFY_DATE, cause)
    return request is not None and any(at(s.value, "/expediteIndicator") is True for s in request.shown)


def _haste_remarks(order: Life, charge: Life, item: Any) -> Iterator[Remark]:
    seen = [(shown.exchange.n, at(shown.value, "/state")) for shown in charge.shown]
    expedited_before = False
    for shown in order.shown:
        n = shown.exchange.n
        accepted = any(
            at(each, "/id") == item and at(each, "/expediteAcceptedIndicator") is True
            for _, each in every(shown.value, ITEMS)
        )
        if n < seen[0][0]:
            expedited_before |= accepted
        if n < seen[0][0] or not shown.whole or expedited_before:
            continue
        last = [state for when, state in seen if when < n][-1]
        # Still waiting afterwards: else it may have been withdrawn unseen, and haste granted free of charge.
        waits = last == "awaitingResponse" and any(state == last for when, state in seen if when > n)
        if accepted and waits:
            place = "/productOrderItem"
            yield on_response(shown.exchange, breach(
                place, "no expedite accepted yet", True,
                f"item {item} is expedited while charge {charge.id} for it waits for the buyer's answer"))  # fmt: skip
        elif waits or (accepted and last == "completed"):
            yield on_response(shown.exchange, FINE)


@ORDER.rule("R26", on=ANSWERS)
def a_held_item_refers_to_its_charge(said: Said) -> Iterator[Mark]:
    """An item that is held while the order is held.assessingCharge refers to charges."""
    reading = ("charge-of-held-item", "waiting")
    for shown in said.shown:
        if at(shown.value, "/state") != "held.assessingCharge" or not said.run.reads_as(*reading):
            continue
        for place, item in every(shown.value, ITEMS):
            if at(item, "/state") != "held":
                continue
            found, here = at(item, "/charge"), f"{shown.place}{place}/charge"
            if given(found):
                yield FINE
            else:
                yield breach(here, "a reference to the charge", found,
                             f"{here} is missing, though the item waits for it to be answered", reading=reading)  # fmt: skip


def _no_more_expected(labels: tuple[str, ...], state: str) -> None:
    reading = ("expected-completion-date-after-end", "gone")

    def look(said: Said) -> Iterator[Mark]:
        if not said.run.reads_as(*reading):
            return
        for place, item in every(said.body, ITEMS):
            if at(item, "/state") != state:
                continue
            found = at(item, "/expectedCompletionDate")
            if found in (MISSING, None):
                yield FINE
            else:
                here = f"{place}/expectedCompletionDate"
                yield breach(
                    here, MISSING, found, f"{here} is still there, though the item is {state}", reading=reading
                )

    ORDER.add(labels, look, on=ANSWERS, name=state, about=f"expectedCompletionDate of items that are {state}")


_no_more_expected(("R27",), "failed")
_no_more_expected(("R27", "R47"), "cancelled")

ORDER.present(
    ("R28", "R46"), ITEMS, "/expectedCompletionDate", on=ANSWERS, where=lambda item: item.get("state") == "inProgress"
)


@ORDER.rule(("R29", "R49"), on=ANSWERS)
def only_completed_items_have_a_completion_date(said: Said) -> Iterator[Mark]:
    """Items that are not completed have no completionDate."""
    reading = ("item-completion-date", "completed-only")
    for place, item in every(said.body, ITEMS):
        state = at(item, "/state")
        if not isinstance(state, str) or state == "completed":
            continue
        found = at(item, "/completionDate")
        ended = state in _ENDED
        if found in (MISSING, None):
            yield FINE
        elif not ended or said.run.reads_as(*reading):
            here = f"{place}/completionDate"
            yield breach(here, MISSING, found, f"{here} is there, though the item is {state}",
                         reading=reading if ended else None)  # fmt: skip


_ENDED: Final = ("cancelled", "failed", "rejected", "rejected.unassessed", "rejected.validated")
"""Final states of an item other than completed."""


# 6.1.6: items to add

ORDER.present("R30", ITEMS, "/product/productConfiguration", on=CREATE, where=_adds)


@ORDER.rule("R31", on=CREATE)
def items_are_related_within_the_order(said: Said) -> Iterator[Mark]:
    """An item to add is related to items that are in the order, and an Access E-Line to the UNI that comes with it."""
    ids = {identifier for _, identifier in every(said.body, f"{ITEMS}/id") if isinstance(identifier, str)}
    for place, item in every(said.body, ITEMS):
        if not _adds(item):
            continue
        for path, identifier in every(item, "/productOrderItemRelationship/*/id"):
            if isinstance(identifier, str):
                yield hold(place + path, identifier in ids, expected="the id of an item of this order", found=identifier,
                           message=f"{place}{path} is {identifier}, and the order has no such item")  # fmt: skip
        if _kind_of(item) == OVC and _sibling_uni(said.body, item) and not _links_to(item, "UNI"):
            here = f"{place}/productOrderItemRelationship"
            yield breach(here, "a relationship to the UNI", at(item, "/productOrderItemRelationship"),
                         f"{here} does not name the UNI, which this order installs as well")  # fmt: skip


ORDER.present("R32", ITEMS, "/product/productOffering", on=CREATE, where=_adds)
ORDER.present("R33", ITEMS, "/billingAccount", on=CREATE, where=_adds)
ORDER.present("R34", ITEMS, "/requestedItemTerm", on=CREATE, where=_adds)
ORDER.present(
    "R35",
    ITEMS,
    "/requestedItemTerm/rollInterval",
    on=CREATE,
    where=lambda item: _adds(item) and at(item, "/requestedItemTerm/endOfTermAction") == "roll",
)
ORDER.absent("R36", ITEMS, "/product/id", on=CREATE, where=_adds)
