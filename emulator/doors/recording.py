"""The last link: an exchange is kept, refusals included, without the secrets in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from emulator.doors.aside import LIGHT, aside
from emulator.doors.receiving import KEPT_OF_UNREAD
from emulator.doors.visit import Visit
from emulator.record.exchange import (
    BESIDE,
    Exchange,
    Fault,
    Party,
    Request,
    Response,
    Transcript,
    masked_path,
    tokens_of,
)
from emulator.record.secured import AUTHORIZATION, Secured, with_tokens


class Recording:
    """Adds what comes to a party's door to the transcripts of its runs, as of a `leg` where there are several."""

    def __init__(self, party: Party, transcript_of: Callable[[str], Transcript], *, leg: str | None = None) -> None:
        self._party, self._transcript_of, self._leg = party, transcript_of, leg

    async def __call__(
        self, visit: Visit, at: datetime, elapsed_ms: float, outcome: Response | Fault, *, late: bool = False
    ) -> None:
        """Have the exchange kept. `late`: what it was to be kept with was not kept."""
        sent, contract = visit.request, visit.contract
        # Who sends much has it looked through in a thread: others are served meanwhile.
        secured = visit.secured if visit.relayed is not None else secured_by(visit, outcome)
        answered = len(outcome.raw) if isinstance(outcome, Response) else len(visit.answer.body)
        heavy = len(sent.raw) + answered + len(sent.url) > LIGHT
        request = await aside(_recordable, sent) if heavy else sent.masked()
        outcome = await aside(outcome.masked) if heavy else outcome.masked()
        is_beside = request.method in BESIDE
        self._transcript_of(visit.run).add(
            Exchange(
                n=0,
                at=at,
                elapsed_ms=round(elapsed_ms, 3),
                sender=self._party.other,
                receiver=self._party,
                request=request,
                response=outcome if isinstance(outcome, Response) else None,
                fault=outcome if isinstance(outcome, Fault) else None,
                api=contract.api if contract else None,
                release=contract.release if contract else None,
                kind=AUTHORIZATION if visit.duty else contract.kind if contract else None,
                operation=visit.duty or (None if is_beside else visit.operation),
                path_params={} if is_beside else masked_path(visit.path_params),
                run=visit.run or None,
                spoilt=visit.instead or (visit.trouble is not None and visit.trouble.spoils),
                leg=self._leg,
                relayed=visit.relayed.masked() if visit.relayed else None,
                secured=secured,
            ),
            late=late,
        )


def secured_by(visit: Visit, outcome: Response | Fault) -> Secured | None:
    """What is known of the security of what came to a door: its connection, and the tokens, of which nothing is masked yet."""
    return with_tokens(Secured(visit.handshake.facts) if visit.handshake else None, tokens_of(visit.request, outcome))


def _recordable(sent: Request) -> Request:
    """A large request as it is recorded: of one that nobody judges, since it holds too much, only the beginning."""
    if (unknown := sent.unknown) is not None:
        sent = replace(sent, raw=sent.raw[:KEPT_OF_UNREAD], unread=unknown)
    return sent.masked()
