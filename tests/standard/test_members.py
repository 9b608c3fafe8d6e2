"""The walk that keeps its choices says what the plain one says, which makes every choice anew."""

from __future__ import annotations

import copy
import random
import threading
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from emulator.record.payload import MAX_DEPTH, MISSING, at, parse, pointer
from emulator.standard import bundle
from emulator.standard.breach import Breach, Check
from emulator.standard.contract import Contract
from emulator.standard.members import MemberWalk
from emulator.standard.release import load_release
from tests.purchase import purchase
from tests.samples.official import missing_material, samples
from tests.standard.messages import OVC, Maker, ovc, place, places_of, quote, roots, uni
from tests.standard.plain_walk import PlainWalk

RELEASE = load_release("grace")
QUOTE = RELEASE.contract("quote")
UNKNOWN_URN = "urn:mef:lso:spec:sonata:teleport:v1.0.0:all"
CORPUS_SEED = 11


def agreed(root: Any, definitions: Any, aliases: Any, message: Any, walk: MemberWalk) -> list[Breach]:
    """What both walks say of a message, as a request and with advice; in all other ways they agree too."""
    plain = PlainWalk(root, definitions, aliases)
    found = []
    for direction in ("response", "request"):
        found = plain.breaches(message, direction, advisory=True)
        assert walk.breaches(root, message, direction, advisory=True) == found
        grave = [breach for breach in found if not breach.advisory]
        assert walk.breaches(root, message, direction, advisory=False) == grave
    return found


def agreed_on(contract: Contract, root: str, message: Any) -> list[Breach]:
    """What both walks say of a message of a contract, as a request and with advice."""
    return agreed(contract._roots[root], contract._definitions, contract._products.aliases, message, contract._members)


# -- messages of the contracts -------------------------------------------------------------------------


Corpus = list[tuple[Contract, str, Any]]


@cache
def recorded() -> Corpus:
    """Every body of a purchase, with its contract and root."""
    found: Corpus = []
    for exchange in purchase():
        assert exchange.api
        assert exchange.operation
        contract = RELEASE.contract(exchange.api, exchange.kind)
        operation = contract.operation(exchange.operation)
        if operation.request:
            found.append((contract, operation.request.root, exchange.request.body))
        answer = operation.responses[exchange.response.status] if exchange.response else None
        if answer and exchange.response:
            found.append((contract, answer.root, exchange.response.body))
    return found


@cache
def official() -> Corpus:
    """The official sample messages, where they are at hand."""
    found: Corpus = []
    for sample in () if missing_material() else samples():
        contract = RELEASE.contract(sample.api, sample.contract)
        parsed = parse(sample.text.encode())
        contract.body_breaches(sample.schema, parsed, sample.direction)
        if parsed.value is not MISSING:
            found.append((contract, sample.schema, parsed.value))
    return found


@cache
def invented() -> Corpus:
    """A right message for every root of every contract, and a quote with two products."""
    found: Corpus = [(QUOTE, "createQuote request", quote())]
    for contract in RELEASE.contracts():
        maker = Maker(contract, CORPUS_SEED)
        found += [(contract, root, maker.make(contract._roots[root])) for root in roots(contract)]
    return found


WORDS: tuple[Any, ...] = (None, True, 0, 1, 7.5, "~", "", [], {}, [[]], [{}], ["ENDPOINT"], {"@type": []}, "x" * 3000)
KINDS = ("drop", "word", "member", "type", "type here", "tag", "nest", "graft", "twice")
TYPES: tuple[Any, ...] = (
    "Nonsense", UNKNOWN_URN, OVC, "FieldedAddress", "GeographicAddressRef", "quoteStateChangeEvent",
    *RELEASE.products.aliases, *RELEASE.products.urns, None, 5, True, [], ["FieldedAddress"], {}, {"const": 1},
)  # fmt: skip
TAGS: tuple[Any, ...] = ("ENDPOINT", "C_TAG_PCP", "S_TAG_PCP", "DSCP", "DEI", "C_TAG", 5, None, [], {"ENDPOINT": 1})
Edits = list[tuple[str, int, int]]
EDITS = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 2000), st.integers(0, 200)), max_size=6)


def edited(message: Any, edits: Edits) -> Any:
    """A message with some things changed: `edits` say what, where and with what."""
    message = copy.deepcopy(message)
    for kind, where, what in edits:
        spots = list(places_of(message))
        if not spots:
            return WORDS[what % len(WORDS)]
        path = spots[where % len(spots)]
        holder, key = at(message, pointer(path[:-1])), path[-1]
        old = holder[key]
        match kind:
            case "drop":
                del holder[key]
            case "word":
                holder[key] = copy.deepcopy(WORDS[what % len(WORDS)])
            case "member" if isinstance(holder, dict):
                name = ("notAMember", "@mine", str(key).swapcase(), f"{key}s", "a/b~c", "", "id", "place")[what % 8]
                holder[name] = copy.deepcopy(WORDS[what % len(WORDS)])
            case "type" | "type here":
                objects = [spot for spot in spots if kind == "type here" or spot[-1] == "@type"]
                spot = objects[where % len(objects)] if objects else path
                holder = at(message, pointer(spot[:-1]))
                if isinstance(holder, dict):
                    holder["@type"] = copy.deepcopy(TYPES[what % len(TYPES)])
                    if what % 3 == 0:
                        holder["@schemaLocation"] = copy.deepcopy(WORDS[what % len(WORDS)])
            case "tag":
                tags = [spot for spot in spots if str(spot[-1]).endswith("Type")]
                spot = tags[where % len(tags)] if tags else path
                at(message, pointer(spot[:-1]))[spot[-1]] = copy.deepcopy(TAGS[what % len(TAGS)])
            case "nest":
                holder[key] = [old, [old, {}]] if what % 2 else {str(key): old, "@type": old}
            case "graft":
                holder[key] = copy.deepcopy(at(message, pointer(spots[what % len(spots)])))
            case "twice" if isinstance(old, list):
                old.extend(copy.deepcopy(old))
    return message


@given(st.integers(0, 10_000), EDITS)
@settings(max_examples=200, deadline=None)
def test_both_walks_agree_on_messages_of_the_contracts(which: int, edits: Edits) -> None:
    """Recorded and invented messages, right ones and spoiled ones: the same breaches, in the same words and order."""
    corpus = recorded() + invented()
    contract, root, message = corpus[which % len(corpus)]
    agreed_on(contract, root, edited(message, edits))


@pytest.mark.skipif(missing_material() is not None, reason=missing_material() or "")
@given(st.integers(0, 10_000), EDITS)
@settings(max_examples=100, deadline=None)
def test_both_walks_agree_on_official_samples(which: int, edits: Edits) -> None:
    """So they do on the official samples, as they are and spoiled."""
    corpus = official()
    contract, root, message = corpus[which % len(corpus)]
    agreed_on(contract, root, edited(message, edits))


def test_both_walks_agree_on_every_message_as_it_is() -> None:
    """Every message of all corpora, and each with each kind of spoiling somewhere."""
    told = set()
    for number, (contract, root, message) in enumerate(recorded() + invented() + official()):
        agreed_on(contract, root, message)
        spoiled = edited(message, [(kind, 7 * number, number) for kind in KINDS[number % 2 :: 2]])
        told |= {breach.check for breach in agreed_on(contract, root, spoiled)}
    assert told == {Check.UNKNOWN_MEMBER, Check.READ_ONLY, Check.UNCHECKED, Check.URN_ALIAS}


@pytest.mark.parametrize("kind", TYPES, ids=str)
@pytest.mark.parametrize("located", [False, True])
def test_both_walks_agree_on_every_type(kind: Any, located: bool) -> None:
    """Products and places of any `@type`, with a schema of their own and without, after one another on one contract."""
    for payload in (ovc(), uni(), {"x": 1}):
        body = quote()
        body["quoteItem"][0]["product"]["place"].append({**place(), "@type": kind})
        body["quoteItem"][1]["product"]["productConfiguration"] = {**payload, "@type": kind}
        if located:
            body["quoteItem"][0]["product"]["place"][1]["@schemaLocation"] = "http://b.example/x"
            body["quoteItem"][1]["product"]["productConfiguration"]["@schemaLocation"] = None
        agreed_on(QUOTE, "createQuote request", body)


# -- messages of any schema ----------------------------------------------------------------------------

NAMES = ("a", "b", "kind", "@type", "@schemaLocation")
SCALARS: tuple[Any, ...] = ("x", "y", "T", "U", 0, 1, 1.0, True, False)
DEFINITIONS = ("D0", "D1", "D2")
DISPATCHERS = ("S", "MEFProductConfiguration")
ALIASES = {"Z": "T", "U": "T"}


class World:
    """Schemas and messages of few words, so that they often have to do with each other."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.definitions: dict[str, Any] = {
            name: self._schema(list(DEFINITIONS[number + 1 :]) + ["S"] * (number == 0), 2)
            for number, name in enumerate(DEFINITIONS)
        }
        for name in DISPATCHERS:
            targets = {"T": "Sub", "x": "Sub", "self": name} | ({"U": "Sub"} if self._maybe() else {})
            dispatch = bundle._dispatch(name + bundle.BASE, "@type", targets, closed=name == "S")
            self.definitions |= {name: dispatch, name + bundle.BASE: self._schema([], 1)}
        self.definitions["Sub"] = self._schema([], 2)
        self.root = self._schema([*DEFINITIONS, *DISPATCHERS], 3)

    def _maybe(self, chance: float = 0.4) -> bool:
        return self._random.random() < chance

    def _several(self, most: int) -> range:
        return range(self._random.randint(1, most))

    def _scalar(self) -> dict[str, Any]:
        choose = self._random
        options = ({"readOnly": True}, {"enum": choose.sample(SCALARS, 2)}, {"enum": []}, {"const": choose.choice(SCALARS)}, {})  # fmt: skip
        return dict(choose.choice(options))

    def _reference(self, names: list[str]) -> dict[str, Any]:
        found: dict[str, Any] = {"$ref": f"#/definitions/{self._random.choice(names)}"}
        return {**found, "readOnly": True} if self._maybe(0.2) else found

    def _child(self, depth: int) -> dict[str, Any]:
        if self._maybe():
            return self._reference([*DEFINITIONS, *DISPATCHERS])
        return self._schema([], depth - 1) if self._maybe(0.7) else self._scalar()

    def _schema(self, later: list[str], depth: int) -> dict[str, Any]:
        """A schema; what applies to the same value refers to `later` definitions, so that none calls itself."""
        if later and self._maybe():
            return self._reference(later)
        if depth <= 0:
            return self._scalar()
        choose = self._random
        schema: dict[str, Any] = {}
        if self._maybe(0.8):
            schema["properties"] = {choose.choice(NAMES): self._child(depth) for _ in self._several(3)}
        if self._maybe():
            schema["items"] = self._child(depth)
        for key in ("allOf", "oneOf", "anyOf"):
            if self._maybe(0.25):
                schema[key] = [self._schema(later, depth - 1) for _ in self._several(3)]
        if self._maybe(0.3):
            schema["if"] = {
                "required": choose.sample(NAMES, choose.randint(0, 1)),
                "properties": {choose.choice(NAMES): self._scalar() for _ in self._several(2)},
            }
            for key in ("then", "else"):
                if self._maybe(0.7):
                    schema[key] = self._schema(later, depth - 1)
        return schema

    def message(self, depth: int = 5) -> Any:
        """Any JSON of the same words."""
        if depth and self._maybe(0.7):
            names = self._random.sample([*NAMES, "other", "a/~b"], self._random.randint(0, 5))
            return {name: self.message(0 if name == "@type" and self._maybe(0.8) else depth - 1) for name in names}
        if depth and self._maybe():
            return [self.message(depth - 1) for _ in self._several(3)]
        return self._random.choice([*SCALARS, *ALIASES, "self", None, []])


@given(st.integers(0, 2**32))
@settings(max_examples=150, deadline=None, phases=[Phase.generate])  # a smaller seed is no simpler world
def test_both_walks_agree_on_any_schema(seed: int) -> None:
    """Whatever schemas there are, and whichever messages made the walk choose before."""
    world = World(seed)
    walk = MemberWalk(world.definitions, ALIASES)
    for _ in range(8):
        agreed(world.root, world.definitions, ALIASES, world.message(), walk)


# -- what is kept, and hostile messages ------------------------------------------------------------------


def kept(walk: MemberWalk) -> tuple[int, int]:
    """How many nodes and forms a walk keeps."""
    return len(walk._nodes), sum(len(node.forms) for node in walk._nodes.values())


def test_what_is_kept_is_bounded_by_the_schemas() -> None:
    """Strangers' types, tags and members leave nothing behind."""
    definitions, aliases = QUOTE._definitions, QUOTE._products.aliases
    root, walk = QUOTE._roots["createQuote request"], MemberWalk(definitions, aliases)

    def send(number: int) -> None:
        body = quote(**{f"member{number}": 1})
        body["quoteItem"][0]["product"]["place"] = [
            place(),
            {"@type": f"Type{number}", "@schemaLocation": f"http://b.example/{number}", f"m{number}": {}},
            {"@type": number, "a": [[number]]},
        ]
        body["quoteItem"][1]["product"]["productConfiguration"]["uniEp"]["ingressClassOfServiceMap"] = {
            "mapType": f"TAG{number}", f"map{number}": "low"
        }  # fmt: skip
        body["quoteItem"][0]["product"]["productConfiguration"] = {"@type": f"urn:x:{number}", "x": number}
        walk.breaches(root, body, "request", advisory=True)

    send(0)
    before = kept(walk)
    for number in range(1, 100):
        send(number)
    assert kept(walk) == before


def test_a_slip_is_explained_alike_each_time() -> None:
    """What was remembered of a name is no other name's; long names are no work and have no likeness."""
    long = "externalId" * 1_000
    body = quote(externalID=1, externalIdd=2, instantSyncQuotes=3, **{long: 4, "": 5})
    first = agreed_on(QUOTE, "createQuote request", body)
    assert [b.expected for b in first][:3] == ["externalId", "externalId", "instantSyncQuote"]
    assert agreed_on(QUOTE, "createQuote request", body) == first


@pytest.mark.parametrize("kind", [None, [], {}, [[]], {"a": {}}, 10**30, 1e300, True, "", "\x00", "x" * 100_000])
def test_what_decides_may_be_of_any_kind(kind: Any) -> None:
    """`@type`, `@schemaLocation` and the tags of maps may hold anything."""
    body = quote()
    product = body["quoteItem"][1]["product"]
    product["place"] = [{"@type": kind, "@schemaLocation": kind}, {"@schemaLocation": kind}]
    product["productConfiguration"]["uniEp"]["ingressClassOfServiceMap"] = {"mapType": kind, "map_M": kind}
    agreed_on(QUOTE, "createQuote request", body)
    product["productConfiguration"]["@type"] = kind
    agreed_on(QUOTE, "createQuote request", body)


def nested(inner: Any, levels: int) -> Iterator[Any]:
    """A value deep within lists, within objects of one member, and within both."""
    for wraps in ([lambda x: [x]], [lambda x: {"quoteItem": x}], [lambda x: [x], lambda x: {"quoteItem": x}]):
        value = inner
        for level in range(levels):
            value = wraps[level % len(wraps)](value)
        yield value


def test_deep_and_wide_messages() -> None:
    """As deep as a body is read at all, and twenty thousand items, where the contract wants something else."""
    for deep in nested({"@type": "x"}, MAX_DEPTH):
        for body in (deep, quote(quoteItem=deep), quote(externalId=deep)):
            agreed_on(QUOTE, "createQuote request", body)
    agreed_on(QUOTE, "createQuote request", quote(quoteItem=[[]] * 20_000, note=[{"@type": 1}] * 5_000))


def test_a_tree_that_holds_itself() -> None:
    """A schema that refers to itself costs as many nodes as it has parts, however deep the message is."""
    definitions = {
        "Tree": {"allOf": [{"$ref": "#/definitions/Node"}, {"properties": {"left": {"$ref": "#/definitions/Tree"}}}]},
        "Node": {"properties": {"left": {"$ref": "#/definitions/Tree"}, "right": {"$ref": "#/definitions/Tree"}}},
    }
    root, walk = {"$ref": "#/definitions/Tree"}, MemberWalk(definitions, {})
    message: dict[str, Any] = {"leaf": 1}
    for level in range(12):
        message = {"left" if level % 3 else "right": message}
    assert len(agreed(root, definitions, {}, message, walk)) == 1
    for _ in range(MAX_DEPTH - 20):
        message = {"left": message}
    assert len(walk.breaches(root, message, "request", advisory=True)) == 1
    assert kept(walk) == (1, 1)


def test_threads_share_a_walk() -> None:
    """Choosing on first use is safe when many ask at once."""
    body = quote(unknown=1)
    body["quoteItem"][0]["product"]["place"][0]["postCode"] = "1"
    schema = QUOTE._roots["createQuote request"]
    walk = MemberWalk(QUOTE._definitions, QUOTE._products.aliases)
    start, found = threading.Barrier(8), []

    def ask() -> None:
        start.wait()
        found.append(walk.breaches(schema, body, "request", advisory=True))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [agreed_on(QUOTE, "createQuote request", body)] * 8
