"""The contract is the rule: each message conforms to what the release says of its operation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from emulator.judge.fold import Fold
from emulator.judge.rule import Look, Mark, Rule
from emulator.judge.run import Half, Run, Said
from emulator.record.call import ErrorCode
from emulator.record.exchange import Exchange, Message
from emulator.record.payload import MISSING, at, dump
from emulator.standard.breach import Breach, Check
from emulator.standard.requirement import Aspect

if TYPE_CHECKING:
    from emulator.standard.contract import Contract


ASPECTS: Final[dict[Check, tuple[Aspect, ...]]] = {
    Check.UNREADABLE: (Aspect.PAYLOAD,),
    Check.DUPLICATE: (Aspect.PAYLOAD,),
    Check.SCHEMA: (Aspect.PAYLOAD,),
    Check.READ_ONLY: (Aspect.PAYLOAD,),
    Check.PRODUCT: (Aspect.PAYLOAD, Aspect.PRODUCT),
    Check.URN_ALIAS: (Aspect.PRODUCT_TYPE,),
    Check.UNCHECKED: (Aspect.PRODUCT,),
    Check.OPERATION: (Aspect.DEFINED,),
    # No numbered requirement speaks of these; the finding stands on the contract alone.
    Check.QUERY: (),
    Check.STATUS: (),
    Check.HEADER: (),
    Check.CODING: (),
    Check.UNKNOWN_MEMBER: (Aspect.DEFINED,),
}

PRODUCT_CONFIGURATION: Final = "productConfiguration"
TYPE: Final = "@type"


def operation_is_known(said: Said) -> Iterator[Mark]:
    """The request is one that the contract offers. What belongs to no contract at all is no matter of the standard's."""
    if said.exchange.operation is None and said.exchange.api is not None:
        call = f"{said.exchange.request.method} {said.exchange.request.path}"
        yield Breach(
            "",
            expected="an operation of the contract",
            found=call,
            message=f"{call} is no operation of any contract that is served here",
            check=Check.OPERATION,
        )


def request_conforms(said: Said) -> Iterable[Mark]:
    """The request is as the operation demands. A list is changed by sending it whole, so that what is wrong with an entry which
    stands in it as the other party has shown it is not the fault of who sends it back.
    """
    contract, operation = _contract(said), said.exchange.operation
    if contract is None or operation is None:
        return ()
    breaches = contract.request_breaches(operation, said.exchange.request)
    if said.exchange.request.method != "PATCH":
        return breaches
    return (breach for breach in breaches if not _was_told(said, breach))


def _was_told(said: Said, breach: Breach) -> bool:
    """Whether a breach lies in an entry of a list that was wrong as it was shown of the same resource."""
    entry = at(said.body, _entry_of(breach.place))
    identifier = said.exchange.path_params.get("id", "")
    return isinstance(entry, dict) and (identifier, dump(entry)) in said.run.known(_TOLD, before=said.exchange)


def _entry_of(place: str) -> str:
    """The pointer of the list's entry in which a place lies: its first two names."""
    return "/".join(place.split("/")[:3])


def _take_told(known: set[tuple[str, bytes]], run: Run, exchange: Exchange) -> None:
    identifier, response = exchange.path_params.get("id"), exchange.response
    if identifier is None or response is None or exchange.api is None or exchange.operation is None:
        return
    contract = run.release.contract(exchange.api, exchange.kind)
    for breach in contract.response_breaches(exchange.operation, response):
        entry = at(response.body, _entry_of(breach.place))
        if isinstance(entry, dict):
            known.add((identifier, dump(entry)))


_TOLD: Final[Fold[set[tuple[str, bytes]]]] = Fold(set, _take_told)
"""Entries of lists that were shown against their contract, by the id in the path; gathered once a change repeats such a one."""


def response_conforms(said: Said) -> Iterable[Mark]:
    """The response, an error included, is one that the operation declares. What is odd but allowed is not the fault
    of who only gives back what was sent.
    """
    contract, operation, response = _contract(said), said.exchange.operation, said.exchange.response
    if contract is None or operation is None or response is None:
        return ()
    return (
        breach
        for breach in contract.response_breaches(operation, response)
        if not (breach.check in _ECHOED and _was_sent(said, breach))
    )


_ECHOED: Final = frozenset({Check.UNKNOWN_MEMBER, Check.UNCHECKED, Check.URN_ALIAS})
"""Checks of what a Seller shows as it was asked for."""


def _was_sent(said: Said, breach: Breach) -> bool:
    """Whether what is odd in a response was as odd in a request: the same member with the same value."""
    value = at(said.body, breach.place)
    return value is not MISSING and (_name(breach), dump(value)) in said.run.known(_SENT)


def _name(breach: Breach) -> str:
    return breach.place.rpartition("/")[2]


def _take_sent(known: set[tuple[str, bytes]], run: Run, exchange: Exchange) -> None:
    if exchange.kind == "notification" or exchange.api is None or exchange.operation is None:
        return
    contract, request = run.release.contract(exchange.api, exchange.kind), exchange.request
    if not isinstance(request.body, dict):
        return
    for breach in contract.request_breaches(exchange.operation, request):
        if breach.check in _ECHOED and (value := at(request.body, breach.place)) is not MISSING:
            known.add((_name(breach), dump(value)))


_SENT: Final[Fold[set[tuple[str, bytes]]]] = Fold(set, _take_sent)
"""What was odd in requests; gathered from the first response on in which something is."""


def _contract(said: Said) -> Contract | None:
    exchange = said.exchange
    if exchange.api is None or exchange.operation is None:
        return None
    return said.run.release.contract(exchange.api, exchange.kind)


def touches(said: Said, breach: Breach) -> tuple[str, ...]:
    """The requirements that a breach hurts."""
    aspects = set(ASPECTS[breach.check])
    on_type = breach.place.endswith(f"/{PRODUCT_CONFIGURATION}/{TYPE}")
    if on_type and breach.check in (Check.SCHEMA, Check.PRODUCT):
        aspects = {Aspect.PAYLOAD, Aspect.PRODUCT_TYPE}
    if breach.check is Check.UNKNOWN_MEMBER and not _is_the_guides(breach.place):
        aspects = set()
    if not on_type and breach.check is Check.UNCHECKED:
        aspects = {Aspect.PAYLOAD}
    if breach.check is Check.SCHEMA and breach.code is ErrorCode.MISSING_PROPERTY:
        aspects.add(Aspect.REQUIRED)
    return _ids(said, aspects)


def _is_the_guides(place: str) -> bool:
    """Whether a guide says which members stand here: those of a product are its specification's, and parameters are none."""
    return not place.startswith("?") and f"/{PRODUCT_CONFIGURATION}/" not in place


def request_evidence(said: Said, _breaches: Sequence[Breach]) -> tuple[str, ...]:
    """What the request's body shows, where the operation has one."""
    contract, operation = _contract(said), said.exchange.operation
    if contract is None or operation is None or contract.operation(operation).request is None:
        return ()
    return _ids(said, _shown(said.exchange.request))


def response_evidence(said: Said, _breaches: Sequence[Breach]) -> tuple[str, ...]:
    """What the response's body shows, where the contract describes the body of this status."""
    contract, operation, response = _contract(said), said.exchange.operation, said.exchange.response
    if contract is None or operation is None or response is None:
        return ()
    if contract.operation(operation).responses.get(response.status) is None:
        return ()
    return _ids(said, _shown(response))


def _shown(message: Message) -> set[Aspect]:
    """The aspects on which a judged body lets us speak. No body, nothing said."""
    if not message.raw.strip():
        return set()
    aspects = {Aspect.PAYLOAD}
    # Without the word, and without escapes that may hide it, one object is all that can be shown.
    sought = _ALL if _WORD in message.raw or b"\\" in message.raw else _PLAIN
    stack: list[Any] = [message.body]
    while stack and len(aspects) < len(sought):
        node = stack.pop()
        if isinstance(node, list):
            stack += node
        elif isinstance(node, dict):
            aspects |= {Aspect.REQUIRED, Aspect.DEFINED}
            stack += node.values()
            product = node.get(PRODUCT_CONFIGURATION)
            if isinstance(product, dict):
                aspects.add(Aspect.PRODUCT_TYPE)
                if isinstance(product.get(TYPE), str):
                    aspects.add(Aspect.PRODUCT)
    return aspects


_WORD: Final = PRODUCT_CONFIGURATION.encode()
_PLAIN: Final = (Aspect.PAYLOAD, Aspect.REQUIRED, Aspect.DEFINED)
_ALL: Final = (*_PLAIN, Aspect.PRODUCT_TYPE, Aspect.PRODUCT)


def _ids(said: Said, aspects: Iterable[Aspect]) -> tuple[str, ...]:
    numbered = said.run.release.aspects.get(said.exchange.api or "", {})
    wanted = set(aspects)
    return tuple(identifier for aspect, identifier in numbered.items() if aspect in wanted)


def _named(breach: Breach) -> str:
    return f"contract.{breach.check}"


def _no_evidence(_said: Said, _breaches: Sequence[Breach]) -> tuple[str, ...]:
    return ()


def _rule(name: str, half: Half, look: Look, evidence: Callable[[Said, Sequence[Breach]], tuple[str, ...]]) -> Rule:
    return Rule(
        f"contract.{name}",
        (),
        None,
        look,
        look.__doc__ or "",
        half=half,
        touches=touches,
        evidence=evidence,
        named=_named,
    )


RULES: Final = (
    _rule("operation", Half.REQUEST, operation_is_known, _no_evidence),
    _rule("request", Half.REQUEST, request_conforms, request_evidence),
    _rule("response", Half.RESPONSE, response_conforms, response_evidence),
)
"""Findings are named after the check that noticed them: `contract.schema`, `contract.product` …"""
