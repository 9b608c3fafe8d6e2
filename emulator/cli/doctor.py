"""`oit doctor`: can we reach each other?"""

from __future__ import annotations

from pathlib import Path

import click

from emulator.cli.group import RELEASE, end, example, main
from emulator.cli.running import address
from emulator.errors import Exit


@main.command(epilog=example(
    "oit doctor",
    "oit doctor --sut seller=https://sonata.example.net",
    "oit doctor partner.yaml --sut seller=https://sonata.example.net --listen 0.0.0.0:8090 --callback https://us.example.net",
))  # fmt: skip
@click.argument("profile", required=False, type=click.Path(path_type=Path))
@click.option("--sut", help="The seller: seller=URL.")
@click.option("--listen", metavar="HOST:PORT", help="Where our buyer would hear notifications.")
@click.option("--callback", metavar="URL", help="The URL under which the seller would reach that.")
@RELEASE
@click.option("--timeout", type=click.FloatRange(0.1, 300), default=10.0, show_default=True, help="Seconds per try.")
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty", show_default=True)
def doctor(
    profile: Path | None,
    sut: str | None,
    listen: str | None,
    callback: str | None,
    release: str,
    timeout: float,
    form: str,
) -> None:
    """Look whether two parties can talk, before a run is spent on finding it out.

    Of a seller: its name (DNS), port (TCP), certificate (TLS), and whether the base path of each API answers in JSON; only
    GET is sent. Of our buyer: whether its port is free, and whether the callback makes sense from where the seller is.
    PROFILE is read as what the partner declares. The exit code is 0, or 3 where something is in the way.
    """
    from emulator import doctor as looking
    from emulator.arguments import seller_url
    from emulator.session import check_url, declared_in
    from emulator.standard.release import load_release
    from emulator.wire.reach import Check

    chosen, url = load_release(release), seller_url(sut)
    checks = list(looking.here(chosen))
    if profile:
        name, _ = declared_in(profile, chosen)
        checks.append(Check("profile", True, f"{profile}: {name}"))
    if url:
        checks += looking.seller(url, chosen, timeout)
    if listen or callback:
        checks += looking.callback(check_url(callback) if callback else None, address(listen), url)
    if form == "json":
        import json

        click.echo(json.dumps([check.as_json() for check in checks], indent=2, ensure_ascii=False))
    else:
        for check in checks:
            word = {True: "ok", None: "hm", False: "NO"}[check.ok]
            click.echo(f"{word}  {check.name:<30} {check.said}")
            if check.do:
                click.echo(f"    {'':<30} {check.do}")
    end(Exit.PASSED if all(check.ok is not False for check in checks) else Exit.INCONCLUSIVE)
