"""What holds for all tests: none of them judges how long something takes, so hypothesis has no deadline either."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("oit", deadline=None)
settings.load_profile("oit")

_FIRST = ("test_shipped.py", "test_readme.py", "test_speed.py", "test_mutations.py", "test_crowd.py", "test_durable.py")
"""Files with tests that take long: they begin first, so that nobody waits for the last of them alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in _FIRST)
