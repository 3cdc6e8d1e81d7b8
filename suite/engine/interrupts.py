"""Ctrl-C, heard once as a wish and twice as an order."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """``with Interrupts(kill) as interrupts``: the first SIGINT or SIGTERM makes ``interrupts.asked()`` true.

    The second calls ``kill`` and ends the process at once. Outside the main thread, where Python allows no
    handlers, signals stay as they are.
    """

    def __init__(self, kill: Callable[[], None]) -> None:
        self._kill = kill
        self._asked = 0
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            self._previous = {number: signal.getsignal(number) for number in _SIGNALS}
            self.listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def listen(self) -> None:
        """Take the signals (again: Ray takes SIGTERM for itself when it starts)."""
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                signal.signal(number, self._hear)

    def asked(self) -> bool:
        """Whether someone asked to stop."""
        return self._asked > 0

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self._asked += 1
        if self._asked > 1:
            self._kill()
            if sys.stdout.isatty():
                os.write(sys.stdout.fileno(), b"\x1b[?25h\n")  # a live view may have hidden the cursor
            os._exit(128 + number)
