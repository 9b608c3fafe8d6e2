"""The command line. Each command imports what it needs when it runs: `oit --version` needs nothing."""

from emulator.cli import checking, explaining, running, runs, serving, specs
from emulator.cli.group import main

__all__ = ["checking", "explaining", "main", "running", "runs", "serving", "specs"]
