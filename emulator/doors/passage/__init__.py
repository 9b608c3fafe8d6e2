"""The door between two real parties, `oit proxy`: what comes is passed on as it came, and kept as its buyer saw it."""
