"""The store of finished cells: committed in one step, checked when read, never changed afterwards."""

from leaderboard.store.compact import Compacted
from leaderboard.store.errors import CorruptRecord, NewerSchema, Problem, StoreError
from leaderboard.store.merge import Merged, merge
from leaderboard.store.store import Store
from leaderboard.store.tables import OUTCOME_SCHEMA, OUTCOMES

__all__ = [
    "OUTCOMES",
    "OUTCOME_SCHEMA",
    "Compacted",
    "CorruptRecord",
    "Merged",
    "NewerSchema",
    "Problem",
    "Store",
    "StoreError",
    "merge",
]
