"""Servers that others have made: nginx, tinyproxy, danted, openssl, npm's oidc-provider. Each on a free port, gone after it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

NEEDED = "OIT_NEED_STRANGERS"
"""Set, it makes a test fail whose server is not installed; else it is skipped."""
OIDC = os.environ.get("OIT_OIDC_PROVIDER")
"""The folder whose `node_modules` has oidc-provider."""


def tool(name: str) -> str:
    """The path of a program; skips or fails where there is none."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if found is None:
        missing(f"{name} is not installed")
    assert found is not None
    return found


def missing(reason: str) -> None:
    if os.environ.get(NEEDED):
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])


@contextlib.contextmanager
def running(command: Sequence[str], port: int, folder: Path) -> Iterator[Path]:
    """A server that listens on a port; gives the file with what it says."""
    said = folder / f"{Path(command[0]).name}-{port}.log"
    with said.open("wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=folder)
    try:
        deadline = time.monotonic() + 20
        while not _listens(port):
            assert process.poll() is None, said.read_text(errors="replace")
            assert time.monotonic() < deadline, said.read_text(errors="replace")
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
        yield said
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=10)


def _listens(port: int) -> bool:
    with socket.socket() as line:
        line.settimeout(1)
        return line.connect_ex(("127.0.0.1", port)) == 0


NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 64; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.key;
    ssl_client_certificate {folder}/clients.pem;
    {said}
    location / {{ proxy_pass {to}; proxy_set_header Host $http_host; }}
    location @plain {{ proxy_pass {to}; }}
  }}
}}
"""
MUTUAL = "ssl_protocols TLSv1.2 TLSv1.3; ssl_verify_client on;"


@contextlib.contextmanager
def nginx(folder: Path, to: str, said: str = MUTUAL) -> Iterator[str]:
    """Nginx in front of a server; `said` is what its configuration says of TLS. `server.pem`, `server.key` and `clients.pem`
    lie in the folder.
    """
    port = free_port()
    conf = folder / f"nginx-{port}.conf"
    conf.write_text(NGINX.format(folder=folder, port=port, to=to, said=said))
    with running([tool("nginx"), "-e", "stderr", "-p", str(folder), "-c", str(conf)], port, folder):
        yield f"https://127.0.0.1:{port}"


@contextlib.contextmanager
def tinyproxy(folder: Path, user: str, password: str) -> Iterator[tuple[str, Path]]:
    """An HTTP proxy, and its log."""
    port = free_port()
    conf, log = folder / "tinyproxy.conf", folder / "tinyproxy.log"
    conf.write_text(
        f"Port {port}\nListen 127.0.0.1\nTimeout 30\nMaxClients 20\nAllow 127.0.0.1\nBasicAuth {user} {password}\n"
        f'LogFile "{log}"\nLogLevel Connect\nDisableViaHeader Yes\n'
    )
    log.touch(mode=0o666)
    log.chmod(0o666)
    with running([tool("tinyproxy"), "-d", "-c", str(conf)], port, folder):
        yield f"http://127.0.0.1:{port}", log


@contextlib.contextmanager
def danted(folder: Path) -> Iterator[tuple[str, Path]]:
    """A SOCKS 5 proxy, and its log."""
    port = free_port()
    conf, log = folder / "danted.conf", folder / "danted.log"
    conf.write_text(
        f"logoutput: {log}\ninternal: 127.0.0.1 port = {port}\nexternal: lo\nclientmethod: none\nsocksmethod: none\n"
        "user.privileged: root\nuser.unprivileged: nobody\n"
        "client pass { from: 127.0.0.0/8 to: 0.0.0.0/0 log: connect error }\n"
        "socks pass { from: 127.0.0.0/8 to: 0.0.0.0/0 log: connect error }\n"
    )
    with running([tool("danted"), "-f", str(conf), "-p", str(folder / "danted.pid")], port, folder):
        yield f"socks5h://127.0.0.1:{port}", log


@contextlib.contextmanager
def old_tls(folder: Path) -> Iterator[tuple[str, Path]]:
    """Openssl's server, which speaks nothing newer than TLS 1.0; and what it says of connections."""
    port = free_port()
    command = [
        tool("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-cert", "server.pem", "-key", "server.key",
        "-www", "-tls1", "-cipher", "DEFAULT:@SECLEVEL=0",
    ]  # fmt: skip
    with running(command, port, folder) as said:
        yield f"https://127.0.0.1:{port}", said


ISSUER = """
import Provider from 'file://{where}/node_modules/oidc-provider/lib/index.js';
const provider = new Provider('http://127.0.0.1:{port}', {{
  clients: {clients},
  jwks: {jwks},
  scopes: ['default'],
  clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt'],
  features: {{
    devInteractions: {{ enabled: false }},
    clientCredentials: {{ enabled: true }},
    introspection: {{ enabled: true }},
    resourceIndicators: {{
      enabled: true,
      defaultResource: () => 'urn:sonata',
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({{ scope: 'default', audience: 'urn:sonata', accessTokenFormat: 'jwt', accessTokenTTL: 120, jwt: {{ sign: {{ alg: 'ES256' }} }} }}),
    }},
  }},
}});
provider.listen({port}, '127.0.0.1');
"""


@contextlib.contextmanager
def oidc_provider(folder: Path, clients: str, jwks: str) -> Iterator[str]:
    """Npm's oidc-provider as an issuer of JWTs by client credentials."""
    node, port = tool("node"), free_port()
    if OIDC is None or not (Path(OIDC) / "node_modules/oidc-provider").is_dir():
        missing("oidc-provider is not installed (npm install oidc-provider; OIT_OIDC_PROVIDER names the folder)")
    script = folder / "issuer.mjs"
    script.write_text(ISSUER.format(port=port, clients=clients, jwks=jwks, where=Path(str(OIDC)).resolve()))
    with running([node, "--no-warnings", str(script)], port, folder):
        yield f"http://127.0.0.1:{port}"
