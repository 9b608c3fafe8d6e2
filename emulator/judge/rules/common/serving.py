"""Which operations of an API are served, by their answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from emulator.judge.fold import Fold
from emulator.judge.hubs import hubs
from emulator.judge.rule import ANY_OPERATION, ANY_STATUS, FINE, Chosen, Mark, On, Spot, responses
from emulator.judge.rulebook import Rulebook, breach, hold
from emulator.judge.rules.common.values import Labels
from emulator.judge.run import Half, Run, Said
from emulator.judge.showing import succeeded
from emulator.record.exchange import Exchange

if TYPE_CHECKING:
    from emulator.standard.release import Release

NOT_SERVED: Final = (405, 501)
"""Statuses that say that an operation is not there."""
_NOT_HEARD: Final = (404, *NOT_SERVED)


def serves(exchange: Exchange) -> bool | None:
    """Whether an answer shows that the operation is served; None where it tells nothing."""
    if succeeded(exchange):
        return True
    return False if exchange.response is not None and exchange.response.status in NOT_SERVED else None


_Told = dict[tuple[str, str], list[tuple[int, bool]]]


def _take(known: _Told, _run: Run, exchange: Exchange) -> None:
    if exchange.api and exchange.operation and (served := serves(exchange)) is not None:
        known.setdefault((exchange.api, exchange.operation), []).append((exchange.n, served))


_SERVED: Final[Fold[_Told]] = Fold(dict, _take)
"""For each operation the exchanges that tell whether it is served, with what they tell."""


def was_served(run: Run, api: str, operation: str, before: Exchange | None = None) -> bool | None:
    """Whether an operation is served, by its newest answer that tells; None where none does."""
    told = run.known(_SERVED).get((api, operation), ())
    return next((served for n, served in reversed(told) if before is None or n < before.n), None)


BY_GUIDE_ALONE: Final = ("operation-not-in-contract", "guide")
"""The reading by which a Seller serves what its guide lists and its contract has not."""


def by_guide_alone(said: Said) -> tuple[str, str] | None:
    """The reading by which an operation is to be served, where only an erratum has it in its contract."""
    found = said.run.release.made(_in_contracts)
    return None if (said.exchange.api, said.exchange.operation) in found else BY_GUIDE_ALONE


def _in_contracts(release: Release) -> frozenset[tuple[str, str]]:
    return frozenset(
        (entry.api, operation["operationId"])
        for entry in release.entries
        for item in release.document(entry.api, entry.kind)["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict) and "operationId" in operation
    )


def serves_all(book: Rulebook, labels: Labels, *operations: str) -> None:
    """Each of these operations is served: never 405 or 501. Only an answer of success shows that one is."""

    def look(said: Said) -> Iterator[Mark]:
        if said.status in NOT_SERVED:
            yield breach(
                "",
                "the operation is served",
                said.status,
                f"{said.exchange.operation}, which every Seller serves, was answered {said.status}",
                reading=by_guide_alone(said),
            )
        elif succeeded(said.exchange):
            yield FINE

    book.add(
        labels,
        look,
        on=responses(book.api, *operations, statuses=ANY_STATUS),
        about=f"answers of {', '.join(operations)}: never 405 or 501",
    )


def hears_all(book: Rulebook, labels: Labels) -> None:
    """The Buyer serves each listener: an event that it has subscribed to is not answered 404, 405 or 501. What it takes
    longer over, or fails at, is no refusal.
    """

    def look(said: Said) -> Iterator[Mark]:
        event, asked = said.run.event(said.exchange), said.run.known(hubs(book.api)).told_to(said.exchange)
        wanted = event is not None and any(
            alike.in_force and query.covers(event.type) for query, alike in asked.items()
        )
        if said.status in _NOT_HEARD and wanted:
            yield breach(
                "",
                "the listener is there",
                said.status,
                f"{said.exchange.operation} was answered {said.status}; every Buyer has the listener",
            )
        elif succeeded(said.exchange):
            yield FINE

    on = On((Spot(book.api, Chosen(), Half.RESPONSE, ANY_STATUS),))
    book.add(labels, look, on=on, about="answers of the listeners: never 404, 405 or 501")


def optional_or_501(book: Rulebook, labels: Labels, *operations: str, name: str = "") -> None:
    """Operations that a Seller need not have: served, or answered 501 from the first call to the last."""

    def look(said: Said) -> Iterator[Mark]:
        operation = str(said.exchange.operation)
        if said.status not in NOT_SERVED:
            if succeeded(said.exchange):
                yield FINE
            return
        before = was_served(said.run, book.api, operation, said.exchange)
        yield hold(
            "",
            said.status == 501 and not before,  # noqa: PLR2004
            expected=200 if before else 501,
            found=said.status,
            message=f"{operation} was answered {said.status}, "
            f"{'though it was served before' if before else 'where one left out answers 501'}",
        )

    about = "Answers of optional operations: success, or 501 from the first call to the last."
    book.add(labels, look, on=responses(book.api, *operations, statuses=ANY_STATUS), about=about, name=name)


def fitting_statuses(book: Rulebook, labels: Labels) -> None:
    """A success is told by a 2xx that its operation has, and an error by a 4xx or 5xx: those of the contract are seen, and any other
    will do.
    """

    def look(said: Said) -> Iterator[Mark]:
        if said.exchange.operation is None:
            return
        contract = said.run.release.contract(str(said.exchange.api), said.exchange.kind)
        known = contract.operation(said.exchange.operation).responses
        if said.status in known:
            yield FINE
        elif 100 <= said.status < 400:  # noqa: PLR2004
            yield breach("", sorted(known), said.status, f"{said.exchange.operation} has no status {said.status}")

    on = responses(book.api, ANY_OPERATION, statuses=ANY_STATUS)
    book.add(labels, look, on=on, about="the status of each response, against those of its operation")


def all_or_none(book: Rulebook, labels: Labels, what: str, *operations: str) -> None:
    """Of these operations all are served, or none is. Noticed once, where an operation differs from another."""

    def look(said: Said) -> Iterator[Mark]:
        own = serves(said.exchange)
        operation = str(said.exchange.operation)
        if own is None or was_served(said.run, book.api, operation, said.exchange) is not None:
            return
        others = {other: was_served(said.run, book.api, other) for other in operations if other != operation}
        yield from set_marks(said, own, others)

    about = f"{what}: {', '.join(operations)} are all served, or none is"
    book.add(labels, look, on=responses(book.api, *operations, statuses=ANY_STATUS), about=about)


def set_marks(said: Said, own: bool, others: Mapping[str, bool | None]) -> Iterator[Mark]:
    """What is to be said of an operation that is `own` (served or not), beside others that come with it."""
    words = {True: "is served", False: "is not served"}
    different = [other for other, served in others.items() if served is not None and served is not own]
    if different:
        message = (
            f"{said.exchange.operation} {words[own]}, {different[0]} {words[not own]}; they come together or not at all"
        )
        yield breach("", words[not own], said.status, message)
    elif None not in others.values():
        yield FINE
