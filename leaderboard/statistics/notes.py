"""What a reader must know beside the figures, in sentences for the page."""

from __future__ import annotations

from collections.abc import Sequence

from leaderboard.statistics.effects import Effects
from leaderboard.statistics.table import Table

_FEW_BENCHMARKS = 6
_FEW_VARIANCES = 6


def write_notes(
    table: Table, board: Sequence[Effects], *, margin: float, level: float, draws: int
) -> tuple[str, ...]:
    """What was assumed, always, then what is particular to these outcomes."""
    percent = f"{100 * level:g} %"
    notes = [
        f"Intervals hold with {percent}: train seeds and episodes as crossed random effects, paired by "
        "episode; seed variances borrow strength from all methods and columns.",
        f"Better and worse: the pair's own {percent} interval excludes 0. Equivalent: two one-sided tests "
        f"put the difference within a margin of {margin:g}. Tie groups hold what Holm's correction over all "
        "pairs cannot separate.",
        f"Ranks: median and {percent} interval over {draws} joint draws. A column's methods are ranked on "
        "the episodes that all of them have.",
        "Overall, methods are ordered by mean normalised score: (accuracy - chance) / (1 - chance), averaged "
        "over benchmarks.",
    ]
    return (*notes, *_benchmarks(table), *_seeds(board), *_episodes(table), *_holes(table))


def _benchmarks(table: Table) -> list[str]:
    count = len({column.data for column in table.columns})
    if count == 1:
        return ["One benchmark: overall figures speak of it alone, not of others like it."]
    if count < _FEW_BENCHMARKS:
        freedom = "1 degree" if count == 2 else f"{count - 1} degrees"
        return [
            f"Only {count} benchmarks: overall intervals resample these few and are too narrow for "
            f"benchmarks not seen; overall tie groups rest on a t test with {freedom} of freedom, which "
            "hardly separates methods. The columns say more."
        ]
    return []


def _seeds(board: Sequence[Effects]) -> list[str]:
    notes = []
    single = sorted(
        {m for effects in board for m, s in zip(effects.methods, effects.seeds, strict=True) if s == 1}
    )
    if single:
        notes.append(
            f"One train seed: {_listed(single)}. No interval can be given for such a method, only for its "
            "one checkpoint; it is never separated from others, and enters their rank intervals with the "
            "seed variance of the rest of the board."
        )
    unmoved = sorted(
        {effects.methods[row] for effects in board for u in effects.units if u.unmoved for row in u.members}
    )
    if unmoved:
        notes.append(f"Equal outcomes with every seed, taken as free of seed variance: {_listed(unmoved)}.")
    variances = sum(u.total.degrees > 0 and not u.unmoved for effects in board for u in effects.units)
    if 0 < variances < _FEW_VARIANCES:
        notes.append(
            f"Only {variances} seed variance{'s' if variances > 1 else ''} to borrow from: intervals are "
            "wide."
        )
    together = [
        _listed([effects.methods[row] for row in u.members])
        for effects in board
        for u in effects.units
        if len(u.members) > 1
    ]
    if together:
        notes.append(
            f"Paired by seed too, resting on the same checkpoints: {'; '.join(sorted(set(together)))}."
        )
    return notes


def _episodes(table: Table) -> list[str]:
    notes = []
    for column, cells in zip(table.columns, table.cells, strict=True):
        common = cells[0].values.shape[1]
        longer = [cell.method for cell in cells if cell.given > common]
        if longer:
            shortest = [cell.method for cell in cells if cell.given == common]
            notes.append(
                f"{column.title}: compared on the first {common} episodes, all that {_listed(shortest)} "
                f"{'has' if len(shortest) == 1 else 'have'}."
            )
        if common == 1:
            notes.append(f"{column.title}: one episode, so no intervals.")
    return notes


def _holes(table: Table) -> list[str]:
    partial = [method for method in table.methods if table.missing(method)]
    if not partial:
        return []
    notes = [
        f"Partial: {_listed(partial)}. Listed after the complete methods, each ranked in the columns that it "
        "has among the methods that have them all; nothing is filled in."
    ]
    if len(partial) == len(table.methods):
        notes.append("No method has every column, so there is no overall order.")
    return notes


def _listed(names: Sequence[str]) -> str:
    shown = list(names) if len(names) <= 8 else [*names[:7], f"{len(names) - 7} more"]
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + " and " + shown[-1]
