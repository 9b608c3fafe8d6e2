"""What is wrong with a question by what it says alone: enough to refuse it."""

from __future__ import annotations

from typing import Any

from emulator.judge.rulebook import given
from emulator.judge.rules.discovery.book import AVAILABILITY, OF_CONTEXT, is_asked_for
from emulator.judge.run import Said
from emulator.record.exchange import Exchange
from emulator.record.payload import at
from emulator.standard.breach import Check


def fault_of(exchange: Exchange) -> str:
    """What makes a question one that cannot be answered (R10, R11, R14, R15, R27, R28); "" where nothing does."""
    body = exchange.request.body
    add, modify = is_asked_for(body, "add"), is_asked_for(body, "modify")
    available = exchange.operation == AVAILABILITY

    def has(member: str) -> bool:
        return given(at(body, f"/{member}"))

    if add and available and not has("productSpecification"):
        return "it names no productSpecification"
    if add and has("productRef"):
        return "it has a productRef although it adds a product"
    if modify and not has("productRef"):
        return "it has no productRef although it changes a product"
    beside = [member for member in OF_CONTEXT if has(member)] if modify and available else []
    return f"it changes a product and has {', '.join(beside)}" if beside else ""


def breaks_contract(said: Said) -> bool:
    """Whether the body of a request is none by the schemas of the interface, whoever made it."""
    exchange = said.exchange
    contract = said.run.release.contract(str(exchange.api), exchange.kind)
    found = contract.request_breaches(str(exchange.operation), exchange.request, advisory=False)
    return any(each.check in (Check.SCHEMA, Check.UNREADABLE) for each in found)


def has_errors(body: Any) -> bool:
    """Whether a refusal says why, as the contract's Error bodies do."""
    entries = body if isinstance(body, list) else [body]
    return bool(entries) and all(given(at(one, "/reason")) and given(at(one, "/code")) for one in entries)
