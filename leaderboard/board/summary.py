"""What a row says of a method beside its standing, and the sentences that head the board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leaderboard.board import figures
from leaderboard.board.model import Board, ColumnFacts
from leaderboard.ranking import Column, Standing

_MOST_NAMED = 3


@dataclass(frozen=True)
class MethodSummary:
    """A method in one column or over all: counts are means over its trainings, None where unknown."""

    transductive: bool
    parameters: float | None
    images: float | None
    backward_passes: float | None


@dataclass(frozen=True)
class TimeSummary:
    """Means over the cells of a method, in one column or over all; memory is the highest.

    ``code``: versions of transfer-league that computed them. ``dates``: days (UTC) of the first and the last.
    """

    train_wall: float | None
    train_cpu: float | None
    train_gpu: float | None
    train_memory: float | None
    evaluate_wall: float | None
    evaluate_cpu: float | None
    evaluate_gpu: float | None
    evaluate_memory: float | None
    code: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()

    @property
    def wall(self) -> float | None:
        """One training and one evaluation."""
        known = [part for part in (self.train_wall, self.evaluate_wall) if part is not None]
        return sum(known) if known else None

    @property
    def memory(self) -> float | None:
        """The highest peak of either."""
        return max((m for m in (self.train_memory, self.evaluate_memory) if m is not None), default=None)


@dataclass(frozen=True)
class Leader:
    """Who leads a column, and which methods cannot be told from it."""

    facts: ColumnFacts
    standing: Standing
    tied: tuple[str, ...]


def of_method(board: Board, method: str, column: Column | None = None) -> MethodSummary:
    """Transductive flag and counted costs; a training that several columns share counts once."""
    entries = board.entries(method, column)
    seeds = {seed.train_key or seed.evaluate_key: seed for entry in entries for seed in entry.seeds}.values()
    return MethodSummary(
        transductive=any(entry.transductive for entry in entries),
        parameters=figures.mean([s.parameters for s in seeds if s.parameters is not None]),
        images=figures.mean([s.images for s in seeds if s.images is not None]),
        backward_passes=figures.mean([s.backward_passes for s in seeds if s.backward_passes is not None]),
    )


def of_time(board: Board, method: str, column: Column | None = None) -> TimeSummary:
    """Measured costs; a training that several columns share counts once."""
    costs = board.costs(method, column)
    train = list({cost.train_key: cost.train for cost in costs if cost.train is not None}.values())
    evaluate = [cost.evaluate for cost in costs]
    return TimeSummary(
        train_wall=figures.mean([clock.wall_seconds for clock in train]),
        train_cpu=figures.mean([clock.cpu_seconds for clock in train]),
        train_gpu=figures.mean([clock.gpu_seconds for clock in train]),
        train_memory=max((clock.peak_memory_mib for clock in train), default=None),
        evaluate_wall=figures.mean([clock.wall_seconds for clock in evaluate]),
        evaluate_cpu=figures.mean([clock.cpu_seconds for clock in evaluate]),
        evaluate_gpu=figures.mean([clock.gpu_seconds for clock in evaluate]),
        evaluate_memory=max((clock.peak_memory_mib for clock in evaluate), default=None),
        code=tuple(sorted({clock.code for clock in (*train, *evaluate) if clock.code})),
        dates=_ends(sorted(clock.started[:10] for clock in (*train, *evaluate) if clock.started)),
    )


def lead(board: Board) -> tuple[Standing, ...]:
    """The standings that head the board: overall, or those of the only column."""
    ranking = board.computed.ranking
    return ranking.by_column[ranking.columns[0]] if len(ranking.columns) == 1 else ranking.overall


def headline(board: Board) -> str:
    """Who is ahead, and how clearly, in one sentence."""
    standings = [standing for standing in lead(board) if not standing.partial]
    if not lead(board):
        return "No method has been evaluated yet."
    if not standings:
        return "No overall order: no method has a result in every column."
    first, *others = standings
    if not others:
        return f"{first.method} stands alone: there is nothing to compare it with."
    tied = _tied(standings)
    overall = " overall" if first.column is None else ""
    if not tied:
        rivals = "the other method" if len(others) == 1 else f"each of the {len(others)} others"
        return f"{first.method} is ahead{overall}, and separable from {rivals}."
    return f"No clear winner{overall}: {_unclear(standings, tied)}."


def sureness(board: Board) -> str:
    """How likely the first is really better than the second, as a sentence; empty where nobody can say."""
    standings = lead(board)
    if len(standings) < 2 or standings[0].p_better_than_next is None:
        return ""
    first, second = standings[0].method, standings[1].method
    probability = figures.probability(standings[0].p_better_than_next)
    return f"Probability that {first} is better than the next, {second}: {probability}."


def leaders(board: Board) -> tuple[Leader, ...]:
    """The first of each column, where there are several columns."""
    ranking = board.computed.ranking
    if len(ranking.columns) < 2:
        return ()
    return tuple(
        Leader(board.facts(column), ranking.by_column[column][0], tuple(_tied(ranking.by_column[column])))
        for column in ranking.columns
    )


def abridged(names: Sequence[str], most: int = 3) -> str:
    """Names in a sentence, the last of many only counted: ``a, b, c and 4 others``."""
    if len(names) <= most:
        return figures.listed(list(names))
    return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} others"


def basis(board: Board) -> str:
    """What the ranking rests on, in one line."""
    standings, columns = lead(board), board.computed.columns
    if not standings:
        return ""
    seeds = sorted({standing.seeds for standing in standings})
    episodes = sorted({facts.episodes for facts in columns})
    parts = [
        _plural(len(standings), "method"),
        _plural(len(columns), "column"),
        f"{_range(seeds)} training seed{'s' * (seeds != [1])} each",
        f"{_range(episodes)} shared test {'images' if board.transfer else 'episodes'} a column",
    ]
    return " · ".join(parts)


def _tied(standings: Sequence[Standing]) -> list[str]:
    """Methods that cannot be told from the first."""
    letters = set(standings[0].tie_groups)
    return [standing.method for standing in standings[1:] if letters & set(standing.tie_groups)]


def _unclear(standings: Sequence[Standing], tied: list[str]) -> str:
    first, *others = standings
    group = [first, *(standing for standing in others if standing.method in tied)]
    alike = set.intersection(*(set(standing.tie_groups) for standing in group))
    if len(tied) <= _MOST_NAMED and alike:
        return f"{figures.listed([standing.method for standing in group])} cannot be told apart"
    if len(tied) <= _MOST_NAMED:
        return f"{first.method} scores highest, but cannot be told from {figures.listed(tied)}"
    which = "no other method" if len(tied) == len(others) else f"{len(tied)} of the {len(others)} others"
    return (
        f"{first.method} scores highest, but {which} can{'not' * (len(tied) < len(others))} be told from it"
    )


def _ends(days: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((days[0], days[-1]))) if days else ()


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _range(values: list[int]) -> str:
    low, high = f"{values[0]:,}", f"{values[-1]:,}"
    return low if low == high else f"{low}–{high}"
