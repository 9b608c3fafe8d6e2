"""A reconciliation told: as lines for a terminal, as CSV, and as a page."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from html import escape
from typing import Final

from emulator.reconciling.lines import BillRemark, ItemLine, LineVerdict, plain
from emulator.reconciling.reconcile import Reconciliation
from emulator.settings import PLAIN_PATH

COLUMNS: Final = (
    "run",
    "bill",
    "item",
    "account",
    "product",
    "order",
    "orderItem",
    "type",
    "from",
    "to",
    "standing",
    "reason",
    "net",
    "tax",
    "fee",
    "billed",
    "expected",
    "difference",
    "currency",
    "clause",
    "text",
)
_REMARK: Final = "bill"
"""The standing of a line about a bill as a whole, in CSV."""
_FORMULA: Final = ("=", "+", "-", "@")
"""What a spreadsheet takes for the beginning of a formula."""


def _is_formula(text: str) -> bool:
    """Whether a spreadsheet may take a cell for a formula: also behind blanks, and by wide signs."""
    return text[:1] in ("\t", "\r", "\n") or unicodedata.normalize("NFKC", text[:40]).lstrip().startswith(_FORMULA)


def as_csv(found: Mapping[str, Reconciliation]) -> str:
    """All lines, with a head; ends of lines are CR LF (RFC 4180). A text of a partner's that a spreadsheet would take for a
    formula begins with an apostrophe.
    """
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(COLUMNS)
    for run, each in found.items():
        for line in each.lines:
            rows.writerow(_row({"run": run, **line.as_json()}))
        for remark in each.bill_lines:
            told = remark.as_json()
            rows.writerow(_row({"run": run, "standing": _REMARK, "reason": told["formula"], **told}))
    return out.getvalue()


_AMOUNTS: Final = frozenset({"net", "tax", "fee", "billed", "expected", "difference"})


def _row(told: Mapping[str, str]) -> list[str]:
    return [
        f"'{value}" if name not in _AMOUNTS and _is_formula(value) else value
        for name in COLUMNS
        for value in [told.get(name, "")]
    ]


def as_text(found: Mapping[str, Reconciliation], *, everything: bool = False) -> Iterator[str]:
    """Lines for people: those that are not explained (all with `everything`), bills that do not add up, and totals."""
    for run, each in found.items():
        yield f"run {run or PLAIN_PATH}: {each.bills} bill(s)"
        for line in each.lines:
            if everything or line.standing is not LineVerdict.EXPLAINED:
                yield f"  {_of(line):24} {line.standing:11} {line.reason:20} {_off(line)}  {line.text} [{line.clause}]"
        for remark in each.bill_lines:
            yield f"  {_safe(remark.bill):24} bill        {remark.formula:20} {_off(remark)}  {_safe(remark.text)} [{remark.clause}]"
        yield from (f"  {line}" for line in summary(each))


def _of(line: ItemLine) -> str:
    return _safe(" ".join(each for each in (line.bill, line.item or line.product) if each) or "-")


def _safe(text: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in text)


def _off(line: ItemLine | BillRemark) -> str:
    return "" if line.difference is None else f"{_signed(line.difference, line.currency)} {_safe(line.currency)}"


def _signed(value: Decimal, unit: str) -> str:
    return plain(value, unit) if value < 0 else f"+{plain(value, unit)}"


def summary(each: Reconciliation) -> Iterator[str]:
    """How many lines of each standing there are, and for each currency what they come to."""
    yield ", ".join(f"{count} {standing}" for standing, count in each.counts().items())
    if each.left_out:
        yield f"{each.left_out} item(s) of trials and copies are in no sum"
    for currency, totals in sorted(each.totals().items()):
        billed = [standing for standing in LineVerdict if standing in totals and standing is not LineVerdict.MISSING]
        parts = " + ".join(f"{standing} {plain(totals[standing].billed, currency)}" for standing in billed)
        rows = [totals[standing] for standing in billed]
        whole, tax, fee = (sum((getattr(row, name) for row in rows), Decimal(0)) for name in ("billed", "tax", "fee"))
        told = [
            f"{_safe(currency)}: billed {plain(whole, currency)} = {parts}"
            if parts
            else f"{_safe(currency)}: nothing billed"
        ]
        told.append(f"(tax {plain(tax, currency)}, fees {plain(fee, currency)} in it)")
        for standing, word in ((LineVerdict.DISPUTED, "too much"), (LineVerdict.MISSING, "missing")):
            if standing in totals:
                value = totals[standing].difference
                told.append(f"{word} {plain(value if standing is LineVerdict.DISPUTED else -value, currency)}")
        yield " ".join(told)


_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Reconciliation of bills</title>
<meta name="viewport" content="width=device-width"><meta http-equiv="Content-Security-Policy"
content="default-src 'none'; style-src 'unsafe-inline'"><style>
body {{ font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1rem; color: #1b1f24; background: #fff }}
table {{ border-collapse: collapse; width: 100%; margin: 1rem 0 }} caption {{ text-align: left; font-weight: 600; padding: .4rem 0 }}
th, td {{ text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #d0d7de; vertical-align: top }}
td.n {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }}
tr.disputed td:nth-child(3), tr.missing td:nth-child(3) {{ color: #a40e26; font-weight: 600 }}
tr.unexplained td:nth-child(3) {{ color: #7d4e00; font-weight: 600 }} tr.explained td:nth-child(3) {{ color: #1a5e2a }}
</style></head><body><h1>Reconciliation of bills</h1>
<p>No clause of the standard makes amounts agree: a line without one is plain logic, and fails nobody.</p>
{runs}</body></html>
"""


def as_html(found: Mapping[str, Reconciliation]) -> str:
    """A page with all lines, what needs a look first. It asks for nothing from anywhere."""
    return _PAGE.format(runs="".join(_run(run, each) for run, each in found.items()) or "<p>No bill was seen.</p>")


def _run(run: str, each: Reconciliation) -> str:
    order = [LineVerdict.DISPUTED, LineVerdict.MISSING, LineVerdict.UNEXPLAINED, LineVerdict.EXPLAINED]
    lines = sorted(each.lines, key=lambda line: order.index(line.standing))
    heads = (
        "Bill",
        "Item or product",
        "Standing",
        "Reason",
        "Days",
        "Billed",
        "Expected",
        "Difference",
        "",
        "Clause",
        "In words",
    )
    rows = "".join(_tr(line) for line in lines)
    told = f"<h2>{escape(run or PLAIN_PATH)}</h2>" + "".join(f"<p>{escape(line)}</p>" for line in summary(each))
    told += _table("Items", heads, rows)
    if each.bill_lines:
        remarks = "".join(
            _cells(
                "bill",
                [remark.bill, remark.formula, remark.text, remark.clause],
                [remark.billed, remark.expected, remark.difference],
                remark.currency,
            )
            for remark in each.bill_lines
        )
        told += _table("Bills", ("Bill", "What", "In words", "Clause", "Billed", "Expected", "Difference"), remarks)
    return told


def _tr(line: ItemLine) -> str:
    days = " to ".join(each for each in (line.begin, line.end) if each)
    left = [line.bill, line.item or line.product, str(line.standing), str(line.reason), days]
    amounts = [line.billed, line.expected, line.difference]
    row = _cells(str(line.standing), left, amounts, line.currency)
    right = "".join(f"<td>{escape(each)}</td>" for each in (line.currency, line.clause, line.text))
    return row.removesuffix("</tr>") + right + "</tr>"


def _cells(name: str, texts: Iterable[str], amounts: Iterable[Decimal | None], unit: str) -> str:
    cells = "".join(f"<td>{escape(text)}</td>" for text in texts)
    numbers = "".join(f'<td class="n">{"" if each is None else plain(each, unit)}</td>' for each in amounts)
    return f'<tr class="{escape(name)}">{cells}{numbers}</tr>'


def _table(caption: str, heads: Iterable[str], rows: str) -> str:
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
    return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
