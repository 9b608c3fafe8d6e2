"""What a user's words mean, wherever they are given: who is tested, and which inputs have which values."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from emulator.conduct.partner import check_url
from emulator.errors import UserError
from emulator.plain_yaml import load_located
from emulator.record.payload import escape
from emulator.scenario.duration import seconds
from emulator.scenario.given import Given


def seller_url(sut: str | None) -> str | None:
    """The URL of `seller=URL`; None where the seller is ours. UserError says how it is written."""
    if sut in (None, "buyer"):
        return None
    party, equals, url = sut.partition("=")
    if party == "buyer":
        message = f"--sut {sut!r}: a buyer is tested by what it sends: write --sut buyer, and give it our seller's URL"
        raise UserError(message)
    if party != "seller" or not equals:
        message = (
            f"--sut {sut!r}: write --sut seller=URL, for example --sut seller=http://127.0.0.1:8080, or --sut buyer"
        )
        raise UserError(message)
    return check_url(url)


def inputs(variables: Iterable[str], file: Path | None) -> dict[str, Given]:
    """The inputs of a YAML mapping and of `name=value` texts, which win. UserError where one is neither.

    Of which kind each is, is known once the scenarios are.
    """
    found: dict[str, Given] = {}
    if file is not None:
        located = load_located(file)
        if not isinstance(located.value, dict):
            raise UserError(f"{file}: a mapping of input names to values is needed")
        for name in located.value:
            pointer = f"/{escape(str(name))}"
            found[str(name)] = Given(located.where(pointer), located, pointer)
    for variable in variables:
        name, equals, text = variable.partition("=")
        if not equals or not name:
            raise UserError(f"--var {variable!r}: write --var name=value")
        found[name] = Given(f"--var {name}", text)
    return found


def duration(option: str, text: str | None) -> float | None:
    """A duration in seconds, None where none is given. UserError where it is not one, or allows nothing."""
    if text is None:
        return None
    try:
        found = seconds(text)
    except ValueError as error:
        message = f"{option}: {error}"
        raise UserError(message) from error
    if not found:
        message = f"{option} {text}: nothing can be done in no time"
        raise UserError(message)
    return found
