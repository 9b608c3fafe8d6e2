"""Work that takes long is done beside the loop that serves others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, TypeVar

LIGHT: Final = 64 * 1024
"""Bytes of an exchange that is read, checked and looked through at once: a few milliseconds. A larger one is, beside the others."""
_ASIDE: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="oit-aside")
"""Where large bodies are read and checked, one after the other: so many of them are not in memory in pieces at a time."""

Done = TypeVar("Done")


async def aside(work: Callable[..., Done], *arguments: Any) -> Done:
    """What some work gives back that is done by the thread for it."""
    return await asyncio.get_running_loop().run_in_executor(_ASIDE, partial(work, *arguments))
