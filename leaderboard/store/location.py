"""Where a store lies: a folder of this machine, or one that fsspec reaches and that is read only."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import fsspec
from fsspec.implementations.local import LocalFileSystem

from leaderboard.store.errors import StoreError, explained


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

    def sha256(self, path: str) -> str | None:
        """The sha256 of a file, read in pieces, or None if there is none."""
        digest = hashlib.sha256()
        with explained(self.url, f"{path} cannot be read"):
            try:
                with self.filesystem.open(f"{self.root}/{path}", "rb") as file:
                    while block := file.read(1 << 20):
                        digest.update(block)
            except FileNotFoundError:
                return None
        return digest.hexdigest()

    def exists(self, path: str) -> bool:
        """Whether there is such a file or folder."""
        return bool(self.filesystem.exists(f"{self.root}/{path}"))

    def names(self, path: str) -> list[str]:
        """Sorted names inside a folder, asked anew; none if there is no such folder."""
        with explained(self.url, f"{path} cannot be listed"):
            try:
                entries = self.filesystem.ls(f"{self.root}/{path}", detail=False, refresh=True)
            except FileNotFoundError:
                return []
        return sorted(str(entry).rstrip("/").rsplit("/", 1)[-1] for entry in entries)

    def writable(self) -> Path:
        """The root on this machine; StoreError for any protocol but files."""
        if self.local is None:
            raise StoreError(
                f"the store {self.url} can be read but not written: only a local folder can commit a record "
                "in one step; write to a folder and copy it there"
            )
        return self.local


def locate(url: str | os.PathLike[str]) -> Location:
    """The location of a path, a ``file://`` URL, or a URL of an installed fsspec protocol (StoreError)."""
    text = os.fspath(url)
    try:
        filesystem, root = fsspec.core.url_to_fs(text)
    except (ValueError, ImportError) as error:
        raise StoreError(f"{text!r} is not a store's address: {error}; give a folder or a URL") from error
    root = str(root).rstrip("/")
    if not isinstance(filesystem, LocalFileSystem):
        return Location(text, filesystem, root, None)
    local = Path(root or "/")
    if local.exists() and not local.is_dir():
        raise StoreError(f"the store {text} is a file: give a folder")
    return Location(text, filesystem, root, local)
