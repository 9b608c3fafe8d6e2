"""Products of one's own: payload schemas by the value of `@type`, and what is known of each product beside its schema."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from emulator.standard.bundle import Definitions
from emulator.standard.product import ProductSheet

ANY: Final = ""
"""Stands for the APIs that have no schema of their own."""


@dataclass(frozen=True, slots=True)
class OwnPayload:
    """A product of one's own: the files that describe it by API (`ANY` for all others), and its sheet's."""

    type: str
    files: Mapping[str, Path]
    sheet: Path | None = None


@dataclass(frozen=True)
class OwnProducts:
    """Products of one's own, compiled. `schemas` has by `@type` and API the definition that describes it.

    `notes` say what was passed over in the schemas, `files` are all that were read.
    """

    payloads: tuple[OwnPayload, ...] = ()
    definitions: Definitions = field(default_factory=dict)
    schemas: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    sheets: Mapping[str, ProductSheet] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()

    @cached_property
    def digest(self) -> str:
        """Tells sets of products apart."""
        plain = {"definitions": self.definitions, "schemas": {k: dict(v) for k, v in self.schemas.items()}}
        text = json.dumps(plain, sort_keys=True) + repr(sorted(self.sheets.items()))
        return hashlib.sha256(text.encode()).hexdigest()


NO_PRODUCTS: Final = OwnProducts()
