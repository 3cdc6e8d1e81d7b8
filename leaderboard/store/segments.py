"""Many small cells in one file: Parquet segments, each committed in one step and named by its content.

A row is a cell: ``key``, ``kind``, ``sweep``, ``record`` (the sealed record, JSON), ``files``, the bytes of
its tables by name. ``files`` is null for a cell that has more than tables, such as a checkpoint: that one
stays where it is as well, and the segment only spares a scan from opening it.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import pyarrow as pa
import pyarrow.parquet as pq

from leaderboard.records import Record
from leaderboard.store import layout
from leaderboard.store.envelope import SealError, unseal
from leaderboard.store.errors import CorruptRecord
from leaderboard.store.location import Location
from leaderboard.store.medium import Medium

MOST_ROWS = 8_192
_GROUP = 128
_GROUPS_HELD = 64
_FILES = pa.list_(pa.struct([pa.field("name", pa.string()), pa.field("data", pa.binary())]))
SCHEMA = pa.schema(
    [
        pa.field("key", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("sweep", pa.string(), nullable=False),
        pa.field("record", pa.string(), nullable=False),
        pa.field("files", _FILES),
    ]
)


@dataclass(frozen=True)
class Row:
    """A cell in a segment. ``files`` are the bytes of all its files by name; None: they lie elsewhere."""

    key: str
    path: str
    raw: bytes
    files: Mapping[str, bytes] | None

    def record(self, url: str) -> Record:
        """The record, compared with its checksum. Raises CorruptRecord, NewerSchema."""
        try:
            record = unseal(self.raw, Record, f"{url}/{self.path}")
        except SealError as error:
            raise CorruptRecord(self.key, self.path, str(error)) from error
        if record.key != self.key:
            raise CorruptRecord(self.key, self.path, f"it belongs to {record.key}: it was copied or renamed")
        return record

    def check(self, url: str) -> None:
        """Compare the record and the files with their checksums. Raises CorruptRecord, NewerSchema."""
        record = self.record(url)
        if self.files is None:
            return
        for name, sha256 in record.files.items():
            if name not in self.files:
                raise CorruptRecord(self.key, self.path, f"{name} is missing")
            if hashlib.sha256(self.files[name]).hexdigest() != sha256:
                raise CorruptRecord(self.key, self.path, f"the sha256 of {name} is not the one in the record")


class Segments:
    """The segments of a store, as they were when last looked at (``refresh``), by the keys in them.

    ``broken``: paths of segments of which a part cannot be read, and why; the other cells in them can.
    """

    def __init__(self, location: Location, medium: Medium) -> None:
        self._location, self._medium = location, medium
        self._open: dict[str, pq.ParquetFile] = {}
        self._keys: dict[str, list[str | None]] = {}
        self._index: dict[str, tuple[str, int]] = {}
        self._held: OrderedDict[tuple[str, int], pa.Table] = OrderedDict()
        self.broken: dict[str, str] = {}

    def refresh(self) -> None:
        """Look anew at which segments there are."""
        names = {name for name in self._location.names(layout.SEGMENTS) if name.endswith(".parquet")}
        if names == self._keys.keys():
            return
        for name in self._keys.keys() - names:
            self._forget(name)
        for name in sorted(names - self._keys.keys()):
            self._load(name)
        self._index = {}
        for name in sorted(self._keys):
            for position, key in enumerate(self._keys[name]):
                if key is not None:
                    self._index.setdefault(key, (name, position))

    def keys(self) -> frozenset[str]:
        """Keys of the cells in them."""
        return frozenset(self._index)

    def names(self) -> dict[str, int]:
        """Names of the segments and how many cells are in each."""
        return {name: sum(key is not None for key in keys) for name, keys in self._keys.items()}

    def find(self, key: str) -> Row | None:
        """The row of a cell, or None. Raises CorruptRecord where it cannot be read."""
        place = self._index.get(key)
        if place is None:
            return None
        name, position = place
        path = _path(name)
        try:
            group = self._group(name, position // _GROUP)
            row = group.slice(position % _GROUP, 1).to_pylist()[0]
            files = row["files"]
            return Row(
                key,
                path,
                row["record"].encode(),
                None if files is None else {file["name"]: file["data"] for file in files},
            )
        except (pa.ArrowException, OSError, UnicodeError) as error:
            raise CorruptRecord(key, path, f"a part of it cannot be read ({_first(error)})") from error

    def rows(self, name: str, url: str) -> Iterator[Row | CorruptRecord]:
        """Every row of a segment, or in its place what is wrong with it."""
        for position, key in enumerate(self._keys.get(name, ())):
            if key is None or self._index.get(key) != (name, position):
                continue  # unreadable, or in an earlier segment too
            try:
                row = self.find(key)
                if row is not None:
                    row.check(url)
                    yield row
            except CorruptRecord as error:
                yield error

    def write(self, rows: Iterable[Row]) -> list[str]:
        """Commit rows, given in the order of their keys, in as many segments as they need; their names."""
        names = []
        remaining = iter(rows)
        while batch := list(islice(remaining, MOST_ROWS)):
            data = _parquet(batch, self._location.url)
            name = f"{hashlib.sha256(data).hexdigest()}.parquet"
            self._medium.create(_path(name), data)
            names.append(name)
        return names

    def remove(self, name: str) -> None:
        """Remove a segment whose rows are in others, or no longer wanted."""
        self._medium.remove(_path(name))

    def without(self, keys: frozenset[str], *, damaged: frozenset[str] = frozenset()) -> str | None:
        """Take cells out: the segments that hold them are written anew without them, then removed.

        Those whose paths are in ``damaged`` are written anew with what is sound in them, and set aside: where
        the last of them went, if any did.
        """
        self.refresh()
        gone = None
        for name, held in [*self._keys.items()]:
            path = _path(name)
            if path not in damaged and not keys.intersection(held):
                continue
            rows = [row for row in self.rows(name, self._location.url) if isinstance(row, Row)]
            self.write(row for row in rows if row.key not in keys)
            if path in damaged:
                gone = self._medium.set_aside(path) or gone
            else:
                self.remove(name)
        self.refresh()
        return gone

    def _group(self, name: str, number: int) -> pa.Table:
        place = (name, number)
        table = self._held.get(place)
        if table is None:
            table = self._held[place] = self._open[name].read_row_group(number, use_threads=False)
            while len(self._held) > _GROUPS_HELD:
                self._held.popitem(last=False)
        self._held.move_to_end(place)
        return table

    def _load(self, name: str) -> None:
        path = _path(name)
        local = self._medium.local_file(path, name.removesuffix(".parquet"))
        if local is None:  # removed since it was listed, after its rows were committed in another one
            if self._location.exists(path):
                self.broken[path], self._keys[name] = "its sha256 is not its name: it was cut or edited", []
            return
        keys: list[str | None] = []
        try:
            file = pq.ParquetFile(local, memory_map=True)
            for number in range(file.num_row_groups):
                keys += self._group_keys(file, number, path)
        except FileNotFoundError:
            return
        except (pa.ArrowException, OSError) as error:
            self.broken[path] = f"it cannot be read ({_first(error)})"
            self._keys[name] = []
            return
        self._open[name], self._keys[name] = file, keys

    def _group_keys(self, file: pq.ParquetFile, number: int, path: str) -> list[str | None]:
        try:
            keys: list[str | None] = file.read_row_group(number, ["key"])["key"].to_pylist()
        except (pa.ArrowException, OSError, UnicodeError) as error:
            self.broken[path] = f"a part of it cannot be read ({_first(error)})"
            return [None] * int(file.metadata.row_group(number).num_rows)
        return [key if key is not None and layout.is_key(key) else None for key in keys]

    def _forget(self, name: str) -> None:
        self._keys.pop(name)
        self._open.pop(name, None)
        self.broken.pop(_path(name), None)
        for place in [place for place in self._held if place[0] == name]:
            del self._held[place]


def _parquet(rows: list[Row], url: str) -> bytes:
    records = [row.record(url) for row in rows]
    table = pa.table(
        {
            "key": [row.key for row in rows],
            "kind": [record.kind for record in records],
            "sweep": [record.sweep for record in records],
            "record": [row.raw.decode("ascii") for row in rows],
            "files": [
                None if row.files is None else [{"name": n, "data": d} for n, d in sorted(row.files.items())]
                for row in rows
            ],
        },
        schema=SCHEMA,
    )
    buffer = pa.BufferOutputStream()
    pq.write_table(table, buffer, compression="zstd", row_group_size=_GROUP, version="2.6")
    return bytes(buffer.getvalue())


def _path(name: str) -> str:
    return f"{layout.SEGMENTS}/{name}"


def _first(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
