"""Secrets within a text: URLs, forms, lines of a log, messages, bodies that are no JSON."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote

from emulator.record.secret_names import Place, extended, is_secret
from emulator.record.secret_values import any_known, holds, raw_holds, without_known

MASK: Final = "***"
_KEY: Final = os.urandom(32)
_MASKED: Final = re.compile(r"\*\*\*(?:[0-9a-f]{8})?")

_HINTS: Final = (
    r"k(?:en(?!share|requestoffset)|ey(?<!groupingkey)|ie|et=)|c(?:ret|redential|ode(?:=|_?verifier|(?<=[eh]_code)|"
    r"(?<=devicecode)|(?<=user_code)|(?<=usercode))|(?<=hmac)|lient.?principal|tion.?string)|p(?:ass(?:[wpc]|(?![a-z]))|wd|(?<=otp))"
    r"|uth(?!or\")|s(?:ess(?:ion|_?id|=)|ig(?!n(?!ature))|sertion|id[=\"]|aml|rf)|jwt|b(?:earer|asic)[ \t:=]"
)
"""Pieces of the words by which names and values are told, in small letters, by first letters that are seldom."""
_SIGNS: Final = ("%", "\\u00")
"""By these a name may be written so that nobody sees it."""
_USERINFO: Final = r"/\\?/[^/\"\s<>@]*+@"

_NAME: Final = re.compile(r"[A-Za-z0-9%][A-Za-z0-9_.%$\[\]-]*+")
_OPENED: Final = re.compile(r"(\\*+[\"']?+)[ \t]{0,8}+([=:]>?+|>)[ \t]{0,8}+(\\*+[\"']?+)")
_TO_BLANK: Final = re.compile(r"[^&\s\"'<>]*+")
_TO_FRAGMENT: Final = re.compile(r"[^&#\s\"'<>]*+")
_ATTRIBUTES: Final = re.compile(r"\s[^<>]{0,400}+(?<!/)>")
_TO_TAG: Final = re.compile(r"(?:[^<]++|<!\[CDATA\[(?:[^\]]++|\](?!\]>))*+)*+")
_TO_LINE: Final = re.compile(r"(?:[^\r\n\"'=]++|=(?:\"[^\"\r\n]*+\"?+)?+)*+")
_PARAMETER: Final = re.compile(r"(?<=[?&;#])([^=&;#?]++)=([^&#]*+)")
_CODED: Final = re.compile(r"[^&?=#;\s\"'<>]++")
_SCHEME_WORD: Final = re.compile(r"(?:bearer|basic|digest|token|apikey)[ \t]++", re.IGNORECASE)
_SLASHES: Final = re.compile(r"(?:\\?/){2}")
_AUTHORITY: Final = re.compile(r"[^/?#\\\s\"'<>]*+")
_RUN: Final = re.compile(r"[^\s\"'<>]{0,500}+")
_PORT: Final = re.compile(r"[^:/?#@]*+:[0-9]{1,5}(?=[/?#]|$)")
_SCHEME: Final = re.compile(r"\b(bearer|basic)([ \t:]{1,4})([A-Za-z0-9._~+/=-]*+)", re.IGNORECASE)
_JWT: Final = re.compile(r"eyJ[A-Za-z0-9_-]*+(?:\.[A-Za-z0-9_-]*+)*+")
_PART: Final = re.compile(r"\bname=\"?+([^\"\r\n;]*+)", re.IGNORECASE)
_PART_BEGINS: Final = re.compile(r"\r?\n\r?\n")
_PART_ENDS: Final = re.compile(r"\r?\n--")
_HEADER_LINES: Final = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
_OF_PARAMETERS: Final = frozenset("?&;#")
_URL: Final = frozenset("?&#")
_BEGINS: Final = frozenset("?&;")
_TAGS: Final = frozenset("<:")
_BRACKETS: Final = {"[": "]", "{": "}"}
_WEB: Final = ("http:", "https:")
_PEM: Final = "-----BEGIN "
_PEM_HEAD: Final = 64
_NESTED: Final = ("%3d", "%40", "%22", "%25")
"""What a secret's name, or a user, is followed by where a text is in a URL: once, or more than once."""
_SHORT: Final = 8 * 1024
"""Bytes of a body, or characters of a text, of which it is remembered."""
_DEPTH: Final = 4
"""A URL in a URL in a URL is looked into no more."""
_TOKEN_LENGTH: Final = 6
_WORD_LENGTH: Final = 24


def mark(secret: str) -> str:
    """What stands in the place of a secret; of a mask it is the mask itself."""
    if _MASKED.fullmatch(secret):
        return secret
    return MASK + hmac.digest(_KEY, secret.encode("utf-8", "surrogatepass"), hashlib.sha256).hex()[:8]


class _Hints:
    """Says whether a text has to be looked through: nearly all have no secret, and that has to be cheap."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Take in the names that were added. Of several words the first will do: it is only a hint."""
        expression = "|".join([_HINTS, *(re.escape(words[0]) for words in sorted(extended()))])
        self.text, self.raw = re.compile(expression), re.compile(expression.encode())


_hints: Final = _Hints()
_user_text: Final = re.compile(_USERINFO)
_user_raw: Final = re.compile(_USERINFO.encode())
_raw_signs: Final = tuple(sign.encode() for sign in _SIGNS)


def suspicious(raw: bytes) -> bool:
    """Whether a secret may be in there."""
    return _suspicious(raw) if len(raw) <= _SHORT else _looks_like_it(raw)


def suspicious_text(text: str) -> bool:
    """The same of a text."""
    return _suspicious_text(text) if len(text) <= _SHORT else _text_looks_like_it(text)


def _looks_like_it(raw: bytes) -> bool:
    small = raw.lower()
    return (
        _hints.raw.search(small) is not None
        or b"eyJ" in raw
        or _raw_signs[0] in raw
        or _raw_signs[1] in raw
        or (b"@" in raw and _user_raw.search(raw) is not None)
        or (any_known() and raw_holds(raw))
    )


def _text_looks_like_it(text: str) -> bool:
    small = text.lower()
    return (
        _hints.text.search(small) is not None
        or "eyJ" in text
        or _SIGNS[0] in text
        or _SIGNS[1] in text
        or ("@" in text and _user_text.search(text) is not None)
        or (any_known() and holds(text))
    )


# Bodies that are asked for again, and the headers of one client, are the same again and again.
_suspicious: Final = lru_cache(maxsize=256)(_looks_like_it)
_suspicious_text: Final = lru_cache(maxsize=1024)(_text_looks_like_it)


def renew() -> None:
    """Names or values were added: from now on they are hints too."""
    _hints.renew()
    _suspicious.cache_clear()
    _suspicious_text.cache_clear()


def masked_url(url: str) -> str:
    """A URL, or a text with one in it, without its user information and the secrets in its query."""
    if not suspicious_text(url) and "@" not in url:
        return url
    if "=" in url and not any(map(str.isspace, url)):
        # Nothing but & and # ends a parameter of a URL, whatever else has no business there.
        url = _PARAMETER.sub(
            lambda found: f"{found[1]}={MASK}" if is_secret(found[1], Place.QUERY) and found[2] else found[0], url
        )
    return masked_text(url)


def masked_text(text: str) -> str:
    """A text without the secrets that it names or that look like one, for somebody who reads it."""
    clean = marked_text(text)
    return _MASKED.sub(MASK, clean) if MASK in clean else clean


def marked_text(text: str, *, form: bool = False, depth: int = 0) -> str:
    """The same with masks that tell one secret from another, for whoever compares.

    `form` says that it is no sentence: it may begin with a parameter, and what follows a colon is a value whatever it is
    (`token: expired` tells of none).

    The time that it takes grows as the text does, whatever stands in it.
    """
    if any_known():
        text = without_known(text, mark)
    if "//" in text or "/\\/" in text:
        text = "".join(_without_userinfo(text))
    if "eyJ" in text:
        text = _JWT.sub(lambda found: mark(found[0]) if found[0].count(".") >= 2 else found[0], text)  # noqa: PLR2004
    if _PEM in text:
        text = _without_pem(text)
    text = _SCHEME.sub(_without_scheme, text)
    if form and "form-data" in text:
        text = _without_parts(text)
    if "%" in text and depth < _DEPTH:
        text = "".join(_decoded(text, form=form, depth=depth))
    return "".join(_named(text, form=form))


def _decoded(text: str, *, form: bool, depth: int) -> Iterator[str]:
    """The text in pieces, each as a URL has it, with the secrets masked in what they say."""
    copied = 0
    for found in _CODED.finditer(text):
        piece = found[0]
        if "%" not in piece or not any(sign in piece.lower() for sign in _NESTED):
            continue
        start, end = found.span()
        plain = unquote(piece)
        begins = form or text[max(0, start - 1) : start] in _BEGINS
        if (clean := marked_text(plain, form=begins, depth=depth + 1)) != plain:
            yield text[copied:start]
            yield quote(clean, safe="*")
            copied = end
    yield text[copied:]


def _named(text: str, *, form: bool) -> Iterator[str]:
    """The text in pieces, with the values that have a secret's name masked."""
    at = copied = 0
    while found := _NAME.search(text, at):
        start, at = found.span()
        opened = _OPENED.match(text, at)
        before = text[start - 1] if start else ""
        if opened is None:
            if before in _TAGS and is_secret(found[0], Place.MEMBER) and (tag := _ATTRIBUTES.match(text, at)):
                begin, end = tag.end(), _ended(_TO_TAG, text, tag.end())
                yield text[copied:begin]
                yield mark(text[begin:end]) if end > begin else ""
                copied = at = end
            continue
        parameter = opened[2] == "=" and (before in _OF_PARAMETERS if before else form)
        name = found[0]
        if is_secret(name, Place.QUERY if parameter else Place.MEMBER):
            span = _value(text, name, before, opened)
            if span is None:
                continue
            begin, end = span
            said = opened[2] == ":" and not opened[3] and not form
            if end > begin and not (said and _is_word(text[begin:end])):
                yield text[copied:begin]
                yield mark(text[begin:end])
                copied = at = end
    yield text[copied:]


def _value(text: str, name: str, before: str, opened: re.Match[str]) -> tuple[int, int] | None:
    """Where the value of a secret's name stands; None where the name has none there."""
    begin, quoted = opened.end(), opened[3]
    if opened[2] == ">":
        if before not in _TAGS:  # of XML, and no end of it
            return None
        begin = opened.end(2)
        return begin, _ended(_TO_TAG, text, begin)
    if quoted[-1:] in ("'", '"'):
        return begin, _closed(text, begin, quoted)
    if name.lower() in _HEADER_LINES and opened[2] == ":":
        return begin, _ended(_TO_LINE, text, begin)
    begin -= len(quoted)
    if ending := _BRACKETS.get(text[begin : begin + 1]):
        end = text.find(ending, begin)
        return begin, len(text) if end < 0 else end + 1
    if scheme := _SCHEME_WORD.match(text, begin):
        begin = scheme.end()
    end = _ended(_TO_FRAGMENT if before in _URL else _TO_BLANK, text, begin)
    while opened[2] == ":" and end > begin and text[end - 1] in ",;}])":
        end -= 1
    return begin, end


def _ended(pattern: re.Pattern[str], text: str, begin: int) -> int:
    found = pattern.match(text, begin)
    assert found is not None  # it takes nothing too
    return found.end()


def _closed(text: str, begin: int, quoted: str) -> int:
    """Where a text in quotes ends, which may itself be in a text in quotes; the end of all where nothing ends it."""
    sign, slashes, at = quoted[-1], len(quoted) - 1, begin
    while (at := text.find(sign, at)) >= 0:
        back = at
        while back > begin and text[back - 1] == "\\":
            back -= 1
        if at - back <= slashes or (at - back) % 2 == slashes % 2 == 0:
            return max(begin, at - min(slashes, at - back))
        at += 1
    return len(text)


def _without_userinfo(text: str) -> Iterator[str]:
    """The text in pieces, with what stands before the @ of an address masked."""
    copied = 0
    for found in _SLASHES.finditer(text):
        start, begin = found.span()
        before = text[max(0, start - 6) : start].lower()
        if begin < copied or (before and before[-1] not in ":\"'=(<,;" and not before[-1].isspace()):
            continue  # two slashes in a path
        authority = _ended(_AUTHORITY, text, begin)
        end = text.rfind("@", begin, authority)
        if end < 0 and ":" in text[begin:authority] and not (before.endswith(_WEB) and _PORT.match(text, begin)):
            # A password that is not written as a URL has it.
            end = text.find("@", begin, _ended(_RUN, text, begin))
        if end > 0:
            yield text[copied:begin]
            yield mark(text[begin:end])
            copied = end
    yield text[copied:]


def _without_scheme(found: re.Match[str]) -> str:
    scheme, value = found[1], found[3]
    secret = _is_basic(value) if scheme.lower() == "basic" else _is_token(value)
    return f"{scheme}{found[2]}{mark(value)}" if secret else found[0]


def _is_basic(value: str) -> bool:
    """Whether this is a name and a password: `Basic Ethernet` is none."""
    plain = value.rstrip("=")
    try:
        return not _is_word(value) and b":" in base64.b64decode(plain + "=" * (-len(plain) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        return False


def _is_token(value: str) -> bool:
    """Whether this is no word of a language: `bearer capability` tells of no token."""
    return len(value) >= _TOKEN_LENGTH and not _is_word(value)


def _is_word(value: str) -> bool:
    word = value.rstrip(".:;,!?)'\"")
    return len(word) <= _WORD_LENGTH and word.isalpha() and (word.islower() or word.isupper() or word.istitle())


def _without_pem(text: str) -> str:
    """Without private keys, to their last line, or to the end."""
    done, at = [], 0
    while (start := text.find(_PEM, at)) >= 0:
        head = text.find("-----", start + len(_PEM), start + _PEM_HEAD)
        if head < 0 or "PRIVATE" not in text[start:head]:
            done.append(text[at : start + len(_PEM)])
            at = start + len(_PEM)
            continue
        begin = head + len("-----")
        end = text.find("-----END ", begin)
        end = len(text) if end < 0 else end
        done += [text[at:begin], mark(text[begin:end])]
        at = end
    return "".join([*done, text[at:]])


def _without_parts(text: str) -> str:
    """A form in parts (RFC 7578) without the parts that have a secret's name."""
    done, at = [], 0
    while found := _PART.search(text, at):
        head = _PART_BEGINS.search(text, found.end())
        begin = head.end() if head else len(text)
        tail = _PART_ENDS.search(text, begin)
        end = tail.start() if tail else len(text)
        done.append(text[at:begin])
        done.append(mark(text[begin:end]) if begin < end and is_secret(found[1], Place.QUERY) else text[begin:end])
        at = end
    return "".join([*done, text[at:]])
