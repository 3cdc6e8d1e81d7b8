"""Where a store lies: a folder (``disk``) or objects behind a URL (``bucket``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Protocol

Writer = Callable[[Path], str]
"""Writes one file to the path it is given and returns the sha256 of what it wrote."""

Head = Callable[[Mapping[str, str]], bytes]
"""Name -> sha256 of the files that were written, to the bytes of the file that is committed over them."""


class Medium(Protocol):
    """Commits are seen whole or not at all, by every process that looks; names are those of ``layout``.

    Errors of the place are OSErrors, or those that ``errors.explained`` knows.
    """

    def keys(self) -> list[str]:
        """Sorted keys of the cells that lie here each by itself, asked anew."""

    def prefetch(self, keys: Sequence[str]) -> None:
        """Bring the records of these cells near at once; ``record`` finds each of them there one time."""

    def record(self, key: str) -> bytes | None:
        """The sealed record of a cell that lies here by itself, or None."""

    def commit(self, folder: str, head: str, writers: Mapping[str, Writer], seal: Head) -> bool:
        """Put files and then their ``head`` into ``folder``, in one step; False if one is there already."""

    def replace(self, path: str, data: bytes) -> None:
        """Put a file in its place in one step, over whatever stood there."""

    def create(self, path: str, data: bytes) -> None:
        """As ``replace``, for a file whose every writer writes the same: one that is there may stay."""

    def remove(self, path: str) -> None:
        """Remove a file, if there is one."""

    def remove_cell(self, key: str) -> None:
        """Remove a cell that lies here by itself, its record first."""

    def file(self, folder: str, name: str, sha256: str) -> bytes | None:
        """A file that was committed with that sha256, or None if it is gone."""

    def file_sha256(self, folder: str, name: str, sha256: str) -> str | None:
        """The sha256 that the file has now, or None if it is gone."""

    def local_file(self, path: str, sha256: str) -> Path | None:
        """An immutable file of the store as a file of this host, or None if it is gone."""

    def folder(self, key: str, raw: bytes, files: Mapping[str, str]) -> Path:
        """A folder of this host with the record ``raw`` of a cell that lies here, and its ``files``."""

    def set_aside(self, place: str) -> str | None:
        """Move a cell's folder, or a file, into ``aside``; where it went, None if it was gone already."""

    def clean(self, older_than: float) -> list[PurePath]:
        """Remove what writers that died left half-made, where that is certain; returns what went."""
