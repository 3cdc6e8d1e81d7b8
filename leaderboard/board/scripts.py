"""The files that make the board's pages interactive; without them every page reads the same, in full."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from typing import TYPE_CHECKING

from leaderboard.board.model import Board
from leaderboard.board.pool_data import pool_script

if TYPE_CHECKING:  # At run time it has stood in different places since Python 3.10.
    from importlib.resources.abc import Traversable

POOL_SCRIPT = "assets/pool.js"
"""What pools are ranked from: the page loads it when the first pool is chosen."""


def script_files(board: Board) -> dict[str, str]:
    """File name -> text: our scripts, the vendored one with its licence, and what pools are ranked from."""
    files = dict(_texts(resources.files("leaderboard.board").joinpath("assets"), "assets"))
    data = pool_script(board)
    return {**files, POOL_SCRIPT: data} if data else files


def _texts(folder: Traversable, name: str) -> Iterator[tuple[str, str]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        path = f"{name}/{entry.name}"
        if entry.is_dir():
            yield from _texts(entry, path)
        else:
            yield path, entry.read_text("utf-8")
