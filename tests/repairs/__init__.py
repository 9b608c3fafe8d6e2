"""A release with one API more, which no module of our seller knows, and a seller of it on a virtual clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from emulator.parties.clock import VirtualClock
from emulator.parties.profile import load_profile
from emulator.parties.seller import Seller
from emulator.record.call import ApiError, Call, Reply
from emulator.record.exchange import Response
from emulator.record.payload import dump
from emulator.settings import specs_dir
from emulator.standard.release import Release

FOLDER = Path(__file__).parent
"""The files of the API that is made up here."""
JSON = (("Content-Type", "application/json"),)
ROW = """
  {api}:
    alias: []
    guide: MADEUP
    title: Made up
    contracts:
      management: {{document: sonata/{api}/management.yaml, version: 1.0.0, base_path: /{api}/v1, servedBy: seller,
                   official: {api}.api.yaml}}
      notification: {{document: sonata/{api}/notification.yaml, version: 1.0.0, base_path: /{api}Notification/v1,
                     servedBy: buyer, official: {api}Notification.api.yaml}}
"""


def release_with(api: str, folder: Path, into: Path) -> Release:
    """Our release, and beside its APIs the one whose files are in the folder; it is put together in `into`."""
    specs = into / "specs"
    (specs / "sonata").mkdir(parents=True)
    (specs / "releases").mkdir()
    for path in specs_dir().iterdir():
        if path.name not in ("sonata", "releases", "profiles"):
            (specs / path.name).symlink_to(path)
    for path in (specs_dir() / "sonata").iterdir():
        (specs / "sonata" / path.name).symlink_to(path)
    (specs / "sonata" / api).symlink_to(folder)
    for path in (specs_dir() / "releases").glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        row = f"{ROW.format(api=api).strip(chr(10))}\n# Product payload schemas by"
        (specs / "releases" / path.name).write_text(text.replace("# Product payload schemas by", row), encoding="utf-8")
    return Release("grace", specs)


class Counter:
    """A buyer at the counter of a seller: what it is answered is valid by the contract."""

    def __init__(self, release: Release, api: str, overlay: Mapping[str, Any] | None = None, **made: Any) -> None:
        self.release, self.api = release, api
        self.clock = VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))
        self.seller = Seller(release, load_profile(overlay=overlay, release=release), self.clock, seed=1, **made)
        self.clock.attach(self.seller)

    def ask(self, operation: str, body: Any = None, *, path: str = "", held: bool = True, **query: str) -> Reply:
        """An answer, errors too; what is no error is `held` against the contract."""
        contract = self.release.contract(self.api)
        asked = {name.replace("__", "."): [value] for name, value in query.items()}
        url = f"http://seller.example{contract.base_path}"
        call = Call(self.api, "management", operation, {"id": path} if path else {}, asked, {}, body, "", url)
        try:
            reply = self.seller.answer(call)
        except ApiError as error:
            return Reply(error.status, error.body)
        raw = b"" if reply.body is None else dump(reply.body)
        headers = (*reply.headers.items(), *(JSON if raw else ()))
        assert not held or contract.response_breaches(operation, Response(headers, raw, reply.status)) == []
        return reply

    def told(self) -> list[tuple[str, str]]:
        """What a subscriber is owed since it was asked last: event types and ids."""
        store, found = self.seller.store, []
        for one in store.owed_due(self.clock.now(), 99, 1.0):
            owed = store.owed_to("", one.subscription)
            found += [(each.event, each.body["event"]["id"]) for each in owed]
            for each in owed:
                store.settle_owed(each.id, "delivered")
        return found
