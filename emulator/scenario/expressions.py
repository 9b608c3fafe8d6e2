"""Values that a scenario leaves open: runtime expressions and generators, read and filled in.

A text that begins with `$` is one expression and keeps the type of what it finds; `{$...}` inside a
longer text puts what it finds into the text; `$$` stands for a plain `$`. `$merge` inside a mapping lays
another mapping under it. Nothing here runs code.

| expression | finds |
|---|---|
| `$inputs.name`, `$inputs.name.member`, `$inputs.name#/pointer` | an input |
| `$steps.id.outputs.name` | an output of an earlier step |
| `$response.body#/pointer`, `$response.status`, `$response.header.Name` | the answer of this step |
| `$request.body#/pointer`, `$request.query.name`, `$request.path.name`, `$request.header.Name` | what was sent |
| `$url` | the address that this step called |
| `$gen.uuid`, `$gen.now`, `$gen.now+60d`, `$gen.today-1d` | a made-up id, a date-time, a date |
| `$run.id` | the id of the run |
| `$buyer.callback` | where our buyer hears notifications, as a subscription's `callback` wants it |
| `$with.name` | a parameter of a fragment (filled in when the file is loaded) |
| `$resource.id` | in a lifecycle's `set`: the resource that changes |
| `$hook.name`, `$hook.seconds` | in a partner's hook: the behaviour; by how much its clock is to be moved |
"""

from __future__ import annotations

import copy
import json
import random
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from emulator.errors import suggestion
from emulator.parties.clock import Clock, rfc3339
from emulator.record.exchange import Exchange
from emulator.record.payload import MISSING, at, escape
from emulator.scenario.duration import seconds

ROOTS: Final = ("inputs", "steps", "response", "request", "url", "gen", "run", "buyer", "with", "resource", "hook")
GENERATORS: Final = ("uuid", "now", "today")
OUTPUT_LENGTH: Final = 3  # <step> . outputs . <name>

_SHAPE: Final = re.compile(r"\$([A-Za-z]+)((?:\.[A-Za-z0-9_@-]+)*)((?:#(?:/.*)?)?)", re.DOTALL)
_GENERATOR: Final = re.compile(r"\$gen\.([A-Za-z]+)(?:([+-])([A-Za-z0-9.]+))?")
_EMBEDDED: Final = re.compile(r"\{\$(\$?)([^{}]*)\}")


class ExpressionError(ValueError):
    """An expression cannot be read or filled in; `place` is its JSON Pointer within the value."""

    def __init__(self, message: str, place: str = "") -> None:
        super().__init__(message)
        self.place = place


def did_you_mean(word: str, known: Iterator[str] | list[str] | tuple[str, ...], prefix: str = "") -> str:
    """` Did you mean 'x'?`, or nothing where no known word is near."""
    near = suggestion(word, known)
    return f" Did you mean '{prefix}{near}'?" if near else ""


@dataclass(frozen=True, slots=True)
class Expression:
    """`$root.path#pointer`; `shift` moves a generated time, in seconds."""

    text: str
    root: str
    path: tuple[str, ...] = ()
    pointer: str = ""
    shift: float = 0.0


def parse(text: str) -> Expression:
    """Read one expression, `$` included. Raises ExpressionError."""
    if text.startswith("$gen."):
        return _parse_generator(text)
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        message = f"'{text}' is not an expression. A text that begins with '$' is written '${text}'."
        raise ExpressionError(message)
    root, path, pointer = shape[1], tuple(shape[2].split(".")[1:]), shape[3][1:]
    if root not in ROOTS:
        near = did_you_mean(root, ROOTS, "$") or f" A text that begins with '$' is written '${text}'."
        message = f"'{text}': there is no '${root}'.{near}"
        raise ExpressionError(message)
    _check_path(text, root, path)
    return Expression(text, root, path, pointer)


def _parse_generator(text: str) -> Expression:
    shape = _GENERATOR.fullmatch(text)
    if shape is None or shape[1] not in GENERATORS:
        name = shape[1] if shape else text.removeprefix("$gen.")
        near = did_you_mean(name, GENERATORS, "$gen.")
        message = f"'{text}' generates nothing: known are $gen.uuid, $gen.now, $gen.now+60d, $gen.today.{near}"
        raise ExpressionError(message)
    if not shape[2]:
        return Expression(text, "gen", (shape[1],))
    if shape[1] == "uuid":
        message = f"'{text}': only a time can be moved"
        raise ExpressionError(message)
    try:
        shift = seconds(shape[3])
    except ValueError as error:
        message = f"'{text}': {error}"
        raise ExpressionError(message) from error
    return Expression(text, "gen", (shape[1],), shift=-shift if shape[2] == "-" else shift)


def _check_path(text: str, root: str, path: tuple[str, ...]) -> None:
    right = {
        "inputs": len(path) >= 1,
        "with": len(path) >= 1,
        "steps": len(path) >= OUTPUT_LENGTH and path[1] == "outputs",
        "response": path in {("body",), ("status",)} or (len(path) == 2 and path[0] == "header"),  # noqa: PLR2004
        "request": path == ("body",) or (len(path) == 2 and path[0] in {"header", "query", "path"}),  # noqa: PLR2004
        "url": not path,
        "run": path == ("id",),
        "buyer": path == ("callback",),
        "resource": path == ("id",),
        "hook": path in {("name",), ("seconds",)},
    }
    shapes = {
        "inputs": "$inputs.<name>",
        "with": "$with.<name>",
        "steps": "$steps.<step>.outputs.<name>",
        "response": "$response.body#/pointer, $response.status or $response.header.<name>",
        "request": "$request.body#/pointer, $request.query.<name>, $request.path.<name> or $request.header.<name>",
        "url": "$url",
        "run": "$run.id",
        "buyer": "$buyer.callback",
        "resource": "$resource.id",
        "hook": "$hook.name or $hook.seconds",
    }
    if not right.get(root, False):
        message = f"'{text}' is not complete: write {shapes.get(root, '$gen.uuid, $gen.now or $gen.today')}"
        raise ExpressionError(message)


def expressions_in(text: str) -> list[Expression]:
    """Each expression of a text. Raises ExpressionError at the first that cannot be read."""
    if text.startswith("$$"):
        text = text[2:]
    elif text.startswith("$"):
        return [parse(text)]
    return [parse("$" + hit[2]) for hit in _EMBEDDED.finditer(text) if not hit[1]]


def texts(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Each (pointer, text) of a value, at any depth."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for name, member in value.items():
            yield from texts(member, f"{place}/{escape(str(name))}")
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from texts(member, f"{place}/{index}")


@dataclass(slots=True)
class Generator:
    """Made-up values: the same seed and clock give the same ones."""

    seed: str
    clock: Clock
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - repeatable on purpose, guards nothing

    def make(self, expression: Expression) -> str:
        """The value of a `$gen` expression. Raises ExpressionError where a date leaves the calendar."""
        if expression.path == ("uuid",):
            return str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        try:
            moment = self.clock.now() + timedelta(seconds=expression.shift)
        except OverflowError as error:
            message = f"'{expression.text}' is outside the calendar"
            raise ExpressionError(message) from error
        return rfc3339(moment) if expression.path == ("now",) else moment.date().isoformat()


class Room:
    """How much may be filled in, all in all: inputs that are made of inputs grow tenfold with each."""

    __slots__ = ("_left",)

    def __init__(self, most: int = 200_000) -> None:
        """`most` is a number of values; a hundred characters of text are one."""
        self._left = most

    def take(self, value: Any, expression: Expression) -> None:
        """Count what is filled in. Raises ExpressionError where it is too much."""
        waiting = [value]
        while waiting and self._left > 0:
            one = waiting.pop()
            self._left -= 1
            if isinstance(one, str):
                self._left -= len(one) // 100
            elif isinstance(one, Mapping):
                waiting += one.values()
            elif isinstance(one, list):
                waiting += one
        if self._left <= 0:
            message = f"'{expression.text}': too much is filled in, values upon values"
            raise ExpressionError(message)


@dataclass(slots=True)
class Scope:
    """What expressions can see: inputs, outputs so far and, within a step, its exchange.

    `without_outputs` says of steps that have none why that is. `callback` gives `$buyer.callback`: it begins to
    listen when it is first asked for; from then on `listening` has it.
    """

    inputs: dict[str, Any]
    generator: Generator
    run_id: str
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    without_outputs: dict[str, str] = field(default_factory=dict)
    exchange: Exchange | None = None
    callback: Callable[[], str] | None = None
    listening: str | None = None
    hook: Mapping[str, Any] | None = None
    room: Room = field(default_factory=Room)

    def lookup(self, expression: Expression) -> Any:
        """What an expression finds, as a copy. Raises ExpressionError where there is nothing."""
        if expression.root == "gen":
            return self.generator.make(expression)
        found = at(self._root(expression), expression.pointer)
        if found is MISSING:
            message = f"'{expression.text}' finds nothing"
            raise ExpressionError(message)
        self.room.take(found, expression)
        return copy.deepcopy(found)

    def _root(self, expression: Expression) -> Any:
        path = expression.path
        if expression.root == "inputs":
            return self._member(self.inputs, path, expression, "input")
        if expression.root == "steps":
            if path[0] not in self.outputs:
                why = self.without_outputs.get(path[0], f"the step '{path[0]}' has not run")
                message = f"'{expression.text}': {why}"
                raise ExpressionError(message)
            return self._member(self.outputs[path[0]], path[2:], expression, "output")
        if expression.root == "run":
            return self.run_id
        if expression.root == "buyer" and self.callback is not None:
            self.listening = self.callback()
            return self.listening
        if expression.root == "hook" and self.hook is not None:
            return self._member(self.hook, path, expression, "word of a hook")
        if self.exchange is None or expression.root in {"with", "resource", "buyer", "hook"}:
            message = f"'{expression.text}' cannot be used here"
            raise ExpressionError(message)
        return _of_exchange(self.exchange, expression)

    @staticmethod
    def _member(table: Mapping[str, Any], path: tuple[str, ...], expression: Expression, noun: str) -> Any:
        if path[0] not in table:
            message = f"'{expression.text}': there is no {noun} '{path[0]}'.{did_you_mean(path[0], list(table))}"
            raise ExpressionError(message)
        return at(table, "".join("/" + escape(name) for name in path))


def _of_exchange(exchange: Exchange, expression: Expression) -> Any:
    """A part of this step's exchange, or MISSING."""
    if expression.root == "url":
        return exchange.request.url
    message = exchange.request if expression.root == "request" else exchange.response
    if message is None:
        return MISSING
    part, name = expression.path[0], expression.path[-1]
    if part == "body":
        return message.body
    if part == "status":
        return exchange.response.status if exchange.response else MISSING
    if part == "query":
        return next((value for key, value in exchange.request.query if key == name), MISSING)
    if part == "path":
        return exchange.path_params.get(name, MISSING)
    return MISSING if (header := message.header(name)) is None else header


def fill(value: Any, lookup: Callable[[Expression], Any], place: str = "") -> Any:
    """`value` with its expressions filled in; without a `$` it comes back equal.

    Raises ExpressionError, with the place of the offending text.
    """
    if isinstance(value, str):
        try:
            return fill_text(value, lookup)
        except ExpressionError as error:
            raise ExpressionError(str(error), place + error.place) from error
    if isinstance(value, list):
        return [fill(member, lookup, f"{place}/{index}") for index, member in enumerate(value)]
    if not isinstance(value, Mapping):
        return value
    filled = {
        plain_key(name): fill(member, lookup, f"{place}/{escape(str(name))}")
        for name, member in value.items()
        if name != "$merge"
    }
    if "$merge" not in value:
        return filled
    under = fill(value["$merge"], lookup, f"{place}/$merge")
    if not isinstance(under, Mapping):
        message = "'$merge' needs a mapping"
        raise ExpressionError(message, f"{place}/$merge")
    return laid_over(under, filled)


def plain_key(name: Any) -> Any:
    """A key as it goes out: `$$name` stands for `$name`."""
    return name[1:] if isinstance(name, str) and name.startswith("$$") else name


def laid_over(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Both mappings in one, `over` winning, at every depth; lists are replaced as a whole."""
    found = dict(under)
    for name, value in over.items():
        below = found.get(name)
        found[name] = laid_over(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return found


def fill_text(text: str, lookup: Callable[[Expression], Any]) -> Any:
    """A text with its expressions filled in. Raises ExpressionError."""
    if text.startswith("$") and not text.startswith("$$"):
        return lookup(parse(text))

    def one(hit: re.Match[str]) -> str:
        if hit[1]:
            return "{$" + hit[2] + "}"
        return _as_text(lookup(parse("$" + hit[2])), hit[0])

    if text.startswith("$$"):
        return "$" + _EMBEDDED.sub(one, text[2:])
    return _EMBEDDED.sub(one, text)


def _as_text(value: Any, source: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        message = f"'{source}' is {'a mapping' if isinstance(value, dict) else 'a list'} and cannot stand inside a text"
        raise ExpressionError(message)
    return json.dumps(value)
