"""The security profile: judged where it is claimed, careful where little is seen, and never at the cost of an API."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from emulator.judge.elsewhere import is_elsewhere
from emulator.judge.judge import Judgement, judge
from emulator.judge.listing import rows
from emulator.judge.roles import Roles
from emulator.judge.rules import CLAIMED
from emulator.judge.run import Run
from emulator.judge.verdict import Blame, Verdict
from emulator.record.exchange import Exchange, Fault, FaultKind, Party, Request, Response
from emulator.record.relayed import Change, Relayed
from emulator.record.secured import Certificate, Secured, Tls, Token
from emulator.report.coverage import asked_of, trace
from emulator.report.model import run_report
from emulator.standard.declared import Declared
from emulator.standard.release import Release, load_release
from emulator.standard.requirement import Feature
from tests.fable import made
from tests.judge.exchanges import MOMENT, transcript
from tests.report.runs import info

GRACE = load_release()
MEF128 = Declared(claims=frozenset({"MEF128"}))
WRONG = (Verdict.FAIL, Verdict.WARNING, Verdict.DISPUTED, Verdict.ERROR)
JSON = ("Content-Type", "application/json")
BASE = "/mefApi/sonata/geographicSiteManagement/v7/geographicSite"
REFUSED = {"code": "missingCredentials", "reason": "There is no token"}
BEARER = Token("header Authorization", "request", "Bearer")


def read(
    status: int = 200,
    body: Any = (),
    *,
    root: str = "http://partner.example",
    headers: tuple[tuple[str, str], ...] = (),
    secured: Secured | None = None,
    answer: tuple[tuple[str, str], ...] = (JSON, ("WWW-Authenticate", "Bearer")),
) -> Exchange:
    raw = body if isinstance(body, bytes) else json.dumps(list(body) if isinstance(body, tuple) else body).encode()
    request = Request(headers, b"", "GET", f"{root}{BASE}?geographicAddress.id=adr-1")
    return Exchange(
        0, MOMENT, 1.0, Party.BUYER, Party.SELLER, request, Response(answer, raw, status),
        api="geographicSite", kind="management", operation="listGeographicSite", secured=secured,
    )  # fmt: skip


def ask(
    status: int = 200, body: Any = None, form: str = "grant_type=client_credentials&client_id=acme&scope=a"
) -> Exchange:
    answer = {"access_token": "***", "token_type": "Bearer", "expires_in": 60} if body is None else body
    request = Request((), form.encode(), "POST", "https://id.partner.example/oauth2/token")
    response = Response((JSON, ("Cache-Control", "no-store")), json.dumps(answer).encode(), status)
    return Exchange(
        0, MOMENT, 1.0, Party.BUYER, Party.SELLER, request, response, kind="authorization", operation="token"
    )


OURS = (("User-Agent", "lso-oit"),)
WITH_TOKEN = read(headers=(("Authorization", "***"),), secured=Secured(None, (BEARER,)), root="https://partner.example")


def judged(*exchanges: Exchange, declared: Declared = MEF128, **more: Any) -> Judgement:
    return judge(transcript(*exchanges), GRACE, declared=declared, **more)


def wrong(judgement: Judgement) -> list[tuple[str, Verdict, Blame]]:
    return [(f.rule, f.verdict, f.blame) for f in judgement.findings if f.verdict in WRONG]


def verdicts(judgement: Judgement) -> dict[str, Verdict]:
    return {row.id: row.verdict for row in judgement.requirements}


LET_IN = ("MEF128-R2", Verdict.FAIL, Blame.SELLER)


# --- the claim


def test_without_a_claim_nothing_is_as_the_profile_has_it() -> None:
    judgement = judged(read(headers=OURS), ask(form=""), declared=Declared())
    assert wrong(judgement) == []
    assert {row.id.partition("-")[0] for row in judgement.requirements} == {
        r.guide for r in GRACE.requirements.values()
    }
    assert [name for name in GRACE.requirements if name.startswith("MEF128")] == []


def test_with_a_claim_it_binds() -> None:
    assert wrong(judged(read(headers=OURS))) == [LET_IN]
    assert {row.id.partition("-")[0] for row in judged().requirements} >= {"MEF128", "MEF122"}


def test_every_clause_is_there_and_says_how_it_is_judged() -> None:
    clauses = list(GRACE.claimed_by(["MEF128"]))
    assert len(clauses) == 92
    assert list(GRACE.claimed_by([])) == []
    listed = rows(GRACE, clauses)
    assert [row["id"] for row in listed if not row["rules"] and not row["not_on_wire"] and not row["feature"]] == []
    assert [row["id"] for row in listed if row["rules"] and row["not_on_wire"]] == []


def test_what_an_rfc_says_hurts_no_clause() -> None:
    cited = [rule for rule in CLAIMED["security"].rules if rule.id.startswith("RFC")]
    assert cited
    assert [rule.id for rule in cited if rule.requirements] == []


def test_what_is_not_in_use_does_not_apply_and_says_why() -> None:
    rows_ = {row.id: row for row in judged(WITH_TOKEN, ask()).requirements}
    flows = {each.id: each.feature for each in GRACE.claimed_by(["MEF128"]) if each.feature and not each.not_on_wire}
    assert {rows_[name].verdict for name in flows} == {Verdict.NOT_APPLICABLE}
    for flow, word in ((Feature.HYBRID, "hybrid flow"), (Feature.ENCRYPTION, "encrypted")):
        assert {word in rows_[name].why for name, one in flows.items() if one is flow} == {True}


def test_what_is_in_use_applies_and_is_not_seen_where_nothing_showed() -> None:
    token = Token("/id_token", "response", "", {"alg": "RS256", "kid": "a"}, {"iss": "https://id.partner.example"})
    rows_ = {row.id: row for row in judged(replace(ask(), secured=Secured(None, (token,)))).requirements}
    assert rows_["MEF128-R31"].verdict is Verdict.PASS
    assert rows_["MEF128-R40"].verdict is Verdict.FAIL
    assert rows_["MEF128-R20"].verdict is Verdict.NOT_SEEN
    assert rows_["MEF128-R20"].why == ""


def test_the_report_says_why() -> None:
    kept = transcript(WITH_TOKEN, ask())
    told = run_report(info(), (), kept, judge(kept, GRACE, declared=MEF128))
    row = next(row for row in told["requirements"] if row["id"] == "MEF128-R20")
    assert row["verdict"] == "not_applicable"
    assert "hybrid flow" in row["why"]
    assert [row for row in told["requirements"] if "why" in row and not row["id"].startswith("MEF128")] == []


def test_coverage_counts_the_guide_where_it_was_claimed_only() -> None:
    told = [
        run_report(info(), (), transcript(WITH_TOKEN), judge(transcript(WITH_TOKEN), GRACE, declared=declared))
        for declared in (MEF128, Declared())
    ]
    assert len(asked_of(GRACE, told[1:])) == len(GRACE.requirements)
    assert len(asked_of(GRACE, told)) == len(GRACE.requirements) + 92
    without = trace(GRACE.numbered, told[1:], release=GRACE.name, unclaimed=GRACE.claimable)
    assert without["guides"]["MEF128"]["not_seen"] == 0
    assert without["guides"]["MEF122"]["not_seen"] > 0
    assert trace(asked_of(GRACE, told[1:]), told[1:])["all"]["requirements"] == len(GRACE.requirements)


# --- who is let in


@pytest.mark.parametrize(
    "exchange",
    [
        read(root="https://partner.example", headers=OURS),
        read(headers=(*OURS, ("X-API-Key", "***"))),
        read(headers=(*OURS, ("Cookie", "***"))),
        read(headers=(*OURS, ("X-Partner", "acme"))),
        replace(bare := read(headers=OURS), request=replace(bare.request, url=f"{bare.request.url}&us=***1a2b3c4d")),
        read(),
        read(headers=OURS, body=b"<!doctype html><p>Log in", answer=(("Content-Type", "text/html"),)),
        read(status=500, body={"code": "internalError", "reason": "x"}, headers=OURS),
    ],
    ids=[
        "TLS that nobody looked at",
        "API key",
        "cookie",
        "a header of their own",
        "a key that goes by a name of its own",
        "a tool that may leave tokens out",
        "login page",
        "500",
    ],
)
def test_nobody_is_blamed_for_what_was_not_seen(exchange: Exchange) -> None:
    judgement = judged(exchange)
    assert [rule for rule, _, _ in wrong(judgement) if rule.startswith("MEF128")] == []
    assert verdicts(judgement)["MEF128-R2"] is Verdict.NOT_SEEN


def test_a_tool_that_keeps_tokens_elsewhere_has_left_none_out() -> None:
    assert wrong(judged(WITH_TOKEN, read())) == [LET_IN]


def test_tls_without_a_certificate_is_no_credential() -> None:
    bare = read(root="https://partner.example", headers=OURS, secured=Secured(Tls("TLSv1.3", "x")))
    assert wrong(judged(bare)) == [LET_IN]


# --- where a relay stood between two


OLD, NEW = Tls("TLSv1.1", "x"), Tls("TLSv1.3", "x")
RELAYED = replace(WITH_TOKEN, secured=Secured(NEW, (BEARER,)), relayed=Relayed("https://seller.example" + BASE))
EXCHANGED = (Change("header Authorization", "***", "***"),)
"""The relay shows credentials of its own in place of the buyer's."""


def behind(exchange: Exchange, tls: Tls | None = None, tokens: tuple[Token, ...] = (), **more: Any) -> Exchange:
    """The same, passed on over a connection of the seller's own."""
    assert exchange.relayed is not None
    known = Secured(tls, tokens) if tls or tokens else None
    return replace(exchange, relayed=replace(exchange.relayed, secured=known, **more))


def test_each_connection_of_a_relay_is_of_its_own_party() -> None:
    """The seller answered over the connection behind the relay: what the buyer's is says nothing of it."""
    old = ("RFC8996.version", Verdict.WARNING, Blame.SELLER)
    assert wrong(judged(behind(RELAYED, OLD))) == [old]
    assert wrong(judged(behind(replace(RELAYED, secured=Secured(OLD, (BEARER,))), NEW))) == []
    assert wrong(judged(replace(RELAYED, secured=Secured(OLD, (BEARER,))))) == [], "nobody looked at the seller's"


def test_a_seller_is_judged_by_the_token_that_it_was_shown() -> None:
    claims = {"exp": MOMENT.timestamp() - 3600}
    late = Token("header Authorization", "request", "Bearer", {"alg": "RS256"}, claims)
    theirs = replace(RELAYED, secured=Secured(NEW, (late,)))
    assert wrong(judged(behind(theirs, NEW))) == [("MEF128-R2.time", Verdict.FAIL, Blame.SELLER)]
    assert wrong(judged(behind(theirs, NEW, (BEARER,), changes=EXCHANGED))) == []
    ours = behind(RELAYED, NEW, (late,), changes=EXCHANGED)
    assert wrong(judged(ours)) == [("MEF128-R2.time", Verdict.FAIL, Blame.SELLER)]


def test_a_call_to_which_the_relay_adds_credentials_is_not_bare() -> None:
    bare = replace(read(), relayed=Relayed("http://seller.example" + BASE))
    assert wrong(judged(WITH_TOKEN, bare)) == [LET_IN]
    key = (Change("header X-Key", "", "***"),)
    assert wrong(judged(WITH_TOKEN, behind(bare, changes=key))) == []
    assert wrong(judged(WITH_TOKEN, behind(bare, url="http://seller.example/?api_key=***"))) == []
    shown = Certificate("CN=oit", "CN=oit", (), MOMENT, MOMENT, "00")
    assert wrong(judged(WITH_TOKEN, behind(bare, Tls("TLSv1.3", "x", None, shown)))) == []


def test_a_token_that_is_bound_is_taken_beside_the_certificate_that_the_seller_saw() -> None:
    """The buyer showed its certificate to the relay, and the relay none to the seller."""
    shown = Certificate("CN=acme", "CN=acme", (), MOMENT, MOMENT, "00" * 32)
    bound = Token("header Authorization", "request", "Bearer", {"alg": "RS256"}, {"cnf": {"x5t#S256": "A" * 43}})
    theirs = replace(RELAYED, secured=Secured(replace(NEW, client=shown), (bound,)))
    assert wrong(judged(behind(theirs, NEW))) == [("RFC8705.bound", Verdict.FAIL, Blame.SELLER)]
    assert wrong(judged(behind(theirs, replace(NEW, client=shown)))) == []


def test_credentials_go_in_the_clear_where_their_sender_sends_them() -> None:
    clear = ("RFC6750.tls", Verdict.WARNING, Blame.BUYER)
    buyers = replace(
        RELAYED, request=replace(RELAYED.request, url=f"http://door.example{BASE}"), secured=Secured(None, (BEARER,))
    )
    assert wrong(judged(behind(buyers, NEW))) == [clear]
    assert wrong(judged(behind(RELAYED, url="http://seller.example/x"))) == []


def test_a_call_with_a_token_proves_nothing_of_those_without() -> None:
    assert verdicts(judged(WITH_TOKEN))["MEF128-R2"] is Verdict.NOT_SEEN


def test_credentials_that_we_made_wrong_are_not_held_against_us() -> None:
    flawed = replace(WITH_TOKEN, secured=Secured(None, (BEARER,), "another audience"))
    judgement = judged(flawed, provoked=frozenset({1}), roles=Roles.testing(Party.SELLER))
    assert wrong(judgement) == [("MEF128-R2.wrong", Verdict.FAIL, Blame.SELLER)]
    assert "another audience" in next(f for f in judgement.findings if f.verdict is Verdict.FAIL).message


def test_a_clock_that_runs_fast_says_nothing_of_the_life_of_a_token() -> None:
    claims = {"exp": MOMENT.timestamp() - 3600}
    late = replace(
        WITH_TOKEN,
        secured=Secured(None, (Token("header Authorization", "request", "Bearer", {"alg": "RS256"}, claims),)),
    )
    assert wrong(judged(late)) == [("MEF128-R2.time", Verdict.FAIL, Blame.SELLER)]
    assert wrong(judged(late, speed=60.0)) == []
    assert wrong(judged(late, moves=[(MOMENT, timedelta(days=2))])) == [], "the issuer's clock was not put forward"
    soon = {"exp": MOMENT.timestamp() - 240}
    almost = replace(
        late, secured=Secured(None, (Token("header Authorization", "request", "Bearer", {"alg": "RS256"}, soon),))
    )
    assert wrong(judged(almost)) == [], "clocks differ"


@pytest.mark.parametrize(
    "claims",
    [{"exp": "soon", "nbf": []}, {"exp": True}, {"exp": 1e300}, {"exp": -1}, {"cnf": 1}, {"cnf": {"x5t#S256": "é"}}],
)
def test_claims_that_make_no_sense_break_no_rule(claims: dict[str, Any]) -> None:
    token = Token("header Authorization", "request", "Bearer", {"alg": ["none"], "kid": {}}, claims)
    issued = Token("/access_token", "response", "Bearer", {"alg": {}, "enc": 1, "typ": []}, claims)
    identity = Token("/id_token", "response", "", {"alg": [1]}, {**claims, "acr": [], "aud": {}, "azp": []})
    odd = replace(ask(body={"keys": 1, "expires_in": "x"}), secured=Secured(Tls("", ""), (token, issued, identity)))
    judgement = judged(replace(WITH_TOKEN, secured=Secured(Tls("?", "?"), (token,))), odd)
    assert [f for f in judgement.findings if f.verdict is Verdict.ERROR] == []


def test_what_a_client_asks_about_is_not_its_own() -> None:
    """An introspection: who shows a token that nobody signed has not made it."""
    token = Token("form token", "request", "", {"alg": "none"}, {"iss": "https://id.partner.example"})
    asked = replace(ask(), operation="introspection", secured=Secured(None, (token,)))
    assert wrong(judged(asked)) == []


def test_the_same_holds_where_callbacks_are_told() -> None:
    """Roles reversed: a Buyer whose listener takes anybody's events has failed, and nobody else."""
    event = {
        "eventId": "e",
        "eventType": "quoteStateChangeEvent",
        "eventTime": "2026-01-01T00:00:00Z",
        "event": {"id": "q"},
    }
    told = Exchange(
        0, MOMENT, 1.0, Party.SELLER, Party.BUYER,
        Request((JSON, *OURS), json.dumps(event).encode(), "POST", "http://buyer.example/mefApi/sonata/quoteNotification/v8/listener/quoteStateChangeEvent"),
        Response((), b"", 204), api="quote", kind="notification", operation="quoteStateChangeEvent",
        secured=Secured(None, (), "no token"),
    )  # fmt: skip
    found = [each for each in wrong(judged(told, roles=Roles.testing(Party.BUYER))) if each[0].startswith("MEF128")]
    assert found == [("MEF128-R2.wrong", Verdict.FAIL, Blame.BUYER)]


# --- contradictions fail nobody


def test_commas_between_scopes_are_disputed_until_the_partners_agree() -> None:
    comma = ask(form="grant_type=client_credentials&client_id=acme&scope=a%2Cb")
    assert wrong(judged(comma)) == [("MEF128-R24", Verdict.DISPUTED, Blame.SPEC)]
    for reading, verdict in (("comma", []), ("blank", [("MEF128-R24", Verdict.FAIL, Blame.BUYER)])):
        pinned = Declared(claims=frozenset({"MEF128"}), readings={"security-scope-separator": reading})
        assert wrong(judged(comma, declared=pinned)) == verdict


def test_optional_algorithms_are_right_until_the_partners_agree_otherwise() -> None:
    header = {"alg": "PS256", "kid": "a"}
    token = Token("/access_token", "response", "Bearer", header, {"iss": "x"})
    issued = replace(ask(), secured=Secured(None, (token,)))
    assert wrong(judged(issued)) == []
    pinned = Declared(claims=frozenset({"MEF128"}), readings={"security-algorithms": "recommended"})
    assert wrong(judged(issued, declared=pinned)) == [("MEF128-R46.issued", Verdict.FAIL, Blame.SELLER)]


def test_a_shared_secret_is_a_warning() -> None:
    basic = replace(ask(), secured=Secured(None, (Token("header Authorization", "request", "Basic"),)))
    assert wrong(judged(basic)) == [("MEF128-R11", Verdict.WARNING, Blame.BUYER)]


# --- what is no matter of an API


def counted(judgement: Judgement) -> set[str]:
    seen = (Verdict.NOT_SEEN, Verdict.NOT_APPLICABLE)
    return {row.id for row in judgement.requirements if row.verdict not in seen}


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("body", [REFUSED, {"code": "x"}, b"go away"], ids=["right", "wrong", "another form"])
@pytest.mark.parametrize("declared", [Declared(), MEF128], ids=["", "claimed"])
def test_who_was_never_let_in_says_nothing_of_the_api(status: int, body: Any, declared: Declared) -> None:
    judgement = judged(read(status, body), read(status, body), declared=declared, roles=Roles.testing(Party.SELLER))
    assert wrong(judgement) == []
    assert {name for name in counted(judgement) if not name.startswith("MEF128")} == set()


def test_after_a_success_a_refusal_is_the_apis_own() -> None:
    judgement = judged(WITH_TOKEN, read(401, {"reason": 17, "code": "missingCredentials"}), declared=Declared())
    assert [rule for rule, _, _ in wrong(judgement)] == ["contract.schema"]


def test_an_authorization_server_is_no_api() -> None:
    """Neither does what it answers break a contract, nor does it do anything to a resource."""
    judgement = judged(ask(), ask(400, {"error": "invalid_grant"}), ask(404, b"no".decode()), declared=Declared())
    assert judgement.findings == ()
    assert counted(judgement) == set()
    run = Run(GRACE)
    for exchange in transcript(WITH_TOKEN, ask(), WITH_TOKEN):
        run.add(exchange)
    assert not run.acted_between(run.exchanges[0], run.exchanges[2])
    assert not is_elsewhere(run, run.exchanges[0])


def test_a_token_endpoint_that_is_silent_is_out_of_reach() -> None:
    silent = replace(ask(), response=None, fault=Fault(FaultKind.UNREACHABLE, "nothing listens at id.partner.example"))
    kept = transcript(silent)
    told = run_report(
        info(Party.SELLER), (), kept, judge(kept, GRACE, declared=MEF128, roles=Roles.testing(Party.SELLER))
    )
    assert told["verdict"] == "inconclusive"
    assert [(f["rule"], f["verdict"], f["blame"]) for f in told["findings"]] == [
        ("transport.unreachable", "not_seen", "transport")
    ]


def test_tokens_alone_are_no_run() -> None:
    kept = transcript(ask())
    told = run_report(info(Party.SELLER), (), kept, judge(kept, GRACE, roles=Roles.testing(Party.SELLER)))
    assert told["verdict"] == "inconclusive"


def test_a_release_that_goes_by_another_has_its_clauses(fable: Release) -> None:
    assert [each.id for each in fable.claimed_by(["MEF128"])] == [each.id for each in GRACE.claimed_by(["MEF128"])]
    assert fable.labels.told("MEF128-R2") == "MEF128-R2"


def test_the_later_document_has_the_same_clauses_under_its_own_labels(tmp_path: Path) -> None:
    """MEF 128.1: rules, proofs and readings bind to the clause, and each finding bears the label that it has there."""
    specs = made(tmp_path)
    file = specs / "releases" / "fable.yaml"
    text = file.read_text(encoding="utf-8")
    start = text.index("claimed:\n")
    row = "claimed:\n  MEF128.1: {title: LSO API security profile, rules: security, clauses: sonata/security/clauses-128.1.yaml}\n"
    file.write_text(text[:start] + row, encoding="utf-8")
    later = Release("fable", specs)
    clauses = list(later.claimed_by(["MEF128.1"]))
    assert len(clauses) == 93
    assert (later.labels.told("MEF128-R23"), later.labels.told("MEF128-R2"), later.labels.told("MEF128-R13a")) == (
        "MEF128.1-R24",
        "MEF128.1-R2",
        None,
    )
    declared = Declared(claims=frozenset({"MEF128.1"}))
    found = judge(transcript(replace(read(headers=OURS), release="fable")), later, declared=declared)
    assert [(f.rule, f.verdict) for f in found.findings if f.verdict in WRONG] == [("MEF128.1-R2", Verdict.FAIL)]
    assert "MEF128-R24" in later.labels.gone
    assert wrong(judge(transcript(read(headers=OURS)), later, declared=MEF128)) == [], "it is another claim"
