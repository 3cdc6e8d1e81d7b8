"""``digits_to_print``: from handwritten digits to printed ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasks import registry
from tasks.benchmark import SPLITS, Benchmark, Card, Split
from tasks.cache import through
from tasks.checks import check_whole
from tasks.digits import DIGITS
from tasks.glyphs import draw
from tasks.transfers.dealing import dealt
from tasks.transfers.digits import all_digits, in_order
from tasks.transfers.registry import transfer
from tasks.transfers.transfer import Transfer
from tasks.typefaces import Outline, font_bytes, outlines, roster

_SOURCES = ["transfers/print.py", "glyphs.py", "raster.py", "typefaces.py", "typefaces.json"]


@transfer("digits_to_print")
def load(size: int = 28, seed: int = 0, *, cache: Path | None = None) -> Transfer:
    """Grey digits [n, 1, size, size], 0 paper, 255 ink: by hand, then in print; class = digit.

    Handwritten ones are those that scikit-learn carries, printed ones one a type family of ``glyphs``.
    ``seed`` deals images. Raises ValueError for a value out of range.
    """
    check_whole("seed", seed, 0)
    handwritten, card = all_digits(size, cache)
    fonts = registry.load("glyphs", size=size, cache=cache).card
    printed = in_order(
        through("printed_digits", {"size": size}, lambda: _build(size, fonts), sources=_SOURCES, folder=cache)
    )
    domains = np.ones(len(printed.labels), dtype=np.int64)
    downstream = Split(printed.images, printed.labels, domains, printed.classes)
    key = ("digits_to_print", seed)
    card = Card(
        title="Digits to print: from handwritten digits to printed ones",
        description=f"{card.description} Downstream, the digits of the type families of glyphs.",
        licence=f"Handwritten: {card.licence}. Printed: {fonts.licence}",
        attribution=f"Handwritten: {card.attribution}. Printed: {fonts.attribution}",
        split_rule="each side is dealt to train, validation and test at 3:1:1, digit by digit",
        citation=card.citation,
        packages={**card.packages, **fonts.packages},
    )
    return Transfer(
        "digits_to_print",
        dealt(handwritten, (*key, "source")),
        dealt(downstream, (*key, "downstream")),
        ("by hand", "print"),
        card,
        {"size": size, "seed": seed},
    )


def _build(size: int, fonts: Card) -> Benchmark:
    """Printed digits, in the splits that ``digits`` has."""
    images: dict[str, dict[bytes, NDArray[np.uint8]]] = {str(digit): {} for digit in range(10)}
    for drawn in _hands().values():
        for character, image in zip(drawn, draw(drawn, size), strict=True):
            # What two families draw alike, to the byte, counts once.
            images[character][image.tobytes()] = image
    splits = {}
    for split in SPLITS:
        own = [list(images[str(digit)].values()) for digit in DIGITS[split]]
        labels = np.repeat(np.arange(len(own), dtype=np.int64), [len(drawn) for drawn in own])
        splits[split] = Split(
            np.concatenate([np.stack(drawn) for drawn in own])[:, None],
            labels,
            np.zeros(len(labels), dtype=np.int64),
            tuple(str(digit) for digit in DIGITS[split]),
        )
    card = replace(fonts, title="Printed digits", split_rule="by digit")
    return Benchmark("printed_digits", splits, ("print",), card, {"size": size})


def _hands() -> Mapping[str, dict[str, Outline]]:
    """The digits of each type family, the first file that has one deciding."""
    found: dict[str, dict[str, Outline]] = {}
    for typeface in roster():
        hand = found.setdefault(typeface.family, {})
        missing = [digit for digit in map(str, range(10)) if digit not in hand]
        if missing:
            hand.update(outlines(font_bytes(typeface), missing))
    return {family: dict(sorted(hand.items())) for family, hand in found.items() if hand}
