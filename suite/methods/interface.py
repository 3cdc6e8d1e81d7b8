"""The one interface of every track: train on a source, adapt to a support set, predict queries."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch

from suite.methods.source import Budget, Source
from tasks import Support


class Predictor(Protocol):
    """An adapted model: query images uint8 [n, c, h, w] -> logits [n, way] (any real dtype, finite)."""

    def __call__(self, images: torch.Tensor) -> torch.Tensor: ...


@runtime_checkable
class LayeredPredictor(Predictor, Protocol):
    """A predictor whose layers can be looked into, as those of the suite's own methods can."""

    def layers(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        """What each layer makes of query images uint8 [n, c, h, w], in order: rows of neurons [rows, d].

        The last one is ``head``, the logits; the others are as ``suite.models.layer_activations`` names them.
        """
        ...


@runtime_checkable
class Method(Protocol):
    """A learning method. Build it with ``suite.methods.get(name, **arguments)``.

    ``adaptation`` names the arguments that matter to ``adapt`` alone: two methods that differ only in
    these share one trained checkpoint.
    """

    @property
    def adaptation(self) -> tuple[str, ...]:
        """Names of the arguments that matter to ``adapt`` alone."""
        ...

    @property
    def arguments(self) -> dict[str, Any]:
        """Every argument, defaults resolved; JSON types only. Part of the method's identity."""
        ...

    def train(self, source: Source, budget: Budget) -> None:
        """Learn from what ``source`` hands out until ``source.exhausted``, keeping the checkpoint that
        ``source.validate`` scored best."""
        ...

    def adapt(self, support: Support) -> Predictor:
        """Adapt to one task without changing this method's own state."""
        ...

    def save(self, path: Path) -> None:
        """Write the trained state into the folder ``path`` as safetensors plus JSON, never pickle."""
        ...

    def load(self, path: Path) -> None:
        """Restore what ``save`` wrote."""
        ...

    def parameter_count(self) -> int:
        """Trainable parameters of the network that ``adapt`` starts from (0 before training)."""
        ...
