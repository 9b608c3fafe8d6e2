"""Sellers behind TLS: who is broken in how connections are made is found out, and who is right is not."""

from __future__ import annotations

import ssl
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from emulator.doors.authority.guard import Authority
from emulator.doors.partner.making import open_partner
from emulator.doors.peer import Identity
from emulator.judge.verdict import Blame, Verdict
from emulator.record.exchange import Party
from emulator.scenario.result import Outcome
from tests.broken.guards import Guarded, played
from tests.partner.tls import serving, written

NO_CHECK_TIME: Final = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME: nobody looks at the dates of a certificate."""


@pytest.fixture(scope="module")
def authorities() -> tuple[trustme.CA, trustme.CA]:
    return trustme.CA(), trustme.CA()


@pytest.fixture
def identity(tmp_path: Path, authorities: tuple[trustme.CA, trustme.CA]) -> Identity:
    """Ours, as a partner's file says it: whom we believe, and our certificate."""
    written(tmp_path, *authorities)
    past = datetime.now(UTC) - timedelta(days=1)
    for name, certificate in (
        (
            "expired",
            authorities[1].issue_cert(
                "client@oit.example", common_name="oit", not_before=past - timedelta(days=9), not_after=past
            ),
        ),
        ("other", authorities[1].issue_cert("client@other.example", common_name="other")),
    ):
        (tmp_path / f"{name}.pem").write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
        (tmp_path / f"{name}.key").write_bytes(certificate.private_key_pem.bytes())
    file = tmp_path / "partner.yaml"
    file.write_text(
        "connection:\n  root: https://127.0.0.1\n  tls: {ca: ca.pem, certificate: client.pem, key: client.key, wrong:"
        " {expired: {certificate: expired.pem, key: expired.key}, other: {certificate: other.pem, key: other.key}}}\n"
    )
    partner = open_partner(file)
    assert partner is not None
    assert partner.seller.base.identity is not None
    return partner.seller.base.identity


@pytest.fixture
def asking(authorities: tuple[trustme.CA, trustme.CA]) -> ssl.SSLContext:
    """A server that asks for certificates, and lets in who has none: its tokens have to tell."""
    context = serving(*authorities)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def forgets_what_tokens_are_bound_to(seller: Guarded) -> None:
    seller.patch.setattr(Authority, "_problems", lambda *_: iter(()))


def test_a_stolen_token_is_refused_without_its_certificate(asking: ssl.SSLContext, identity: Identity) -> None:
    right = played("let-in", "stolen", tls=asking, identity=identity)
    assert right.of_case.outcome is Outcome.PASSED, right.of_case.message
    wrong = played("let-in", "stolen", forgets_what_tokens_are_bound_to, tls=asking, identity=identity)
    assert (wrong.of_case.outcome, wrong.of_case.blame) == (Outcome.UNMET, Party.SELLER), wrong.of_case.message
    rules = {one.rule for one in wrong.judgement.findings}
    assert {"MEF128-R2.wrong", "RFC8705.bound"} <= rules


def test_somebody_elses_good_certificate_does_not_go_with_our_token(asking: ssl.SSLContext, identity: Identity) -> None:
    right = played("let-in", "others-certificate", tls=asking, identity=identity)
    assert right.of_case.outcome is Outcome.PASSED, right.of_case.message
    wrong = played("let-in", "others-certificate", forgets_what_tokens_are_bound_to, tls=asking, identity=identity)
    assert (wrong.of_case.outcome, wrong.of_case.blame) == (Outcome.UNMET, Party.SELLER), wrong.of_case.message
    assert {"MEF128-R2.wrong", "RFC8705.bound"} <= {one.rule for one in wrong.judgement.findings}
    unbound = played("let-in", "others-certificate", tls=asking, identity=identity, bound=False)
    assert unbound.of_case.outcome is Outcome.SKIPPED, "nobody is asked to refuse what is not bound"


def test_a_certificate_whose_time_is_over_is_refused(asking: ssl.SSLContext, identity: Identity) -> None:
    """RFC 5280, 6.1.3: a path with a certificate that has expired is not valid."""
    right = played("let-in", "expired-certificate", tls=asking, identity=identity, bound=False)
    assert right.of_case.outcome is Outcome.PASSED, right.of_case.message
    asking.verify_flags = ssl.VerifyFlags(asking.verify_flags | NO_CHECK_TIME)
    wrong = played("let-in", "expired-certificate", tls=asking, identity=identity, bound=False)
    assert (wrong.of_case.outcome, wrong.of_case.blame) == (Outcome.UNMET, Party.SELLER), wrong.of_case.message
    failed = {(one.rule, one.blame) for one in wrong.judgement.findings if one.verdict is Verdict.FAIL}
    assert failed == {("MEF128-R2.wrong", Blame.SELLER)}


@pytest.mark.parametrize(
    ("wanted", "swapped", "why"),
    [
        ("expired", "other", "good until"),
        ("expired", "self", "signed by itself"),
        ("other", "expired", "not good today"),
        ("other", "client", "our own"),
    ],
)
def test_what_need_not_be_refused_is_not_shown(
    wanted: str, swapped: str, why: str, tmp_path: Path, asking: ssl.SSLContext, identity: Identity
) -> None:
    """The user named a certificate of another kind: the case is skipped, and says so."""
    named = asking_with(tmp_path, wanted, swapped)
    case = {"expired": "expired-certificate", "other": "others-certificate"}[wanted]
    step = played("let-in", case, tls=asking, identity=named).of_case
    assert step.outcome is Outcome.SKIPPED
    assert why in step.message


def asking_with(folder: Path, wanted: str, swapped: str) -> Identity:
    """Our identity, whose wrong certificate of a name is another one."""
    if swapped == "self":
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "oit")])
        past = datetime.now(UTC) - timedelta(days=1)
        made = x509.CertificateBuilder(name, name, key.public_key(), 7, past - timedelta(days=9), past)
        (folder / "self.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
        (folder / "self.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    file = folder / "partner.yaml"
    right, wrong = (f"{wanted}: {{certificate: {name}.pem, key: {name}.key}}" for name in (wanted, swapped))
    file.write_text(file.read_text().replace(right, wrong))
    partner = open_partner(file)
    assert partner is not None
    assert partner.seller.base.identity is not None
    return partner.seller.base.identity


@pytest.mark.parametrize("case", ["stolen", "wrong-certificate", "expired-certificate", "weak-tls", "plain-http"])
def test_a_handshake_that_fails_is_a_refusal_where_a_right_one_succeeds(
    case: str, authorities: tuple[trustme.CA, trustme.CA], identity: Identity
) -> None:
    outcome = played("let-in", case, tls=serving(*authorities), identity=identity)
    assert outcome.of_case.outcome is Outcome.PASSED, outcome.of_case.message
    assert "a right one was answered after it" in outcome.of_case.message
    assert len(outcome.of_case.exchanges) == 2


def test_a_seller_that_still_speaks_tls_1_1_is_found_out(asking: ssl.SSLContext, identity: Identity) -> None:
    asking.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        asking.minimum_version = ssl.TLSVersion.TLSv1
    outcome = played("let-in", "weak-tls", tls=asking, identity=identity)
    step = outcome.of_case
    assert (step.outcome, step.blame) == (Outcome.UNMET, Party.SELLER), step.message
    assert "TLSv1.1" in step.message
    assert "RFC8996.version" in {one.rule for one in outcome.judgement.findings}


def test_without_tls_nothing_is_said_of_it() -> None:
    for case in ("stolen", "wrong-certificate", "expired-certificate", "others-certificate", "weak-tls", "plain-http"):
        step = played("let-in", case).of_case
        assert step.outcome is Outcome.SKIPPED
        assert step.message
