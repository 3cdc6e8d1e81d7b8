"""How a walled method can fail, and what stops walls from going up."""

from __future__ import annotations

from suite.methods import MethodError


class NoWalls(RuntimeError):
    """No walls can be put up on this host: what was tried, and what would mend it."""


class WallsFell(RuntimeError):
    """What starts walled methods died under one of them, which is not that method's fault."""


class Raised(MethodError):
    """A walled method raised an exception. ``traceback`` is that of its own process."""

    def __init__(self, reason: str, traceback: str = "") -> None:
        super().__init__(reason)
        self.traceback = traceback


class OutOfTime(RuntimeError):
    """A walled method did not end within its time."""


class OutOfMemory(MemoryError):
    """A walled method used more memory than it may, or was refused what it asked for."""


class Misbehaved(MethodError):
    """A walled method's process died, or spoke what is no answer, or used more of something than it may.

    ``traceback`` holds the end of what it printed.
    """

    def __init__(self, reason: str, traceback: str = "") -> None:
        super().__init__(reason)
        self.traceback = traceback
