"""Each test of this folder has an empty home of imports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.standard.release import forget_releases


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of imports, which is not there yet."""
    folder = tmp_path / "home"
    monkeypatch.setenv("OIT_SDKS", str(folder))
    forget_releases()
    yield folder
    forget_releases()
