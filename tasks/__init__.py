"""Data and protocols: benchmarks by name, and the episodes drawn from them; transfer tasks by name.

>>> import tasks
>>> glyphs = tasks.load("glyphs")
>>> episode = tasks.Episodes(glyphs, "test", way=5, shot=1, query=3, seed=0)[0]
"""

from tasks.benchmark import SPLITS, Benchmark, Card, Split, SplitName
from tasks.digests import Verification
from tasks.episodes import Episode, Episodes, Support
from tasks.errors import DataError
from tasks.registry import BenchmarkInfo, UnknownBenchmark, benchmark, describe, load, names, prepare, verify
from tasks.sheet import contact_sheet, domain_colour
from tasks.transfers import Problem, Transfer

__all__ = [
    "SPLITS",
    "Benchmark",
    "BenchmarkInfo",
    "Card",
    "DataError",
    "Episode",
    "Episodes",
    "Problem",
    "Split",
    "SplitName",
    "Support",
    "Transfer",
    "UnknownBenchmark",
    "Verification",
    "benchmark",
    "contact_sheet",
    "describe",
    "domain_colour",
    "load",
    "names",
    "prepare",
    "verify",
]
