"""Who is ahead, how surely, and why: records, the store, the statistics and the board."""

from leaderboard.ranking import Column, Outcomes, Ranking, Run
from leaderboard.records import (
    BenchmarkIdentity,
    Failure,
    Measured,
    MethodIdentity,
    Origin,
    Plan,
    PlannedCell,
    Protocol,
    Record,
)
from leaderboard.statistics import rank
from leaderboard.store import CorruptRecord, NewerSchema, Problem, Store, StoreError

__all__ = [
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
    "Store",
    "StoreError",
    "rank",
]
