"""What a user gives for an input is what the input is, in whatever way it is given."""

from __future__ import annotations

import pytest

from emulator.arguments import inputs
from emulator.errors import FileProblem
from emulator.scenario.given import typed

USUAL = {
    "postcode": "20147",
    "address": {"postcode": "20147", "floors": 3, "lift": True, "note": None, "tags": ["a"]},
    "amount": 5,
    "lift": False,
    "contacts": [{"name": "Jane", "number": "1"}],
    "mixed": ["a", 1],
    "product": {"@type": "urn:a", "size": 1, "name": "x", "parts": {"size": 1}},
    "nothing": None,
    "again": "$inputs.postcode",
    "number": "$inputs.address.floors",
    "made": "$gen.now+30d",
    "put": "{$run.id}-x",
}

TEXTS = [
    "20147",
    "1e3",
    "0x1F",
    "0o17",
    "1.50",
    "",
    "null",
    "~",
    "true",
    "NO",
    "2026-01-01",
    "1:30",
    ".inf",
    "-0",
    "12 # 3",
]


def given(*variables: str) -> dict:
    return typed(inputs(variables, None), USUAL)


def of_file(folder, text: str) -> dict:
    file = folder / "mine.yaml"
    file.write_text(text)
    return typed(inputs((), file), USUAL)


@pytest.mark.parametrize("name", ["postcode", "address.postcode", "again", "made", "put"])
@pytest.mark.parametrize("text", TEXTS)
def test_a_text_stays_a_text(name: str, text: str):
    assert given(f"{name}={text}") == {name: text}


@pytest.mark.parametrize("text", [text for text in TEXTS if "#" not in text])
def test_a_text_in_a_file_is_as_it_is_written(tmp_path, text: str):
    assert of_file(tmp_path, f"postcode: {text}\n") == {"postcode": text}
    assert of_file(tmp_path, f"address: {{postcode: {text}}}\n") == {"address": {"postcode": text}}
    assert of_file(tmp_path, f"address.postcode: {text}\n") == {"address.postcode": text}
    assert of_file(tmp_path, f"contacts: [{{number: {text}}}]\n") == {"contacts": [{"number": text}]}
    assert of_file(tmp_path, f'postcode: "{text}"\n') == {"postcode": text}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("postcode={a: 1}", "{a: 1}"),
        ("postcode={a", "{a"),
        ('postcode="20147"', "20147"),
        ("postcode='it''s'", "it's"),
        ("amount=7", 7),
        ("amount=1.5", 1.5),
        ("number=0x1F", 31),
        ("lift=true", True),
        ("nothing=20147", 20147),
        ("nothing={a: 1}", {"a": 1}),
        ("address.note=20147", 20147),
        ("address.storey=20147", 20147),
        ("address={postcode: 1e3, storey: 1e3}", {"postcode": "1e3", "storey": 1000.0}),
        ("address.tags=[1, b]", ["1", "b"]),
        ("mixed=[1, b]", [1, "b"]),
        (
            "product={'@type': 'urn:b', size: big, name: 1, parts: {size: big}}",
            {"@type": "urn:b", "size": "big", "name": "1", "parts": {"size": "big"}},
        ),
    ],
)
def test_a_value_is_of_the_kind_of_its_input(variable: str, value):
    assert list(given(variable).values()) == [value]


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("amount=many", "--var amount: the input 'amount' is a number, and a text is given: \"many\""),
        ("amount=true", "'amount' is a number, and true or false is given: true"),
        ("amount=", "'amount' is a number, and nothing is given: null"),
        ("amount=.inf", "'amount' is a number, and a number is given: Infinity"),
        ("number=x", "'number' is a number, and a text is given"),
        ("address.floors=x", "'address.floors' is a number, and a text is given"),
        ("lift=1", "'lift' is true or false, and a number is given: 1"),
        ("address=Ashburn", "'address' is a mapping, and a text is given"),
        ("address=[a]", "'address' is a mapping, and a list is given"),
        ("address={floors: x}", "--var address: the input 'address.floors' is a number, and a text is given"),
        ("address={lift: {a: 1}}", "'address.lift' is true or false, and a mapping is given"),
        ("address={postcode: [1]}", "'address.postcode' is a text, and a list is given: [1]"),
        ("contacts=Jane", "'contacts' is a list, and a text is given"),
        ("contacts=[Jane]", "'contacts.0' is a mapping, and a text is given"),
        ("amount={a", "--var amount: the input 'amount' is a number; what is given:2:1: not readable as YAML"),
        ("nothing={a", "--var nothing: what is given:2:1: not readable as YAML"),
    ],
)
def test_a_value_that_cannot_be_is_refused(variable: str, said: str):
    with pytest.raises(FileProblem) as refused:
        given(variable)
    assert said in str(refused.value)


def test_a_file_is_refused_with_every_place(tmp_path):
    with pytest.raises(FileProblem) as refused:
        of_file(tmp_path, "amount: many\naddress:\n  floors: x\npostcode: {a: 1}\n")
    assert refused.value.problems == [
        f"{tmp_path}/mine.yaml:1:9: the input 'amount' is a number, and a text is given: \"many\"",
        f"{tmp_path}/mine.yaml:3:11: the input 'address.floors' is a number, and a text is given: \"x\"",
        f"{tmp_path}/mine.yaml:4:11: the input 'postcode' is a text, and a mapping is given: {{\"a\": 1}}",
    ]


def test_what_is_given_for_another_scenario_is_left_out():
    assert given("others={a", "amount=1") == {"amount": 1}
