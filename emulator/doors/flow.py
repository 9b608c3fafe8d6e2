"""When a connection is read: uvicorn's flow control, that gives way to others."""

from __future__ import annotations

from uvicorn.protocols.http.flow_control import FlowControl


class Flow(FlowControl):
    """Reads only when it is our turn, whoever wants to read."""

    held = False

    def hold(self) -> None:
        """Read no more until it is told to go on."""
        self.held = True
        self.pause_reading()

    def go_on(self) -> None:
        """Read again."""
        self.held = False
        self.resume_reading()

    def resume_reading(self) -> None:
        if not self.held:
            super().resume_reading()
