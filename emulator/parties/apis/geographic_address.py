"""Geographic address: does the seller know the place that the buyer means? (MEF 121)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from emulator.parties.apis import Api, Context, Plugin
from emulator.parties.lists import href
from emulator.parties.offering import AddressEntry
from emulator.parties.profile import Profile
from emulator.record.call import Call, ErrorCode, Issue, Reply, not_found, unprocessable

KIND: Final = "geographicAddress"

_DETAIL: Final = (
    "streetNr",
    "streetNrSuffix",
    "streetNrLast",
    "streetNrLastSuffix",
    "addrLine2",
    "geographicSubAddress",
)
"""What tells a house from its street and a flat from its house: an address with more or less of it is another one."""

_COLOUR: Final = (
    "streetType", "streetSuffix", "postcode", "postcodeExtension", "locality", "stateOrProvince",
)  # fmt: skip
"""What may be left out without meaning another place."""


def build(context: Context) -> Api:
    """Validate and retrieve addresses."""
    words = Words(context.profile.synonyms)
    for entry in context.profile.addresses.values():
        body = {**body_of(context.profile, entry)}
        context.share(KIND, entry.id, body)

    def show(call: Call, body: dict[str, Any]) -> dict[str, Any]:
        shown = {**body, "href": href(call, "geographicAddress", body["id"])}
        if "associatedGeographicAddress" in shown:
            inner = shown["associatedGeographicAddress"]
            shown["associatedGeographicAddress"] = {**inner, "href": href(call, "geographicAddress", inner["id"])}
        return shown

    def validate(call: Call) -> Reply:
        submitted = call.body["submittedGeographicAddress"]
        kind = submitted.get("@type")
        likely, same = _MATCHERS.get(kind, _NO_MATCH)
        known = [r.body for r in context.store.all(call.run, KIND) if r.body.get("@type") == kind]
        found = [body for body in known if likely(words, submitted, body)]
        if len(found) > context.profile.paging.too_many:
            # MEF121 leaves open: how many are too many; the profile says (R19).
            reason = f"{len(found)} addresses match, more than {context.profile.paging.too_many}"
            raise unprocessable(Issue("/submittedGeographicAddress", ErrorCode.TOO_MANY_RECORDS, reason))
        best = next((body for body in found if same(words, submitted, body)), None)
        others: list[dict[str, Any]] = []
        # MEF121 leaves open: alternates beside a best match. The guide's example gives both, and so do we.
        if call.body["provideAlternative"] and kind in ("FieldedAddress", "FormattedAddress"):
            others = [body for body in found if body is not best]
        answer = {**call.body, "alternateGeographicAddress": [show(call, body) for body in others]}
        answer.pop("bestMatchGeographicAddress", None)
        if best is not None:
            answer["bestMatchGeographicAddress"] = show(call, best)
        answer["validationResult"] = "success" if best else "partial" if others else "fail"  # D5, D6, D7
        return Reply(200, answer)

    def retrieve(call: Call) -> Reply:
        found = context.store.get(call.run, KIND, call.path.get("id", ""))
        if found is None:
            raise not_found("geographic address", call.path.get("id", ""))
        return Reply(200, show(call, found.body))

    operations = {"createGeographicAddressValidation": validate, "retrieveGeographicAddress": retrieve}
    return Api("geographicAddress", operations)


def body_of(profile: Profile, entry: AddressEntry, *, inner: bool = False) -> dict[str, Any]:
    """An address as this API shows it, without hrefs."""
    here = {entry.id, entry.of} if entry.of else {entry.id}
    sites = [site for site in profile.sites.values() if site.address in here]
    body: dict[str, Any] = {
        **entry.address,
        "id": entry.id,
        "hasPublicSite": any(site.site_type == "public" for site in sites),
        "allowsNewSite": entry.allows_new_site,
    }
    if entry.of and not inner:
        body["associatedGeographicAddress"] = body_of(profile, profile.addresses[entry.of], inner=True)
    return body


class Words:
    """Compares words as people write them: case, accents, dots and blanks do not count, synonyms are equal."""

    def __init__(self, synonyms: Iterable[Iterable[str]] = ()) -> None:
        groups = [[_bare(word) for word in group] for group in synonyms]
        self._same = {word: group[0] for group in groups for word in group}

    def norm(self, value: Any) -> str:
        """The word in its plainest form; "" where there is none."""
        if isinstance(value, Mapping):
            return " ".join(sorted(f"{key}={self.norm(member)}" for key, member in value.items()))
        if isinstance(value, list):
            return " ".join(sorted(self.norm(member) for member in value))
        plain = _bare(str(value)) if value is not None else ""
        return self._same.get(plain) or " ".join(self._same.get(word, word) for word in plain.split())


def _bare(text: str) -> str:
    flat = unicodedata.normalize("NFKD", text).casefold()
    kept = (ch if ch.isalnum() else "" if unicodedata.combining(ch) or ch in ".'\u2019" else " " for ch in flat)
    return " ".join("".join(kept).split())


def _street(words: Words, address: Mapping[str, Any]) -> str:
    """The street as one phrase: some write its type beside its name, some into it."""
    return " ".join(words.norm(address.get(name)) for name in ("streetName", "streetType", "streetSuffix")).strip()


def _same_street(words: Words, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    mine, theirs = words.norm(one.get("streetName")), words.norm(other.get("streetName"))
    return bool(mine) and (
        mine == theirs or _street(words, one) == _street(words, other) or mine == _street(words, other)
    )


def _agree(words: Words, names: Iterable[str], one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether none of the parts that both have differ."""
    pairs = [(words.norm(one.get(name)), words.norm(other.get(name))) for name in names]
    return all(mine == theirs for mine, theirs in pairs if mine and theirs)


def _equal(words: Words, names: Iterable[str], one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(words.norm(one.get(name)) == words.norm(other.get(name)) for name in names)


def _likely_fielded(words: Words, asked: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """City, country and street are the same, and the postcode is not another one."""
    places = _equal(words, ("city", "country"), asked, known) and _agree(words, ("postcode",), asked, known)
    return places and _same_street(words, asked, known)


def _same_fielded(words: Words, asked: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """Nothing contradicts, and neither says more about house or flat than the other."""
    # The type may stand in the name; where it is a member of both, it has to be the same.
    return _agree(words, _COLOUR, asked, known) and _equal(words, _DETAIL, asked, known)


def _likely_formatted(words: Words, asked: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    def street(address: Mapping[str, Any]) -> list[str]:
        line = words.norm(address.get("addrLine1")).split()
        return [word for word in line if not any(ch.isdigit() for ch in word)]

    places = _equal(words, ("city", "country"), asked, known) and _agree(words, ("postcode",), asked, known)
    return places and street(asked) == street(known)


def _same_formatted(words: Words, asked: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    return _agree(words, _COLOUR, asked, known) and _equal(words, ("addrLine1", "addrLine2"), asked, known)


def _same_point(_: Words, asked: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """The same point of the same reference system, within a metre or so; a height that is left out does not count."""
    if asked.get("spatialRef") != known.get("spatialRef"):
        return False
    return all(_near(asked.get(axis), known.get(axis)) for axis in ("x", "y", "z") if axis != "z" or axis in asked)


def _near(one: Any, other: Any) -> bool:
    try:
        return abs(Decimal(str(one)) - Decimal(str(other))) <= Decimal("0.00001")
    except (ArithmeticError, ValueError):  # no number, or one beyond all numbers
        return False


def _same_label(words: Words, asked: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    return _equal(words, ("externalReferenceType", "externalReferenceId"), asked, known)


_Match = Callable[[Words, Mapping[str, Any], Mapping[str, Any]], bool]
_NO_MATCH: Final[tuple[_Match, _Match]] = (lambda *_: False, lambda *_: False)
_MATCHERS: Final[dict[Any, tuple[_Match, _Match]]] = {
    "FieldedAddress": (_likely_fielded, _same_fielded),
    "FormattedAddress": (_likely_formatted, _same_formatted),
    "MEFGeographicPoint": (_same_point, _same_point),
    "GeographicAddressLabel": (_same_label, _same_label),
}


PLUGIN: Final = Plugin(KIND, (KIND,), build)
