"""The page Papers: every claim that was tried, with its verdict, checks and figures; alone or in a board."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import groupby
from pathlib import Path

from leaderboard.board import papers as told
from leaderboard.board.environment import environment
from leaderboard.board.folder import write_folder
from leaderboard.board.papers import TriedPaper
from leaderboard.findings import Figure, Table

PAGE = "papers.html"
STYLE = "papers.css"

_STYLES = ("board.css", "pages.css")


@dataclass(frozen=True)
class Block:
    """Rows of a table that have the same columns; ``cells`` are in the order of these."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Figure, ...]], ...]


def write_papers(folder: str | os.PathLike[str], papers: Sequence[TriedPaper], measured: bool = True) -> Path:
    """Write the page alone, with its style sheets, into ``folder``; returns the page.

    Without ``measured`` times are left out, which differ from run to run. Raises StoreError where the folder
    cannot be written.
    """
    styles = ((name, _template(name)) for name in _STYLES)
    write_folder(Path(folder), (*styles, *render_papers(papers, measured, PAGE)))
    return Path(folder) / PAGE


def render_papers(
    papers: Sequence[TriedPaper], measured: bool = True, home: str = "index.html"
) -> Iterator[tuple[str, str]]:
    """The page and its own style sheet, path and content. ``home`` is the page that it is part of."""
    yield STYLE, _template(STYLE)
    page = environment().get_template(PAGE)
    yield PAGE, page.render(papers=papers, told=told, blocks=blocks, measured=measured, home=home, root="")


def blocks(table: Table) -> list[Block]:
    """A table as pieces without holes: rows in a row that have the same columns belong together."""
    rows: dict[str, list[Figure]] = {}
    for figure in table.figures:
        rows.setdefault(figure.row, []).append(figure)
    by_columns = groupby(rows.items(), key=lambda row: tuple(figure.column for figure in row[1]))
    return [
        Block(columns, tuple((name, tuple(cells)) for name, cells in some)) for columns, some in by_columns
    ]


def _template(name: str) -> str:
    return resources.files("leaderboard.board").joinpath("templates", name).read_text("utf-8")
