"""Whose certificates are believed: one setting, for all that we send, and for `oit doctor` that looks ahead."""

from __future__ import annotations

import os
import re
import ssl
from functools import lru_cache
from pathlib import Path
from typing import Final

import certifi

from emulator.errors import UserError

NAMES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""The variables that name a file of certificates, or a folder of them by hash; the first that is set counts."""
_HASHED: Final = re.compile(r"[0-9a-f]{8}\.[0-9]+")


def authorities() -> Path:
    """The file (PEM) or the folder of the authorities that are believed: what a variable names, else Mozilla's list.

    UserError, in one sentence, where a variable names what cannot be used.
    """
    name = next((name for name in NAMES if os.environ.get(name)), None)
    if name is None:
        return Path(certifi.where())
    path = Path(os.environ[name])
    try:
        problem = _problem(path, path.stat().st_mtime_ns)
    except OSError as error:
        problem = error.strerror or str(error)
    if problem:
        raise UserError(f"{name} names {path}, which cannot be used as certificates of authorities: {problem}")
    return path


def context(bundle: Path | None = None) -> ssl.SSLContext:
    """How a connection is secured that is to be believed: by the authorities of this file or folder, those above if left
    out. UserError as above.
    """
    bundle = bundle or authorities()
    return ssl.create_default_context(
        cafile=None if bundle.is_dir() else bundle, capath=bundle if bundle.is_dir() else None
    )


@lru_cache(maxsize=8)
def _problem(path: Path, _changed: int) -> str | None:
    """What is wrong with a file or folder of certificates; asked once as long as it does not change."""
    if path.is_dir():
        hashed = any(_HASHED.fullmatch(each.name) for each in path.iterdir())
        return None if hashed else "the folder has none by hash (`openssl rehash` makes these names)"
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except ssl.SSLError as error:
        return (
            "it holds no certificate in PEM" if error.reason in (None, "NO_CERTIFICATE_OR_CRL_FOUND") else error.reason
        )
    return None
