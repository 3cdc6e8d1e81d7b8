"""The board as static pages: they open from the file system, ask for no network and need no JavaScript."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path

from leaderboard.board import pages
from leaderboard.board.as_csv import measured_to_csv, to_csv
from leaderboard.board.as_json import to_json
from leaderboard.board.changes import changes
from leaderboard.board.diversity.export import diversity_to_csv
from leaderboard.board.diversity.page import PAGE, diversity_page
from leaderboard.board.environment import environment
from leaderboard.board.folder import write_folder
from leaderboard.board.model import Board
from leaderboard.board.papers_page import render_papers
from leaderboard.board.prediction import page as prediction
from leaderboard.board.prediction.export import tables
from leaderboard.board.scripts import POOL_SCRIPT, script_files
from leaderboard.board.site import Site, lay_out
from leaderboard.board.tracks import TITLES

DATA = "board.json"
STYLES = ("board.css", "pages.css")


def write_html(
    board: Board,
    folder: str | os.PathLike[str],
    measured: bool = True,
    *,
    on_loss: Callable[[str], None] | None = None,
) -> Path:
    """Write the pages, their style sheets and the data behind them into a folder; returns the first page.

    Files of an earlier board are replaced one by one, each in one step, and those that this one no longer has
    are removed. Without ``measured`` all that differs from run to run is left out. ``on_loss`` hears, in one
    sentence each, what the earlier board showed and this one does not; by default it is logged. Raises
    StoreError where the folder cannot be written.
    """
    target = Path(folder)
    lost = [*changes(target / DATA, board), *_of_tracks(target, board)]
    write_folder(target, render_site(board, measured))
    for sentence in lost:
        (on_loss or _log)(sentence)
    return target / "index.html"


def render_site(
    board: Board, measured: bool = True, *, home: str | None = None
) -> Iterator[tuple[str, str | bytes]]:
    """Every file of the board, its path and its content, one after the other.

    Each other track is a board in a folder of its own; ``home`` is the track of the board whose folder this
    one lies in.
    """
    site = lay_out(board)
    data = {DATA: to_json(board, measured), "standings.csv": to_csv(board)}
    if measured:
        data["measured.csv"] = measured_to_csv(board)
    if board.diversity is not None:
        data["diversity.csv"] = diversity_to_csv(board, board.diversity)
    if board.transfer is not None:
        data |= tables(board, board.transfer)
    scripts = script_files(board)
    yield from data.items()
    yield from scripts.items()
    for name in STYLES:
        style = resources.files("leaderboard.board").joinpath("templates", name)
        yield name, style.read_text("utf-8")
    yield "index.html", render_page(board, tuple(data), measured, pools=POOL_SCRIPT in scripts, home=home)
    yield from _subpages(board, site, measured)
    if board.papers:
        yield from render_papers(board.papers, measured)
    for other in board.tracks:
        for path, content in render_site(other, measured, home=board.track):
            yield f"{other.track}/{path}", content


def render_page(
    board: Board,
    downloads: tuple[str, ...] = (),
    measured: bool = True,
    *,
    pools: bool = False,
    home: str | None = None,
) -> str:
    """The first page as text; ``downloads`` are the files it links to, ``pools`` whether it can rank them,
    ``home`` as in ``render_site``."""
    context = pages.common(board, lay_out(board), measured, "") | pages.index_page(board, measured)
    template = environment().get_template("index.html")
    return template.render(**context, downloads=downloads, pools=pools, home=home)


def _subpages(board: Board, site: Site, measured: bool) -> Iterator[tuple[str, str | bytes]]:
    """A page for each method, benchmark and pair, and where there are any for diversity and prediction."""
    templates, shared = environment(), pages.common(board, site, measured, "../")
    method, benchmark, pair = (
        templates.get_template(f"{kind}.html") for kind in ("method", "benchmark", "pair")
    )
    for facts in (*board.computed.methods, *board.computed.unranked):
        yield site.methods[facts.label], method.render(**shared, **pages.method_page(board, facts))
    for data in board.computed.benchmarks:
        path = site.benchmarks[data.id]
        yield path, benchmark.render(**shared, **pages.benchmark_page(board, data, measured))
        if data.digest in board.sheets:
            yield str(Path(path).with_suffix(".png")), board.sheets[data.digest]
    if board.diversity is not None:
        page = templates.get_template("diversity.html")
        yield PAGE, page.render(**shared | {"root": ""}, **diversity_page(board, board.diversity))
    if board.transfer is not None and board.transfer.figures:
        page = templates.get_template(prediction.PAGE)
        own = prediction.prediction_page(board, board.transfer)
        yield prediction.PAGE, page.render(**shared | {"root": ""}, **own)
        style = resources.files("leaderboard.board").joinpath("templates", prediction.STYLE)
        yield prediction.STYLE, style.read_text("utf-8")
    for (a, b), path in site.pairs.items():
        yield path, pair.render(**shared, **pages.pair_page(board, a, b, board.outcomes))


def _of_tracks(target: Path, board: Board) -> Iterator[str]:
    """What boards of other tracks showed there before, and no longer do."""
    now = {other.track: other for other in board.tracks}
    for track, title in TITLES.items():
        data = target / track / DATA
        if track in now:
            yield from changes(data, now[track])
        elif data.exists() and track != board.track:
            yield f"The {title.lower()} track is gone: {data} was of it, and the store has no result of it."


def _log(sentence: str) -> None:
    logging.getLogger(__name__).warning("%s", sentence)
