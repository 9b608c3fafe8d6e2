"""All rules of a release, in the order in which they look at a message: the contract first, then API by API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from emulator.errors import FileProblem, hint
from emulator.judge.rule import ClosingRule, Rule
from emulator.judge.rulebook import Rulebook
from emulator.judge.rules import address, contract, inventory, poq, qualification, quote, site, site_by_body
from emulator.judge.rules.address_by_representation import ADDRESSES
from emulator.judge.rules.appointment import APPOINTMENT
from emulator.judge.rules.billing import BILLING
from emulator.judge.rules.catalog import CATALOG
from emulator.judge.rules.discovery import DISCOVERY
from emulator.judge.rules.generic import generic_book
from emulator.judge.rules.order import ORDER
from emulator.judge.rules.security import SECURITY
from emulator.judge.rules.ticket import TICKET
from emulator.judge.rules.work_order import WORK_ORDERS
from emulator.record.payload import escape

if TYPE_CHECKING:
    from emulator.standard.release import Release

BOOKS: Final[Mapping[str, Rulebook]] = {
    "address": address.ADDRESS,
    "address_by_representation": ADDRESSES,
    "site": site.SITE,
    "site_by_body": site_by_body.SITES,
    "poq": poq.POQ,
    "qualification": qualification.QUALIFICATION,
    "quote": quote.QUOTE,
    "order": ORDER,
    "inventory": inventory.INVENTORY,
    "ticket": TICKET,
    "appointment": APPOINTMENT,
    "work_order": WORK_ORDERS,
    "catalog": CATALOG,
    "discovery": DISCOVERY,
    "billing": BILLING,
}
"""The books of guides, by the name that a release file has for each (`rules:`)."""

CLAIMED: Final[Mapping[str, Rulebook]] = {"security": SECURITY}
"""The books of guides of no single API, likewise: they judge who claims to follow them."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What judges by a release: the book of each API, and of all of them the rules on messages and those on whole runs.

    `claimed` are the books of the guides that a party can claim, by their names. `every_book` are all of them.
    """

    books: Mapping[str, Rulebook]
    claimed: Mapping[str, Rulebook]
    looking: tuple[Rule, ...]
    closing: tuple[ClosingRule, ...]

    @property
    def every_book(self) -> tuple[Rulebook, ...]:
        return (*self.books.values(), *self.claimed.values())


def rules_of(release: Release) -> Rules:
    """The rules of a release, made once. FileProblem where it names a book that there is not, or that of another API."""
    return release.made(_rules_of)


def _rules_of(release: Release) -> Rules:
    books = {api: _book(release, api) for api in release.apis}
    return Rules(
        books=books,
        claimed={guide: _claimed(release, guide) for guide in release.claimable},
        looking=(*contract.RULES, *(rule for book in books.values() for rule in book.rules)),
        closing=tuple(rule for book in books.values() for rule in book.closing),
    )


def _claimed(release: Release, guide: str) -> Rulebook:
    name = release.claimable[guide].rules
    if name not in CLAIMED:
        where = release.where(f"/claimed/{escape(guide)}/rules")
        raise FileProblem([f"{where}: {name!r} is no book of rules of a guide that is claimed; {hint(name, CLAIMED)}"])
    return CLAIMED[name].told_by(release.labels)


def _is_read(release: Release, api: str) -> bool:
    """Whether there are numbered requirements of an API's guide: somebody has read it."""
    return any(each.guide == release.guides.get(api) for each in release.requirements.values())


def _book(release: Release, api: str) -> Rulebook:
    name = release.books.get(api)
    if name is None:
        made = generic_book(release, api)
        return made if _is_read(release, api) else made.hinting()
    book = BOOKS.get(name)
    if book is None or book.api != api:
        fitting = ", ".join(known for known, each in BOOKS.items() if each.api == api) or "none: leave 'rules' out"
        raise FileProblem([f"{release.where(f'/apis/{api}/rules')}: {name!r} is no book of rules of {api}; {fitting}"])
    return book.told_by(release.labels)
