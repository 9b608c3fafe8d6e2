"""JUnit XML is what Jenkins and GitLab accept, and nothing wrong looks green in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, fromstring

from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.report import json_report, junit_report
from emulator.report.model import whole_report
from emulator.standard.breach import Breach
from tests.judge.exchanges import exchange
from tests.report.runs import full_report, report

ATTRIBUTES = {
    "testsuites": ({"name", "tests", "failures", "errors", "time"}, set[str]()),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
        {"name", "tests", "failures", "errors"},
    ),
    "properties": (set[str](), set[str]()),
    "property": ({"name", "value"}, {"name", "value"}),
    "testcase": ({"name", "classname", "time"}, {"name"}),
    "failure": ({"type", "message"}, set[str]()),
    "error": ({"type", "message"}, set[str]()),
    "skipped": ({"type", "message"}, set[str]()),
    "system-out": (set[str](), set[str]()),
}
"""Per element of Jenkins' junit-10.xsd: attributes that it allows (as far as we use them) and demands."""

CHILDREN = {
    "testsuites": ["testsuite"],
    "testsuite": ["properties", "testcase", "system-out"],
    "properties": ["property"],
    "testcase": ["failure", "error", "skipped", "system-out"],
}
"""The order that the older, stricter schemas demand too."""


def accepted(document: bytes) -> Element:
    """The root, after what the XSD says of elements, attributes, order, times and sums was checked."""
    root = fromstring(document)  # our own document
    assert root.tag == "testsuites"
    for element in root.iter():
        allowed, required = ATTRIBUTES[element.tag]
        assert required <= set(element.attrib) <= allowed
        order = [CHILDREN[element.tag].index(child.tag) for child in element]
        assert order == sorted(order)
        if "time" in element.attrib:
            assert re.fullmatch(r"[0-9]{0,3}(,?[0-9]{3})*\.[0-9]*|[0-9]+\.[0-9]*", element.attrib["time"])
    for suite in root:
        cases = suite.findall("testcase")
        assert int(suite.attrib["tests"]) == len(cases)
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.attrib[attribute]) == sum(case.find(tag) is not None for case in cases)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?", suite.attrib["timestamp"])
    return root


def cases(root: Element) -> dict[tuple[str, str], Element]:
    return {(case.attrib["classname"].rsplit(".", 1)[1], case.attrib["name"]): case for case in root.iter("testcase")}


def test_a_full_run_is_accepted() -> None:
    """Every outcome and verdict has its place."""
    found = cases(accepted(junit_report.render(full_report())))
    assert [child.tag for child in found["steps", "passed"]] == []
    for step, tag in (("unmet", "error"), ("skipped", "skipped"), ("blocked", "skipped"), ("inconclusive", "error")):
        assert found["steps", step].find(tag) is not None
    assert found["requirements", "MEF121-R10"].find("failure") is not None
    unseen = found["requirements", "not seen"].find("skipped")
    assert unseen is not None
    assert "MEF123-R10 (section " in (unseen.text or "")
    assert ("requirements", "MEF123-R10") not in found
    assert found["findings", "transport.timeout"].find("error") is not None
    assert found["findings", "contract.operation"].find("failure") is not None


def test_a_failure_tells_the_whole_story() -> None:
    """Exchange, place, expected, found and whose it is stand in the text."""
    failure = cases(accepted(junit_report.render(full_report())))["requirements", "MEF121-R10"].find("failure")
    assert failure is not None
    assert failure.text is not None
    for part in (
        "Exchange 1: GET /geographicAddress/1 was answered 200",
        "/quoteItem/0/state",
        "approved.orderable",
        "unableToProvide",
        "the Seller's",
        "MEF121-R10 (section 5.4)",
        "oit explain MEF121-R10",
    ):
        assert part in failure.text
    assert failure.attrib["message"] == "the state does not fit"


def test_several_runs_are_several_suites(tmp_path: Path) -> None:
    both = whole_report([report(), full_report()])
    root = accepted(junit_report.write(both, tmp_path / "new").read_bytes())
    assert [suite.attrib["name"] for suite in root] == ["address/lookup", "address/lookup [no city]"]
    assert json_report.write(both, tmp_path).name == "report.json"


def test_warnings_are_told_but_pass() -> None:
    from emulator.standard.breach import Check

    warning = Breach("/a", "b", "c", "a slip", Check.UNCHECKED)
    case = cases(accepted(junit_report.render(report(breaches=(warning,)))))["requirements", "MEF121-R10"]
    assert [child.tag for child in case] == ["system-out"]
    assert "a slip" in (case[0].text or "")


@settings(deadline=None)  # the first example reads the catalogue
@given(st.text(), st.text(), st.binary(max_size=50))
def test_any_text_makes_xml(name: str, message: str, body: bytes) -> None:
    """Control characters, surrogates and markup never break the file."""
    breaches: Any = (Breach("/" + name, message, body, message),)
    accepted(
        junit_report.render(report(exchange(body, path="/" + name), breaches=breaches, title=message, scenario=name))
    )


def test_jenkins_own_schema_accepts_it() -> None:
    """Jenkins' junit-10.xsd, as the source package of pytest carries it; and it refuses an unknown element."""
    import xmlschema

    from tests.report.schemas import fetched

    xsd = xmlschema.XMLSchema(str(fetched("junit-10.xsd", "pip download --no-deps --no-binary pytest pytest")))
    document = junit_report.render(whole_report([report(), full_report()])).decode()
    assert [error.reason for error in xsd.iter_errors(document)] == []
    assert list(xsd.iter_errors(document.replace("<testsuite ", "<testsweet ").replace("</testsuite>", "</testsweet>")))
