"""``glyphs``: Omniglot's protocol with printed characters, drawn from the outlines of pinned typefaces."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasks import packages
from tasks.benchmark import SPLITS, Benchmark, Card, Split, SplitName
from tasks.cache import through
from tasks.raster import check_size, render, tiles
from tasks.registry import benchmark
from tasks.typefaces import Outline, Typeface, font_bytes, outlines, roster

SCRIPTS: Mapping[SplitName, tuple[str, ...]] = {
    "train": ("Latin", "Greek", "Cyrillic"),
    "validation": ("Arabic",),
    "test": ("Devanagari", "Georgian", "Hebrew", "Thai"),
}
_BLOCKS = {
    "Latin": (0x0041, 0x024F),
    "Greek": (0x0370, 0x03FF),
    "Cyrillic": (0x0400, 0x052F),
    "Arabic": (0x0600, 0x06FF),
    "Devanagari": (0x0900, 0x097F),
    "Georgian": (0x10A0, 0x10FF),
    "Hebrew": (0x05D0, 0x05EA),
    "Thai": (0x0E00, 0x0E7F),
}
FAMILIES = 5
"""A character is a class if at least so many families draw it."""

_INNER = 0.86
"""Share of the tile's side that the line of a script, and every drawing, stays within."""


Drawings = dict[str, dict[bytes, NDArray[np.uint8]]]
"""Character -> one image uint8 [size, size] for each family, 0 paper, 255 ink, by its bytes: families whose
images are the same to the byte count once."""


@benchmark("glyphs")
def load(size: int = 28, scripts: Sequence[str] | None = None, *, cache: Path | None = None) -> Benchmark:
    """Grey images [n, 1, size, size], 0 paper, 255 ink; class = character, domain = script.

    ``scripts`` are the only ones to keep (default: all), at least one of each split. ``cache`` is the folder
    that keeps the images (default: the user's). Raises ValueError for a size outside 8..128, a script that
    there is not, or a split that is left without one.
    """
    check_size(size)
    kept = None if scripts is None else _checked(scripts)
    sources = ["glyphs.py", "raster.py", "typefaces.py", "typefaces.json"]
    whole = through("glyphs", {"size": size}, lambda: _build(size), sources=sources, folder=cache)
    return whole if kept is None or kept == whole.domain_names else _only(whole, kept)


def letters(script: str) -> list[str]:
    """Letters of a script in code-point order, as Unicode 3.2 has them: the data that every Python carries.

    Compatibility characters and the blocks of stacked diacritics stay out.
    """
    first, last = _BLOCKS[script]
    known = unicodedata.ucd_3_2_0
    return [
        character
        for character in map(chr, range(first, last + 1))
        if known.category(character) in ("Lu", "Ll", "Lo")
        and known.normalize("NFKC", character) == character
        and known.name(character, "").startswith(script.upper())
    ]


def _checked(scripts: Sequence[str]) -> tuple[str, ...]:
    """The scripts in their usual order."""
    if isinstance(scripts, str):
        raise ValueError(f"scripts must be a list, such as [Latin, Arabic, Hebrew], not {scripts!r}")
    for script in scripts:
        if script not in _BLOCKS:
            near = difflib.get_close_matches(str(script), _BLOCKS, n=1) or list(_BLOCKS)
            raise ValueError(f"glyphs has no script {script!r}; nearest: {', '.join(near)}")
    for split in SPLITS:
        if not set(SCRIPTS[split]) & set(scripts):
            raise ValueError(
                f"scripts leaves {split} without one; add at least one of {', '.join(SCRIPTS[split])}"
            )
    return tuple(script for split in SPLITS for script in SCRIPTS[split] if script in scripts)


def _only(whole: Benchmark, scripts: tuple[str, ...]) -> Benchmark:
    """The classes and images of some scripts."""
    wanted = np.array([scripts.index(name) if name in scripts else -1 for name in whole.domain_names])
    splits = {}
    for split in SPLITS:
        domains = wanted[whole.domains(split)]
        classes, labels = np.unique(whole.labels(split)[domains >= 0], return_inverse=True)
        splits[split] = Split(
            whole.images(split)[domains >= 0],
            labels.astype(np.int64),
            domains[domains >= 0].astype(np.int64),
            tuple(whole.classes(split)[label] for label in classes),
        )
    rule = f"{whole.card.split_rule}; of these only {', '.join(scripts)}"
    options = {**whole.options, "scripts": list(scripts)}
    return Benchmark("glyphs", splits, scripts, replace(whole.card, split_rule=rule), options)


def _build(size: int) -> Benchmark:
    typefaces = roster()
    versions = packages.installed(
        [*sorted({typeface.distribution for typeface in typefaces}), "resvg-py", "fonttools", "pillow"]
    )
    families: dict[str, list[Typeface]] = {}
    for typeface in typefaces:
        families.setdefault(typeface.family, []).append(typeface)
    drawings: dict[str, Drawings] = {script: {} for split in SPLITS for script in SCRIPTS[split]}
    for files in families.values():
        for script, found in _hand(files).items():
            for character, image in zip(found, draw(found, size), strict=True):
                if image.any():
                    drawings[script].setdefault(character, {})[image.tobytes()] = image
    domains = tuple(drawings)
    splits = {split: _split({s: drawings[s] for s in SCRIPTS[split]}, domains) for split in SPLITS}
    return Benchmark("glyphs", splits, domains, _card(versions, families), {"size": size})


def _hand(files: list[Typeface]) -> dict[str, dict[str, Outline]]:
    """What one family draws: script -> character -> outline, the first file that has a character deciding.

    A drawing that serves two characters (Latin A, Greek Alpha, Cyrillic A) stands for the first alone.
    """
    found: dict[str, Outline] = {}
    wanted = {
        character: script for split in SPLITS for script in SCRIPTS[split] for character in letters(script)
    }
    for typeface in files:
        content = font_bytes(typeface)
        found.update(outlines(content, [character for character in wanted if character not in found]))
    hand: dict[str, dict[str, Outline]] = {}
    seen: set[str] = set()
    for character, script in wanted.items():
        if character in found and found[character].path not in seen:
            seen.add(found[character].path)
            hand.setdefault(script, {})[character] = found[character]
    return hand


def draw(drawn: Mapping[str, Outline], size: int) -> NDArray[np.uint8]:
    """Outlines of one family and script on one line: ink uint8 [n, size, size].

    The line fills the inner tile, so letters keep their relative sizes and their place on it; what sticks out
    of the inner tile is moved into it, and what is larger is made smaller.
    """
    inner, columns = size * _INNER, 32
    bottom, top = _line(drawn)
    margin = (size - inner) / 2
    paths = []
    for index, outline in enumerate(drawn.values()):
        width, height = outline.right - outline.left, outline.top - outline.bottom
        scale = inner / max(top - bottom, width, height)
        x = index % columns * size + size / 2 - scale * (outline.left + outline.right) / 2
        baseline = size / 2 + scale * (bottom + top) / 2
        y = min(max(baseline, margin + scale * outline.top), size - margin + scale * outline.bottom)
        y += index // columns * size
        paths.append(
            f'<path transform="matrix({scale:.6f} 0 0 {-scale:.6f} {x:.3f} {y:.3f})" d="{outline.path}"/>'
        )
    rows = -(-len(drawn) // columns)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{columns * size}" height="{rows * size}">'
        f"{''.join(paths)}</svg>"
    )
    return tiles(render(svg)[..., 3:], size, len(drawn))[..., 0]


def _line(drawn: Mapping[str, Outline]) -> tuple[float, float]:
    """Where the line of a family's script runs, in font units.

    It goes from the 5th percentile of the bottoms to the 95th of the tops, of the letters without diacritics
    if there are any.
    """
    plain = [
        outline
        for character, outline in drawn.items()
        if unicodedata.ucd_3_2_0.decomposition(character) == ""
    ]
    measured = plain or list(drawn.values())
    bottoms = sorted(outline.bottom for outline in measured)
    tops = sorted(outline.top for outline in measured)
    return bottoms[len(bottoms) // 20], tops[(len(tops) - 1) * 19 // 20]


def _split(scripts: Mapping[str, Drawings], domains: tuple[str, ...]) -> Split:
    images: list[NDArray[np.uint8]] = []
    labels: list[int] = []
    script_of: list[int] = []
    classes: list[str] = []
    for script, drawings in scripts.items():
        for character in sorted(drawings):
            drawn = drawings[character].values()
            if len(drawn) < FAMILIES:
                continue
            images.extend(drawn)
            labels.extend([len(classes)] * len(drawn))
            script_of.extend([domains.index(script)] * len(drawn))
            classes.append(f"U+{ord(character):04X} {unicodedata.ucd_3_2_0.name(character)}")
    return Split(
        np.stack(images)[:, None],
        np.array(labels, dtype=np.int64),
        np.array(script_of, dtype=np.int64),
        tuple(classes),
    )


def _card(versions: Mapping[str, str], families: Mapping[str, Sequence[Typeface]]) -> Card:
    by_licence: dict[str, list[str]] = {}
    for family, files in sorted(families.items()):
        by_licence.setdefault(files[0].licence, []).append(family)
    return Card(
        title="Glyphs: printed characters, one sample a type family",
        description=(
            "Omniglot's protocol with printed characters: a class is a character, an alphabet a script, a "
            f"sample one of {len(families)} type families, handwriting and display faces among them. A "
            "family draws a character once, in its regular style. Characters that fewer than "
            f"{FAMILIES} families draw are left out, as are boxes, blanks, and a second character that a "
            "family draws just like a first. "
            "Caveats: some families are close relatives; Latin letters with different accents, and Arabic "
            "letters with different dots, are classes of their own; Georgian and Thai have 5 to 7 families, "
            "too few for 5-shot episodes with more than 2 queries a class."
        ),
        licence="Images drawn from fonts under " + ", ".join(sorted(by_licence)) + ".",
        attribution="Type families by licence. "
        + ". ".join(f"{licence}: {', '.join(names)}" for licence, names in sorted(by_licence.items()))
        + ". Their authors are named in the font packages.",
        split_rule=(
            "by script, Latin, Greek and Cyrillic together because of their homoglyphs; "
            + "; ".join(f"{split}: {', '.join(SCRIPTS[split])}" for split in SPLITS)
        ),
        citation=(
            "After Omniglot: B. M. Lake, R. Salakhutdinov, J. B. Tenenbaum: Human-level concept learning "
            "through probabilistic program induction. Science 350 (2015) 1332-1338."
        ),
        packages=versions,
    )
