"""A store behind a URL: objects that are written whole, and one of them, written last, that commits a cell.

A cell's files are objects named by their content (``layout.file``); its record is created after them, under
the condition that there is none yet. S3 and Google Cloud Storage decide that themselves (``If-None-Match: *``
and ``ifGenerationMatch=0``). Where a service knows no condition, its writers look before they write: of two
that do so in the same instant the later record stays, and its files are there, since no writer touches
another's.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

import fsspec

from leaderboard.store import commit, layout
from leaderboard.store.cache import Cache
from leaderboard.store.errors import CorruptRecord
from leaderboard.store.medium import Head, Writer

# An upload that has not been committed within a day belongs to a writer that died.
ORPHAN_AGE_SECONDS = 86_400.0
_BATCH = 256
_ATTEMPTS = 5
# Two conditional writes of one object met (HTTP 409), or the service asks for patience.
_MET = (errno.EBUSY, errno.EAGAIN)
_NO_CONDITIONS = (errno.ENOSYS, errno.EOPNOTSUPP)


class Bucket:
    """The medium of a URL that fsspec can write; see ``Medium``. Immutable objects are kept in ``cache``."""

    def __init__(self, filesystem: fsspec.AbstractFileSystem, root: str, cache: Cache) -> None:
        self._filesystem, self._root, self._cache = filesystem, root, cache
        self._versions: dict[str, str] = {}
        self._fetched: dict[str, bytes] = {}

    def keys(self) -> list[str]:
        found = self._find("records")
        named = {PurePosixPath(path).parent.name: info for path, info in found.items() if _is_record(path)}
        self._versions = {key: _version(info) for key, info in named.items() if layout.is_key(key)}
        return sorted(self._versions)

    def prefetch(self, keys: Sequence[str]) -> None:
        self._fetched.clear()
        missing = []
        for key in keys:
            kept = self._cache.record(key, self._versions[key]) if key in self._versions else None
            if kept is None:
                missing.append(key)
            else:
                self._fetched[key] = kept
        for start in range(0, len(missing), _BATCH):
            paths = {self._path(_record(key)): key for key in missing[start : start + _BATCH]}
            # An error at one of them comes again, and is told, when that one is read.
            found: Mapping[str, bytes | Exception] = self._filesystem.cat(list(paths), on_error="return")
            for path, key in paths.items():
                raw = found.get(path)
                if isinstance(raw, bytes):
                    self._fetched[key] = raw
                    if key in self._versions:
                        self._cache.keep_record(key, self._versions[key], raw)

    def record(self, key: str) -> bytes | None:
        return self._fetched.pop(key, None) or self._read(_record(key))

    def commit(self, folder: str, head: str, writers: Mapping[str, Writer], seal: Head) -> bool:
        with commit.temporary_folder(self._cache.temporary, PurePath(folder).name[:12]) as temporary:
            hashes = {name: write(temporary / name) for name, write in writers.items()}
            sealed = seal(hashes)
            for name, sha256 in hashes.items():
                self._filesystem.put_file(str(temporary / name), self._path(layout.file(folder, sha256)))
            return self._create(f"{folder}/{head}", sealed)

    def replace(self, path: str, data: bytes) -> None:
        self._filesystem.pipe_file(self._path(path), data)

    def create(self, path: str, data: bytes) -> None:
        self._create(path, data)

    def remove(self, path: str) -> None:
        try:
            self._filesystem.rm_file(self._path(path))
        except FileNotFoundError:
            return

    def remove_cell(self, key: str) -> None:
        self.remove(_record(key))
        for path in self._find(_files(layout.cell(key))):
            self.remove(path)

    def file(self, folder: str, name: str, sha256: str) -> bytes | None:
        found = self._local(folder, name, sha256)
        return None if found is None else found.read_bytes()

    def file_sha256(self, folder: str, name: str, sha256: str) -> str | None:
        # What is not the right file does not come into the cache.
        return None if self._local(folder, name, sha256) is None else sha256

    def local_file(self, path: str, sha256: str) -> Path | None:
        return self._cache.file(sha256, self._fetch(path))

    def folder(self, key: str, raw: bytes, files: Mapping[str, str]) -> Path:
        def source(name: str) -> Path:
            found = self._local(layout.cell(key), name, files[name])
            if found is None:
                raise CorruptRecord(key, f"{layout.cell(key)}/{name}", "it is missing or was changed")
            return found

        return self._cache.cell(key, files, raw, source)

    def set_aside(self, place: str) -> str | None:
        key = PurePosixPath(place).name
        heads = [place] if place.endswith((".json", ".parquet")) else [*self._find(place)]
        moved = [*([] if place in heads else self._find(_files(place))), *heads]  # the commit point last
        number = 1 + sum(1 for name in self._names(layout.ASIDE) if name.split("@")[0] == key)
        target = f"{layout.ASIDE}/{key}" if number == 1 else f"{layout.ASIDE}/{key}@{number}"
        for path in moved:
            try:
                self._filesystem.cp_file(self._path(path), self._path(f"{target}/{PurePosixPath(path).name}"))
            except FileNotFoundError:
                continue
            self.remove(path)
        return self._path(target) if moved else None

    def clean(self, older_than: float) -> list[PurePath]:
        self._cache.clean()
        found = self._find("files")
        if not found:
            return []
        committed = {*self.keys(), *self._names("benchmarks")}
        oldest = datetime.now(timezone.utc).timestamp() - max(older_than, ORPHAN_AGE_SECONDS)
        orphans = [
            path
            for path, info in found.items()
            if PurePosixPath(path).parent.name not in committed and _modified(info) < oldest
        ]
        for path in orphans:
            self.remove(path)
        return [PurePosixPath(path) for path in orphans]

    # Private

    def _create(self, path: str, data: bytes) -> bool:
        full = self._path(path)
        for attempt in range(_ATTEMPTS):
            try:
                self._filesystem.pipe_file(full, data, mode="create")
            except FileExistsError:
                return False
            except NotImplementedError:
                return self._create_looking(full, data)
            except OSError as error:
                if error.errno in _NO_CONDITIONS:
                    return self._create_looking(full, data)
                if self._filesystem.exists(full):
                    return False
                if error.errno not in _MET or attempt == _ATTEMPTS - 1:
                    raise
                time.sleep(0.1 * 2**attempt)
            else:
                return True
        raise AssertionError("unreachable")

    def _create_looking(self, full: str, data: bytes) -> bool:
        if self._filesystem.exists(full):
            return False
        self._filesystem.pipe_file(full, data)
        return bool(self._filesystem.cat_file(full) == data)

    def _local(self, folder: str, name: str, sha256: str) -> Path | None:
        """A committed file by its content; or by its name, in a store that was copied here from a folder."""
        paths = (layout.file(folder, sha256), f"{folder}/{name}")
        found = (self._cache.file(sha256, self._fetch(path)) for path in paths)
        return next((path for path in found if path is not None), None)

    def _fetch(self, path: str) -> Callable[[Path], None]:
        return lambda target: self._filesystem.get_file(self._path(path), str(target))

    def _read(self, path: str) -> bytes | None:
        try:
            raw: bytes = self._filesystem.cat_file(self._path(path))
        except FileNotFoundError:
            return None
        return raw

    def _find(self, path: str) -> dict[str, dict[str, Any]]:
        """Path in the store -> what is told of it, for every object under ``path``, asked anew."""
        full = self._path(path)
        self._filesystem.invalidate_cache(full)
        try:
            found = self._filesystem.find(full, detail=True)
        except FileNotFoundError:
            return {}
        return {f"{path}/{str(name).split(f'{full}/', 1)[-1]}": info for name, info in found.items()}

    def _names(self, path: str) -> list[str]:
        return sorted({PurePosixPath(name).relative_to(path).parts[0] for name in self._find(path)})

    def _path(self, path: str) -> str:
        return f"{self._root}/{path}"


def _record(key: str) -> str:
    return f"{layout.cell(key)}/{layout.RECORD}"


def _is_record(path: str) -> bool:
    return path.endswith(f"/{layout.RECORD}")


def _files(folder: str) -> str:
    return str(PurePosixPath(layout.file(folder, "0" * 64)).parent)


def _version(info: Mapping[str, Any]) -> str:
    """What changes with an object: its tag where the service gives one, else its size and time."""
    tag = info.get("ETag") or info.get("etag") or info.get("generation")
    return str(tag or f"{info.get('size')}/{_modified(info)}")


def _modified(info: Mapping[str, Any]) -> float:
    """Seconds since 1970; that of something just made where the service does not tell."""
    for name in ("LastModified", "updated", "last_modified", "mtime", "modified", "created"):
        value = info.get(name)
        if isinstance(value, str):
            value = datetime.fromisoformat(value.replace("Z", "+00:00"))
        if isinstance(value, datetime):
            return value.timestamp()
        if isinstance(value, (int, float)):
            return float(value)
    return time.time()
