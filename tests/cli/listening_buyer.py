"""A partner's buyer that is told of its quote: an HTTP server of its own, and httpx for its calls.

    python -m tests.cli.listening_buyer URL [WAY]

Subscribes, asks for a firm quote of a UNI, reads it when it is told that it has changed, and unsubscribes. WAY is
what it does wrong: `answers-200`, `answers-500`, `polls-after-unregister`, `changes-its-retry`, `repeats-at-once`,
`repeats-unheard`, `wrong-role`. A POST that is answered 503 it sends again after Retry-After.
"""

from __future__ import annotations

import contextlib
import json
import queue
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx

from tests.cli.partner_buyer import ADDRESS, BASE, UNI, contact, days

PATIENCE = 30.0
JSON = {"Content-Type": "application/json;charset=utf-8"}


class Buyer:
    """Its calls, and what it was told."""

    def __init__(self, url: str, way: str | None) -> None:
        self.way, self.told = way, queue.Queue[dict[str, Any]]()
        self.client = httpx.Client(base_url=url, timeout=PATIENCE, headers=JSON)
        buyer = self

        class Listener(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = {"answers-200": 200, "answers-500": 500}.get(str(way), 204)
                body = b"" if status == 204 else b"{}"
                self.send_response(status)
                if body:
                    self.send_header("Content-Type", JSON["Content-Type"])
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                buyer.told.put(event)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
        Thread(target=self.server.serve_forever, daemon=True).start()
        self.callback = f"http://127.0.0.1:{self.server.server_port}"

    def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        """Send it, and again while the seller is busy."""
        while True:
            try:
                answer = self.client.post(path, json=body)
            except httpx.HTTPError:
                if self.way != "repeats-unheard":
                    raise
                self.way = None
                continue
            if answer.status_code != 503:
                return answer
            if self.way != "repeats-at-once":
                time.sleep(float(answer.headers["Retry-After"]))
            if self.way == "changes-its-retry":
                body = {**body, "externalId": f"{body['externalId']}-again"}

    def subscribe(self, api: str, query: str) -> str:
        answer = self.post(f"{BASE[api]}/hub", {"callback": self.callback, "query": query})
        return f"{BASE[api]}/hub/{answer.raise_for_status().json()['id']}"

    def quote(self, place: str) -> dict[str, Any]:
        role = "quoteItemTechnician" if self.way == "wrong-role" else "quoteItemTechnicalContact"
        term = {"name": "A year", "duration": {"amount": 12, "units": "calendarMonths"}, "endOfTermAction": "autoRenew"}
        item = {
            "id": "uni",
            "action": "add",
            "requestedQuoteItemTerm": term,
            "relatedContactInformation": [contact(role), contact("quoteItemLocationContact")],
            "product": {
                "productOffering": {"id": "uni-1g"},
                "productConfiguration": UNI,
                "place": [{"@type": "GeographicAddressRef", "role": "INSTALL_LOCATION", "id": place}],
            },
        }
        return {
            "externalId": "bytes-0815",
            "buyerRequestedQuoteLevel": "firm",
            "instantSyncQuote": False,
            "requestedQuoteCompletionDate": days(7),
            "relatedContactInformation": [contact("buyerContactInformation")],
            "quoteItem": [item],
        }

    def buy(self) -> None:
        sent = {"provideAlternative": True, "submittedGeographicAddress": ADDRESS}
        found = self.post(f"{BASE['address']}/geographicAddressValidation", sent).raise_for_status().json()
        subscriptions = [
            self.subscribe("quote", "eventType=quoteStateChangeEvent"),
            self.subscribe("order", "eventType=productOrderStateChangeEvent"),
        ]
        made = self.post(f"{BASE['quote']}/quote", self.quote(found["bestMatchGeographicAddress"]["id"]))
        path = f"{BASE['quote']}/quote/{made.raise_for_status().json()['id']}"
        state = None
        while state != "approved.orderable":
            self.told.get(timeout=PATIENCE)
            state = self.client.get(path).raise_for_status().json()["state"]
        for each in reversed(subscriptions):
            self.client.delete(each).raise_for_status()
            if self.way == "polls-after-unregister" and "Ordering" in each:  # the other API's cannot be read
                for _ in range(3):
                    self.client.get(each)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.client.close()


def main(url: str, way: str | None = None) -> str | None:
    """What stopped it, None where nothing did; at the end the test bed is told that nothing more comes."""
    buyer, stopped = Buyer(url, way), None
    try:
        buyer.buy()
    except (httpx.HTTPError, queue.Empty) as error:
        stopped = f"{type(error).__name__}: {error}"
    with contextlib.suppress(httpx.HTTPError):  # where the run is over already, nobody listens
        buyer.client.post("/oit/done", json={})
    buyer.close()
    return stopped


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
