"""The lifecycles as data: their shape, the contract's enums, the guide's own statements, and the ways through."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from emulator.errors import FileProblem
from emulator.plain_yaml import load_yaml
from emulator.settings import specs_dir
from emulator.standard.lifecycle import IllegalTransition, Lifecycle, read_lifecycles
from emulator.standard.release import load_release

LIFECYCLES = load_release().lifecycles
EXPECTED = {
    "productOfferingQualification",
    "productOfferingQualificationItem",
    "quote.firm",
    "quote.budgetary",
    "quoteItem.firm",
    "quoteItem.budgetary",
    "productOrder",
    "productOrderItem",
    "cancelProductOrder",
    "modifyProductOrderItemRequestedDeliveryDate",
    "charge",
    "chargeItem",
    "product",
    "troubleTicket",
    "incident",
    "appointment",
    "workOrder",
    "productOffering",
    "productSpecification",
    "customerBill",
    "customerBillItem",
}


def _enum(lifecycle: Lifecycle) -> set[str]:
    for path in sorted((specs_dir() / "sonata").glob("*/management.yaml")):
        schemas: dict[str, Any] = load_yaml(path)["components"]["schemas"]
        if lifecycle.schema in schemas:
            return set(schemas[lifecycle.schema]["enum"])
    raise AssertionError(lifecycle.schema)


def test_every_machine_of_the_release_is_there() -> None:
    assert set(LIFECYCLES) == EXPECTED


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_states_are_the_enum_of_the_contract(name: str) -> None:
    machine = LIFECYCLES[name]
    assert {*machine.states, *machine.unused} == _enum(machine)
    assert not set(machine.states) & set(machine.unused)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_transitions_have_a_clause_and_are_given_once(name: str) -> None:
    arrows = LIFECYCLES[name].transitions
    assert all(arrow.clause.split()[0] in {"Figure", "Table"} or arrow.clause[0] == "R" for arrow in arrows)
    assert all(arrow.by in {"buyer", "seller", "time"} for arrow in arrows)
    assert len({(arrow.source, arrow.target, arrow.by) for arrow in arrows}) == len(arrows)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_from_creation_every_state_has_a_legal_way(name: str) -> None:
    machine = LIFECYCLES[name]
    for target in machine.states:
        way = machine.path(None, target)
        assert way[-1] == target
        assert machine.allows(None, way[0])
        assert all(machine.allows(one, other) for one, other in pairwise(way))


def test_an_order_is_never_cancelled_at_once() -> None:
    order = LIFECYCLES["productOrder"]
    assert order.path("inProgress", "cancelled") == ["pendingCancellation", "cancelled"]
    assert not order.allows("acknowledged", "assessingCancellation")  # Figure 13 has no such arrow
    assert order.path("completed", "completed") == []
    assert order.reaches("acknowledged", "partial")
    assert not order.reaches("completed", "inProgress")


def test_no_way_is_an_illegal_transition_that_names_both_ends() -> None:
    with pytest.raises(IllegalTransition, match="product: there is no way from terminated to active"):
        LIFECYCLES["product"].path("terminated", "active")
    with pytest.raises(IllegalTransition, match="from creation to nowhere"):
        LIFECYCLES["product"].path(None, "nowhere")


def test_an_unfit_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lifecycle.yaml"
    path.write_text(
        "machines:\n  lamp:\n    guide: MEF0\n    schema: LampState\n    states: [on, off, lost, stuck]\n"
        "    initial: [off]\n    terminal: [on]\n    transitions:\n"
        "      - {from: off, to: on, by: buyer, clause: Figure 1}\n"
        "      - {from: off, to: stuck, by: buyer, clause: Figure 1}\n"
        "      - {from: on, to: broken, by: time, clause: Figure 1}\n",
        encoding="utf-8",
    )
    with pytest.raises(FileProblem) as caught:
        read_lifecycles([path])
    said = str(caught.value)
    assert "lamp: broken is not one of its states" in said
    assert "on must be terminal or have a way on, and not both" in said
    assert "stuck must be terminal or have a way on, and not both" in said
    assert "lost cannot be reached" in said
