"""An answer as text, for the terminal."""

from __future__ import annotations

from leaderboard.board import figures
from leaderboard.board.verdicts import would_decide
from leaderboard.ranking import Comparison, Interval
from suite.submission.answer import Against, Answer, InColumn


def answer(told: Answer) -> str:
    """One paragraph overall, then one a column."""
    parts = [_overall(told), *map(_column, told.columns)]
    parts += [f"{title}\n  no result: {reason}" for title, reason in told.missing]
    return "\n\n".join(parts)


def _overall(told: Answer) -> str:
    standing = told.overall
    if standing is None:
        return f"{told.method} has no result."
    ties = f", tie group {standing.tie_groups}" if standing.tie_groups else ""
    partial = " of those with all the columns that it has" if standing.partial else ""
    score = f"{figures.overall_name(told.ordered_by)} {figures.score(standing.score)}"
    return (
        f"{told.method} is {_place(standing.rank)} of {told.methods}{partial} overall{ties} "
        f"({score}; {standing.seeds} training seed{'s' * (standing.seeds != 1)})"
    )


def _column(column: InColumn) -> str:
    standing = column.standing
    ties = f", tie group {standing.tie_groups}" if standing.tie_groups else ""
    shown = standing.score if standing.seeds > 1 or standing.checkpoint is None else standing.checkpoint
    lines = [
        column.title,
        f"  accuracy {figures.accuracy(shown)} %, {_place(standing.rank)} of {column.methods}{ties}",
    ]
    width = max((len(against.comparison.b) for against in column.against), default=0)
    return "\n".join([*lines, *(_against(against, width) for against in column.against)])


def _place(rank: Interval) -> str:
    first, _, between = figures.rank(rank).partition(" ")
    return f"rank {first}" + (f" [{between.strip('()')}]" if between else "")


def _against(against: Against, width: int) -> str:
    pair = against.comparison
    return f"  {against.place:<8} {pair.b:<{width}}  {_difference(pair.difference):<26} {_verdict(pair)}"


def _difference(difference: Interval) -> str:
    estimate = figures.signed_points(difference.estimate)
    if difference.low is None or difference.high is None:
        return f"{estimate} points"
    low, high = figures.signed_points(difference.low), figures.signed_points(difference.high)
    return f"{estimate} points [{low}, {high}]"


def _verdict(pair: Comparison) -> str:
    if pair.verdict != "undecided":
        return pair.verdict
    if pair.p_value is None:
        return "undecided: one training seed gives no interval; take two or more"
    return f"undecided: {would_decide(pair)} would decide"
