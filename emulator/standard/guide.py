"""The guides' own sentences, looked up where an official SDK lies. Nothing of them is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MARK: Final = r"\s*(?:[-*+]\s+)?(?:\*\*)?"
"""What may stand before a clause's label: the mark of a list, the beginning of bold."""
_CLAUSE: Final = re.compile(_MARK + r"\[[A-Z]+[0-9]+[a-z]?\]")
_ITEM: Final = re.compile(r"\s*(?:[-*+]|[0-9]+[.)])\s")
_LABEL: Final = re.compile(r"([A-Z]+[0-9]+)([a-z]?)")


@dataclass(frozen=True, slots=True)
class Quotation:
    """A clause of a guide as it stands in a file; `line` counts from 1.

    `lead` is what introduces the list of which the clause is an item.
    """

    file: Path
    line: int
    text: str
    lead: str = ""


def guide_title(guide: str) -> str:
    """A guide as its own title page has it: `MEF 123`, of a draft `MEF W160`, of a later one `Mplify 121.1`."""
    by, number = _publisher(guide)
    return f"{by} {number}"


def _publisher(guide: str) -> tuple[str, str]:
    by = "Mplify" if guide.startswith("Mplify") else "MEF"
    return by, guide.removeprefix(by)


def guide_files(sdk: Path, guide: str) -> list[Path]:
    """The Markdown files of a guide (`MEF123`, `W160`) anywhere below a folder."""
    by, number = _publisher(guide)
    name = re.compile(rf"{by} W?{re.escape(number.removeprefix('W'))} .*\.md", re.IGNORECASE)
    return sorted(path for path in sdk.rglob("*.md") if name.fullmatch(path.name))


def quotation(files: Sequence[Path], label: str) -> Quotation | None:
    """A clause by its label (`R45`), with the list that belongs to it; None where no file has it.

    `R51a` and `R51b` are the first and second of two clauses that the guide both numbers `R51`.
    """
    for file in files:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        start = _start(lines, label)
        if start is not None:
            is_item = bool(_ITEM.match(lines[start]))
            text = _item(lines, start) if is_item else _clause(lines, start)
            lead = _lead(lines, start) if is_item else []
            return Quotation(file, start + 1, "\n".join(text), "\n".join(lead))
    return None


def _start(lines: Sequence[str], label: str) -> int | None:
    exact = _starts(lines, label)
    match = _LABEL.fullmatch(label)
    if exact or match is None or not match[2]:
        # What is in bold is the clause; a line may also begin with a mention of it.
        return next((n for n in exact if f"**[{label}]" in lines[n]), exact[0] if exact else None)
    twins = _starts(lines, match[1])
    nth = ord(match[2]) - ord("a")
    return twins[nth] if nth < len(twins) else None


def _starts(lines: Sequence[str], label: str) -> list[int]:
    begin = re.compile(rf"{_MARK}\[{re.escape(label)}\]")
    return [n for n, line in enumerate(lines) if begin.match(line)]


def _clause(lines: Sequence[str], start: int) -> Iterator[str]:
    """The lines of a clause: its paragraph, and a list right behind it."""
    yield lines[start].rstrip()
    listed = False
    for n in range(start + 1, len(lines)):
        line = lines[n]
        if _CLAUSE.match(line) or line.startswith(("#", "|", "```", "![")):
            return
        if _ITEM.match(line):
            listed = True
        elif not line.strip():
            after = next((later for later in lines[n + 1 :] if later.strip()), "")
            nested = listed and after.startswith(" ")
            if _CLAUSE.match(after) or not (_ITEM.match(after) or nested):
                return
        yield line.rstrip()


def _item(lines: Sequence[str], start: int) -> Iterator[str]:
    """The lines of a clause that is an item of a list, with what is indented below it."""
    depth = _indent(lines[start])
    yield lines[start].rstrip()
    for n in range(start + 1, len(lines)):
        line = next((later for later in lines[n:] if later.strip()), "")
        if _indent(line) <= depth or _CLAUSE.match(line):
            return
        yield lines[n].rstrip()


def _lead(lines: Sequence[str], start: int) -> list[str]:
    """The sentence before a list, and the items that its item stands in."""
    depth, found = _indent(lines[start]), list[str]()
    for n in range(start - 1, -1, -1):
        line = lines[n].rstrip()
        if not line or _indent(line) >= max(depth, 1):
            continue
        if _ITEM.match(line):
            if _indent(line) < depth:
                depth = _indent(line)
                found = [line, *found]
            continue
        paragraph = [line]
        while n and lines[n - 1].strip():
            n -= 1  # noqa: PLW2901 - walks up to where the paragraph begins
            paragraph = [lines[n].rstrip(), *paragraph]
        return [*paragraph, *found]
    return found


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
