from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.doors.authority.secured import SECRETS, Served, profile_in, secured_seller


@pytest.fixture(scope="session", autouse=True)
def _known() -> Iterator[None]:
    """The secrets that profiles refer to."""
    os.environ.update(SECRETS)
    yield
    for name in SECRETS:
        os.environ.pop(name, None)


@pytest.fixture(scope="module")
def seller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with secured_seller(profile_in(tmp_path_factory.mktemp("secured"))) as served:
        yield served
