"""`make bench`: figures of one run on one machine, told as ratios. Loopback only, bounded, nothing asserted."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path
from typing import Any

from tests.bench import judging, load, pages, peers, proxying, rendering, scaling, starting, tokens
from tests.bench.machine import machine

PARTS = ("start", "peers", "tokens", "judge", "report", "page", "proxy", "scale")
LOADED = ("peers", "tokens", "scale")
"""Parts that want wrk."""


def main(arguments: list[str]) -> int:
    """Measure the parts that are asked for, print them, and put them into `bench.json`, beside those of earlier."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("part", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all without any")
    parser.add_argument("--rounds", type=int, default=3, help="of the peers (3)")
    parser.add_argument("--seconds", type=float, default=3.0, help="of load, each time (3)")
    parser.add_argument("--only", action="append", default=[], help="peers with this in their name")
    parser.add_argument("--most", type=int, default=1_000_000, help="resources stored at the most (1,000,000)")
    parser.add_argument("--out", type=Path, default=Path("out/bench"), help="folder for bench.json (out/bench)")
    asked = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers and files go with us
    if strange := [part for part in asked.part if part not in PARTS]:
        parser.error(f"there is no part {strange[0]!r}; known: {', '.join(PARTS)}")
    chosen = asked.part or list(PARTS)
    asked.out.mkdir(parents=True, exist_ok=True)
    file = asked.out / "bench.json"
    figures: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    where = machine()
    print(", ".join(f"{name} {value}" for name, value in where.items()))
    for part in chosen:
        print(f"\n== {part}")
        if part in LOADED and load.version() is None:
            print("skipped: wrk is not installed (apt-get install wrk)")
            continue
        match part:
            case "peers":
                found = peers.run(asked.rounds, asked.seconds, asked.only)
            case "tokens":
                found = tokens.run(asked.rounds, asked.seconds)
            case "start":
                found = starting.run(asked.rounds)
            case "judge":
                found = judging.run()
            case "report":
                found = rendering.run()
            case "page":
                found = pages.run()
            case "proxy":
                found = proxying.run(asked.seconds, asked.rounds)
            case _:
                found = scaling.run(asked.seconds, asked.out, asked.most)
        figures[part] = {"machine": where, **found}
        file.write_text(json.dumps(figures, indent=2) + "\n")
    print(f"\n{file}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
