"""The board: a pure function of the store. ``build`` makes it; the others show it."""

from leaderboard.board.as_csv import measured_to_csv, to_csv
from leaderboard.board.as_json import to_json
from leaderboard.board.build import build
from leaderboard.board.html import write_html
from leaderboard.board.model import Board
from leaderboard.board.terminal import render_terminal

__all__ = ["Board", "build", "measured_to_csv", "render_terminal", "to_csv", "to_json", "write_html"]
