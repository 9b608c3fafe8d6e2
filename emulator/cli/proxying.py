"""The command that stands between two real parties: `oit proxy`."""

from __future__ import annotations

import gc
import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from emulator.cli.ending import Ending
from emulator.cli.group import (
    ALLOW_COMMANDS,
    CONSOLE,
    CONSOLE_HOST,
    DATA,
    DATABASE,
    MAP,
    REPORTS,
    console_beside,
    doors_secured,
    end,
    example,
    interruptible,
    main,
    make_folder,
    several_releases,
    tls_options,
)
from emulator.cli.partnering import reached
from emulator.cli.starting import listening
from emulator.errors import UserError

if TYPE_CHECKING:
    from emulator.conduct.witnessing import Doorway, Witness
    from emulator.console.front import Front
    from emulator.doors.partner.making import Partner
    from emulator.doors.peer import Peer
    from emulator.doors.running import Running
    from emulator.doors.tls import TlsAsked
    from emulator.parties.opening import Keeping
    from emulator.standard.release import Release

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_ANY_ADDRESS: Final = ("0.0.0.0", "::", "")  # noqa: S104 - nothing listens there by this
BROKEN: Final = ("pass", "mark", "refuse")


_EXAMPLES: Final = example(
    "oit proxy --seller https://sonata.example.net --port 8080",
    "oit proxy --seller https://sonata.example.net --port 8080 --console 8081 --report html,json",
    "oit proxy --seller https://sonata.example.net --host 0.0.0.0 --port 8080 --callback-url https://lab.example.com:8080",
    "oit proxy --partner acme.yaml --port 8443 --tls-cert proxy.pem --tls-key proxy-key.pem",
    "oit proxy --seller https://sonata.example.net --buyer-callback https://buyer.example.com/events",
    "oit proxy --seller broker=https://broker.example.com --port 8080 "
    "--seller carrier=https://carrier.example.net --port 8090",
)


@main.command(epilog=_EXAMPLES)
@click.option(
    "--seller",
    "sellers",
    multiple=True,
    metavar="[NAME=]URL",
    help="Where what buyers ask goes, if not to the root in a --partner file. Repeatable, then with a name each: the seller of one leg is the buyer of the next.",
)
@click.option(
    "--buyer-callback",
    "callbacks",
    multiple=True,
    metavar="[NAME=]URL",
    help="Where notifications go that come to /oit/callback/plain: of subscriptions that were made elsewhere.",
)
@click.option(
    "--port",
    "ports",
    type=click.IntRange(0, 65535),
    multiple=True,
    help="Port to listen on; 0 takes a free one. Repeatable, in the order of the sellers.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--callback-url",
    "callback_urls",
    multiple=True,
    metavar="[NAME=]URL",
    help="How the seller reaches this proxy, for its notifications. Without it, the address that it listens on.",
)
@click.option(
    "--broken",
    type=click.Choice(BROKEN),
    default=BROKEN[0],
    show_default=True,
    help="What becomes of a message that breaks its contract: it is passed on; or the answer is marked with a header "
    "OIT-Breach; or a request is answered 400 or 422 here, and an answer is replaced by a 502.",
)
@several_releases("each exchange is judged by that to whose base path it came.")
@click.option("--profile", type=click.Path(path_type=Path), help="What the partners declared to each other (YAML).")
@click.option(
    "--partner",
    "partners",
    multiple=True,
    metavar="[NAME=]FILE",
    help="How a seller is reached (credentials, TLS, proxies), and what it declares: a profile with a 'connection'. "
    "Its 'notifications' say how the buyer's callbacks are reached.",
)
@ALLOW_COMMANDS
@MAP
@tls_options
@DATABASE
@DATA
@click.option("--report", "reports", default="", help=REPORTS + " Written when it is interrupted.")
@click.option("--report-dir", type=click.Path(path_type=Path), default=Path("out"), show_default=True)
@CONSOLE
@CONSOLE_HOST
def proxy(
    sellers: tuple[str, ...],
    callbacks: tuple[str, ...],
    ports: tuple[int, ...],
    host: str,
    callback_urls: tuple[str, ...],
    broken: str,
    releases: tuple[str, ...],
    profile: Path | None,
    partners: tuple[str, ...],
    maps: tuple[str, ...],
    database: str | None,
    data: Path,
    reports: str,
    report_dir: Path,
    console_port: int | None,
    console_host: str,
    tls: TlsAsked,
    *,
    allow_commands: bool,
) -> None:
    """Stand between a real buyer and a real seller, pass on what they say, and judge both.

    Prints its URL on stdout once it listens: the buyer asks there instead of at the seller. Bodies go through as they are, to
    the byte, whatever their path; Host is changed, what belongs to one connection stays there, and the callback of a
    subscription is led to this proxy, so that the seller's notifications come by, and turned back in the answer. Links in
    answers (href) are left alone: that one leads past this proxy is told on stderr.

    Below /r/NAME is a run of its own, which the seller does not see. GET /oit/judgement?run=NAME says what is wrong by now
    (without a name: with the plain path); the same is told of every run when it is interrupted, and --report writes it.

    With several --seller it stands in a chain: the first one's buyer, then each that sells to the one before it. All is one
    transcript and one report; each leg is judged by itself.

    What passes is kept in a database: without --database, in an SQLite file in the folder `proxy` of the data folder.
    """
    gc.disable()  # nearly all that a start makes stays
    from emulator import report as writers
    from emulator.conduct.partner import declared_in, selling
    from emulator.conduct.witnessing import Witness
    from emulator.doors.passage.sifting import Sifting
    from emulator.doors.routing import prepare
    from emulator.parties.clock import RealClock
    from emulator.parties.opening import keeping
    from emulator.settings import database_url
    from emulator.standard.declared import NOTHING_DECLARED
    from emulator.standard.release import load_release

    main.in_a_hurry = True
    formats = writers.chosen(reports)
    if formats:
        make_folder(report_dir)
    prepare()
    chosen = [load_release(each) for each in releases]
    if maps and len(chosen) > 1:
        raise UserError("--map: the base paths of several releases cannot be named; give one --release")
    named = _partners(partners, several=max(len(sellers), len(partners)) > 1)
    reached_by = {leg: reached(file, None, allow_commands=allow_commands) for leg, file in named.items()}
    doorways = _doorways(sellers, callbacks, callback_urls, ports, host, maps, chosen[0], reached_by)
    declaring = profile or next(iter(named.values()), None)
    chosen = [selling(declaring, each) for each in chosen]
    name, declared = declared_in(declaring, chosen[0]) if declaring else (None, NOTHING_DECLARED)
    notes = [note for each in reached_by.values() if each is not None for note in each.notes]
    with keeping(database_url(database, data / "proxy")) as keep, doors_secured(tls, host) as secured:
        clock = RealClock()
        witness = Witness(
            chosen,
            keep,
            clock,
            lambda text: click.echo(f"oit: {text}", err=True),
            broken=Sifting(broken),
            declared=declared,
            profile=name,
            legs=[str(each.between.leg) for each in doorways] if len(doorways) > 1 else (),
            notes=notes,
        )
        doorways = [replace(each, tls=secured) for each in doorways]
        _stand(witness, doorways, keep, chosen[0], console_host, console_port)
        end(Ending(formats, report_dir).tell(witness.standing.shortest_first(), witness.standing.judged))


def _stand(
    witness: Witness,
    doorways: Sequence[Doorway],
    keep: Keeping,
    release: Release,
    console_host: str,
    console_port: int | None,
) -> None:
    """Let through what comes until interrupted."""
    doors: list[Running] = []

    def front() -> Front:
        from emulator.console.control import Control
        from emulator.console.front import Front
        from emulator.console.of_seller import beside_proxy
        from emulator.parties.clock import RealClock

        source = beside_proxy(witness.standing, keep, doors[0].url)
        return Front(source, RealClock(), Control(source), release)

    with ExitStack() as stack:
        for doorway in doorways:
            doors.append(witness.open(doorway))
            stack.callback(doors[-1].stop)
        stack.enter_context(interruptible())
        stack.enter_context(console_beside(front, console_host, console_port, doorways[0].tls))
        for door in doors[1:]:
            door.start()

        def ready(_: str) -> None:
            for doorway, door in zip(doorways, doors, strict=True):
                click.echo(door.url if len(doors) == 1 else f"{doorway.between.leg} {door.url}")

        doors[0].run(listening(ready))


def _doorways(
    sellers: Sequence[str],
    callbacks: Sequence[str],
    callback_urls: Sequence[str],
    ports: Sequence[int],
    host: str,
    maps: Sequence[str],
    release: Release,
    partners: Mapping[str | None, Partner | None],
) -> list[Doorway]:
    """The doors that are asked for. UserError where something is said wrong."""
    from emulator.conduct.partner import check_url
    from emulator.conduct.witnessing import Doorway
    from emulator.doors.peer import peer_of
    from emulator.hosting import Between
    from emulator.standard.paths import PathMap

    if not sellers and not partners:
        raise UserError("--seller: where is the seller? Write --seller URL, or --partner FILE with a 'connection'")
    several = max(len(sellers), len(partners)) > 1
    named: list[tuple[str | None, str | None]] = [_read(text, "--seller", several=several) for text in sellers]
    named = named or [(leg, None) for leg in partners]
    legs = [leg for leg, _ in named]
    if len(set(legs)) < len(legs):
        raise UserError(
            f"--seller: two are called {next(leg for leg in legs if legs.count(leg) > 1)!r}; name them apart"
        )
    if len(ports) > len(legs):
        raise UserError(f"--port: there are {len(ports)} ports, and {len(legs)} --seller that need one")
    subscribers, public = (
        _by_leg(texts, legs, option)
        for texts, option in ((callbacks, "--buyer-callback"), (callback_urls, "--callback-url"))
    )
    paths = PathMap.read(release, maps) if maps else None
    found = []
    if strange := set(partners) - set(legs):
        raise UserError(f"--partner: no --seller is called {next(iter(strange))!r}")
    for number, (leg, url) in enumerate(named):
        if host in _ANY_ADDRESS and leg not in public:
            raise UserError(
                f"--host {host}: that is every address of this machine; say with --callback-url which of them the seller"
                " reaches this proxy at"
            )
        partner = partners.get(leg)
        root = check_url(url) if url is not None else None
        seller = partner.peer(release, root, maps=maps) if partner is not None else peer_of(str(root), release)
        own = partner.paths(release, maps) if partner is not None else paths
        buyer = _called_back(partner)
        between = Between(seller, buyer, leg, own if own is not None and own.own else None, subscribers.get(leg))
        port = ports[number] if number < len(ports) else 0
        found.append(Doorway(between, host, port, public.get(leg)))
    return found


def _called_back(partner: Partner | None) -> Peer:
    """How callbacks are reached: with credentials only at the host that the partner's file names."""
    from emulator.doors.peer import Peer

    side = partner.buyer if partner is not None else None
    return Peer() if side is None or side.way.root is None else replace(side.base, root=side.way.root)


def _partners(texts: Sequence[str], *, several: bool) -> dict[str | None, Path]:
    """The files of partners, by leg. UserError where two are for one leg."""
    found: dict[str | None, Path] = {}
    for text in texts:
        leg, file = _read(text, "--partner", several=several)
        if leg in found:
            raise UserError("--partner: two are for the same seller; write --partner NAME=FILE, as --seller NAME=URL")
        found[leg] = Path(file)
    return found


def _read(text: str, option: str, *, several: bool) -> tuple[str | None, str]:
    """`NAME=URL`, where there are several; where there is one, it needs no name. UserError for what is neither."""
    name, equals, url = text.partition("=")
    if equals and _NAME.fullmatch(name):
        return name if several else None, url
    if several:
        raise UserError(f"{option} {text!r}: where there are several, each has a name: {option} carrier=https://…")
    return None, text


def _by_leg(texts: Sequence[str], legs: Sequence[str | None], option: str) -> dict[str | None, str]:
    """What is said of each leg. UserError for what is said of none."""
    from emulator.conduct.partner import check_url

    found: dict[str | None, str] = {}
    for text in texts:
        leg, url = _read(text, option, several=len(legs) > 1)
        if leg not in legs:
            raise UserError(f"{option} {text!r}: no --seller is called {leg!r}")
        found[leg] = check_url(url)
    return found
