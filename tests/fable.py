"""The made-up release `fable`, which goes by the real one: clauses are renamed, gone, other ones, new."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.judge.rule import FINE, Mark, responses
from emulator.judge.rulebook import Rulebook, breach
from emulator.judge.rules import BOOKS
from emulator.judge.run import Said
from emulator.standard.release import Release, forget_releases, load_release
from tests.standard.test_release import specs_with

GRACE = load_release()
CLAUSES = """\
guide: MEF122
like: grace
same: [R1-R10, R16, R17]
labels: {R11: R12, R12: R11, R13: R14}
absent: {R14: a site needs no place}
different:
  R15:
    key: unknown-site
    title: An unknown site id is answered 410
    section: "6.2"
    keyword: MUST
    side: seller
    seen: status of retrieveGeographicSite
added:
  R18:
    key: whole-numbers
    title: Sites are known by numbers
    section: "6.3"
    keyword: SHOULD
    side: seller
    not_on_wire: made up
"""
SITE = "geographicSite"
ROW = "    rules: site\n"


def made(tmp_path: Path, text: str = CLAUSES) -> Path:
    """A folder of specs with the release `fable` beside the real one; its APIs have base paths of their own."""
    specs = specs_with(tmp_path, ROW, f"{ROW}    clauses: fable/clauses.yaml\n", name="fable")
    file = specs / "releases" / "fable.yaml"
    file.write_text(re.sub(r"(base_path: .*/v)(\d+)", r"\g<1>9\2", file.read_text(encoding="utf-8")), encoding="utf-8")
    (specs / "releases" / GRACE.file.name).symlink_to(GRACE.file)
    (specs / "releases" / GRACE.errata_file.name).symlink_to(GRACE.errata_file)
    (specs / "fable").mkdir()
    (specs / "fable" / "clauses.yaml").write_text(text, encoding="utf-8")
    return specs


@pytest.fixture
def fable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Release]:
    """The made-up release, known to every command, and a rule of its own for the clause that is another one."""
    specs = made(tmp_path)
    monkeypatch.setattr("emulator.standard.release.specs_dir", lambda: specs)
    book = Rulebook("MEF122", SITE)
    book.rules, book.closing = list(BOOKS["site"].rules), list(BOOKS["site"].closing)

    @book.rule("unknown-site", on=responses(SITE, "retrieveGeographicSite", statuses=range(400, 500)))
    def unknown_is_410(said: Said) -> Iterator[Mark]:
        """The status of a read by an id that nobody knows."""
        yield FINE if said.status == 410 else breach("", 410, said.status)

    monkeypatch.setitem(BOOKS, "site", book)  # type: ignore[misc]
    forget_releases()
    yield load_release("fable")
    forget_releases()
