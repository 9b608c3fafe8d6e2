"""TLS at our own doors: what a server shows, and whom it asks for a certificate."""

from __future__ import annotations

import ipaddress
import shutil
import ssl
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from emulator.errors import UserError

SELF_SIGNED: Final = "self-signed"
"""What `--tls` is given for certificates of a throw-away authority."""


@dataclass(frozen=True, slots=True)
class ServerTls:
    """How a door of ours secures its connections. `context` is what Python needs to know of it, `authority` the file of the
    throw-away authority that vouches for it, None where the user has named a certificate.
    """

    context: ssl.SSLContext
    authority: Path | None = None
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class TlsAsked:
    """What a user says of our doors: the certificate (with what stands between it and its authority) and its key as PEM
    files, the authorities whose certificates clients have to show, or that certificates of a throw-away authority will do.
    """

    certificate: Path | None = None
    key: Path | None = None
    client_authorities: Path | None = None
    self_signed: bool = False

    def __bool__(self) -> bool:
        return self.certificate is not None or self.self_signed

    def problem(self) -> str:
        """What does not go together, in the words of the command line; "" where all does."""
        if self.self_signed and (self.certificate or self.key):
            return f"--tls {SELF_SIGNED} makes a certificate: leave --tls-cert and --tls-key out"
        if self.key and not self.certificate:
            return "--tls-key belongs to a certificate: name it with --tls-cert"
        if self.client_authorities and not self:
            return f"--client-ca: only a door with TLS can ask for a certificate: --tls-cert and --tls-key, or --tls {SELF_SIGNED}"
        return ""


@contextmanager
def secured(
    asked: TlsAsked, host: str, *, trusted: Iterable[bytes] = (), asks: bool = False
) -> Iterator[ServerTls | None]:
    """How a door at this host secures its connections while the block lasts; None where nothing is asked for.

    `trusted` are certificates of clients (PEM) that are believed by themselves, as self-signed ones are; with `asks` a client
    may show a certificate and need not. UserError where a file cannot be used, or what is asked for does not go together.
    """
    if problem := asked.problem():
        raise UserError(problem)
    if not asked:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="oit-tls-")) if asked.self_signed else None
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        authority = None
        if folder is not None:
            authority = _thrown_away(context, folder, host)
        else:
            _named(context, asked)
        _ask_clients(context, asked, list(trusted), asks=asks)
        yield ServerTls(context, authority, folder)
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _named(context: ssl.SSLContext, asked: TlsAsked) -> None:
    assert asked.certificate is not None
    try:
        context.load_cert_chain(asked.certificate, asked.key, password=_no_passphrase)
    except FileNotFoundError as error:
        missing = next(
            (each for each in (asked.certificate, asked.key) if each and not each.exists()), asked.certificate
        )
        raise UserError(f"--tls-cert, --tls-key: there is no file {missing}") from error
    except ssl.SSLError as error:
        said = (
            "the key belongs to another certificate"
            if error.reason == "KEY_VALUES_MISMATCH"
            else "no certificate and key in PEM"
        )
        files = " and ".join(str(each) for each in (asked.certificate, asked.key) if each)
        raise UserError(f"--tls-cert, --tls-key: {files}: {said}") from error
    except (OSError, ValueError) as error:
        raise UserError(f"--tls-cert, --tls-key: {error}") from error


def _no_passphrase(*_: Any) -> str:
    raise ValueError("the key needs a passphrase: give one that has none, in a file that only you can read")


def _thrown_away(context: ssl.SSLContext, folder: Path, host: str) -> Path:
    """Have a new authority issue a certificate for us; the file that a client has to trust."""
    import trustme  # noqa: PLC0415 - only who wants certificates made

    authority = trustme.CA(organization_name="OIT", organization_unit_name="throw-away authority")
    authority.issue_cert(*_names(host)).configure_cert(context)
    authority.configure_trust(context)
    file = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    return file


def _names(host: str) -> list[str]:
    """The names that a certificate for this host is good for; those of loopback always."""
    names = ["localhost", "127.0.0.1", "::1"]
    try:
        unspecified = ipaddress.ip_address(host).is_unspecified
    except ValueError:
        unspecified = False
    if unspecified:
        import socket  # noqa: PLC0415

        host = socket.gethostname()
    return list(dict.fromkeys([host, *names]))


def _ask_clients(context: ssl.SSLContext, asked: TlsAsked, trusted: list[bytes], *, asks: bool) -> None:
    if asked.client_authorities is not None:
        try:
            context.load_verify_locations(cafile=asked.client_authorities)
        except (OSError, ssl.SSLError) as error:
            why = "there is no such file" if isinstance(error, FileNotFoundError) else "it holds no certificate in PEM"
            raise UserError(f"--client-ca {asked.client_authorities}: {why}") from error
    for certificate in trusted:
        context.load_verify_locations(cadata=certificate.decode("ascii"))
    if trusted:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if asked.client_authorities is not None and not asks:
        context.verify_mode = ssl.CERT_REQUIRED
    elif asked.client_authorities is not None or trusted:
        context.verify_mode = ssl.CERT_OPTIONAL
    else:
        context.verify_mode = ssl.CERT_NONE
