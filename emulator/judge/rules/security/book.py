"""The book of MEF 128, and how its rules are added: they are on halves of messages, whatever the operation."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Final

from emulator.judge.rule import Look, Rule
from emulator.judge.rulebook import Rulebook
from emulator.judge.run import Half

ANYWHERE: Final = ""
"""Where a token is wrong: no JSON Pointer leads into one, and what stands at a place with its name is masked. Messages name it."""
SECURITY: Final = Rulebook("MEF128", "")


def clause(label: str, half: Half, name: str = "") -> Callable[[Look], Look]:
    """Make a function on a message a rule on a clause of MEF 128; its docstring says what is looked at."""
    (identifier,) = SECURITY.ids(label)
    return _keep(f"{identifier}.{name}" if name else identifier, (identifier,), half)


def cited(rfc: int, name: str, half: Half) -> Callable[[Look], Look]:
    """Make a function on a message a rule that an RFC alone backs; it hurts no clause of MEF 128."""
    return _keep(f"RFC{rfc}.{name}", (), half)


def _keep(identifier: str, clauses: tuple[str, ...], half: Half) -> Callable[[Look], Look]:
    def keep(look: Look) -> Look:
        about = inspect.getdoc(look) or ""
        SECURITY.rules.append(Rule(identifier, clauses, None, look, about, half=half))
        return look

    return keep
