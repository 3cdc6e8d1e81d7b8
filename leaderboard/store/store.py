"""The store: immutable, checksummed records of finished cells, each committed in one step."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import pyarrow as pa

from leaderboard.records import (
    SCHEMA_VERSION,
    BenchmarkCard,
    CellKind,
    Failure,
    Origin,
    Plan,
    PlannedCell,
    Record,
)
from leaderboard.store import commit, layout, views
from leaderboard.store.cells import Cells, Sealed, opened
from leaderboard.store.compact import Compacted, compact
from leaderboard.store.contents import contents
from leaderboard.store.envelope import seal
from leaderboard.store.errors import CorruptRecord, NewerSchema, Problem, StoreError, explained
from leaderboard.store.location import locate
from leaderboard.store.segments import Segments
from leaderboard.store.tables import from_parquet

if TYPE_CHECKING:
    import duckdb


class Store:
    """A folder of finished cells. Opening it creates nothing; the first commit does.

    ``url`` is a path, a ``file://`` URL, or a URL of a service that fsspec writes to, such as ``s3://`` with
    s3fs installed or ``gs://`` with gcsfs. What never changes is fetched from there once a host (``Cache``).
    ``on_problem`` hears of each corrupt cell that ``get`` or ``check`` finds; by default it is logged.

    Layout: ``store.json`` (schema version), ``records/<k[:2]>/<key>/`` with ``record.json`` and the cell's
    files, ``failures/<k[:2]>/<key>.json``, ``plans/<sweep>.json``, ``origins/<bundle>.json``,
    ``benchmarks/<digest>/`` with ``card.json`` and ``sheet.png``, ``segments/`` for what was compacted,
    ``aside/`` for what was corrupt, ``tmp/``. Behind a URL, files lie in ``files/<k[:2]>/<key>/<sha256>``.

    Raises StoreError where ``url`` cannot be a store, NewerSchema where a newer version wrote it.
    """

    def __init__(
        self, url: str | os.PathLike[str], on_problem: Callable[[Problem], None] | None = None
    ) -> None:
        self.location = locate(url)
        self.url = self.location.url
        self._medium = self.location.medium()
        self._segments = Segments(self.location, self._medium)
        self._cells = Cells(self.location, self._medium, self._segments)
        self._on_problem = on_problem or _log
        self._check_schema()

    @property
    def exists(self) -> bool:
        """Whether anything was ever committed here."""
        return self.location.exists(layout.STORE)

    # Records

    def put(
        self,
        record: Record,
        tables: Mapping[str, pa.Table] | None = None,
        files: Mapping[str, str | os.PathLike[str]] | None = None,
    ) -> bool:
        """Commit a finished cell; True if it was the first to arrive, False if one is there already.

        ``tables`` become ``<name>.parquet``; ``files`` are copied in under the names given, a folder with all
        that is in it. ``record.files`` is filled in here. The table ``outcomes`` must fit OUTCOME_SCHEMA.

        Raises ValueError where the record, a table or a name is unfit, StoreError where the disk refuses;
        either way nothing stays behind.
        """
        name = f"cell {record.key[:12]}"
        with explained(self.url, f"{name} was not recorded"):
            if self.location.exists(f"{layout.cell(record.key)}/{layout.RECORD}") or self._is_folded(
                record.key
            ):
                return False
        writers = contents(tables or {}, files or {})

        def sealed(hashes: Mapping[str, str]) -> bytes:
            if record.files and record.files != hashes:
                raise ValueError(f"record.files of {name} are not the files committed with it")
            return seal(record.model_copy(update={"files": dict(hashes)}))

        with explained(self.url, f"{name} was not recorded"):
            self._create()
            first = self._medium.commit(layout.cell(record.key), layout.RECORD, writers, sealed)
            if first and self._is_folded(record.key):
                # Another writer's was committed and compacted since it was looked for: that one was first.
                self._medium.remove_cell(record.key)
                return False
            return first

    def get(self, key: str, verify_files: bool = True) -> Record | None:
        """The record of a finished cell, or None if it must be computed.

        A corrupt cell is set aside, reported to ``on_problem``, and counts as not computed. With
        ``verify_files`` the files beside the record are hashed too; from a URL that brings them to this host.
        """
        try:
            return self._cells.read(key, verify_files)
        except CorruptRecord as error:
            self._on_problem(self._set_aside(error))
            return None

    def found(self, keys: Iterable[str], verify_files: bool = True) -> Iterator[Record]:
        """Records of those of the cells that need not be computed, in the order given; as by ``get``."""
        finished = set(self.keys())
        for key in self._cells.near([key for key in keys if key in finished]):
            record = self.get(key, verify_files)
            if record is not None:
                yield record

    def keys(self) -> list[str]:
        """Keys of all finished cells, sorted."""
        return self._cells.keys()

    def scan(
        self,
        kind: CellKind | None = None,
        sweep: str | None = None,
        on_corrupt: Callable[[CorruptRecord], None] | None = None,
    ) -> Iterator[Record]:
        """Records sorted by key, of one kind and one sweep if these are given.

        A sweep's records are those in its plan (see ``put_plan``); without a plan, those it computed first.
        Raises CorruptRecord at a corrupt record, or hands it to ``on_corrupt`` and goes on.
        """
        planned = self._planned(sweep)
        keys = [key for key in self.keys() if planned is None or key in planned]
        for path, reason in self._segments.broken.items():
            broken = CorruptRecord(_segment(path), path, reason)
            if on_corrupt is None:
                raise broken
            on_corrupt(broken)
        for key in self._cells.near(keys):
            try:
                record = self._cells.read(key, verify_files=False)
            except CorruptRecord as error:
                if on_corrupt is None:
                    raise
                on_corrupt(error)
                continue
            if record is None or kind not in (None, record.kind):
                continue
            if planned is not None or sweep in (None, record.sweep):
                yield record

    def table(self, cell: str | Record, name: str) -> pa.Table:
        """A table of a cell, given by key or record. Raises CorruptRecord, or StoreError if there is none."""
        record = cell if isinstance(cell, Record) else self._cells.read(cell, verify_files=False)
        if record is None:
            raise StoreError(f"the store {self.url} has no cell {cell}")
        file = f"{name}.parquet"
        if file not in record.files:
            there = ", ".join(f.removesuffix(".parquet") for f in record.files if f.endswith(".parquet"))
            raise StoreError(f"cell {record.key[:12]} has no table {name!r}; it has {there or 'none'}")
        return from_parquet(self._cells.file(record, file))

    def file(self, record: Record, name: str) -> bytes | None:
        """A file beside a record, or None if it was committed without one. Raises CorruptRecord."""
        return self._cells.file(record, name) if name in record.files else None

    def folder(self, key: str) -> Path:
        """A folder of this host with the files of a finished cell, to be read only.

        From a URL the files are fetched, once a host, and compared with their checksums. Raises StoreError
        where there is no such cell, CorruptRecord where a file of it is not what was committed.
        """
        return self._cells.folder(key)

    def outcomes(self, sweep: str | None = None) -> pa.Table:
        """Every outcome of every evaluate cell, joined with what it belongs to; see ``views.outcomes``."""
        return views.outcomes(self, sweep)

    def connect(self, sweep: str | None = None) -> duckdb.DuckDBPyConnection:
        """An in-memory DuckDB with the tables ``records`` and ``outcomes`` of this store."""
        return views.connect(self, sweep)

    # Failures

    def put_failure(self, failure: Failure) -> None:
        """Keep a quarantined cell's failure; a later one of the same cell replaces it."""
        with explained(self.url, f"the failure of cell {failure.key[:12]} was not recorded"):
            self._commit_file(layout.failure(failure.key), seal(failure))

    def failures(
        self, sweep: str | None = None, on_corrupt: Callable[[CorruptRecord], None] | None = None
    ) -> list[Failure]:
        """Failures sorted by key, of one sweep if given; a sweep's, and corrupt ones, as in ``scan``."""
        planned = self._planned(sweep)
        found = []
        for key in self._failed_keys():
            try:
                failure = self._unsealed(layout.failure(key), Failure, key)
            except CorruptRecord as error:
                if on_corrupt is None:
                    raise
                on_corrupt(error)
                continue
            if failure is None:
                continue
            if key in planned if planned is not None else sweep in (None, failure.sweep):
                found.append(failure)
        return found

    def clear_failure(self, key: str) -> None:
        """Forget a failure, if there is one."""
        with explained(self.url, f"the failure of cell {key[:12]} was not cleared"):
            self._medium.remove(layout.failure(key))

    # Plans

    def put_plan(
        self, sweep: str, keys: Iterable[str], cells: Mapping[str, PlannedCell] | None = None
    ) -> None:
        """Say which cells a sweep consists of; a new plan replaces the old one, records stay.

        ``cells`` says by key what they are to be.
        """
        chosen = tuple(sorted({layout.checked_key(key) for key in keys}))
        plan = Plan(sweep=sweep, keys=chosen, cells=dict(cells or {}))
        with explained(self.url, f"the plan of sweep {sweep} was not recorded"):
            self._commit_file(layout.plan(sweep), seal(plan))

    def plan(self, sweep: str) -> Plan | None:
        """The last plan of a sweep, or None. Raises StoreError where it is damaged."""
        try:
            return self._unsealed(layout.plan(sweep), Plan, sweep)
        except CorruptRecord as error:
            raise StoreError(
                f"the plan of sweep {sweep} is damaged: {error.path}: {error.reason}; run the sweep again"
            ) from error

    def plans(self) -> list[str]:
        """Names of all sweeps that have a plan, sorted."""
        return sorted(layout.sweep_of(name) for name in self.location.names("plans"))

    # Origins

    def put_origin(self, origin: Origin) -> None:
        """Say that ``origin.keys`` were computed elsewhere; a later word of the same bundle replaces it."""
        with explained(self.url, f"the origin {origin.file} was not recorded"):
            self._commit_file(layout.origin(origin.bundle), seal(origin))

    def origins(self) -> list[Origin]:
        """Every bundle that was imported, sorted by its sha256. Raises CorruptRecord."""
        bundles = [name.removesuffix(".json") for name in self.location.names("origins")]
        found = [
            self._unsealed(layout.origin(bundle), Origin, bundle)
            for bundle in bundles
            if layout.is_key(bundle)
        ]
        return [origin for origin in found if origin is not None]

    # Benchmarks

    def put_benchmark(self, card: BenchmarkCard, sheet: bytes) -> bool:
        """Keep what data are and what they look like; ``sheet`` is a PNG. True if it was not here, or not
        whole."""
        folder = layout.benchmark(card.digest)
        with explained(self.url, f"the card of {card.name} was not recorded"):
            if self.location.exists(folder):
                try:
                    if self.benchmark(card.digest) is not None:
                        return False
                except CorruptRecord:
                    self._medium.set_aside(folder)
            self._create()
            return self._medium.commit(
                folder,
                layout.CARD,
                {layout.SHEET: partial(_written, sheet)},
                lambda hashes: seal(card.model_copy(update={"sheet_sha256": hashes[layout.SHEET]})),
            )

    def benchmark(self, digest: str) -> tuple[BenchmarkCard, bytes] | None:
        """The card of the data with that digest and their contact sheet, a PNG; None if none were kept.

        Raises CorruptRecord.
        """
        folder = layout.benchmark(digest)
        card = self._unsealed(f"{folder}/{layout.CARD}", BenchmarkCard, digest)
        if card is None:
            return None
        path = f"{folder}/{layout.SHEET}"
        with explained(self.url, f"{path} cannot be read"):
            sheet = self._medium.file(folder, layout.SHEET, card.sheet_sha256)
        if sheet is None:
            raise CorruptRecord(digest, path, "it is missing")
        if hashlib.sha256(sheet).hexdigest() != card.sheet_sha256:
            raise CorruptRecord(digest, path, "its sha256 is not the one in the card: it was cut or edited")
        return card, sheet

    # Care

    def check(self, set_aside: bool = True) -> list[Problem]:
        """Verify every record, file and failure; corrupt ones move to ``aside/``, to be computed again."""
        keys = self.keys()
        errors = [CorruptRecord(_segment(path), path, why) for path, why in self._segments.broken.items()]
        verifications: list[Callable[[], object]] = [
            *((lambda key=key: self._cells.read(key, verify_files=True)) for key in keys),
            *(
                (lambda key=key: self._unsealed(layout.failure(key), Failure, key))
                for key in self._failed_keys()
            ),
        ]
        for verify in verifications:
            try:
                verify()
            except CorruptRecord as error:
                errors.append(error)
        problems = []
        for found in errors:
            problem = self._set_aside(found) if set_aside else Problem(found.key, found.path, found.reason)
            self._on_problem(problem)
            problems.append(problem)
        return problems

    def compact(self, on_corrupt: Callable[[CorruptRecord], None] | None = None) -> Compacted:
        """Fold cells that lie each by itself into segments; see ``compact.compact``."""
        with explained(self.url, "cells were not compacted"):
            return compact(self.url, self._medium, self._segments, on_corrupt or _ignore)

    def sweep_clean(self, older_than: float = 3_600.0) -> list[PurePath]:
        """Remove what killed writers left half-made, ``older_than`` seconds old or more; returns what went.

        What a living writer makes is left alone; so is, for a day, what another host or a URL's writer made.
        """
        with explained(self.url, "temporary folders were not removed"):
            return self._medium.clean(older_than)

    # Private

    def _check_schema(self) -> None:
        raw = self.location.read(layout.STORE)
        if raw is None:
            return
        path = f"{self.url}/{layout.STORE}"
        try:
            version = int(json.loads(raw)["schema_version"])
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f'{path} is damaged: if this is a store, it must read {{"schema_version": {SCHEMA_VERSION}}}'
            ) from error
        if version > SCHEMA_VERSION:
            raise NewerSchema(path, version, SCHEMA_VERSION)

    def _create(self) -> None:
        if self.exists:
            self._check_schema()  # another process may have moved the store to a newer schema meanwhile
            return
        description = json.dumps({"schema_version": SCHEMA_VERSION}) + "\n"
        self._medium.create(layout.STORE, description.encode())

    def _commit_file(self, path: str, data: bytes) -> None:
        self._create()
        self._medium.replace(path, data)

    def _is_folded(self, key: str) -> bool:
        self._segments.refresh()
        return self._segments.find(key) is not None

    def _planned(self, sweep: str | None) -> frozenset[str] | None:
        plan = None if sweep is None else self.plan(sweep)
        return None if plan is None else frozenset(plan.keys)

    def _failed_keys(self) -> list[str]:
        names = [
            n for shard in self.location.names("failures") for n in self.location.names(f"failures/{shard}")
        ]
        return [key for key in (name.removesuffix(".json") for name in names) if layout.is_key(key)]

    def _unsealed(self, path: str, model: type[Sealed], name: str) -> Sealed | None:
        """A sealed file, or None if there is none; ``name`` is the key or sweep that it must hold."""
        raw = self.location.read(path)
        return None if raw is None else opened(raw, self.url, path, model, name)

    def _set_aside(self, error: CorruptRecord) -> Problem:
        with explained(self.url, f"the corrupt cell {error.key[:12]} was not set aside"):
            if error.path.startswith(f"{layout.SEGMENTS}/"):
                target = self._segments.without(frozenset({error.key}), damaged=frozenset({error.path}))
            else:
                is_failure = error.path == layout.failure(error.key)
                place = layout.failure(error.key) if is_failure else layout.cell(error.key)
                target = self._medium.set_aside(place)
                if not is_failure:
                    self._segments.without(frozenset({error.key}))
        return Problem(error.key, error.path, error.reason, target)


def _log(problem: Problem) -> None:
    logging.getLogger(__name__).warning("%s", problem)


def _ignore(error: CorruptRecord) -> None:
    return None


def _segment(path: str) -> str:
    return PurePath(path).stem


def _written(data: bytes, path: Path) -> str:
    return commit.write_file(path, data)
