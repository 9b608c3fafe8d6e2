"""One message against its contract, told as an editor would: line, column, what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from emulator.errors import UserError, suggestion
from emulator.record.exchange import Request, Response
from emulator.record.payload import MISSING
from emulator.standard.breach import Breach, Check
from emulator.standard.contract import MEDIA_TYPE, Contract, Operation
from emulator.standard.json_places import place_of
from emulator.standard.release import Release


@dataclass(frozen=True, slots=True)
class Problem:
    """A breach with its place in the file; lines and columns count from 1."""

    breach: Breach
    line: int
    column: int

    def line_for(self, file: str) -> str:
        """`file:line:col: breach|warning [check] pointer: words`."""
        kind = "warning" if self.breach.advisory else "breach"
        pointer = self.breach.place or "/"
        return f"{file}:{self.line}:{self.column}: {kind} [{self.breach.check}] {pointer}: {self.breach.message}"

    def as_json(self, file: str) -> dict[str, Any]:
        return {
            "file": file,
            "line": self.line,
            "column": self.column,
            "pointer": self.breach.place,
            "severity": "warning" if self.breach.advisory else "breach",
            "check": str(self.breach.check),
            "code": str(self.breach.code),
            "expected": self.breach.expected,
            "found": None if self.breach.found is MISSING else self.breach.found,
            "message": self.breach.message,
        }


def find_operation(release: Release, operation: str, api: str | None, kind: str | None) -> tuple[Contract, Operation]:
    """The operation of that id. UserError where there is none, or several and no `api` to choose by."""
    contracts = [release.contract(api, kind)] if api else [c for c in release.contracts() if kind in (None, c.kind)]
    if api and kind is None and operation not in contracts[0].operations:
        contracts += [c for c in release.contracts() if c.api == contracts[0].api and c.kind == "notification"]
    found = [contract for contract in contracts if operation in contract.operations]
    if len(found) == 1:
        return found[0], found[0].operation(operation)
    if found:
        message = f"{operation} is an operation of several APIs; add --api " + " or --api ".join(c.api for c in found)
        raise UserError(message)
    names = [name for contract in contracts for name in contract.operations]
    near = suggestion(operation, names)
    hint = f" Did you mean {near!r}?" if near else f" Known: {', '.join(sorted(set(names)))}."
    message = f"{operation!r} is not an operation{f' of {contracts[0].api}' if api else ''}.{hint}"
    raise UserError(message)


def validate_message(contract: Contract, operation: Operation, raw: bytes, status: int | None) -> list[Problem]:
    """Every breach of a message: of the request, or of the response with `status`.

    UserError where the operation has no such message.
    """
    headers = (("content-type", MEDIA_TYPE),)
    if status is None:
        if operation.request is None:
            message = f"{operation.id} has no request body; for a response add --status {operation.success}"
            raise UserError(message)
        request = Request(headers=headers, raw=raw, method=operation.method, url=contract.base_path + operation.path)
        parsed, breaches = request.parsed, contract.request_breaches(operation.id, request)
        # A file has no query string: what is missing there is not the file's fault.
        breaches = [breach for breach in breaches if breach.check is not Check.QUERY]
    else:
        if status not in operation.responses:
            known = ", ".join(str(code) for code in operation.responses)
            message = f"{operation.id} lists no response {status}; it lists {known}"
            raise UserError(message)
        response = Response(headers=headers, raw=raw, status=status)
        parsed, breaches = response.parsed, contract.response_breaches(operation.id, response)
    places = place_of(raw, [breach.place for breach in breaches], parsed)
    return sorted(
        (Problem(breach, *places[breach.place]) for breach in breaches),
        key=lambda p: (p.line, p.column, p.breach.place),
    )
