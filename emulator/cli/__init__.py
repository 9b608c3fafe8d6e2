"""The command line. Each command imports what it needs when it runs: `oit --version` needs nothing."""

from emulator.cli import checking, control, doctor, explaining, preparing, reporting, running, runs, serving, specs
from emulator.cli.group import main

__all__ = [
    "checking",
    "control",
    "doctor",
    "explaining",
    "main",
    "preparing",
    "reporting",
    "running",
    "runs",
    "serving",
    "specs",
]
