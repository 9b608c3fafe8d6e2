"""What the clauses of its guides are called in a release: rules, proofs and interpretations bind to keys, people see ids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

GUIDE: Final = r"(?:MEF|Mplify|W)[0-9]+(?:\.[0-9]+)*"
"""What a guide is called here: `MEF123`, `W142` where MEF publishes a draft ("MEF W142"), `Mplify121.1` under its later name."""
_CLAUSE: Final = re.compile(rf"({GUIDE}-[A-Za-z0-9-]+)(\..+)?")


@dataclass(frozen=True, slots=True)
class Labels:
    """`ids` has the id of each clause by its key (`MEF123-R45`), `gone` the keys of those that a release which this one goes
    by has, and this one has not.
    """

    ids: Mapping[str, str]
    gone: frozenset[str]

    def told(self, name: str) -> str | None:
        """The key of a clause, or the id of a rule that begins with one, as it is here; None where there is none."""
        found = _CLAUSE.fullmatch(name)
        if found is None:
            return name
        here = self.ids.get(found[1])
        return None if here is None else f"{here}{found[2] or ''}"

    def covers(self, key: str) -> str | None:
        """As `told`, but for what no release of its line knows: that stays as it is."""
        here = self.told(key)
        return key if here is None and key not in self.gone else here

    def tell(self, names: Iterable[str]) -> tuple[str, ...]:
        """Keys of clauses as they are here, without those that are not."""
        return tuple(here for name in names if (here := self.told(name)) is not None)
