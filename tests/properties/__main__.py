"""`make mutate`: spoils recorded runs in many ways, and tells how many the judge notices and whom it blames."""

from __future__ import annotations

import random
import sys
from collections import Counter, defaultdict

from emulator.judge.verdict import Verdict
from tests.properties.mutations import mutations
from tests.play import play, shipped

NOTICED = (Verdict.FAIL, Verdict.WARNING, Verdict.DISPUTED)


def main(sample: int, wanted: list[str]) -> None:
    rng = random.Random(1)
    tried: Counter[str] = Counter()
    noticed: Counter[str] = Counter()
    misses: dict[str, list[str]] = defaultdict(list)
    for name in wanted or shipped():
        run = play(name)
        clean = {(f.rule, f.exchange, f.pointer) for f in run.judged().findings}
        every = list(mutations(run.exchanges))
        for mutation in rng.sample(every, min(sample, len(every))):
            tried[mutation.operator] += 1
            found = run.judged(mutation.applied(run.exchanges)).findings
            new = [f for f in found if (f.rule, f.exchange, f.pointer) not in clean and f.verdict in NOTICED]
            if new and any(f.blame == "seller" for f in new) and not any(f.blame == "buyer" for f in new):
                noticed[mutation.operator] += 1
            else:
                blamed = sorted({f"{f.rule}:{f.blame}" for f in new})
                misses[mutation.operator].append(f"{name}: {mutation} {blamed or ''}")
    for operator, count in sorted(tried.items()):
        print(f"{operator:24} {noticed[operator]:6} of {count:6}  {noticed[operator] / count:7.1%}")  # noqa: T201
    total = sum(tried.values())
    print(f"{'all':24} {sum(noticed.values()):6} of {total:6}  {sum(noticed.values()) / max(total, 1):7.1%}")  # noqa: T201
    for lines in misses.values():
        for line in lines:
            print("  missed", line)  # noqa: T201


main(int(sys.argv[1]) if len(sys.argv) > 1 else 300, sys.argv[2:])
