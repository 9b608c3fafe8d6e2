"""Spoilt files by hand: `python -m tests.fuzz FORMAT --cases N --seed S`; without a format, of all."""

from __future__ import annotations

import argparse
import sys

from tests.fuzz.child import case
from tests.fuzz.formats import FORMATS
from tests.fuzz.harness import failures


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("format", nargs="*", choices=[*FORMATS, []], help="; ".join(FORMATS))
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0, help="of the first case")
    parser.add_argument("--show", action="store_true", help="write the file of the first case to stdout, and end")
    asked = parser.parse_args()
    chosen = asked.format or list(FORMATS)
    if asked.show:
        sys.stdout.buffer.write(case(chosen[0], asked.seed))
        return 0
    failed = 0
    for kind in chosen:
        found = 0
        for failure in failures(kind, asked.seed, asked.cases):
            found += 1
            print(f"---- {failure}", flush=True)
        print(f"{kind}: {asked.cases} case(s), {found} failed", flush=True)
        failed += found
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
