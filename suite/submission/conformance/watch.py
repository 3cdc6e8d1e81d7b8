"""Which files, processes and connections a method reaches for, heard from Python's audit events."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CODE = (".py", ".pyc", ".so")
_PROBED = (("::1", 0), ("::1", 0, 0, 0))  # by which libraries learn whether there is IPv6
_OF_CODE = ("/__pycache__/", ".egg-info/", ".dist-info/")
_SYSTEM = ("/proc/", "/sys/", "/dev/")  # where libraries learn of cores and memory

_READS = frozenset({"os.listdir", "os.scandir"})
_WRITES = frozenset(
    f"os.{call}"
    for call in (
        "mkdir",
        "remove",
        "rename",
        "rmdir",
        "link",
        "symlink",
        "truncate",
        "chmod",
        "chown",
        "utime",
    )
)
_OUTSIDE: Mapping[str, str] = {
    "socket.connect": "opens a network connection",
    "socket.bind": "opens a network socket",
    "socket.sendto": "sends to the network",
    "socket.getaddrinfo": "asks the network for an address",
    "socket.gethostbyname": "asks the network for an address",
    "urllib.Request": "asks for a web page",
    "subprocess.Popen": "starts a process",
    "os.posix_spawn": "starts a process",
    "os.exec": "starts a process",
    "os.system": "starts a process",
    "os.fork": "starts a process",
    "os.forkpty": "starts a process",
}


class Watch:
    """Hears what is reached for inside ``during``; ``reached`` says it, once each, in order.

    An audit hook stays for the life of its process, so it belongs in a process that checks one method. It is
    no wall: it tells honest authors what walls would refuse.
    """

    def __init__(self) -> None:
        self.reached: dict[str, None] = {}
        self._doing = ""
        self._allowed = ""
        self._libraries = tuple(f"{folder}/" for folder in {sys.prefix, sys.base_prefix, *_site_folders()})
        entries = [*filter(None, sys.path), str(Path(__file__).parents[3])]
        self._paths = tuple(f"{Path(entry).absolute()}/" for entry in entries)
        sys.addaudithook(self._hear)

    @contextmanager
    def during(self, doing: str, folder: Path | None = None) -> Iterator[None]:
        """Listen while the method is ``doing`` something; in ``folder`` it may read and write."""
        before = self._doing, self._allowed
        self._doing, self._allowed = doing, "" if folder is None else f"{folder.resolve()}/"
        try:
            yield
        finally:
            self._doing, self._allowed = before

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._doing:
            return
        if event in _OUTSIDE:
            if event == "socket.bind" and arguments[1] in _PROBED:
                return
            self._tell(f"{_OUTSIDE[event]}{_shown(event, arguments)}")
        elif event == "open":
            path, mode, flags = arguments
            writing = bool((flags or 0) & _WRITING) or any(letter in (mode or "") for letter in "wax+")
            self._file("writes" if writing else "reads", path)
        elif event in _READS:
            self._file("lists", arguments[0])
        elif event in _WRITES:
            self._file("changes", arguments[0])

    def _file(self, what: str, path: object) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return  # a file that is open already
        place = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 a Path would be made at each event
        if self._allowed and f"{place}/".startswith(self._allowed):
            return
        if what != "writes" and what != "changes":
            inside = f"{place}/"
            code = place.endswith(_CODE) or what == "lists" or inside in self._paths
            code = code or any(part in inside for part in _OF_CODE)
            if inside.startswith((*self._libraries, *_SYSTEM)) or (code and inside.startswith(self._paths)):
                return
        elif place.startswith("/dev/") or _OF_CODE[0] in place:
            return
        self._tell(f"{what} {place}")

    def _tell(self, what: str) -> None:
        if not _compiling():
            self.reached[f"{self._doing} {what}"] = None


def _compiling() -> bool:
    """Whether numba is asking for a kernel that it compiled before, or keeping one: the suite's do so."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename.endswith("numba/core/caching.py"):
            return True
        frame = frame.f_back
    return False


def _site_folders() -> list[str]:
    return [str(Path(entry).absolute()) for entry in sys.path if Path(entry).name.endswith("-packages")]


def _shown(event: str, arguments: tuple[Any, ...]) -> str:
    if event in ("socket.connect", "socket.bind"):
        return f" ({arguments[1]})"
    if event in (
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "os.posix_spawn",
        "socket.getaddrinfo",
        "urllib.Request",
    ):
        return f" ({arguments[0]})"
    return ""
