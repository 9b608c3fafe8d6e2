"""What is compared: our seller, the bare limit, and the peers that are installed here.

A peer is looked for in the folder that OIT_BENCH_PEERS names (`node_modules` of an `npm install`), then on the path.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from emulator.record.payload import dump
from emulator.standard.release import load_release
from tests.bench.message import PATH, acknowledged, bare_of_types, request

ROOT: Final = Path(__file__).resolve().parents[2]
PEERS: Final = "OIT_BENCH_PEERS"
OURS: Final = "oit seller"
BARE: Final = "bare limit"
PRISM: Final = "Prism mock"
LATER: Final = "extends: wholesale-seller\nintervals: {poq: {start: 3600, finish: 3600}}\n"
"""A seller whose answers are due in an hour: its timers are stored, and do not go off while we measure."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A server that can be started: `command(port, folder)` serves until it is killed; the folder is its own.

    `path` is where POQs are; `body` is what it is sent. `upstream` is a server that it stands before. `client` is who has to
    ask it for a token first, id and secret.
    """

    name: str
    version: str
    command: Callable[[int, Path], list[str]]
    path: str = PATH
    body: Callable[[], dict[str, Any]] = request
    environment: Mapping[str, str] = field(default_factory=dict)
    remark: str = ""
    client: tuple[str, str] | None = None
    upstream: Callable[[int], list[str]] | None = None


@dataclass(frozen=True, slots=True)
class Absent:
    """A peer that is not installed, and how to get it."""

    name: str
    install: str


def ours(*more: str, name: str = OURS, profile: str = LATER, remark: str = "") -> Contender:
    """Our seller on an SQLite file."""

    def command(port: int, folder: Path) -> list[str]:
        (folder / "profile.yaml").write_text(profile)
        return [
            sys.executable, "-m", "emulator", "seller", "--port", str(port), "--data", str(folder / "data"),
            "--profile", str(folder / "profile.yaml"), *more,
        ]  # fmt: skip

    version = f"{metadata.version('lso-oit')} (connexion {metadata.version('connexion')})"
    return Contender(name, version, command, remark=remark)


def secured() -> Contender:
    """The same, where each request needs a token: a JWT of RS256."""
    client, variable = ("bench", "a-secret-of-the-bench"), "OIT_BENCH_SECRET"
    clients = f"  clients: [{{id: {client[0]}, secret: 'env:{variable}'}}]\n"
    plain = ours(name="oit seller, secured", profile=f"{LATER}security:\n  kind: oauth2\n{clients}")
    return replace(plain, client=client, environment={variable: client[1]})


def bare() -> Contender:
    """Starlette, orjson, jsonschema-rs, and nothing kept."""
    version = " ".join(f"{name} {metadata.version(name)}" for name in ("starlette", "orjson", "jsonschema-rs"))
    return Contender(BARE, version, lambda port, _: [sys.executable, "-m", "tests.bench.bare", str(port)])


def contenders() -> list[Contender | Absent]:
    """Everybody, in the order of the tables."""
    return [
        ours(),
        ours(name="oit seller, timers due", profile="extends: wholesale-seller\n",
             remark="as it is shipped: each POQ goes on after 1 and 2 more seconds, while others are measured"),
        bare(),
        *_prism(),
        _mockoon(),
        *_wiremock(),
        _specmatic(),
    ]  # fmt: skip


# -- the peers -------------------------------------------------------------------------------------------


def _in_modules(path: str) -> Path | None:
    folder = os.environ.get(PEERS)
    found = Path(folder, "node_modules", path) if folder else None
    return found.absolute() if found and found.exists() else None


def _tool(name: str) -> str | None:
    found = _in_modules(f".bin/{name}")
    return str(found) if found else shutil.which(name)


def _npm_version(package: str, *command: str) -> str:
    manifest = _in_modules(f"{package}/package.json")
    if manifest:
        return str(json.loads(manifest.read_text())["version"])
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return (said.stdout or said.stderr).strip().splitlines()[-1][:40]


def _contract(folder: Path) -> str:
    """The contract as `oit specs export` writes it."""
    file = folder / "poq.openapi.json"
    if not file.exists():
        command = [sys.executable, "-m", "emulator", "specs", "export", "poq", "--format", "json"]
        file.write_bytes(subprocess.run(command, capture_output=True, check=True, cwd=ROOT, timeout=60).stdout)
    return str(file)


def _npm(package: str) -> str:
    return f"npm install --prefix FOLDER {package}, and {PEERS}=FOLDER"


def _prism() -> list[Contender | Absent]:
    tool = _tool("prism")
    if tool is None:
        return [Absent(PRISM, _npm("@stoplight/prism-cli"))]
    version = _npm_version("@stoplight/prism-cli", tool, "--version")
    # Prism leaves the base path of the contract's server out of its own.
    short = "/" + PATH.rpartition("/")[2]

    def mock(port: int, folder: Path) -> list[str]:
        return [tool, "mock", "-m", "false", "-h", "127.0.0.1", "-p", str(port), _contract(folder)]

    def proxy(port: int, folder: Path) -> list[str]:
        upstream = f"http://127.0.0.1:{port + 1}{PATH.rpartition('/')[0]}"
        return [
            tool, "proxy", "--errors", "-m", "false", "-h", "127.0.0.1", "-p", str(port), _contract(folder), upstream,
        ]  # fmt: skip

    return [
        Contender(PRISM, version, mock, short),
        Contender("Prism proxy", version, proxy, short, remark="with --errors, before the bare limit, which then checks nothing",
                  upstream=lambda port: [sys.executable, "-m", "tests.bench.bare", str(port + 1), "blind"]),
    ]  # fmt: skip


def _mockoon() -> Contender | Absent:
    tool = _tool("mockoon-cli")
    if tool is None:
        return Absent("Mockoon", _npm("@mockoon/cli"))

    def command(port: int, folder: Path) -> list[str]:
        return [tool, "start", "--data", _contract(folder), "--port", str(port), "--disable-log-to-file"]

    return Contender("Mockoon", _npm_version("@mockoon/cli", tool, "--version"), command)


def _wiremock() -> list[Contender | Absent]:
    jars = sorted((_in_modules("wiremock/build") or Path("/nonexistent")).glob("wiremock-standalone-*.jar"))
    jar = os.environ.get("OIT_BENCH_WIREMOCK") or (str(jars[-1]) if jars else None)
    if jar is None or not shutil.which("java"):
        return [Absent("WireMock", f"java, and {_npm('wiremock')} (or the standalone jar as OIT_BENCH_WIREMOCK)")]

    def command(port: int, folder: Path, *, checks: bool) -> list[str]:
        contract = load_release().contract("productOfferingQualification")
        body = contract.operation("createProductOfferingQualification").request
        assert body is not None
        shown = acknowledged(request(), "1")
        headers = {"Content-Type": "application/json;charset=utf-8"}
        create: dict[str, Any] = {"method": "POST", "urlPath": PATH}
        if checks:
            schema = dump(contract.bundle_of(body.root)).decode()
            create["bodyPatterns"] = [{"matchesJsonSchema": schema, "schemaVersion": "V7"}]
        stubs = {
            "create": {"request": create, "response": {"status": 201, "jsonBody": shown, "headers": headers}},
            "show": {
                "request": {"method": "GET", "urlPathPattern": PATH + "/[^/]+"},
                "response": {"status": 200, "jsonBody": shown, "headers": headers},
            },
        }
        (folder / "mappings").mkdir(exist_ok=True)
        for name, stub in stubs.items():
            (folder / "mappings" / f"{name}.json").write_bytes(dump(stub))
        return [
            "java", "-jar", jar, "--port", str(port), "--bind-address", "127.0.0.1", "--no-request-journal",
            "--disable-banner", "--root-dir", str(folder),
        ]  # fmt: skip

    version = Path(jar).stem.rpartition("-")[2]
    return [
        Contender("WireMock, plain stub", version, lambda port, folder: command(port, folder, checks=False)),
        Contender("WireMock, our schema", version, lambda port, folder: command(port, folder, checks=True),
                  remark="a stub that holds bodies against the JSON Schema of our contract, written for it"),
    ]  # fmt: skip


def _specmatic() -> Contender | Absent:
    jar = _in_modules("specmatic/specmatic.jar") or os.environ.get("OIT_BENCH_SPECMATIC")
    if jar is None or not shutil.which("java"):
        return Absent("Specmatic", f"java, and {_npm('specmatic')} (or its jar as OIT_BENCH_SPECMATIC)")

    def command(port: int, folder: Path) -> list[str]:
        return ["java", "-jar", str(jar), "stub", "--host", "127.0.0.1", "--port", str(port), _contract(folder)]

    return Contender(
        "Specmatic",
        _npm_version("specmatic", "java", "-jar", str(jar), "--version"),
        command,
        "/" + PATH.rpartition("/")[2],
        bare_of_types,
        {"EXTENSIBLE_SCHEMA": "true"},
        "a reduced request: it refuses product URNs as @type, and places",
    )
