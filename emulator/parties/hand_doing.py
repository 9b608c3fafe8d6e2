"""A hand in what happens outside of the APIs of our seller: its verbs, now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.parties.apis import Verb, verbs_of
from emulator.parties.desk import NotNow
from emulator.parties.hand import Hand, Refused
from emulator.parties.seller import Seller
from emulator.parties.verbs import known_verb


def verbs_by_kind(seller: Seller) -> Mapping[str, Mapping[str, Verb]]:
    """What there is, by kind of resource and name."""
    return verbs_of(seller.context.release)


def do(seller: Seller, run: str | None, kind: str, verb: str, identifier: str | None, words: Mapping[str, Any]) -> str:
    """Do a verb to a resource of a run, or to none where it names none; says what came of it. Refused where it cannot be."""
    return seller.act(lambda: _do(seller, run, kind, verb, identifier, words))


def _do(seller: Seller, run: str | None, kind: str, verb: str, identifier: str | None, words: Mapping[str, Any]) -> str:
    family = Hand(seller).family(run)
    if run is not None and not family:
        seller.begin(run)
        family = [run]
    try:
        whole = known_verb(seller.context.release, kind, verb, words).whole
        if whole and identifier is None:
            return _in_each(seller, family, kind, verb, words)
        for each in family:
            found = seller.store.get(each, kind, identifier) if identifier is not None else None
            if found is not None:
                return seller.doer.do(each, kind, verb, found, words)
        if identifier is not None and not whole:
            raise Refused(f"there is no {kind} {identifier!r:.100} here", unknown=True)
        raise Refused(f"{verb} is done to {'no' if whole else 'a'} {kind}: name {'none' if whole else 'one by its id'}")
    except NotNow as reason:
        raise Refused(f"{kind} {identifier or ''} cannot {verb} now: {reason}".replace("  ", " ")) from reason


def _in_each(seller: Seller, runs: list[str], kind: str, verb: str, words: Mapping[str, Any]) -> str:
    """In all runs that are meant; one in which it comes to nothing does not count beside others."""
    told, reasons = list[str](), list[NotNow]()
    for each in runs:
        try:
            told.append(seller.doer.do(each, kind, verb, None, words))
        except NotNow as reason:
            reasons.append(reason)
    if not told:
        raise reasons[0] if reasons else NotNow("nobody has begun a run here")
    return "; ".join(told)
