"""The board as a static page: opens from the file system, asks for no network and no JavaScript."""

from __future__ import annotations

import json
import os
import re
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from leaderboard.board import figures, plots, summary, verdicts
from leaderboard.board.as_csv import measured_to_csv, to_csv
from leaderboard.board.as_json import to_json
from leaderboard.board.model import Board
from leaderboard.board.scripts import POOL_SCRIPT, script_files
from leaderboard.ranking import Interval, Standing
from leaderboard.store.errors import explained

# More letters side by side make a wide column of dots.
_MOST_ALIGNED = 10

STYLES = ("board.css", "pages.css")


def write_html(board: Board, folder: str | os.PathLike[str], measured: bool = True) -> Path:
    """Write ``index.html``, its style sheet and the data behind it into a folder; returns the page's path.

    Files of an earlier board are replaced one by one, each in one step. Without ``measured`` all that differs
    from run to run is left out. Raises StoreError where the folder cannot be written.
    """
    files = {
        **{name: _style(name) for name in STYLES},
        "board.json": to_json(board, measured),
        "standings.csv": to_csv(board),
    }
    if measured:
        files["measured.csv"] = measured_to_csv(board)
    scripts = script_files(board)
    files["index.html"] = render_page(
        board, tuple(name for name in files if name not in STYLES), measured, pools=POOL_SCRIPT in scripts
    )
    files |= scripts
    target = Path(folder)
    with explained(str(target), "the board was not written"):
        target.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            unfinished = (target / name).with_name(f".{Path(name).name}.{os.getpid()}")
            unfinished.parent.mkdir(parents=True, exist_ok=True)
            try:
                unfinished.write_text(text, encoding="utf-8", newline="\n")
                unfinished.replace(target / name)
            finally:
                unfinished.unlink(missing_ok=True)
    return target / "index.html"


def render_page(
    board: Board, downloads: tuple[str, ...] = (), measured: bool = True, *, pools: bool = False
) -> str:
    """The page as text; ``downloads`` are the files it links to, ``pools`` whether it can rank them anew."""
    ranking = board.computed.ranking
    order = [standing.method for standing in summary.lead(board)]
    panels = {
        column: plots.panels(
            [entry for entry in board.computed.entries if entry.column == column],
            [standing.method for standing in ranking.by_column[column]],
        )
        for column in ranking.columns
    }
    return (
        _environment()
        .get_template("index.html")
        .render(
            root="",
            board=board,
            computed=board.computed,
            ranking=ranking,
            measured=measured,
            downloads=downloads,
            pools=pools,
            lead=summary.lead(board),
            summary=summary,
            level=f"{100 * ranking.level:g} %",
            overall_name=figures.overall_name(ranking.ordered_by),
            aggregate_names=sorted({name for scores in ranking.aggregates.values() for name in scores}),
            standing_of={
                (standing.method, column): standing
                for column in ranking.columns
                for standing in ranking.by_column[column]
            },
            method_ids=_method_ids(board, order),
            selections=_selections(board),
            panels_of=panels,
            panel_size=(plots.PANEL_WIDTH, plots.PANEL_HEIGHT),
            has_curves=any(panels.values()),
            has_gpu=any(
                c.gpu_seconds for cost in board.measured.costs for c in (cost.train, cost.evaluate) if c
            ),
        )
    )


def _style(name: str) -> str:
    return resources.files("leaderboard.board").joinpath("templates", name).read_text("utf-8")


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("leaderboard.board"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        accuracy=figures.accuracy,
        half_width=figures.half_width,
        score=figures.score,
        rank_parts=figures.rank_parts,
        breakable=_breakable,
        unbroken=lambda text: text.replace("-", "\N{NON-BREAKING HYPHEN}"),
        points=figures.points,
        signed_points=figures.signed_points,
        signed_accuracy=_signed_accuracy,
        probability=figures.probability,
        count=figures.count,
        seconds=figures.seconds,
        mebibytes=figures.mebibytes,
        tick=lambda value: f"{value:.10g}",
        effect=figures.effect,
        p_value=figures.p_value,
        sort_key=lambda value: "" if value is None else f"{value:.10g}",
        change=lambda value: figures.MISSING if value is None else f"{value:.2g}",
        argument=lambda value: value if isinstance(value, str) else json.dumps(value, sort_keys=True),
    )
    functions: dict[str, Any] = {
        "accuracy_scale": plots.accuracy_scale,
        "drawn_interval": plots.drawn_interval,
        "aggregate_name": figures.overall_name,
        "rank_scale": plots.rank_scale,
        "alphabet_of": _alphabet,
        "matrix": verdicts.matrix,
        "would_decide": verdicts.would_decide,
        "sentence": verdicts.sentence,
        "symbols": verdicts.SYMBOLS,
    }
    environment.globals.update(functions)
    return environment


def _breakable(label: str) -> Markup:
    """A label that a narrow page may break after a bracket, sign or underscore, and not within a word."""
    return Markup("<wbr>").join(escape(part) for part in re.split(r"(?<=[(_=,-])", label))


def _alphabet(standings: tuple[Standing, ...]) -> str:
    """Tie letters from the best group down, for letters to stand below their like; none if there are many."""
    letters = "".join(dict.fromkeys(letter for standing in standings for letter in standing.tie_groups))
    return letters if len(letters) <= _MOST_ALIGNED else ""


def _method_ids(board: Board, order: list[str]) -> dict[str, str]:
    """Label -> an id that a link can name; labels may hold brackets, spaces and signs."""
    labels = [*order, *sorted({facts.label for facts in board.computed.methods} - set(order))]
    ids: dict[str, str] = {}
    for label in labels:
        stem = "method-" + (re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-") or "unnamed")
        taken = set(ids.values())
        suffixes = ("", *(f"-{number}" for number in range(2, len(labels) + 2)))
        ids[label] = next(stem + suffix for suffix in suffixes if stem + suffix not in taken)
    return ids


def _selections(board: Board) -> dict[str, list[str]]:
    return {
        facts.label: sorted(
            {seed.selection for entry in board.entries(facts.label) for seed in entry.seeds if seed.selection}
        )
        for facts in board.computed.methods
    }


def _signed_accuracy(interval: Interval) -> str:
    text = figures.signed_points(interval.estimate)
    if interval.low is None or interval.high is None:
        return text
    return f"{text} [{figures.signed_points(interval.low)}, {figures.signed_points(interval.high)}]"
