"""A store in a folder of this machine, or of a file system that it shares: commits are renames."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath

from leaderboard.store import commit, layout
from leaderboard.store.medium import Head, Writer


class Disk:
    """The medium of a local folder; see ``Medium``."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._temporary = root / layout.TEMPORARY

    def keys(self) -> list[str]:
        return [
            key
            for shard in self._names("records")
            for key in self._names(f"records/{shard}")
            if layout.is_key(key)
        ]

    def prefetch(self, keys: Sequence[str]) -> None:
        """Nothing to do: a disk is near."""

    def record(self, key: str) -> bytes | None:
        return self._read(f"{layout.cell(key)}/{layout.RECORD}")

    def commit(self, folder: str, head: str, writers: Mapping[str, Writer], seal: Head) -> bool:
        name = PurePath(folder).name[:12]
        with commit.temporary_folder(self._temporary, name) as temporary:
            hashes = {name: write(temporary / name) for name, write in writers.items()}
            commit.write_file(temporary / head, seal(hashes))
            return commit.commit_folder(temporary, self._root / folder)

    def replace(self, path: str, data: bytes) -> None:
        commit.commit_file(self._temporary, self._root / path, data)

    create = replace

    def remove(self, path: str) -> None:
        (self._root / path).unlink(missing_ok=True)

    def remove_cell(self, key: str) -> None:
        folder = self._root / layout.cell(key)
        # Renamed first: a cell whose record is gone and whose files are not would look corrupt.
        with commit.temporary_folder(self._temporary, key[:12]) as temporary:
            try:
                folder.rename(temporary / key)
            except FileNotFoundError:
                return
            commit.flush_folder(folder.parent)

    def file(self, folder: str, name: str, sha256: str) -> bytes | None:
        return self._read(f"{folder}/{name}")

    def file_sha256(self, folder: str, name: str, sha256: str) -> str | None:
        digest = hashlib.sha256()
        try:
            with (self._root / folder / name).open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return digest.hexdigest()

    def local_file(self, path: str, sha256: str) -> Path | None:
        found = self._root / path
        return found if found.exists() else None

    def folder(self, key: str, raw: bytes, files: Mapping[str, str]) -> Path:
        return self._root / layout.cell(key)

    def set_aside(self, place: str) -> str | None:
        moved = commit.move_aside(self._root / place, self._root / layout.ASIDE)
        return None if moved is None else str(moved)

    def clean(self, older_than: float) -> list[PurePath]:
        return [*commit.remove_stale(self._temporary, older_than)]

    def _read(self, path: str) -> bytes | None:
        try:
            return (self._root / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _names(self, path: str) -> list[str]:
        try:
            return sorted(entry.name for entry in (self._root / path).iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []
