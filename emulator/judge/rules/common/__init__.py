"""What several guides ask for in the same way: each function adds the rules to a guide's book.

Every function takes the book, the labels of the guide's requirements (an empty tuple where the guide numbers
none) and what the rule is about. What a right partner may do all the same is said with each.
"""

from __future__ import annotations

from emulator.judge.pages import PAGING, WHO, claims_all
from emulator.judge.rules.common.building import QUALIFIED, QUOTED, builds_on, used_once
from emulator.judge.rules.common.by_table import fits_state_table, required_by_table
from emulator.judge.rules.common.changed import bare_removals, exact_sites, of_one_specification, told_whole
from emulator.judge.rules.common.echo import echo_marks, echoes
from emulator.judge.rules.common.effects import Consequence, follows, is_late
from emulator.judge.rules.common.filtering import Filter, filters
from emulator.judge.rules.common.guarding import unasked
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
from emulator.judge.rules.common.installed import products_are_there
from emulator.judge.rules.common.lists import (
    TELLS_NOTHING,
    cut_pages_say_so,
    no_doubles,
    nothing_found_is_200,
    pages,
    takes_pages,
    too_many_is_422,
    unknown_is_404,
)
from emulator.judge.rules.common.naming import of_states_that_were
from emulator.judge.rules.common.plausible import (
    begins,
    in_order,
    lasts,
    links_to_itself,
    past,
    prices_read_well,
    well_without_errors,
)
from emulator.judge.rules.common.products import is_related, lacks, sheet_of
from emulator.judge.rules.common.serving import (
    NOT_SERVED,
    all_or_none,
    fitting_statuses,
    hears_all,
    optional_or_501,
    serves,
    serves_all,
    set_marks,
    was_served,
)
from emulator.judge.rules.common.states import STATE_CHANGE, Chooses, Machine, goes_legally, tells_history
from emulator.judge.rules.common.steadiness import STEADY, keeps_all_but, steady
from emulator.judge.rules.common.subscribing import ended_by_its_id, ended_is_empty, query_by_type_is_taken
from emulator.judge.rules.common.talking import hub_comes_back, parties, repeats_parties, uses_all
from emulator.judge.rules.common.telling import (
    dues,
    events_fit,
    of_its_item,
    subscribers_only,
    told_or_not,
    wanted_types_only,
)
from emulator.judge.rules.common.validating import validated_by_id
from emulator.judge.rules.common.values import moment, only, same
from emulator.judge.rules.common.wholeness import lists_all, next_pages_say_so

__all__ = [
    "NOT_SERVED",
    "PAGING",
    "QUALIFIED",
    "QUOTED",
    "STATE_CHANGE",
    "STEADY",
    "TELLS_NOTHING",
    "WHO",
    "Chooses",
    "Consequence",
    "Filter",
    "Machine",
    "agrees",
    "all_or_none",
    "bare_removals",
    "begins",
    "builds_on",
    "claims_all",
    "cut_pages_say_so",
    "dues",
    "echo_marks",
    "echoes",
    "ended_by_its_id",
    "ended_is_empty",
    "events_fit",
    "exact_sites",
    "filters",
    "fits_state_table",
    "fitting_statuses",
    "follows",
    "goes_legally",
    "hears_all",
    "hub_comes_back",
    "in_order",
    "is_late",
    "is_related",
    "keeps",
    "keeps_all_but",
    "keeps_id",
    "lacks",
    "lasts",
    "links_to_itself",
    "lists_all",
    "moment",
    "next_pages_say_so",
    "no_doubles",
    "no_twins",
    "nothing_found_is_200",
    "of_its_item",
    "of_one_specification",
    "of_states_that_were",
    "only",
    "optional_or_501",
    "pages",
    "paired",
    "parties",
    "parties_of",
    "past",
    "prices_read_well",
    "products_are_there",
    "query_by_type_is_taken",
    "reads_agree",
    "repeats_parties",
    "required_by_table",
    "same",
    "same_parties",
    "serves",
    "serves_all",
    "set_marks",
    "sheet_of",
    "stays",
    "steady",
    "subscribers_only",
    "takes_pages",
    "tells_history",
    "told_or_not",
    "told_whole",
    "too_many_is_422",
    "unasked",
    "unknown_is_404",
    "used_once",
    "uses_all",
    "validated_by_id",
    "wanted_types_only",
    "was_served",
    "well_without_errors",
]
