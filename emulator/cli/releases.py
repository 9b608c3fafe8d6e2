"""`oit releases`: what changes in each function from one release to another, and whom that breaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import click

from emulator.cli.group import example, main
from emulator.errors import UserError, hint
from emulator.settings import DEFAULT_RELEASE

if TYPE_CHECKING:
    from emulator.standard.comparing.alterations import ContractChange
    from emulator.standard.comparing.editions import Edition, Editions
    from emulator.standard.comparing.functions import FunctionChange

_LEGEND = (
    "none: the same crosses · minor: nobody is broken who stays with the older one and tolerates what it does not know",
    "major: somebody is, or a base path is another one · new, gone: the function · unknown: nobody has told anything",
    "c: computed from both contracts · p: by published differences · m: composed of the steps between, at most so much",
    "b: by the base path alone, nobody has told of the rest",
)


@main.command(
    "releases",
    epilog=example(
        "oit releases",
        f"oit releases {DEFAULT_RELEASE} sonata-mine",
        f"oit releases --from sonata-mine --to {DEFAULT_RELEASE} --api order",
        f"oit releases {DEFAULT_RELEASE} sonata-mine --format json",
    ),
)
@click.argument("pair", nargs=-1, metavar="[OLD NEW]")
@click.option("--from", "old", metavar="NAME", help="The release that somebody stays with.")
@click.option("--to", "new", metavar="NAME", help="The release that the others go by.")
@click.option("--api", "apis", multiple=True, metavar="API", help="Only this function. Repeatable.")
@click.option("--reference-point", metavar="POINT", help="Where it is spoken: sonata unless it is said otherwise.")
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty", show_default=True)
def releases(
    pair: tuple[str, ...],
    old: str | None,
    new: str | None,
    apis: tuple[str, ...],
    reference_point: str | None,
    form: str,
) -> None:
    """Tell what changes in each function from release to release: none, minor or major.

    Without names it is a table of all releases in the order in which they came, and of those that are here: shipped, or
    imported (oit sdk add). With two names, every change in words: where it is, and whom it breaks that stays with the first
    while the others go by the second. Each row says what it rests on: contracts that are here, what was published of
    neighbours, or the steps between. What nobody knows is unknown.
    """
    ends = _ends(pair, old, new)
    known = _editions(reference_point)
    if not ends and not known.line[1:]:
        raise UserError(
            f"{known.found[0].name} is the only release here at its reference point; oit sdk add imports others"
        )
    _show(known, _compared(known, ends, apis), form, table=not ends)


def show_computed(old: str, new: str, apis: tuple[str, ...], form: str) -> bool:
    """Tell how two releases differ of which the contracts are here; whether they do. UserError where one is not here."""
    known = _editions(None)
    for each in (known.named(old), known.named(new)):
        if each.release is None:
            message = (
                f"the contracts of {each.name} are not here: oit sdk add imports its official SDK; oit releases tells "
            )
            raise UserError(message + "what was published of it")
    found = _compared(known, (old, new), apis)
    _show(known, found, form, table=False)
    return any(row.grade is not row.grade.NONE for _, _, rows in found for row in rows)


def _editions(point: str | None) -> Editions:
    """The releases of a reference point, the default one's where none is named. UserError where none is spoken there."""
    from emulator.standard.comparing.editions import editions
    from emulator.standard.points import point_of
    from emulator.standard.release import load_release

    usual = load_release()
    known = editions(usual.specs, point or point_of(usual))
    if not known.found:
        raise UserError(f"--reference-point {point}: no release is spoken there")
    return known


def _compared(known: Editions, ends: tuple[str, str] | None, apis: tuple[str, ...]) -> Compared:
    """The functions of one pair, or of those of the table. UserError for a name that nobody knows."""
    from emulator.standard.comparing.functions import compare_releases

    chosen = [(known.named(ends[0]), known.named(ends[1]))] if ends else list(_columns(known))
    wanted = _wanted(apis, known, chosen)
    return [
        (one, other, [row for row in compare_releases(known, one, other) if not wanted or row.api in wanted])
        for one, other in chosen
    ]


def _show(known: Editions, found: Compared, form: str, *, table: bool) -> None:
    titles = titles_of(known, found)
    if form == "json":
        import json

        click.echo(json.dumps(_as_json(known, found, titles), indent=2, ensure_ascii=False))
        return
    for line in _table(found, titles) if table else told(found[0][2], titles):
        click.echo(line)


def _ends(pair: tuple[str, ...], old: str | None, new: str | None) -> tuple[str, str] | None:
    """The two names that are given, either way; None where none is. UserError for one, or too many."""
    match (*pair, *(each for each in (old, new) if each)):
        case ():
            return None
        case (one, other) if bool(old) == bool(new):
            return one, other
    raise UserError("two releases are compared: oit releases OLD NEW, or --from OLD --to NEW")


def _columns(known: Editions) -> Iterator[tuple[Edition, Edition]]:
    """Neighbours in the order in which they came; then those of the releases that are here which are no neighbours."""
    line = list(pairwise(known.line))
    yield from line
    yield from (each for each in pairwise(one for one in known.line if one.release) if each not in line)


def _wanted(apis: Sequence[str], known: Editions, chosen: Sequence[tuple[Edition, Edition]]) -> set[str]:
    """The functions that are named, by any spelling. UserError."""
    from emulator.standard.release import load_release

    there = {api for ends in (*chosen, known.found) for each in ends for api in each.apis}
    spelt = {name: api for each in known.found if each.release for name, (api, _) in each.release.spellings.items()}
    spelt |= {name: api for name, (api, _) in load_release().spellings.items()} | {api: api for api in there}
    for name in apis:
        if name not in spelt:
            raise UserError(f"--api {name}: no release here has such an API; {hint(name, spelt)}")
    return {spelt[name] for name in apis}


Compared = list[tuple["Edition", "Edition", list["FunctionChange"]]]


def titles_of(known: Editions, found: Compared) -> Mapping[str, str]:
    """What each function is called."""
    from emulator.standard.release import load_release

    told: dict[str, str] = {}
    ends = [each for old, new, _ in found for each in (new, old)]
    for each in (*ends, *known.found):
        for api, title in (each.release.titles if each.release else {}).items():
            told.setdefault(api, title)
    return {**told, **load_release().titles}


def _table(found: Compared, titles: Mapping[str, str]) -> Iterator[str]:
    """Functions by pairs; a pair of neighbours is named by the newer one."""
    apis = [api for api in titles if any(row.api == api for _, _, rows in found for row in rows)]
    apis += [row.api for _, _, rows in found for row in rows if row.api not in titles]
    columns = [(f"{old.name} → {new.name}", {row.api: row for row in rows}) for old, new, rows in found]
    width = max(len(titles.get(api, api)) for api in apis)
    for start in range(0, len(columns), 4):
        part = columns[start : start + 4]
        sizes = [max(len(head), 10) for head, _ in part]
        heads = (head.ljust(size) for (head, _), size in zip(part, sizes, strict=True))
        yield "  ".join(["".ljust(width), *heads]).rstrip()
        for api in dict.fromkeys(apis):
            cells = (_cell(rows.get(api)).ljust(size) for (_, rows), size in zip(part, sizes, strict=True))
            yield "  ".join([titles.get(api, api).ljust(width), *cells]).rstrip()
        yield ""
    yield from _LEGEND
    yield "every change of a pair, in words: oit releases OLD NEW"


def _cell(row: FunctionChange | None) -> str:
    from emulator.standard.comparing.functions import Basis

    if row is None:
        return "-"
    marks = {Basis.COMPUTED: " c", Basis.PUBLISHED: " p", Basis.COMPOSED: " m"}
    alone = " b" if row.grade is not row.structure else ""
    return row.grade.value + marks.get(row.basis, alone)


def told(rows: Sequence[FunctionChange], titles: Mapping[str, str]) -> Iterator[str]:
    """Each function of a pair of releases in words, its changes beneath, first those that break somebody."""
    for row in rows:
        yield f"{titles.get(row.api, row.api)} ({row.api}): {_summary(row)}"
        for change in sorted(row.changes, key=lambda each: not each.breaks):
            yield f"  {change.contract}: {change.words}"
            for party, why in change.breaks:
                yield f"    breaks a {party.value.capitalize()} that stays with {row.old}: {why}"
            if change.where:
                yield f"    at {change.where}"
        for kind, fact in (row.facts or {}).items():
            counts = [fact.schemas.told("schemas"), fact.operations.told("operations")]
            behind = f" ({'; '.join(filter(None, counts))})" if any(counts) else ""
            yield f"  {kind}: {fact.structure}{': ' if fact.because else ''}{fact.because}{behind}"
        for step in row.steps:
            yield f"  {step.old} → {step.new}: {_summary(step)}"


def _summary(row: FunctionChange) -> str:
    """How much a function changes, and what that rests on."""
    from emulator.standard.comparing.alterations import Grade
    from emulator.standard.comparing.functions import Basis

    if row.grade in (Grade.NEW, Grade.GONE):
        return f"{row.grade.value} in {row.new}"
    structure = f"{'at most ' if row.at_most else ''}{row.structure.value}"
    if all(each.structural for each in row.changes):
        grade = structure
    elif row.structure is row.grade and not row.at_most:
        grade = f"{row.grade.value}, a new base path included"
    else:
        grade = f"{row.grade.value} for its new base path, {structure} in structure"
    broken = sum(bool(each.breaks) for each in row.changes)
    basis = {
        Basis.COMPUTED: f"computed; changes: {len(row.changes)}, break somebody: {broken}"
        if row.changes
        else "computed",
        Basis.PUBLISHED: "by published differences",
        Basis.COMPOSED: "composed of the steps between"
        + (", one may take back another's changes" if row.at_most else ""),
        Basis.UNKNOWN: "nobody has told: a contract is not here, and nothing was published of a step between",
    }[row.basis]
    return f"{grade} ({basis})"


# -- JSON ------------------------------------------------------------------------------------------


def _as_json(known: Editions, found: Compared, titles: Mapping[str, str]) -> dict[str, Any]:
    return {
        "reference_point": known.point,
        "releases": [
            {"name": each.name, "release": each.word, "here": each.release is not None} for each in known.found
        ],
        "rows": [row_json(row, titles) for _, _, rows in found for row in rows],
    }


def row_json(row: FunctionChange, titles: Mapping[str, str]) -> dict[str, Any]:
    """A function from one release to another."""
    from dataclasses import asdict

    return {
        "api": row.api,
        "title": titles.get(row.api, row.api),
        "from": row.old,
        "to": row.new,
        "grade": row.grade.value,
        "structure": row.structure.value,
        "basis": row.basis.value,
        "at_most": row.at_most,
        "changes": [_change_json(each) for each in row.changes],
        "published": {kind: asdict(fact) for kind, fact in (row.facts or {}).items()},
        "steps": [row_json(each, titles) for each in row.steps],
    }


def _change_json(change: ContractChange) -> dict[str, Any]:
    return {
        "contract": change.contract,
        "change": change.what.value,
        "at": change.where,
        "old": change.old,
        "new": change.new,
        "sent_by": sorted(party.value for party in change.sent),
        "breaks": [{"stays": party.value, "because": why} for party, why in change.breaks],
        "message": change.words,
    }
