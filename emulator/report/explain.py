"""A finding or a failed step told to a colleague, in a few lines of text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from emulator.judge.verdict import Finding
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, as_json, at, hoped
from emulator.report.masking import clean_text
from emulator.report.model import Report, exchange_of
from emulator.report.released import release_name, release_of
from emulator.settings import DEFAULT_RELEASE

_HOST: Final = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def printable(text: str, limit: int = 300) -> str:
    """One line that cannot move a cursor, change a colour or turn the direction of writing."""
    text = _UNPRINTABLE.sub(lambda bad: f"\\u{ord(bad.group()):04x}", text[: limit + 1])
    return text if len(text) <= limit else text[:limit] + "…"


def told(value: Any) -> str:
    """A JSON value in one line."""
    return printable(as_json(value))


def wanted(value: Any) -> str:
    """What was expected, in one line."""
    return printable(hoped(value))


def exchange_line(run: Report, n: int | None) -> str | None:
    """`Exchange 7: POST /cancelQuote was answered 422`, or None where there is no such exchange."""
    exchange = exchange_of(run, n)
    if exchange is None:
        return None
    request = exchange["request"]
    path = _HOST.sub("", request["url"]) or "/"
    if "response" in exchange:
        end = f"was answered {exchange['response']['status']}"
    else:
        end = f"was not answered ({exchange['fault']['kind']})"
    return f"Exchange {n}: {printable(request['method'], 20)} {printable(path)} {end}"


def whose(blame: str) -> str:
    """Blame in words."""
    return _WHOSE.get(blame, blame)


_WHOSE: Final = {
    "buyer": "the Buyer's",
    "seller": "the Seller's",
    "spec": "nobody's: the standard contradicts itself",
    "scenario": "the scenario's, or an input's: they say what we send",
    "inputs": "nobody's: what the run was given does not fit (data, credentials, address, profile)",
    "transport": "unknown: the message did not get through",
    "emulator": "ours: a mistake in OIT",
    "nobody": "nobody's",
}


def why(cause: str | None) -> str:
    """The cause of a step in words; "" where none is known."""
    return _WHY.get(cause or "", cause or "")


_WHY: Final = {
    "breach": "the breach that was found there",
    "agreed": "it was agreed on and not done",
    "request": "what we sent is wrong, and was rightly refused",
    "data": "the partner does not have what was named",
    "credentials": "the partner does not know our buyer: no credentials, or none that it takes",
    "no_api": "nothing of the standard answers there: another base path, or no such API",
    "unsupported": "the partner does not have this operation",
    "load": "the partner was too busy",
    "behaviour": "nobody asked this partner to behave so",
    "refused": "the partner refuses what we see nothing wrong in",
    "server_error": "the partner failed",
    "transport": "no answer came",
    "time": "the time that was granted is over",
    "interrupted": "the run was interrupted",
    "preparation": "the partner could not be had to do what the scenario needs",
    "expectation": "the standard allows the answer, and the scenario hopes for another",
}


def headline(run: Report, finding: Report) -> str:
    """What a finding is about: its requirements, or its rule where no requirement is named."""
    named = ", ".join(clause(run, identifier, finding) for identifier in finding["requirements"])
    leg = f", leg {finding['leg']}" if finding.get("leg") else ""
    return f"{named}, rule {finding['rule']}{leg}" if named else f"{finding['rule']}{leg}"


def clause(run: Report, identifier: str, row: Report | None = None) -> str:
    """A requirement with the section of its guide: `MEF115-R52 (section 7.2.1)`, and its release where `row` has another
    one than the run.
    """
    requirement = release_of(run, row).numbered.get(identifier)
    where = f"section {requirement.section}" if requirement else ""
    release = f"release {row['release']}" if row and row.get("release") else ""
    told = ", ".join(part for part in (where, release) if part)
    return f"{identifier} ({told})" if told else identifier


def hint(run: Report, finding: Report) -> str:
    """The command that tells more about what a finding is about."""
    release = release_name(run, finding)
    option = "" if release in ("", DEFAULT_RELEASE) else f" --release {release}"
    return f"oit explain {next(iter(finding['requirements']), finding['rule'])}{option}"


def requirement_counts(run: Report) -> str:
    """How many requirements a run says what of; after the semicolon, those of which it says nothing."""
    counted = Counter(str(row["verdict"]) for row in run["requirements"])
    said = _counted(counted, ("pass", "fail", "error", "disputed", "warning"))
    silent = _counted(counted, ("not_seen", "not_applicable"))
    return "; ".join(part for part in (said or "none judged", silent) if part)


def _counted(counted: Counter[str], verdicts: Iterable[str]) -> str:
    return ", ".join(f"{counted[verdict]} {verdict.replace('_', ' ')}" for verdict in verdicts if counted[verdict])


def finding_lines(run: Report, finding: Report) -> Iterator[str]:
    """A finding without its headline: which exchange, what, where, hoped for and found, whose."""
    line = exchange_line(run, finding["exchange"])
    if line:
        yield line
    if finding["message"]:
        yield printable(finding["message"])
    if finding["pointer"]:
        yield f"at:       {printable(finding['pointer'])}"
    if finding["expected"] is not None:
        yield f"expected: {wanted(finding['expected'])}"
    if finding["found"] is not None:
        yield f"found:    {told(finding['found'])}"
    yield f"whose:    {whose(finding['blame'])}"


def step_lines(run: Report, step: Report) -> Iterator[str]:
    """Why a step did not pass."""
    for line in step["message"].splitlines():  # a timeline has several
        yield printable(line)
    for expectation in step["expectations"]:
        if not expectation["met"]:
            place = f" at {printable(expectation['pointer'])}" if expectation["pointer"] else ""
            said = (
                printable(expectation["message"])
                if expectation["message"]
                else (f"expected {wanted(expectation['expected'])}, found {told(expectation['found'])}")
            )
            yield f"{printable(expectation['what']) or 'the answer'}{place}: {said}"
    line = exchange_line(run, step["exchanges"][-1]) if step["exchanges"] else None
    if line:
        yield line
    if step["cause"]:
        yield f"why:      {why(step['cause'])}"
    if step["blame"]:
        yield f"whose:    {whose(step['blame'])}"
    if step["where"]:
        yield f"in {printable(step['where'])}"


def notification_lines(run: str, exchange: Exchange, findings: Sequence[Finding]) -> Iterator[str]:
    """An exchange at our buyer's door, in a line, and below it what is wrong with it."""
    body = exchange.request.body
    about = (
        printable(str(at(body, "/event/id")), 80) if at(body, "/event/id") is not MISSING else "nothing that we know"
    )
    status = exchange.response.status if exchange.response else "nothing"
    what = exchange.operation or f"{exchange.request.method} {exchange.request.path}"
    place = f"[{printable(run, 40)}] " if run else ""
    yield f"{place}#{exchange.n} {printable(what, 120)} about {about}: answered {status}"
    for finding in findings:
        named = ", ".join(finding.requirements) or finding.rule
        found = f" {printable(finding.pointer, 120)}" if finding.pointer else ""
        yield f"    {finding.verdict} {named}{found}: {printable(clean_text(finding.message))}"
