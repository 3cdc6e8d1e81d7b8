"""The typefaces that ``glyphs`` is drawn with: where each pinned package keeps its file, and the outlines in it."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from tasks.errors import DataError
from tasks.packages import INSTALL


@dataclass(frozen=True)
class Typeface:
    """One font file; files of one family are one hand, which draws each character once.

    ``file`` is a path inside the distribution: a font, or a Python module whose ``fontbuffer`` is one.
    """

    family: str
    licence: str
    distribution: str
    file: str
    sha256: str


@dataclass(frozen=True)
class Outline:
    """A character's drawing: an SVG path in font units (y upwards) and its exact bounds."""

    path: str
    left: float
    bottom: float
    right: float
    top: float


def roster() -> list[Typeface]:
    """Every font file in use, in the order of the roster file."""
    text = (Path(__file__).parent / "typefaces.json").read_text(encoding="utf-8")
    return [Typeface(**row) for row in json.loads(text)]


def font_bytes(typeface: Typeface) -> bytes:
    """The font file. Raises DataError where the package is missing or its file is another one."""
    try:
        if typeface.file.endswith(".py"):
            module = import_module(typeface.file.removesuffix(".py").replace("/", "."))
            content = bytes(module.fontbuffer)
        else:
            content = Path(str(distribution(typeface.distribution).locate_file(typeface.file))).read_bytes()
    except (PackageNotFoundError, ModuleNotFoundError, FileNotFoundError) as error:
        raise DataError(
            f"{typeface.file} of the package {typeface.distribution} is missing; {INSTALL} installs it"
        ) from error
    if hashlib.sha256(content).hexdigest() != typeface.sha256:
        raise DataError(
            f"{typeface.file} of the package {typeface.distribution} is not the file the images are drawn "
            f"with; {INSTALL} installs the right version"
        )
    return content


def outlines(content: bytes, characters: Iterable[str]) -> Iterator[tuple[str, Outline]]:
    """The characters that a font truly draws: those it has no glyph for, or only a blank or a box, are left out.

    A variable font is taken at its default instance.
    """
    from fontTools.pens.boundsPen import BoundsPen
    from fontTools.pens.svgPathPen import SVGPathPen
    from fontTools.ttLib import TTFont

    with TTFont(io.BytesIO(content), lazy=True) as font:
        glyphs, names = font.getGlyphSet(), font.getBestCmap() or {}

        def path_of(name: str) -> str:
            pen = SVGPathPen(glyphs, ntos=_number)
            glyphs[name].draw(pen)
            return str(pen.getCommands())

        box = path_of(".notdef") if ".notdef" in glyphs else ""
        for character in characters:
            name = names.get(ord(character))
            path = "" if name is None else path_of(name)
            if path in ("", box):
                continue
            bounds: Any = BoundsPen(glyphs)
            glyphs[name].draw(bounds)
            if bounds.bounds is not None:
                yield character, Outline(path, *bounds.bounds)


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
