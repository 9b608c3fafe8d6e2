"""The official sample messages, read from an SDK folder where there is one; no text of theirs is kept here."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

APIS = (
    "geographicAddress",
    "geographicSite",
    "productOfferingQualification",
    "quote",
    "productOrder",
    "productInventory",
)
"""The functions of the main job."""
VERDICTS = ("valid", "invalid", "valid-envelope")
"""The verdicts on what is a message, and JSON."""


def shared_folder() -> Path:
    """Where the official material is: `OIT_SHARED`, or `shared` beside the repository."""
    return Path(os.environ.get("OIT_SHARED") or Path(__file__).resolve().parents[3] / "shared")


def missing_material() -> str | None:
    """Why the official samples cannot be read, or None where they can."""
    for needed in ("standard/examples.json", "sdk/grace/documentation"):
        if not (shared_folder() / needed).exists():
            return f"{shared_folder() / needed} is not there: set OIT_SHARED to the folder with the official SDK"
    return None


@dataclass(frozen=True, slots=True)
class Problem:
    """What the record says is wrong with a sample; `place` is a JSON Pointer, "" for the whole body."""

    kind: str
    place: str
    message: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One official message and its recorded verdict. `id` names it in our table."""

    id: str
    api: str
    contract: str
    schema: str
    direction: str
    form: str
    verdict: str
    problems: tuple[Problem, ...]
    text: str


def samples() -> Iterator[Sample]:
    """Every recorded message of the six functions in release grace."""
    return (each for each in recorded("grace") if each.api in APIS)


def recorded(release: str) -> Iterator[Sample]:
    """Every recorded message of a release: those that can be read as JSON, of whatever function."""
    record = json.loads((shared_folder() / "standard/examples.json").read_text(encoding="utf-8"))
    for entry in record:
        file = re.fullmatch(r"(\w+?)(Management|Notification)?", entry.get("api") or "")
        if entry["release"] != release or file is None or entry["status"] not in VERDICTS:
            continue
        form = entry.get("form") or "complete"
        text = _text(entry)
        yield Sample(
            id=_id(entry),
            api=file[1],
            contract=(file[2] or "Management").lower(),
            schema=entry["schema"],
            direction=_direction(entry["operation"], entry["schema"]),
            form=form,
            verdict=entry["status"],
            problems=tuple(
                Problem(one["kind"], "" if one["path"] == "/" else one["path"], one["message"])
                for one in entry["problems"]
            ),
            text=without_annotations(text) if form.startswith("annotated") else text,
        )


def _id(entry: dict[str, Any]) -> str:
    if entry["source"] == "guide":
        return f"{entry['guide'].replace(' ', '')}:{entry['line']}"
    name = Path(entry["file"]).name
    if entry["source"] == "file":
        return name
    use_case = re.match(r"/(UC\d+)", entry["item"])
    collection = "resources-postman" if " resources/" in entry["file"] else "postman"
    return f"{collection}:{use_case[1] if use_case else entry['item']}"


def _direction(operation: str, schema: str) -> str:
    requests = ("request", "fragment")
    if schema.endswith(("_Create", "_Update", "_Create]", "Input", "OperationData", "Event")):
        return "request"
    return "request" if operation.endswith(requests) else "response"


def _text(entry: dict[str, Any]) -> str:
    documentation = shared_folder() / "sdk" / entry["release"] / "documentation"
    if entry["source"] == "guide":
        return _fenced(_guide(documentation, entry["guide"]).read_text(encoding="utf-8"), entry["line"])
    path = documentation / entry["file"]
    if entry["source"] == "file":
        return path.read_text(encoding="utf-8")
    return _postman(json.loads(path.read_text(encoding="utf-8")), entry["item"])


@cache
def _guide(folder: Path, name: str) -> Path:
    return next(path for path in sorted(folder.rglob("*.md")) if path.name.startswith(f"{name} - "))


def _fenced(text: str, line: int) -> str:
    """The code block whose opening fence stands in that line."""
    lines = text.splitlines()
    body = []
    for one in lines[line:]:
        if one.strip().startswith("```"):
            return "\n".join(body)
        body.append(one)
    message = f"no code block opens in line {line}"
    raise ValueError(message)


def _postman(collection: dict[str, Any], path: str) -> str:
    def walk(items: list[dict[str, Any]], above: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for item in items:
            here = f"{above}/{item['name']}"
            if "item" in item:
                yield from walk(item["item"], here)
            else:
                yield here, item

    found = dict(walk(collection["item"], ""))
    return str(found[path]["request"]["body"]["raw"])


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|<<.*?>>|\.\.\.|[{}\[\],:]|[-+\w][-+.\w]*|.', re.DOTALL)


def without_annotations(text: str) -> str:
    """A guide's snippet as JSON: `<<remarks>>` and `...` taken out, commas put right."""
    kept: list[str] = []
    for token in _TOKEN.findall(text):
        if token.isspace() or token.startswith("<<") or token == "...":
            continue
        if kept and token in "}]" and kept[-1] == ",":
            kept.pop()
        opens = token[0] in '"{[' or token not in "}],:"
        if kept and opens and (kept[-1] in "}]" or kept[-1][0] == '"' or kept[-1] not in "{[,:}]"):
            kept.append(",")
        if token == "," and kept and kept[-1] in "{[,":
            continue
        kept.append(token)
    return "".join(kept)
