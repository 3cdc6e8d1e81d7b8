"""What a row says of a method beside its standing, and the sentences that head the board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leaderboard.board import figures
from leaderboard.board.model import Board
from leaderboard.ranking import Column, Standing


@dataclass(frozen=True)
class MethodSummary:
    """A method in one column or over all: counts are means over its trainings, None where unknown."""

    transductive: bool
    parameters: float | None
    images: float | None
    backward_passes: float | None


@dataclass(frozen=True)
class TimeSummary:
    """Means over the cells of a method, in one column or over all; memory is the highest."""

    train_wall: float | None
    train_cpu: float | None
    train_gpu: float | None
    train_memory: float | None
    evaluate_wall: float | None
    evaluate_cpu: float | None
    evaluate_gpu: float | None
    evaluate_memory: float | None


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
    overall = first.column is None
    if not tied:
        rivals = "the other method" if len(others) == 1 else f"each of the {len(others)} others"
        return f"{first.method} is ahead{' overall' * overall}, and separable from {rivals}."
    if overall:
        return f"{first.method} scores highest overall: {_columns_led(board, first.method)}."
    if len(tied) == len(others):
        return f"No clear winner: {first.method} comes first, but no method can be told from it."
    if len(tied) > 3:
        return f"{first.method} comes first, but {len(tied)} methods cannot be told from it."
    return f"{first.method} comes first, but cannot be told from {figures.listed(tied)}."


def sureness(board: Board) -> str:
    """How likely the first is really better than the second, as a sentence; empty where nobody can say."""
    standings = lead(board)
    if len(standings) < 2 or standings[0].p_better_than_next is None:
        return ""
    probability = figures.probability(standings[0].p_better_than_next)
    return f"Probability that it is better than the next, {standings[1].method}: {probability}."


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
        f"{_range(episodes)} shared test episodes a column",
    ]
    return " · ".join(parts)


def _tied(standings: Sequence[Standing]) -> list[str]:
    """Methods that cannot be told from the first."""
    letters = set(standings[0].tie_groups)
    return [standing.method for standing in standings[1:] if letters & set(standing.tie_groups)]


def _columns_led(board: Board, method: str) -> str:
    ranking = board.computed.ranking
    led = [ranking.by_column[column] for column in ranking.columns]
    led = [standings for standings in led if standings[0].method == method]
    clearly = sum(not _tied(standings) for standings in led)
    total = len(ranking.columns)
    if not led:
        return f"it leads none of the {total} columns, but scores highest over all of them together"
    every = "both" if total == 2 else f"all {total}"
    which = f"it leads {every if len(led) == total else f'{len(led)} of {total}'} columns"
    if len(led) == 1:
        return f"{which}, {'' if clearly else 'not '}clearly"
    if clearly == len(led):
        return f"{which}, {'both' if clearly == 2 else 'all'} of them clearly"
    return f"{which}, {clearly or 'none'} of them clearly"


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _range(values: list[int]) -> str:
    low, high = f"{values[0]:,}", f"{values[-1]:,}"
    return low if low == high else f"{low}–{high}"
