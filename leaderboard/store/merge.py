"""Two stores into one: what another store has and this one lacks, each cell checked and committed whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from leaderboard.records import Plan, Record
from leaderboard.store.commit import temporary_folder
from leaderboard.store.errors import CorruptRecord, Problem, explained
from leaderboard.store.store import Store


@dataclass(frozen=True)
class Merged:
    """What a merge did: records taken, records that were here, and counts of what else was taken.

    ``corrupt`` are the cells of the other store that were left there, and why.
    """

    taken: int
    known: int
    failures: int
    plans: int
    benchmarks: int
    corrupt: tuple[Problem, ...]


def merge(source: Store, target: Store) -> Merged:
    """Bring into ``target`` what it lacks of ``source``, which is only read and may lie behind any URL.

    Records are compared with their checksums before they are committed, one by one: a merge that is killed
    has taken whole cells, and goes on when called again. Where both have a cell the one here stays: its
    computed part is the same, by its key. A sweep that both planned consists of the cells of both plans
    afterwards. A failure comes along where the cell is not finished here. Raises StoreError where ``source``
    cannot be read or ``target`` cannot be written.
    """
    corrupt: list[Problem] = []

    def left(error: CorruptRecord) -> None:
        corrupt.append(Problem(error.key, error.path, error.reason))

    here = set(target.keys())
    taken = known = 0
    for record in source.scan(on_corrupt=left):
        if record.key in here:
            known += 1
            continue
        try:
            taken += _take(record, source, target)
        except CorruptRecord as error:
            left(error)
    _origins(source, target)
    return Merged(
        taken,
        known,
        failures=_failures(source, target, left),
        plans=sum(_plan(name, source, target) for name in source.plans()),
        benchmarks=_benchmarks(source, target, left),
        corrupt=tuple(corrupt),
    )


def _take(record: Record, source: Store, target: Store) -> bool:
    # On the target's own disk, where what a killed merge leaves is cleared away like any killed writer's.
    parent = target.location.temporary
    name = record.key[:12]
    with explained(target.url, f"cell {name} was not taken"), temporary_folder(parent, name) as folder:
        files: dict[str, Path] = {}
        for file in record.files:
            files[file] = folder / str(len(files))
            files[file].write_bytes(source.file(record, file) or b"")
        first = target.put(record, files=files)
    target.clear_failure(record.key)
    return first


def _failures(source: Store, target: Store, left: Callable[[CorruptRecord], None]) -> int:
    settled = {*target.keys(), *(failure.key for failure in target.failures(on_corrupt=left))}
    found = [failure for failure in source.failures(on_corrupt=left) if failure.key not in settled]
    for failure in found:
        target.put_failure(failure)
    return len(found)


def _plan(sweep: str, source: Store, target: Store) -> bool:
    theirs, ours = source.plan(sweep), target.plan(sweep)
    if theirs is None:
        return False
    both = ours or Plan(sweep=sweep, keys=())
    keys, cells = {*both.keys, *theirs.keys}, {**theirs.cells, **both.cells}
    if ours is not None and keys == set(ours.keys) and cells == ours.cells:
        return False
    target.put_plan(sweep, keys, cells)
    return True


def _benchmarks(source: Store, target: Store, left: Callable[[CorruptRecord], None]) -> int:
    taken = 0
    for digest in source.location.names("benchmarks"):
        try:
            found = source.benchmark(digest)
        except CorruptRecord as error:
            left(error)
            continue
        taken += found is not None and target.put_benchmark(*found)
    return taken


def _origins(source: Store, target: Store) -> None:
    """Cells that came to the other store from elsewhere did not become its own on the way here."""
    ours = {origin.bundle: origin for origin in target.origins()}
    for origin in source.origins():
        mine = ours.get(origin.bundle, origin)
        both = mine.model_copy(update={"keys": tuple(sorted({*mine.keys, *origin.keys}))})
        if both != ours.get(origin.bundle):
            target.put_origin(both)
