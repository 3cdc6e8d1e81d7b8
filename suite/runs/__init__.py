"""What became of every cell that a store knows: finished, failed, running or waiting.

>>> from leaderboard.store import Store
>>> from suite.runs import listing
>>> rows = listing(Store("league-store"), sweep="demo")

Reads the store alone, and loads neither torch nor Ray, so that looking is quick.
"""

from suite.runs.choose import NoSuchRun, chosen, resolve, shortest
from suite.runs.listing import STATES, Row, State, listing
from suite.runs.live import Word, running

__all__ = [
    "STATES",
    "NoSuchRun",
    "Row",
    "State",
    "Word",
    "chosen",
    "listing",
    "resolve",
    "running",
    "shortest",
]
