"""What an objective is: a loss of tensors, and the head that it is computed on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor, nn

from suite.models import Linear


class Loss(Protocol):
    """Logits [n, classes], features [n, d], labels int64 [n] in 0..classes-1 -> the mean loss, a scalar."""

    def __call__(self, logits: Tensor, features: Tensor, labels: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class Objective:
    """A loss by name, its arguments resolved. Build it with ``suite.objectives.get``.

    Pretraining minimises ``loss(head, features, labels)`` with a head that ``head`` made.
    """

    name: str
    arguments: Mapping[str, Any]
    function: Loss = field(repr=False)

    def __call__(self, logits: Tensor, features: Tensor, labels: Tensor) -> Tensor:
        """Mean loss of n examples, a scalar: logits [n, classes] as the head gives them, features [n, d].

        What the weights of the head cost beside is in ``loss``. Raises ValueError where the objective's
        function does not return a scalar.
        """
        value = self.function(logits, features, labels)
        if value.ndim:
            raise ValueError(
                f"objective {self.name} must return the mean loss, a scalar, not a tensor {list(value.shape)}"
            )
        return value

    def outputs(self, logits: Tensor) -> Tensor:
        """Logits [n, classes] as the softmax (or sigmoid) reads them, scaled and shifted as the loss does.

        What they rank is the same; how sure they are, and how steep a network is, is comparable only so.
        """
        scaled: Tensor = getattr(self.function, "outputs", lambda given: given)(logits)
        return scaled

    def head(self, dimension: int, classes: int) -> nn.Linear:
        """A fresh head from features [n, dimension] to logits [n, classes]: affine, unless the objective says
        otherwise. It has a ``weight`` [classes, dimension]; its ``bias`` may be None.
        """
        make = getattr(self.function, "head", Linear)
        head: nn.Linear = make(dimension, classes)
        return head

    def loss(self, head: nn.Linear, features: Tensor, labels: Tensor) -> Tensor:
        """What training minimises, a scalar: the mean loss of features [n, d] under ``head``, and the cost of
        the head's weights."""
        value = self(head(features), features, labels)
        penalty = getattr(self.function, "penalty", None)
        return value if penalty is None else value + penalty(head)
