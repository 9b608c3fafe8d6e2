"""What an SDK and its APIs are called: reference point, release, API keys; from what files say, else from their names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from emulator.standard.release import load_release

POINTS: Final = ("sonata", "cantata", "interlude", "allegro", "legato")
"""The reference points whose APIs are shaped as ours."""
_ANY_POINT: Final = re.compile(rf"(?<![a-z])({'|'.join(POINTS)})(?![a-z])", re.IGNORECASE)
_SERVED: Final = re.compile(r"/mefApi/([A-Za-z]+)(?:/|\Z)", re.IGNORECASE)
_FUNCTION: Final = re.compile(r"/mefApi/[^/]+/([^/]+)", re.IGNORECASE)
_TITLE: Final = re.compile(r"(?:MEF|Mplify)[- ]LSO[- ]\w+[- ]SDK\b(?P<words>[^\n]{0,80}?)\bRelease\b", re.IGNORECASE)
_LINES: Final = 15
"""Lines of a README in which its title is."""
_VARIABLE: Final = re.compile(r"\{([^{}]*)\}")
_HOST: Final = re.compile(r"\A[A-Za-z][A-Za-z0-9+.-]*://[^/]*")
_ENDINGS: Final = (".yaml", ".yml", ".json", ".all-in-one", ".api", ".openapi", "-openapi", ".swagger", "-swagger")
_VERSION: Final = re.compile(r"[-_.]?v\d+([._]\d+)*\Z", re.IGNORECASE)
_BEFORE: Final = re.compile(rf"\A(?:mef|mplify)[-_]?lso[-_]?(?:{'|'.join(POINTS)})[-_]", re.IGNORECASE)
_NOT_A_RELEASE: Final = frozenset(
    {
        "mef",
        "mplify",
        "lso",
        "sdk",
        "git",
        "main",
        "master",
        "final",
        "release",
        "repo",
        "zip",
        "draft",
        "working",
        "api",
    }
    | {"apis", "v", "src", "official", "openapi", "docs", "the", *POINTS}
)
_GUIDE: Final = re.compile(r"part of (MEF|Mplify)\s+(W?\d+(?:\.\d+)*)", re.IGNORECASE)
_VAGUE: Final = frozenset({"", "api", "openapi", "swagger", "index", "spec", "document"})


def base_path(servers: object) -> str:
    """The path of the first server, without host and trailing slash; variables are their defaults. `""` where none is told."""
    if not isinstance(servers, list) or not servers or not isinstance(servers[0], dict):
        return ""
    url, variables = servers[0].get("url"), servers[0].get("variables")
    if not isinstance(url, str):
        return ""

    def default(found: re.Match[str]) -> str:
        told = variables.get(found[1]) if isinstance(variables, dict) else None
        value = told.get("default") if isinstance(told, dict) else None
        return str(value) if value is not None else "server"

    # The host may be a variable with a whole URL in it, so the host goes last.
    path = _HOST.sub("", _VARIABLE.sub(default, url.strip()), count=1)
    if not path.startswith("/"):
        path = "/" + path.partition("/")[2] if "/" in path else ""
    return re.sub("/+", "/", path.partition("?")[0].partition("#")[0]).rstrip("/")


def point_of(paths: Iterable[str], *told: str) -> str:
    """The reference point that most base paths name, else the first that a text names; `""` where none does."""
    votes = Counter(found[1].lower() for path in paths if (found := _SERVED.search(path)))
    known = [point for point, _ in votes.most_common() if point in POINTS]
    if known:
        return known[0]
    return next((found[1].lower() for text in told if (found := _ANY_POINT.search(text))), "")


def release_of(readme: str, *names: str) -> str:
    """The release that a README's title tells, else the first word of a name that can be one; `""` where there is none."""
    titles = (found["words"] for line in readme.splitlines()[:_LINES] if (found := _TITLE.search(line)))
    for name in (*titles, *names):
        for word in re.split(r"[^A-Za-z0-9]+", name.lower()):
            if re.fullmatch(r"[a-z]{3,20}", word) and word not in _NOT_A_RELEASE:
                return word
    return ""


def stem(file: str) -> str:
    """What a file is called, in lower camel, without endings, version and the SDK's own name."""
    name = file.rpartition("/")[2]
    while ending := next((each for each in _ENDINGS if name.lower().endswith(each)), ""):
        name = name[: -len(ending)]
    name = _VERSION.sub("", _BEFORE.sub("", name))
    words = [word for word in re.split(r"[^A-Za-z0-9]+", name) if word]
    joined = "".join(word[:1].upper() + word[1:] for word in words)
    joined = joined[:-3] if joined.endswith("Api") and len(joined) > len("Api") else joined
    return joined[:1].lower() + joined[1:]


def api_key(file: str, base: str, *, notification: bool) -> str:
    """The name of an API by its file, as our own releases call it; where the file has no name, by its base path."""
    ours = load_release()
    files = {name.lower(): api for name, (api, kind) in ours.spellings.items() if kind}
    for word in (stem(file), function_of(base)):
        if word.lower() in files:
            return files[word.lower()]
        key = re.sub(r"Notifications?\Z" if notification else r"Management\Z", "", word)
        key = re.sub(r"Management\Z", "", key) if notification else key
        if key.lower() not in _VAGUE:
            return next((name for name in ours.apis if name.lower() == key.lower()), key)
    return "api"


def function_of(base: str) -> str:
    """The segment of a base path that names the function; `""` where it is none of the standard's."""
    found = _FUNCTION.search(base)
    return found[1] if found else ""


def guide_of(info: Mapping[str, Any]) -> str:
    """The guide that a contract says it is part of, as `MEF123`, `W143` or `Mplify121.1`; `""` where it says nothing."""
    found = _GUIDE.search(str(info.get("description") or ""))
    if not found:
        return ""
    by = "Mplify" if found[1].lower() == "mplify" else "MEF"
    return found[2].upper() if found[2][:1].lower() == "w" else f"{by}{found[2]}"
