"""`oit console`: a console over a database. `oit control`: its actions from the command line."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emulator.cli.group import (
    DATA,
    DATABASE,
    RELEASE,
    console_beside,
    doors_secured,
    example,
    interruptible,
    main,
    read_message,
    tls_options,
)
from emulator.doors.tls import TlsAsked
from emulator.errors import UserError

if TYPE_CHECKING:
    from emulator.console.client import Remote


@main.command(epilog=example(
    "oit console --port 8081",
    "oit console --database postgresql://oit@db.example.net/oit --port 8081",
))  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on. Beyond loopback a token is "
              "needed, which the URL has.")  # fmt: skip
@RELEASE
@click.option("--profile", type=click.Path(path_type=Path), help="The profile of the sellers (YAML), so that what is "
              "moved by hand goes on as theirs would.")  # fmt: skip
@DATABASE
@DATA
@tls_options
def console(
    host: str, port: int, release: str, profile: Path | None, database: str | None, data: Path, tls: TlsAsked
) -> None:
    """Serve the live console over the database that sellers share, until interrupted. Its URL is told on stderr.

    The sellers go on beside it, in processes of their own. Faults are made at a seller's own door: for these, start the
    seller with --console.
    """
    from emulator.console.control import Control
    from emulator.console.front import Front
    from emulator.console.of_seller import over_store
    from emulator.parties.clock import RealClock
    from emulator.parties.opening import keeping
    from emulator.parties.profile import load_profile
    from emulator.settings import database_url
    from emulator.standard.release import load_release

    main.in_a_hurry = True
    url = database_url(database, data)
    if url is None:
        raise UserError("--database memory: what is in memory is seen by its own process only: oit seller --console")
    chosen, clock = load_release(release), RealClock()
    with keeping(url) as keep:
        sold = load_profile(profile)
        chosen = chosen.selling(sold.own)
        source = over_store(keep, chosen, sold, clock)

        def front() -> Front:
            return Front(source, clock, Control(source, database=keep.database), chosen)

        with doors_secured(tls, host) as doors, interruptible(), console_beside(front, host, port, doors):
            _wait()


def _wait() -> None:
    import threading

    threading.Event().wait()


@main.group()
@click.option("--console", "url", envvar="OIT_CONSOLE", show_envvar=True, metavar="URL",
              help="The console, as it told its URL; that may have its token in it.")  # fmt: skip
@click.option("--token", envvar="OIT_CONSOLE_TOKEN", show_envvar=True, help="The token, where it is not in the URL.")
@click.pass_context
def control(context: click.Context, url: str | None, token: str | None) -> None:
    """Have a hand in an emulator, through its console: what the buttons of the page do."""
    context.obj = (url, token)


def _remote(context: click.Context) -> Remote:
    """The console that was named. Asked for when something is to be done: the help of a command needs none."""
    from emulator.console.client import Remote

    url, token = context.obj
    if url is None:
        raise click.UsageError("Missing option '--console' (env var: 'OIT_CONSOLE').", context.parent)
    return Remote(url, token)


def _do(context: click.Context, action: str, **asked: Any) -> None:
    given = {name: value for name, value in asked.items() if value not in (None, False)}
    click.echo(_remote(context).do(action, given).json()["did"])


RUN = click.option("--run", default="plain-path", show_default=True, help="The run: the name below /r/, or its id.")
ITEM = click.option("--item", metavar="ID", help="An item of it.")
SURE = click.option(
    "--sure", is_flag=True, help="Also where it has come to its end, and nothing happens to it any more."
)


@control.command(epilog=example("oit control --console http://127.0.0.1:8081 advance 5d"))
@click.argument("by", metavar="DURATION")
@click.pass_context
def advance(context: click.Context, by: str) -> None:
    """Put our seller's time forward (20s, 5m, 2h, 5d); what comes due on the way is done at its own moment."""
    _do(context, "advance", by=by)


LAWLESS = click.option("--lawless", is_flag=True, help="To any state of its contract: our seller is wrong then.")


def _json(text: str) -> Any:
    import json

    try:
        return json.loads(text)
    except ValueError as error:
        message = f"{text:.60} is no JSON: {error}"
        raise UserError(message) from error


@control.command(epilog=example(
    "oit control make incident --run partner-a",
    """oit control make incident --id INC-7 --body '{"description": "Cable cut"}'""",
))  # fmt: skip
@click.argument("kind")
@click.option("--body", metavar="JSON", help="Members of it; what its contract demands besides is made up.")
@click.option("--id", "identifier", metavar="ID", help="Its id; else our seller gives it one.")
@RUN
@click.pass_context
def make(context: click.Context, kind: str, body: str | None, identifier: str | None, run: str) -> None:
    """Make a resource of any kind, as our seller would; who subscribed is told of it."""
    _do(context, "make", run=run, kind=kind, id=identifier, body=None if body is None else _json(body))


@control.command("set", epilog=example(
    """oit control set incident INC-7 '{"expectedClosedDate": "2030-01-01T00:00:00Z"}' --run partner-a""",
))  # fmt: skip
@click.argument("kind")
@click.argument("identifier", metavar="ID")
@click.argument("body", metavar="JSON")
@RUN
@SURE
@click.pass_context
def set_members(context: click.Context, kind: str, identifier: str, body: str, run: str, *, sure: bool) -> None:
    """Set members of a resource of our seller (merge patch: null takes one away); who subscribed is told of it."""
    _do(context, "set", run=run, kind=kind, id=identifier, body=_json(body), sure=sure)


@control.command(epilog=example("oit control move quote 4c1f… approved.orderable --run partner-a"))
@click.argument("kind")
@click.argument("identifier", metavar="ID")
@click.argument("state")
@RUN
@ITEM
@LAWLESS
@SURE
@click.pass_context
def move(
    context: click.Context,
    kind: str,
    identifier: str,
    state: str,
    run: str,
    item: str | None,
    *,
    lawless: bool,
    sure: bool,
) -> None:
    """Bring a resource of our seller to another state; its history, what depends on it and notifications follow.

    Only where its state machine has that transition, unless --lawless; a refusal names those that there are.
    """
    _do(context, "move", run=run, kind=kind, id=identifier, state=state, item=item, lawless=lawless, sure=sure)


@control.command(
    "do",
    epilog=example(
        "oit control do customerBill bill-now --run partner-a",
        """oit control do customerBill dispute 4c1f… --with '{"items": [1]}' --run partner-a""",
        """oit control do customerBill pay 4c1f… --with '{"amount": 100}'""",
    ),
)
@click.argument("kind")
@click.argument("verb")
@click.argument("identifier", metavar="[ID]", required=False)
@click.option("--with", "words", metavar="JSON", help="What more is to be said, such as items or an amount.")
@RUN
@click.pass_context
def do_verb(context: click.Context, kind: str, verb: str, identifier: str | None, words: str | None, run: str) -> None:
    """Have happen what no operation does: a bill is disputed, paid, credited … (`oit explain verbs`).

    What follows from it happens too, and who subscribed is told.
    """
    given = None if words is None else _json(words)
    _do(context, "do", run=run, kind=kind, verb=verb, id=identifier, **{"with": given})


@control.command(epilog=example("oit control event quote quoteStateChangeEvent 4c1f… --run partner-a"))
@click.argument("api")
@click.argument("event", metavar="TYPE")
@click.argument("identifier", metavar="ID")
@RUN
@ITEM
@SURE
@click.pass_context
def event(
    context: click.Context, api: str, event: str, identifier: str, run: str, item: str | None, *, sure: bool
) -> None:
    """Send an event that did not happen to who subscribed to it. The judge knows that it is none of the seller's."""
    _do(context, "event", run=run, api=api, event=event, id=identifier, item=item, sure=sure)


@control.command(epilog=example(
    "oit control fault quote.createQuote --respond 503 --times 2",
    "oit control fault productOrder.retrieveProductOrder --delay 20s --times always",
    "oit control fault notifications --drop --times 3",
    "oit control fault authorization.token --respond 503",
    "oit control fault tokens --rotate",
    "oit control fault --clear",
))  # fmt: skip
@click.argument("operation", required=False)
@click.option(
    "--respond", type=click.IntRange(200, 599), metavar="STATUS", help="Answer so; the request has no effect."
)
@click.option("--delay", metavar="DURATION", help="Answer later, or send a notification later.")
@click.option("--reset", is_flag=True, help="Reset the connection; the request has no effect.")
@click.option("--lost", is_flag=True, help="Let the request take effect, and its answer be lost.")
@click.option(
    "--truncate", type=click.IntRange(0), metavar="BYTES", help="End the connection after so much of the body."
)
@click.option("--drip", metavar="BYTES:DURATION", help="Send the body in pieces, with pauses.")
@click.option("--content-type", help="Say another Content-Type.")
@click.option("--drop", is_flag=True, help="Notifications: do not send the next.")
@click.option("--duplicate", is_flag=True, help="Notifications: send the next twice.")
@click.option(
    "--wrong-token",
    type=click.Choice(["none", "expired", "other"]),
    help="Notifications: send the next with such a token.",
)
@click.option("--lifetime", metavar="DURATION", help="Tokens: new ones live so long only.")
@click.option("--rotate", is_flag=True, help="Tokens: none that was issued before is good any more.")
@click.option("--times", metavar="N", help="How often, or always.  [default: 1]")
@click.option("--clear", is_flag=True, help="Lift all faults that were armed so.")
@click.pass_context
def fault(
    context: click.Context,
    operation: str | None,
    respond: int | None,
    delay: str | None,
    reset: bool,
    lost: bool,
    truncate: int | None,
    drip: str | None,
    content_type: str | None,
    drop: bool,
    duplicate: bool,
    wrong_token: str | None,
    lifetime: str | None,
    rotate: bool,
    times: str | None,
    clear: bool,
) -> None:
    """Arm a fault at our seller's door: OPERATION is API.operationId, notifications, tokens, or authorization.token: the token
    endpoint of a secured seller.

    What it spoils is held against nobody.
    """
    if clear:
        _do(context, "fault", clear=True)
        return
    if operation is None:
        raise UserError("name an operation, such as quote.createQuote, or notifications; or --clear")
    _do(
        context,
        "fault",
        operation=operation,
        respond=respond,
        delay=delay,
        reset=reset,
        lost=lost,
        truncate=truncate,
        drip=_drip(drip),
        contentType=content_type,
        drop=drop,
        duplicate=duplicate,
        token=wrong_token,
        lifetime=lifetime,
        rotate=rotate,
        times=int(times) if times is not None and times.isdecimal() else times,
    )


@control.command(epilog=example("oit control behave order-charged", "oit control behave order-charged --clear"))
@click.argument("name", required=False)
@click.option("--clear", is_flag=True, help="No more; without NAME as its profile says.")
@click.pass_context
def behave(context: click.Context, name: str | None, *, clear: bool) -> None:
    """Have our seller do something of its own accord from now on, whoever comes: NAME is one of `oit explain behaviours`."""
    if name is None and not clear:
        raise UserError("name a behaviour, such as order-charged (oit explain behaviours); or --clear")
    _do(context, "behave", name=name, clear=clear)


def _drip(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    size, colon, every = text.partition(":")
    if not colon or not size.isdecimal():
        raise UserError(f"--drip {text}: write BYTES:DURATION, such as 10:500ms")
    return {"bytes": int(size), "every": every}


@control.command(epilog=example("oit control snapshot --run partner-a --out partner-a.ndjson"))
@RUN
@click.option("--out", type=click.Path(path_type=Path), help="Where to write it; without it stdout.")
@click.pass_context
def snapshot(context: click.Context, run: str, out: Path | None) -> None:
    """Take a run out as a file, as `oit runs export` does."""
    content = _remote(context).do("snapshot", {"run": run}).content
    if out is None:
        sys.stdout.buffer.write(content)
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        message = f"--out {out}: cannot be written: {error.strerror}"
        raise UserError(message) from error


@control.command(epilog=example("oit control restore partner-a.ndjson --run partner-a-again"))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--run", help="Under this name; without it the one that it had.")
@click.pass_context
def restore(context: click.Context, file: Path, run: str | None) -> None:
    """Put a run back that `snapshot` has taken out."""
    content, name = read_message(file)
    text: str | None = None
    with contextlib.suppress(UnicodeDecodeError):
        text = content.decode()
    if text is None:
        message = f"{name}: this is no text, so no run that was taken out"
        raise UserError(message)
    _do(context, "restore", file=text, run=run)


@control.command(epilog=example("oit control reset --run partner-a"))
@RUN
@click.pass_context
def reset(context: click.Context, run: str) -> None:
    """Forget all that a run has; whoever comes to it begins anew."""
    _do(context, "reset", run=run)


@control.command(epilog=example("oit control prepared", "oit control prepared --not"))
@click.option("--not", "unable", is_flag=True, help="It is not to be had: the run is inconclusive.")
@click.pass_context
def prepared(context: click.Context, *, unable: bool) -> None:
    """The partner does what `oit run --interactive` asks for."""
    _do(context, "prepared", clear=unable)


@control.command(epilog=example("oit control done"))
@click.pass_context
def done(context: click.Context) -> None:
    """The partner has nothing more to send: `oit run --sut buyer` waits no longer. After the runs, ends the console."""
    _do(context, "done")
