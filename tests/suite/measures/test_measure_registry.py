"""A measure is a function with a decorator, found by name, computed from what there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from suite import measures
from suite.measures.registry import forget
from tasks import transfers


@dataclass(frozen=True)
class Spread:
    most: float
    least: float | None = None


@pytest.fixture
def spread() -> Iterator[None]:
    @measures.measure("spread", needs=("features",), uses=("bias",))
    def spread(features: Tensor, *, bias: Tensor | None = None, power: int = 1) -> Spread:
        """Largest and smallest value."""
        return Spread(float(features.max()) ** power, None if bias is None else float(bias.min()))

    yield
    forget("spread")


def available() -> dict[str, Any]:
    torch.manual_seed(0)
    features, labels = torch.randn(30, 4), torch.arange(30) % 3
    head = nn.Linear(4, 3).requires_grad_(False)
    return {
        "features": features,
        "labels": labels,
        "weight": head.weight,
        "bias": head.bias,
        "model": head,
        "inputs": features,
    }


def test_every_built_in_measure_is_computed_by_name() -> None:
    given = available()
    assert set(measures.names()) >= {
        "class_separation",
        "effective_rank",
        "geometric_complexity",
        "label_alignment",
        "neural_collapse",
    }
    for name in measures.names(given):
        found = measures.get(name).compute(given)
        assert found
        assert all(key == name or key.startswith(f"{name}.") for key in found)
        assert measures.get(name).doc
    assert measures.get("label_alignment").compute(given, k=2) == {
        "label_alignment": measures.label_alignment(given["features"], given["labels"], 2)
    }


def test_arrays_that_cannot_be_written_are_measured_and_left_as_they_are() -> None:
    digits = transfers.load("digit_classes").downstream.train
    features = digits.images.reshape(len(digits.images), -1).astype(float)
    features.flags.writeable = False
    before = features.copy()
    given = {"features": features, "labels": digits.labels, "x": features, "y": features}
    for name in measures.names(given):
        assert measures.get(name).compute(given)
    assert np.array_equal(features, before)


def test_a_registered_function_stays_what_it_was() -> None:
    assert measures.get("class_separation").function is measures.class_separation
    assert measures.get("class_separation").module == "suite.measures.class_separation"
    assert measures.get("class_separation").needs == ("features", "labels")


def test_a_head_is_used_where_there_is_one() -> None:
    given = available()
    with_head = measures.get("neural_collapse").compute(given)
    without = measures.get("neural_collapse").compute({**given, "weight": None, "bias": None})
    assert set(with_head) - set(without) == {"neural_collapse.nc3", "neural_collapse.nc4"}
    assert with_head["neural_collapse.nc1"] == without["neural_collapse.nc1"]


def test_ones_own_measure_is_listed_and_computed(spread: None) -> None:
    features = torch.tensor([[1.0, 3.0]])
    assert "spread" in measures.names()
    assert measures.names({"features": features}) == ["effective_rank", "spread"]
    assert measures.get("spread").compute({"features": features}, power=2) == {"spread.most": 9.0}
    assert measures.get("spread").compute({"features": features, "bias": torch.tensor([2.0])}) == {
        "spread.most": 3.0,
        "spread.least": 2.0,
    }


def test_what_is_missing_or_wrong_is_said(spread: None) -> None:
    with pytest.raises(
        measures.UnknownMeasure, match="no measure is called 'class_seperation'; nearest: cla"
    ):
        measures.get("class_seperation")
    with pytest.raises(ValueError, match="label_alignment needs features, labels; labels is not there"):
        measures.get("label_alignment").compute({"features": torch.ones(2, 2)})
    with pytest.raises(ValueError, match="a measure cannot need 'feature'; nearest: features"):
        measures.measure("mine", needs=("feature",))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a measure named 'spread' is registered already, by"):
        measures.measure("spread", needs=("features",))(lambda features: 1.0)

    @measures.measure("words", needs=("features",))
    def words(features: Tensor) -> str:
        return "many"

    try:
        with pytest.raises(TypeError, match="words must be a number, not str"):
            measures.get("words").compute({"features": torch.ones(2, 2)})
    finally:
        forget("words")
