"""The typefaces that ``glyphs`` is drawn with: where the pinned packages keep them, and the outlines."""

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
    """A character's drawing: an SVG path in font units, y upwards, and the bounds of its points."""

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
    """The characters that a font truly draws, not those it has no glyph for, or only a blank or a box.

    A variable font is taken at its default instance.
    """
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    with TTFont(io.BytesIO(content), lazy=True) as font:
        glyphs, names = font.getGlyphSet(), font.getBestCmap() or {}
        box = _outline(glyphs, ".notdef") if ".notdef" in glyphs else None
        for character in characters:
            outline = _outline(glyphs, names[ord(character)]) if ord(character) in names else None
            if outline is not None and (box is None or outline.path != box.path):
                yield character, outline


def _outline(glyphs: Any, name: str) -> Outline | None:
    """One glyph, its components resolved; None if it is blank."""
    from fontTools.pens.basePen import BasePen  # type: ignore[import-untyped]

    commands: list[str] = []
    xs: list[float] = []
    ys: list[float] = []

    def add(command: str, *points: tuple[float, float]) -> None:
        commands.append(command + " ".join([f"{x:g} {y:g}" for x, y in points]))
        xs.extend([x for x, _ in points])
        ys.extend([y for _, y in points])

    pen = BasePen(glyphs)
    pen._moveTo = lambda point: add("M", point)
    pen._lineTo = lambda point: add("L", point)
    pen._qCurveToOne = lambda one, two: add("Q", one, two)
    pen._curveToOne = lambda one, two, three: add("C", one, two, three)
    pen._closePath = pen._endPath = lambda: add("Z")
    glyphs[name].draw(pen)
    return Outline("".join(commands), min(xs), min(ys), max(xs), max(ys)) if xs else None
