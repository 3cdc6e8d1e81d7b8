"""Who is ahead, how surely, and why: records, the store, the statistics and the board."""

from leaderboard.records import (
    BenchmarkIdentity,
    Failure,
    Measured,
    MethodIdentity,
    Plan,
    Protocol,
    Record,
)
from leaderboard.store import CorruptRecord, NewerSchema, Problem, Store, StoreError

__all__ = [
    "BenchmarkIdentity",
    "CorruptRecord",
    "Failure",
    "Measured",
    "MethodIdentity",
    "NewerSchema",
    "Plan",
    "Problem",
    "Protocol",
    "Record",
    "Store",
    "StoreError",
]
