"""Load from wrk, which has to be installed: `apt-get install wrk`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CORES: Final = sorted(os.sched_getaffinity(0))
SERVER_CORE: Final = CORES[0] if len(CORES) > 1 else None
LOAD_CORE: Final = CORES[1] if len(CORES) > 1 else None
"""Server and load have a core each, where there are two."""
_SCRIPT: Final = Path(__file__).with_name("load.lua")


@dataclass(frozen=True, slots=True)
class Measured:
    """What wrk saw: requests per second, latencies in milliseconds, answers that were no 2xx or 3xx, broken ones."""

    rate: float
    p50: float
    p99: float
    refused: int
    broken: int


def pinned(command: Sequence[str], core: int | None) -> list[str]:
    """The command on one core, or as it is where there is none to choose."""
    return list(command) if core is None or not shutil.which("taskset") else ["taskset", "-c", str(core), *command]


def version() -> str | None:
    """The version of wrk, or None where there is none."""
    if not shutil.which("wrk"):
        return None
    said = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False).stdout
    return " ".join(said.split()[:2])


def drive(
    url: str,
    paths: Sequence[str],
    *,
    body: bytes | None = None,
    seconds: float,
    connections: int = 16,
    pin: bool = True,
    token: str = "",
) -> Measured:
    """Ask for the paths in turn, POST with a body and GET without, as fast as the answers come; with a `token`, where one is
    needed.
    """
    with tempfile.TemporaryDirectory(prefix="oit-bench-") as name:
        folder = Path(name)
        (folder / "paths").write_text("\n".join(paths) + "\n")
        (folder / "body").write_bytes(body or b"")
        done = subprocess.run(
            pinned(
                ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "10s",
                 "-s", str(_SCRIPT), url],
                LOAD_CORE if pin else None,
            ),
            capture_output=True, text=True, check=True, timeout=seconds + 60,
            env={
                **os.environ,
                "OIT_BENCH_METHOD": "GET" if body is None else "POST",
                "OIT_BENCH_BODY": "" if body is None else str(folder / "body"),
                "OIT_BENCH_PATHS": str(folder / "paths"),
                "OIT_BENCH_TOKEN": token,
            },
        )  # fmt: skip
    said = json.loads(done.stdout.strip().splitlines()[-1])
    return Measured(
        rate=said["requests"] / (said["microseconds"] / 1e6),
        p50=said["p50"] / 1000,
        p99=said["p99"] / 1000,
        refused=said["refused"],
        broken=said["broken"],
    )
