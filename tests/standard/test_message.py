"""`oit validate`: one message against its contract, told as an editor would."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from emulator.cli import main
from tests.standard.messages import quote

RIGHT = json.dumps(quote(), indent=2)


@pytest.fixture
def validate(tmp_path: Path) -> Any:
    """Runs `oit validate OPERATION FILE …` on a text."""

    def run(operation: str, text: str | bytes, *options: str) -> Result:
        file = tmp_path / "m.json"
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        result = CliRunner().invoke(main, ["validate", operation, str(file), *options])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        assert "Traceback" not in result.output
        return result

    return run


def told(result: Result) -> list[str]:
    """The lines without the folder."""
    return [line.rpartition("m.json:")[2] for line in result.stdout.splitlines()]


def test_a_right_message(validate: Any) -> None:
    """Nothing on stdout, the count on stderr, exit code 0."""
    result = validate("createQuote", RIGHT)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.endswith("m.json: 0 breach(es), 0 warning(s) as quote.createQuote request\n")


def test_breaches_with_line_and_column(validate: Any) -> None:
    """Each breach stands on a line of its own, in the order of the file, as editors read it."""
    text = (
        '{\n  "buyerRequestedQuoteLevel": "loose",\n  "instantSyncQuote": "true",\n'
        '  "quoteItem": [\n    {"id": "1", "action": "add",\n     "product": {"place": [{"@type": "GeographicSiteRef", "role": "r"}]}}\n  ]\n}\n'
    )
    result = validate("createQuote", text)
    assert result.exit_code == 1
    assert told(result) == [
        '2:3: breach [schema] /buyerRequestedQuoteLevel: "loose" is not one of ["budgetary", "firm"]',
        '3:3: breach [schema] /instantSyncQuote: "true" is not of type boolean',
        "6:28: breach [schema] /quoteItem/0/product/place/0/id: id is required",
    ]
    assert ": 3 breach(es), 0 warning(s) as " in result.stderr


def test_warnings_do_not_fail(validate: Any) -> None:
    """What is only worth a warning is told, and the exit code stays 0."""
    result = validate("createQuote", json.dumps(quote(externalID="x")))
    assert result.exit_code == 0
    assert "warning [unknown-member] /externalID: " in result.stdout
    assert "did you mean externalId?" in result.stdout
    assert "0 breach(es), 1 warning(s)" in result.stderr


def test_json_output(validate: Any) -> None:
    """The same for programs: one list, every member always there."""
    result = validate("createQuote", '{"instantSyncQuote": 1, "x": 2}', "--format", "json")
    assert result.exit_code == 1
    rows = json.loads(result.stdout)
    assert {tuple(row) for row in rows} == {
        ("file", "line", "column", "pointer", "severity", "check", "code", "expected", "found", "message")
    }
    wrong = next(row for row in rows if row["pointer"] == "/instantSyncQuote")
    assert (wrong["line"], wrong["column"], wrong["found"], wrong["severity"]) == (1, 2, 1, "breach")
    assert next(row for row in rows if row["pointer"] == "/quoteItem")["found"] is None
    assert next(row for row in rows if row["pointer"] == "/x")["severity"] == "warning"
    assert result.stderr == ""


def test_json_output_of_a_right_message(validate: Any) -> None:
    """No finding is an empty list, not nothing."""
    assert json.loads(validate("createQuote", RIGHT, "--format", "json").stdout) == []


def test_a_response(validate: Any) -> None:
    """--status says that the file is a response; a list is one too."""
    assert validate("listQuote", "[]", "--status", "200").exit_code == 0
    result = validate("retrieveQuote", '{"code": "notFound"}', "--status", "404")
    assert result.exit_code == 1
    assert told(result) == ["1:1: breach [schema] /reason: reason is required"]


def test_stdin() -> None:
    """A dash reads standard input."""
    result = CliRunner().invoke(main, ["validate", "createQuote", "-"], input=RIGHT)
    assert result.exit_code == 0
    result = CliRunner().invoke(main, ["validate", "createQuote", "-"], input="[]")
    assert result.exit_code == 1
    assert result.stdout == "<stdin>:1:1: breach [schema] /: [] is not of type object\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "1:1: breach [unreadable] /: the body is empty"),
        (
            '{"a": 1,\n  "b": NaN}',
            "2:8: breach [unreadable] /: the body holds NaN or Infinity, which are not JSON, at line 2 column 8",
        ),
        (
            b'{\n"a": "\xff"}',
            "2:7: breach [unreadable] /: the body is not UTF-8: a byte cannot be decoded at line 2 column 7",
        ),
        ("[" * 10_000 + "]" * 10_000, "1:1: breach [unreadable] /: the body is nested deeper than 254 levels"),
        (
            '{"a":' + "[" * 1000 + "]" * 1000 + ',"a":1}',
            "1:1: breach [unreadable] /: the body is nested deeper than 254 levels",
        ),
    ],
)
def test_an_unreadable_file(validate: Any, text: str | bytes, line: str) -> None:
    """What is no JSON is a breach where reading stopped, exit code 1."""
    result = validate("createQuote", text)
    assert (result.exit_code, told(result)) == (1, [line])


def test_deep_nesting_that_can_be_read(validate: Any) -> None:
    """Two hundred levels are a message like any other."""
    result = validate("createQuote", '{"x":' * 199 + "1" + "}" * 199)
    assert result.exit_code == 1
    assert told(result)[0].startswith("1:1: breach")


def test_namesakes(validate: Any) -> None:
    """A member given twice is a breach where it is given again."""
    result = validate("createQuote", RIGHT[:-2] + ',\n"externalId": "y"}')
    assert result.exit_code == 1
    assert told(result) == [
        (
            f"{RIGHT.count(chr(10)) + 1}:1: breach [duplicate-member] /externalId: "
            "the member is given twice: readers differ in which of the two they take"
        )
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["createQuotes"], "'createQuotes' is not an operation. Did you mean 'createQuote'?"),
        (
            ["createQuotes", "--api", "quote"],
            "'createQuotes' is not an operation of quote. Did you mean 'createQuote'?",
        ),
        (["zzz", "--api", "quote"], "'zzz' is not an operation of quote. Known: "),
        (["createQuote", "--api", "quotes"], "'quotes' is not an API of release grace. Did you mean 'quote'?"),
        (["registerListener"], "registerListener is an operation of several APIs; add --api "),
        (["listQuote"], "listQuote has no request body; for a response add --status 200"),
        (["createQuote", "--status", "299"], "createQuote lists no response 299; it lists 201, 400"),
        (
            ["createQuote", "--release", "gracia"],
            "There is no release 'gracia' here. Known: cantata-grace, dolly, grace, kylie.",
        ),
        (["createQuote", "--api", "inventory", "--notification"], "productInventory has no notification contract"),
    ],
)
def test_wrong_usage(validate: Any, arguments: list[str], words: str) -> None:
    """One sentence on stderr that says what to do, exit code 2."""
    result = validate(arguments[0], "{}", *arguments[1:])
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_no_such_file(tmp_path: Path) -> None:
    """A file that is not there, or a folder, is told in one sentence."""
    for path in (tmp_path / "none.json", tmp_path):
        result = CliRunner().invoke(main, ["validate", "createQuote", str(path)])
        assert result.exit_code == 2
        assert result.stderr.startswith(f"{path}: ")
        assert len(result.stderr.splitlines()) == 1


def test_a_hub_of_one_api(validate: Any) -> None:
    """--api chooses among namesakes, by any name of the API; notification contracts are found by their own operations."""
    for api in ("poq", "quote", "order", "productOrderManagement"):
        result = validate("registerListener", '{"callback": "http://b.example"}', "--api", api)
        assert result.exit_code == 0, result.output


def test_operations_of_a_notification_contract(validate: Any) -> None:
    """--notification, or only the name, finds what the buyer serves."""
    event = {
        "eventId": "1",
        "eventTime": "2026-03-01T10:00:00Z",
        "eventType": "quoteStateChangeEvent",
        "event": {"id": "1"},
    }
    from emulator.standard.release import load_release

    name = next(iter(load_release().contract("quote", "notification").operations))
    for options in ([], ["--notification"], ["--api", "quote"], ["--api", "quote", "--notification"]):
        result = validate(name, json.dumps(event), *options)
        assert result.exit_code == 0, result.output
