"""A clause is found in a guide of any layout. The guides here are of our own making."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.standard.guide import guide_files, quotation

GUIDE = """# 1. Clauses

As the text says, what stands in
[R2] is not what begins a line.

**[R1]** A box is **closed**
before it is sent.

Boxes are brown.

**[R2]** A box has:

- a lid,
- four sides:
  - two long ones,
  - two short ones.

**[CR1]<[O1]** A red box is opened first. **[O1]** is elsewhere.
**[O1]** A box may be red.

[R3] The first of two,

| a | table |

**[R3]** The second of two.
## Next

A lorry
must have:

- **[R4]** wheels,
  of rubber,

  and spare ones,
- if it is large:
  - **[R5]** a ladder.
- **[R6]** a horn.

It is blue.
"""


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "documentation" / "boxes"
    folder.mkdir(parents=True)
    (folder / "MEF 999 - Boxes - Developer Guide.md").write_text(GUIDE, encoding="utf-8")
    (folder / "MEF 9990 - Other.md").write_text("**[R1]** No.", encoding="utf-8")
    (folder / "MEF W998 - Lids.md").write_text("**[R1]** A lid.", encoding="utf-8")
    return guide_files(tmp_path, "MEF999")


@pytest.mark.parametrize(
    ("label", "line", "begin", "end"),
    [
        ("R1", 6, "**[R1]** A box", "before it is sent."),
        ("R2", 11, "**[R2]** A box has:", "  - two short ones."),
        ("CR1", 18, "**[CR1]<[O1]**", "is elsewhere."),
        ("O1", 19, "**[O1]** A box", "may be red."),
        ("R3a", 21, "[R3] The first", "of two,"),
        ("R3b", 25, "**[R3]** The second", "of two."),
        ("R4", 31, "- **[R4]** wheels,", "  and spare ones,"),
        ("R5", 36, "  - **[R5]** a", "ladder."),
        ("R6", 37, "- **[R6]** a horn", "horn."),
    ],
)
def test_a_clause_is_quoted_with_its_list_and_no_more(
    files: list[Path], label: str, line: int, begin: str, end: str
) -> None:
    found = quotation(files, label)
    assert found is not None
    assert found.line == line
    assert found.text.startswith(begin)
    assert found.text.endswith(end)


def test_a_clause_in_a_list_comes_with_what_introduces_it(files: list[Path]) -> None:
    leads = {label: found.lead for label in ("R4", "R5", "R1") if (found := quotation(files, label))}
    assert leads == {"R4": "A lorry\nmust have:", "R5": "A lorry\nmust have:\n- if it is large:", "R1": ""}


def test_what_is_not_there_is_not_found(files: list[Path], tmp_path: Path) -> None:
    assert quotation(files, "R9") is None
    assert quotation(files, "R3c") is None
    assert guide_files(tmp_path, "MEF99") == []
    assert [path.name for path in guide_files(tmp_path, "MEF998")] == ["MEF W998 - Lids.md"]
