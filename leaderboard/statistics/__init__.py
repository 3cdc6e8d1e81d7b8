"""The statistics of a board: what can be said of methods from a few train seeds and many shared episodes.

table ──► effects ──► moderation ──► spread ──► comparisons ──► estimates ──► standings ──► overall
checked   mean        seed           error of   pairs and       what ranks    a column's    all columns,
cells     squares     variances      means      verdicts        follow from   ranks         pools, holes
"""

from leaderboard.statistics.build import Analysis, examine, publish, rank
from leaderboard.statistics.estimates import Estimates
from leaderboard.statistics.repool import PoolRanking, rank_pool

__all__ = ["Analysis", "Estimates", "PoolRanking", "examine", "publish", "rank", "rank_pool"]
