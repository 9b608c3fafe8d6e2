"""A buyer who does what a right buyer may do, at a seller of ours, on a virtual clock; every exchange is kept."""

from __future__ import annotations

import copy
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote as quoted
from urllib.parse import urlencode

from emulator.judge.judge import Judgement, judge
from emulator.record.call import ApiError, Call, Reply
from emulator.record.exchange import Exchange, Party, Request, Response, Transcript
from emulator.record.payload import dump
from emulator.standard.declared import Declared
from tests.parties import ordering

ENNI = {"id": "prod-enni", "relationshipType": "CONNECTS_TO_ENNI"}
UNI = {"id": "prod-uni", "relationshipType": "CONNECTS_TO_UNI"}
PRODUCTS = {
    "prod-enni": ordering.installed("uni-1g", ordering.UNI_CONFIGURATION),
    "prod-ael": ordering.installed("ael-100", ordering.AEL_CONFIGURATION, productRelationship=[UNI, ENNI]),
}
JSON = (("Content-Type", "application/json;charset=utf-8"),)


def exchange_of(call: Call, method: str, url: str, at: datetime, reply: Reply) -> Exchange:
    """A call and its answer, as they would have crossed the wire."""
    sent, answered = (b"" if each is None else dump(each) for each in (call.body, reply.body))
    return Exchange(
        n=0,
        at=at,
        elapsed_ms=1.0,
        sender=Party.BUYER,
        receiver=Party.SELLER,
        request=Request(JSON if sent else (), sent, method, url),
        response=Response((*(JSON if answered else ()), *reply.headers.items()), answered, reply.status),
        api=call.api,
        kind="management",
        operation=call.operation,
        path_params=call.path,
    )


class Trader(ordering.Talk):
    """A conversation whose exchanges can be judged."""

    def __init__(self, folder: Path, **behaviour: Any) -> None:
        super().__init__(folder, PRODUCTS, **behaviour)
        self.transcript = Transcript()

    def ask(
        self,
        operation: str,
        body: Any = None,
        *,
        api: str = "productOrder",
        id: str | None = None,  # noqa: A002 - the path parameter's name
        run: str = "",
        **query: str,
    ) -> Reply:
        """Call the seller and keep the exchange."""
        contract = self.release.contract(api)
        known = contract.operation(operation)
        path = {"id": id} if id is not None else {}
        asked = {name.replace("__", "."): value for name, value in query.items()}
        base = f"http://seller.example{contract.base_path}"
        call = Call(
            api, "management", operation, path, {n: [v] for n, v in asked.items()}, {}, copy.deepcopy(body), run, base
        )
        at = self.clock.now()
        try:
            reply = self.seller.answer(call)
        except ApiError as error:
            reply = Reply(error.status, error.body)
        url = base + known.path.replace("{id}", quoted(id or "", safe="")) + (f"?{urlencode(asked)}" if asked else "")
        self.transcript.add(exchange_of(call, known.method, url, at, reply))
        return reply

    def judged(self) -> Judgement:
        """What the judge says of it all."""
        return judge(self.transcript, self.release, declared=Declared(buyers=(), sellers=()))
