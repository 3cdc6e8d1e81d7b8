"""Data and protocols: benchmarks by name, and the episodes drawn from them.

>>> import tasks
>>> glyphs = tasks.load("glyphs")
>>> episode = tasks.Episodes(glyphs, "test", way=5, shot=1, query=3, seed=0)[0]
"""

from tasks.benchmark import SPLITS, Benchmark, Card, Split, SplitName
from tasks.episodes import Episode, Episodes, Support
from tasks.registry import benchmark, load, names

__all__ = [
    "SPLITS",
    "Benchmark",
    "Card",
    "Episode",
    "Episodes",
    "Split",
    "SplitName",
    "Support",
    "benchmark",
    "load",
    "names",
]
