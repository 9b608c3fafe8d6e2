"""The judge and the validator: exchanges and messages per second of processor time, start-up, memory."""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jsonschema

from emulator.judge.judge import judge
from emulator.judge.rules import contract as contract_rules
from emulator.judge.rules import rules_of
from emulator.record.exchange import Exchange, Request, Response, Transcript
from emulator.record.payload import parse
from emulator.settings import specs_dir
from emulator.standard.contract import Contract
from emulator.standard.formats import CHECKERS
from emulator.standard.release import Release, load_release
from tests.purchase import purchase

ROUNDS = 5
SECONDS = 0.3


def rate(work: Callable[[], Any], rounds: int = ROUNDS) -> float:
    """Calls per second of processor time: the median of some short rounds."""
    work()
    found = []
    for _ in range(rounds):
        count, started = 0, time.process_time()
        while time.process_time() - started < SECONDS:
            work()
            count += 1
        found.append(count / (time.process_time() - started))
    return statistics.median(found)


def start_up(arguments: list[str], *, line: bool = False) -> float:
    """Seconds until a command ends, or prints its first line: the median of some starts."""
    found = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-m", "emulator", *arguments], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline() if line else process.wait()
        found.append(time.perf_counter() - started)
        process.terminate()
        process.wait()
        process.stdout.close()
    return statistics.median(found)


def unread(transcript: Transcript) -> list[Exchange]:
    """The exchanges as they came from the wire: no body of theirs was read yet."""
    return [
        replace(e, request=replace(e.request), response=replace(e.response) if e.response else None) for e in transcript
    ]


def plain_validator(contract: Contract, root: str) -> jsonschema.Draft7Validator:
    """What a user of jsonschema would take."""
    checker = jsonschema.FormatChecker(formats=())
    for name, check in CHECKERS.items():
        checker.checks(name)(lambda value, check=check: not isinstance(value, str) or check(value))
    return jsonschema.Draft7Validator(contract.bundle_of(root), format_checker=checker)


def bodies(transcript: Transcript, release: Release) -> list[tuple[jsonschema.Draft7Validator, Any]]:
    """Every body of a run that a contract describes, with the validator for it."""
    found = []
    for exchange in transcript:
        contract = release.contract(str(exchange.api), exchange.kind)
        operation = contract.operation(str(exchange.operation))
        answer = operation.responses.get(exchange.response.status) if exchange.response else None
        if operation.request:
            found.append((plain_validator(contract, operation.request.root), exchange.request.body))
        if answer and exchange.response:
            found.append((plain_validator(contract, answer.root), exchange.response.body))
    return found


def memory(work: Callable[[], Any], runs: int = 10) -> dict[str, float]:
    """What is left of a run after it, and what it needs at its highest, in kB; caches are filled before."""
    for _ in range(3):
        work()
    tracemalloc.start()
    work()  # so that what tracemalloc keeps of itself is there before we count
    gc.collect()
    before, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    for _ in range(runs):
        work()
    gc.collect()
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return {"left_per_run_kB": round((after - before) / runs / 1000, 2), "peak_kB": round((peak - before) / 1000, 1)}


def run() -> dict[str, Any]:
    """Measure, print, and give the figures."""
    release = load_release()
    transcript = purchase()
    sent = next(e for e in transcript if e.operation == "createProductOrder")
    contract = release.contract("productOrder")
    root = contract.operation("createProductOrder").request
    assert root is not None
    body = sent.request.body
    slow = plain_validator(contract, root.root)
    exchanges, described = len(transcript), bodies(transcript, release)

    def read_all() -> None:
        Release("grace", specs_dir()).contracts()

    def judged(**options: Any) -> float:
        return rate(lambda: judge(unread(transcript), release, **options)) * exchanges

    of_an_order = {
        "jsonschema": rate(lambda: slow.is_valid(body)),
        "jsonschema-rs alone": rate(lambda: contract.validator(root.root).is_valid(body)),
        "contract, from bytes, breaches only": rate(
            lambda: contract.body_breaches("ProductOrder_Create", parse(sent.request.raw), advisory=False)
        ),
        "contract, from bytes, with warnings": rate(
            lambda: contract.body_breaches("ProductOrder_Create", parse(sent.request.raw))
        ),
    }
    by_kind = _by_kind(release, transcript)
    of_a_run = {
        "jsonschema, bodies already read": rate(lambda: [one.is_valid(value) for one, value in described]) * exchanges,
        "judge, the contract's rules only": judged(rules=contract_rules.RULES, closing=()),
        "judge, all rules": judged(),
    }
    starts = {
        "all nine contracts read": 1 / rate(read_all),
        "oit --version": start_up(["--version"]),
        "oit seller, first line": start_up(["seller"], line=True),
        "python -c pass, for scale": statistics.median(_bare() for _ in range(ROUNDS)),
    }
    all_of = rules_of(release)
    kept = memory(lambda: judge(unread(transcript), release))
    print(f"messages: an order of {len(sent.request.raw)} bytes, from a purchase of an Access E-Line")
    messages = _told(of_an_order)
    print(
        f"exchanges: that purchase, {exchanges} of them; {len(all_of.looking)} rules and {len(all_of.closing)} at the end"
    )
    runs = _told(of_a_run)
    for name, seconds in starts.items():
        print(f"{name:40} {seconds:12.3f} s")
    for name, size in kept.items():
        print(f"judge, memory, {name:25} {size:12,.1f}")
    return {"messages": messages, "by_kind": by_kind, "exchanges": runs, "start_up_seconds": starts, "memory": kept}


def _by_kind(release: Release, transcript: Transcript) -> dict[str, dict[str, float]]:
    """Messages of each kind: jsonschema alone and jsonschema-rs alone once read, and ours from the bytes."""
    found: dict[str, dict[str, float]] = {}
    for exchange in transcript:
        contract = release.contract(str(exchange.api), exchange.kind)
        operation = contract.operation(str(exchange.operation))
        if operation.request is not None and operation.id not in found:
            found[operation.id] = _rates(contract, operation.request.root, operation.id, exchange.request)
        answer = operation.responses.get(exchange.response.status) if exchange.response else None
        if exchange.response and answer and (name := f"{operation.id} {exchange.response.status}") not in found:
            found[name] = _rates(contract, answer.root, operation.id, exchange.response)
    for name, row in found.items():
        base = row["jsonschema"]
        print(
            f"{name:42} {row['bytes']:6,.0f} B  "
            + "  ".join(f"{key} {value:,.0f}/s ({value / base:.0f} x)" for key, value in row.items() if key != "bytes")
        )
    return found


def _rates(contract: Contract, root: str, operation: str, message: Request | Response) -> dict[str, float]:
    slow, quick, body = plain_validator(contract, root), contract.validator(root), message.body

    def ours() -> Any:
        fresh = replace(message)
        if isinstance(fresh, Request):
            return contract.request_breaches(operation, fresh, advisory=False)
        return contract.response_breaches(operation, fresh, advisory=False)

    return {
        "bytes": len(message.raw),
        "jsonschema": round(rate(lambda: slow.is_valid(body), rounds=2), 1),
        "jsonschema-rs": round(rate(lambda: quick.is_valid(body), rounds=2), 1),
        "ours, from bytes": round(rate(ours, rounds=2), 1),
    }


def _told(rates: dict[str, float]) -> dict[str, dict[str, float]]:
    """Print rates, each beside its ratio to the first, and give both."""
    base = next(iter(rates.values()))
    for name, value in rates.items():
        print(f"{name:40} {value:12,.0f} /s   {value / base:8.2f} x jsonschema")
    return {name: {"per_second": round(value, 1), "ratio": round(value / base, 2)} for name, value in rates.items()}


def _bare() -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - started
