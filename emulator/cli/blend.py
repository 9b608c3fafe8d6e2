"""`oit blend`: a contract with the products that are sold by it, as one document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emulator.cli.group import RELEASE, ROOT, example, main
from emulator.errors import UserError

if TYPE_CHECKING:
    from emulator.blending.dialect import Untold


@main.command(
    epilog=example(
        "oit blend --api quote --product urn:mef:lso:spec:sonata:access-eline-ovc:v5.0.0:all -o quote.yaml",
        "oit blend --api order --product my-product.yaml --product MY_UNI=uni.json --strict -o order.yaml",
        "oit blend --api poq --reference-point cantata \\",
        "  --product urn:mef:lso:spec:cantata-sonata:basic-internet-access:v1.0.0:all -o poq.json",
    )
)
@click.option(
    "--api", required=True, help="The API whose contract it is: poq, quote, order, inventory, or another name of one."
)
@click.option(
    "--product",
    "products",
    multiple=True,
    required=True,
    metavar="URN|[TYPE=]FILE",
    help="A product of the "
    "release, or the file of a product schema of yours (YAML or JSON, draft-07 to 2020-12); TYPE is its @type in "
    "messages, where its $id does not say that. Repeatable.",
)
@click.option("--notification", is_flag=True, help="The notification contract instead of the management one.")
@click.option(
    "--at",
    metavar="SCHEMA",
    default="",
    help="The schema of the contract that products stand for, where there are several.",
)
@click.option(
    "--strict",
    is_flag=True,
    help="Accept these products only, and in them no members that they do not name; an "
    "object that is made of several parts stays open, and is listed.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to write; JSON for a name that ends so. Without it YAML goes to stdout.",
)
@ROOT
@RELEASE
def blend(
    api: str,
    products: tuple[str, ...],
    notification: bool,
    at: str,
    strict: bool,
    output: Path | None,
    root: Path | None,
    release: str,
) -> None:
    """Write a contract and the products that are sold by it as one OpenAPI 3.0 document, for generators of code and mocks.

    The contract says only that a product configuration has an @type; here its discriminator maps each @type to a schema.
    What JSON Schema says of a product and OpenAPI 3.0 cannot is left out: the document accepts at least what the schema
    accepts. It is told on stderr, and listed with its places in x-oit-left-out of the document.
    """
    from emulator.blending.blend import blend as blended
    from emulator.blending.blend import payload_of
    from emulator.standard.release import load_release

    chosen = load_release(release)
    payloads = [payload_of(each, chosen, root) for each in products]
    found = blended(chosen, api, payloads, kind="notification" if notification else None, strict=strict, at=at)
    text = _written(found.document, as_json=output is not None and output.suffix == ".json")
    if output is None:
        click.echo(text, nl=False)
    else:
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UserError(f"--output {output}: cannot be written: {error.strerror}") from error
        click.echo(str(output))
    for line in _told(found.untold):
        click.echo(line, err=True)


def _told(untold: Iterable[Untold]) -> list[str]:
    """One line for each thing that is left out or said otherwise, with how often and where first."""
    where: dict[tuple[str, str], str] = {}
    counted: Counter[tuple[str, str]] = Counter()
    for each in untold:
        key = (each.word, each.why)
        where.setdefault(key, each.spot)
        counted[key] += 1
    return [
        f"not as in the schema: {word}: {why} ({where[word, why]}{f', and {count - 1} more' if count > 1 else ''})"
        for (word, why), count in counted.items()
    ]


def _written(document: object, *, as_json: bool) -> str:
    import json

    import yaml

    if as_json:
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    dumper = type("Plain", (getattr(yaml, "CSafeDumper", yaml.SafeDumper),), {"ignore_aliases": lambda *_: True})
    return yaml.dump(document, Dumper=dumper, sort_keys=False, allow_unicode=True, width=110)
