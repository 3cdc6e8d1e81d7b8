"""What an earlier board showed and this one does not: no row goes without a word.

Only the earlier board's own data tell what was there, so that none of this is on the page, which is a
function of the store. Cells are told by their keys: a row that goes by another label now has not gone.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leaderboard.board import figures
from leaderboard.board.as_json import BOARD_SCHEMA_VERSION
from leaderboard.board.columns import FEW_SHOT
from leaderboard.board.model import Board


@dataclass(frozen=True)
class _Cell:
    """A cell of the earlier board."""

    method: str
    column: str
    seed: int
    key: str
    train_key: str | None


def changes(data: Path, board: Board) -> tuple[str, ...]:
    """A sentence for each method, column or cell in ``data``, an earlier board.json, that ``board`` lacks.

    Empty where there is no earlier board.
    """
    try:
        earlier = json.loads(data.read_text("utf-8"))
        if earlier["schema_version"] != BOARD_SCHEMA_VERSION:
            raise ValueError(f"its schema version is {earlier['schema_version']}")
        track = earlier.get("track", FEW_SHOT)
        computed = earlier["computed"]
        cells = _cells(computed)
        sources = {facts["label"]: str(facts["source_hash"]) for facts in computed["methods"]}
        titles = {facts["id"]: str(facts["title"]) for facts in computed["columns"]}
        sweep = computed["sweep"]
        if not (
            {cell.method for cell in cells} <= sources.keys()
            and {cell.column for cell in cells} <= titles.keys()
        ):
            raise ValueError("it has cells of methods or columns that it does not list")
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return (
            f"{data}, the earlier board, cannot be read, so nothing is compared with it: {_told(error)}.",
        )
    if sweep != board.computed.sweep:
        return (f"The board there was of {_named(sweep)}; this one is of {_named(board.computed.sweep)}.",)
    same = next((each for each in (board, *board.tracks) if each.track == track), None)
    if same is None:
        return (f"The board there was of the {track} track, of which the store has no result now.",)
    return tuple(_Comparison(same, cells, sources, titles).sentences())


def _cells(computed: Mapping[str, Any]) -> list[_Cell]:
    return [
        _Cell(entry["method"], entry["column"], seed["seed"], seed["evaluate_key"], seed["train_key"])
        for entry in computed["entries"]
        for seed in entry["seeds"]
    ]


class _Comparison:
    """The earlier board's cells beside this board."""

    def __init__(
        self,
        board: Board,
        cells: Sequence[_Cell],
        sources: Mapping[str, str],
        titles: Mapping[str, str],
    ) -> None:
        self.board, self.cells, self.sources, self.titles = board, cells, sources, titles
        self.now = {
            seed.evaluate_key: entry.method for entry in board.computed.entries for seed in entry.seeds
        }
        self.holes = {hole.key: hole.reason for hole in board.computed.holes}
        self.labels = {facts.label: facts for facts in board.computed.methods}
        self.columns = {facts.id for facts in board.computed.columns}

    def sentences(self) -> Iterator[str]:
        """Columns that went, then methods in their order: renamed, gone, or short of cells."""
        for column in sorted(set(self.titles) - self.columns):
            mine = [cell for cell in self.cells if cell.column == column]
            yield f"The column {self.titles[column]} is gone with its {_count(mine)}: {self._why(mine)}."
        by_method: dict[str, list[_Cell]] = defaultdict(list)
        for cell in self.cells:
            if cell.column in self.columns:
                by_method[cell.method].append(cell)
        for label in sorted(self.sources):
            yield from self._method(label, by_method[label])

    def _method(self, label: str, cells: Sequence[_Cell]) -> Iterator[str]:
        renamed = sorted({self.now[c.key] for c in cells if self.now.get(c.key, label) != label})
        if renamed:
            yield f"What was called {label} is now called {figures.listed(renamed)}."
        lost = [cell for cell in cells if cell.key not in self.now]
        if not cells and label not in self.labels:
            yield f"{label} is gone with the only columns that it was in."
        elif lost and len(lost) == len(cells):
            what = "no longer rests on its former" if label in self.labels else "is gone with its"
            yield f"{label} {what} {_count(lost)}: {self._why(lost)}."
        else:
            by_column: dict[str, list[_Cell]] = defaultdict(list)
            for cell in lost:
                by_column[cell.column].append(cell)
            for column, mine in sorted(by_column.items()):
                seeds = figures.listed([str(cell.seed) for cell in mine])
                where = f"{label} on {self.titles[column]}"
                yield f"{where} lacks seed{'s' * (len(mine) > 1)} {seeds}: {self._why(mine)}."

    def _why(self, cells: Sequence[_Cell]) -> str:
        """The reasons, as far as store and board know them, each once."""
        return "; ".join(dict.fromkeys(self._reason(cell) for cell in cells))

    def _reason(self, cell: _Cell) -> str:
        for key in (cell.key, cell.train_key):
            if key in self.holes:
                return self.holes[key]
        kept = cell.key in self.board.finished
        before, after = self.sources[cell.method], self.labels.get(cell.method)
        if after is not None and before != after.source_hash:
            old, new = before[:8], after.source_hash[:8]
            there = "" if kept else ", and the store no longer has their records"
            return f"they were computed with source {old}, and its source is {new} now{there}"
        if not kept:
            return "the store no longer has their records"
        if self.board.computed.sweep is not None:
            return f"the store has their records, but {self.board.computed.sweep} no longer plans them"
        return "an evaluation of the same seeds with more episodes is shown in their place"


def _count(cells: Sequence[_Cell]) -> str:
    return f"{len(cells):,} cell{'s' * (len(cells) != 1)}"


def _named(sweep: str | None) -> str:
    return "everything in its store" if sweep is None else f"the sweep {sweep}"


def _told(error: Exception) -> str:
    return f"it has no {error}" if isinstance(error, KeyError) else str(error)
