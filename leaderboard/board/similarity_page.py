"""Measurements of similarity as one static page: distances by layer, the body against the head."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path

from leaderboard.board.environment import environment
from leaderboard.board.folder import write_folder
from leaderboard.board.similarity import HEIGHT, WIDTH, Similarity, layer_picture, spelled, warnings

_STYLES = ("board.css", "pages.css")


def write_similarity(folder: str | os.PathLike[str], found: Sequence[Similarity]) -> Path:
    """Write the page and its style sheets into ``folder``; returns the page.

    Raises StoreError where the folder cannot be written.
    """
    write_folder(Path(folder), render_similarity(found))
    return Path(folder) / "index.html"


def render_similarity(found: Sequence[Similarity]) -> Iterator[tuple[str, str]]:
    """Every file, its path and its content: equal measurements, equal bytes."""
    for name in _STYLES:
        yield name, resources.files("leaderboard.board").joinpath("templates", name).read_text("utf-8")
    drawn = [(one, layer_picture(one), warnings(one)) for one in found]
    template = environment().get_template("similarity.html")
    yield "index.html", template.render(drawn=drawn, size=(WIDTH, HEIGHT), spelled=spelled, root="")
