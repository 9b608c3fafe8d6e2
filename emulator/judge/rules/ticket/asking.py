"""What the Buyer asks for: new tickets, and reasons (MEF 124, 6.1.2 and 6.6)."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.judge.named import TICKET as KIND
from emulator.judge.rule import FINE, Mark, requests
from emulator.judge.rulebook import breach, hold
from emulator.judge.rules import common
from emulator.judge.rules.common import parts
from emulator.judge.rules.ticket.book import API, ASKED, SHOWN, TICKET
from emulator.judge.run import Said
from emulator.record.payload import MISSING, at, every

# 5.3: who acts for whom

common.parties(TICKET, several_buyers="R3", one_buyer="R4", several_sellers="R5", one_seller="R6")

# A new ticket

_NEEDED = (
    "/description",
    "/observedImpact",
    "/priority",
    "/relatedContactInformation",
    "/relatedEntity",
    "/severity",
    "/ticketType",
)
TICKET.present("R9", "", *_NEEDED, on=ASKED)
TICKET.has_role("R9", "", "reporterContact", on=ASKED, name="reporter")


@TICKET.rule("R9", on=ASKED, name="entity")
def a_ticket_is_about_a_product(said: Said) -> Iterator[Mark]:
    """The type of each entity of a new ticket; what else partners can agree on is theirs."""
    for place, entity in every(said.body, "/relatedEntity/*"):
        named = at(entity, "/@referredType")
        if named == "Product":
            yield FINE
        elif named in (MISSING, None):
            yield breach(
                f"{place}/@referredType",
                "Product",
                named,
                f"{place} does not say what it is",
                reading=("ticket-entity-type", "sent"),
            )
        else:
            yield breach(f"{place}/@referredType", "Product", named, hint=True)


@TICKET.rule("R10", on=ASKED)
def attachments_have_content(said: Said) -> Iterator[Mark]:
    """Attachments of a new ticket: url, or content with mimeType."""
    yield from attached(said.body, "", range(len(parts.entries(said.body, "attachment"))))


@TICKET.rule("R10", on=SHOWN, name="seller")
def attachments_of_the_seller_have_content(said: Said) -> Iterator[Mark]:
    """Attachments with source seller: url, or content with mimeType."""
    for shown in said.shown:
        listed = parts.entries(shown.value, "attachment")
        mine = [index for index, entry in enumerate(listed) if at(entry, "/source") == "seller"]
        yield from attached(shown.value, shown.place, mine)


def attached(body: object, place: str, which: list[int] | range) -> Iterator[Mark]:
    """FINE for each of these attachments that has an address or content, a breach for each that has not."""
    for index in which:
        here = f"{place}/attachment/{index}"
        yield hold(
            here,
            parts.has_content(at(body, f"/attachment/{index}")),
            expected="url, or content and mimeType",
            found=sorted(at(body, f"/attachment/{index}") or {}),
            message=f"{here} has neither url nor content with mimeType",
        )


@TICKET.rule(("R16", "R17"), on=ASKED)
def buyers_sign_what_they_add(said: Said) -> Iterator[Mark]:
    """Notes, attachments and related issues of a new ticket have source buyer."""
    for member in parts.SIGNED:
        for index, entry in enumerate(parts.entries(said.body, member)):
            yield from signed_by_buyer(f"/{member}/{index}", entry)


def signed_by_buyer(place: str, entry: object) -> Iterator[Mark]:
    """Whether an entry that the Buyer adds says so."""
    source = at(entry, "/source")
    if isinstance(source, str):
        yield hold(
            f"{place}/source",
            source == "buyer",
            expected="buyer",
            found=source,
            message=f"{place}/source of a new entry is {source}; the buyer added it",
        )


# Reopening

TICKET.present("R43", "", "/reason", on=requests(API, "reopenTroubleTicket"))

# What is unknown

common.unknown_is_404(TICKET, "R25", "retrieveTroubleTicket", KIND)
common.unknown_is_404(TICKET, "R33", "patchTroubleTicket", KIND)
common.unknown_is_404(TICKET, "R39", "cancelTroubleTicket", KIND)
common.unknown_is_404(TICKET, "R44", "closeTroubleTicket", KIND, name="close")
common.unknown_is_404(TICKET, "R44", "reopenTroubleTicket", KIND, name="reopen")
