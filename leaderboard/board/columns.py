"""The columns of the board: titles and ids that no two share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from leaderboard.ranking import Column
from leaderboard.records import Record


def column_of(record: Record) -> Column:
    """The column that an evaluate cell belongs to."""
    benchmark, protocol = record.benchmark, record.protocol
    if benchmark is None or protocol is None:
        raise ValueError(f"evaluate cell {record.key[:12]} names no benchmark or no protocol")
    return Column(
        benchmark=benchmark.name,
        track=protocol.track,
        way=protocol.way,
        shot=protocol.shot,
        query=protocol.query,
        digest=benchmark.digest,
        episode_seed=protocol.seed,
    )


def identifier(column: Column) -> str:
    """A short id, unique for equal names by the data's digest: ``glyphs-5w1s15q-3fa2c1d0-e0``."""
    track = "" if column.track == "few-shot" else f"{column.track}-"
    shape = f"{column.way}w{column.shot}s{column.query}q"
    return f"{track}{column.benchmark}-{shape}-{column.digest[:8]}-e{column.episode_seed}"


def titles(columns: Iterable[Column]) -> dict[Column, str]:
    """How each column is headed: ``Column.title``, and what sets apart those headed alike."""
    columns = sorted(columns)
    shared = Counter(column.title for column in columns)
    headed = {}
    for column in columns:
        alike = [other for other in columns if other.title == column.title]
        parts = [
            text
            for text, values in (
                (column.track, {other.track for other in alike}),
                (f"{column.query} queries a class", {other.query for other in alike}),
                (f"data {column.digest[:8]}", {other.digest for other in alike}),
                (f"episode seed {column.episode_seed}", {other.episode_seed for other in alike}),
            )
            if len(values) > 1
        ]
        headed[column] = f"{column.title} ({', '.join(parts)})" if shared[column.title] > 1 else column.title
    return headed
