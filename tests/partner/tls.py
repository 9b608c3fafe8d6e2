"""Authorities, certificates and keys of tests."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)


def serving(authority: trustme.CA, clients: trustme.CA | None = None, *names: str) -> ssl.SSLContext:
    """How a server for 127.0.0.1 secures its connections; with `clients` it wants a certificate of that authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or ("127.0.0.1", "localhost"))).configure_cert(context)
    if clients is not None:
        clients.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def written(folder: Path, authority: trustme.CA, own: trustme.CA, passphrase: bytes | None = None) -> None:
    """`ca.pem`, and of our own `client.pem` and `client.key`."""
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate = own.issue_cert("client@oit.example", common_name="oit")
    (folder / "client.pem").write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    key = certificate.private_key_pem.bytes()
    if passphrase is not None:
        key = load_pem_private_key(key, None).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase)
        )
    (folder / "client.key").write_bytes(key)


def fingerprint(host: str, port: int) -> str:
    """The SHA-256 of the certificate that a server shows."""
    pem = ssl.get_server_certificate((host, port))
    return x509.load_pem_x509_certificate(pem.encode()).fingerprint(hashes.SHA256()).hex()
