"""How a board reaches the user: as text, JSON or CSV on standard output, as pages in a folder."""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from suite.cli.shared import Failed

if TYPE_CHECKING:
    from leaderboard.board import Board


def terminal(board: Board, *, measured: bool) -> str:
    """The board as text: coloured and as wide as the terminal, plain where there is none."""
    from rich.console import Console

    from leaderboard.board import render_terminal
    from leaderboard.board.terminal import WIDTH

    is_terminal = sys.stdout.isatty()
    width = min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDTH) if is_terminal else WIDTH
    # Through a string, so that a reader who leaves (head) meets one broken pipe, in one place.
    console = Console(file=io.StringIO(), width=width, force_terminal=is_terminal, highlight=False)
    console.print(render_terminal(board, measured))
    text = console.file
    assert isinstance(text, io.StringIO)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())


def pages(board: Board, folder: str | Path, *, measured: bool) -> str:
    """Write the HTML board; returns the address of its first page, ``file:///…/index.html``.

    What an earlier board in the folder showed and this one does not is said, on standard error.
    """
    from leaderboard import StoreError
    from leaderboard.board import write_html

    try:
        page = write_html(board, folder, measured, on_loss=lambda sentence: click.echo(sentence, err=True))
    except StoreError as error:
        raise Failed(f"{error}. Choose another folder with --html DIR.") from error
    return page.absolute().as_uri()
