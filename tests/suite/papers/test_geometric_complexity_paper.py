"""The paper on geometric complexity: its settings do what they say, and what follows from figures."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from suite.measures import geometric_complexity
from suite.papers import describe, names
from suite.papers.geometric_complexity import judge, sweeps
from suite.papers.geometric_complexity.training import (
    ACCURACY,
    COMPLEXITY,
    LOSS,
    STEPS,
    Net,
    Setting,
    differentiable_complexity,
    digits,
    train,
)
from suite.papers.registry import Figures

TINY = Setting(pictures=100, width=16, batch=20, steps=40)


def test_it_is_found_by_its_name_and_tells_its_parts() -> None:
    assert "geometric_complexity" in names()
    assert describe("geometric_complexity").part_names == (
        "regularisers",
        "wrong_labels",
        "initial_weights",
        "cross_entropy_rates",
        "squared_error_rates",
    )


def test_what_is_penalised_is_the_measure_and_has_its_gradient() -> None:
    torch.manual_seed(0)
    net, x = Net(12).double(), torch.randn(5, 64, dtype=torch.float64)
    penalty = differentiable_complexity(net, x)
    assert float(penalty.detach()) == pytest.approx(geometric_complexity(net, x), rel=1e-10)
    penalty.backward()  # type: ignore[no-untyped-call]
    weight, step = net.head.weight, 1e-6
    assert weight.grad is not None
    slope = float(weight.grad[3, 2])
    with torch.no_grad():
        weight[3, 2] += step
    more = geometric_complexity(net, x)
    assert (more - float(penalty.detach())) / step == pytest.approx(slope, rel=1e-4)


def test_squared_error_is_the_distance_to_the_one_hot_label() -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(6, 10), torch.arange(6)
    expected = (logits - F.one_hot(labels, 10)).square().sum(1).mean()
    objective = Setting(loss="squared error").objective
    assert torch.allclose(objective(logits, logits, labels), expected)


def test_digits_are_centred_on_those_trained_on_in_an_order_drawn() -> None:
    data = digits(0, 300)
    assert data.pictures.shape == (300, 64) and data.test_pictures.shape == (1_497, 64)
    assert torch.allclose(data.pictures.mean(0), torch.zeros(64), atol=1e-6)
    assert float(data.pictures.max() - data.pictures.min()) <= 2
    assert torch.equal(data.labels, digits(0, 300).labels)
    assert not torch.equal(data.labels, digits(1, 300).labels)


def test_training_learns_and_follows_its_number() -> None:
    told = train(replace(TINY, steps=300), 0)
    assert told[ACCURACY] > 60 and told[STEPS] == 300
    assert told == train(replace(TINY, steps=300), 0)
    assert told != train(replace(TINY, steps=300), 1)


def test_training_stops_at_the_loss_that_it_is_to_reach() -> None:
    told = train(replace(TINY, steps=5_000, until=0.5), 0)
    assert told[LOSS] < 0.5 and told[STEPS] % 20 == 0 and told[STEPS] < 5_000


def test_a_training_that_diverges_says_so() -> None:
    with pytest.raises(ArithmeticError, match="diverged"):
        train(replace(TINY, loss="squared error", rate=1e4), 0)


@pytest.mark.parametrize(
    "change", [{"l2": 0.1}, {"spectral": 0.1}, {"complexity": 0.3}, {"noise": 3.0}], ids=str
)
def test_a_strong_regulariser_leaves_a_simpler_network(change: dict[str, float]) -> None:
    plain = replace(TINY, steps=200)
    strong = train(replace(plain, **change), 0)  # type: ignore[arg-type]
    assert strong[COMPLEXITY] < 0.7 * train(plain, 0)[COMPLEXITY]


def test_labels_are_drawn_anew_in_training_alone() -> None:
    told = train(replace(TINY, steps=300, mislabelled=1.0), 0)
    assert told[ACCURACY] < 40


def test_tables_have_a_row_for_all_that_is_compared() -> None:
    tiny = replace(TINY, steps=1)
    rows = {figure.row for figure in sweeps.regularisers(0, nets=1, base=tiny)}
    assert rows == {row for name in sweeps.REGULARISERS for row in sweeps.strengths(name)}
    rows = {figure.row for figure in sweeps.wrong_labels(0, nets=1, base=tiny)}
    assert rows == {sweeps.labelled(share) for share in sweeps.SHARES}
    for part, pairs in (
        (sweeps.cross_entropy_rates, sweeps.CROSS_ENTROPY_RATES),
        (sweeps.squared_error_rates, sweeps.SQUARED_ERROR_RATES),
    ):
        rows = {figure.row for figure in part(0, nets=1, base=tiny)}
        assert rows == {sweeps.stepped(rate, batch) for rate, batch in pairs}


def test_larger_initial_weights_make_a_more_complex_network() -> None:
    table = sweeps.initial_weights(0, nets=1)
    values = [table[sweeps.scaled(scale), COMPLEXITY].value for scale in sweeps.SCALES]
    assert values == sorted(values) and values[0] < values[-1]


def figures(
    *, share: float = 0.6, labels: float = 1.5, rates: float = 0.7, entropy: float = 1.0
) -> dict[str, Figures]:
    """Complexity of each strength is ``share`` of that before, of each share of wrong labels ``labels``
    times; of each rate and batch ``rates`` of that before, by cross-entropy ``entropy``."""
    regularised, wrong, initial, by_entropy, squared = (Figures() for _ in range(5))
    regularised[sweeps.NONE, ACCURACY] = 95.0
    regularised[sweeps.NONE, COMPLEXITY] = 1.0
    for name in sweeps.REGULARISERS:
        for i, row in enumerate(sweeps.strengths(name)[1:]):
            regularised[row, COMPLEXITY] = share ** (i + 1)
    for i, part in enumerate(sweeps.SHARES):
        wrong[sweeps.labelled(part), COMPLEXITY] = labels**i
    for scale in sweeps.SCALES:
        initial[sweeps.scaled(scale), COMPLEXITY] = scale
    for table, pairs, factor, until in (
        (by_entropy, sweeps.CROSS_ENTROPY_RATES, entropy, 0.05),
        (squared, sweeps.SQUARED_ERROR_RATES, rates, 0.02),
    ):
        for rate, batch in pairs:
            # The larger the rate and the smaller the batch, the smaller the exponent's base power.
            table[sweeps.stepped(rate, batch), COMPLEXITY] = factor ** (10 * rate - (batch or 500) / 500)
            table[sweeps.stepped(rate, batch), LOSS] = until
    return {
        "regularisers": regularised,
        "wrong_labels": wrong,
        "initial_weights": initial,
        "cross_entropy_rates": by_entropy,
        "squared_error_rates": squared,
    }


def missed(role: str, **how: float) -> int:
    return sum(not check.met for check in judge(figures(**how)) if check.role == role)


def test_figures_as_the_claim_has_them_meet_it_whatever_cross_entropy_says() -> None:
    assert missed("claim") == 0
    assert missed("context") == 2
    assert missed("context", entropy=0.7) == 0


def test_figures_that_are_otherwise_miss_what_they_contradict() -> None:
    assert missed("claim", share=1.1) == 8
    assert missed("claim", share=0.8) == 4
    assert missed("claim", labels=1.2) == 1
    assert missed("claim", rates=1.0) == 2
