"""A rehearsal as a page: one file without scripts, which asks nobody for anything and prints as it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from html import escape
from typing import Any, Final

from emulator.report.explain import printable
from emulator.report.html.page import digest, read_static
from emulator.report.rehearsal_text import FATES, act_lines, ending, example_words, notes, summary

Json = dict[str, Any]

_MOST: Final = 6_000
"""Characters of a body that are shown; rehearsal.json has all of it."""
_MANY: Final = 400
"""With more exchanges than these, only examples are shown with their messages."""
_STYLE: Final = """
main { max-width: 1180px; margin: 0 auto; padding: 18px 20px 60px; display: grid; gap: 22px; grid-template-columns: minmax(0, 1fr); }
section { display: grid; gap: 10px; grid-template-columns: minmax(0, 1fr); } .acts, .changes, .clauses { width: 100%; }
.pair { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 0 18px; border-top: 1px solid var(--line); padding: 6px 0; }
.pair > h3 { grid-column: 1 / -1; font: 12px/1.5 var(--mono); color: var(--soft); } .pair.head { border: 0; font-weight: 650; }
.side { display: grid; gap: 4px; align-content: start; min-width: 0; }
pre { margin: 4px 0 8px; padding: 8px 10px; background: var(--sunken); border-radius: 5px; white-space: pre-wrap; overflow-wrap: anywhere; }
details:target { outline: 2px solid var(--focus); outline-offset: 2px; } td.what { width: 46%; } ul { padding-left: 18px; }
@media print { main { padding: 0; max-width: none; } pre { white-space: pre-wrap; } section { display: block; } h2 { margin-top: 14px; } tr, .pair { break-inside: avoid; } h2, h3 { break-after: avoid; } }
"""


def rehearsal_page(told: Json) -> bytes:
    """The whole page, in UTF-8; `told` is what `rehearsal_json` has."""
    style = f"{read_static(('base.css', 'print.css'))}\n{_STYLE}"
    policy = f"default-src 'none'; base-uri 'none'; form-action 'none'; style-src {digest(style)}"
    title = _text(f"From {told['from']} to {told['to']}: an upgrade, rehearsed")
    body = "\n".join(_page(told, title))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{title} · OIT</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    ).encode()


def _text(text: object, limit: int = 600) -> str:
    """Text of anybody's, so that it is text."""
    return escape(printable(str(text), limit))


def _page(told: Json, title: str) -> Iterator[str]:
    yield f"<header><h1>{title}</h1><p>{_text(ending(told))}.</p></header>"
    yield '<section aria-label="What was played">'
    for act in told["acts"]:
        lines = "".join(f"<li>{_text(line.strip())}</li>" for line in act_lines(told, act))
        name = _text(f"{act['name']}: {act['title']}" if act["title"] else act["name"])
        yield f"<div><h2>{name}</h2><ul>{lines}</ul></div>"
    yield "</section>"
    yield from _overview(told)
    for function in told["functions"]:
        yield from _function(told, function)
    for number, act in enumerate(told["acts"]):
        yield from _beside(told, act, number)
    yield f'<footer class="meta">OIT {_text(told["tool"]["version"])}. A party is broken that stays with {_text(told["from"])} while the other one goes by {_text(told["to"])}.</footer>'


def _overview(told: Json) -> Iterator[str]:
    heads = "".join(
        f"<th>{each}</th>" for each in ("Function", _text(told["from"]), _text(told["to"]), "What is touched")
    )
    yield f'<section><h2>Functions</h2><table class="acts"><thead><tr>{heads}</tr></thead><tbody>'
    for function in told["functions"]:
        versions = (
            ", ".join(f"{kind} {each['version']}" for kind, each in function[end].items()) or "-"
            for end in ("from", "to")
        )
        name = (
            f'<a href="#f-{_text(function["api"])}">{_text(function["title"])}</a>'
            if function["touched"]
            else _text(function["title"])
        )
        yield _row(name, *map(_text, versions), _text(summary(function)))
    yield "</tbody></table></section>"


def _row(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _function(told: Json, function: Json) -> Iterator[str]:
    if not function["touched"] and not function["clauses"]:
        return
    yield f'<section id="f-{_text(function["api"])}"><h2>{_text(function["title"])}</h2><p class="meta">{_text(summary(function))}.</p>'
    yield from (f'<p class="meta">{_text(note)}.</p>' for note in notes(told, function))
    changes = function["changes"]
    groups: list[tuple[str, Callable[[Json], bool]]] = [
        ("Breaks somebody, and these messages show it", lambda each: bool(each["breaks"]) and each["shown"]),
        (
            "Breaks somebody; these messages go by it and fit both",
            lambda each: bool(each["breaks"]) and not each["shown"],
        ),
    ]
    for head, fits in groups:
        if rows := [each for each in changes if fits(each)]:
            yield _changes(told, head, rows)
    if rest := [each for each in changes if not each["breaks"]]:
        yield f"<details><summary>{len(rest)} more that break nobody</summary>{_changes(told, '', rest)}</details>"
    yield from _clauses(function["clauses"])
    yield "</section>"


def _changes(told: Json, head: str, rows: Iterable[Json]) -> str:
    caption = f"<caption>{head}</caption>" if head else ""
    made = "".join(_change(told, each) for each in rows)
    return f'<table class="changes">{caption}<thead><tr><th>What</th><th>Whom it breaks that stays</th><th>Where it is seen</th></tr></thead><tbody>{made}</tbody></table>'


def _change(told: Json, change: Json) -> str:
    broken = "<br>".join(
        f"<b>{_text(each['stays'].capitalize())}</b>: {_text(each['because'])}" for each in change["breaks"]
    )
    seen = "-"
    if change["examples"]:
        example = change["examples"][0]
        more = f" <span class='soft'>and {change['touches'] - 1} more</span>" if change["touches"] > 1 else ""
        seen = f'<a href="#{_anchor(example["act"], example["side"], example["exchange"])}">{_text(example_words(told, example))}</a>{more}'
    return f'<tr><td class="what">{_text(change["message"])} <span class="soft">({_text(change["contract"])})</span></td><td>{broken or "-"}</td><td>{seen}</td></tr>'


def _clauses(rows: list[Json]) -> Iterator[str]:
    renamed = [each for each in rows if each["fate"] == "renamed"]
    others = [each for each in rows if each["fate"] != "renamed"]
    if others:
        yield f'<table class="clauses"><caption>Clauses that were seen, and are not the same</caption>{_HEADS}<tbody>{"".join(map(_clause, others))}</tbody></table>'
    if renamed:
        yield f'<details><summary>{len(renamed)} clauses that were seen have another id</summary><table class="clauses">{_HEADS}<tbody>{"".join(map(_clause, renamed))}</tbody></table></details>'


_HEADS: Final = (
    "<thead><tr><th>Before</th><th>After</th><th>What became of it</th><th>Seen</th><th>In our words</th></tr></thead>"
)


def _clause(row: Json) -> str:
    fate = FATES.get(row["fate"], "has another id") + (f": {row['why']}" if row["why"] else "")
    seen = " → ".join(str(row["seen"][end] or "-") for end in ("from", "to"))
    return _row(*(_text(each or "-") for each in (row["from"], row["to"], fate, seen, row["title"])))


# -- side by side ----------------------------------------------------------------------------------


def _beside(told: Json, act: Json, number: int) -> Iterator[str]:
    """The steps of an act, and what crossed in each, on both sides."""
    ends = [end for end in ("from", "to") if end in act and act[end]["played"]]
    if not ends:
        return
    heads = "".join(f"<div>{_text(told[end])}</div>" for end in ends)
    yield f'<section><h2>Step by step: {_text(act["name"])}</h2><div class="pair head">{heads}</div>'
    shown = None if _whole(told) else _examples(told)
    exchanges = {end: {each["n"]: each for each in act[end]["exchanges"]} for end in ends}
    for step in act["steps"]:
        sides = (
            "".join(
                _exchange(exchanges[end][n], _anchor(number, end, n), shown)
                for n in step.get(end, ())
                if n in exchanges[end]
            )
            for end in ends
        )
        columns = "".join(f'<div class="side">{side or _NOTHING}</div>' for side in sides)
        yield f'<div class="pair"><h3>{_text(step["id"] or "beside the steps")}</h3>{columns}</div>'
    for end in ends:
        wrong = [each for each in act[end]["findings"] if each["verdict"] in ("fail", "warning", "disputed")]
        if wrong:
            items = "".join(f"<li>{_text(_found(each))}</li>" for each in wrong)
            yield f"<div><h3>Findings in {_text(told[end])}</h3><ul>{items}</ul></div>"
    yield "</section>"


_NOTHING: Final = '<span class="soft">-</span>'


def _found(finding: Json) -> str:
    names = ", ".join(finding["requirements"]) or finding["rule"]
    return f"{finding['verdict']} ({finding['blame']}): {names}: {finding['message']}"


def _whole(told: Json) -> bool:
    """Whether it is so little that every message can be shown."""
    sides = (act[end] for act in told["acts"] for end in ("from", "to") if end in act and act[end]["played"])
    return sum(len(side["exchanges"]) for side in sides) <= _MANY


def _examples(told: Json) -> frozenset[str]:
    """The exchanges that are examples of something."""
    changes = (each for function in told["functions"] for each in function["changes"] if each["examples"])
    first = (each["examples"][0] for each in changes)
    return frozenset(_anchor(each["act"], each["side"], each["exchange"]) for each in first)


def _anchor(act: int, end: str, n: int) -> str:
    return f"x-{act}-{end}-{n}"


def _exchange(row: Json, anchor: str, shown: frozenset[str] | None) -> str:
    """An exchange with its messages, or where it is not among those that are `shown`, in a line."""
    request = row["request"]
    status = row["response"]["status"] if "response" in row else row["fault"]["kind"]
    head = f"{row['n']} {request['method']} {row['operation'] or request['url']} {status}"
    if shown is not None and anchor not in shown:
        return f"<div>{_text(head)}</div>"
    parts = [f'<p class="meta">{_text(request["url"])}</p>', _body(request)]
    parts += (
        [f'<p class="meta">{_text(status)}</p>', _body(row["response"])]
        if "response" in row
        else [_text(row["fault"]["message"])]
    )
    return f'<details id="{anchor}"><summary>{_text(head)}</summary>{"".join(parts)}</details>'


def _body(message: Json) -> str:
    if message["body_encoding"] == "none":
        return ""
    body = message["body"]
    text = body if isinstance(body, str) else json.dumps(body, indent=1, ensure_ascii=False)
    lines = (printable(line, _MOST) for line in text[:_MOST].split("\n"))
    cut = "\n…" if len(text) > _MOST else ""
    return f"<pre>{escape(chr(10).join(lines) + cut)}</pre>"
