"""What a process says of itself is free of secrets: lines of its log, and tracebacks, whichever library writes them."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from types import TracebackType
from typing import Any

from emulator.record.secrets import masked_text


def keep_secrets() -> None:
    """From now on nothing that this process logs, or dies of, tells a secret. To be called once, first of all."""
    make = logging.getLogRecordFactory()

    def record(*args: Any, **options: Any) -> logging.LogRecord:
        made = make(*args, **options)
        try:
            # Here and not in a handler: libraries bring handlers of their own.
            made.msg, made.args = masked_text(made.getMessage()), None
        except Exception:  # noqa: BLE001 - a message that does not fit its arguments is told by logging itself
            return made
        if made.exc_info and made.exc_info[1] is not None:
            made.exc_text = told(made.exc_info[1]).rstrip("\n")
        return made

    logging.setLogRecordFactory(record)
    sys.excepthook = _died
    threading.excepthook = _thread_died


def told(error: BaseException) -> str:
    """A traceback without secrets."""
    return masked_text("".join(traceback.format_exception(error)))


def _died(_kind: type[BaseException], error: BaseException, _where: TracebackType | None) -> None:
    sys.stderr.write(told(error))


def _thread_died(died: threading.ExceptHookArgs) -> None:
    if died.exc_value is None or isinstance(died.exc_value, SystemExit):
        return
    name = died.thread.name if died.thread else "unknown"
    sys.stderr.write(f"Exception in thread {name}:\n{told(died.exc_value)}")
