"""The one validator of messages and payloads: which dialect it speaks, with whose formats, and that it is done in time."""

from __future__ import annotations

from typing import Any

import jsonschema_rs

from emulator.standard.formats import CHECKERS
from emulator.standard.linear import SCHEMA_PATTERNS

Validator = jsonschema_rs.Draft201909Validator
"""Draft 2019-09 has every word of draft-07 in the same meaning (what stands beside a `$ref` never reaches it), and
`unevaluatedProperties` besides.
"""


def compiled(schema: dict[str, Any]) -> Validator:
    """A schema compiled, with our formats and in linear time. jsonschema_rs.ValidationError where it is none."""
    return Validator(schema, formats=CHECKERS, validate_formats=True, pattern_options=SCHEMA_PATTERNS)
