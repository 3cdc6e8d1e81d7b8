"""The paper on alignment: what its parts measure, and what follows from the figures."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from suite.measures import alignment_spectrum
from suite.papers import alignment, describe, names, run
from suite.papers.alignment import (
    KINDS,
    PIXELS,
    PLAIN,
    RANDOM,
    SHALLOW,
    TARGETS,
    TRAINED,
    UNTRAINED,
    Dense,
    Kind,
    digits,
    error_of_descent,
    fit,
    judge,
    last_layer,
    layers,
    thresholds,
    transfer,
)
from suite.papers.registry import Figures


def figures(
    *,
    untrained: float = 0.4,
    last: float = 0.97,
    by_heart: float = 0.9,
    flipped: float = 0.6,
    other: float = 3,
) -> dict[str, Figures]:
    """Networks whose layers rise evenly to ``last`` (one layer alone: to 0.9); errors on pixels are 0.3."""
    table, errors, seen = Figures(), Figures(), Figures()
    for kind in KINDS:
        top = 0.9 if kind == SHALLOW else last
        table[f"{kind}: untrained", f"layer {kind.layers}"] = untrained
        for layer in range(kind.layers + 1):
            table[f"{kind}: trained", f"layer {layer}" if layer else "input"] = (
                0.4 + (top - 0.4) * layer / kind.layers
            )
    table[f"{RANDOM}: trained", "input"] = 0.01
    table[f"{RANDOM}: trained", "layer 3"] = by_heart
    for target, times in (("10 % flipped", flipped), ("at least 5", other)):
        errors[target, f"error, {PIXELS}"] = 0.3
        errors[target, f"error, {TRAINED}"] = 0.3 * times
        errors[target, f"A₅, {PIXELS}"] = 0.05
        errors[target, f"A₅, {TRAINED}"] = 0.2
    seen["at least σ₁ / 10", "layer 3"] = 0.0
    return {"layers": table, "thresholds": seen, "transfer": errors}


def unmet(found: dict[str, Figures], role: str = "claim") -> list[str]:
    return [check.sentence for check in judge(found) if not check.met and check.role == role]


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alignment, "EPOCHS", 2)
    monkeypatch.setattr(alignment, "KINDS", (PLAIN, Kind("tanh", 2, "SGD")))


def test_it_is_found_by_its_name() -> None:
    assert "alignment" in names()
    assert describe("alignment").part_names == ("layers", "thresholds", "transfer")


def test_the_papers_architectures_optimisers_and_depths_are_tried() -> None:
    assert {kind.activation for kind in KINDS} == {"ReLU", "tanh", "linear"}
    assert {kind.optimiser for kind in KINDS} == {"Adam", "SGD", "RMSprop"}
    assert {kind.layers for kind in KINDS} == {1, 3, 5}
    assert (str(PLAIN), str(SHALLOW)) == ("ReLU, 3 layers, Adam", "ReLU, 1 layer, Adam")


def test_targets_are_other_labels_of_the_same_pictures() -> None:
    pixels, same = digits("same", 0)
    assert pixels.shape == (1_000, 64) and torch.allclose(pixels.mean(0), torch.zeros(64), atol=1e-6)
    assert 0.9 < float(pixels.max() - pixels.min()) < 2
    for target in TARGETS:
        again, labels = digits(target, 0)
        assert torch.equal(again, pixels)
        assert set(labels.tolist()) == {-1.0, 1.0}
    changed = {target: float((digits(target, 0)[1] != same).float().mean()) for target in TARGETS}
    assert changed["same"] == 0
    assert changed["10 % flipped"] == pytest.approx(0.1)
    assert changed["30 % flipped"] == pytest.approx(0.3)
    assert changed["random"] == pytest.approx(0.5, abs=0.06)
    assert not torch.equal(digits("same", 1)[0], pixels)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), n=st.integers(4, 40), d=st.integers(1, 12), steps=st.integers(0, 60))
def test_the_error_of_descent_is_told_by_the_alignment_alone(seed: int, n: int, d: int, steps: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(n, d, generator=generator, dtype=torch.float64)
    y = torch.randn(n, generator=generator, dtype=torch.float64)
    spectrum = alignment_spectrum(features, y)
    left = (1 - (spectrum.singular_values / spectrum.singular_values[0]).square()) ** (2 * steps)
    expected = float((left * spectrum.energies).sum() - spectrum.energies.sum()) + spectrum.total
    assert error_of_descent(features, y, steps) == pytest.approx(expected / n, rel=1e-7, abs=1e-9)


def test_a_network_has_hidden_layers_without_bias_and_one_output() -> None:
    network = Dense(Kind("linear", 2), 5)
    x = torch.randn(3, 5)
    shapes = [list(features.shape) for features in network.hidden(x)]
    assert shapes == [[3, 5], [3, 128], [3, 128]]
    assert network(x).shape == (3,)
    assert torch.allclose(last_layer(network, 2 * x), 2 * last_layer(network, x), rtol=1e-5)
    assert len(list(network.parameters())) == 4


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_every_kind_learns(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alignment, "EPOCHS", 10)
    torch.manual_seed(0)
    y = torch.tensor([-1.0, 1.0]).repeat(100)
    x: Tensor = torch.randn(200, 6) + 2 * y[:, None]
    network = Dense(kind, 6)
    fit(network, kind, x, y)
    assert float((network(x) * y > 0).double().mean()) > 0.9


def test_every_layer_is_measured_before_and_after_training(brief: None) -> None:
    found = layers(0)
    before, after = (
        {f.column: f.value for f in found if f.row == f"{PLAIN}: {when}"} for when in ("untrained", "trained")
    )
    assert list(before) == ["input", "layer 1", "layer 2", "layer 3", "training accuracy, %"]
    assert before["input"] == after["input"]
    assert after["layer 3"] > before["layer 3"]
    assert {f.column for f in found if f.row == "tanh, 2 layers, SGD: trained"} == {*before} - {"layer 3"}
    assert found[f"{RANDOM}: untrained", "input"].value < 0.05 < before["input"]
    assert list(layers(0)) == list(found)


def test_untrained_features_hide_behind_the_constant_from_a_threshold() -> None:
    found = thresholds(0)
    assert found["at least σ₁ / 10", "input"].value > 0.3
    assert found["at least σ₁ / 10", "layer 3"].value < 0.05 < found["first five", "layer 3"].value


def test_labels_like_those_learned_are_fitted_faster(brief: None) -> None:
    found = transfer(0)
    assert {figure.row for figure in found} == set(TARGETS)
    for target in TARGETS:
        for features in (PIXELS, UNTRAINED, TRAINED):
            assert 0 < found[target, f"error, {features}"].value <= 1
            assert 0 <= found[target, f"A₅, {features}"].value <= 1
    same = {features: found["same", f"error, {features}"].value for features in (UNTRAINED, TRAINED)}
    assert same[TRAINED] < same[UNTRAINED]


def test_figures_like_the_papers_meet_the_claim() -> None:
    assert unmet(figures()) == []
    assert unmet(figures(), "context") == ["at least 5: A₅ of the labels is smaller on trained features"]


def test_a_claim_that_does_not_hold_is_not_met() -> None:
    assert len(unmet(figures(untrained=0.75))) == len(KINDS)
    assert unmet(figures(last=0.92)) == ["five layers align the last more than one does"]
    assert unmet(figures(by_heart=0.7)) == ["random labels: A₅ of the last layer once they are learned"]
    assert unmet(figures(flipped=0.8, other=1.9)) == [
        "10 % flipped: by this share is the error on trained features smaller",
        "at least 5: this many times is the error on trained features",
    ]
    # A last layer of less than the input falls from layer to layer, and is hardly above an untrained one.
    falling = unmet(figures(last=0.2))
    assert sum("no less than what it reads" in sentence for sentence in falling) == PLAIN.layers


@pytest.mark.slow
def test_on_digits_the_claim_holds() -> None:
    torch.set_num_threads(1)
    assert run("alignment", seed=0).verdict == "reproduced"
