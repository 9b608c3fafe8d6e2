"""Steps, exchanges and findings as rows of a report, as plain JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from emulator.judge.judge import RequirementVerdict
from emulator.judge.verdict import Finding
from emulator.record.exchange import Exchange, Message
from emulator.record.payload import MISSING, as_json
from emulator.record.secrets import MASK, masked_headers, secret_place
from emulator.record.secured import secured_json
from emulator.report.masking import clean_text, moment, plain
from emulator.report.played import StepInfo
from emulator.scenario.preparing import Preparation

Json = dict[str, Any]

MAX_FOUND: Final = 2_000
"""Characters of a finding's `expected` or `found` that are kept; the exchange holds the whole."""


def step_json(step: StepInfo) -> Json:
    """A step, as one of the report's `steps`."""
    return {
        "id": step.id,
        "kind": step.kind,
        "title": clean_text(step.title),
        "outcome": str(step.outcome),
        "blame": str(step.blame) if step.blame else None,
        "cause": str(step.cause) if step.cause else None,
        "message": clean_text(step.message),
        "operation": step.operation,
        "status": step.status,
        "elapsed_ms": round(step.elapsed_ms, 3),
        "exchanges": list(step.exchanges),
        "expectations": [
            {
                "what": clean_text(expectation.what),
                "met": expectation.met,
                "pointer": expectation.pointer,
                "expected": _short(expectation.pointer, expectation.expected),
                "found": _short(expectation.pointer, expectation.found),
                "message": clean_text(expectation.message),
            }
            for expectation in step.expectations
        ],
        "where": step.where,
        **({"covers": list(step.covers)} if step.covers else {}),
        **({"inputs": list(step.inputs)} if step.inputs else {}),
        **({"agreed": True} if step.agreed else {}),
    }


def exchange_json(exchange: Exchange, *, provoked: bool = False, spoilt: bool = False) -> Json:
    """An exchange as a report shows it, secrets masked."""
    row: Json = {
        "n": exchange.n,
        "at": moment(exchange.at),
        "elapsed_ms": round(exchange.elapsed_ms, 3),
        "from": str(exchange.sender),
        "to": str(exchange.receiver),
        "api": exchange.api,
        "kind": exchange.kind,
        "operation": exchange.operation,
        "step": exchange.step,
        "request": {
            "method": exchange.request.method,
            "url": clean_text(exchange.request.url),
            **_message(exchange.request),
        },
    }
    if exchange.response is not None:
        row["response"] = {"status": exchange.response.status, **_message(exchange.response)}
    else:
        fault = exchange.fault
        row["fault"] = {
            "kind": str(fault.kind) if fault else "unanswered",
            "message": clean_text(fault.message) if fault else "there is no response",
        }
    if exchange.release is not None:
        row["release"] = exchange.release
    if exchange.secured is not None:
        row["secured"] = plain(secured_json(exchange.secured))
    if exchange.leg is not None:
        row["leg"] = clean_text(exchange.leg)
    if exchange.relayed is not None:
        row["relayed"] = plain(exchange.relayed.masked().as_json())
    if provoked:
        row["provoked"] = True
    if spoilt:
        row["spoilt"] = True
    return row


def _message(message: Message) -> Json:
    """Headers and body; what JSON does not tell in full (unreadable, a member given twice, an integer beyond 64 bits) goes out as text."""
    parsed = message.parsed
    if not message.raw:
        body, encoding = None, "none"
    elif parsed.value is MISSING or parsed.duplicates or parsed.rounded:
        body, encoding = clean_text(message.raw.decode("utf-8", "replace")), "text"
    else:
        body, encoding = plain(parsed.value), "json"
    told: Json = {"headers": _headers(message), "body": body, "body_encoding": encoding}
    if (unknown := message.unknown) is not None:
        told["unread"] = {"kind": str(unknown.kind), "why": clean_text(unknown.why)}
    return told


def _headers(message: Message) -> Mapping[str, str]:
    """Headers as one object; those given several times are joined as RFC 9110, 5.3 allows."""
    spelled: dict[str, str] = {}
    joined: dict[str, str] = {}
    for name, value in masked_headers(message.headers):
        key = spelled.setdefault(name.lower(), plain(name))
        joined[key] = f"{joined[key]}, {clean_text(value)}" if key in joined else clean_text(value)
    return joined


def finding_json(finding: Finding) -> Json:
    """A finding as the report shows it."""
    return {
        "rule": finding.rule,
        "requirements": list(finding.requirements),
        "verdict": str(finding.verdict),
        "blame": str(finding.blame),
        "exchange": finding.exchange,
        "pointer": plain(finding.pointer),
        "expected": _short(finding.pointer, finding.expected),
        "found": _short(finding.pointer, finding.found),
        "message": _said(finding),
        **released(finding.release),
        **({"leg": finding.leg} if finding.leg is not None else {}),
    }


def requirement_json(row: RequirementVerdict) -> Json:
    """What a run says of a requirement."""
    told = {"id": row.id, "verdict": str(row.verdict), "exchanges": list(row.exchanges)}
    if row.why:
        told["why"] = row.why
    return {**told, **released(row.release)}


def released(name: str | None, release: str | None = None) -> Json:
    """The member that names the release of a row where it is not the run's."""
    return {"release": name} if name not in (None, release) else {}


def _said(finding: Finding) -> str:
    message = clean_text(finding.message)
    if secret_place(finding.pointer) and finding.found is not MISSING:
        message = message.replace(clean_text(str(finding.found)), MASK)
    return message


def _short(pointer: str, value: Any) -> Any:
    """A value as JSON, masked where its place is a secret's, cut where it is long."""
    if value is None or value is MISSING:
        return None
    if secret_place(pointer):
        return MASK
    said = plain(value)
    text = said if isinstance(said, str) else as_json(said, MAX_FOUND) if isinstance(said, dict | list) else ""
    if len(text) > MAX_FOUND:
        return text[:MAX_FOUND] + "…"
    return said


def preparation_json(row: Preparation) -> Json:
    """What a partner was had to do, secrets masked."""
    return {
        "behaviour": clean_text(row.behaviour),
        "deed": row.deed,
        "what": clean_text(row.what),
        "at": moment(row.at),
        "result": clean_text(row.result),
        "elapsed_ms": round(row.elapsed_ms, 3),
        **({"moved_seconds": round(row.seconds, 3)} if row.seconds else {}),
        **({"problem": clean_text(row.problem)} if row.problem else {}),
    }
