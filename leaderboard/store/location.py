"""Where a store lies: a folder of this machine, or objects behind a URL that fsspec reaches."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import fsspec
from fsspec.implementations.local import LocalFileSystem

from leaderboard.store import layout
from leaderboard.store.bucket import Bucket
from leaderboard.store.cache import Cache
from leaderboard.store.disk import Disk
from leaderboard.store.errors import StoreError, explained
from leaderboard.store.medium import Medium

_PACKAGES = {
    "s3": "s3fs",
    "s3a": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "az": "adlfs",
    "abfs": "adlfs",
    "hdfs": "pyarrow",
    "sftp": "paramiko",
    "http": "aiohttp",
    "https": "aiohttp",
}


@dataclass(frozen=True)
class Location:
    """A root folder under which files are named by relative paths such as ``records/ab/abcd…/record.json``.

    ``local`` is the root on this machine, None for any protocol but files.
    """

    url: str
    filesystem: fsspec.AbstractFileSystem
    root: str
    local: Path | None

    def read(self, path: str) -> bytes | None:
        """The bytes of a file, or None if there is none."""
        with explained(self.url, f"{path} cannot be read"):
            try:
                data: bytes = self.filesystem.cat_file(f"{self.root}/{path}")
            except FileNotFoundError:
                return None
            return data

    def exists(self, path: str) -> bool:
        """Whether there is such a file or folder."""
        with explained(self.url, f"{path} cannot be looked for"):
            return bool(self.filesystem.exists(f"{self.root}/{path}"))

    def names(self, path: str) -> list[str]:
        """Sorted names inside a folder, asked anew; none if there is no such folder."""
        with explained(self.url, f"{path} cannot be listed"):
            try:
                entries = self.filesystem.ls(f"{self.root}/{path}", detail=False, refresh=True)
            except FileNotFoundError:
                return []
        return sorted(str(entry).rstrip("/").rsplit("/", 1)[-1] for entry in entries)

    @property
    def address(self) -> str:
        """What names this place in any process of this host: an absolute path, or the URL."""
        return self.url if self.local is None else str(self.local.resolve())

    def writable(self) -> Path:
        """The folder of this host for what goes along with the store and is no part of it, such as boards.

        The store's own, where it is a folder; else one in this host's cache.
        """
        return self.cache.root / "beside" if self.local is None else self.local

    @property
    def temporary(self) -> Path:
        """The folder of this host for what a killed process may leave behind: it is cleared away."""
        return self.cache.temporary if self.local is None else self.local / layout.TEMPORARY

    @property
    def cache(self) -> Cache:
        """What this host keeps of the store."""
        return Cache(self.address.rstrip("/"))

    def medium(self) -> Medium:
        """How this place is written to."""
        if self.local is not None:
            return Disk(self.local)
        return Bucket(self.filesystem, self.root, self.cache)


def locate(url: str | os.PathLike[str]) -> Location:
    """The location of a path, a ``file://`` URL, or a URL of an installed fsspec protocol (StoreError)."""
    text = os.fspath(url)
    protocol = text.split("://", 1)[0] if "://" in text else "file"
    # A listing that another process has outdated is of no use here.
    options = {} if protocol in ("file", "local") else {"use_listings_cache": False}
    try:
        filesystem, root = fsspec.core.url_to_fs(text, **options)
    except ImportError as error:
        package = _PACKAGES.get(protocol)
        remedy = f"pip install {package}" if package else str(error)
        raise StoreError(
            f"{text!r} cannot be opened: {protocol}:// needs another package: {remedy}"
        ) from error
    except ValueError as error:
        raise StoreError(f"{text!r} is not a store's address: {error}; give a folder or a URL") from error
    root = str(root).rstrip("/")
    if not isinstance(filesystem, LocalFileSystem):
        return Location(text.rstrip("/"), filesystem, root, None)
    local = Path(root or "/")
    if local.exists() and not local.is_dir():
        raise StoreError(f"the store {text} is a file: give a folder")
    return Location(text, filesystem, root, local)
