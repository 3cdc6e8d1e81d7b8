"""The store: immutable, checksummed records of finished cells, each committed in one step."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

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
from leaderboard.store.contents import contents
from leaderboard.store.envelope import SealError, seal, unseal
from leaderboard.store.errors import CorruptRecord, NewerSchema, Problem, StoreError, explained
from leaderboard.store.location import locate
from leaderboard.store.tables import from_parquet

if TYPE_CHECKING:
    import duckdb

_Sealed = TypeVar("_Sealed", Record, Failure, Plan, Origin, BenchmarkCard)


class Store:
    """A folder of finished cells. Opening it creates nothing; the first commit does.

    ``url`` is a path, a ``file://`` URL, or any URL that fsspec can read (only local folders can be written).
    ``on_problem`` hears of each corrupt cell that ``get`` or ``check`` finds; by default it is logged.

    Layout: ``store.json`` (schema version), ``records/<k[:2]>/<key>/`` with ``record.json`` and the cell's
    files, ``failures/<k[:2]>/<key>.json``, ``plans/<sweep>.json``, ``origins/<bundle>.json``,
    ``benchmarks/<digest>/`` with ``card.json`` and ``sheet.png``, ``aside/`` for what was corrupt, ``tmp/``.

    Raises StoreError where ``url`` cannot be a store, NewerSchema where a newer version wrote it.
    """

    def __init__(
        self, url: str | os.PathLike[str], on_problem: Callable[[Problem], None] | None = None
    ) -> None:
        self.location = locate(url)
        self.url = self.location.url
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
        root = self.location.writable()
        final = root / layout.cell(record.key)
        if final.exists():
            return False
        writers = contents(tables or {}, files or {})
        with explained(self.url, f"cell {record.key[:12]} was not recorded"):
            self._create()
            with commit.temporary_folder(root / layout.TEMPORARY, record.key[:12]) as folder:
                hashes = {name: write(folder / name) for name, write in writers.items()}
                if record.files and record.files != hashes:
                    raise ValueError(
                        f"record.files of cell {record.key[:12]} are not the files committed with it"
                    )
                sealed = seal(record.model_copy(update={"files": hashes}))
                commit.write_file(folder / layout.RECORD, sealed)
                return commit.commit_folder(folder, final)

    def get(self, key: str, verify_files: bool = True) -> Record | None:
        """The record of a finished cell, or None if it must be computed.

        A corrupt cell is set aside, reported to ``on_problem``, and counts as not computed. With
        ``verify_files`` the files beside the record are hashed too.
        """
        try:
            return self._read(key, verify_files)
        except CorruptRecord as error:
            self._on_problem(self._set_aside(error))
            return None

    def keys(self) -> list[str]:
        """Keys of all finished cells, sorted."""
        shards = self.location.names("records")
        return [
            key for shard in shards for key in self.location.names(f"records/{shard}") if layout.is_key(key)
        ]

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
        for key in self.keys():
            if planned is not None and key not in planned:
                continue
            try:
                record = self._read(key, verify_files=False)
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
        record = cell if isinstance(cell, Record) else self._read(cell, verify_files=False)
        if record is None:
            raise StoreError(f"the store {self.url} has no cell {cell}")
        file = f"{name}.parquet"
        if file not in record.files:
            there = ", ".join(f.removesuffix(".parquet") for f in record.files if f.endswith(".parquet"))
            raise StoreError(f"cell {record.key[:12]} has no table {name!r}; it has {there or 'none'}")
        return from_parquet(self._file(record, file))

    def file(self, record: Record, name: str) -> bytes | None:
        """A file beside a record, or None if it was committed without one. Raises CorruptRecord."""
        return self._file(record, name) if name in record.files else None

    def folder(self, key: str) -> Path:
        """The folder with the files of a finished cell, to be read only."""
        folder = self.location.writable() / layout.cell(key)
        if not folder.is_dir():
            raise StoreError(f"the store {self.url} has no cell {key}")
        return folder

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
            (self.location.writable() / layout.failure(key)).unlink(missing_ok=True)

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
        root = self.location.writable()
        final = root / layout.benchmark(card.digest)
        with explained(self.url, f"the card of {card.name} was not recorded"):
            if final.exists():
                try:
                    if self.benchmark(card.digest) is not None:
                        return False
                except CorruptRecord:
                    commit.move_aside(final, root / layout.ASIDE)
            self._create()
            with commit.temporary_folder(root / layout.TEMPORARY, card.digest[:12]) as folder:
                digest = commit.write_file(folder / layout.SHEET, sheet)
                sealed = seal(card.model_copy(update={"sheet_sha256": digest}))
                commit.write_file(folder / layout.CARD, sealed)
                return commit.commit_folder(folder, final)

    def benchmark(self, digest: str) -> tuple[BenchmarkCard, bytes] | None:
        """The card of the data with that digest and their contact sheet, a PNG; None if none were kept.

        Raises CorruptRecord.
        """
        folder = layout.benchmark(digest)
        card = self._unsealed(f"{folder}/{layout.CARD}", BenchmarkCard, digest)
        if card is None:
            return None
        path = f"{folder}/{layout.SHEET}"
        sheet = self.location.read(path)
        if sheet is None:
            raise CorruptRecord(digest, path, "it is missing")
        if hashlib.sha256(sheet).hexdigest() != card.sheet_sha256:
            raise CorruptRecord(digest, path, "its sha256 is not the one in the card: it was cut or edited")
        return card, sheet

    # Care

    def check(self, set_aside: bool = True) -> list[Problem]:
        """Verify every record, file and failure; corrupt ones move to ``aside/``, to be computed again."""
        problems = []
        verifications: list[Callable[[], object]] = [
            *((lambda key=key: self._read(key, verify_files=True)) for key in self.keys()),
            *(
                (lambda key=key: self._unsealed(layout.failure(key), Failure, key))
                for key in self._failed_keys()
            ),
        ]
        for verify in verifications:
            try:
                verify()
            except CorruptRecord as error:
                problem = (
                    self._set_aside(error) if set_aside else Problem(error.key, error.path, error.reason)
                )
                self._on_problem(problem)
                problems.append(problem)
        return problems

    def sweep_clean(self, older_than: float = 3_600.0) -> list[Path]:
        """Remove what killed writers left in ``tmp/``, ``older_than`` seconds old or more; returns what went.

        A folder whose writer lives is left alone; so is, for a day, one of another host.
        """
        with explained(self.url, "temporary folders were not removed"):
            return commit.remove_stale(self.location.writable() / layout.TEMPORARY, older_than)

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
        root = self.location.writable()
        description = json.dumps({"schema_version": SCHEMA_VERSION}) + "\n"
        commit.commit_file(root / layout.TEMPORARY, root / layout.STORE, description.encode())

    def _commit_file(self, path: str, data: bytes) -> None:
        root = self.location.writable()
        self._create()
        commit.commit_file(root / layout.TEMPORARY, root / path, data)

    def _planned(self, sweep: str | None) -> frozenset[str] | None:
        plan = None if sweep is None else self.plan(sweep)
        return None if plan is None else frozenset(plan.keys)

    def _failed_keys(self) -> list[str]:
        names = [
            n for shard in self.location.names("failures") for n in self.location.names(f"failures/{shard}")
        ]
        return [key for key in (name.removesuffix(".json") for name in names) if layout.is_key(key)]

    def _read(self, key: str, verify_files: bool) -> Record | None:
        folder = layout.cell(key)
        path = f"{folder}/{layout.RECORD}"
        record = self._unsealed(path, Record, key)
        if record is None and self.location.exists(folder):
            # Perhaps committed between the two looks: only a folder that still has no record is corrupt.
            record = self._unsealed(path, Record, key)
            if record is None and self.location.exists(folder):
                raise CorruptRecord(key, path, "it is missing")
        if record is not None and verify_files:
            for file in record.files:
                _compare(record, file, f"{folder}/{file}", self.location.sha256(f"{folder}/{file}"))
        return record

    def _file(self, record: Record, name: str) -> bytes:
        path = f"{layout.cell(record.key)}/{name}"
        raw = self.location.read(path)
        _compare(record, name, path, None if raw is None else hashlib.sha256(raw).hexdigest())
        return raw or b""

    def _unsealed(self, path: str, model: type[_Sealed], name: str) -> _Sealed | None:
        """A sealed file, or None if there is none; ``name`` is the key or sweep that it must hold."""
        raw = self.location.read(path)
        if raw is None:
            return None
        try:
            found = unseal(raw, model, f"{self.url}/{path}")
        except SealError as error:
            raise CorruptRecord(name, path, str(error)) from error
        own = _name(found)
        if own != name:
            raise CorruptRecord(name, path, f"it belongs to {own}: it was copied or renamed")
        return found

    def _set_aside(self, error: CorruptRecord) -> Problem:
        target = None
        root = self.location.local
        if root is not None:
            is_failure = error.path == layout.failure(error.key)
            place = layout.failure(error.key) if is_failure else layout.cell(error.key)
            with explained(self.url, f"the corrupt cell {error.key[:12]} was not set aside"):
                target = commit.move_aside(root / place, root / layout.ASIDE)
        return Problem(error.key, error.path, error.reason, None if target is None else str(target))


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


def _log(problem: Problem) -> None:
    logging.getLogger(__name__).warning("%s", problem)
