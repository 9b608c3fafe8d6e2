"""The security of a profile: what is refused in it, who may name clients, and what references lead to."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

from emulator.errors import FileProblem, UserError
from emulator.hosting import declared_by, secured_party
from emulator.parties.profile import Profile, load_profile
from emulator.parties.profile_schema import profile_schema
from emulator.record.exchange import Party
from emulator.standard.release import load_release
from tests.cli.test_readme import blocks

RELEASE = load_release()
BASE = "extends: wholesale-seller\nsecurity:\n  kind: oauth2\n"


def read(folder: Path, text: str, name: str = "mine.yaml", overlay: dict[str, object] | None = None) -> Profile:
    path = folder / name
    path.write_text(text)
    return load_profile(path, overlay)


def test_without_a_word_of_it_nobody_is_asked_for_anything(tmp_path: Path) -> None:
    profile = read(tmp_path, "extends: wholesale-seller\n")
    assert secured_party(profile.security, [RELEASE], Party.SELLER) is None
    assert declared_by(profile, emulated=True).claims == frozenset()


def test_the_short_form_is_enough_and_says_that_we_follow_the_profile(tmp_path: Path) -> None:
    ((_, text),) = blocks("secured")
    profile = read(tmp_path, text)
    assert (profile.security.kind, profile.buyer.security.kind) == ("oauth2", "none")
    assert declared_by(profile, emulated=True).claims == {"MEF128"}
    assert declared_by(profile, emulated=False).claims == frozenset()
    party = secured_party(profile.security, [RELEASE], Party.SELLER)
    assert party is not None
    assert list(party.policy.clients) == ["oit-client"]
    assert {"createQuote", "listProduct"} <= party.policy.operations
    assert party.made["oit-client"] not in repr(party)
    again = read(tmp_path, "extends: mine.yaml\nsecurity: none\nbuyer: {security: oauth2}\n", "other.yaml")
    assert (again.security.kind, again.buyer.security.kind) == ("none", "oauth2")


def test_the_schema_knows_both_forms() -> None:
    schema = profile_schema()
    for text in (
        "security: oauth2",
        "security: {kind: oauth2, lifetime: 60}",
        "security: null",
        "buyer: {security: oauth2}",
        "security: {clients: [{id: a, method: private_key_jwt}]}",
    ):
        jsonschema.validate(yaml.safe_load(text), schema)
    for text in ("security: basic", "security: {kind: mtls}", "security: {clients: [{method: private_key_jwt}]}"):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(yaml.safe_load(text), schema)


@pytest.mark.parametrize(
    ("said", "at", "problem"),
    [
        (
            "  clients: [{id: a, secret: hunter2-is-no-reference}]",
            "hunter2",
            "named by reference: env:NAME, or file:PATH",
        ),
        ("  clients: [{id: 'a|b'}]", "'a|b'", "no bar"),
        ("  clients: [{id: a}, {id: a}]", "a}]", "there is a client 'a' already"),
        ("  clients: [{id: a, jwks: keys.json}]", "jwks: ", "client_secret_basic has no jwks"),
        ("  clients: [{id: a, method: private_key_jwt, secret: 'env:X'}]", "secret: ", "private_key_jwt has no secret"),
        ("  clients: [{id: a, method: tls_client_auth}]", "{id", "needs subject"),
        ("  clients: [{id: a, method: self_signed_tls_client_auth}]", "{id", "needs certificate"),
        ("  clients: [{id: a, scopes: [buyAll]}]", "buyAll", "there is no operation 'buyAll'"),
        ("  clients: [{id: a, method: magic}]", "magic", "'magic' is not one of"),
        ("  lifetime: 0.5", "0.5", "0.5 is no number of seconds"),
        ("  hybrid: true", "hybrid", "unknown key 'hybrid'"),
        ("  token: paseto", "paseto", "'paseto' is not one of jwt, opaque"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_without_a_secret(
    tmp_path: Path, said: str, at: str, problem: str
) -> None:
    with pytest.raises(FileProblem) as error:
        read(tmp_path, f"{BASE}{said}\n")
    assert f"mine.yaml:4:{said.index(at) + 1}: " in str(error.value)
    assert problem in str(error.value)
    assert "hunter2" not in str(error.value)


CLIENT = "clients: [{id: a, secret: 'file:/etc/hostname'}]"


def test_only_the_file_that_the_user_names_may_name_clients(tmp_path: Path) -> None:
    """A profile of somebody else's, or a scenario, would have the user's secrets and files read."""
    read(tmp_path, f"{BASE}  {CLIENT}\n", "theirs.yaml")
    with pytest.raises(FileProblem, match=r"theirs.yaml:4:12: clients are named in the profile itself that you give"):
        read(tmp_path, "extends: theirs.yaml\n")
    with pytest.raises(FileProblem, match="clients are named in the profile itself"):
        read(tmp_path, BASE, overlay={"security": {"clients": [{"id": "a"}]}})
    with pytest.raises(FileProblem, match="clients are named in the profile itself"):
        read(tmp_path, BASE, overlay={"buyer": {"security": {"clients": [{"id": "a"}]}}})
    assert read(tmp_path, BASE, overlay={"security": "oauth2"}).security.kind == "oauth2"


def test_references_begin_at_the_profile_and_what_leads_nowhere_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("whatever-it-is\n")
    good = read(tmp_path, f"{BASE}  clients: [{{id: a, secret: 'file:secret'}}]\n")
    party = secured_party(good.security, [RELEASE], Party.SELLER)
    assert party is not None
    assert party.policy.clients["a"].secrets == ("whatever-it-is",)
    assert "whatever" not in repr(party)
    monkeypatch.delenv("OIT_NOT_THERE", raising=False)
    for client, said in (
        ("{id: a, secret: 'env:OIT_NOT_THERE'}", "env:OIT_NOT_THERE: the variable is not set"),
        ("{id: a, secret: 'file:not-there'}", "not-there"),
        ("{id: a, method: private_key_jwt, jwks: secret}", "public keys are needed here"),
        ("{id: a, method: tls_client_auth, certificate: secret}", "no certificate in PEM"),
    ):
        bad = read(tmp_path, f"{BASE}  clients: [{client}]\n")
        with pytest.raises(UserError, match=said):
            secured_party(bad.security, [RELEASE], Party.SELLER)
