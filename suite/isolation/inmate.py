"""One walled process, seen from outside: asked over its line, watched, and ended without fail."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from suite.isolation import tree
from suite.isolation.channel import Channel, Closed
from suite.isolation.errors import Misbehaved, OutOfMemory, OutOfTime, Raised, WallsFell
from suite.isolation.limits import Limits
from suite.isolation.wire import Message, NoMessage

T = TypeVar("T")

_END_SECONDS = 10.0
# How long after its line is closed a process may take to be gone.
_LEAVE_SECONDS = 5.0
# Bubblewrap, the zygote, the wardens of this process and of one beside it, and their threads.
_WARDENS = 32


@dataclass(frozen=True)
class Used:
    """CPU seconds of a walled process and all that it started; the most memory they took beyond it."""

    cpu_seconds: float = 0.0
    peak_memory_mib: float = 0.0

    def __add__(self, other: Used) -> Used:
        """Of two processes that ran side by side."""
        return Used(self.cpu_seconds + other.cpu_seconds, self.peak_memory_mib + other.peak_memory_mib)


class Inmate:
    """A walled process. ``line``, ``leash`` and ``output`` are this end of what it was born with.

    ``zygote`` is the process that it was forked from: it has ``memory_kib`` of its own, which an inmate
    shares and does not answer for.
    """

    def __init__(
        self,
        line: socket.socket,
        leash: socket.socket,
        output: int,
        limits: Limits,
        zygote: int,
        memory_kib: int,
    ) -> None:
        self.limits, self._zygote, self._inherited = limits, zygote, memory_kib
        self._line, self._leash, self._output = line, leash, output
        os.set_blocking(output, False)
        self._ends = time.monotonic() + limits.seconds
        self._channel = Channel(line, self._look, output)
        self._peak_mib = 0.0
        self._walled = False
        self._status: Mapping[str, Any] | None = None
        self.used = Used()

    def tell(self, message: Message) -> None:
        """Send what is not answered."""
        self._over_line(lambda: self._channel.send(message))

    def tell_later(self, message: Message) -> None:
        """Send what is not answered together with the next message."""
        self._channel.send_later(message)

    def ask(self, message: Message, *kinds: str, most: int = 0) -> Message:
        """Send ``message`` and hear the answer."""
        self.tell(message)
        return self.hear(*kinds, most=most)

    def hear(self, *kinds: str, most: int = 0) -> Message:
        """The next message, which must be of one of ``kinds`` and bring at most ``most`` bytes of tensors.

        Raises Raised, MethodError, OutOfMemory, OutOfTime, or Misbehaved for everything else that it may do.
        """
        if not self._walled:
            # Sent before anything submitted runs: from here on, its end is no fault of the walls.
            self._over_line(lambda: self._channel.receive(0))
            self._walled = True
        message = self._over_line(lambda: self._channel.receive(most))
        if message.kind == "error":
            raise self._reported(message)
        if message.kind not in kinds:
            raise self._broke(f"it sent {message.kind[:40]!r} where {' or '.join(kinds)} was due")
        return message

    def lied(self, what: str) -> Misbehaved:
        """The error for a message whose content cannot be."""
        return self._broke(what)

    def end(self) -> Used:
        """End it, with all that it started; what it used. Nothing of it is left after that."""
        if self._status is None:
            self._measure()
            self._status = self._let_go()
            self.used = Used(self._status.get("cpu_seconds", 0.0), self._peak_mib)
        return self.used

    def _over_line(self, act: Callable[[], T]) -> T:
        try:
            return act()
        except NoMessage as error:
            raise self._broke(str(error)) from error
        except Closed:
            raise self._gone() from None

    def _look(self) -> None:
        if time.monotonic() > self._ends:
            raise OutOfTime(f"it did not end within {self.limits.seconds:g} s")
        if self._channel.printed > self.limits.output_kib * 1_024:
            raise Misbehaved(
                f"it printed more than {self.limits.output_kib} KiB", _printed(self._channel.tail())
            )
        members = self._measure()
        tasks = sum(member.threads for member in members)
        if tasks > self.limits.processes + _WARDENS:
            raise Misbehaved(
                f"it started {tasks} processes and threads; {self.limits.processes} are the most"
            )
        if sum(member.grown_mib for member in members) > self.limits.memory_mib:
            exact = sum(tree.exact_mib(member.process) for member in members)
            if exact > self.limits.memory_mib:
                raise OutOfMemory(
                    f"it used {exact:.0f} MiB of memory and may use {self.limits.memory_mib} MiB"
                )

    def _measure(self) -> list[tree.Member]:
        members = tree.members(self._zygote, self._inherited)
        self._peak_mib = max(self._peak_mib, sum(member.grown_mib for member in members))
        return members

    def _reported(self, message: Message) -> Exception:
        """The exception that it says it raised."""
        told = {key: _clean(str(message.data.get(key, ""))) for key in ("type", "message", "traceback")}
        trace = told["traceback"] + _printed(self._channel.tail())
        if told["type"] == "MethodError":
            return Raised(told["message"], trace)
        memory = told["type"] in ("MemoryError", "OutOfMemoryError")
        if memory or "can't allocate memory" in told["message"]:
            return OutOfMemory(
                f"it was refused more memory than {self.limits.memory_mib} MiB: {told['message']}"
            )
        return Raised(f"raised {told['type']}: {told['message'] or '(it gave no reason)'}", trace)

    def _broke(self, how: str) -> Misbehaved:
        return Misbehaved(f"its process broke the protocol: {how}", _printed(self._channel.tail()))

    def _gone(self) -> Exception:
        """Why the line is closed."""
        left = self._has_left()
        self.end()
        assert self._status is not None
        printed = _printed(self._channel.tail())
        code = self._status.get("code")
        if code is None:
            return WallsFell("the process that starts walled methods died")
        if not left:
            return self._broke("it closed its line and went on")
        if code == 70 and not self._walled:
            return WallsFell(f"its walls did not go up{printed}")
        if code == -signal.SIGKILL:
            return OutOfMemory("the system ended its process (SIGKILL), as it does where memory runs out")
        if code < 0:
            return Misbehaved(f"its process crashed ({signal.Signals(-code).name})", printed)
        return Misbehaved(f"its process ended by itself (status {code})", printed)

    def _has_left(self) -> bool:
        """Whether the process whose line is closed ended; the warden, or its own end, tells on the leash."""
        if self._status is not None:
            return True
        poll = select.poll()
        poll.register(self._leash, select.POLLIN)
        return bool(poll.poll(_LEAVE_SECONDS * 1_000))

    def _let_go(self) -> Mapping[str, Any]:
        """Let go of the leash, upon which the warden kills it; what the warden tells of its end."""
        self._line.close()
        try:
            self._leash.shutdown(socket.SHUT_WR)
            self._leash.settimeout(_END_SECONDS)
            told = self._leash.recv(4_096)
        except OSError:
            told = b""
        self._leash.close()
        return json.loads(told) if told else {}

    def close(self) -> None:
        """End it and let go of all that belongs to it."""
        self.end()
        if self._output >= 0:
            os.close(self._output)
            self._output = -1


def _clean(text: str) -> str:
    """Without what a terminal would obey."""
    return "".join(c if c.isprintable() or c in "\n\t" else "?" for c in text)


def _printed(tail: str) -> str:
    return f"\nThe end of what it printed:\n{_clean(tail)}" if tail.strip() else ""
