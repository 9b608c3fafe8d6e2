"""Errors that a user of the command line can cause and mend."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every `oit` command."""

    PASSED = 0  # everything that was selected passed
    BREACHED = 1  # the system under test breached something
    USAGE = 2  # the command line, a scenario or a profile is wrong
    INCONCLUSIVE = 3  # unreachable, never arrived, or required but not seen
    INTERNAL = 4  # our own error
    NOTHING = 5  # nothing was selected


class UserError(Exception):
    """Something in the user's input is wrong; the message says where and what to do."""

    exit_code: Exit = Exit.USAGE


class FileProblem(UserError):  # noqa: N818 - it is what it says
    """One or more places in a file of the user's are wrong.

    `problems` are ready-made lines of the form `file:line:col: what is wrong`.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def in_order(problems: list[str]) -> list[str]:
    """Problems by file, line and column, none twice."""

    def place(problem: str) -> tuple[str, int, int]:
        file, line, column = [*problem.split(":", 3), "", ""][:3]
        return file, int(line) if line.isdecimal() else 0, int(column) if column.isdecimal() else 0

    return sorted(dict.fromkeys(problems), key=place)


def suggestion(word: object, known: Iterable[object], cutoff: float = 0.6) -> str:
    """The known word that may be meant by one that is not; "" where none is near. `cutoff` is how near, from 0 to 1."""
    return next(iter(suggestions(word, known, 1, cutoff)), "")


def suggestions(word: object, known: Iterable[object], most: int, cutoff: float = 0.6) -> list[str]:
    """The known words that may be meant, the nearest first."""
    return difflib.get_close_matches(str(word), [str(each) for each in known], n=most, cutoff=cutoff)


def hint(word: object, known: Iterable[object]) -> str:
    """`did you mean 'x'?`, or what there is."""
    names = [str(each) for each in known]
    near = suggestion(word, names)
    return f"did you mean {near!r}?" if near else f"known: {', '.join(names) or 'none'}"
