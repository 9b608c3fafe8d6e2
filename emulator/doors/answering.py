"""The fourth link: a request meets its contract, and is refused, served or passed on; whatever fails is the standard's error."""

from __future__ import annotations

import logging
from typing import Final

from emulator.doors.aside import LIGHT, aside
from emulator.doors.dress import Dress
from emulator.doors.faults import Faults
from emulator.doors.refusing import ErrorPolicy, refusal_of
from emulator.doors.service import Service, call_of
from emulator.doors.visit import Visit
from emulator.record.call import ApiError, Reply, Unavailable, internal_error, outside_standard

_SOON: Final = 5
"""Seconds after which who gets a 503 may ask again."""
_log = logging.getLogger("oit.server")


class Answering:
    """Has requests answered by a party, but for those that break their contract: these are refused."""

    def __init__(self, service: Service, policy: ErrorPolicy, faults: Faults, dress: Dress) -> None:
        self._service, self._policy, self._faults, self._dress = service, policy, faults, dress

    async def __call__(self, visit: Visit) -> None:
        """Fill the visit's answer."""
        if visit.trouble and (instead := visit.trouble.instead()):
            self._give(visit, instead)
            return
        try:
            said = await self._said(visit)
            if visit.contract is not None and visit.operation is not None and not isinstance(said, ApiError):
                self._faults.carried_out(visit.contract.api, visit.operation, said.status)
            self._give(visit, said)
        except ApiError as error:
            self._give(visit, error)
        except Unavailable:
            self._give(visit, later())
        except Exception:  # noqa: BLE001 - whatever it is, the partner gets the standard's 500
            _log.exception("%s failed", visit.operation)
            self._give(visit, our_fault())

    def _give(self, visit: Visit, said: Reply | ApiError) -> None:
        reply = Reply(said.status, said.body, said.headers) if isinstance(said, ApiError) else said
        content = b"" if reply.body is None else self._dress.dump(reply.body, reply.written)
        visit.answer.give(reply, content, self._dress.media_type())

    async def _said(self, visit: Visit) -> Reply | ApiError:
        """What is answered; an objection to the request is given back and not raised: its traceback would hold the body."""
        contract, operation, request = visit.contract, visit.operation, visit.request
        assert contract is not None
        assert operation is not None
        # Who sends much has it looked through in a thread: others are served meanwhile.
        heavy = len(request.raw) > LIGHT
        asked = (self._policy, contract, operation, request)
        refused = await aside(refusal_of, *asked) if heavy else refusal_of(*asked)
        if refused is not None:
            return refused
        visit.call = call_of(visit)
        return self._service.answer(visit.call)


def later() -> ApiError:
    """For what cannot be done at the moment."""
    again = {"Retry-After": str(_SOON)}
    return outside_standard(
        503, "This cannot be done at the moment", "Nothing of it was kept: try it again later", again
    )


def our_fault() -> ApiError:
    """For what failed though it should not have."""
    return internal_error("The emulator failed on this request; its log has the reason")
