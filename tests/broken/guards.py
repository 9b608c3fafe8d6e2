"""Secured sellers whose guard, or whose token endpoint, is right but for one thing; and how a case of a scenario is played at one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from ssl import SSLContext
from typing import Any

import pytest

from emulator.doors.authority import endpoints as endpoints_module
from emulator.doors.authority.answers import OAuthError
from emulator.doors.authority.clients import Clients
from emulator.doors.authority.endpoints import Endpoints
from emulator.doors.authority.guard import Authority
from emulator.doors.authority.tokens import AccessGrant, TokenRefused, Tokens
from emulator.doors.client import Client
from emulator.doors.partner.oauth import OAuth
from emulator.doors.peer import Identity, Peer
from emulator.doors.running import Running
from emulator.doors.visit import Visit
from emulator.hosting import authority_of, make_seller, own_credentials, secured_party, serve_seller
from emulator.judge.judge import Judgement, judge
from emulator.judge.roles import Roles
from emulator.parties.clock import VirtualClock
from emulator.parties.profile import Profile, load_profile
from emulator.parties.securing import SecuredParty
from emulator.record.call import ApiError
from emulator.record.exchange import Party, Transcript
from emulator.record.secured import claimed
from emulator.scenario.loader import load_scenario
from emulator.scenario.plan import plan_overlay
from emulator.scenario.result import StepResult
from emulator.scenario.runner import ScenarioRunner
from emulator.scenario.scene import OurBuyer, Scene, Terms
from emulator.scenario.selection import Job
from emulator.settings import scenarios_dir
from emulator.standard.declared import Declared
from emulator.standard.paths import PathMap
from emulator.standard.release import load_release

RELEASE = load_release()
CLAIMING = Declared(claims=frozenset({"MEF128"}))


@dataclass
class Guarded:
    """A secured seller under test: its parts are there to be broken."""

    party: SecuredParty
    authority: Authority
    clock: VirtualClock
    patch: pytest.MonkeyPatch
    url: str = ""

    @property
    def clients(self) -> list[Any]:
        return list(self.party.policy.clients.values())


Break = Callable[[Guarded], None]


@contextmanager
def guarded(profile: Profile, breaks: Break | None, tls: SSLContext | None = None) -> Iterator[Guarded]:
    """A seller of this profile that listens, broken in one way."""
    clock = VirtualClock()
    party = secured_party(profile.security, [RELEASE], Party.SELLER, ours=True)
    assert party is not None
    authority = authority_of(party, clock)
    assert authority is not None
    door = Transcript()
    with pytest.MonkeyPatch.context() as patch:
        found = Guarded(party, authority, clock, patch)
        if breaks is not None:
            breaks(found)
        server = serve_seller(make_seller(RELEASE, profile, clock, seed=1), lambda _: door, authority=authority)
        running = Running(server, tls=tls)
        try:
            found.url = running.start()
            yield found
        finally:
            running.stop()


@dataclass(frozen=True)
class Outcomes:
    """How a case went, and what the judge says of it."""

    steps: tuple[StepResult, ...]
    judgement: Judgement

    @property
    def of_case(self) -> StepResult:
        (step,) = [step for step in self.steps if ":" in step.id]
        return step


def played(
    name: str,
    case: str,
    breaks: Break | None = None,
    *,
    tls: SSLContext | None = None,
    identity: Identity | None = None,
    bound: bool = True,
) -> Outcomes:
    """Play one case of a scenario of `security/` against a seller that is broken so; over TLS where `tls` is given, with
    connections of this `identity`. Tokens are not `bound` to its certificate where they are asked for without it.
    """
    asking = identity
    if identity is not None and identity.remade is not None and not bound:
        asking = replace(identity, context=identity.remade(False), shown=None)
    scenario = load_scenario(scenarios_dir() / f"security/{name}.oit.yaml", RELEASE)
    chosen = next(each for each in scenario.cases if each.id == case)
    profile, transcript = load_profile(None, plan_overlay(scenario, chosen)), Transcript()
    with guarded(profile, breaks, tls) as seller:
        credentials = own_credentials(seller.party, seller.url, seller.clock)
        assert isinstance(credentials, OAuth)
        credentials.asking = replace(credentials.asking, peer=Peer(seller.url, identity=asking))
        to = Peer(seller.url, PathMap.read(RELEASE), credentials=credentials, identity=identity, release=RELEASE.name)
        with closing(Client(to, Party.BUYER, transcript, seller.clock.now)) as client:
            scene = Scene("played", RELEASE, seller.clock, seller.url)
            terms = Terms(seed=1)
            result = ScenarioRunner(Job(scenario, chosen), scene, terms, OurBuyer(client, transcript)).play()
    found_by = judge(
        tuple(transcript), RELEASE, provoked=result.provoked, declared=CLAIMING, roles=Roles.testing(Party.SELLER)
    )
    return Outcomes(tuple(result.steps), found_by)


# Guards


BROKEN: dict[str, tuple[str, tuple[str, ...], Break]] = {}
"""By name: the scenario, its cases that find the seller out, and what is broken."""


def broken(scenario: str, *cases: str) -> Callable[[Break], Break]:
    """Register a way in which a seller is broken."""

    def keep(breaks: Break) -> Break:
        BROKEN[breaks.__name__.replace("_", "-")] = (scenario, cases, breaks)
        return breaks

    return keep


def forgiving(seller: Guarded, forgives: Callable[[str, dict[str, Any], dict[str, Any]], bool]) -> None:
    """The seller takes tokens that it refused, where this says so of why, header and claims."""
    tokens: Tokens = seller.authority.endpoints.tokens
    right = tokens.read

    def read(token: str) -> AccessGrant:
        try:
            return right(token)
        except TokenRefused as refused:
            header, claims = claimed(token)
            if header is None or claims is None or not forgives(str(refused), dict(header), dict(claims)):
                raise
            return tokens._granted(claims)

    seller.patch.setattr(tokens, "read", read)


def lets_in(seller: Guarded, knows: Callable[[Visit], bool]) -> None:
    """The seller lets in who was refused, where this says so."""
    right = Authority.authenticate

    async def authenticate(self: Authority, visit: Visit) -> str:
        try:
            return await right(self, visit)
        except ApiError:
            if not knows(visit):
                raise
            return str(seller.clients[0].id)

    seller.patch.setattr(Authority, "authenticate", authenticate)


def _authorization(visit: Visit) -> str | None:
    return visit.request.header("authorization")


@broken("let-in", "no-token")
def lets_in_who_brings_nothing(seller: Guarded) -> None:
    lets_in(seller, lambda visit: _authorization(visit) is None and "access_token" not in visit.request.url)


@broken("let-in", "empty-token")
def takes_an_empty_token(seller: Guarded) -> None:
    lets_in(seller, lambda visit: (_authorization(visit) or "").strip() == "Bearer")


@broken("let-in", "basic-instead")
def takes_any_password(seller: Guarded) -> None:
    lets_in(seller, lambda visit: (_authorization(visit) or "").startswith("Basic "))


@broken("let-in", "token-in-the-url")
def reads_tokens_in_urls(seller: Guarded) -> None:
    lets_in(seller, lambda visit: "access_token=" in visit.request.url)


@broken("let-in", "garbage")
def takes_what_it_cannot_read(seller: Guarded) -> None:
    lets_in(
        seller, lambda visit: "." not in (_authorization(visit) or ".") and "Bearer " in (_authorization(visit) or "")
    )


@broken("let-in", "expired")
def tokens_never_end(seller: Guarded) -> None:
    forgiving(seller, lambda why, _, __: "has expired" in why)


@broken("let-in", "revoked")
def does_not_hear_of_revocations(seller: Guarded) -> None:
    seller.patch.setattr(Tokens, "revoke", lambda *_: None)


@broken("let-in", "unknown-crit")
def passes_over_what_is_critical(seller: Guarded) -> None:
    forgiving(seller, lambda _, header, __: "crit" in header)


@broken("let-in", "other-audience")
def takes_tokens_of_every_audience(seller: Guarded) -> None:
    seller.patch.setattr(Authority, "_problems", lambda *_: iter(()))


@broken("let-in", "scope-missing")
def looks_at_no_scope(seller: Guarded) -> None:
    seller.patch.setattr(Authority, "authorise", lambda *_: None)


@broken("let-in", "broken-signature", "longer-life")
def checks_no_signature(seller: Guarded) -> None:
    forgiving(seller, lambda _, __, ___: True)


@broken("let-in", "alg-none")
def takes_tokens_that_nobody_signed(seller: Guarded) -> None:
    forgiving(seller, lambda _, header, __: header.get("alg") == "none")


@broken("let-in", "public-key-as-secret")
def takes_its_public_key_for_a_secret(seller: Guarded) -> None:
    forgiving(seller, lambda _, header, __: header.get("alg") == "HS256")


@broken("let-in", "unknown-kid")
def takes_tokens_of_unknown_keys(seller: Guarded) -> None:
    forgiving(seller, lambda why, _, __: "no key of ours has its kid" in why)


@broken("let-in", "key-brought-along")
def believes_the_key_in_the_token(seller: Guarded) -> None:
    forgiving(seller, lambda _, header, __: "jwk" in header)


@broken("let-in", "key-from-a-url")
def believes_the_key_at_a_url(seller: Guarded) -> None:
    forgiving(seller, lambda _, header, __: "jku" in header)


@broken("let-in", "other-issuer")
def takes_tokens_of_every_issuer(seller: Guarded) -> None:
    forgiving(seller, lambda _, __, claims: not str(claims.get("iss")).startswith(seller.url))


@broken("let-in", "not-yet")
def does_not_mind_the_future(seller: Guarded) -> None:
    def forgives(_: str, __: dict[str, Any], claims: dict[str, Any]) -> bool:
        now = seller.clock.now().timestamp()
        ahead = bool(claims["iat"] > now)
        claims["iat"] = now
        return ahead

    tokens: Tokens = seller.authority.endpoints.tokens
    granted = tokens._granted
    forgiving(seller, forgives)
    seller.patch.setattr(
        tokens,
        "_granted",
        lambda claims: granted({**claims, "iat": min(claims["iat"], seller.clock.now().timestamp())}),
    )


# Token endpoints


def _forgives_clients(seller: Guarded, why: str) -> None:
    right = Clients.authenticate

    def authenticate(self: Clients, asked: Any) -> Any:
        try:
            return right(self, asked)
        except OAuthError as error:
            if why not in str(error):
                raise
            return seller.clients[-1]

    seller.patch.setattr(Clients, "authenticate", authenticate)


@broken("asked-wrongly", "wrong-secret")
def checks_no_proof(seller: Guarded) -> None:
    _forgives_clients(seller, "the assertion: ")


@broken("asked-wrongly", "unknown-client")
def takes_every_client(seller: Guarded) -> None:
    _forgives_clients(seller, "there is no such client")


@broken("asked-wrongly", "replayed-assertion")
def takes_an_assertion_twice(seller: Guarded) -> None:
    _forgives_clients(seller, "used before")


@broken("asked-wrongly", "expired-assertion")
def takes_old_assertions(seller: Guarded) -> None:
    _forgives_clients(seller, "the assertion has expired")


@broken("asked-wrongly", "assertion-for-others")
def takes_assertions_for_others(seller: Guarded) -> None:
    _forgives_clients(seller, "aud of the assertion")


@broken("asked-wrongly", "critical-assertion")
def passes_over_what_is_critical_in_assertions(seller: Guarded) -> None:
    _forgives_clients(seller, "its header has crit")


@broken("asked-wrongly", "unknown-scope")
def grants_every_scope(seller: Guarded) -> None:
    seller.patch.setattr(Endpoints, "_scopes", lambda _, __, wanted: frozenset((wanted or "default").split()))


@broken("asked-wrongly", "wrong-grant")
def grants_every_grant(seller: Guarded) -> None:
    right = endpoints_module._form
    seller.patch.setattr(
        endpoints_module, "_form", lambda visit: {**right(visit), "grant_type": endpoints_module.GRANT}
    )


@broken("asked-wrongly", "as-json")
def reads_json(seller: Guarded) -> None:
    right = endpoints_module._form

    def form(visit: Visit) -> dict[str, str]:
        body = visit.request.body
        return dict(body) if isinstance(body, dict) else right(visit)

    seller.patch.setattr(endpoints_module, "_form", form)


@broken("asked-wrongly", "by-get")
def takes_clients_that_get(seller: Guarded) -> None:
    right = Endpoints.answer

    def answer(self: Endpoints, visit: Visit, duty: str) -> Any:
        if visit.request.method == "GET" and duty == "token":
            return endpoints_module.said({"access_token": "t", "token_type": "Bearer"})
        return right(self, visit, duty)

    seller.patch.setattr(Endpoints, "answer", answer)
