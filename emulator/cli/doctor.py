"""`oit doctor`: can we reach each other?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emulator.cli.group import ALLOW_COMMANDS, MAP, PARTNER, RELEASE, end, example, main
from emulator.cli.partnering import partner_file, reached, where_it_is
from emulator.cli.running import address
from emulator.errors import Exit, UserError

if TYPE_CHECKING:
    from emulator.doors.partner.making import Partner
    from emulator.doors.peer import Peer
    from emulator.doors.reach import Check
    from emulator.standard.release import Release


@main.command(epilog=example(
    "oit doctor",
    "oit doctor --sut seller=https://sonata.example.net",
    "oit doctor --sut seller=https://sonata.example.net --profile partner.yaml --listen 0.0.0.0:8090 "
    "--callback https://us.example.net",
    "oit doctor --sut buyer --port 8080",
    "oit doctor --partner acme.yaml",
))  # fmt: skip
@click.argument("declared", metavar="[PROFILE]", required=False, type=click.Path(path_type=Path))
@click.option("--sut", help="Who is to be tested, as oit run has it: seller=URL, or buyer.")
@click.option("--port", type=click.IntRange(0, 65535), help="With --sut buyer: where our seller would listen.")
@click.option("--host", help="With --sut buyer: address that it would listen on (127.0.0.1).")
@click.option("--listen", metavar="HOST:PORT", help="Where our buyer would hear notifications.")
@click.option("--callback", metavar="URL", help="The URL under which the seller would reach that.")
@RELEASE
@click.option("--profile", type=click.Path(path_type=Path), help="What the partner declares: a file, or a name of ours. What "
              "is unsupported there is not asked for.")  # fmt: skip
@PARTNER
@ALLOW_COMMANDS
@MAP
@click.option("--timeout", type=click.FloatRange(0.1, 300), default=10.0, show_default=True, help="Seconds per try.")
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty", show_default=True)
def doctor(
    declared: Path | None,
    sut: str | None,
    port: int | None,
    host: str | None,
    listen: str | None,
    callback: str | None,
    release: str,
    profile: Path | None,
    partner: Path | None,
    allow_commands: bool,
    maps: tuple[str, ...],
    timeout: float,
    form: str,
) -> None:
    """Look whether two parties can talk, before a run is spent on finding it out.

    Of a seller: its name (DNS), port (TCP), the proxy before it, certificate (TLS), token, and of each API whether it is
    there: whether its base path answers as the standard has it, refusals included; only GET is sent. Of our buyer: whether
    its port is free, whether the callback makes sense from where the seller is, and, where the partner's file says how
    (connection: {callback_check: {get: URL}}), whether it is reached from outside. The last line says what to do next.
    PROFILE is the same as --profile. The exit code is 0, or 3 where something is in the way, is not there, or wants
    credentials: nothing is judged here, so it is never 1.
    """
    from emulator import doctor as looking
    from emulator.arguments import seller_url
    from emulator.conduct.partner import check_url, declared_in
    from emulator.doctor_ways import called_back
    from emulator.doors.peer import Peer
    from emulator.doors.proxies import of_environment
    from emulator.doors.reach import Check
    from emulator.parties.profile import unsupported_operations
    from emulator.standard.release import load_release

    if declared and profile:
        raise UserError(f"PROFILE {declared} and --profile {profile}: one of them is enough")
    if sut != "buyer" and (port is not None or host is not None):
        raise UserError("--host and --port have no effect without --sut buyer; our buyer's are --listen")
    chosen, profile = load_release(release), declared or profile
    file = partner_file(partner, profile if sut else None)
    sut = where_it_is(sut, partner, file)
    url = seller_url(sut)
    theirs = reached(partner, profile, allow_commands=allow_commands) if file is not None else None
    profile = profile or (None if sut == "buyer" else partner)
    checks = list(looking.here(chosen))
    unsupported: frozenset[str] = frozenset()
    if profile:
        name, said = declared_in(profile, chosen)
        unsupported = unsupported_operations(said, chosen)
        checks.append(Check("profile", True, f"{profile}: {name}"))
    if url:
        checks += looking.seller(_peer(theirs, url, chosen, timeout, maps), chosen, unsupported)
    if sut == "buyer":
        checks.append(looking.free(host or "127.0.0.1", port or 0))
    if listen or callback:
        checks += looking.callback(check_url(callback) if callback else None, address(listen), url)
    if file is not None and file.part.callback_check is not None:
        probing = Peer(timeout=timeout, proxies=of_environment())
        checks.append(called_back(chosen, probing, file.part.callback_check.get, address(listen), callback))
    _tell(checks, form)
    end(Exit.PASSED if all(check.ok is not False for check in checks) else Exit.INCONCLUSIVE)


def _tell(checks: Sequence[Check], form: str) -> None:
    """Print what was found, and for people the one thing to do next."""
    if form == "json":
        import json

        click.echo(json.dumps([check.as_json() for check in checks], indent=2, ensure_ascii=False))
        return
    for check in checks:
        word = {True: "ok", None: "hm", False: "NO"}[check.ok]
        click.echo(f"{word}  {check.name:<30} {check.said}")
        if check.do:
            click.echo(f"    {'':<30} {check.do}")
    if following := next((check for ok in (False, None) for check in checks if check.ok is ok and check.do), None):
        click.echo(f"next: {following.name}: {following.do}")


def _peer(theirs: Partner | None, url: str, release: Release, timeout: float, maps: tuple[str, ...]) -> Peer:
    """The seller: as its file says, or at a URL of which nothing else is known."""
    if theirs is not None:
        theirs.check(release)
        return theirs.peer(release, url, timeout=timeout, maps=maps)
    from emulator.doors.peer import peer_of

    return peer_of(url, release, timeout=timeout, maps=maps)
