"""`make mutate`: spoils recorded runs in many ways, and tells how many the judge notices and whom it blames."""

from __future__ import annotations

import argparse
import random
from collections import Counter, defaultdict
from contextlib import suppress

from emulator.judge.verdict import Blame, Finding, Verdict
from emulator.record.exchange import Party
from tests.broken.spoiler import Answer, Spoil
from tests.play import Played, play, shipped
from tests.properties.mutations import Mutation, mutations

NOTICED = (Verdict.FAIL, Verdict.WARNING, Verdict.DISPUTED)


def spoiling(mutation: Mutation) -> Spoil:
    """The change made on the way, in a new run: its buyer goes on with what it was told."""

    def spoil(answer: Answer) -> None:
        if answer.count == mutation.n and mutation.edit:
            with suppress(LookupError, TypeError, ValueError):
                answer.body = mutation.edit(answer.body)

    return spoil


def found_in(run: Played, mutation: Mutation, *, live: bool) -> list[Finding]:
    if live:
        findings = play(run.name, spoil=spoiling(mutation)).judged(sut=Party.SELLER).findings
    else:
        findings = run.judged(mutation.applied(run.exchanges), sut=Party.SELLER).findings
    return [finding for finding in findings if finding.verdict in NOTICED]


def main(sample: int, wanted: list[str], *, live: bool) -> None:
    rng = random.Random(1)
    tried: Counter[str] = Counter()
    noticed: Counter[str] = Counter()
    misses: dict[str, list[str]] = defaultdict(list)
    for name in wanted or shipped():
        run = play(name)
        every = [mutation for mutation in mutations(run.exchanges) if mutation.edit or not live]
        for mutation in rng.sample(every, min(sample, len(every))):
            tried[mutation.operator] += 1
            found = found_in(run, mutation, live=live)
            if any(f.blame is Blame.SELLER for f in found) and not any(f.blame is Blame.BUYER for f in found):
                noticed[mutation.operator] += 1
            else:
                blamed = sorted({f"{f.rule}:{f.blame}" for f in found})
                misses[mutation.operator].append(f"{name}: {mutation} {blamed or ''}")
    for operator, count in sorted(tried.items()):
        print(f"{operator:24} {noticed[operator]:6} of {count:6}  {noticed[operator] / count:7.1%}")  # noqa: T201
    total = sum(tried.values())
    print(f"{'all':24} {sum(noticed.values()):6} of {total:6}  {sum(noticed.values()) / max(total, 1):7.1%}")  # noqa: T201
    for lines in misses.values():
        for line in lines:
            print("  missed", line)  # noqa: T201


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenarios", nargs="*", help="as quote/budgetary; all without")
    parser.add_argument("--sample", type=int, default=60, help="mutations of each scenario")
    parser.add_argument("--live", action="store_true", help="spoil the answer in a new run, over HTTP")
    asked = parser.parse_args()
    main(asked.sample, asked.scenarios, live=asked.live)
