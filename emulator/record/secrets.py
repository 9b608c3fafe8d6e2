"""Secrets that cross the wire: by which names they are told, and how what is kept or shown is freed of them.

Names are compared word by word (`X-Access-Key`, `clientSecret`, `session_id`), values by what they look like (a JWT, a
private key, a scheme of `Authorization`, user information in a URL). In place of a secret stands `***` and a digest under a
key that dies with the process: the same secret is told by the same mask, so what was sent can be compared with what
came back, and nobody can find out what it was. `secret_names` decides about names, `secret_texts` about a text.

Whatever a stranger sends is looked through in a time that grows as its length does: every expression here either
has no choice or gives nothing back (`*+`), and finds something wherever it begins.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from emulator.record import secret_names, secret_texts, secret_values
from emulator.record.payload import MISSING, unescape
from emulator.record.secret_names import Place, is_secret
from emulator.record.secret_texts import MASK, mark, marked_text, masked_text, masked_url, suspicious, suspicious_text

__all__ = [
    "MASK", "Place", "also", "is_secret", "learn", "marked_text", "masked_at", "masked_body", "masked_headers", "masked_text", "masked_url", "masked_value",
    "secret_place", "suspicious", "suspicious_text", "without_named", "without_secrets",
]  # fmt: skip

Headers = tuple[tuple[str, str], ...]

_SCHEMES: Final = ("bearer ", "basic ")
_JSON_TOKEN: Final = re.compile(rb'("[^"\\]*+(?:\\.[^"\\]*+)*+"?)([ \t\r\n]*+:)?|[{}\[\],]|[^\s"{}\[\],:]++', re.DOTALL)
_WORDS_OF_JSON: Final = frozenset({b"true", b"false", b"null", b"NaN", b"Infinity", b"-Infinity"})
_NUMBER: Final = re.compile(rb"[-+.]?[0-9]")
_WIDE: Final = (
    (b"\xff\xfe\x00\x00", "utf-32-le"), (b"\x00\x00\xfe\xff", "utf-32-be"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"),
)  # fmt: skip
_WIDE_ASCII: Final[dict[tuple[bool, ...], str]] = {
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
}
_NAMES: Final = frozenset({b'"name"', b'"key"', b'"header"'})
_VALUE: Final = b'"value"'
_BLANKS: Final = b" \t\r\n"


def also(names: Iterable[str]) -> None:
    """Take these names for secrets' too, wherever they stand, from now on and in this process."""
    secret_names.also(names)
    secret_texts.renew()


def learn(value: str, *, passing: bool = False) -> None:
    """Take this very value for a secret from now on and in this process, whatever its name: plain, in base64, as a URL or JSON
    writes it. `passing` is one of many that come and go, such as a token: only the newest are remembered.

    Fewer than three characters are not learned; fewer than six are masked only where they stand by themselves.
    """
    if secret_values.learn(value, passing=passing):
        secret_texts.renew()


def masked_headers(headers: Headers) -> Headers:
    """Headers as they may be kept: no value of a secret's, and no secret in another's."""
    values = "\n".join([value for _, value in headers])
    plain = not suspicious_text(values)
    return tuple([
        (name, MASK if is_secret(name, Place.HEADER) else value if plain else _header_value(value))
        for name, value in headers
    ])  # fmt: skip


def _header_value(value: str) -> str:
    for scheme in _SCHEMES:
        if value[: len(scheme)].lower() == scheme:
            return value[: len(scheme)] + MASK
    return masked_text(value)


def masked_body(raw: bytes) -> bytes:
    """A body as it may be kept. JSON stays the JSON that it was, with what is wrong with it, to the byte outside of secrets.

    In JSON a secret is whatever stands below a member whose name is one's; anything else is taken for text, and what only
    begins like JSON for both.
    """
    if not raw:
        return raw
    if (coding := _wide(raw)) is not None:
        text = raw.decode(coding, "replace")
        return raw if (clean := marked_text(text, form=True)) == text else clean.encode(coding)
    if not suspicious(raw):
        return raw
    if raw.lstrip(_BLANKS)[:1] in (b"{", b"[", b'"'):
        raw, is_json = _masked_json(raw)
        if is_json:
            return raw
    return marked_text(raw.decode("latin-1"), form=True).encode("latin-1")


def _wide(raw: bytes) -> str | None:
    """The coding of a text of which a character takes more than a byte, as JSON was written once (RFC 4627, 3)."""
    for start, coding in _WIDE:
        if raw.startswith(start):
            return coding
    nulls = tuple([byte == 0 for byte in raw[:4]]) if b"\x00" in raw[:4] else ()
    return _WIDE_ASCII.get(nulls)


def _masked_json(raw: bytes) -> tuple[bytes, bool]:
    """JSON, or what begins like it, read token by token; and whether it has no words that JSON has not."""
    done: list[bytes] = []
    copied = 0
    place = _Place()
    for found in _JSON_TOKEN.finditer(raw):
        if found[2] is not None:
            said = place.member(found[1], found[2])
        elif found[1] is not None:
            said = place.string(found[1])
        else:
            said = place.other(found[0])
        if said is not None:
            done += [raw[copied : found.start()], said]
            copied = found.end()
    return (b"".join([*done, raw[copied:]]) if done else raw), place.is_json


class _Place:
    """Where in a JSON text one is. It is told each token, and says what becomes of it: None where it stays."""

    __slots__ = ("_inside", "_key", "_named", "_titles", "_within", "is_json")

    def __init__(self) -> None:
        self.is_json = True
        self._within: list[bool] = []  # for each object and list that is open, whether it is a secret's
        self._titles = {0: False}  # for each depth, whether a member `name` there says a secret's
        self._inside = self._named = False  # in a secret's value; behind a secret's name
        self._key = b""

    def member(self, text: bytes, colon: bytes) -> bytes | None:
        self._key = text
        self._named = (text == _VALUE and self._titles[len(self._within)]) or is_secret(_read(text), Place.MEMBER)
        clean = _masked_string(text, hidden=False)
        return None if clean is None else clean + colon

    def string(self, text: bytes) -> bytes | None:
        said = _masked_string(text, hidden=self._inside or self._named)
        if self._key in _NAMES:
            self._titles[len(self._within)] = b" " not in text and is_secret(_read(text), Place.MEMBER)
        self._named = False
        return said

    def other(self, token: bytes) -> bytes | None:
        if token in (b"{", b"["):
            self._within.append(self._inside)
            self._inside, self._named, self._key = self._inside or self._named, False, b""
            self._titles[len(self._within)] = False
        elif token in (b"}", b"]"):
            self._inside, self._named = self._within.pop() if self._within else False, False
        elif token == b",":
            self._named = False
        elif token not in _WORDS_OF_JSON:
            self.is_json = self.is_json and _NUMBER.match(token) is not None
            if self._inside or self._named or _is_known(token):
                self._named = False
                return b'"%b"' % mark(token.decode("latin-1")).encode()
        return None


def _is_known(token: bytes) -> bool:
    """Whether a number is a secret that is known by its value."""
    return secret_values.any_known() and secret_values.raw_holds(token)


def _masked_string(text: bytes, *, hidden: bool) -> bytes | None:
    """What a string of JSON becomes, quotes included; None where it stays."""
    end = b'"' if len(text) > 1 and text.endswith(b'"') else b""
    if hidden:
        value = _read(text)
        return b'"%b%b' % (mark(value).encode(), end) if value else None
    if b"\\" not in text and not suspicious(text):
        return None
    value = _read(text)
    clean = marked_text(value)
    return None if clean == value else json.dumps(clean)[:-1].encode() + end


def _read(text: bytes) -> str:
    """The value of a string of JSON, also where its end is missing or something in it is wrong."""
    inner = text[1:-1] if len(text) > 1 and text.endswith(b'"') else text[1:]
    if b"\\" in inner:
        try:
            return str(json.loads(b'"%b"' % inner, strict=False))
        except ValueError:
            pass
    return inner.decode("utf-8", "surrogateescape").encode("utf-8", "replace").decode("utf-8")


def without_secrets(value: Any) -> Any:
    """JSON as it may be shown: what a secret's name has is masked, and so are the secrets in texts."""
    return _without(value, marked_text)


def without_named(value: Any) -> Any:
    """JSON without the members that have a secret's name, which no contract has; texts stay as they are."""
    return _without(value, None)


def secret_place(pointer: str) -> bool:
    """Whether a JSON Pointer leads through a secret; `header NAME` is how what is demanded of a header is called."""
    if pointer.startswith("header "):
        return is_secret(pointer.removeprefix("header "), Place.HEADER)
    return any(is_secret(unescape(token), Place.MEMBER) for token in pointer.split("/")[1:])


def masked_at(pointer: str, value: Any) -> Any:
    """What stands at a place, as it may be shown."""
    return masked_value(value) if secret_place(pointer) else without_secrets(value)


def _without(value: Any, clean: Callable[[str], str] | None) -> Any:
    match value:
        case dict():
            return {
                _key(name, clean): masked_value(member) if is_secret(name, Place.MEMBER) else _without(member, clean)
                for name, member in value.items()
            }
        case list():
            return [_without(member, clean) for member in value]
        case str() if clean is not None and suspicious_text(value):
            return clean(value)
    return value


def _key(name: str, clean: Callable[[str], str] | None) -> str:
    return clean(name) if clean is not None and suspicious_text(name) else name


def masked_value(value: object) -> object:
    """A JSON value that a secret's name has: text and numbers masked at every depth, the rest as it is."""
    if value is MISSING:
        return value
    match value:
        case None | bool() | "":
            return value
        case dict():
            return {name: masked_value(member) for name, member in value.items()}
        case list():
            return [masked_value(member) for member in value]
        case _:
            return mark(str(value))
