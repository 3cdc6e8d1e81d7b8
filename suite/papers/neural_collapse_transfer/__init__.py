"""Transfer by neural collapse (Li et al. 2022, 2024), on handwritten digits: 0 to 4 first, then 5 to 9.

Dense networks of 64 units a layer; NC1 of the pictures that are there to train on, features behind their
ReLU. The arXiv's first versions were called "Principled and Efficient Transfer Learning of Deep Models via
Neural Collapse".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from scipy import stats

from leaderboard.findings import Check, Reported
from suite.papers.neural_collapse_transfer.pretrained import (
    ACCURACY,
    EPOCHS,
    NC1_DOWNSTREAM,
    NC1_SOURCE,
    PHASES,
    STAGES,
    VARIATIONS,
    after,
    layers,
    phases,
    source_collapse,
    variations,
)
from suite.papers.neural_collapse_transfer.tuning import (
    CHOSEN,
    FULL,
    LAYERS,
    NC1,
    PROBE,
    SCHEMES,
    SKIPS,
    TEST_ACCURACY,
    TUNED,
    five_labels,
    twenty_labels,
)
from suite.papers.registry import Figures, at_least, at_most, paper

Found = Mapping[str, Figures]


@paper(
    "neural_collapse_transfer",
    title="Understanding and Improving Transfer Learning of Deep Models via Neural Collapse",
    authors=(
        "Xiao Li",
        "Sheng Liu",
        "Jinxin Zhou",
        "Xinyu Lu",
        "Carlos Fernandez-Granda",
        "Zhihui Zhu",
        "Qing Qu",
    ),
    year=2024,
    venue="TMLR",
    url="https://arxiv.org/abs/2212.12206",
    claim="Features that collapsed on the source classes transfer worse; the more features collapse on the "
    "downstream classes, the better they classify these; and to tune one layer that is connected to the head "
    "is better than to tune everything, with a fraction of the parameters.",
    version="1",
    parts=(source_collapse, variations, layers, five_labels, twenty_labels, phases),
    seeds=(0, 1, 2),
    reported=(
        Reported(
            what="parameters that need not be tuned, as against full fine-tuning",
            value="at least 70 % (arXiv, versions 1 to 3), at least 90 % (TMLR)",
            source="abstracts",
            checked=True,
        ),
        Reported(
            what="pretrained models, linear probes: the more collapsed on downstream data, the more accurate",
            value="a systematic pattern",
            source="abstract (TMLR)",
            checked=True,
        ),
    ),
)
def judge(found: Found) -> Iterator[Check]:
    """All checks, E1 to E4."""
    yield from _source(found)
    yield from _layers(found["layers"])
    for labels, name in ((5, "five_labels"), (20, "twenty_labels")):
        yield from _tuning(f"E3 {labels} labels a class", found[name])
    yield from _phases(found["phases"])


def _source(found: Found) -> Iterator[Check]:
    """E1: whether collapse on the source harms transfer."""
    table, rows = found["source_collapse"], [after(epochs) for epochs in EPOCHS]
    collapse = [table[row, NC1_SOURCE].value for row in rows]
    yield at_most(
        "E1: the longer pretraining lasts, the more source classes collapse: largest NC1 over the one before",
        max(later / earlier for earlier, later in pairwise(collapse)),
        1.0,
    )
    *_, last = accuracies = [table[row, ACCURACY].value for row in rows]
    yield at_least(
        f"E1: features after {EPOCHS[0]} or {EPOCHS[1]} epochs transfer better than after {EPOCHS[-1]}",
        max(accuracies[:2]) - last,
        10.0,
        unit="points",
    )
    varied = found["variations"]
    yield at_most(
        "E1: over pretrained networks, the more downstream classes collapse, the better they are told apart: "
        "rank correlation of NC1 and accuracy",
        _rank_correlation(
            [*(table[row, NC1_DOWNSTREAM].value for row in rows), *_column(varied, NC1_DOWNSTREAM)],
            [*accuracies, *_column(varied, ACCURACY)],
        ),
        -0.7,
        role="context",
    )
    for name in VARIATIONS:
        yield at_least(
            f"E1: with {name}, features after {EPOCHS[-1]} epochs transfer better than without",
            varied[name, ACCURACY].value - last,
            0.0,
            unit="points",
            role="context",
        )


def _layers(table: Figures) -> Iterator[Check]:
    """E2: whether collapse tells which layer transfers."""
    yield at_most(
        "E2: over the layers of a network, the lower downstream NC1, the better the layer transfers: rank "
        "correlation of NC1 and accuracy",
        _rank_correlation(_column(table, NC1_DOWNSTREAM), _column(table, ACCURACY)),
        -0.8,
    )


def _tuning(name: str, table: Figures) -> Iterator[Check]:
    """E3: whether one connected layer suffices, and whether collapse tells which scheme is good."""
    chosen = table[CHOSEN, TEST_ACCURACY].value
    for scheme, words, lead in ((FULL, "tuning everything", 2.0), (PROBE, "tuning the head alone", 20.0)):
        yield at_least(
            f"{name}: SCL-FT is ahead of {words}",
            chosen - table[scheme.name, TEST_ACCURACY].value,
            lead,
            unit="points",
        )
    yield at_most(
        f"{name}: SCL-FT tunes a quarter of the parameters or fewer",
        100 * table[CHOSEN, TUNED].value / table[FULL.name, TUNED].value,
        25.0,
        unit="%",
    )
    yield at_least(
        f"{name}: no layer is tuned better without its connection to the head by over 2 points",
        min(
            table[connected.name, TEST_ACCURACY].value - table[alone.name, TEST_ACCURACY].value
            for connected, alone in zip(SKIPS, LAYERS, strict=True)
        ),
        -2.0,
        unit="points",
    )
    yield at_most(
        f"{name}: over ten ways to tune, the lower downstream NC1, the more accurate: rank correlation",
        _rank_correlation(
            [table[scheme.name, NC1].value for scheme in SCHEMES],
            [table[scheme.name, TEST_ACCURACY].value for scheme in SCHEMES],
        ),
        -0.7,
    )


def _phases(table: Figures) -> Iterator[Check]:
    """E4: which signs of collapse appear while a network learns."""
    first, last = after(STAGES[0]), after(STAGES[-1])
    for name in PHASES:
        yield at_most(
            f"E4: {name} falls to half or less from {first} to {last}",
            table[last, name].value / table[first, name].value,
            0.5,
            unit="of the first",
            # A small network in so few epochs is not in the terminal phase, which NC2 is a matter of.
            role="context" if name.startswith("NC2") else "claim",
        )


def _column(table: Figures, column: str) -> list[float]:
    return [figure.value for figure in table if figure.column == column]


def _rank_correlation(one: Sequence[float], other: Sequence[float]) -> float:
    return float(stats.spearmanr(one, other).statistic)
