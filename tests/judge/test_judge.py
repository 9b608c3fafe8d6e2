"""The judge adds up evidence and lays blame."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.judge.judge import Judgement, judge
from emulator.judge.roles import PartyRole, Roles
from emulator.judge.rule import MAX_BREACHES
from emulator.judge.rules.contract import ASPECTS, RULES
from emulator.judge.verdict import Blame, Verdict, worst
from emulator.record.call import ErrorCode
from emulator.record.exchange import Party
from emulator.record.payload import MISSING
from emulator.standard.breach import Breach, Check
from tests.judge.exchanges import exchange, fake_release, transcript

PAYLOAD = "MEF121-R10"
REQUIRED = "MEF121-R6"
SCHEMA_BREACH = Breach("/city", "string", 7, "7 is not of type string")


def verdict_of(judgement: Judgement, identifier: str) -> Verdict:
    return next(row.verdict for row in judgement.requirements if row.id == identifier)


@pytest.mark.parametrize(
    ("evidence", "verdict"),
    [
        (set(), Verdict.NOT_SEEN),
        ({Verdict.PASS}, Verdict.PASS),
        ({Verdict.PASS, Verdict.WARNING}, Verdict.WARNING),
        ({Verdict.PASS, Verdict.DISPUTED, Verdict.WARNING}, Verdict.DISPUTED),
        ({Verdict.PASS, Verdict.ERROR}, Verdict.ERROR),
        ({Verdict.ERROR, Verdict.FAIL, Verdict.PASS}, Verdict.FAIL),
        ({Verdict.NOT_SEEN}, Verdict.NOT_SEEN),
        ({Verdict.NOT_APPLICABLE}, Verdict.NOT_APPLICABLE),
    ],
)
def test_evidence_adds_up_to_the_worst(evidence: set[Verdict], verdict: Verdict) -> None:
    """A breach outweighs all else, and no evidence is no pass."""
    assert worst(evidence) is verdict


def test_a_clean_body_is_evidence_of_a_pass() -> None:
    """What was seen, judged and clean passes; what was not seen does not."""
    judged = judge(transcript(exchange({"id": "1"})), fake_release())
    assert judged.findings == ()
    assert verdict_of(judged, PAYLOAD) is Verdict.PASS
    assert verdict_of(judged, REQUIRED) is Verdict.PASS
    assert verdict_of(judged, "MEF115-R9") is Verdict.NOT_SEEN
    row = next(row for row in judged.requirements if row.id == PAYLOAD)
    assert row.exchanges == (1,)


def test_nothing_seen_is_never_a_pass() -> None:
    """An empty transcript leaves every requirement unseen."""
    judged = judge(transcript(), fake_release())
    assert {row.verdict for row in judged.requirements} <= {Verdict.NOT_SEEN, Verdict.NOT_APPLICABLE}


def test_what_our_own_party_says_proves_nothing_of_the_one_under_test() -> None:
    """With a party under test, a right request of ours is no evidence, and a wrong one no failure of theirs."""
    unanswered = transcript(exchange(fault=True, sent={"id": "1"}))
    assert verdict_of(judge(unanswered, fake_release()), PAYLOAD) is Verdict.PASS
    assert verdict_of(judge(unanswered, fake_release(), roles=Roles.testing(Party.SELLER)), PAYLOAD) is Verdict.NOT_SEEN
    assert verdict_of(judge(unanswered, fake_release(), roles=Roles.testing(Party.BUYER)), PAYLOAD) is Verdict.PASS
    wrong = judge(unanswered, fake_release(request=[SCHEMA_BREACH]), roles=Roles.testing(Party.SELLER))
    assert Verdict.FAIL in {finding.verdict for finding in wrong.findings}
    assert verdict_of(wrong, PAYLOAD) is Verdict.NOT_SEEN


def test_what_each_party_under_test_says_is_evidence() -> None:
    """Two can be under test at once; of one that is merely observed beside another nothing is proven."""
    unanswered = transcript(exchange(fault=True, sent={"id": "1"}))
    seen = {
        str(other): verdict_of(judge(unanswered, fake_release(), roles=Roles.testing(Party.SELLER, other)), PAYLOAD)
        for other in PartyRole
    }
    assert seen == {"emulated": Verdict.NOT_SEEN, "underTest": Verdict.PASS, "observed": Verdict.NOT_SEEN}


def test_an_exchange_without_bodies_shows_nothing_of_payloads() -> None:
    """A 204 to a DELETE says nothing of payloads."""
    judged = judge(transcript(exchange(method="DELETE", status=200)), fake_release())
    assert verdict_of(judged, PAYLOAD) is Verdict.NOT_SEEN


def test_a_status_that_the_contract_does_not_list_is_no_evidence() -> None:
    """A 418 has a body that no schema describes, so it proves nothing."""
    judged = judge(transcript(exchange({"id": "1"}, status=418)), fake_release())
    assert verdict_of(judged, PAYLOAD) is Verdict.NOT_SEEN


@pytest.mark.parametrize("sender", list(Party))
def test_each_message_is_laid_to_its_author(sender: Party) -> None:
    """The request is the sender's, the response the receiver's, whoever plays which part."""
    release = fake_release(request=[SCHEMA_BREACH], response=[SCHEMA_BREACH])
    judged = judge(transcript(exchange({"id": "1"}, sent={}, sender=sender)), release)
    assert [finding.blame for finding in judged.findings] == [Blame(sender), Blame(sender.other)]


def test_a_finding_says_what_the_breach_said() -> None:
    """Place, expectation, finding, message and requirement all arrive."""
    breach = Breach("/city", "given", MISSING, "city is required", Check.SCHEMA, ErrorCode.MISSING_PROPERTY)
    judged = judge(transcript(exchange({"id": "1"})), fake_release(response=[breach]))
    (finding,) = judged.findings
    assert finding.rule == "contract.schema"
    assert finding.requirements == (REQUIRED, PAYLOAD)
    assert finding.verdict is Verdict.FAIL
    assert (finding.exchange, finding.pointer, finding.message) == (1, "/city", "city is required")
    assert verdict_of(judged, PAYLOAD) is Verdict.FAIL


def test_a_breach_without_words_gets_a_sentence() -> None:
    """Expected and found make a sentence where a rule wrote none."""
    (finding,) = judge(transcript(exchange({})), fake_release(response=[Breach("/a", "b", "c")])).findings
    assert finding.message == '/a is "c"; expected "b"'


@pytest.mark.parametrize("check", [check for check in Check if check not in (Check.RULE, Check.HINT)])
def test_every_check_has_a_rule_id_and_a_verdict(check: Check) -> None:
    """Advisory checks warn, all others fail, and each is named."""
    breach = Breach("/a", "b", "c", "d", check)
    (finding,) = judge(transcript(exchange({"id": "1"})), fake_release(response=[breach])).findings
    assert finding.rule == f"contract.{check}"
    assert finding.verdict is (Verdict.WARNING if breach.advisory else Verdict.FAIL)
    assert check in ASPECTS


@pytest.mark.parametrize(
    ("breach", "requirements"),
    [
        (Breach("/x", 1, 2, check=Check.SCHEMA), ("MEF115-R9",)),
        (Breach("/x", 1, code=ErrorCode.MISSING_PROPERTY), ("MEF115-R9", "MEF115-R11")),
        (
            Breach("/quoteItem/0/product/productConfiguration/mtu", 1, 2, check=Check.PRODUCT),
            ("MEF115-R8", "MEF115-R9"),
        ),
        (
            Breach("/quoteItem/0/product/productConfiguration/@type", 1, code=ErrorCode.MISSING_PROPERTY),
            ("MEF115-R7", "MEF115-R9", "MEF115-R11"),
        ),
        (Breach("/quoteItem/0/product/productConfiguration/@type", 1, 2, check=Check.URN_ALIAS), ("MEF115-R7",)),
        (Breach("/quoteItem/0/product/productConfiguration/@type", 1, 2, check=Check.UNCHECKED), ("MEF115-R8",)),
        (Breach("/quoteItem/0/place/0/@type", 1, 2, check=Check.UNCHECKED), ("MEF115-R9",)),
        (Breach("", 1, 2, check=Check.STATUS), ()),
        (Breach("/x", 1, 2, check=Check.UNKNOWN_MEMBER), ()),
    ],
)
def test_breaches_hurt_the_requirements_that_speak_of_them(breach: Breach, requirements: tuple[str, ...]) -> None:
    """Which clause a breach belongs to follows from its check and place."""
    seen = exchange({"id": "1"}, api="quote", operation="retrieveQuote")
    (finding,) = judge(transcript(seen), fake_release(response=[breach]), rules=RULES, closing=()).findings
    assert finding.requirements == requirements


def test_a_request_that_is_wrong_on_purpose_is_neither_blamed_nor_counted() -> None:
    """A negative case's request is no finding; its answer is judged as any other."""
    release = fake_release(request=[SCHEMA_BREACH], response=[SCHEMA_BREACH])
    judged = judge(transcript(exchange(None, sent={}), exchange({}, sent={})), release, provoked=frozenset({1, 2}))
    assert [finding.blame for finding in judged.findings] == [Blame.SELLER, Blame.SELLER]
    assert next(row.exchanges for row in judged.requirements if row.id == REQUIRED) == (2,)


def test_an_unknown_operation_is_the_senders() -> None:
    """A request that its contract does not have is laid to who sent it; what belongs to none is nobody's fault."""
    nobody = exchange({}, operation=None, api=None, path="/nowhere")
    assert judge(transcript(nobody), fake_release()).findings == ()
    (finding,) = judge(transcript(exchange({}, operation=None, path="/nowhere")), fake_release()).findings
    assert (finding.rule, finding.verdict, finding.blame) == ("contract.operation", Verdict.FAIL, Blame.BUYER)
    assert "GET /nowhere" in finding.message


def test_a_fault_is_not_seen_and_nobodys() -> None:
    """No answer is no breach: the sentence of the fault is kept, and the transport is named."""
    (finding,) = judge(transcript(exchange(fault=True)), fake_release()).findings
    assert (finding.rule, finding.verdict, finding.blame) == ("transport.timeout", Verdict.NOT_SEEN, Blame.TRANSPORT)
    assert finding.message == "no answer within 5 s"


def test_a_rule_that_raises_is_our_error(caplog: pytest.LogCaptureFixture) -> None:
    """What it had found before stays, the rest is our error, and the trace goes to the debug log."""

    def broken() -> Iterator[Breach]:
        yield SCHEMA_BREACH
        raise KeyError("oops")

    with caplog.at_level(logging.DEBUG, "emulator.judge"):
        judged = judge(transcript(exchange({"id": "1"})), fake_release(response=broken))
    assert [(finding.verdict, finding.blame) for finding in judged.findings] == [
        (Verdict.FAIL, Blame.SELLER),
        (Verdict.ERROR, Blame.EMULATOR),
    ]
    assert "KeyError" in judged.findings[1].message
    assert "Traceback" in caplog.text


def test_a_message_full_of_breaches_is_cut_short_and_says_so() -> None:
    """A body with a million breaches makes no million findings."""
    judged = judge(transcript(exchange({})), fake_release(response=[SCHEMA_BREACH] * (MAX_BREACHES + 5)))
    assert len(judged.findings) == MAX_BREACHES + 1
    assert "there is more" in judged.findings[-1].message


@given(st.binary(max_size=60), st.binary(max_size=60), st.integers(100, 599))
def test_the_judge_survives_any_bytes(sent: bytes, answered: bytes, status: int) -> None:
    """Whatever a stranger sends, the judge answers and calls nothing its own error."""
    judged = judge(transcript(exchange(answered, sent=sent, status=status)), fake_release())
    assert all(finding.verdict is not Verdict.ERROR for finding in judged.findings)
