"""``class_attributes``: learn a class; then tell what came with it and was of no use to that."""

from __future__ import annotations

import math

import numpy as np

from tasks.benchmark import Card, Split
from tasks.checks import check_whole
from tasks.draws import Key, normal
from tasks.transfers.registry import transfer
from tasks.transfers.transfer import Problem, Transfer

CLASSES, ATTRIBUTES = 10, 3
SOURCE = {"train": 3_000, "validation": 500, "test": 3_000}
DOWNSTREAM = {"train": 500, "validation": 500, "test": 2_500}

_HEIGHT, _WIDTH = 5, 8
_CODE, _NOISE = 8, 6
_APART, _AROUND, _BLUR, _GAIN = 1.2, 0.6, 0.3, 1.5


@transfer("class_attributes")
def load(attribute: float = 0.8, seed: int = 0) -> Transfer:
    """Grey images [n, 1, 5, 8] with a class (10) and three binary attributes: first the one, then the others.

    A picture is tanh(B h) of h = (class centre + noise, ±``attribute`` + noise for each attribute, noise), B
    random. Source: the class. Downstream: which of the 8 combinations of attributes. Features that keep to
    the class have lost the attributes, as Kornblith et al. (2021) say of better losses. Raises ValueError for
    an ``attribute`` that is not above 0.
    """
    check_whole("seed", seed, 0)
    if isinstance(attribute, bool) or not isinstance(attribute, (int, float)) or not 0 < attribute < math.inf:
        raise ValueError(f"attribute must be a number above 0, not {attribute!r}")
    strength = float(attribute)
    names = tuple(f"class {k}" for k in range(CLASSES)), tuple(f"attributes {a:03b}" for a in range(8))
    source = Problem(*(_drawn(strength, seed, "source", p, n, names[0]) for p, n in SOURCE.items()))
    downstream = Problem(
        *(_drawn(strength, seed, "downstream", p, n, names[1]) for p, n in DOWNSTREAM.items())
    )
    options = {"attribute": strength, "seed": seed}
    return Transfer("class_attributes", source, downstream, ("tanh",), _card(), options)


def _drawn(
    attribute: float, seed: int, problem: str, part: str, count: int, classes: tuple[str, ...]
) -> Split:
    width = _CODE + ATTRIBUTES + _NOISE
    centres = _APART * normal(("attributes centres", seed), CLASSES, _CODE)
    matrix = normal(("attributes map", seed), _HEIGHT * _WIDTH, width) * (_GAIN / width**0.5)
    key: Key = ("attributes samples", seed, problem, part)
    # Every class with every combination of attributes, in turn: neither tells of the other.
    kinds = np.arange(count, dtype=np.int64)
    label, code = kinds % CLASSES, kinds // CLASSES % 2**ATTRIBUTES
    signs = 2.0 * (code[:, None] >> np.arange(ATTRIBUTES) & 1) - 1
    scales = np.repeat([_AROUND, _BLUR, 1.0], [_CODE, ATTRIBUTES, _NOISE])
    h = scales * normal(key, count, width)
    h[:, :_CODE] += centres[label]
    h[:, _CODE : _CODE + ATTRIBUTES] += attribute * signs
    values = np.tanh(h @ matrix.T)
    images = np.rint((values + 1) * 127.5).astype(np.uint8).reshape(count, 1, _HEIGHT, _WIDTH)
    labels = label if problem == "source" else code
    return Split(images, labels, np.zeros(count, dtype=np.int64), classes)


def _card() -> Card:
    return Card(
        title="Class attributes: a class, and what came with it",
        description=(
            "Synthetic. 40 pixels are a random map of 17 numbers: 8 tell one of 10 classes, 3 are binary "
            "attributes, 6 are noise. Pretraining is on the class, adaptation on the attributes, which the "
            "class does not tell anything of."
        ),
        licence="CC0-1.0",
        attribution="Made up by Transfer League.",
        split_rule="every part is drawn independently; source and downstream share no picture",
        citation=(
            "After S. Kornblith, T. Chen, H. Lee, M. Norouzi: Why Do Better Loss Functions Lead to Less "
            "Transferable Features? NeurIPS 2021."
        ),
    )
