"""`make mutate`: spoils recorded runs in many ways, and tells how many the judge notices and whom it blames."""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter

from emulator.settings import DEFAULT_RELEASE
from emulator.standard.release import Release, load_release
from tests.play import play, shipped
from tests.properties.legal import SCENARIOS
from tests.properties.mutations import is_told, mutations
from tests.properties.spoiling import Account


def main(sample: int, wanted: list[str], *, live: bool, release: Release) -> None:
    rng = random.Random(1)
    in_all, reasons = Account(), Counter[str]()
    for name in wanted or shipped(release):
        run, account = play(name, release=release), Account()
        every = [mutation for mutation in mutations(run.exchanges) if not live or not is_told(mutation.good)]
        chosen = every if not sample else rng.sample(every, min(sample, len(every)))
        for mutation in chosen:
            account.take(run, mutation, live=live)
        say(f"{name:30} of {len(every):6}", account)
        for word in ("noticed", "legal", "later", "missed", "wrong"):
            setattr(in_all, word, getattr(in_all, word) + getattr(account, word))
        reasons += account.legal
        for kind in ("missed", "wrong"):
            for line in getattr(account, kind):
                print(f"  {kind} {line}")  # noqa: T201
    say(f"{'all':30}          ", in_all)
    for why, count in reasons.most_common():
        print(f"{count:8} legal: {why}")  # noqa: T201
    for line in in_all.later:
        print("  for a new run to tell (--live):", line)  # noqa: T201


def say(what: str, account: Account) -> None:
    share = account.noticed / max(account.due, 1)
    print(  # noqa: T201
        f"{what}: tried {account.tried:6}, legal {account.legal.total():5}, later {len(account.later):4}, to notice {account.due:6}, "
        f"noticed {account.noticed:6} {share:8.2%}, missed {len(account.missed):4}, wrongly blamed {len(account.wrong):4}"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenarios", nargs="*", help="as quote/budgetary; all without")
    parser.add_argument("--sample", type=int, default=60, help="mutations of each scenario; 0 for every one")
    parser.add_argument("--live", action="store_true", help="spoil the answer in a new run, over HTTP")
    parser.add_argument(
        "--after-sale", action="store_true", help="those of which it is known what may be said otherwise"
    )
    parser.add_argument("--release", default=DEFAULT_RELEASE, help="the release in which they are played")
    asked = parser.parse_args()
    main(
        asked.sample,
        asked.scenarios or (list(SCENARIOS) if asked.after_sale else []),
        live=asked.live,
        release=load_release(asked.release),
    )
