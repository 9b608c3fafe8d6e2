"""`python -m emulator` is `oit`."""

from emulator.cli import main

main()
