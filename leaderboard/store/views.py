"""The store as tables: all outcomes at once, and DuckDB on top of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from leaderboard.records import Record
from leaderboard.store.tables import OUTCOME_SCHEMA, OUTCOMES

if TYPE_CHECKING:
    import duckdb

    from leaderboard.store.store import Store

_TEXT = ("key", "method", "benchmark", "digest", "track")
_NUMBERS = ("way", "shot", "query", "seed", "episode_seed")


def outcomes(store: Store, sweep: str | None = None) -> pa.Table:
    """One row an episode of every evaluate cell, cells by key, episodes in order.

    Columns: key, method (label), benchmark, digest, track (dictionary-encoded text); way, shot, query, seed
    (of training), episode_seed, episode, correct, queries (int32). Raises CorruptRecord.
    """
    records = [r for r in store.scan("evaluate", sweep) if f"{OUTCOMES}.parquet" in r.files]
    parts = [store.table(record, OUTCOMES).select(OUTCOME_SCHEMA.names) for record in records]
    lengths = np.array([len(part) for part in parts], dtype=np.int64)
    rows = [_identity(record) for record in records]
    columns: dict[str, pa.Array | pa.ChunkedArray] = {}
    for name in _TEXT:
        columns[name] = _repeated([str(row[name]) for row in rows], lengths)
    for name in _NUMBERS:
        values = np.array([row[name] for row in rows], dtype=np.int32)
        columns[name] = pa.array(np.repeat(values, lengths))
    joined = pa.concat_tables(parts) if parts else OUTCOME_SCHEMA.empty_table()
    for name in OUTCOME_SCHEMA.names:
        columns[name] = joined[name]
    return pa.table(columns)


def connect(store: Store, sweep: str | None = None) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB: ``outcomes`` as above; ``records`` with key, kind, sweep, method, benchmark, seed,
    and results, spec and measured as JSON text."""
    import duckdb

    connection = duckdb.connect(":memory:")
    connection.register("outcomes", outcomes(store, sweep))
    connection.register("records", _records(list(store.scan(sweep=sweep))))
    return connection


def _identity(record: Record) -> dict[str, object]:
    benchmark, protocol = record.benchmark, record.protocol
    if record.method is None or benchmark is None or protocol is None or record.seed is None:
        raise ValueError(f"evaluate cell {record.key[:12]} has no method, benchmark, protocol or seed")
    return {
        "key": record.key,
        "method": record.method.label,
        "benchmark": benchmark.name,
        "digest": benchmark.digest,
        "track": protocol.track,
        "way": protocol.way,
        "shot": protocol.shot,
        "query": protocol.query,
        "seed": record.seed,
        "episode_seed": protocol.seed,
    }


def _repeated(values: list[str], lengths: np.ndarray) -> pa.DictionaryArray:
    encoded = pa.array(values, pa.string()).dictionary_encode()
    indices = np.repeat(encoded.indices.to_numpy(zero_copy_only=False), lengths)
    return pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), encoded.dictionary)


def _records(records: list[Record]) -> pa.Table:
    dumped = [record.model_dump_json(include={"results", "spec", "measured"}) for record in records]
    return pa.table(
        {
            "key": [r.key for r in records],
            "kind": [r.kind for r in records],
            "sweep": [r.sweep for r in records],
            "method": [r.method.label if r.method else None for r in records],
            "benchmark": [r.benchmark.name if r.benchmark else None for r in records],
            "seed": pa.array([r.seed for r in records], pa.int64()),
            "content": dumped,
        }
    )
