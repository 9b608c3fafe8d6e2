"""What holds for all tests: none of them judges how long something takes, so hypothesis has no deadline either.

A gate says the same of the same code: what is drawn is drawn alike each time. `OIT_EXPLORE=1` looks further.
"""

from __future__ import annotations

import gc
import itertools
import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.fable import fable

__all__ = ["fable"]

settings.register_profile("oit", deadline=None, derandomize="OIT_EXPLORE" not in os.environ)
settings.load_profile("oit")

# What somebody imported on this machine is no part of a test.
os.environ["OIT_SDKS"] = str(Path(__file__).parent / "no-sdks")

# What tests make is mostly gone at once, and contracts and rules stay: looking for cycles as often as usual costs a tenth.
gc.set_threshold(200_000, 20, 100)

_SLOW = {
    "test_shipped.py": 110,
    "test_sellers.py": 40,
    "test_readme.py": 35,
    "test_workers.py": 30,
    "test_sut_buyer.py": 30,
    "test_ends.py": 25,
    "test_speed.py": 25,
}
"""Files whose tests take long, and about how many seconds in all."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have each worker of xdist begin with its share of what takes long, so that nobody waits for the last of it alone."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    files: dict[str, list[pytest.Item]] = {name: [] for name in _SLOW}
    rest = []
    for item in items:
        files.get(item.path.name, rest).append(item)
    shares: list[list[pytest.Item]] = [[] for _ in range(workers)]
    loads = [0] * workers
    for name, seconds in _SLOW.items():
        least = loads.index(min(loads))
        shares[least] += files[name]
        loads[least] += seconds
    # So many in a row xdist gives each worker to begin with (`--dist worksteal`); who is done takes over what others have not begun.
    first = max(len(items) // workers, 2)
    spread = iter(rest)
    items[:] = [
        *(item for share in shares for item in [*share, *itertools.islice(spread, max(0, first - len(share)))]),
        *spread,
    ]
