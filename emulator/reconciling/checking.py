"""Whether an item of a bill is what was agreed: one check after the other, the first that fails says why it is disputed."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from emulator.judge.named import PRODUCT
from emulator.money.items import item_imbalances
from emulator.reconciling.agreed import ENDED, ONE_OFF, RECURRING, AgreedPrice, PriceOrigin, text_of
from emulator.reconciling.cases import (
    TAKEN_BACK,
    BilledItem,
    ChargedSoFar,
    fees_agree,
    is_gone,
    lacks,
    taxes_agree,
    with_shares,
)
from emulator.reconciling.figures import ZERO, agree, minor_unit, rounded, sum_of, times
from emulator.reconciling.lines import ItemLine, LineVerdict, Reason, plain
from emulator.reconciling.quantities import DAY, DaySpan, period_of, quantities
from emulator.reconciling.settings import Advance, Methods, ProRata

_FEW_UNITS: Final = 10
"""Minor units: what is off by no more is told as rounding; so is what was brought to a whole unit."""


def checked(case: BilledItem, billed: ChargedSoFar, methods: Methods) -> ItemLine:
    """The line of an item, beside what was `billed` for the same before, which it joins."""
    if text_of(case.entry.members, "/state") in ("withDrawn", "withdrawn"):
        return _taken_back(case, billed, methods)
    is_back = case.net is not None and case.net.value < ZERO
    line = _subject(case) or _account(case) or (_given_back if is_back else _charged)(case, billed, methods)
    if case.net is not None and case.net.value > ZERO:
        billed.left[case.identifier] = case.covered, case.kind, case.net.value
    return (_at_odds(case, methods) or line) if line.standing is LineVerdict.UNEXPLAINED else line


def _at_odds(case: BilledItem, methods: Methods) -> ItemLine | None:
    """What is wrong in an item whatever it is for: its own figures contradict each other."""
    if case.net is None:
        return None
    net, unit = case.net.value, case.net.unit
    if case.rate is not None and case.rate.unit != unit:
        return _disputed(case, Reason.WRONG_CURRENCY, f"its rate is in {case.rate.unit}, its amount in {unit}")
    members = {**case.entry.members, "id": case.identifier}
    if (
        case.rate is not None
        and case.quantity is not None
        and any(
            each.formula == "A11" and abs(each.amount or ZERO) > methods.tolerance for each in item_imbalances(members)
        )
    ):
        made = times(case.rate.value, case.quantity)
        text = f"it is {plain(net, unit)} {unit}, and {plain(case.quantity)} x {plain(case.rate.value, unit)} is {plain(made)}"
        reason = Reason.ROUNDING if _is_rounding(abs(net - made), unit) else Reason.WRONG_AMOUNT
        return _disputed(case, reason, text, with_shares(case, rounded(made, unit, methods), None, unit, methods))
    return _wrong_shares(case, None, net, methods)


def _is_rounding(off: Decimal, unit: str) -> bool:
    return off <= max(minor_unit(unit) * _FEW_UNITS, 1 + minor_unit(unit))


def _taken_back(case: BilledItem, billed: ChargedSoFar, methods: Methods) -> ItemLine:
    """An item that the Seller has withdrawn: nothing is owed, and it may be charged anew."""
    prices = case.agreed.prices(case.service, case.key, case.kind, case.covered)
    price = _price(case, prices, billed, methods) if case.net else None
    if price is not None:
        billed.add(f"{TAKEN_BACK}{price.mark}", case.covered, case.identifier)
    return case.line(LineVerdict.EXPLAINED, Reason.TAKEN_BACK, "the Seller has withdrawn it", case.gross)


def _disputed(case: BilledItem, reason: Reason, text: str, expected: Decimal | None = ZERO) -> ItemLine:
    return case.line(LineVerdict.DISPUTED, reason, text, expected)


def _open(case: BilledItem, reason: Reason, text: str) -> ItemLine:
    return case.line(LineVerdict.UNEXPLAINED, reason, text)


def _subject(case: BilledItem) -> ItemLine | None:
    """Checks E1 and E3: product or order item are known, and belong together."""
    agreed, key = case.agreed, case.key
    if case.product is None and key is None:
        return _open(case, Reason.NO_SUBJECT, "it names neither a product nor an order item")
    if case.product is not None and is_gone(agreed, case.product, case.entry):
        return _disputed(case, Reason.UNKNOWN_PRODUCT, f"the inventory has no product {case.product}")
    if key is not None and lacks(agreed, key):
        return _disputed(case, Reason.UNKNOWN_ORDER_ITEM, f"there is no item {key[1]} of an order {key[0]}")
    known = case.product is not None and agreed.book.entry(PRODUCT, case.product) is not None
    item = case.ordered
    if not known and item is None:
        return _open(case, Reason.NOT_SEEN, "neither its product nor its order was seen")
    about = agreed.product_of(key) if key is not None else None
    if about is not None and case.product is not None and about != case.product:
        return _disputed(case, Reason.OTHER_PRODUCT, f"item {_of(case)} is for product {about}, not for {case.product}")
    return None


def _of(case: BilledItem) -> str:
    return f"{case.key[1]} of order {case.key[0]}" if case.key else ""


def _account(case: BilledItem) -> ItemLine | None:
    """Check E2: it stands on the account that the product is billed to."""
    on = case.bill.account if case.bill else None
    service, item = case.service, case.ordered
    owed = service.account if service else (item.account if item else None)
    if on is None or owed is None or on == owed:
        return None
    return _disputed(case, Reason.WRONG_ACCOUNT, f"it is billed to account {on}, and was ordered for {owed}")


def _charged(case: BilledItem, billed: ChargedSoFar, methods: Methods) -> ItemLine:
    """Checks E4 to E11: the charge itself."""
    if case.net is None:
        return _open(case, Reason.NO_AMOUNT, "it has no amount that can be read")
    prices = case.agreed.prices(case.service, case.key, case.kind, case.covered)
    price = _price(case, prices, billed, methods)
    if price is not None and price.declined:
        return _disputed(case, Reason.DECLINED, f"this was not agreed: {price.where}")
    if early := _in_vain(case, price):
        return early
    if price is None:
        return _without_price(case, billed)
    before = billed.before(price.mark, case.covered, case.kind)
    if before is not None and not _is_anew(case, billed, price.mark):
        what = "it is charged once" if case.kind == ONE_OFF else "for some of the same days"
        return _disputed(case, Reason.BILLED_TWICE, f"item {before} has billed it already, {what}")
    billed.add(price.mark, case.covered, case.identifier)
    if case.net.unit != price.amount.unit:
        text = f"the price of {price.where} is {_money(price)}, and it is billed in {case.net.unit}"
        return _disputed(case, Reason.WRONG_CURRENCY, text)
    if (rate := case.rate) is not None and rate.unit != case.net.unit:
        return _disputed(case, Reason.WRONG_CURRENCY, f"its rate is in {rate.unit}, its amount in {case.net.unit}")
    if case.kind == RECURRING:
        return _recurring(case, price, methods)
    if case.kind == ONE_OFF:
        return _measured(case, price, [(Decimal(1), "charged once")], methods, "")
    return _by_usage(case, price, methods)


def _given_back(case: BilledItem, billed: ChargedSoFar, methods: Methods) -> ItemLine:
    """A credit that is written as an item below nothing: it gives back some or all of an item before it."""
    assert case.net is not None
    of = billed.give_back(case.covered, case.kind, -case.net.value)
    if of is None:
        return _open(case, Reason.NO_SUCH_PRICE, "no item was seen of which it could give back so much")
    line = case.line(LineVerdict.EXPLAINED, Reason.TAKEN_BACK, f"it gives back what item {of} has billed", case.gross)
    return _wrong_shares(case, None, case.net.value, methods) or line


def _is_anew(case: BilledItem, billed: ChargedSoFar, mark: str) -> bool:
    """Whether a product was changed within days that were charged ahead, and is charged anew from its change on: its bill credits
    as much as these days come to, or all that is on it, or items below nothing gave it back.
    """
    net, gross, start, days = case.net, case.gross, case.covered.start, case.covered.days
    ahead = billed.overlapping(mark, case.covered) if case.kind == RECURRING else None
    since = ahead[0].start if ahead else None
    if net is None or gross is None or start is None or not days or ahead is None or since is None:
        return False
    about = [case.ordered] if case.ordered else case.service.ordered if case.service else ()
    changed = [item.ended for item in about if item.action == "modify" and item.ended is not None and item.is_completed]
    if not any(moment - start <= DAY and since.date() < moment.date() for moment in changed):
        return False
    part, least = (case.covered.within(ahead[0]).days or ZERO) / days, minor_unit(net.unit)
    if billed.given.get(ahead[1], ZERO) >= times(net.value, part) - least:
        return True
    credited, whole = (sum_of(case.bill.members.get(each)) if case.bill else None for each in _CREDITED)
    if credited is None or credited.value == ZERO:
        return False
    left = abs(credited.value)
    return left >= times(gross, part) - least or (whole is not None and left >= whole.value)


_CREDITED: Final = ("credits", "taxIncludedAmount")


def _money(price: AgreedPrice) -> str:
    return f"{plain(price.amount.value, price.amount.unit)} {price.amount.unit}"


def _in_vain(case: BilledItem, price: AgreedPrice | None) -> ItemLine | None:
    """That what was ordered never came about. What was agreed as a charge may be owed nevertheless."""
    item, service = case.ordered, case.service
    if item is None or item.is_completed or (price is not None and price.mark.startswith("charge:")):
        return None
    if service is not None and service.entry is not None and case.product is not None:
        return None  # the product is there
    if item.state in ENDED or item.last > case.entry.first:
        return _disputed(case, Reason.NEVER_COMPLETED, f"item {_of(case)} is {item.state}, and was never completed")
    return _open(case, Reason.NOT_COMPLETED_YET, f"item {_of(case)} was {item.state} when it was last seen")


def _price(
    case: BilledItem, prices: Sequence[AgreedPrice], billed: ChargedSoFar, methods: Methods
) -> AgreedPrice | None:
    """The price that it is charged by: one that fits, was agreed and is not billed yet, before all others."""
    assert case.net is not None
    net, unit = case.net.value, case.net.unit

    def fits(price: AgreedPrice) -> bool:
        if price.amount.unit != unit:
            return False
        if case.rate is not None and case.rate.unit == unit and case.rate.value == price.amount.value:
            return True
        if case.kind == RECURRING and price.period:
            allowed = quantities(case.covered, price.period, methods.pro_rata)
            return any(agree(net, times(price.amount.value, each), unit, methods) for each, _ in allowed)
        return case.kind == ONE_OFF and net == price.amount.value

    def rank(price: AgreedPrice) -> tuple[bool, bool, bool, Decimal]:
        rate = case.rate or case.net
        assert rate is not None
        return (
            not fits(price),
            price.declined,
            billed.before(price.mark, case.covered, case.kind) is not None,
            abs(price.amount.value - rate.value) if price.amount.unit == unit else abs(price.amount.value),
        )

    # What a later act on a product costs once is told by its quote alone: another price of the inventory says nothing of it.
    acts = case.service.ordered if case.service else ()
    acted = case.kind == ONE_OFF and any(item.action in ("modify", "delete") for item in acts)
    found = [
        price
        for price in prices
        if fits(price) or not (price.declined or (acted and price.origin is PriceOrigin.INVENTORY))
    ]
    return min(found, key=rank, default=None)


def _without_price(case: BilledItem, billed: ChargedSoFar) -> ItemLine:
    """What can be said of a charge of which no price is known."""
    assert case.net is not None
    rate = case.rate or case.net
    mark = f"{case.kind}:{rate.unit}:{rate.value}"
    if case.kind == RECURRING and (before := billed.before(mark, case.covered, case.kind)):
        return _disputed(case, Reason.BILLED_TWICE, f"item {before} has billed it already, for some of the same days")
    billed.add(mark, case.covered, case.identifier)
    life = case.service.life if case.service else DaySpan(None, None)
    if case.kind != ONE_OFF and (wrong := _outside(case, life)) and case.covered.within(life).days == 0:
        return _disputed(case, *wrong)
    if case.agreed.knows_prices(case.service, case.key):
        return _open(case, Reason.NO_SUCH_PRICE, f"what was agreed has no {case.kind or 'such'} price")
    return _open(case, Reason.NO_PRICE_SEEN, "no price of it was seen, in no quote, inventory or charge")


def _outside(case: BilledItem, life: DaySpan) -> tuple[Reason, str] | None:
    """Check E4: that it is charged for more than a day before its start, or after its termination."""
    covered = case.covered
    if covered.start and life.start and life.start - covered.start > DAY:
        return Reason.BEFORE_START, f"it is charged from {_date(covered.start)} on, and started {_date(life.start)}"
    if covered.end and life.end and covered.end - life.end > DAY:
        return Reason.AFTER_TERMINATION, f"it is charged until {_date(covered.end)}, and ended {_date(life.end)}"
    return None


def _date(moment: object) -> str:
    return f"{moment:%Y-%m-%d}"


def _recurring(case: BilledItem, price: AgreedPrice, methods: Methods) -> ItemLine:
    """Checks E4, E6, E7 and E8 of a charge that comes back."""
    assert case.net is not None
    life = case.service.life if case.service else DaySpan(None, None)
    period = price.period or period_of(case.entry.members.get("unit"))
    if case.covered.closed is None or period is None:
        if case.quantity == 1 and agree(case.net.value, price.amount.value, case.net.unit, methods):
            return _shares(case, price, case.net.value, f"one period at {_money(price)} ({price.where})", methods)
        return _open(case, Reason.NO_PERIOD, "for which days it is charged, or by which period, is not told")
    lived = case.covered.within(life)
    wrong = _outside(case, life)
    # Who charges for days beyond its life may be right in the amount, but not as one who charges a whole period.
    ways = (
        [methods.pro_rata]
        if wrong is None or methods.pro_rata is not ProRata.ANY
        else [ProRata.DAYS, ProRata.THIRTIETHS]
    )
    # The day of the termination is charged by some and not by others.
    spans = [lived] if wrong is None else [case.covered.within(life.whole_days), lived]
    allowed = [
        each for way in ways for span in spans for each in quantities(span, period, way) or [(ZERO, "no day of it")]
    ]
    net, unit = case.net.value, case.net.unit
    if wrong is None or any(agree(net, times(price.amount.value, each), unit, methods) for each, _ in allowed):
        return _measured(case, price, allowed, methods, period)
    if wrong[0] is Reason.AFTER_TERMINATION and _ended_later(case, life, methods):
        whole = quantities(case.covered, period, methods.pro_rata)
        if any(agree(net, times(price.amount.value, each), unit, methods) for each, _ in whole):
            text = f"{wrong[1]}, after the bill was made: look for a credit"
            return case.line(LineVerdict.EXPLAINED, Reason.TERMINATED_LATER, text, case.gross)
    expected = rounded(times(price.amount.value, allowed[0][0]), unit, methods)
    return _disputed(case, *wrong, with_shares(case, expected, price, unit, methods))


def _ended_later(case: BilledItem, life: DaySpan, methods: Methods) -> bool:
    """Whether a bill in advance was made before its product ended."""
    dated = case.bill.dated if case.bill else None
    return methods.advance is not Advance.ARREARS and dated is not None and life.end is not None and dated < life.end


def _measured(
    case: BilledItem, price: AgreedPrice, allowed: Sequence[tuple[Decimal, str]], methods: Methods, period: str
) -> ItemLine:
    """Checks E6 and E8: the amount is the agreed price, so many times as is allowed; if not, what is wrong in it."""
    assert case.net is not None
    net, unit = case.net.value, case.net.unit
    for quantity, words in allowed:
        if agree(net, times(price.amount.value, quantity), unit, methods):
            per = f" a {period}" if period else ""
            text = f"{plain(quantity)} x {_money(price)}{per} ({price.where}), {words}"
            return _shares(case, price, net, text, methods)
    rate, charged = case.rate.value if case.rate else None, case.quantity
    best = min((each for each, _ in allowed), key=lambda each: abs(times(price.amount.value, each) - net))
    right = (
        allowed[0][0] if charged is None else min((each for each, _ in allowed), key=lambda each: abs(each - charged))
    )
    exact = times(price.amount.value, right)
    expected = with_shares(case, rounded(exact, unit, methods), price, unit, methods)
    off = abs(net - times(price.amount.value, best))
    same_rate = rate is None or rate == price.amount.value
    same_quantity = charged is None or any(abs(each - charged) < Decimal("1e-6") for each, _ in allowed)
    if same_rate and _is_rounding(off, unit):
        text = f"it is {plain(net, unit)} {unit}, and {plain(best)} x {_money(price)} is {plain(times(price.amount.value, best))}"
        exact = rounded(times(price.amount.value, best), unit, methods)
        return _disputed(case, Reason.ROUNDING, text, with_shares(case, exact, price, unit, methods))
    if not same_rate:
        at = f"its rate is {plain(rate or ZERO, unit)} {unit}"
        return _disputed(case, Reason.WRONG_RATE, f"{at}, and {_money(price)} was agreed ({price.where})", expected)
    if not same_quantity:
        text = f"{plain(charged or ZERO)} are charged, and {plain(right)} are due ({_words(allowed, right)})"
        return _disputed(case, Reason.WRONG_QUANTITY, text, expected)
    text = f"it is {plain(net, unit)} {unit}, and {plain(right)} x {_money(price)} is {plain(exact)}"
    return _disputed(case, Reason.WRONG_AMOUNT, text, expected)


def _words(allowed: Sequence[tuple[Decimal, str]], quantity: Decimal) -> str:
    return next(words for each, words in allowed if each == quantity)


def _by_usage(case: BilledItem, price: AgreedPrice, methods: Methods) -> ItemLine:
    """Of usage the rate can be told; how much it was nobody has told."""
    assert case.net is not None
    unit, quantity = case.net.unit, case.quantity
    if quantity is None or case.rate is None:
        return _open(case, Reason.USAGE, "how much was used is not told")
    if case.rate.value != price.amount.value and not agree(
        case.net.value, times(price.amount.value, quantity), unit, methods
    ):
        expected = with_shares(case, rounded(times(price.amount.value, quantity), unit, methods), price, unit, methods)
        text = f"its rate is {plain(case.rate.value, unit)} {unit}, and {_money(price)} was agreed ({price.where})"
        return _disputed(case, Reason.WRONG_RATE, text, expected)
    line = _measured(case, price, [(quantity, "as much as was billed")], methods, "")
    if line.standing is not LineVerdict.EXPLAINED:
        return line
    return _open(
        case, Reason.USAGE, f"{plain(quantity)} at {_money(price)} ({price.where}): there is no record of usage"
    )


def _shares(case: BilledItem, price: AgreedPrice, net: Decimal, text: str, methods: Methods) -> ItemLine:
    """Check E9 of a charge whose amount is right: its taxes and fees."""
    return _wrong_shares(case, price, net, methods) or case.line(
        LineVerdict.EXPLAINED, Reason.AS_AGREED, text, case.gross
    )


def _wrong_shares(case: BilledItem, price: AgreedPrice | None, net: Decimal, methods: Methods) -> ItemLine | None:
    assert case.net is not None
    unit = case.net.unit
    expected = with_shares(case, net, price, unit, methods)
    if not fees_agree(case, unit, methods):
        return _disputed(case, Reason.WRONG_FEE, f"a fee is not its rate of {plain(net, unit)} {unit}", expected)
    if not taxes_agree(case, unit, methods):
        return _disputed(case, Reason.WRONG_TAX, f"a tax is not its rate of {plain(net, unit)} {unit}", expected)
    rates = [share.rate for share in case.taxes if share.rate is not None]
    if price is not None and price.tax is not None and len(case.taxes) == len(rates) == 1 and rates[0] != price.tax:
        told = f"it is taxed at {plain(rates[0])} %, and {plain(price.tax)} % was agreed ({price.where})"
        return _disputed(case, Reason.WRONG_TAX_RATE, told, expected)
    return None
