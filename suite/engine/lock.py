"""One driver a store: an advisory file lock that the kernel drops with its holder, and a note of who that is.

``flock`` frees itself when the holder dies, ``kill -9`` included, so a dead holder is never in the way. It
reaches across hosts on NFSv4 and most cluster file systems, but some keep it to one host (or know no locks at
all); there, the holder's heartbeat, the lock file's modification time, keeps other hosts away: a file that
another host touched within the last minute counts as held.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType

import psutil

from suite.engine.errors import EngineError, StoreBusy
from suite.process import process_born

HEARTBEAT_SECONDS = 10.0
FOREIGN_SILENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Holder:
    """Who holds a lock. ``processes`` are (id, birth) of what must not outlive it; ``folders`` likewise."""

    pid: int
    host: str
    since: str
    sweep: str
    processes: tuple[tuple[int, float], ...] = ()
    folders: tuple[str, ...] = ()


class StoreLock:
    """``with StoreLock(root, sweep) as lock``: exclusive use of the store in the local folder ``root``.

    ``previous`` is the holder that died without leaving, or None: its remains are this holder's to clear.
    Raises StoreBusy, naming the holder, where another driver is at work; EngineError where no lock can be
    made.
    """

    def __init__(self, root: Path, sweep: str) -> None:
        self.folder = root / "driver"
        self._path = self.folder / "lock"
        self._descriptor = -1
        self._touched = 0.0
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        self._holder = Holder(os.getpid(), socket.gethostname(), now, sweep)
        self.previous: Holder | None = None

    def __enter__(self) -> StoreLock:
        try:
            self._descriptor = self._open_locked()
        except OSError as error:
            cause = error.strerror or str(error)
            raise EngineError(
                f"the store {self.folder.parent} cannot be locked for this sweep: {cause}"
            ) from error
        try:
            self.previous = self._read()
            self._refuse_foreign()
            self._write()
        except BaseException:
            os.close(self._descriptor)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Unlinked while still locked: whoever waits on the old file sees that it is gone and opens a new one.
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)
        try:
            self.folder.rmdir()
        except OSError as gone:
            if gone.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):
                raise

    def note(self, processes: Sequence[tuple[int, float]], folders: Sequence[str]) -> None:
        """Write down what the next holder must clear if this one is killed."""
        self._holder = replace(self._holder, processes=tuple(processes), folders=tuple(folders))
        self._write()

    def beat(self) -> None:
        """Say that the holder lives; cheap, to be called often."""
        if time.monotonic() - self._touched > HEARTBEAT_SECONDS:
            os.utime(self._descriptor)
            self._touched = time.monotonic()

    def _open_locked(self) -> int:
        while True:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
            except (FileNotFoundError, FileExistsError):  # the last holder removed the folder meanwhile
                if self.folder.exists() and not self.folder.is_dir():
                    raise
                continue
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = _parse(os.pread(descriptor, 1 << 20, 0))
                os.close(descriptor)
                raise StoreBusy(_busy(self.folder.parent, holder)) from None
            except OSError:
                os.close(descriptor)
                raise
            try:
                same = os.path.samestat(os.fstat(descriptor), self._path.stat())
            except FileNotFoundError:
                same = False
            if same:
                return descriptor
            os.close(descriptor)

    def _read(self) -> Holder | None:
        return _parse(os.pread(self._descriptor, 1 << 20, 0))

    def _refuse_foreign(self) -> None:
        other = self.previous
        if other is None or other.host == self._holder.host:
            return
        silent = self._file_system_time() - os.fstat(self._descriptor).st_mtime
        if silent < FOREIGN_SILENCE_SECONDS:
            raise StoreBusy(
                f"{_busy(self.folder.parent, other)}. Its last sign of life is {silent:.0f} s old; "
                f"if it was killed, try again in a minute"
            )

    def _file_system_time(self) -> float:
        """Now, by the clock that dates the heartbeats: a file server's, where this host's own may be off."""
        with tempfile.TemporaryFile(dir=self.folder) as probe:
            return os.fstat(probe.fileno()).st_mtime

    def _write(self) -> None:
        data = json.dumps(asdict(self._holder)).encode()
        try:
            # Written before it is cut, so that a reader in between sees the holder and some rest of the old
            # text.
            os.pwrite(self._descriptor, data + b"\n", 0)
            os.ftruncate(self._descriptor, len(data) + 1)
        except OSError as error:
            cause = error.strerror or str(error)
            raise EngineError(
                f"the store {self.folder.parent} cannot be locked for this sweep: {cause}"
            ) from error
        self._touched = time.monotonic()


def clear_remains(holder: Holder, patience: float = 10.0) -> list[int]:
    """End what a killed driver of this host left running; returns the process ids that had to be killed.

    A process counts only if it was born when the note says: ids are used again. Folders are the caller's.
    """
    if holder.host != socket.gethostname():
        return []
    remaining = []
    for pid, born in holder.processes:
        try:
            process = process_born(pid, born)
            if process is not None:
                process.kill()
                remaining.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    psutil.wait_procs(remaining, timeout=patience)
    return [process.pid for process in remaining]


def _parse(raw: bytes) -> Holder | None:
    """The holder that a note names; None for an empty one, or for one whose writer was killed over it."""
    try:
        values = json.loads(raw.splitlines()[0]) if raw.strip() else None
        if values is None:
            return None
        values["processes"] = tuple((int(pid), float(born)) for pid, born in values["processes"])
        values["folders"] = tuple(values["folders"])
        return Holder(**values)
    except (ValueError, TypeError, KeyError):
        return None


def _busy(store: Path, holder: Holder | None) -> str:
    if holder is None:
        return f"the store {store} is in use by another sweep that is just starting; try again in a moment"
    return (
        f"the store {store} is in use by the sweep {holder.sweep!r} "
        f"(process {holder.pid} on {holder.host}, since {holder.since}); wait for it, or choose another store"
    )
