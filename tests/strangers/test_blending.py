"""Blended documents before tools of others: generators of clients, which then buy from our seller, a parser, and a mock."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from emulator.plain_yaml import load_yaml
from emulator.standard.release import load_release
from tests.cli.processes import QUICK, oit
from tests.cli.processes import seller as serving_seller
from tests.strangers.servers import free_port, missing, running, tool

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent / "blended"
ROOT = Path(__file__).resolve().parents[2]
RELEASE = load_release()
AEL = "urn:mef:lso:spec:sonata:access-eline-ovc:v5.0.0:all"
UNI = "urn:mef:lso:spec:sonata:carrier-ethernet-operator-uni:v5.0.0:all"
IA = "urn:mef:lso:spec:cantata-sonata:basic-internet-access:v1.0.0:all"
APIS = ("poq", "quote", "order")
GENERATORS = os.environ.get("OIT_OPENAPI_GENERATOR")
"""A virtual environment with openapi-generator-cli, and what a client that it makes needs."""
NODE = os.environ.get("OIT_OPENAPI_NODE")
"""The folder whose `node_modules` has @stoplight/prism-cli, @apidevtools/swagger-parser and typescript."""


def generators() -> Path:
    if GENERATORS is None or not (Path(GENERATORS) / "bin/openapi-generator-cli").exists():
        missing("openapi-generator-cli is not installed; OIT_OPENAPI_GENERATOR names a virtual environment with it")
    tool("java")
    assert GENERATORS is not None
    return Path(GENERATORS)


def node(program: str) -> Path:
    tool("node")
    if NODE is None or not (Path(NODE) / "node_modules" / program).exists():
        missing(f"{program} is not installed; OIT_OPENAPI_NODE names a folder whose node_modules has it")
    assert NODE is not None
    return Path(NODE) / "node_modules" / program


def done(*command: object, cwd: Path, stdin: str | None = None) -> str:
    """What a program says; it must end well."""
    ran = subprocess.run([str(each) for each in command], input=stdin, capture_output=True, text=True, cwd=cwd,
                         timeout=300, check=False)  # fmt: skip
    assert ran.returncode == 0, f"{ran.stdout[-3000:]}\n{ran.stderr[-3000:]}"
    return ran.stdout


def blended(folder: Path, api: str, *more: str, products: tuple[str, ...] = (AEL, UNI)) -> Path:
    file = folder / f"{api}{''.join(more)}.yaml"
    named = [word for product in products for word in ("--product", product)]
    ran = oit("blend", "--api", api, *named, *more, "-o", str(file))
    assert ran.code == 0, ran.err
    return file


def generate(document: Path, language: str, into: Path, *options: str) -> None:
    command = ("generate", "-i", document, "-g", language, "-o", into, *options)
    done(generators() / "bin/openapi-generator-cli", *command, cwd=into.parent)


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("documents")
    return {api: blended(folder, api) for api in APIS}


@pytest.fixture
def seller(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "quick.yaml").write_text(QUICK)
    with serving_seller("--database", "memory", "--profile", str(tmp_path / "quick.yaml")) as url:
        yield url


def told() -> str:
    """Base paths, and what the buyer says, without the ids that it learns on the way."""
    inputs: dict[str, Any] = {}
    for name in ("buyer", "access-eline-two-classes"):
        inputs |= load_yaml(ROOT / "scenarios/fragments" / f"{name}.yaml")
    later = (datetime.now(UTC) + timedelta(days=60)).strftime("%Y-%m-%dT%H:%M:%SZ")
    product = {
        "productOffering": {"id": inputs["offeringId"]},
        "productConfiguration": inputs["ovcConfiguration"],
        "productRelationship": [
            {"relationshipType": "CONNECTS_TO_ENNI", "id": inputs["enniProductId"]},
            {"relationshipType": "CONNECTS_TO_UNI", "id": inputs["uniProductId"]},
        ],
    }
    item = {"id": "ovc", "action": "add", "product": product}
    qualified = {"productOfferingQualificationItem": {"productOfferingQualificationId": "", "id": "ovc"}}
    bodies = {
        "poq": {
            "instantSyncQualification": True,
            "provideAlternative": False,
            "relatedContactInformation": [inputs["buyerContact"]],
            "productOfferingQualificationItem": [item],
        },
        "quote": {
            "buyerRequestedQuoteLevel": "firm",
            "instantSyncQuote": True,
            "relatedContactInformation": [inputs["buyerContact"]],
            "quoteItem": [
                {
                    **item,
                    **qualified,
                    "agreementName": inputs["agreementName"],
                    "requestedQuoteItemTerm": inputs["term"],
                    "relatedContactInformation": [inputs["technicalContact"]],
                }
            ],
        },
        "order": {
            "externalId": "blended",
            "relatedContactInformation": [inputs["orderContact"]],
            "productOrderItem": [
                {
                    **item,
                    **qualified,
                    "quoteItem": {"quoteId": "", "id": "ovc"},
                    "agreementName": inputs["agreementName"],
                    "requestedCompletionDate": later,
                    "expediteIndicator": False,
                    "billingAccount": {"id": inputs["billingAccountId"]},
                    "requestedItemTerm": inputs["term"],
                    "relatedContactInformation": inputs["orderItemContacts"],
                }
            ],
        },
    }
    return json.dumps({"paths": {api: RELEASE.entry(api).base_path for api in APIS}, "bodies": bodies})


def plain(value: Any) -> Any:
    """A value with every moment in one spelling: clients write the same one differently."""
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(member) for member in value]
    return re.sub(r"(T\d\d:\d\d:\d\d)(?:\.0+)?(?:Z|\+00:00)\Z", r"\1Z", value) if isinstance(value, str) else value


def check_bought(url: str, said: str) -> None:
    """The client understood what it was told; the seller knows the order, and has nothing against the buyer."""
    bought = json.loads(said)
    assert (bought["poq"], bought["quote"], bought["class"]) == ("done.ready", "approved.orderable", "AccessElineOvc")
    sent = json.loads(told())["bodies"]["poq"]["productOfferingQualificationItem"][0]["product"]["productConfiguration"]
    assert plain(bought["configuration"]) == plain(sent)
    base = RELEASE.entry("order").base_path
    with urllib.request.urlopen(f"{url}{base}/productOrder/{bought['order']}", timeout=30) as answer:
        assert json.load(answer)["externalId"] == "blended"
    with urllib.request.urlopen(f"{url}/oit/judgement", timeout=30) as answer:
        report = json.load(answer)
    assert [row for row in report["findings"] if row["verdict"] == "fail"] == []
    assert report["verdict"] == "pass"


def test_a_python_client_buys_from_our_seller(documents: dict[str, Path], tmp_path: Path, seller: str) -> None:
    for api, name in zip(APIS, ("poq_client", "quote_client", "productorder_client"), strict=True):
        generate(documents[api], "python", tmp_path / api, f"--additional-properties=packageName={name}")
        (tmp_path / name).symlink_to(tmp_path / api / name)
    shutil.copy(HERE / "buyer.py", tmp_path)
    check_bought(seller, done(generators() / "bin/python", "buyer.py", seller, cwd=tmp_path, stdin=told()))


def test_a_typescript_client_buys_from_our_seller(documents: dict[str, Path], tmp_path: Path, seller: str) -> None:
    compiler = node("typescript") / "bin/tsc"
    for api, name in zip(APIS, ("poq", "quote", "productorder"), strict=True):
        generate(documents[api], "typescript-fetch", tmp_path / name, "--additional-properties=importFileExtension=.js")
    shutil.copy(HERE / "buyer.ts", tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "node.d.ts").write_text(
        'declare module "node:fs" { export function readFileSync(file: number, as: string): string }\n'
        "declare const process: { argv: string[] };\n"
    )
    options = [
        "--target",
        "es2022",
        "--module",
        "nodenext",
        "--moduleResolution",
        "nodenext",
        "--lib",
        "es2022,dom",
        "--strict",
    ]
    done("node", compiler, *options, "--outDir", "js", "buyer.ts", "node.d.ts", cwd=tmp_path)
    check_bought(seller, done("node", "js/buyer.js", seller, cwd=tmp_path, stdin=told()))


@pytest.mark.parametrize("api", [*APIS, "inventory"])
@pytest.mark.parametrize("strict", [(), ("--strict",)], ids=["open", "strict"])
def test_java_is_generated(api: str, strict: tuple[str, ...], tmp_path: Path) -> None:
    document = blended(tmp_path, api, *strict, products=(AEL, UNI, IA))
    generate(document, "java", tmp_path / "java")
    made = {path.stem for path in (tmp_path / "java/src/main/java").rglob("*.java")}
    assert {"AccessElineOvc", "CarrierEthernetOperatorUni", "BasicInternetAccess", "MEFProductConfiguration"} <= made


def test_every_product_of_the_release_in_one_document(tmp_path: Path) -> None:
    """All that there are, at once: names stay apart, and each generator makes a client of it."""
    document = blended(tmp_path, "quote", products=tuple(RELEASE.product_files))
    for language in ("python", "typescript-fetch", "java"):
        generate(document, language, tmp_path / language)


def test_swaggers_parser_takes_it(documents: dict[str, Path], tmp_path: Path) -> None:
    parser = node("@apidevtools/swagger-parser")
    files = [*documents.values(), blended(tmp_path, "quote", "--strict"), blended(tmp_path, "inventory")]
    (tmp_path / "node_modules").symlink_to(parser.parents[1])
    (tmp_path / "parse.mjs").write_text(
        'import SwaggerParser from "@apidevtools/swagger-parser";\n'
        "for (const file of process.argv.slice(2)) console.log((await SwaggerParser.validate(file)).info.title);\n"
    )
    said = done("node", "parse.mjs", *files, cwd=tmp_path).split("\n")
    assert [line for line in said if line] == [load_yaml(file)["info"]["title"] for file in files]


def test_prism_serves_it(documents: dict[str, Path], tmp_path: Path) -> None:
    prism = node("@stoplight/prism-cli") / "dist/index.js"
    port = free_port()
    command = ["node", str(prism), "mock", "-p", str(port), str(documents["quote"])]
    with (
        running(command, port, tmp_path),
        urllib.request.urlopen(f"http://127.0.0.1:{port}/quote/q1", timeout=30) as answer,
    ):
        assert answer.status == 200
        quote = json.load(answer)
    assert quote["quoteItem"][0]["product"]["productConfiguration"]["@type"] == AEL
