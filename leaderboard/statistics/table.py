"""Outcomes, checked and laid out column by column in one fixed order, whatever order they came in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from leaderboard.ranking import Column, Outcomes

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cell:
    """One method in one column: accuracies float64 [seeds, episodes], cut to the column's common episodes.

    ``training`` is equal for cells of a column that rest on the same checkpoints, seed by seed.
    ``given``: episodes before the cut.
    """

    method: str
    values: Floats
    training: str
    given: int


@dataclass(frozen=True)
class Table:
    """Cells of each column, methods in alphabetical order; columns in their own order."""

    methods: tuple[str, ...]
    columns: tuple[Column, ...]
    cells: tuple[tuple[Cell, ...], ...]

    def missing(self, method: str) -> tuple[Column, ...]:
        """Columns that the method has no outcomes in."""
        return tuple(
            column
            for column, cells in zip(self.columns, self.cells, strict=True)
            if all(cell.method != method for cell in cells)
        )


def lay_out(outcomes: Outcomes, pool: Sequence[str] | None, columns: Sequence[Column] | None) -> Table:
    """The table of the methods in ``pool`` and the columns in ``columns`` (None: all).

    Raises ValueError for unknown or repeated names, an empty choice, a method without a single outcome in the
    chosen columns, and arrays that are no accuracies.
    """
    if not outcomes.values:
        raise ValueError("there are no outcomes to rank")
    known_methods = sorted({method for method, _ in outcomes.values})
    known_columns = sorted({column for _, column in outcomes.values})
    methods = known_methods if pool is None else sorted(pool)
    chosen = known_columns if columns is None else sorted(columns)
    _check_choice("method", methods, known_methods)
    _check_choice("column", [str(c) for c in chosen], [str(c) for c in known_columns])
    for method in methods:
        if not any((method, column) in outcomes.values for column in chosen):
            raise ValueError(
                f"{method} has no outcome in any of the chosen columns: leave it out of the pool"
            )
    # A column that none of the pool has would be a column of holes.
    held = [column for column in chosen if any((method, column) in outcomes.values for method in methods)]
    return Table(
        methods=tuple(methods),
        columns=tuple(held),
        cells=tuple(_column_cells(outcomes, methods, column) for column in held),
    )


def _column_cells(outcomes: Outcomes, methods: Iterable[str], column: Column) -> tuple[Cell, ...]:
    arrays = {
        method: _accuracies(method, column, outcomes.values[method, column])
        for method in methods
        if (method, column) in outcomes.values
    }
    common = min(values.shape[1] for values in arrays.values())
    return tuple(
        Cell(method, values[:, :common], _training(outcomes, method, column, values), values.shape[1])
        for method, values in arrays.items()
    )


def _accuracies(method: str, column: Column, given: Floats) -> Floats:
    values = np.ascontiguousarray(given, dtype=np.float64)
    where = f"{method} on {column.title}"
    if values.ndim != 2:
        raise ValueError(f"{where}: outcomes must be [train seeds, episodes], not of shape {values.shape}")
    if 0 in values.shape:
        raise ValueError(f"{where}: no outcomes in an array of shape {values.shape}; leave the cell out")
    if not np.isfinite(values).all():
        raise ValueError(f"{where}: {int((~np.isfinite(values)).sum())} outcomes are not finite")
    if values.min() < 0 or values.max() > 1:
        raise ValueError(f"{where}: accuracies must lie in 0..1, not in {values.min():g}..{values.max():g}")
    return values


def _training(outcomes: Outcomes, method: str, column: Column, values: Floats) -> str:
    names = outcomes.trainings.get((method, column))
    if names is None:
        # Equal outcomes on every seed and episode are one set of checkpoints under two labels.
        return "outcomes " + hashlib.sha256(values.tobytes()).hexdigest()
    if len(names) != len(values):
        raise ValueError(
            f"{method} on {column.title}: {len(names)} trainings are named for {len(values)} train seeds"
        )
    return "trainings " + "\x1f".join(names)


def _check_choice(kind: str, names: Sequence[str], known: Sequence[str]) -> None:
    if not names:
        raise ValueError(f"an empty choice of {kind}s cannot be ranked")
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=3) or list(known)[:3]
            raise ValueError(f"no outcomes of {kind} {name!r}; nearest: {', '.join(near)}")
        if names.count(name) > 1:
            raise ValueError(f"{kind} {name!r} is named twice")
