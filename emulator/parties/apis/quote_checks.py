"""What is wrong with where and on what a quote is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emulator.parties.apis import Context
from emulator.parties.apis.order_links import Links
from emulator.record.call import ErrorCode, Issue
from emulator.standard.places import SITE_REF, placing


def qualification_issues(context: Context, links: Links, place: str, reference: Mapping[str, Any]) -> Iterator[Issue]:
    """The POQ item that a quote item builds on is there, and the POQ is ready."""
    poq = links.body("productOfferingQualification", reference["productOfferingQualificationId"])
    if poq is None:
        here = f"{place}/productOfferingQualificationId"
        yield Issue(here, ErrorCode.REFERENCE_NOT_FOUND, "There is no product offering qualification with this id")
        return
    identifier = reference["productOfferingQualificationId"]
    item = links.item("productOfferingQualification", identifier, reference["id"])
    if item is None:
        yield Issue(f"{place}/id", ErrorCode.REFERENCE_NOT_FOUND, "The qualification has no item with this id")
    elif poq["state"] not in (good := links.good("productOfferingQualification")):
        # MEF115 leaves open: a reference to a POQ without an answer. There is nothing to build on.
        reason = f"The qualification is {poq['state']}, not {' or '.join(good)}"
        yield Issue(f"{place}/productOfferingQualificationId", ErrorCode.INVALID_VALUE, reason)
    named = (each.at for each in context.release.kinds.kind("quote").references if each.within)
    member = next((where.rpartition("/")[2] for where in named), "")
    proposal = reference.get(member)
    proposals = (item or {}).get("alternateProductOfferingProposal") or ()
    if item is not None and proposal is not None and all(each["id"] != proposal for each in proposals):
        here = f"{place}/{member}"
        yield Issue(here, ErrorCode.REFERENCE_NOT_FOUND, "The item has no alternate proposal with this id")


def site_issues(context: Context, place: str, item: Mapping[str, Any]) -> Iterator[Issue]:
    """Places of an item that are sites and are told more exactly, where the contract has a way to."""
    for spot in placing(context.release, "quote").spots(item.get("product"), "/place/*"):
        if spot.type == SITE_REF and spot.holder.get("subUnit"):
            reason = "A site says where it is: nothing more exact stands beside it"
            here = f"{place}/product{spot.where}/subUnit"
            yield Issue(here, ErrorCode.UNEXPECTED_PROPERTY, reason, "Mplify115.1 R23")
