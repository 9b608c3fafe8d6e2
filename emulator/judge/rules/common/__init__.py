"""What several guides ask for in the same way: each function adds the rules to a guide's book.

Every function takes the book, the labels of the guide's requirements (an empty tuple where the guide numbers
none) and what the rule is about. What a right partner may do all the same is said with each.
"""

from __future__ import annotations

from emulator.judge.rules.common.by_table import fits_state_table, required_by_table
from emulator.judge.rules.common.echo import echo_marks, echoes
from emulator.judge.rules.common.identity import (
    agrees,
    keeps,
    keeps_id,
    no_twins,
    paired,
    parties_of,
    reads_agree,
    same_parties,
    stays,
)
from emulator.judge.rules.common.lists import (
    TELLS_NOTHING,
    Filter,
    filters,
    no_doubles,
    nothing_found_is_200,
    pages,
    too_many_is_422,
    unknown_is_404,
)
from emulator.judge.rules.common.states import Machine, goes_legally, lifecycle, tells_history
from emulator.judge.rules.common.steadiness import STEADY, steady
from emulator.judge.rules.common.talking import parties, repeats_parties, uses_all
from emulator.judge.rules.common.telling import dues, events_fit, subscribers_only, told_or_not, wanted_types_only
from emulator.judge.rules.common.values import moment, same

__all__ = [
    "STEADY",
    "TELLS_NOTHING",
    "Filter",
    "Machine",
    "agrees",
    "dues",
    "echo_marks",
    "echoes",
    "events_fit",
    "filters",
    "fits_state_table",
    "goes_legally",
    "keeps",
    "keeps_id",
    "lifecycle",
    "moment",
    "no_doubles",
    "no_twins",
    "nothing_found_is_200",
    "pages",
    "paired",
    "parties",
    "parties_of",
    "reads_agree",
    "repeats_parties",
    "required_by_table",
    "same",
    "same_parties",
    "stays",
    "steady",
    "subscribers_only",
    "tells_history",
    "told_or_not",
    "too_many_is_422",
    "unknown_is_404",
    "uses_all",
    "wanted_types_only",
]
