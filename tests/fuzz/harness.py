"""Has children try cases. A child that ends in the middle of a case says what that case was."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.cli.processes import environment

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Failure:
    """A case that was not taken as it should: the same `seed` makes it again."""

    kind: str
    seed: int
    what: str

    def __str__(self) -> str:
        return f"{self.kind}, seed {self.seed} (python -m tests.fuzz {self.kind} --seed {self.seed} --cases 1):\n{self.what}"


def failures(kind: str, first: int, count: int) -> Iterator[Failure]:
    """The cases that fail, of those with these seeds."""
    last = first + count
    while first < last:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.fuzz.child", kind, str(first), str(last - first)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env={**environment(), "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        told, errors = process.communicate()
        begun = None
        for line in told.splitlines():
            said = json.loads(line)
            if said.get("warm"):
                raise AssertionError(f"{kind}: a file that is right is not taken: {said['warm']}")
            if "begins" in said:
                begun = said["begins"]
            elif "ends" in said:
                first, begun = said["ends"] + 1, None
                if said["wrong"]:
                    yield Failure(kind, said["ends"], said["wrong"])
        if begun is not None:
            yield Failure(kind, begun, f"the process ended ({process.returncode}: -27 is out of time): {errors[-500:]}")
            first = begun + 1
        elif process.returncode:
            raise AssertionError(f"{kind}: the child failed before a case: {errors[-3000:]}")
