"""The statistics of a board: what can be said of methods from a few train seeds and many shared episodes.

table ──► effects ──► moderation ──► spread ──► comparisons ──► standings ──► overall
checked   mean        seed           error of   pairs and       a column's    all columns,
cells     squares     variances      means      verdicts        ranks         pools, holes
"""

from leaderboard.statistics.build import rank

__all__ = ["rank"]
