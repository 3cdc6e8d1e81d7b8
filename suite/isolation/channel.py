"""One end of the line to a walled method: whole messages, waits that end, and an ear for what it prints."""

from __future__ import annotations

import os
import select
import socket
import time
from collections import deque
from collections.abc import Callable

from suite.isolation import wire
from suite.isolation.wire import LENGTHS, Message

_LOOK_SECONDS = 0.25
_CHUNK = 2**16
# At a time: one that prints without end must not keep us from looking at the clock.
_CHUNKS = 16
# Far below what one sendmsg takes.
_PARTS = 64
_TAIL_BYTES = 4_096


class Closed(ConnectionError):
    """The other end is gone."""


class Channel:
    """Sends and receives whole messages over ``connection``, which becomes non-blocking.

    ``look`` is called about four times a second, however long a wait lasts: what it raises ends the wait.
    ``output``, the reading end of a pipe, is emptied meanwhile.
    """

    def __init__(
        self,
        connection: socket.socket,
        look: Callable[[], None] = lambda: None,
        output: int | None = None,
    ) -> None:
        connection.setblocking(False)
        self._connection, self._look, self._output = connection, look, output
        self._looked = time.monotonic()
        self._tail: deque[bytes] = deque(maxlen=2)
        self._held = bytearray()
        self._waiting: list[memoryview] = []
        self.printed = 0

    def send_later(self, message: Message) -> None:
        """Send ``message`` together with the next: each sending wakes the other end."""
        self._waiting += wire.encode(message)

    def send(self, message: Message) -> None:
        """Send ``message``, after those that wait; raises Closed."""
        parts, self._waiting = [*self._waiting, *wire.encode(message)], []
        while parts:
            try:
                sent = self._connection.sendmsg(parts[:_PARTS])
            except BlockingIOError:
                self._wait(select.POLLOUT)
                continue
            except OSError as error:
                raise Closed(str(error)) from error
            while parts and sent >= len(parts[0]):
                sent -= len(parts.pop(0))
            if sent:
                parts[0] = parts[0][sent:]

    def receive(self, most: int) -> Message:
        """The next message, whose tensors may have ``most`` bytes. Raises Closed, NoMessage."""
        header, body = wire.lengths(self._exactly(LENGTHS.size), most)
        return wire.decode(self._exactly(header), self._exactly(body))

    def tail(self) -> str:
        """The end of what was printed, what is no text replaced."""
        self._drain()
        return b"".join(self._tail)[-_TAIL_BYTES:].decode(errors="replace")

    def _exactly(self, count: int) -> bytearray:
        # Memory is taken for what has arrived, whatever was announced.
        while len(self._held) < count:
            try:
                chunk = self._connection.recv(_CHUNK)
            except BlockingIOError:
                self._wait(select.POLLIN)
                continue
            except OSError as error:
                raise Closed(str(error)) from error
            if not chunk:
                raise Closed("end of the line")
            self._held += chunk
            self._look_in_time()
        data = self._held[:count]
        del self._held[:count]
        return data

    def _wait(self, event: int) -> None:
        poll = select.poll()
        poll.register(self._connection, event)
        if self._output is not None:
            poll.register(self._output, select.POLLIN)
        for descriptor, _ in poll.poll(_LOOK_SECONDS * 1_000):
            if descriptor == self._output:
                self._drain()
        self._look_in_time()

    def _look_in_time(self) -> None:
        if time.monotonic() - self._looked >= _LOOK_SECONDS:
            self._looked = time.monotonic()
            self._look()

    def _drain(self) -> None:
        for _ in range(_CHUNKS):
            if self._output is None:
                return
            try:
                chunk = os.read(self._output, _CHUNK)
            except BlockingIOError:
                return
            if not chunk:
                self._output = None  # whoever opened it closes it
                return
            self.printed += len(chunk)
            self._tail.append(chunk)
