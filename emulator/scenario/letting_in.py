"""A case in which our buyer comes with credentials that are wrong: what the seller has to refuse, and how it does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from emulator.doors.client import Client
from emulator.doors.peer import Errand, Peer
from emulator.errors import UserError
from emulator.parties.clock import VirtualClock
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at
from emulator.scenario import answers
from emulator.scenario.answers import Ending
from emulator.scenario.events import ExchangeDone
from emulator.scenario.model import Call, Case, Step
from emulator.scenario.result import Outcome
from emulator.scenario.steps import Conversation, Outgoing, Record, body_of, compose, demands, transmit
from emulator.scenario.watchful import Watchful

AT_TOKENS: Final = "token_request"
"""The member of `credentials` that is about the token endpoint."""
_VIRTUALLY: Final = 86_400.0
"""Seconds that may pass where that takes no time."""
_BY_THE_DOOR: Final = range(300, 500)
"""Statuses of a redirect to where it is right, or of a refusal."""


def play_spoilt(talk: Conversation, step: Step, call: Call, case: Case, record: Record) -> Ending:
    """Send the request of a step with credentials that are wrong as the case says; it must be refused.

    Skipped where there is nothing that could be made wrong so. Raises Misfit and Stopped.
    """
    from emulator.doors.partner.spoiling import NothingToSpoil  # noqa: PLC0415 - heavy, and few cases are about it

    outgoing = compose(talk, step, call)
    client = talk.client.inner if isinstance(talk.client, Watchful) else talk.client
    url = client.peer.url(outgoing.source.api, outgoing.source.kind, outgoing.place)
    errand = Errand(outgoing.operation.method.upper(), url, outgoing.source.api, outgoing.operation.id, client.aside)
    try:
        if AT_TOKENS in case.credentials:
            return _asked_wrongly(talk, client.peer, errand, case, record)
        peer = _spoilt(talk, client.peer, errand, case)
    except NothingToSpoil as error:
        return Ending(Outcome.SKIPPED, str(error), blocks=False)
    except UserError as error:
        return Ending(Outcome.INCONCLUSIVE, f"there are no right credentials to begin with: {error}", "transport")
    with client.aside(peer) as other:
        exchange = _sent(talk, other, outgoing, record)
    return _ending(talk, outgoing, case, exchange, record)


def _spoilt(talk: Conversation, peer: Peer, errand: Errand, case: Case) -> Peer:
    from emulator.doors.partner.spoiling import Spoiler  # noqa: PLC0415 - as above

    longest = _VIRTUALLY if isinstance(talk.clock, VirtualClock) else talk.granted(talk.scenario.defaults.within)
    return Spoiler(peer, errand, talk.clock.now, talk.sleep, longest).spoilt(case.credentials)


def _sent(talk: Conversation, client: Client, outgoing: Outgoing, record: Record) -> Exchange:
    talk.stop.check()
    exchange = transmit(replace(talk, client=client), record.step, outgoing)
    _noted(talk, exchange, record)
    talk.clock.settle()
    return exchange


def _noted(talk: Conversation, exchange: Exchange, record: Record) -> None:
    record.exchanges.append(exchange.n)
    talk.provoked.add(exchange.n)
    status = exchange.response.status if exchange.response else None
    talk.on_event(ExchangeDone(record.step, exchange.n, str(exchange.operation), status))


def _ending(talk: Conversation, outgoing: Outgoing, case: Case, exchange: Exchange, record: Record) -> Ending:
    from emulator.doors.partner.spoiling import CONNECTION_WAYS  # noqa: PLC0415 - as above

    party, (way, wanted) = outgoing.source.served_by, *case.credentials.items()
    response = exchange.response
    if response is None and way in CONNECTION_WAYS:
        return _refused_at_once(talk, outgoing, exchange, record)
    if response is not None and way == "over" and wanted != "http":
        version = exchange.secured.tls.version if exchange.secured and exchange.secured.tls else wanted
        return Ending(Outcome.UNMET, f"the {party} took a connection by {version}, which is too old", party)
    if response is not None and way in CONNECTION_WAYS and response.status in _BY_THE_DOOR:
        return answers.PASSED  # what stands before the API may say it, in words of its own
    ending = answers.judged(exchange, case.status, party, refusal=True)
    if ending.outcome is Outcome.PASSED:
        talk.scope.exchange = exchange
        ending = demands(talk, case.expect, case.origin.part("/expect/body"), body_of(exchange), record, party)
    return ending


def _refused_at_once(talk: Conversation, outgoing: Outgoing, broken: Exchange, record: Record) -> Ending:
    """A connection that came to nothing was refused only if a right one comes about right after it."""
    talk.stop.check()
    right = transmit(talk, record.step, outgoing)
    record.exchanges.append(right.n)
    said = broken.fault.message if broken.fault else "no answer"
    if right.response is not None and right.response.status in range(200, 300):
        return Ending(Outcome.PASSED, f"refused before there was an answer ({said}); a right one was answered after it")
    return Ending(Outcome.INCONCLUSIVE, f"neither it nor a right one after it was answered: {said}", "transport")


def _asked_wrongly(talk: Conversation, peer: Peer, errand: Errand, case: Case, record: Record) -> Ending:
    """A token is asked for wrongly. It is refused with a status of 4xx, and no token."""
    from emulator.doors.partner.wrong_asking import WrongAsking  # noqa: PLC0415 - as above

    way = str(case.credentials[AT_TOKENS])
    done = WrongAsking(peer, errand, record.step).ask(way)
    for exchange in done:
        _noted(talk, exchange, record)
    exchange, party = done[-1], talk.scenario.sources[_source_of(talk, case)].served_by
    talk.scope.exchange = exchange
    if way == "unknown_scope" and _without_it(exchange):
        return Ending(Outcome.PASSED, "the scope was left out of what was granted (RFC 6749, 3.3)")
    status = exchange.response.status if exchange.response is not None else None
    if not case.expect and status in (case.status or range(400, 500)):
        return answers.PASSED  # a server that has nothing there for it may say so in any form
    ending = answers.judged(exchange, case.status, party, refusal=True)
    if ending.outcome is Outcome.PASSED:
        ending = demands(talk, case.expect, case.origin.part("/expect/body"), body_of(exchange), record, party)
    return ending


def _source_of(talk: Conversation, case: Case) -> str:
    step = talk.scenario.step(case.at)
    assert step is not None
    assert isinstance(step.action, Call)
    return step.action.source


def _without_it(exchange: Exchange) -> bool:
    """Whether a token was granted, and the scope left out: the answer says so, or the token itself does."""
    if exchange.response is None or exchange.response.status not in range(200, 300):
        return False
    scope = at(body_of(exchange), "/scope")
    if scope is MISSING:
        tokens = exchange.secured.tokens if exchange.secured is not None else ()
        claims = next((one.claims for one in tokens if one.where == "/access_token"), None)
        scope = MISSING if claims is None else claims.get("scope", "")
    return isinstance(scope, str) and "oit-no-such-scope" not in scope.split()


def credentials_problems(case: Case, step: Step | None) -> Iterator[str]:
    """What does not go together in a case with `credentials`, before anything is sent."""
    if step is not None and not isinstance(step.action, Call):
        where = case.origin.where("/credentials")
        yield f"{where}: '{case.at}' sends no request: credentials can be wrong at a step with 'call'"
    for key, given in (("patch", case.patch), ("query", case.query), ("path", case.path)):
        if given:
            yield f"{case.origin.where('/' + key)}: a case has one difference: '{key}' or 'credentials'"
    if case.issue:
        yield f"{case.origin.where('/expect/issue')}: 'issue' speaks of a body; what is refused here are credentials"
