"""What a validation is answered, at once or later, and how it is read (Mplify 121.1, 6 to 6.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from emulator.judge.rule import ANY_STATUS, FINE, REFUSED, Mark, Remark, on_response, responses, shows
from emulator.judge.rulebook import breach, given, hold
from emulator.judge.rules import common
from emulator.judge.rules.address import no_match_is_an_answer
from emulator.judge.rules.address_by_representation.book import (
    ADDRESSES,
    ANSWERED,
    API,
    BEST,
    CREATE,
    KIND,
    OTHERS,
    READ,
    SHOWN,
    SUBMITTED,
    found_in,
)
from emulator.judge.run import Run, Said
from emulator.judge.showing import succeeded
from emulator.record.payload import MISSING, at, every
from emulator.standard.representations import WAYS, ways

_OK, _CREATED = 200, 201
_HUB: Final = ("registerListener", "retrieveHub", "unregisterListener")

common.serves_all(ADDRESSES, "validates", CREATE)


@ADDRESSES.at_end("deferring-needs-the-rest")
def who_defers_serves_the_rest(run: Run) -> Iterator[Remark]:
    """Reads of validations, and subscriptions, in a run in which a validation was answered later: never 405 or 501."""
    deferred = [one for one in run.of(CREATE, api=API) if one.response is not None and one.response.status == _CREATED]
    for exchange in run.of(READ, *_HUB, api=API) if deferred else ():
        if succeeded(exchange):
            yield on_response(exchange, FINE)
        elif exchange.response is not None and exchange.response.status in common.NOT_SERVED:
            found = exchange.response.status
            yield on_response(
                exchange,
                breach(
                    "",
                    "the operation is served",
                    found,
                    f"{exchange.operation} was answered {found}, though exchange {deferred[0].n} deferred a validation",
                ),
            )


def _state(said: Said) -> Any:
    return at(said.body, "/state")


def _at_once(said: Said) -> bool:
    """Whether an answer has all that one at once has, whatever its status: it is ready and has no id."""
    return _state(said) == "ready" and not given(at(said.body, "/id"))


@ADDRESSES.rule("not-deferred", on=ANSWERED)
def what_is_asked_at_once_is_answered_at_once(said: Said) -> Iterator[Mark]:
    """The answer where instantSyncValidation is true: it is not deferred."""
    if at(said.asked, "/instantSyncValidation") is True:
        yield hold(
            "",
            said.status != _CREATED or _at_once(said),
            expected=_OK,
            found=said.status,
            message="the Buyer asked for an answer at once, and the Seller deferred it",
        )


ADDRESSES.present("answer-state", "", "/state", on=SHOWN)


@ADDRESSES.rule("at-once-is-200", on=ANSWERED)
def an_answer_at_once_is_a_200(said: Said) -> Iterator[Mark]:
    """The status of an answer that is ready and has no id."""
    if _at_once(said):
        yield hold(
            "",
            said.status == _OK,
            expected=_OK,
            found=said.status,
            message=f"the answer is ready and has no id: it was given at once, with a {said.status}",
        )


@ADDRESSES.rule("later-is-201", on=ANSWERED)
def an_answer_later_is_a_201(said: Said) -> Iterator[Mark]:
    """The status of an answer that has an id and is not ready."""
    if given(at(said.body, "/id")) and isinstance(_state(said), str) and _state(said) != "ready":
        yield hold(
            "",
            said.status == _CREATED,
            expected=_CREATED,
            found=said.status,
            message=f"the answer is to come, and it was announced with a {said.status}",
        )


@ADDRESSES.rule("at-once-is-ready", on=ANSWERED)
def an_answer_at_once_is_ready(said: Said) -> Iterator[Mark]:
    """The state of a 200 without an id; one with an id is a deferred one of the wrong status."""
    if said.status == _OK and isinstance(_state(said), str) and not given(at(said.body, "/id")):
        yield hold("/state", _state(said) == "ready", expected="ready", found=_state(said))


@ADDRESSES.rule("at-once-has-no-id", on=ANSWERED)
def an_answer_at_once_has_no_id(said: Said) -> Iterator[Mark]:
    """The id of a 200 that is ready: there is none."""
    if said.status == _OK and _state(said) == "ready":
        found = at(said.body, "/id")
        yield hold(
            "/id",
            not given(found),
            expected=MISSING,
            found=found,
            message="a validation that was answered at once has an id",
        )


@ADDRESSES.rule("later-has-an-id", on=ANSWERED)
def an_answer_later_has_an_id(said: Said) -> Iterator[Mark]:
    """The id of a 201 that is not ready."""
    if said.status == _CREATED and isinstance(_state(said), str) and _state(said) != "ready":
        found = at(said.body, "/id")
        yield hold(
            "/id",
            given(found),
            expected="an id",
            found=found,
            message="a validation whose answer is to come has no id by which it could be read",
        )


@ADDRESSES.rule("MEF121-R15", on=SHOWN)
def the_question_is_repeated(said: Said) -> Iterator[Mark]:
    """The question in the answer, and in each read of a validation, against the request. The Seller may add."""
    life = said.run.life(KIND, said.exchange.path_params.get("id")) if said.exchange.operation == READ else None
    asked = said.asked if said.exchange.operation == CREATE else life.request if life else None
    sent = common.only(asked, ("instantSyncValidation", SUBMITTED[1:]))
    if isinstance(sent, dict) and isinstance(said.body, dict):
        yield from common.echo_marks(sent, said.body, "", free=("href",), grows=WAYS)


@ADDRESSES.rule("found-address", on=SHOWN)
def what_is_found_is_told(said: Said) -> Iterator[Mark]:
    """A representation of each address that was found; the contract sees to the rest."""
    for place, address in found_in(said.body):
        yield (
            FINE
            if ways(address)
            else breach(place, "a representation", MISSING, f"{place} has no representation: nothing says where it is")
        )


ADDRESSES.add(
    "MEF121-R18",
    no_match_is_an_answer,
    on=responses(API, CREATE, statuses=ANY_STATUS),
    about="an address that nobody knows: answered with success and without addresses, not refused as not found",
)


@ADDRESSES.rule("best-is-no-alternate", on=SHOWN)
def the_best_match_is_no_alternate(said: Said) -> Iterator[Mark]:
    """The id of the best match, against those of the alternates."""
    best = at(said.body, f"{BEST}/id")
    for place, identifier in every(said.body, f"{OTHERS}/*/id"):
        if isinstance(best, str) and isinstance(identifier, str):
            yield hold(
                place,
                identifier != best,
                expected="another address",
                found=identifier,
                message=f"{place} is {identifier}, which is the best match",
            )


@ADDRESSES.rule(name="doubles", on=SHOWN)
def no_alternate_stands_twice(said: Said) -> Iterator[Mark]:
    """The ids of the alternates: none of them is there twice."""
    seen: dict[str, str] = {}
    for place, identifier in every(said.body, f"{OTHERS}/*/id"):
        if isinstance(identifier, str):
            first = seen.setdefault(identifier, place)
            yield hold(
                place,
                first == place,
                expected="an id of its own",
                found=identifier,
                message=f"{place} is the address {identifier}, as is {first}",
            )


common.too_many_is_422(ADDRESSES, "MEF121-R19", CREATE)

_OUTSIDE: Final = re.compile(r"\barea of validation\b|\bvalidation area\b|\bout(side)?\b.{0,40}\barea\b", re.IGNORECASE)


@ADDRESSES.rule("outside-is-422", on=responses(API, CREATE, statuses=REFUSED))
def what_is_outside_is_refused_as_another_issue(said: Said) -> Iterator[Mark]:
    """Refusals whose reason or message says that the address is out of an area; nothing else tells such from others."""
    for pattern in ("", "/*"):
        for place, issue in every(said.body, pattern):
            words = [issue.get(name) for name in ("reason", "message")] if isinstance(issue, dict) else []
            if any(isinstance(text, str) and _OUTSIDE.search(text) for text in words):
                code, unprocessable = issue.get("code", MISSING), said.status == 422  # noqa: PLR2004
                yield hold(
                    f"{place}/code" if unprocessable else "",
                    unprocessable and code == "otherIssue",
                    expected="422 with otherIssue",
                    found=code if unprocessable else said.status,
                    message=f"an address out of the area was answered {said.status} with {code or 'no code'}; "
                    "expected 422 with otherIssue",
                )


@ADDRESSES.rule("whole-validation", on=responses(API, READ))
def a_validation_is_read_whole(said: Said) -> Iterator[Mark]:
    """The id of a validation that is read, and, once it was ready, the addresses that it showed then."""
    if not isinstance(said.body, dict):
        return
    found = at(said.body, "/id")
    yield hold("/id", given(found), expected="the id", found=found, message="the validation that is read has no id")
    life = said.run.life(KIND, said.exchange.path_params.get("id"))
    earlier = life.last_before(said.exchange) if life else None
    if earlier is None or at(earlier.value, "/state") != "ready" or _state(said) != "ready":
        return
    for place in (BEST, OTHERS):
        before, now = at(earlier.value, place), at(said.body, place)
        if given(before):
            yield hold(
                place,
                given(now),
                expected=before,
                found=now,
                message=f"{place} was there in exchange {earlier.exchange.n}, and is gone",
            )


common.unknown_is_404(ADDRESSES, "unknown-validation", READ, KIND)
common.stays(ADDRESSES, (), KIND, name="validation-stays")
common.keeps_id(ADDRESSES, (), KIND, name="validation-id")
common.goes_legally(ADDRESSES, (), common.Machine(KIND), on=shows(API, KIND))
