"""Kornblith, Chen, Lee and Norouzi (2021): are features of better losses worse to transfer?

Their nine objectives, small: two dense layers instead of a ResNet-50, and a made-up task instead of ImageNet,
in which a picture tells a class and, beside it, attributes that the class tells nothing of. Pretraining is on
the class; what is left of the attributes is what can be transferred. The same on handwritten digits: few
pictures, which tell the digit and nothing else, and where other losses than softmax may transfer better.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import fmean

from leaderboard.findings import Check, Reported
from suite.papers.better_losses.parts import attributes, digit_classes, digit_pairs
from suite.papers.better_losses.trial import (
    ALTERNATIVES,
    BASELINE,
    FIRST_CKA,
    LAST_CKA,
    LINEAR,
    RANKS,
    SEPARATION,
    SOURCE,
    TUNED,
    WITH_LINEAR,
    column_of,
)
from suite.papers.registry import Figures, at_least, at_most, paper

_RECALLED = "recalled, not looked up in the paper"
_OBJECTIVES = (BASELINE, *ALTERNATIVES)
_MOST = 6


def _reported(what: str, values: tuple[str, ...]) -> tuple[Reported, ...]:
    return tuple(
        Reported(what=f"{name.replace('_', ' ')}: {what}", value=value, source=_RECALLED)
        for name, value in zip(_OBJECTIVES, values, strict=True)
    )


@paper(
    "better_losses",
    title="Why Do Better Loss Functions Lead to Less Transferable Features?",
    authors=("Simon Kornblith", "Ting Chen", "Honglak Lee", "Mohammad Norouzi"),
    year=2021,
    venue="NeurIPS",
    url="https://arxiv.org/abs/2010.16402",
    claim="Objectives that are no worse than softmax cross-entropy at the task that they are trained on give "
    "fixed features that transfer worse. Fine-tuning of all layers removes the difference. Networks of other "
    "objectives differ from softmax's more in their last layers than in their first.",
    version="1",
    parts=(attributes, digit_classes, digit_pairs),
    reported=(
        *_reported(
            "ImageNet top-1, ResNet-50, %",
            ("77.0", "77.6", "77.5", "77.7", "77.7", "77.8", "77.9", "77.9", "77.2"),
        ),
        *_reported(
            "class separation R² on ImageNet",
            ("0.349", "0.420", "0.461", "0.572", "0.601", "0.517", "0.641", "0.427", "0.845"),
        ),
        Reported(
            what="linear transfer to CIFAR-100: softmax, cosine softmax, squared error",
            value="76.9, 71.3, 56.3 %",
            source=_RECALLED,
        ),
    ),
)
def judge(found: Mapping[str, Figures]) -> Iterator[Check]:
    """The claim on classes with attributes; beside it, what of the paper is not seen at this scale."""
    table = found["attributes"]
    gains = _beyond_softmax(table, SOURCE)
    yield at_least(
        "the alternatives are no worse on the source than softmax, on average",
        fmean(gains.values()),
        -0.3,
        unit="points",
    )
    yield at_least(
        "alternatives that linear transfer is no better from than from softmax, of 8",
        sum(gain <= 0 for gain in _beyond_softmax(table, LINEAR).values()),
        _MOST,
    )
    yield at_most(
        "fine-tuned accuracies lie closer together than linear ones, as a share of these' range",
        _range(table, TUNED) / _range(table, LINEAR),
        0.25,
    )
    first, last = column_of(table, FIRST_CKA), column_of(table, LAST_CKA)
    alike = sum(first[name] >= last[name] for name in gains)
    yield at_least(
        "alternatives whose first layer is nearer to softmax's than their features, of 8", alike, _MOST
    )
    yield from _on_the_source(table)
    yield from _digits("from six digits to four", found["digit_classes"])
    yield from _digits("from pairs of digits to digits", found["digit_pairs"])


def _on_the_source(table: Figures) -> Iterator[Check]:
    """What the paper finds of ImageNet itself."""
    yield at_least(
        "the alternatives are clearly better on the source, on average, as on ImageNet",
        fmean(_beyond_softmax(table, SOURCE).values()),
        0.5,
        unit="points",
        role="context",
    )
    more = sum(gain > 0 for gain in _beyond_softmax(table, SEPARATION).values())
    yield at_least("alternatives that separate classes more than softmax, of 8", more, _MOST, role="context")


def _digits(name: str, table: Figures) -> Iterator[Check]:
    """What one would expect where pictures tell nothing but the digit, if the claim were of any pictures."""
    for alternative in ("squared error", "label smoothing"):
        yield at_most(
            f"{name}: linear transfer is no better from {alternative} than from softmax",
            _beyond_softmax(table, LINEAR)[alternative],
            0,
            unit="points",
            role="context",
        )
    yield at_most(
        f"{name}: rank correlation of class separation with linear transfer is not positive",
        table[RANKS, WITH_LINEAR].value,
        0,
        role="context",
    )


def _beyond_softmax(table: Figures, column: str) -> dict[str, float]:
    """By how much each alternative has more than softmax."""
    values = column_of(table, column)
    baseline = values.pop(BASELINE)
    return {row: value - baseline for row, value in values.items()}


def _range(table: Figures, column: str) -> float:
    values = column_of(table, column).values()
    return max(values) - min(values)
