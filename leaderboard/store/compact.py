"""Many small cells into few files: segments are committed first, what they hold is removed after."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import PurePosixPath

from leaderboard.records import Record
from leaderboard.store import layout
from leaderboard.store.errors import CorruptRecord
from leaderboard.store.medium import Medium
from leaderboard.store.segments import MOST_ROWS, Row, Segments

# A cell with more than this beside its record stays where it is: there is little to gain.
MOST_BYTES = 1 << 20

OnCorrupt = Callable[[CorruptRecord], None]


@dataclass(frozen=True)
class Compacted:
    """What a compaction did: cells that are now in segments alone, and cells whose records were copied there.

    The latter have files that are no tables, such as checkpoints, and stay where they are. ``segments``: how
    many there are now; ``corrupt``: cells that were left alone.
    """

    folded: int
    copied: int
    segments: int
    corrupt: int


def compact(url: str, medium: Medium, segments: Segments, on_corrupt: OnCorrupt) -> Compacted:
    """Fold the cells that lie each by itself into segments, and small segments into larger ones.

    The store holds the same cells before, after and at every moment between, for every reader and writer; a
    compaction that is killed leaves cells in two places at most, and the next one goes on from there. Corrupt
    cells are handed to ``on_corrupt`` and left alone. Raises NewerSchema.
    """
    corrupt: set[str] = set()

    def told(error: CorruptRecord) -> None:
        corrupt.add(error.key)
        on_corrupt(error)

    alone = medium.keys()
    segments.refresh()
    known = segments.keys()
    fresh = [key for key in alone if key not in known]
    small = _small(segments, len(fresh))
    gathered = [_sound(segments.rows(name, url), told) for name in small]
    rows = heapq.merge(_alone(fresh, url, medium, told), *gathered, key=attrgetter("key"))
    written = segments.write(rows) if fresh or small else []
    for name in small:
        # One that had an unreadable part keeps it, for `check` to set aside.
        if name not in written and f"{layout.SEGMENTS}/{name}" not in segments.broken and not corrupt:
            segments.remove(name)
    segments.refresh()
    folded = sum(_remove(key, url, medium, segments, told) for key in alone)
    taken = segments.keys().intersection(fresh)
    copied = sum(not _is_folded(key, segments) for key in taken)
    return Compacted(folded, copied, len(segments.names()), len(corrupt))


def _small(segments: Segments, fresh: int) -> list[str]:
    """Names of the segments to be written anew in larger ones."""
    small = [name for name, count in segments.names().items() if count < MOST_ROWS // 2]
    return sorted(small) if len(small) > 1 or (small and fresh) else []


def _sound(rows: Iterator[Row | CorruptRecord], told: OnCorrupt) -> Iterator[Row]:
    for row in rows:
        if isinstance(row, CorruptRecord):
            told(row)
        else:
            yield row


def _alone(keys: list[str], url: str, medium: Medium, told: OnCorrupt) -> Iterator[Row]:
    """Rows of cells that lie each by itself, compared with their checksums."""
    for start in range(0, len(keys), 256):
        batch = keys[start : start + 256]
        medium.prefetch(batch)
        for key in batch:
            try:
                row = _row(key, url, medium)
            except CorruptRecord as error:
                told(error)
                continue
            if row is not None:
                yield row


def _row(key: str, url: str, medium: Medium) -> Row | None:
    """A cell as a row; None if another compaction was faster."""
    path = f"{layout.cell(key)}/{layout.RECORD}"
    raw = medium.record(key)
    if raw is None:
        return None
    alone = Row(key, path, raw, None)
    record = alone.record(url)
    if not _is_small(record):
        return alone
    files = {name: medium.file(layout.cell(key), name, sha256) for name, sha256 in record.files.items()}
    found = {name: data for name, data in files.items() if data is not None}
    if found != files:
        if medium.record(key) is None:
            return None
        raise CorruptRecord(key, path, f"{next(n for n in files if n not in found)} is missing")
    if sum(map(len, found.values())) > MOST_BYTES:
        return alone
    row = Row(key, path, raw, found)
    row.check(url)
    return row


def _is_small(record: Record) -> bool:
    return all(PurePosixPath(name).parent.name == "" and name.endswith(".parquet") for name in record.files)


def _remove(key: str, url: str, medium: Medium, segments: Segments, told: OnCorrupt) -> bool:
    """Remove a cell that lies by itself, if all of it can be read back from a segment."""
    try:
        row = segments.find(key)
        if row is None or row.files is None:
            return False
        row.check(url)
    except CorruptRecord as error:
        told(error)
        return False
    medium.remove_cell(key)
    return True


def _is_folded(key: str, segments: Segments) -> bool:
    row = segments.find(key)
    return row is not None and row.files is not None
