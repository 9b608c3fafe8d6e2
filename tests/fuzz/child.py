"""Tries cases in a process of its own, which has limits: told on stdout before and after each, so that its end is a case's.

python -m tests.fuzz.child FORMAT FIRST COUNT
"""

from __future__ import annotations

import json
import os
import random
import re
import resource
import signal
import sys
import tempfile
import traceback
from pathlib import Path

from click.testing import CliRunner

from emulator.cli import main
from tests.fuzz.formats import FORMATS, Words
from tests.fuzz.spoiling import spoil

SECONDS = 2.0
"""Of processor time, that a command may take."""
ROOM = 500 * 1024 * 1024
"""Bytes that it may need beyond what the process has already."""
RIGHT = frozenset({0, 1, 2, 3, 5})
USAGE = 2


def case(kind: str, seed: int) -> bytes:
    """The file of a case: the same for the same seed."""
    rng = random.Random(f"{kind}/{seed}")
    chosen = FORMATS[kind]
    return spoil(rng.choice(chosen.right()), rng, lines=chosen.lines)


def problem(words: Words, file: Path) -> tuple[str, bool]:
    """What is wrong with how a command took a file, "" where nothing is; and whether it took it."""
    done = CliRunner(env={"OIT_DEBUG": "1", "NO_COLOR": "1"}).invoke(main, list(words), prog_name="oit")
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        return "".join(traceback.format_exception(done.exception)), False
    if done.exit_code not in RIGHT:
        return f"exit code {done.exit_code}: {done.stderr[-500:]}", False
    if "Traceback" in done.stderr:
        return done.stderr[-3000:], False
    told = done.stderr + done.stdout
    if done.exit_code == USAGE and not (file.name in told or re.search(r"\.(?:yaml|csv|json):\d+:", told)):
        return f"exit code 2 without a place: {done.stderr[-500:]}", False
    return "", done.exit_code != USAGE


def tried(kind: str, raw: bytes, folder: Path, seconds: float = 0) -> str:
    """What is wrong with how OIT takes a file, "" where nothing is. Each command has so many `seconds` of processor time."""
    file = folder / FORMATS[kind].name
    file.write_bytes(raw)
    for words in FORMATS[kind].commands(file):
        if seconds:
            signal.setitimer(signal.ITIMER_PROF, seconds)
        wrong, taken = problem(words, file)
        if wrong:
            return f"oit {' '.join(words)}\n{wrong}"
        if not taken:
            break
    return ""


def serve(kind: str, first: int, count: int) -> None:
    with tempfile.TemporaryDirectory(prefix="oit-fuzz-") as name:
        folder = Path(name) / "work"
        folder.mkdir()
        os.chdir(folder)
        for right in FORMATS[kind].right():  # what is read once and for all is none of a case's
            print(json.dumps({"warm": tried(kind, right, folder)}), flush=True)
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + ROOM, resource.RLIM_INFINITY))
        for seed in range(first, first + count):
            raw = case(kind, seed)
            print(json.dumps({"begins": seed}), flush=True)
            wrong = tried(kind, raw, folder, SECONDS)
            signal.setitimer(signal.ITIMER_PROF, 0)
            print(json.dumps({"ends": seed, "wrong": wrong}), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
