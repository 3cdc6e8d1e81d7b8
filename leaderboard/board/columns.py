"""The columns of the board: titles and ids that no two share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from leaderboard.board.naming import own_name
from leaderboard.ranking import Column
from leaderboard.records import BenchmarkIdentity, Failure, Record

FEW_SHOT, TRANSFER = "few-shot", "transfer"


def track_of(cell: Record | Failure | None) -> str:
    """The track of a cell; few-shot where it says nothing of one."""
    if cell is None:
        return FEW_SHOT
    return cell.protocol.track if cell.protocol is not None else str(cell.spec.get("track", FEW_SHOT))


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


def data_id(benchmark: BenchmarkIdentity) -> str:
    """A short id of data, unique by the digest: ``glyphs-georgian-3fa2c1d0``."""
    return f"{_slug(benchmark)}-{benchmark.digest[:8]}"


def identifier(column: Column, benchmark: BenchmarkIdentity) -> str:
    """A short id, unique by the data's digest: ``glyphs-5w1s15q-3fa2c1d0-e0``."""
    track = "" if column.track == FEW_SHOT else f"{column.track}-"
    shape = f"{column.way}w{column.shot}s{column.query}q"
    return f"{track}{_slug(benchmark)}-{shape}-{column.digest[:8]}-e{column.episode_seed}"


def titles(columns: Iterable[Column], names: Mapping[str, str]) -> dict[Column, str]:
    """How each column is headed: its data's name, what is adapted to (way and shot, or labels a class), and
    what sets apart those headed alike.

    ``names``: digest -> what the data are called, as ``naming.titled`` tells them apart.
    """
    columns = sorted(columns)
    plain = {c: f"{names[c.digest]}{c.shape}" for c in columns}
    headed = {}
    for column in columns:
        alike = [other for other in columns if plain[other] == plain[column]]
        parts = [
            text
            for text, values in (
                (column.track, {other.track for other in alike}),
                (f"{column.query} queries a class", {other.query for other in alike}),
                (f"episode seed {column.episode_seed}", {other.episode_seed for other in alike}),
            )
            if len(values) > 1
        ]
        headed[column] = f"{plain[column]} ({', '.join(parts)})" if parts else plain[column]
    return headed


def _slug(benchmark: BenchmarkIdentity) -> str:
    """Its own name in letters and digits, short enough for an address."""
    own = own_name(benchmark.name, benchmark.options)
    if own == benchmark.name:
        return own
    return re.sub(r"[^A-Za-z0-9]+", "-", own).strip("-").lower()[:48].strip("-")
