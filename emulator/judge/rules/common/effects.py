"""What has to follow from an act shows at a later look: at once, or after some patience."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

from emulator.judge.acting import acts_on
from emulator.judge.hubs import by_their_clock, over
from emulator.judge.run import Life, Run, Shown
from emulator.judge.times import PATIENCE
from emulator.record.exchange import Exchange
from emulator.record.payload import at
from emulator.standard.instant import read_moment


class Consequence(NamedTuple):
    """The look that shows whether something followed: it did where it `holds`."""

    shown: Shown
    holds: bool


def follows(
    run: Run, life: Life, cause: Exchange, holds: Callable[[Shown], bool | None], *, whole: bool = True
) -> Consequence | None:
    """The first look at a resource after a cause at which something holds, or at which it should and does not.

    None where nobody looked in time: before the resource was changed on request once more, and after so much patience, or
    after an event that told of a new state since. A look of which `holds` says None tells nothing.
    """
    acts, looks = acts_on(run, life), life.whole if whole else life.shown
    following = bisect_right(acts, cause.n, key=lambda act: act.n)
    ends = acts[following].n if following < len(acts) else None
    for shown in islice(looks, bisect_right(looks, cause.n, key=lambda look: look.exchange.n), None):
        if ends is not None and shown.exchange.n > ends:
            break
        right = holds(shown)
        if right:
            return Consequence(shown, holds=True)
        if right is False and (is_late(run, cause, shown) or _was_told(run, life, cause, shown)):
            return Consequence(shown, holds=False)
    return None


def is_late(run: Run, cause: Exchange, shown: Shown) -> bool:
    """Whether a look came so long after a cause that what follows from it has to show."""
    return run.lasted(over(cause), shown.exchange.at) >= run.spread(PATIENCE)


def _was_told(run: Run, life: Life, cause: Exchange, shown: Shown) -> bool:
    """Whether an event of a new state, which happened after a cause, came before a look."""
    for event in life.told:
        about = run.event(event)
        if cause.n < event.n < shown.exchange.n and about is not None and about.cls == "state":
            moment = read_moment(at(event.request.body, "/eventTime"))
            if moment is not None and moment >= by_their_clock(cause, cause.at):
                return True
    return False
