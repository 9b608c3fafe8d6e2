"""Our seller against the tools that people would take instead: same contract, same request, one server at a time."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from emulator.record.payload import dump
from tests.bench import load
from tests.bench.contenders import OURS, Absent, Contender, contenders
from tests.bench.message import PATH, SPOILS, spoilt
from tests.bench.serving import Serving, serving

_RATIOS: Final = ("post", "post_p99", "post_cpu_us", "single_p50", "get", "get_p99", "start", "memory")
_WHOLE: Final = frozenset({"post", "get", "memory", "refused", "broken", "post_cpu_us"})
READ: Final = 100
"""Resources that are read in turn."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one server did in one round. Rates per second, latencies in ms, start in s, memory in MB.

    `post_cpu_us` is processor time per POST: where others use the machine too, it is what can be believed.
    """

    post: float
    post_p50: float
    post_p99: float
    single_p50: float
    get: float
    get_p99: float
    start: float
    memory: float
    post_cpu_us: float
    refused: int
    broken: int


def measure(contender: Contender, seconds: float) -> Round:
    """Start it, warm it up, POST with 16 connections, then with one, then GET by id; end it."""
    body = dump(contender.body())
    with serving(contender) as server:
        load.drive(server.url, [contender.path], body=body, seconds=max(1.0, seconds / 2))
        used = server.processor_seconds()
        post = load.drive(server.url, [contender.path], body=body, seconds=seconds)
        used = server.processor_seconds() - used
        single = load.drive(server.url, [contender.path], body=body, seconds=1, connections=1)
        get = load.drive(server.url, known(server), seconds=seconds)
        return Round(
            post=post.rate,
            post_p50=post.p50,
            post_p99=post.p99,
            single_p50=single.p50,
            get=get.rate,
            get_p99=get.p99,
            start=server.started_in,
            memory=server.memory(),
            post_cpu_us=used / max(1.0, post.rate * seconds) * 1e6,
            refused=post.refused + single.refused + get.refused,
            broken=post.broken + single.broken + get.broken,
        )


def known(server: Serving) -> list[str]:
    """Paths of resources to read: those that it made, or any id where it makes none."""
    path, body = server.contender.path, dump(server.contender.body())
    found = []
    for _ in range(READ):
        answer = server.ask("POST", path, body)
        try:
            found.append(f"{path}/{json.loads(answer.body)['id']}")
        except (ValueError, KeyError, TypeError):
            found.append(f"{path}/1")
        if server.ask("GET", found[-1]).status != 200:
            found[-1] = f"{path}/1"
    return found


def checks(contender: Contender) -> dict[str, str]:
    """What it notices: the status for each thing that is wrong, and whether what was created is there afterwards."""
    found: dict[str, str] = {}
    with serving(contender) as server:
        body = contender.body()
        for what in SPOILS:
            raw = spoilt(body, what)
            if raw is None:
                found[what] = "cannot be sent"
                continue
            status = server.ask("POST", contender.path, raw).status
            found[what] = f"taken ({status})" if 200 <= status < 300 else f"noticed ({status})"
        sent = json.loads(dump({**body, "externalId": "a name of its own"}))
        made = server.ask("POST", contender.path, dump(sent))
        try:
            identifier = json.loads(made.body)["id"]
            shown = json.loads(server.ask("GET", f"{contender.path}/{identifier}").body)
            kept = shown.get("externalId") == sent["externalId"]
        except (ValueError, KeyError, TypeError, AttributeError):
            kept = False
        found["what was created can be read"] = "yes" if kept else "no"
    return found


def run(rounds: int, seconds: float, only: Sequence[str] = ()) -> dict[str, Any]:
    """Measure all that are there, one after the other, again in each round; medians and ratios to our seller."""
    everybody = [c for c in contenders() if not only or any(name.lower() in c.name.lower() for name in only)]
    there = [c for c in everybody if isinstance(c, Contender)]
    absent = [c for c in everybody if isinstance(c, Absent)]
    for each in absent:
        print(f"{each.name}: skipped, not installed ({each.install})")
    for one in there:
        print(f"{one.name}: {one.version}" + (f"; {one.remark}" if one.remark else ""))
    measured: dict[str, list[Round]] = {c.name: [] for c in there}
    noticed: dict[str, dict[str, str]] = {}
    for number in range(rounds):
        for one in there:
            try:
                measured[one.name].append(measure(one, seconds))
                if not number:
                    noticed[one.name] = checks(one)
            except RuntimeError as error:
                print(f"round {number + 1}: {error}")
    table = {name: _medians(found) for name, found in measured.items() if found}
    ratios = _ratios(measured)
    _tell(table, ratios, noticed)
    return {
        "versions": {c.name: c.version for c in there},
        "remarks": {c.name: c.remark for c in there if c.remark},
        "skipped": {c.name: c.install for c in absent},
        "rounds": rounds,
        "seconds": seconds,
        "request_bytes": len(dump(there[0].body())) if there else 0,
        "path": PATH,
        "medians": table,
        "ratios_to_ours": ratios,
        "notices": noticed,
        "each_round": {name: [asdict(found) for found in rounds_] for name, rounds_ in measured.items()},
    }


def _medians(found: Sequence[Round]) -> dict[str, float]:
    rows = [asdict(each) for each in found]
    return {name: round(statistics.median(row[name] for row in rows), 3) for name in rows[0]}


def _ratios(measured: dict[str, list[Round]]) -> dict[str, dict[str, float]]:
    """Ours over theirs, round by round, then the median: above 1 is more, whatever is measured."""
    mine = measured.get(OURS) or []
    found: dict[str, dict[str, float]] = {}
    for name, theirs in measured.items():
        pairs = list(zip(mine, theirs, strict=False))
        if name == OURS or not pairs:
            continue
        found[name] = {
            member: round(statistics.median(getattr(a, member) / max(getattr(b, member), 1e-9) for a, b in pairs), 3)
            for member in _RATIOS
        }
    return found


_COLUMNS: Final = (
    ("post", "POST/s", 9), ("post_p50", "p50 ms", 8), ("post_p99", "p99 ms", 8), ("single_p50", "c=1 p50", 8),
    ("post_cpu_us", "CPU µs", 8), ("get", "GET/s", 9), ("get_p99", "p99 ms", 8), ("start", "start s", 8), ("memory", "RSS MB", 8),
    ("refused", "non-2xx", 8), ("broken", "broken", 7),
)  # fmt: skip


def _tell(
    table: dict[str, dict[str, float]], ratios: dict[str, dict[str, float]], noticed: dict[str, dict[str, str]]
) -> None:
    lines = ["", f"{'medians':28}" + "".join(f"{head:>{wide}}" for _, head, wide in _COLUMNS)]
    for name, row in table.items():
        lines.append(f"{name:28}" + "".join(
            f"{row[key]:>{wide},.{0 if key in _WHOLE else 2}f}"
            for key, _, wide in _COLUMNS
        ))  # fmt: skip
    lines += ["", f"ratio: {OURS} / each      " + "".join(f"{head:>12}" for head in next(iter(ratios.values()), {}))]
    lines += [f"{name:28}" + "".join(f"{value:>12.2f}" for value in row.values()) for name, row in ratios.items()]
    lines += ["", "who notices"]
    for name, seen in noticed.items():
        lines.append(f"{name:28}" + "; ".join(f"{what}: {said}" for what, said in seen.items()))
    print("\n".join(lines))
