"""Live consoles beside emulators, in processes of their own, and what a partner says to them."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cli.listening_buyer import Buyer
from tests.cli.partner_buyer import ADDRESS, BASE, Seller
from tests.cli.processes import ROOT, environment


class Caller(Seller):
    """A partner that opens a connection for each call: between two of them a browser may have its time."""

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        try:
            return super().ask(method, path, body)
        finally:
            self.connection.close()


@dataclass(frozen=True)
class Beside:
    """Where an emulator listens, and the console beside it."""

    url: str
    console: str

    def get(self, path: str) -> Any:
        """What the console answers."""
        with urllib.request.urlopen(self.console.rstrip("/") + path, timeout=10) as answer:
            return json.load(answer)

    def buyer(self, run: str | None = None) -> Caller:
        """A partner, at a path of its own where it is named."""
        return Caller(self.url + (f"/r/{run}" if run else ""))


@contextlib.contextmanager
def console(*arguments: str, port: str = "0") -> Iterator[Beside]:
    """`oit ARGUMENTS --console PORT`: gives the two addresses that it prints."""
    folder = tempfile.TemporaryDirectory(prefix="oit-", ignore_cleanup_errors=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "emulator", *arguments, "--console", port],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT,
        env={"OIT_DATA": folder.name, "PYTHONUNBUFFERED": "1", **environment()},
    )  # fmt: skip
    try:
        yield _addresses(process)
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
        process.kill()
        folder.cleanup()


def _addresses(process: subprocess.Popen[str]) -> Beside:
    """What a process says of where it listens; whatever it says afterwards is read and forgotten."""
    assert process.stdout is not None
    url = shown = None
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("console: "):
            shown = line.removeprefix("console: ").strip()
        elif line.startswith("http://"):
            url = line.strip()
        elif "our seller listens at " in line:
            url = line.partition("our seller listens at ")[2].partition(";")[0]
        if url and shown:
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return Beside(url, shown)
    raise AssertionError("".join(said))


def validate(seller: Seller, **more: Any) -> dict[str, Any]:
    """A buyer's first call, which is answered at once."""
    body = {"provideAlternative": True, "submittedGeographicAddress": ADDRESS, **more}
    found: dict[str, Any] = seller.ask("POST", BASE["address"] + "/geographicAddressValidation", body)
    return found


def quote(seller: Seller) -> str:
    """Asks for a firm quote of a UNI; gives its id."""
    place = validate(seller)["bestMatchGeographicAddress"]["id"]
    body = Buyer.quote(_RIGHT, place)
    return str(seller.ask("POST", BASE["quote"] + "/quote", body)["id"])


class _Right:
    way = None


_RIGHT: Any = _Right()


def slow_profile(folder: Path) -> Path:
    """A profile of a seller that takes an hour for each step of a quote."""
    path = folder / "slow.yaml"
    path.write_text("extends: wholesale-seller\nintervals:\n  quote: {start: 3600, finish: 3600}\n")
    return path
