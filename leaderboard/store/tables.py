"""Tables as Parquet: equal tables, equal bytes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

OUTCOMES = "outcomes"

OUTCOME_SCHEMA = pa.schema(
    [
        pa.field("episode", pa.int32(), nullable=False),
        pa.field("correct", pa.int32(), nullable=False),
        pa.field("queries", pa.int32(), nullable=False),
    ]
)
"""The ``outcomes`` table of an evaluate cell: one row an episode, in order; ``correct`` of ``queries``."""

_ROW_GROUP = 1 << 20


def parquet(table: pa.Table) -> bytes:
    """A table as Parquet bytes, whatever its chunks, slices and dictionaries were."""
    plain = [
        column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
        for column in table.columns
    ]
    whole = pa.table(plain, names=table.column_names).combine_chunks()
    buffer = pa.BufferOutputStream()
    pq.write_table(
        whole, buffer, compression="zstd", compression_level=3, row_group_size=_ROW_GROUP, version="2.6"
    )
    return bytes(buffer.getvalue())


def from_parquet(raw: bytes) -> pa.Table:
    """The table that ``parquet`` wrote. Raises pyarrow.ArrowInvalid where the bytes are not Parquet."""
    return pq.ParquetFile(pa.BufferReader(raw)).read(use_threads=False)


def outcomes(table: pa.Table) -> pa.Table:
    """``table`` as outcomes: int32 columns episode (0, 1, …), correct and queries, 0 <= correct <= queries.

    Further columns are kept after these. Raises ValueError saying what does not fit.
    """
    missing = [name for name in OUTCOME_SCHEMA.names if name not in table.column_names]
    if missing:
        raise ValueError(
            f"an outcomes table needs the columns episode, correct, queries; {missing[0]} is missing"
        )
    if any(table[name].null_count for name in OUTCOME_SCHEMA.names):
        raise ValueError("an outcomes table has no empty values")
    if len(table) == 0:
        raise ValueError("an outcomes table has at least one episode")
    further = [name for name in table.column_names if name not in OUTCOME_SCHEMA.names]
    try:
        table = table.select([*OUTCOME_SCHEMA.names, *further]).cast(
            pa.schema([*OUTCOME_SCHEMA, *(table.schema.field(name) for name in further)])
        )
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ValueError(f"an outcomes table holds whole numbers only: {error}") from error
    episode, correct, queries = (table[name].to_numpy() for name in OUTCOME_SCHEMA.names)
    if not np.array_equal(episode, np.arange(len(table))):
        raise ValueError("an outcomes table has one row an episode, numbered 0, 1, 2, … in order")
    if ((correct < 0) | (correct > queries) | (queries < 1)).any():
        raise ValueError("an outcomes table has 0 <= correct <= queries and queries >= 1 in every row")
    return table
