"""A release is one value: its file is read strictly, it says where its tables are, and no module knows another one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import emulator
from emulator.errors import FileProblem
from emulator.judge.attribution import BasePaths
from emulator.judge.capture import read_capture
from emulator.judge.rules import BOOKS, rules_of
from emulator.parties.database import Database
from emulator.parties.recorder import Recorder
from emulator.report.rows import exchange_json
from emulator.report.transcript_report import line as line_of
from emulator.standard.release import Release, load_release

GRACE = load_release()
NAMES = ("aretha", "billie", "celine", "dolly", "ella", "fergie", "grace", "haley", "ike", "jagger", "kylie")
"""Releases of the standard, those that do not exist by these letters included."""
NAMED = re.compile(rf"(?<![a-z])(?:{'|'.join(NAMES)})(?![a-z])", re.IGNORECASE)
TOLERANCE = "grace"
"""As an identifier of this one word, and as the key of `defaults` in a scenario: how long an event may be on its way."""
KEYED = "scenario/loader.py"
DEFAULT = ("settings.py", "DEFAULT_RELEASE")
PACKAGE = Path(emulator.__file__).parent


def _words(tree: ast.Module) -> Iterator[tuple[int, str, bool]]:
    """Each (line, text, whether it is an identifier) of a module, docstrings left out."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    # A text behind an assignment says what was assigned.
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            docstrings.add(id(node.value))
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in docstrings:
                yield node.lineno, text, False
            case ast.Name(id=text) | ast.Attribute(attr=text):
                yield node.lineno, text, True
            case ast.arg(arg=text) | ast.keyword(arg=str(text)):
                yield node.lineno, text, True
            case ast.FunctionDef(name=text) | ast.AsyncFunctionDef(name=text) | ast.ClassDef(name=text):
                yield node.lineno, text, True
            case ast.alias(name=text):
                yield 0, text, True


def _is_tolerance(file: str, text: str, *, identifier: bool) -> bool:
    return text.strip("_").lower() == TOLERANCE if identifier else (file, text) == (KEYED, TOLERANCE)


def test_no_module_names_a_release_but_for_the_one_default() -> None:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        file = path.relative_to(PACKAGE).as_posix()
        for line, text, identifier in _words(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                NAMED.search(text.replace("_", " "))
                and not _is_tolerance(file, text, identifier=identifier)
                and file != DEFAULT[0]
            ):
                found.append(f"{file}:{line}: {text[:80]}")
    assert found == []


def test_the_default_is_named_once() -> None:
    tree = ast.parse((PACKAGE / DEFAULT[0]).read_text(encoding="utf-8"))
    named = [node.target for node in ast.walk(tree) if isinstance(node, ast.AnnAssign) and node.value is not None
             and isinstance(node.value, ast.Constant) and NAMED.fullmatch(str(node.value.value))]  # fmt: skip
    assert [target.id for target in named if isinstance(target, ast.Name)] == [DEFAULT[1]]
    assert sum(bool(NAMED.search(text)) for _, text, _ in _words(tree)) == 1


def specs_with(tmp_path: Path, old: str = "", new: str = "", name: str = "grace") -> Path:
    """A folder of specs whose release file is changed, and all else is the real one."""
    folder = tmp_path / "specs"
    (folder / "releases").mkdir(parents=True)
    for path in GRACE.specs.iterdir():
        if path.name != "releases":
            (folder / path.name).symlink_to(path)
    text = GRACE.file.read_text(encoding="utf-8")
    assert old in text
    (folder / "releases" / f"{name}.yaml").write_text(text.replace(old, new, 1).replace("release: grace", f"release: {name}", 1),
                                                      encoding="utf-8")  # fmt: skip
    errata = GRACE.errata_file.read_text(encoding="utf-8")
    (folder / "releases" / f"{name}-errata.yaml").write_text(errata, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    guide: MEF121\n", "    giude: MEF121\n", "9:5: unknown key 'giude'; did you mean 'guide'?"),
        ("    guide: MEF121\n", "", "7:5: missing: guide"),
        ("servedBy: seller", "servedBy: seler", "16:19: 'seler' is not one of buyer, seller; did you mean 'seller'?"),
        ("    alias: [address]\n", "    alias: address\n", "8:12: a list is needed here"),
        ("sonata/geographicAddress/management.yaml", "sonata/nowhere.yaml", "13:19: there is no sonata/nowhere.yaml"),
        ("    rules: address\n", "    rules: address\n    tables: nowhere.yaml\n", "11:13: there is no nowhere.yaml"),
        ("release: grace\n", "release: dolly\n", "2:10: this is the file of release 'grace', not of 'dolly'"),
        ("      management:\n", "      managment:\n", "12:7: geographicAddress has no management contract"),
    ],
)
def test_a_wrong_release_file_is_refused_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    specs = specs_with(tmp_path, old, new)
    with pytest.raises(FileProblem) as caught:
        Release("grace", specs)
    place = f"{specs / 'releases' / 'grace.yaml'}:{said}"
    assert [problem for problem in caught.value.problems if problem.startswith(place)], caught.value.problems


def test_a_book_that_there_is_not_is_refused_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(
        FileProblem, match=r"grace.yaml:10:12: 'adress' is no book of rules of geographicAddress; address"
    ):
        rules_of(Release("grace", specs_with(tmp_path, "rules: address", "rules: adress")))


def test_a_release_can_share_a_file_or_bring_its_own(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("machines: {}\n")
    specs = specs_with(
        tmp_path, "    rules: quote\n", "    rules: quote\n    lifecycle: own/lifecycle.yaml\n", name="dolly"
    )
    (specs / "own").mkdir()
    (specs / "own" / "lifecycle.yaml").write_text(
        "machines:\n  quote.firm: {guide: MEF115, schema: MEFQuoteStateType, states: [on], initial: [on], terminal: [on], "
        "transitions: []}\n"
    )
    dolly = Release("dolly", specs)
    assert dolly.lifecycles["quote.firm"].states == ("on",)
    assert GRACE.lifecycles["quote.firm"].states != ("on",)
    assert dolly.lifecycles["productOrder"] == GRACE.lifecycles["productOrder"]
    assert dolly.requirements == GRACE.requirements


def test_each_api_has_the_book_of_its_guide() -> None:
    books = rules_of(GRACE).books
    assert list(books) == list(GRACE.apis)
    assert {books[api].guide for api in GRACE.books} == {GRACE.guides[api] for api in GRACE.books}
    mine = [BOOKS[name] for name in GRACE.books.values()]
    assert [book.told_by(GRACE.labels).rules for book in mine] == [books[api].rules for api in GRACE.books]


def test_what_is_made_of_a_release_is_made_once() -> None:
    assert rules_of(GRACE) is rules_of(GRACE)
    assert rules_of(Release("grace", GRACE.specs)) is not rules_of(GRACE)


def test_an_exchange_keeps_the_release_of_its_contract_wherever_it_is_kept(tmp_path: Path) -> None:
    """In a transcript, in a report, and in a database, in which exchanges of earlier versions have none."""
    proof = next(iter(GRACE.proofs.values()))
    exchange = next(iter(proof.right))
    assert exchange.release == GRACE.name
    assert exchange_json(exchange)["release"] == GRACE.name
    file = tmp_path / "transcript.ndjson"
    file.write_bytes(b"".join(line_of("", each) for each in proof.right))
    (captured,) = read_capture(file, BasePaths(GRACE))
    assert {each.release for each in captured.exchanges} == {GRACE.name}
    opened = Database(f"sqlite:///{tmp_path / 'kept.sqlite3'}")
    recorder = Recorder(opened)
    kept = recorder.of("")
    kept.add(exchange)
    kept.add(replace(exchange, release=None))
    kept.flush()
    assert [each.release for each in kept] == [GRACE.name, None]
    recorder.close()
    opened.close()
