"""What the page needs to rank any pool of the board anew: joint draws and pairs, small enough to be loaded.

It is a script that hands one object to ``leaguePool``, since a page that is opened from the file system may
load scripts but no data. Numbers are little-endian arrays in base64: draws as 16-bit steps of a column's
range, pairs as 32-bit floats.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.board.model import Board
from leaderboard.statistics import Estimates
from leaderboard.statistics.aggregates import chance
from leaderboard.statistics.comparisons import DECIMALS
from leaderboard.statistics.pool import resampling

MOST_BYTES = 6 << 20
"""Of all numbers together; the file is a third larger. 100 methods in 20 columns take 5.2 MB."""

FEWEST_DRAWS = 200
"""With fewer, the ends of a 95 % interval would rest on a handful of draws."""

_STEPS = (1 << 16) - 1
_NARROWEST = 2.0**-24
_PAIRWISE = ("tail", "variance", "degrees")


@dataclass(frozen=True)
class _Grid:
    """Draws [M, D] as integers on an even grid."""

    low: float
    step: float
    codes: NDArray[np.uint16]

    def draws(self) -> NDArray[np.float64]:
        return np.asarray(self.low + self.step * self.codes.astype(np.float64))


def embedded(estimates: Sequence[Estimates], most_bytes: int | None = None) -> tuple[Estimates, ...]:
    """The estimates as the page sees them: as many draws as fit, on a grid, and pairs in single precision.

    Empty where even ``FEWEST_DRAWS`` do not fit: such a board is too large to be ranked anew in a page.
    """
    cells = sum(len(found.methods) for found in estimates)
    if not cells:
        return ()
    pairs = sum(len(found.methods) * (len(found.methods) - 1) // 2 for found in estimates)
    fits = ((MOST_BYTES if most_bytes is None else most_bytes) - 3 * 4 * pairs) // (
        2 * (cells + _benchmarks(estimates) - 1)
    )
    count = min(fits, estimates[0].draws.shape[1])
    if count < FEWEST_DRAWS:
        return ()
    return tuple(_settled(found, count) for found in estimates)


def pool_script(board: Board) -> str:
    """The script; empty where there is nothing to choose from, or too much of it."""
    if board.analysis is None:
        return ""
    level, seed = board.analysis.level, board.analysis.seed
    estimates = embedded(board.analysis.estimates)
    if not estimates:
        return ""
    methods = sorted({method for found in estimates for method in found.methods})
    benchmarks = sorted({found.column.data for found in estimates})
    count = estimates[0].draws.shape[1]
    chosen = resampling(seed, len(benchmarks), count) if len(benchmarks) > 1 else np.zeros((0, count))
    data = {
        "level": level,
        "draws": count,
        "methods": methods,
        "resampling": _text(chosen.astype("<u2")),
        "columns": [_column(board, found, methods, benchmarks) for found in estimates],
    }
    return f"leaguePool({json.dumps(data, ensure_ascii=True, separators=(',', ':'))});\n"


def _column(
    board: Board, found: Estimates, methods: Sequence[str], benchmarks: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    grid = _grid(found.draws)
    upper = np.triu_indices(len(found.methods), 1)
    return {
        "id": board.facts(found.column).id,
        "benchmark": benchmarks.index(found.column.data),
        "chance": chance(found.column),
        "methods": [methods.index(method) for method in found.methods],
        "means": found.means.tolist(),
        "testable": [int(testable) for testable in found.testable],
        "low": grid.low,
        "step": grid.step,
        "draws": _text(grid.codes.astype("<u2")),
        **{name: _text(getattr(found, name)[upper].astype("<f4")) for name in _PAIRWISE},
    }


def _settled(found: Estimates, count: int) -> Estimates:
    return replace(
        found,
        # The last digits differ between machines, and the script's bytes must not.
        means=np.round(found.means, DECIMALS),
        draws=_grid(found.draws[:, :count]).draws(),
        **{name: getattr(found, name).astype(np.float32).astype(np.float64) for name in _PAIRWISE},
    )


def _grid(draws: NDArray[np.float64]) -> _Grid:
    """A grid that spans the draws. Its step is a power of two, so that no arithmetic on it rounds."""
    span = max(float(draws.max() - draws.min()), _NARROWEST)
    step = 2.0 ** math.ceil(math.log2(span / (_STEPS - 1)))
    low = math.floor(draws.min() / step) * step
    return _Grid(low, step, np.rint((draws - low) / step).astype(np.uint16))


def _benchmarks(estimates: Sequence[Estimates]) -> int:
    return len({found.column.data for found in estimates})


def _text(numbers: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(numbers).tobytes()).decode("ascii")
