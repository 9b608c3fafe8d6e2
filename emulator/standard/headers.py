"""Media types and declared headers of a message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from emulator.record.call import ErrorCode
from emulator.record.exchange import Message
from emulator.standard.breach import Breach, Check
from emulator.standard.query import scalar_problem

_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^";\s]+)"?', re.IGNORECASE)


@lru_cache(256)
def is_json_type(content_type: str) -> bool:
    """Whether a Content-Type means `application/json` in UTF-8, however it is spelt.

    `application/problem+json` and its like are media types of their own; no contract lists them.
    """
    if content_type.partition(";")[0].strip().lower() != "application/json":
        return False
    charset = _CHARSET.search(content_type)
    return charset is None or charset.group(1).lower().replace("_", "-") in {"utf-8", "utf8", "us-ascii"}


def media_type_breaches(message: Message, *, any_type: bool) -> list[Breach]:
    """A breach where a body is not labelled as the contract says (`application/json;charset=utf-8`)."""
    content_type = message.header("content-type")
    if any_type or (content_type is not None and is_json_type(content_type)):
        return []
    what = "has no Content-Type" if content_type is None else "is not labelled as JSON"
    return [
        Breach("", "application/json;charset=utf-8", content_type or "", f"the body {what}", Check.HEADER,
               ErrorCode.INVALID_FORMAT)
    ]  # fmt: skip


def header_breaches(declared: Mapping[str, Any], message: Message) -> list[Breach]:
    """Breaches of the declared headers that are present; all of them are optional in the contracts."""
    found = []
    for name, header in declared.items():
        text = message.header(name)
        if text is None:
            continue
        wanted = scalar_problem(header.get("schema") or {}, text.strip())
        if wanted:
            found.append(
                Breach("", wanted, text, f"the header {name} must be {wanted}", Check.HEADER, ErrorCode.INVALID_FORMAT)
            )
    return found
