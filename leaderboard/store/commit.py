"""Atomic commits on a local disk: written aside, flushed, then renamed; seen whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

# No commit takes a day: past it, a temporary folder of another host, which cannot be asked, is dead.
FOREIGN_AGE_SECONDS = 86_400.0


@contextmanager
def temporary_folder(parent: Path, name: str) -> Iterator[Path]:
    """A new folder under ``parent`` that tells which process owns it; removed on leaving unless renamed."""
    parent.mkdir(parents=True, exist_ok=True)
    folder = parent / f"{name}@{_place()}@{os.getpid()}@{secrets.token_hex(4)}"
    folder.mkdir()
    try:
        yield folder
    finally:
        # Renamed away after a commit. Where it cannot be removed, sweep_clean does it later: an error here
        # would hide the one that matters.
        shutil.rmtree(folder, ignore_errors=True)


def write_file(path: Path, data: bytes) -> str:
    """Write and flush a new file, creating its folders; returns its sha256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return hashlib.sha256(data).hexdigest()


def copy_file(source: Path, target: Path) -> str:
    """Copy and flush a file, creating its folders; returns the sha256 of what was written."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with source.open("rb") as reading, target.open("xb") as writing:
        while block := reading.read(1 << 20):
            digest.update(block)
            writing.write(block)
        writing.flush()
        os.fsync(writing.fileno())
    return digest.hexdigest()


def commit_folder(temporary: Path, final: Path) -> bool:
    """Rename a finished folder into its place; False if a folder stands there already (first writer wins)."""
    for folder, _, _ in os.walk(temporary):
        flush_folder(Path(folder))
    _make_durable(final.parent)
    try:
        temporary.rename(final)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            return False
        raise
    flush_folder(final.parent)
    return True


def commit_file(temporary_parent: Path, final: Path, data: bytes) -> None:
    """Put a file in its place in one step, over whatever stood there."""
    with temporary_folder(temporary_parent, final.stem[:12]) as folder:
        write_file(folder / final.name, data)
        _make_durable(final.parent)
        (folder / final.name).replace(final)
    flush_folder(final.parent)


def move_aside(path: Path, aside: Path) -> Path | None:
    """Rename a file or folder into ``aside``, beside earlier ones of its name.

    Returns where it went; None if it was gone already.
    """
    _make_durable(aside)
    for attempt in range(1, 10_000):
        target = aside / (path.name if attempt == 1 else f"{path.name}.{attempt}")
        if target.exists():
            continue
        try:
            path.rename(target)
        except FileNotFoundError:  # another process was faster
            return None
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                continue
            raise
        flush_folder(aside)
        flush_folder(path.parent)
        return target
    raise OSError(errno.EEXIST, f"{aside} holds 10,000 copies of {path.name}: empty it")


def flush_folder(folder: Path) -> None:
    """Make the entries of a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_stale(parent: Path, older_than: float) -> list[Path]:
    """Remove temporary folders at least ``older_than`` seconds old whose writers are gone; returns them."""
    if not parent.is_dir():
        return []
    folders = [folder for folder in sorted(parent.iterdir()) if folder.name.count("@") == 3]
    dead = [folder for folder in folders if _is_stale(folder, older_than)]
    for folder in dead:
        shutil.rmtree(folder)
    return dead


def _is_stale(folder: Path, older_than: float) -> bool:
    try:
        modified = folder.stat().st_mtime
    except FileNotFoundError:
        return False
    age = time.time() - modified
    if age < older_than:
        return False
    _, place, process, _ = folder.name.split("@")
    if place != _place():
        return age >= max(older_than, FOREIGN_AGE_SECONDS)
    try:
        owner = psutil.Process(int(process))
        # A process born after the folder's last change only inherited the writer's number.
        return owner.status() == psutil.STATUS_ZOMBIE or owner.create_time() > modified + 1
    except psutil.NoSuchProcess:
        return True


def _make_durable(folder: Path) -> None:
    missing = [folder, *folder.parents]
    missing = missing[: next(i for i, part in enumerate(missing) if part.exists())]
    folder.mkdir(parents=True, exist_ok=True)
    for part in missing:
        flush_folder(part.parent)


def _place() -> str:
    """Where process numbers mean something: this host, and this process namespace of it."""
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:  # not Linux: one namespace a host
        namespace = ""
    return hashlib.sha256(f"{socket.gethostname()}/{namespace}".encode()).hexdigest()[:12]
