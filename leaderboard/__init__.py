"""Who is ahead, how surely, and why: records, the store, the statistics and the board."""

from leaderboard.ranking import Column, Outcomes, Ranking, Run
from leaderboard.records import (
    BenchmarkCard,
    BenchmarkIdentity,
    Failure,
    Measured,
    MethodIdentity,
    Origin,
    Plan,
    PlannedCell,
    Protocol,
    Record,
    SplitSize,
)
from leaderboard.statistics import rank
from leaderboard.store import CorruptRecord, NewerSchema, Problem, Store, StoreError

__all__ = [
    "BenchmarkCard",
    "BenchmarkIdentity",
    "Column",
    "CorruptRecord",
    "Failure",
    "Measured",
    "MethodIdentity",
    "NewerSchema",
    "Origin",
    "Outcomes",
    "Plan",
    "PlannedCell",
    "Problem",
    "Protocol",
    "Ranking",
    "Record",
    "Run",
    "SplitSize",
    "Store",
    "StoreError",
    "rank",
]
