"""Changes to JSON as data: RFC 6902 patches and RFC 7396 overlays. Neither touches what it is given."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from emulator.record.payload import MISSING, at, unescape


class PatchError(ValueError):
    """An operation does not fit the document; `index` is its position in the patch."""

    def __init__(self, index: int, message: str) -> None:
        super().__init__(message)
        self.index = index


def merged(target: Any, overlay: Any) -> Any:
    """`target` with an RFC 7396 overlay laid over it: null takes a member away, lists are replaced."""
    if not isinstance(overlay, Mapping):
        return copy.deepcopy(overlay)
    found = dict(target) if isinstance(target, Mapping) else {}
    for name, value in overlay.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = merged(found.get(name), value)
    return found


def overlaid(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """One overlay that does what both do in turn: a null stays, to take its member away later."""
    found = dict(under)
    for name, value in over.items():
        below = found.get(name)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            found[name] = overlaid(below, value)
        else:
            found[name] = copy.deepcopy(value)
    return found


def patched(document: Any, operations: Sequence[Mapping[str, Any]]) -> Any:
    """`document` after an RFC 6902 patch. Raises PatchError where an operation does not fit."""
    root = copy.deepcopy(document)
    for index, operation in enumerate(operations):
        try:
            root = _apply(root, operation)
        except ValueError as error:
            raise PatchError(index, str(error)) from error
    return root


def _apply(root: Any, operation: Mapping[str, Any]) -> Any:
    kind, place = operation["op"], operation["path"]
    if kind == "add":
        return _add(root, place, copy.deepcopy(operation["value"]))
    if kind == "remove":
        return _remove(root, place)
    if kind == "replace":
        _there(root, place)
        return _add(_remove(root, place), place, copy.deepcopy(operation["value"]))
    if kind == "test":
        if _there(root, place) != operation["value"]:
            message = f"{place or 'the body'} is not what the test says"
            raise ValueError(message)
        return root
    value = copy.deepcopy(_there(root, operation["from"]))
    if kind == "move":
        root = _remove(root, operation["from"])
    return _add(root, place, value)


def _there(root: Any, place: str) -> Any:
    found = at(root, place)
    if found is MISSING:
        message = f"there is nothing at {place}"
        raise ValueError(message)
    return found


def _parent(root: Any, place: str) -> tuple[Any, str]:
    above, _, token = place.rpartition("/")
    return _there(root, above), unescape(token)


def _position(items: list[Any], token: str, last: int) -> int:
    if not token.isdecimal() or len(token) > len(str(last)) or int(token) > last:
        message = f"'{token}' is not a position in a list of {len(items)}"
        raise ValueError(message)
    return int(token)


def _add(root: Any, place: str, value: Any) -> Any:
    if not place:
        return value
    parent, token = _parent(root, place)
    if isinstance(parent, dict):
        parent[token] = value
    elif isinstance(parent, list):
        end = token == "-"  # noqa: S105 - a pointer token, not a secret
        parent.insert(len(parent) if end else _position(parent, token, len(parent)), value)
    else:
        message = f"nothing can be put at {place}: its parent is neither an object nor a list"
        raise ValueError(message)  # noqa: TRY004 - the patch is wrong, not the code
    return root


def _remove(root: Any, place: str) -> Any:
    _there(root, place)
    if not place:
        return None
    parent, token = _parent(root, place)
    if isinstance(parent, dict):
        del parent[token]
    else:
        del parent[_position(parent, token, len(parent) - 1)]
    return root
