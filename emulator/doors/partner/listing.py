"""What a partner's file has us send, and to whom, told without resolving anything: for `oit run --plan`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from emulator.doors.failures import host_of
from emulator.doors.partner.file import PartnerFile, proxy_part
from emulator.doors.partner.hooks import deeds, host_in
from emulator.doors.partner.parts import CredentialsPart, Deed, HookCall, OAuthPart, ShownPart, TlsPart, Way
from emulator.doors.partner.references import is_reference
from emulator.record.payload import escape

_HERE: Final = "nobody: it proves who we are to"
_NOWHERE: Final = "nobody: no root is named"


@dataclass(frozen=True, slots=True)
class Listed:
    """A reference, the place where it is written, what it is for, and the hosts that what it leads to is sent to.

    `stays`: it is sent to nobody, and proves who we are to these hosts.
    """

    reference: str
    where: str
    use: str
    hosts: tuple[str, ...]
    stays: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "reference": self.reference,
            "where": self.where,
            "use": self.use,
            "hosts": list(self.hosts),
            "stays": self.stays,
        }

    @property
    def line(self) -> str:
        """The same for people."""
        hosts = ", ".join(self.hosts) or _NOWHERE
        return f"{self.reference} ({self.where}): {self.use}, to {f'{_HERE} ' if self.stays else ''}{hosts}"


def listed(file: PartnerFile) -> list[Listed]:
    """Each reference of a file, in its order, and where what it leads to goes."""
    found = list(_of_way(file, file.part, "/connection"))
    if file.part.notifications is not None:
        found += _of_way(file, file.part.notifications, "/connection/notifications")
    for place, call in _calls(file):
        found += _of_hook(file, call, place)
    return found


def _of_hook(file: PartnerFile, call: HookCall, place: str) -> Iterator[Listed]:
    hosts = (host_in(call.url),)
    for name, value in call.headers.items():
        if is_reference(value):
            yield Listed(value, file.located.where(f"{place}/headers/{escape(name)}"), f"hook, header {name}", hosts)
    for where, text in _texts(call.body):
        if is_reference(text):
            yield Listed(text, file.located.where(f"{place}/body{where}"), "hook, in its body", hosts)
    yield from _of_tls(file, call.tls, f"{place}/tls", hosts)


def hosts_told(line: str | None, file: PartnerFile | None) -> str | None:
    """A line that says to which hosts something is sent, with those that only a partner's file names."""
    if file is None or line is None:
        return line
    also = [host for host in _roots(file.part) if host != host_of(file.part.root or "")]
    more = [f"and to {', '.join(also)}"] if also else []
    hooks = dict.fromkeys(host_in(call.url) for _, call in _calls(file))
    more += [f"and to {', '.join(hooks)} for behaviour"] if hooks else []
    return "; ".join([line, *more, *(f"asks {host} for tokens" for host in token_hosts(file))])


def _calls(file: PartnerFile) -> Iterator[tuple[str, HookCall]]:
    """Each HTTP call of the hooks, with its place."""
    for place, part in deeds(file):
        call = part.call if isinstance(part, Deed) else part
        if call is not None:
            yield f"{place}/call", call


def token_hosts(file: PartnerFile) -> tuple[str, ...]:
    """The hosts that are asked for tokens, as far as the file names them."""
    ways = [file.part, *([file.part.notifications] if file.part.notifications else [])]
    parts = [
        way.credentials.oauth2 for way in ways if way.credentials is not None and way.credentials.oauth2 is not None
    ]
    return tuple(dict.fromkeys(_server(part) for part in parts))


def _roots(way: Way) -> tuple[str, ...]:
    roots = [way.root, *(api.root for api in way.apis.values())]
    return tuple(dict.fromkeys(host_of(root) for root in roots if root is not None))


def _server(part: OAuthPart) -> str:
    return host_of(part.token_url or part.issuer or "")


def _of_way(file: PartnerFile, way: Way, place: str) -> Iterator[Listed]:
    hosts = _roots(way)

    def one(
        text: str | None, where: str, use: str, to: tuple[str, ...] = hosts, *, stays: bool = False
    ) -> Iterator[Listed]:
        if text is not None and is_reference(text):
            yield Listed(text, file.located.where(f"{place}{where}"), use, to, stays)

    for name, value in way.headers.items():
        yield from one(value, f"/headers/{escape(name)}", f"header {name}")
    if way.credentials is not None:
        yield from _of_credentials(file, way.credentials, f"{place}/credentials", hosts)
    yield from _of_tls(file, way.tls, f"{place}/tls", hosts)
    if isinstance(way.proxy, dict):
        proxy = proxy_part(way.proxy)
        yield from one(proxy.password, "/proxy/password", "password of the proxy", (host_of(proxy.url),))


def _of_credentials(file: PartnerFile, part: CredentialsPart, place: str, hosts: tuple[str, ...]) -> Iterator[Listed]:
    if part.api_key is not None:
        name = f"header {part.api_key.header}" if part.api_key.header else f"parameter {part.api_key.query}"
        yield Listed(part.api_key.value, file.located.where(f"{place}/api_key/value"), f"API key, {name}", hosts)
    if part.basic is not None:
        use = f"password of {part.basic.username}"
        yield Listed(part.basic.password, file.located.where(f"{place}/basic/password"), use, hosts)
    if part.bearer is not None:
        yield Listed(part.bearer.token, file.located.where(f"{place}/bearer/token"), "bearer token", hosts)
    if part.oauth2 is not None:
        yield from _of_oauth(file, part.oauth2, f"{place}/oauth2")


def _of_oauth(file: PartnerFile, part: OAuthPart, place: str) -> Iterator[Listed]:
    hosts = (_server(part),)
    signs = part.method.endswith("_jwt")
    for name, use, stays in (
        ("secret", f"secret of client {part.client_id}", signs),
        ("key", f"key of client {part.client_id}", True),
        ("passphrase", "passphrase of that key", True),
    ):
        text = getattr(part, name)
        if text is not None:
            yield Listed(text, file.located.where(f"{place}/{name}"), use, hosts, stays)
    for name, value in part.parameters.items():
        if is_reference(value):
            where = file.located.where(f"{place}/parameters/{escape(name)}")
            yield Listed(value, where, f"parameter {name} of the token request", hosts)
    yield from _of_tls(file, part.tls, f"{place}/tls", hosts)


def _of_tls(file: PartnerFile, part: TlsPart | None, place: str, hosts: tuple[str, ...]) -> Iterator[Listed]:
    if part is None:
        return
    shown: dict[str, TlsPart | ShownPart] = {place: part}
    shown |= {f"{place}/wrong/{escape(name)}": each for name, each in part.wrong.items()}
    for where, each in shown.items():
        for name, text in (("key", each.key), ("passphrase", each.passphrase)):
            if text is not None:
                written = text if is_reference(text) else f"file:{text}"
                use = (
                    f"key of {'our' if each is part else 'a wrong'} certificate"
                    if name == "key"
                    else "passphrase of that key"
                )
                yield Listed(written, file.located.where(f"{where}/{name}"), use, hosts, stays=True)


def _texts(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Each text of a value, with its place in it."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _texts(each, f"{place}/{escape(str(name))}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _texts(each, f"{place}/{index}")
