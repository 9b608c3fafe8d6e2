"""What `oit run` makes of behaviour on demand: a partner's hooks, a person who is asked."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from emulator.errors import UserError

if TYPE_CHECKING:
    from emulator.conduct.asking import AskedPerson
    from emulator.conduct.settings import Settings
    from emulator.doors.partner.file import PartnerFile
    from emulator.doors.partner.hooks import Hooks

INTERACTIVE = click.option(
    "--interactive",
    is_flag=True,
    help="With a seller under test: what it has to do of its own accord, and no hook of its file has it do, a person is "
    "asked for, on the terminal and, with --console, through that.",
)


def asked_person(settings: Settings, *, interactive: bool) -> AskedPerson | None:
    """The person who is asked; None where nobody is. UserError where that has no effect, or nobody could answer."""
    if not interactive:
        return None
    from emulator.conduct.asking import AskedPerson

    if settings.seller_url is None:
        raise UserError("--interactive has no effect without --sut seller=URL: our own seller does what is needed")
    return AskedPerson(lambda text: click.secho(text, err=True, bold=True), sys.stdin)


def demand(file: PartnerFile | None) -> tuple[Callable[[str], bool] | None, bool]:
    """Whether a behaviour has a hook, and whether one moves the partner's clock. FileProblem."""
    if file is None or not file.part.hooks:
        return None, False
    from emulator.doors.partner.hooks import TIME_PASSES, hook_for
    from emulator.scenario.hook_checks import check_hooks

    check_hooks(file)
    return lambda name: hook_for(file, name) is not None, hook_for(file, TIME_PASSES) is not None


def opened_hooks(file: PartnerFile, settings: Settings, *, allow_commands: bool) -> Hooks | None:
    """The hooks of a partner's file, ready to be called; None where there are none, or no seller is under test. FileProblem."""
    if not file.part.hooks or settings.seller_url is None:
        return None
    from emulator.doors.partner.hooks import open_hooks

    return open_hooks(file, allow_commands=allow_commands)
