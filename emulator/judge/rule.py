"""The rule: code that looks at messages for breaches and decides nothing.

A rule yields a `Breach` for each thing that is wrong and `FINE` for each thing that it looked at and found
right. What it yields nothing about was not seen: a requirement never passes on silence. What follows from a
breach (fail, warning, disputed) is decided by `findings_of` from the requirement's keyword, from the
interpretation register and from what the partners declared.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from emulator.judge.run import Half, Run, Said
from emulator.judge.verdict import Blame, Finding, Verdict, blamed
from emulator.record.exchange import Exchange, Party
from emulator.record.payload import MISSING, as_json, hoped
from emulator.standard.breach import Breach, Check
from emulator.standard.kinds.load import ReleaseKinds
from emulator.standard.requirement import Aspect, Keyword, Requirement

LOG = logging.getLogger(__name__)

MAX_BREACHES: Final = 200
"""Breaches of one rule in one message that are listed; one more finding says that there are others."""


class _Fine(Enum):
    FINE = "fine"


FINE: Final = _Fine.FINE
"""What a rule yields for something that it looked at and found right."""

Mark = Breach | _Fine
"""What a rule yields."""


ANY_OPERATION: Final = "*"
"""Stands for every operation of an API, its notifications included."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Operations that only a release knows: those of a kind of resource by what they do with it (`views`), or, without a
    kind, the listeners of the API; with `items` those that are told of resources with items.
    """

    kind: str = ""
    views: tuple[str, ...] = ()
    items: bool = False

    def of(self, kinds: ReleaseKinds, api: str) -> tuple[str, ...]:
        """Their operationIds; none where the release does not have the kind."""
        if not self.kind:
            told = kinds.telling(api)
            return tuple(one.operation for one in told if not self.items or kinds.kind(one.kind).items)
        if self.kind not in kinds.kinds:
            return ()
        shown = kinds.kind(self.kind).views
        return tuple(operation for view in self.views for operation in shown.get(view, ()))


@dataclass(frozen=True, slots=True)
class Spot:
    """Messages of one operation, or of those that are chosen: requests, or responses with a status in `statuses`."""

    api: str
    operation: str | Chosen
    half: Half
    statuses: range = range(200, 300)

    def operations(self, kinds: ReleaseKinds) -> tuple[str, ...]:
        """The operations, as a release has them."""
        return (self.operation,) if isinstance(self.operation, str) else self.operation.of(kinds, self.api)


@dataclass(frozen=True, slots=True)
class On:
    """The messages that a rule looks at. `a | b` are those of both."""

    spots: tuple[Spot, ...]

    def __or__(self, other: On) -> On:
        return On((*self.spots, *other.spots))


ANY_STATUS: Final = range(100, 600)
REFUSED: Final = range(400, 500)


def requests(api: str, *operations: str) -> On:
    """The requests of these operations."""
    return On(tuple(Spot(api, operation, Half.REQUEST) for operation in operations))


def responses(api: str, *operations: str, statuses: range = range(200, 300)) -> On:
    """The responses of these operations; those of success unless `statuses` says otherwise."""
    return On(tuple(Spot(api, operation, Half.RESPONSE, statuses) for operation in operations))


SHOWING: Final = ("create", "retrieve", "patch", "list")
"""What operations do that show a resource."""


def shows(api: str, kind: str, *views: str, statuses: range = range(200, 300)) -> On:
    """The responses that show resources of a kind: to these views of it, or to any."""
    return On((Spot(api, Chosen(kind, views or SHOWING), Half.RESPONSE, statuses),))


def asks(api: str, kind: str, *views: str) -> On:
    """The requests of these views of a kind."""
    return On((Spot(api, Chosen(kind, views), Half.REQUEST),))


def tells(api: str, *, items: bool = False) -> On:
    """The notifications of an API; with `items` those about resources that have items."""
    return On((Spot(api, Chosen(items=items), Half.REQUEST),))


Look = Callable[[Said], Iterable[Mark]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule on single messages, each seen within the run so far.

    `id` is that of its first requirement, with a word behind it where several rules speak on one
    (`MEF115-R52`, `MEF115-R36.order`). `on` None means every message. `about` says in words what is
    looked at; `places` are patterns (`/quoteItem/*/state`) of what it looks at, where they are always the
    same. The last three are for a rule that notices breaches of several kinds: which requirements a breach
    hurts, on which a message lets the rule speak, and a finding's own rule id.
    """

    id: str
    requirements: tuple[str, ...]
    on: On | None
    look: Look
    about: str = ""
    places: tuple[str, ...] = ()
    half: Half | None = None
    touches: Callable[[Said, Breach], tuple[str, ...]] | None = None
    evidence: Callable[[Said, Sequence[Breach]], tuple[str, ...]] | None = None
    named: Callable[[Breach], str] | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """What a closing rule says: a mark about a message, or, without an exchange, about a party."""

    mark: Mark
    party: Party
    exchange: Exchange | None = None
    half: Half | None = None


def on_request(exchange: Exchange, mark: Mark) -> Remark:
    """A mark about the request of an exchange."""
    return Remark(mark, exchange.sender, exchange, Half.REQUEST)


def on_response(exchange: Exchange, mark: Mark) -> Remark:
    """A mark about the response of an exchange."""
    return Remark(mark, exchange.receiver, exchange, Half.RESPONSE)


def on_party(party: Party, mark: Mark) -> Remark:
    """A mark about what a party did, or left undone, over the whole run."""
    return Remark(mark, party)


@dataclass(frozen=True, slots=True)
class ClosingRule:
    """A rule on the whole run, asked once at its end."""

    id: str
    requirements: tuple[str, ...]
    look: Callable[[Run], Iterable[Remark]]
    about: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one rule made of one message: its findings, and the requirements it could speak on."""

    findings: tuple[Finding, ...]
    evidence: tuple[str, ...]


NOTHING: Final = Outcome((), ())


def apply(rule: Rule, said: Said) -> Outcome:
    """Let a rule look at a message. Never raises: a rule that does is an `error` of ours."""
    breaches: list[Breach] = []
    findings: list[Finding] = []
    looked = False
    try:
        for mark in rule.look(said):
            if not isinstance(mark, Breach):
                looked = True
                continue
            if len(breaches) == MAX_BREACHES:
                findings.append(_more(rule, said, breaches, findings))
                break
            breaches.append(mark)
            name = rule.named(mark) if rule.named else rule.id
            hurt = rule.touches(said, mark) if rule.touches else rule.requirements
            found = list(_findings(name, hurt, mark, blamed(said.author), said, said.run))
            looked = looked or bool(found)  # a breach of a reading that does not hold shows nothing
            findings += found
        if rule.evidence is not None:
            return Outcome(tuple(findings), rule.evidence(said, breaches))
        return Outcome(tuple(findings), rule.requirements) if looked else NOTHING
    except Exception as error:  # whatever a rule does wrong, the judging goes on
        LOG.debug("rule %s broke on exchange %s", rule.id, said.exchange.n, exc_info=True)
        return Outcome((*findings, _broken(rule.id, said.exchange, error)), ())


def close(rule: ClosingRule, run: Run) -> list[tuple[Remark | None, Outcome]]:
    """Let a rule look at a whole run: what it says of each message or party. Never raises."""
    told: list[tuple[Remark | None, Outcome]] = []
    try:
        for remark in rule.look(run):
            ours = {Half.REQUEST: run.provoked, Half.RESPONSE: run.spoilt}.get(remark.half) if remark.half else None
            if ours and remark.exchange and remark.exchange.n in ours:
                continue  # wrong on purpose
            findings: list[Finding] = []
            if isinstance(remark.mark, Breach):
                said = Said(run, remark.exchange, remark.half) if remark.exchange and remark.half else None
                findings = list(_findings(rule.id, rule.requirements, remark.mark, blamed(remark.party), said, run))
                if not findings:
                    continue  # a breach of a reading that does not hold shows nothing
            told.append((remark, Outcome(tuple(findings), rule.requirements)))
    except Exception as error:  # as above
        LOG.debug("rule %s broke at the end of the run", rule.id, exc_info=True)
        told.append((None, Outcome((_broken(rule.id, None, error),), ())))
    return told


def verdict_of(breach: Breach, requirements: Sequence[str], run: Run) -> tuple[Verdict, Blame | None] | None:
    """What follows from a breach, and whom to blame where it is not the author; None where nothing does.

    An option that the partners declared unused binds nobody.

    A breach by one reading of the standard counts where that reading holds: as `fail` where the partners
    declared it or the release leaves no other, as `disputed` where it is our default only.
    """
    if breach.reading is not None:
        interpretation, reading = breach.reading
        if not run.reads_as(interpretation, reading):
            return None
        if interpretation not in run.declared.readings and interpretation not in run.release.settled:
            return Verdict.DISPUTED, Blame.SPEC
    catalogue = run.release.numbered
    if breach.advisory and not _is_forbidden(breach, requirements, catalogue):
        return Verdict.WARNING, None
    known = [catalogue[identifier] for identifier in requirements if identifier in catalogue]
    if known and all(_waived(requirement, run) for requirement in known):
        return None
    if known and all(requirement.keyword in _SOFT for requirement in known):
        return Verdict.WARNING, None
    return Verdict.FAIL, None


def _is_forbidden(breach: Breach, requirements: Sequence[str], catalogue: Mapping[str, Requirement]) -> bool:
    """Whether a clause of the release forbids what others allow: a member that no schema names."""
    known = (catalogue[identifier] for identifier in requirements if identifier in catalogue)
    return breach.check is Check.UNKNOWN_MEMBER and any(each.aspect is Aspect.DEFINED for each in known)


def _waived(requirement: Requirement, run: Run) -> bool:
    """Whether a requirement binds only where an option is used that the partners declared unused."""
    option = requirement.if_supported
    return option is not None and run.declared.options.get(f"{requirement.guide}-{option}") is False


_SOFT: Final = (Keyword.SHOULD, Keyword.SHOULD_NOT)


def _findings(
    name: str, requirements: tuple[str, ...], breach: Breach, author: Blame, said: Said | None, run: Run
) -> Iterator[Finding]:
    verdict = verdict_of(breach, requirements, run)
    if verdict is not None:
        yield Finding(
            rule=name,
            requirements=requirements,
            verdict=verdict[0],
            blame=verdict[1] or author,
            exchange=said.exchange.n if said else None,
            pointer=breach.place,
            expected=breach.expected,
            found=breach.found,
            message=breach.message or sentence(breach),
        )


def _more(rule: Rule, said: Said, breaches: Sequence[Breach], findings: Sequence[Finding]) -> Finding:
    grave = any(not breach.advisory for breach in breaches) or any(each.verdict is Verdict.FAIL for each in findings)
    return Finding(
        rule=rule.id,
        requirements=(),
        verdict=Verdict.FAIL if grave else Verdict.WARNING,
        blame=blamed(said.author),
        exchange=said.exchange.n,
        message=f"there is more: only the first {MAX_BREACHES} breaches of this {said.half} are listed",
    )


def _broken(name: str, exchange: Exchange | None, error: Exception) -> Finding:
    return Finding(
        rule=name,
        requirements=(),
        verdict=Verdict.ERROR,
        blame=Blame.EMULATOR,
        exchange=exchange.n if exchange else None,
        message=f"not judged: our rule broke with {type(error).__name__} (the debug log has the trace)",
    )


_BRIEF: Final = 120
"""Characters of a value in a sentence."""


def sentence(breach: Breach) -> str:
    """A breach in one sentence, where the rule gave none."""
    return "".join(_words(breach))


def _words(breach: Breach) -> Iterator[str]:
    yield breach.place or "the body"
    yield " is missing" if breach.found is MISSING else f" is {as_json(breach.found, _BRIEF)}"
    if breach.expected is MISSING:
        yield ", which should not be there"
    elif breach.expected not in (None, ""):
        yield f"; expected {hoped(breach.expected, _BRIEF)}"
