"""Reads `connection` of the one file that a user names, strictly. What that extends has no say in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from emulator.doors.partner.parts import (
    WRONG,
    ApiKeyPart,
    ConnectionPart,
    CredentialsPart,
    Deed,
    HookCall,
    Method,
    OAuthPart,
    ProxyPart,
    TlsPart,
    Way,
)
from emulator.doors.partner.references import HOW, SecretReference, is_reference
from emulator.doors.proxies import SCHEMES, is_loopback
from emulator.errors import FileProblem, in_order
from emulator.plain_yaml import Located, load_located
from emulator.record.payload import escape
from emulator.record.secrets import Place, is_secret
from emulator.standard.strict import Layers, Mistake, build

SECTION: Final = "connection"
PLACE: Final = f"/{SECTION}"
MINIMUMS: Final = ("1.2", "1.3")
_PIN: Final = re.compile(r"[0-9a-f]{64}")
_ONE_OF: Final = "api_key, basic, bearer or oauth2"
_SCOPE: Final = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")
"""A scope (RFC 6749, 3.3)."""
_NEEDS: Final[Mapping[Method, tuple[str, ...]]] = {
    Method.BASIC: ("secret",),
    Method.POST: ("secret",),
    Method.SECRET_JWT: ("secret",),
    Method.KEY_JWT: ("key",),
}
_MOST_RETRIES: Final = 10
ORIGIN: Final = re.compile(r"https?://[^/?#{$]+(?=[/?#]|$)")
"""Scheme, host and port of a hook's URL, in which no expression stands."""
_SHORT: Final = 4
"""A text of fewer characters is not struck out of what a problem says."""


@dataclass(frozen=True, slots=True)
class PartnerFile:
    """A partner's file with a `connection`. Nothing of it is resolved, and nobody was asked."""

    path: Path
    part: ConnectionPart
    located: Located

    def reference(self, text: str, place: str) -> SecretReference:
        """The reference that is written at a place."""
        return SecretReference(text, self.located.where(place), self.path.parent)

    def where(self, place: str) -> str:
        """`file:line:col` of a place, or of what it would stand in."""
        return Layers([self.located], None).where(place)


def read_partner(path: Path) -> PartnerFile | None:
    """The `connection` of this very file; None where it has none. FileProblem with the place of all that is wrong.

    A text that should have been a reference is not repeated in what is said.
    """
    located = load_located(path)
    if not isinstance(located.value, dict) or SECTION not in located.value:
        return None
    raw, places, problems = located.value[SECTION], Layers([located], None), list[str]()
    part: ConnectionPart | None = build(ConnectionPart, raw, PLACE, problems, places)
    if part is not None and not problems:
        problems = [f"{places.where(wrong.place, key=wrong.key)}: {wrong.problem}" for wrong in _wrong(part)]
    if part is None or problems:
        raise FileProblem(_discreet(in_order(problems), raw))
    return PartnerFile(path, part, located)


def _discreet(problems: list[str], raw: Any) -> list[str]:
    """What is wrong without the texts that may be a secret in the wrong place."""
    texts = sorted(
        {text for text in _secret_texts(raw, within=not isinstance(raw, dict)) if len(text) >= _SHORT},
        key=len,
        reverse=True,
    )
    for text in texts:
        cut = repr(text)[:60]  # so problems repeat what they found
        problems = [problem.replace(cut, "'***'").replace(text, "***") for problem in problems]
    return problems


def _secret_texts(raw: Any, *, within: bool) -> Iterator[str]:
    if isinstance(raw, dict):
        for key, value in raw.items():
            inside = within or key in ("credentials", "headers", "proxy", "hooks") or is_secret(str(key), Place.MEMBER)
            yield from _secret_texts(value, within=inside and key not in _PLAIN_KEYS)
    elif isinstance(raw, list):
        for value in raw:
            yield from _secret_texts(value, within=within)
    elif within and raw is not None and not isinstance(raw, bool) and not is_reference(str(raw)):
        yield str(raw)


_PLAIN_KEYS: Final = frozenset(
    {
        "method",
        "issuer",
        "token_url",
        "client_id",
        "header",
        "query",
        "alg",
        "kid",
        "scopes",
        "audience",
        "resource",
        "url",
        "tls",
    }
)


def _wrong(part: ConnectionPart) -> Iterator[Mistake]:
    yield from _wrong_way(part, PLACE)
    if part.notifications is not None:
        place = f"{PLACE}/notifications"
        yield from _wrong_way(part.notifications, place)
        needy = part.notifications.credentials or part.notifications.headers or part.notifications.tls
        if needy and part.notifications.root is None:
            yield Mistake(place, "'root' is missing: it says to which host headers, credentials and certificates go")
    if part.callback_check is not None and "{callback}" not in part.callback_check.get:
        yield Mistake(f"{PLACE}/callback_check/get", "{callback} is missing in it: what is to be asked stands there")
    for name, hook in part.hooks.items():
        here = f"{PLACE}/hooks/{escape(name)}"
        yield from _wrong_deed(hook, here)
        if hook.undo is not None:
            yield from _wrong_deed(hook.undo, f"{here}/undo")
        if hook.clock is not None:
            yield from _wrong_call(hook.clock.call, f"{here}/clock/call")
        if hook.clock is not None and hook.moves is None:
            yield Mistake(f"{here}/clock", "this is for a hook that 'moves' the clock", key=True)


def _wrong_deed(part: Deed, place: str) -> Iterator[Mistake]:
    if (part.call is None) == (not part.command):
        yield Mistake(place, "either 'call' or 'command' is needed here: what is done")
    if part.call is not None:
        yield from _wrong_call(part.call, f"{place}/call")


def _wrong_call(call: HookCall, place: str) -> Iterator[Mistake]:
    if ORIGIN.match(call.url) is None or "@" in call.url.partition("?")[0]:
        yield Mistake(f"{place}/url", "a URL with its host written out is needed here, without a user in it")
    if not call.method.isalpha():
        yield Mistake(f"{place}/method", "this is no method of HTTP")
    for name, value in call.headers.items():
        here = f"{place}/headers/{escape(name)}"
        if is_secret(name, Place.HEADER) and not is_reference(value):
            yield Mistake(here, f"what this header says is a secret: {HOW}")
    if not call.timeout:
        yield Mistake(f"{place}/timeout", "nothing can be done in no time")
    if call.tls is not None:
        yield from _wrong_tls(call.tls, f"{place}/tls")


def _wrong_way(way: Way, place: str) -> Iterator[Mistake]:
    yield from _wrong_roots(way, place)
    for name, value in way.headers.items():
        here = f"{place}/headers/{escape(name)}"
        if is_secret(name, Place.HEADER) and not is_reference(value):
            yield Mistake(here, f"what this header says is a secret: {HOW}")
        elif not name or set(name) & set(" :\r\n") or "\n" in value:
            yield Mistake(here, "this is no header", key=True)
    if way.credentials is not None:
        yield from _wrong_credentials(way, way.credentials, f"{place}/credentials")
    if way.tls is not None:
        yield from _wrong_tls(way.tls, f"{place}/tls")
    yield from _wrong_proxy(way.proxy, f"{place}/proxy")
    yield from _wrong_numbers(way, place)


def _wrong_roots(way: Way, place: str) -> Iterator[Mistake]:
    apis = {f"{place}/apis/{escape(name)}": api for name, api in way.apis.items()}
    roots = {f"{place}/root": way.root} | {f"{where}/root": api.root for where, api in apis.items()}
    for where, root in roots.items():
        if root is not None and (problem := _wrong_url(root)):
            yield Mistake(where, problem)
    for where, api in apis.items():
        if api.base_path is not None and not (api.base_path.startswith("/") and api.base_path.strip("/")):
            yield Mistake(f"{where}/base_path", "a path such as /sonata/quotes/v8 is needed here")


def _wrong_numbers(way: Way, place: str) -> Iterator[Mistake]:
    if way.retries > _MOST_RETRIES:
        yield Mistake(f"{place}/retries", f"{way.retries} is too often: {_MOST_RETRIES} at the most")
    if way.rate is not None and not way.rate:
        yield Mistake(f"{place}/rate", "nothing would ever be sent")
    for name, seconds in (("connect", way.timeouts.connect), ("answer", way.timeouts.answer)):
        if seconds is not None and not seconds:
            yield Mistake(f"{place}/timeouts/{name}", "nothing can be done in no time")


def _wrong_url(url: str) -> str:
    """What is wrong with a root URL, "" where nothing is."""
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return "this is not the URL of a server; write https://host or http://host:port"
    if not is_one:
        return "this is not the URL of a server; write https://host or http://host:port"
    if "@" in parts.netloc:
        return "a URL with a user in it is kept in too many places: write credentials"
    return "it must end before any ? or #" if parts.query or parts.fragment else ""


def _wrong_secret(value: str | None, place: str) -> Iterator[Mistake]:
    if value is not None and not is_reference(value):
        yield Mistake(place, f"a secret is not written in a file: {HOW}")


def _wrong_credentials(way: Way, part: CredentialsPart, place: str) -> Iterator[Mistake]:
    given = [each for each in (part.api_key, part.basic, part.bearer, part.oauth2) if each is not None]
    if len(given) != 1:
        yield Mistake(place, f"one of {_ONE_OF} is needed here, not {len(given)} of them")
    if part.api_key is not None:
        yield from _wrong_key(part.api_key, f"{place}/api_key")
    if part.basic is not None:
        yield from _wrong_secret(part.basic.password, f"{place}/basic/password")
        if ":" in part.basic.username:
            yield Mistake(f"{place}/basic/username", "no colon can be in a user's name (RFC 7617, 2)")
    if part.bearer is not None:
        yield from _wrong_secret(part.bearer.token, f"{place}/bearer/token")
    if part.oauth2 is not None:
        yield from _wrong_oauth(part.oauth2, f"{place}/oauth2", way.tls)


def _wrong_key(part: ApiKeyPart, place: str) -> Iterator[Mistake]:
    yield from _wrong_secret(part.value, f"{place}/value")
    if (part.header is None) == (part.query is None):
        yield Mistake(place, "either 'header' or 'query' is needed here: the name that the key goes by")


def _wrong_oauth(part: OAuthPart, place: str, tls: TlsPart | None) -> Iterator[Mistake]:
    if (part.issuer is None) == (part.token_url is None):
        yield Mistake(place, "either 'issuer' or 'token_url' is needed here")
    name, url = ("issuer", part.issuer) if part.issuer else ("token_url", part.token_url)
    if url is not None and (problem := wrong_endpoint(url)):
        yield Mistake(f"{place}/{name}", problem)
    yield from _wrong_proof(part, place, part.tls or tls)
    for name in ("secret", "key", "passphrase"):
        yield from _wrong_secret(getattr(part, name), f"{place}/{name}")
    secret = {name: value for name, value in part.parameters.items() if is_secret(name, Place.QUERY)}
    for name, value in secret.items():
        yield from _wrong_secret(value, f"{place}/parameters/{escape(name)}")
    yield from _wrong_scopes(part.scopes, f"{place}/scopes")
    if part.tls is not None:
        yield from _wrong_tls(part.tls, f"{place}/tls")


def _wrong_proof(part: OAuthPart, place: str, shown: TlsPart | None) -> Iterator[Mistake]:
    for name in ("secret", "key"):
        needed = name in _NEEDS.get(part.method, ())
        if (getattr(part, name) is not None) != needed:
            why = "is needed here" if needed else "has no use here"
            yield Mistake(place if needed else f"{place}/{name}", f"{name!r} {why}: the method is {part.method}")
    if part.method in (Method.TLS, Method.SELF_SIGNED_TLS) and (shown is None or shown.certificate is None):
        yield Mistake(
            place, f"with {part.method} a certificate is shown: 'tls' with 'certificate' and 'key' is missing"
        )


def wrong_endpoint(url: str) -> str:
    """Why credentials may not go to this URL, "" where they may: TLS is needed but to this machine (RFC 6749, 3.2)."""
    if problem := _wrong_url(url.partition("?")[0]):
        return problem
    parts = urlsplit(url)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        return "credentials do not go over plain http to another machine: https:// is needed (RFC 6749, 3.2)"
    return ""


def _wrong_scopes(scopes: Any, place: str) -> Iterator[Mistake]:
    match scopes:
        case None | "per_operation":
            return
        case list():
            rows = {place: scopes}
        case dict():
            rows = {
                f"{place}/{escape(str(name))}": value if isinstance(value, list) else [value]
                for name, value in scopes.items()
            }
        case _:
            rows = {place: [None]}
    for where, row in rows.items():
        if not all(isinstance(each, str) and _SCOPE.fullmatch(each) for each in row):
            yield Mistake(
                where,
                "a list of scopes, 'per_operation', or a map from operations ('default' for others) is needed here",
            )


def _wrong_tls(part: TlsPart, place: str) -> Iterator[Mistake]:
    if part.minimum is not None and str(part.minimum) not in MINIMUMS:
        yield Mistake(
            f"{place}/minimum", f"{part.minimum!r:.20} is no version that can be asked for: {', '.join(MINIMUMS)}"
        )
    if (part.certificate is None) != (part.key is None):
        yield Mistake(place, "'certificate' and 'key' belong together: one of them is missing")
    for name in ("key", "passphrase"):
        value = getattr(part, name)
        if name == "key" and value is not None and "\n" in value:
            yield Mistake(f"{place}/key", f"a key is not written in a file like this: {HOW}")
        elif name == "passphrase":
            yield from _wrong_secret(value, f"{place}/{name}")
    yield from _wrong_ones(part, f"{place}/wrong")
    if part.pin is not None and not _PIN.fullmatch(part.pin.replace(":", "").lower()):
        yield Mistake(f"{place}/pin", "the SHA-256 of a certificate is needed here: 64 hexadecimal digits")
    if part.insecure and (part.pin is not None or part.ca is not None or part.server_name is not None):
        yield Mistake(
            f"{place}/insecure", "nobody looks who answers then: 'ca', 'pin' and 'server_name' have no effect"
        )


def _wrong_ones(part: TlsPart, place: str) -> Iterator[Mistake]:
    """What is wrong with certificates that are to be refused."""
    for name, shown in part.wrong.items():
        if name not in WRONG:
            yield Mistake(place, f"{name!r:.40} is none of the wrong certificates that there are: {', '.join(WRONG)}")
        if part.certificate is None:
            yield Mistake(place, "there is no right 'certificate' beside which another one is wrong")
        if "\n" in shown.key:
            yield Mistake(f"{place}/{escape(name)}/key", f"a key is not written in a file like this: {HOW}")
        yield from _wrong_secret(shown.passphrase, f"{place}/{escape(name)}/passphrase")


def _wrong_proxy(value: Any, place: str) -> Iterator[Mistake]:
    match value:
        case None | "none":
            return
        case str():
            part = ProxyPart(value)
        case dict() if isinstance(value.get("url"), str) and set(value) <= {"url", "username", "password", "bypass"}:
            part = proxy_part(value)
            yield from _wrong_secret(part.password, f"{place}/password")
            place = f"{place}/url"
        case _:
            yield Mistake(
                place, "the URL of a proxy, 'none', or a map of url, username, password, bypass is needed here"
            )
            return
    try:
        parts = urlsplit(part.url)
        is_one = parts.scheme in SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_one = False
    if not is_one:
        yield Mistake(place, f"this is not the URL of a proxy: {', '.join(f'{one}://' for one in SCHEMES)}")
    elif "@" in parts.netloc:
        yield Mistake(place, "write 'username' and 'password' beside 'url', the password by reference")


def proxy_part(value: Mapping[str, Any]) -> ProxyPart:
    """A proxy that is written as a map."""
    bypass = value.get("bypass") or []
    return ProxyPart(
        str(value["url"]),
        None if value.get("username") is None else str(value["username"]),
        None if value.get("password") is None else str(value["password"]),
        tuple(map(str, bypass)) if isinstance(bypass, list) else tuple(str(bypass).replace(",", " ").split()),
    )
