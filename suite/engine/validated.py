"""Curves over training: what the source's features are like, each time a checkpoint is scored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from suite.engine.parts import Part, of_transfer, pooled
from suite.methods import LayeredPredictor, Source
from suite.models.activations import HEAD
from tasks import Transfer
from tasks.transfers import source_task

if TYPE_CHECKING:
    from suite.methods.source import Adapt

# As many as leave the time of a training what it is.
_IMAGES = 500
_CHEAP = ("class_separation", "effective_rank", "label_alignment", "neural_collapse")


def watch(log: Callable[[Mapping[str, float]], None]) -> Callable[[Source, Adapt], None]:
    """What hears of validations on the source of a transfer task, and logs the cheap measures.

    They are of the last layer below the head, on up to 500 of the source's validation images, under
    ``train/MEASURE``. Methods whose predictors do not show their layers are not looked into.
    """
    part: Part | None = None

    def on_validated(source: Source, adapt: Adapt) -> None:
        nonlocal part
        assert isinstance(source.benchmark, Transfer)
        if part is None:
            part = of_transfer(source.benchmark, "source", "validation", _IMAGES)
        predictor = adapt(source_task(source.benchmark).support)
        if isinstance(predictor, LayeredPredictor):
            log({"images": source.spent.images, **_figures(predictor, part)})

    return on_validated


def _figures(predictor: LayeredPredictor, part: Part) -> dict[str, float]:
    layers = predictor.layers(part.images)
    *_, last = (rows for name, rows in layers.items() if name != HEAD)
    available = {"features": pooled(last, len(part.images)), "labels": part.labels}
    found: dict[str, float] = {}
    for name in _CHEAP:
        values = part.figures(name, available).values
        found |= {f"train/{figure}": value for figure, value in values.items() if value is not None}
    return found
