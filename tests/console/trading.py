"""A buyer of one UNI at a seller that takes its time: what it sends over HTTP, and what it is told."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.cli.partner_buyer import ADDRESS, BASE, UNI, contact, days
from tests.console.served import Answer, ask

DAY = 86_400
SLOW = {
    "intervals": {
        "poq": {"start": DAY, "finish": DAY},
        "quote": {"start": DAY, "finish": DAY},
        "order": {"assess": DAY, "work": 5 * DAY, "cancellation": DAY},
    }
}
TERM = {"name": "A year", "duration": {"amount": 12, "units": "calendarMonths"}, "endOfTermAction": "autoRenew"}
JSON = {"Content-Type": "application/json;charset=utf-8"}


class Buyer:
    """Calls a seller below one run."""

    def __init__(self, seller: str, run: str) -> None:
        self.run, self.root = run, f"{seller}/r/{run}"

    def ask(self, api: str, path: str, method: str = "GET", body: Any = None) -> Answer:
        return ask(f"{self.root}{BASE[api]}{path}", method, body, **(JSON if body is not None else {}))

    def state(self, api: str, path: str) -> str:
        return str(self.ask(api, path).json["state"])

    def poq(self) -> str:
        body = {
            "instantSyncQualification": False,
            "requestedPOQCompletionDate": days(7),
            "provideAlternative": False,
            "relatedContactInformation": [contact("buyerContactInformation")],
            "productOfferingQualificationItem": [{"id": "1", "action": "add", "product": self._product()}],
        }
        return self._made("poq", "/productOfferingQualification", body)

    def quote(self) -> str:
        contacts = [contact("quoteItemTechnicalContact"), contact("quoteItemLocationContact")]
        item = {"id": "1", "action": "add", "product": self._product(), "requestedQuoteItemTerm": TERM,
                "relatedContactInformation": contacts}  # fmt: skip
        body = {
            "buyerRequestedQuoteLevel": "firm",
            "instantSyncQuote": False,
            "requestedQuoteCompletionDate": days(7),
            "relatedContactInformation": [contact("buyerContactInformation")],
            "quoteItem": [item],
        }
        return self._made("quote", "/quote", body)

    def order(self) -> str:
        roles = ("buyerProductOrderItemContact", "buyerImplementationContact", "buyerTechnicalContact",
                 "orderItemServiceSiteContact")  # fmt: skip
        item = {
            "id": "1",
            "action": "add",
            "product": self._product(),
            "requestedCompletionDate": days(45),
            "expediteIndicator": False,
            "billingAccount": {"id": "acct-001"},
            "requestedItemTerm": TERM,
            "relatedContactInformation": [contact(role) for role in roles],
        }
        body = {
            "externalId": "console",
            "relatedContactInformation": [contact("productOrderContact")],
            "productOrderItem": [item],
        }
        return self._made("order", "/productOrder", body)

    def cancel(self, order: str) -> str:
        body = {
            "productOrder": {"productOrderId": order},
            "cancellationReason": "Not needed any longer",
            "relatedContactInformation": [contact("cancelProductOrderContact")],
        }
        return self._made("order", "/cancelProductOrder", body)

    def subscribe(self, api: str, callback: str) -> str:
        return self._made(api, "/hub", {"callback": callback})

    def _made(self, api: str, path: str, body: Any) -> str:
        answer = self.ask(api, path, "POST", body)
        assert answer.status == 201, answer.body
        return str(answer.json["id"])

    def _product(self) -> dict[str, Any]:
        sent = {"provideAlternative": True, "submittedGeographicAddress": ADDRESS}
        found = self.ask("address", "/geographicAddressValidation", "POST", sent).json
        place = {"@type": "GeographicAddressRef", "role": "INSTALL_LOCATION",
                 "id": found["bestMatchGeographicAddress"]["id"]}  # fmt: skip
        return {"productOffering": {"id": "uni-1g"}, "productConfiguration": UNI, "place": [place]}


class Ear:
    """Hears notifications, and keeps the types and ids that they tell of."""

    def __init__(self) -> None:
        heard: list[tuple[str, str]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                heard.append((body["eventType"], body["event"]["id"]))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.heard = heard
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.callback = f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
