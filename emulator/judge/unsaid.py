"""What is to be said of messages that nobody has: bodies that are not known, answers that did not come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from emulator.judge.echoes import CONTRACT
from emulator.judge.run import Half, Said
from emulator.judge.verdict import Blame, Finding, Verdict, blamed
from emulator.record.coding import ACCEPTED
from emulator.record.exchange import Exchange, Unread, UnreadKind
from emulator.standard.breach import Check

_REFUSED_CODINGS: Final = ((UnreadKind.MISCODED, 400), (UnreadKind.CODING, 415))


def unread(said: Said, why: Unread) -> Iterator[Finding]:
    """What is to be said of a message whose body is not known: of a request's coding, and only where it was refused.

    Many codings are allowed, and nobody has to know all of them (RFC 9110, 8.4); a body that is not what its own header
    says is wrong by any reading.
    """
    miscoded = why.kind is UnreadKind.MISCODED
    if said.half is Half.REQUEST and (why.kind, said.status) in _REFUSED_CODINGS:
        yield Finding(
            rule=f"{CONTRACT}{Check.CODING}",
            requirements=(),
            verdict=Verdict.FAIL if miscoded else Verdict.WARNING,
            blame=blamed(said.author),
            exchange=said.exchange.n,
            expected=f"one of {ACCEPTED}, or none",
            found=said.exchange.request.coding,
            message=why.why,
        )


def unanswered(exchange: Exchange) -> Iterator[Finding]:
    """What is to be said of a request without an answer; nothing of one whose credentials we made wrong, as a connection without
    our certificate: the step that did it says whether that was a refusal.
    """
    if exchange.response is None and not (exchange.secured is not None and exchange.secured.flaw):
        fault = exchange.fault
        yield Finding(
            rule=f"transport.{fault.kind}" if fault else "transport.unanswered",
            requirements=(),
            verdict=Verdict.NOT_SEEN,
            blame=Blame.TRANSPORT,
            exchange=exchange.n,
            expected="a response",
            message=fault.message if fault else "there is no response",
        )
