"""What our seller has: resources with their states and timers, subscriptions and what they are owed."""

from __future__ import annotations

from typing import Any

from emulator.hosting import Emulation
from emulator.parties.apis import verbs_of
from emulator.parties.clock import rfc3339
from emulator.parties.hand import Hand, Living
from emulator.parties.store import Owed
from emulator.record.payload import at
from emulator.report.masking import clean_text, plain


def resources(emulation: Emulation, run: str | None) -> dict[str, Any]:
    """`GET /api/runs/ID/resources`, without `now`. `run` None is all that the seller has."""
    hand, release = Hand(emulation.seller), emulation.seller.context.release
    events = {api: sorted({event.type for event in release.kinds.telling(api)}) for api in emulation.seller.apis}
    subscribed = list(hand.subscriptions(run))
    return {
        "kinds": list(hand.kinds),
        "verbs": [
            {"kind": kind, "verb": name, "title": one.title, "words": list(one.words), "whole": one.whole}
            for kind, verbs in verbs_of(release).items()
            for name, one in verbs.items()
        ],
        "resources": [_living(each, events) for each in hand.living(run)],
        "subscriptions": [
            {
                "id": one.id,
                "api": api,
                "callback": clean_text(str(one.body["shown"].get("callback"))),
                "query": plain(one.body["shown"].get("query")),
                "owed": len(owed),
            }
            for api, one, owed in subscribed
        ],
        "owed": [_owed(each) for _, _, owed in subscribed for each in owed],
        "dead": [_owed(each) for each in hand.dead(run)],
    }


def _living(living: Living, events: dict[str, list[str]]) -> dict[str, Any]:
    resource, kind = living.resource, living.kind
    log = kind.history
    own = kind.items.state.member if kind.items else ""
    return {
        "kind": resource.kind,
        "id": resource.id,
        "machine": living.machine,
        "state": plain(at(resource.body, kind.state_at)) if kind.state else None,
        "states": list(kind.state.values) if kind.state else [],
        "created": rfc3339(resource.created),
        "final": living.final,
        "final_items": sorted(living.final_items),
        "items": [{"id": plain(item.get("id")), "state": plain(item.get(own))} for item in living.items],
        "history": []
        if log is None
        else [
            {"state": plain(entry.get(log.state)), "at": plain(entry.get(log.moment))}
            for entry in resource.body.get(log.member, ())
        ],
        "timers": [{"action": timer.action, "at": rfc3339(timer.at)} for timer in living.timers],
        "moves": list(living.moves),
        "item_moves": {item: list(states) for item, states in living.item_moves.items()},
        "ends_of_buyer": {item or "": list(states) for item, states in living.ends_of_buyer.items() if states},
        "api": living.api,
        "events": events.get(living.api, []),
    }


def _owed(owed: Owed) -> dict[str, Any]:
    return {
        "event": owed.event,
        "subscription": owed.subscription,
        "due": rfc3339(owed.due),
        "attempts": owed.attempts,
        "fault": None if owed.fault is None else clean_text(owed.fault),
    }
