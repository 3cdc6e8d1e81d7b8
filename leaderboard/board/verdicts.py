"""Every pair of a column, seen from both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leaderboard.board import figures
from leaderboard.board.columns import TRANSFER
from leaderboard.ranking import Column, Comparison, Ranking, Verdict

# More rows make a picture that nobody reads and a page that loads slowly; board.json has every pair.
MOST_METHODS = 24

SYMBOLS: dict[Verdict, str] = {"better": "▲", "worse": "▼", "equivalent": "=", "undecided": "?"}


@dataclass(frozen=True)
class Matrix:
    """Verdicts of a column: ``rows[i][j]`` is method i against method j, None on the diagonal."""

    methods: tuple[str, ...]
    rows: tuple[tuple[Comparison | None, ...], ...]
    left_out: int

    @property
    def pairs(self) -> tuple[Comparison, ...]:
        """Every pair once, the better-ranked method first."""
        return tuple(found for i, row in enumerate(self.rows) for found in row[i + 1 :] if found is not None)


def matrix(ranking: Ranking, column: Column) -> Matrix:
    """The verdicts among the first methods of a column, best first."""
    standings = ranking.by_column[column]
    methods = tuple(standing.method for standing in standings[:MOST_METHODS])
    rows = tuple(
        tuple(None if a == b else ranking.comparison(a, b, column) for b in methods) for a in methods
    )
    return Matrix(methods, rows, len(standings) - len(methods))


def would_decide(comparison: Comparison) -> str:
    """How much more would decide an undecided pair: ``400 more episodes or 2 more seeds``."""
    # On the transfer track an episode is a test image, and there are no more of these than there are.
    episodes = None if comparison.column.track == TRANSFER else comparison.more_episodes
    parts: Sequence[str] = [
        f"{number:,} more {noun}{'s' * (number != 1)}"
        for number, noun in ((episodes, "episode"), (comparison.more_seeds, "seed"))
        if number is not None
    ]
    if comparison.verdict == "undecided":
        return " or ".join(parts) or (
            "no number of seeds" if comparison.column.track == TRANSFER else "no number of one alone"
        )
    return ""


def sentence(comparison: Comparison) -> str:
    """A pair in words, for those who do not see the colours."""
    points = figures.signed_points(comparison.difference.estimate)
    verdicts = {
        "better": "is better than",
        "worse": "is worse than",
        "equivalent": "is equivalent to",
        "undecided": "cannot yet be told from",
    }
    return f"{comparison.a} {verdicts[comparison.verdict]} {comparison.b} ({points} points)"
