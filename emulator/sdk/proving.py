"""Whether what was made of an SDK can be used: every schema compiled, alone and with its contract. What cannot is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from emulator.record.exchange import Party
from emulator.standard import bundle
from emulator.standard.contract import Contract, ContractEntry, Products
from emulator.standard.document import SpecError
from emulator.standard.formats import CHECKERS
from emulator.standard.linear import SCHEMA_PATTERNS
from emulator.standard.patterns import checkable

_ANY = ContractEntry("api", "management", "", "", "0", "/", Party.SELLER, "")


def payload_problems(files: Mapping[str, Any], urns: Mapping[str, str]) -> dict[str, str]:
    """Why payloads cannot be compiled, by URN; `urns` has the file of each, `files` what these hold with all they refer to."""
    roots = {urn: {"$ref": f"#/definitions/{bundle.product_definition('', path)}"} for urn, path in urns.items()}
    try:
        definitions = bundle.product_definitions(files)
    except SpecError as error:
        return dict.fromkeys(urns, str(error))
    # One by one only where not all can be.
    if not _problem({"anyOf": [*roots.values()] or [{}]}, definitions):
        return {}
    return {urn: problem for urn, root in roots.items() if (problem := _problem(root, definitions))}


def contract_problem(document: dict[str, Any]) -> str:
    """Why a contract cannot be compiled; `""` where it can."""
    try:
        contract = Contract(_ANY, "", document, (), Products({}, {}, {}))
        definitions = dict(contract.definitions)
        bodies = [
            body.root
            for operation in contract.operations.values()
            for body in (operation.request, *operation.responses.values())
            if body is not None
        ]
        roots = [contract.bundle_of(root) for root in dict.fromkeys(bodies)]
        every = [{key: value for key, value in root.items() if key != "definitions"} for root in roots]
        every += [{"$ref": f"#/definitions/{name}"} for name in definitions]
        return _problem({"anyOf": every or [{}]}, definitions)
    except (SpecError, ValueError, LookupError, TypeError, AttributeError) as error:
        return f"{type(error).__name__}: {error}"


def _problem(root: dict[str, Any], definitions: Mapping[str, dict[str, Any]]) -> str:
    try:
        checked = checkable({"": root, **definitions})
        jsonschema_rs.Draft7Validator(
            {**checked.pop(""), "definitions": checked},
            formats=CHECKERS,
            validate_formats=True,
            pattern_options=SCHEMA_PATTERNS,
        )
    except (ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        return str(error).partition("\n")[0][:300]
    return ""
