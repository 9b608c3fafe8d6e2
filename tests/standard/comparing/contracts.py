"""Made-up contracts, as small as they can be."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from emulator.record.exchange import Party
from emulator.standard.comparing.alterations import ContractChange
from emulator.standard.comparing.documents import compare_documents

Schema = dict[str, Any]
EMPTY: Schema = {"type": "object"}


def contract(asked: Schema = EMPTY, answered: Schema = EMPTY, **schemas: Schema) -> dict[str, Any]:
    """One operation with a request body and an answer, and named schemas."""
    return {
        "openapi": "3.0.1",
        "info": {"title": "tea", "version": "1.0.0"},
        "paths": {
            "/tea": {
                "post": {
                    "operationId": "createTea",
                    "parameters": [{"in": "query", "name": "leaf", "schema": {"type": "string"}}],
                    "requestBody": {"required": True, "content": {"application/json": {"schema": asked}}},
                    "responses": {
                        "201": {"description": "made", "content": {"application/json": {"schema": answered}}},
                        "404": {"description": "no tea"},
                    },
                }
            }
        },
        "components": {"schemas": dict(schemas)},
    }


def changed(document: dict[str, Any], at: str, value: Any) -> dict[str, Any]:
    """A copy with another value at a place, whose parts are set apart by blanks; None takes away."""
    copy = deepcopy(document)
    *way, last = at.split()
    node: Any = copy
    for part in way:
        node = node[part]
    if value is None:
        del node[last]
    else:
        node[last] = value
    return copy


def compared(old: dict[str, Any], new: dict[str, Any], served_by: Party = Party.SELLER) -> list[ContractChange]:
    """Every change, of a management contract, or of a notification contract where the Buyer serves it."""
    kind = "management" if served_by is Party.SELLER else "notification"
    return list(compare_documents(old, new, kind, served_by))


def broken(changes: list[ContractChange]) -> set[str]:
    """Whom they break."""
    return {party.value for each in changes for party, _ in each.breaks}


def names(changes: list[ContractChange]) -> list[str]:
    """What they are, by the alphabet."""
    return sorted(each.what.value for each in changes)
