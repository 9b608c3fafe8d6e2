"""What a question on availability is about can be anything that came: it is compared, and nothing breaks by it (MEF W160)."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.judge.rules.discovery.book import context_of


@pytest.mark.parametrize("value", [["add"], {"is": "add"}, 5, None])
def test_any_value_is_a_context(value: Any) -> None:
    one, same = (context_of({"action": value, "productRef": {"id": value}, "place": value}) for _ in range(2))
    assert hash(one) == hash(same)
    assert one == same
    assert one != context_of({"action": "add"})
