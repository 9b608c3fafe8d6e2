"""How connections to a partner are secured, made of what its file says."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from emulator.doors.certificates import certificate_facts
from emulator.doors.partner.file import PartnerFile
from emulator.doors.partner.parts import TlsPart
from emulator.doors.partner.references import Resolve, SecretReference, is_reference
from emulator.doors.peer import Identity
from emulator.doors.trust import context
from emulator.errors import FileProblem, UserError
from emulator.files import read_bytes
from emulator.record.secured import Certificate

_VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
_LARGEST: Final = 1024 * 1024


def identity_of(file: PartnerFile, part: TlsPart | None, place: str, resolve: Resolve) -> Identity | None:
    """How TLS is spoken, as a part at a place of a file says; None where it says nothing.

    Certificates and keys are read now: FileProblem with the place where one cannot be used.
    """
    if part is None:
        return None
    made, shown = _context(file, part, place, resolve)
    pin = part.pin.replace(":", "").lower() if part.pin else None

    def remade(certified: bool) -> ssl.SSLContext:
        return _context(file, part if certified else replace(part, certificate=None, key=None), place, resolve)[0]

    def wrong(name: str) -> tuple[ssl.SSLContext, Certificate] | None:
        other = part.wrong.get(name)
        if other is None:
            return None
        changed = replace(part, certificate=other.certificate, key=other.key, passphrase=other.passphrase)
        replaced, said = _context(file, changed, f"{place}/wrong/{name}", resolve)
        return None if said is None else (replaced, said)

    for name in part.wrong:
        wrong(name)  # what cannot be used is told now
    return Identity(made, part.server_name, pin, shown, verified=not part.insecure, remade=remade, wrong=wrong)


def _context(
    file: PartnerFile, part: TlsPart, place: str, resolve: Resolve
) -> tuple[ssl.SSLContext, Certificate | None]:
    """The context that a part asks for, and our certificate where it is shown."""
    made = _believing(file, part, place)
    if part.minimum is not None:
        made.minimum_version = _VERSIONS[str(part.minimum)]
    return made, _show(made, file, part, place, resolve)


def _believing(file: PartnerFile, part: TlsPart, place: str) -> ssl.SSLContext:
    if part.insecure:
        made = ssl.create_default_context()
        made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
        return made
    if part.ca is None:
        return context()
    path = _path(file, part.ca)
    where = file.where(f"{place}/ca")
    try:
        read_bytes(path, _LARGEST)
        return context(path)
    except FileProblem as error:
        raise FileProblem([f"{where}: {error.problems[0]}"]) from None
    except (ssl.SSLError, UserError):
        raise FileProblem([f"{where}: {path} holds no certificate in PEM"]) from None


def _show(made: ssl.SSLContext, file: PartnerFile, part: TlsPart, place: str, resolve: Resolve) -> Certificate | None:
    """Have connections show our certificate; answers what it says."""
    if part.certificate is None or part.key is None:
        return None
    path, where = _path(file, part.certificate), file.where(f"{place}/certificate")
    try:
        raw = read_bytes(path, _LARGEST)
        first = x509.load_pem_x509_certificates(raw)[0]
    except FileProblem as error:
        raise FileProblem([f"{where}: {error.problems[0]}"]) from None
    except ValueError:
        raise FileProblem([f"{where}: {path} holds no certificate in PEM"]) from None
    key_place, passphrase = f"{place}/key", ""
    written = part.key if is_reference(part.key) else f"file:{part.key}"
    if part.passphrase is not None:
        passphrase = resolve(file.reference(part.passphrase, f"{place}/passphrase"))
    key = resolve(SecretReference(written, file.where(key_place), file.path.parent))
    with _as_file(key) as key_path:
        try:
            # A key without its passphrase would have OpenSSL ask at the terminal: an empty one is wrong at once.
            made.load_cert_chain(path, key_path, passphrase)
        except ssl.SSLError as error:
            raise FileProblem([f"{file.where(key_place)}: {_why(error, with_passphrase=bool(passphrase))}"]) from None
        except ValueError:
            raise FileProblem([f"{file.where(key_place)}: the passphrase is too long"]) from None
    return certificate_facts(first.public_bytes(Encoding.DER))


def _why(error: ssl.SSLError, *, with_passphrase: bool) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return "this is not the key of the certificate"
    if with_passphrase:
        return "this is no private key in PEM, or the passphrase is not its own"
    return "this is no private key in PEM, or it needs a 'passphrase'"


@contextmanager
def _as_file(text: str) -> Iterator[str]:
    """A file that holds a text while the block lasts: OpenSSL reads keys from files only. On Linux it is in memory."""
    if hasattr(os, "memfd_create"):
        number = os.memfd_create("oit-key", os.MFD_CLOEXEC)
        try:
            os.write(number, text.encode() + b"\n")
            yield f"/proc/self/fd/{number}"
        finally:
            os.close(number)
        return
    with TemporaryDirectory(prefix="oit-") as folder:  # pragma: no cover - other systems; only we can read it
        path = Path(folder) / "key.pem"
        path.touch(mode=0o600)
        path.write_text(text + "\n", encoding="utf-8")
        yield str(path)


def _path(file: PartnerFile, written: str) -> Path:
    """A file that is named in another, without `file:` or with it."""
    return file.path.parent / Path(written.removeprefix("file:")).expanduser()
