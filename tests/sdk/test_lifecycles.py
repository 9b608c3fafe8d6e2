"""Lifecycles from diagrams: read where they have the contract's states, left out and told where not."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.sdk.adding import Added, add_sdk
from emulator.sdk.puml import read_diagram
from emulator.standard.release import Release, load_release
from tests.sdk.trees import contract, planted

QUOTE = "productApi/quote/quoteManagement.api.yaml"
DIAGRAM = "documentation/productApi/quote/media/src/teaStates.puml"
TEA = """\
@startuml
state drunk <<choice>>
note left of drunk : Drunk?
' [*] --> nowhere
[*] -d-> steeping
steeping -[norank]> Ready : Seller pours
ready -r[#red]-> drunk : Buyer tastes
drunk --> spilt : no\\nthanks
drunk --> ready : more
steeping --[hidden]> spilt
spilt <-u- steeping : timeout
spilt --> [*]
@enduml
"""


def added(tmp_path: Path, raw: bytes, **diagrams: str) -> tuple[Added, Release]:
    files = {f"documentation/{name}.puml": text.encode() for name, text in diagrams.items()}
    found = add_sdk(planted(tmp_path / "celine", {QUOTE: raw, **files}))
    return found, load_release(found.identity.name)


def test_a_diagram_is_read_without_its_decisions() -> None:
    found = read_diagram(TEA)
    assert found is not None
    assert (found.states, found.initial) == (("steeping", "Ready", "ready", "spilt"), ("steeping",))
    assert {(each.source, each.target, each.label) for each in found.arrows} == {
        ("steeping", "Ready", "Seller pours"),
        ("ready", "spilt", "Buyer tastes; no thanks"),
        ("ready", "ready", "Buyer tastes; more"),
        ("steeping", "spilt", "timeout"),
    }


@pytest.mark.parametrize(
    "text", ["@startuml\nA -> B : call\n@enduml\n", "", "[*] nothing", "[*] --> [*]", "A" * 100_000 + "[*]"]
)
def test_what_is_no_state_diagram_is_none(text: str) -> None:
    assert read_diagram(text) is None


def test_a_lifecycle_has_the_states_of_the_contract(tmp_path: Path) -> None:
    found, release = added(tmp_path, contract(), teaStates=TEA)
    cycle = release.lifecycles["tea"]
    assert cycle.states == ("steeping", "ready", "spilt")
    assert cycle.terminal == ("spilt",)
    assert cycle.initial == ("steeping", "ready", "spilt")
    assert {(each.source, each.target, each.by) for each in cycle.transitions} == {
        ("steeping", "ready", "seller"),
        ("ready", "spilt", "buyer"),
        ("ready", "ready", "buyer"),
        ("steeping", "spilt", "time"),
    }
    assert release.kinds.kind("tea").cycle is not None
    assert not any("lifecycle" in each.what for each in found.notes.unknown)


@pytest.mark.parametrize(
    "diagrams",
    [
        {},
        {"teaStates": TEA.replace("spilt", "cold")},
        {"teaStates": TEA.replace("@enduml", "ready --> cold\n")},
        {"one": TEA, "two": TEA},
    ],
)
def test_what_does_not_fit_or_is_not_alone_is_left_out_and_told(diagrams: dict[str, str], tmp_path: Path) -> None:
    found, release = added(tmp_path, contract(), **diagrams)
    assert release.lifecycles == {}
    assert any(each.what.startswith("quote: the lifecycle of tea:") for each in found.notes.unknown)


ACTS = """\
/tea/{id}/spill:
  post:
    operationId: spillTea
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    responses: {'204': {description: done}}
/tea/{id}/cancel:
  post:
    operationId: cancelTea
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    responses: {'204': {description: done}}
"""


def test_where_an_act_leads_is_known_by_a_lifecycle_and_never_by_a_name_alone(tmp_path: Path) -> None:
    raw = contract(more=ACTS).replace(b"spilt]", b"spilled, cancelled]")
    found, release = added(tmp_path, raw)
    assert {name: act.to for name, act in release.kinds.kind("tea").acts.items()} == {"spillTea": "", "cancelTea": ""}
    assert any("cancelTea: whether it leads to cancelled" in each.what for each in found.notes.unknown)
    sheet = (release.specs / "apis" / "quote" / "resources.yaml").read_text(encoding="utf-8")
    assert "- kinds/tea/acts/cancelTea" in sheet
    diagram = TEA.replace("spilt", "cancelled").replace("@enduml", "ready --> spilled : Seller trips\nspilled --> [*]")
    (tmp_path / "second").mkdir()
    found = add_sdk(planted(tmp_path / "second" / "dolly", {QUOTE: raw, DIAGRAM: diagram.encode()}))
    acts = load_release("sonata-dolly").kinds.kind("tea").acts
    # The buyer can bring it to cancelled, by the diagram; who trips is the seller.
    assert {name: act.to for name, act in acts.items()} == {"spillTea": "", "cancelTea": "cancelled"}
