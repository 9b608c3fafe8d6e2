"""The command line. Each command imports what it needs when it runs: `oit --version` needs nothing."""

from emulator.cli import (
    blend,
    checking,
    control,
    doctor,
    explaining,
    hearing,
    preparing,
    products,
    proxying,
    reconciling,
    releases,
    reporting,
    running,
    runs,
    sdk,
    serving,
    specs,
)
from emulator.cli.group import main

__all__ = [
    "blend",
    "checking",
    "control",
    "doctor",
    "explaining",
    "hearing",
    "main",
    "preparing",
    "products",
    "proxying",
    "reconciling",
    "releases",
    "reporting",
    "running",
    "runs",
    "sdk",
    "serving",
    "specs",
]
