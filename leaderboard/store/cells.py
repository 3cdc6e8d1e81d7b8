"""The finished cells of a store, wherever each lies: by itself, or in a segment with many others."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from leaderboard.records import BenchmarkCard, Failure, Origin, Plan, Record
from leaderboard.store import layout
from leaderboard.store.envelope import SealError, unseal
from leaderboard.store.errors import CorruptRecord, StoreError, explained
from leaderboard.store.location import Location
from leaderboard.store.medium import Medium
from leaderboard.store.segments import Row, Segments

_BATCH = 256
Sealed = TypeVar("Sealed", Record, Failure, Plan, Origin, BenchmarkCard)


class Cells:
    """Reads cells. Whatever a compaction does meanwhile, a cell that is there is found."""

    def __init__(self, location: Location, medium: Medium, segments: Segments) -> None:
        self.location, self.url = location, location.url
        self._medium, self._segments = medium, segments

    def keys(self) -> list[str]:
        """Keys of all finished cells, sorted."""
        with explained(self.url, "records cannot be listed"):
            # In this order: what is compacted in between is in the segments before it goes.
            alone = self._medium.keys()
            self._segments.refresh()
        return sorted({*alone, *self._segments.keys()})

    def near(self, keys: list[str]) -> Iterator[str]:
        """``keys``, each once its record is near; far away, records come many at a time."""
        for start in range(0, len(keys), _BATCH):
            batch = keys[start : start + _BATCH]
            folded = self._segments.keys()
            with explained(self.url, "records cannot be read"):
                self._medium.prefetch([key for key in batch if key not in folded])
            yield from batch

    def folder(self, key: str) -> Path:
        """See ``Store.folder``."""
        local = self.location.local
        if local is not None and (local / layout.cell(key)).is_dir():
            return local / layout.cell(key)
        with explained(self.url, f"the files of cell {key[:12]} were not fetched"):
            self._segments.refresh()
            row = self._segments.find(key)
            if row is not None and row.files is not None:
                return self._unfolded(row, row.files)
            raw = row.raw if row is not None else self._medium.record(key)
            record = None if raw is None else self.read(key, verify_files=False)
            if raw is None or record is None:
                raise StoreError(f"the store {self.url} has no cell {key}")
            return self._medium.folder(key, raw, record.files)

    def read(self, key: str, verify_files: bool) -> Record | None:
        """The record of a cell, or None. Raises CorruptRecord."""
        folder = layout.cell(key)
        row = self._segments.find(key)
        if row is None:
            record = self._read_alone(key)
            if record is None:
                # Perhaps compacted since the segments were last looked at.
                self._segments.refresh()
                row = self._segments.find(key)
        if row is not None:
            record = row.record(self.url)
        if record is None or not verify_files:
            return record
        if row is not None:
            row.check(self.url)
        if row is None or row.files is None:
            for name, sha256 in record.files.items():
                with explained(self.url, f"{folder}/{name} cannot be read"):
                    found = self._medium.file_sha256(folder, name, sha256)
                _compare(record, name, f"{folder}/{name}", found)
        return record

    def _read_alone(self, key: str) -> Record | None:
        """The record of a cell that lies by itself, or None."""
        record = self._parsed(key)
        folder = layout.cell(key)
        if record is None and self.location.local is not None and self.location.exists(folder):
            # Perhaps committed between the two looks: only a folder that still has no record is corrupt.
            record = self._parsed(key)
            if record is None and self.location.exists(folder):
                raise CorruptRecord(key, f"{folder}/{layout.RECORD}", "it is missing")
        return record

    def _parsed(self, key: str) -> Record | None:
        path = f"{layout.cell(key)}/{layout.RECORD}"
        with explained(self.url, f"{path} cannot be read"):
            raw = self._medium.record(key)
        return None if raw is None else opened(raw, self.url, path, Record, key)

    def file(self, record: Record, name: str) -> bytes:
        """A file beside a record. Raises CorruptRecord."""
        folder = layout.cell(record.key)
        path = f"{folder}/{name}"
        raw = self._folded_file(record.key, name)
        if raw is None:
            with explained(self.url, f"{path} cannot be read"):
                raw = self._medium.file(folder, name, record.files[name])
        if raw is None:  # perhaps compacted in between
            self._segments.refresh()
            raw = self._folded_file(record.key, name)
        _compare(record, name, path, None if raw is None else hashlib.sha256(raw).hexdigest())
        return raw or b""

    def _folded_file(self, key: str, name: str) -> bytes | None:
        row = self._segments.find(key)
        return None if row is None or row.files is None else row.files.get(name)

    def _unfolded(self, row: Row, files: Mapping[str, bytes]) -> Path:
        row.check(self.url)
        hashes = row.record(self.url).files
        cache = self.location.cache

        def source(name: str) -> Path:
            def write(path: Path) -> None:
                path.write_bytes(files[name])

            kept = cache.file(hashes[name], write)
            assert kept is not None, "checked above"
            return kept

        return cache.cell(row.key, hashes, row.raw, source)


def opened(raw: bytes, url: str, path: str, model: type[Sealed], name: str) -> Sealed:
    """What was sealed in ``raw``; ``name`` is the key or sweep that it must hold. Raises CorruptRecord."""
    try:
        found = unseal(raw, model, f"{url}/{path}")
    except SealError as error:
        raise CorruptRecord(name, path, str(error)) from error
    own = _name(found)
    if own != name:
        raise CorruptRecord(name, path, f"it belongs to {own}: it was copied or renamed")
    return found


def _name(sealed: Record | Failure | Plan | Origin | BenchmarkCard) -> str:
    if isinstance(sealed, Plan):
        return sealed.sweep
    if isinstance(sealed, BenchmarkCard):
        return sealed.digest
    return sealed.bundle if isinstance(sealed, Origin) else sealed.key


def _compare(record: Record, file: str, path: str, found: str | None) -> None:
    if found is None:
        raise CorruptRecord(record.key, path, "it is missing")
    if found != record.files[file]:
        raise CorruptRecord(record.key, path, "its sha256 is not the one in the record: it was cut or edited")
