"""What a host keeps of a store: copies of what never changes, each fetched once and checked when it comes."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path

from leaderboard.store import commit
from leaderboard.store.errors import StoreError

Fetch = Callable[[Path], None]
"""Writes a file to the path it is given; FileNotFoundError where there is none to fetch."""

# For one file, another process of this host fetching it included.
_WAIT_SECONDS = 3_600.0


class Cache:
    """The folder of this host for one store, shared by all its processes; it can be deleted at any time.

    It lies in ``LEAGUE_CACHE``, or else in the user's cache folder, under ``stores/`` and a hash of ``url``.
    Opening it creates nothing.
    """

    def __init__(self, url: str) -> None:
        name = hashlib.sha256(url.encode()).hexdigest()[:16]
        named = os.environ.get("LEAGUE_CACHE")
        top = Path(named).expanduser().resolve() if named else user_cache_path("transfer-league")
        self.root = top / "stores" / name
        self.temporary = self.root / "tmp"

    def file(self, sha256: str, fetch: Fetch) -> Path | None:
        """The file with that sha256, from here or fetched; None where there is none, or another one instead.

        A copy that this host's disk has damaged is fetched again.
        """
        path = self.root / "files" / sha256[:2] / sha256
        if _is(path, sha256):
            return path
        lock = self.root / "locks" / sha256
        lock.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(lock, timeout=_WAIT_SECONDS):
            if _is(path, sha256):  # another process was faster
                return path
            with commit.temporary_folder(self.temporary, sha256[:12]) as folder:
                fetched = folder / sha256
                try:
                    fetch(fetched)
                except FileNotFoundError:
                    return None
                if not _is(fetched, sha256):
                    return None
                path.parent.mkdir(parents=True, exist_ok=True)
                fetched.replace(path)
        return path

    def record(self, key: str, version: str) -> bytes | None:
        """The record of a cell as it was kept of that version, or None."""
        try:
            return self._record(key, version).read_bytes()
        except FileNotFoundError:
            return None

    def keep_record(self, key: str, version: str, raw: bytes) -> None:
        """Put a record here, to be found by its key and version."""
        path = self._record(key, version)
        path.parent.mkdir(parents=True, exist_ok=True)
        with commit.temporary_folder(self.temporary, key[:12]) as folder:
            _write(folder / path.name, raw)
            (folder / path.name).replace(path)

    def cell(self, key: str, files: Mapping[str, str], raw: bytes, source: Callable[[str], Path]) -> Path:
        """A folder with a cell's ``files`` (name -> sha256) and its record ``raw``, made where it is missing.

        ``source(name)`` is a file of this host to take each from. The files share their bytes with ``file``.
        """
        final = self.root / "cells" / key[:2] / f"{key}-{hashlib.sha256(raw).hexdigest()[:16]}"
        if final.is_dir():
            if all(_is(final / name, sha256) for name, sha256 in files.items()):
                return final
            # Damaged by this host's disk, or by who wrote into it.
            with commit.temporary_folder(self.temporary, key[:12]) as folder, suppress(FileNotFoundError):
                final.rename(folder / "damaged")
        with commit.temporary_folder(self.temporary, key[:12]) as folder:
            for name in files:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                _link(source(name), folder / name)
            _write(folder / "record.json", raw)
            commit.commit_folder(folder, final)  # False: another process was faster, with the same bytes
        return final

    def clean(self) -> None:
        """Remove what killed processes of this host left half-made."""
        commit.remove_stale(self.temporary, 0.0)

    def _record(self, key: str, version: str) -> Path:
        name = hashlib.sha256(version.encode()).hexdigest()[:16]
        return self.root / "records" / key[:2] / f"{key}-{name}.json"


def _is(path: Path, sha256: str) -> bool:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except FileNotFoundError:
        return False
    return digest.hexdigest() == sha256


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileNotFoundError as error:
        raise StoreError(f"{source} went away while it was read; run the same command again") from error
    except OSError:  # a file system without links
        shutil.copyfile(source, target)


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
