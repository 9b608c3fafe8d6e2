"""Use cases, errata and files of proofs that are wrong: each mistake is told with its place, and what may be meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.errors import FileProblem
from emulator.standard.errata import read_errata
from emulator.standard.proof_file import read_proof_file
from emulator.standard.use_case import read_use_cases


def problems(error: pytest.ExceptionInfo[FileProblem], path: Path) -> list[str]:
    return [problem.removeprefix(f"{path}:") for problem in error.value.problems]


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "file.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("5a: {title: t, section: '1', answer: {}}", "3:32: unknown key 'answer'; did you mean 'answers'?"),
        ("5a: {title: t, section: '1', by: x}", "3:3: a use case needs outcomes: 'answers', 'ends' or 'events'"),
        ("5a: {title: t, ends: {x: {}}}", "3:7: missing: section"),
        ("a5: {title: t, section: '1', events: [x]}", "3:3: 'a5' is no number of a use case; one is written as '5a'"),
        ("5a: {title: t, section: '1', events: [x], told: stat}",
         "3:51: 'stat' is not one of state, created; did you mean 'state'?"),
        ("5a: {title: t, section: '1', answers: [x]}", "3:41: a map is needed here, not ['x']"),
    ],
)  # fmt: skip
def test_a_use_case_that_is_wrong(tmp_path: Path, row: str, said: str) -> None:
    path = written(tmp_path, f"guide: MEF1\nuse_cases:\n  {row}\n")
    with pytest.raises(FileProblem) as error:
        read_use_cases({"lamp": path}, {"lamp": "MEF1"})
    assert problems(error, path) == [said]


ERRATUM = (
    "- {id: E-1, api: lamp, contract: management, at: /a, change: {op: replace, value: 1}, reason: r, clause: c}\n"
)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("replace", "replaces", "1:67: 'replaces' is not one of add, remove, replace; did you mean 'replace'?"),
        (", value: 1", "", "1:62: what to replace is missing: 'value'"),
        ("api: lamp", "api: lump", "1:34: the release has no management contract of 'lump'"),
        ("clause: c", "clauses: c", "1:98: unknown key 'clauses'; did you mean 'clause'?"),
        ("clause: c}\n", "clause: c}\n" + ERRATUM, "2:8: there is another erratum E-1"),
    ],
)
def test_an_erratum_that_is_wrong(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert read_errata(written(tmp_path, ERRATUM), [("lamp", "management")])[0].change.value == 1
    path = written(tmp_path, ERRATUM.replace(old, new, 1))
    with pytest.raises(FileProblem) as error:
        read_errata(path, [("lamp", "management")])
    assert said in problems(error, path)


PROOFS = """\
exchanges:
  read: {operation: retrieveLamp, params: {id: l-1}, response: {id: l-1}}
  read-on: {like: read, change: {response: {set: {/state: 'on'}}}}
proofs:
  MEF1-R1:
    run: [read]
    wrong: {read: {response: {drop: [/id]}}}
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("params", "parms", "2:35: unknown key 'parms'; did you mean 'params'?"),
        ("like: read", "like: raed", "3:19: there is no exchange 'raed'; did you mean 'read'?"),
        ("like: read", "like: read-on", "3:19: read-on is like itself: read-on -> read-on"),
        ("{set:", "{sets:", "3:45: unknown key 'sets'; did you mean 'set'?"),
        ("run: [read]", "run: [reed]", "6:11: there is no exchange 'reed'; did you mean 'read'?"),
        ("wrong: {read:", "wrong: {read-on:", "7:13: 'read-on' is not in the run; did you mean 'read'?"),
        ("run:", "runs:", "6:5: unknown key 'runs'; did you mean 'run'?"),
        ("drop: [/id]", "drop: /id", "7:37: a list is needed here, not '/id'"),
        (
            "wrong:",
            "declared: {options: {MEF1-O1: maybe}}\n    wrong:",
            "7:35: true or false is needed here, not 'maybe'",
        ),
    ],
)
def test_a_file_of_proofs_that_is_wrong(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert list(read_proof_file(written(tmp_path, PROOFS), ()).proofs) == ["MEF1-R1"]
    path = written(tmp_path, PROOFS.replace(old, new, 1))
    with pytest.raises(FileProblem) as error:
        read_proof_file(path, ())
    assert said in problems(error, path)


def test_a_rule_is_proven_once(tmp_path: Path) -> None:
    path = written(tmp_path, PROOFS)
    with pytest.raises(FileProblem) as error:
        read_proof_file(path, ["MEF1-R1"])
    assert problems(error, path) == ["5:3: MEF1-R1 is proven twice"]
