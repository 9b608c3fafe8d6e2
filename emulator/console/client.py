"""The console's HTTP interface from a program: what `oit control` speaks."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qs, urlsplit, urlunsplit

import requests

from emulator.errors import UserError

_TIMEOUT: Final = 60.0


class Remote:
    """A console that listens elsewhere. The token may stand in its URL, as the console prints it."""

    def __init__(self, url: str, token: str | None = None) -> None:
        """UserError where the URL is none."""
        try:
            parts = urlsplit(url if "://" in url else f"http://{url}")
            is_one = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:  # a port, or brackets, that are none
            is_one = False
        if not is_one:
            message = f"--console {url}: write the URL that the console printed, such as http://127.0.0.1:8081"
            raise UserError(message)
        self._root = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))
        given = token or next(iter(parse_qs(parts.query).get("token", ())), None)
        self._headers = {"X-OIT": "1", **({"Authorization": f"Bearer {given}"} if given else {})}

    def do(self, action: str, asked: dict[str, Any]) -> requests.Response:
        """Have an action done. UserError says why it was not, in the console's words."""
        url = f"{self._root}/api/control/{action}"
        try:
            answer = requests.post(url, json=asked, headers=self._headers, timeout=_TIMEOUT, allow_redirects=False)
        except requests.RequestException as error:
            message = f"no console answers at {self._root}: {type(error).__name__}"
            raise UserError(message) from error
        if not answer.ok:
            raise UserError(_reason(answer))
        return answer


def _reason(answer: requests.Response) -> str:
    try:
        said = answer.json()
        return str(said["error"])
    except (ValueError, KeyError, TypeError):
        return f"{answer.url} answered {answer.status_code}: is it a console?"
