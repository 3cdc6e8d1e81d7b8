"""Train to the end of the budget and keep the checkpoint that meta-validation scored best."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Protocol

from torch import Tensor, nn

from suite.methods.interface import Predictor
from suite.methods.source import Source
from tasks import Support


@dataclass
class Best:
    """The weights that scored best so far, their accuracy in 0..1, and the images seen by then."""

    accuracy: float = -1.0
    images: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)


class Companion(Protocol):
    """Goes along with a training: shares it with other processes, or keeps what is needed to resume it."""

    def training(self, network: nn.Module) -> AbstractContextManager[None]:
        """What the training loop runs in."""
        ...

    def stepped(self, best: Best) -> None:
        """A step was taken and, if due, scored. May change all that there is, to go on from elsewhere."""
        ...


def select_best(
    source: Source,
    network: nn.Module,
    step: Callable[[], None] | None,
    adapt: Callable[[Support], Predictor],
    along: Companion | None = None,
) -> str:
    """Call ``step`` until the source is exhausted; leave ``network`` at its best, in evaluation mode.

    Scored is ``adapt`` at each validation that the source says is due; of equal scores the later one counts.
    Returns in words what was selected. ``step`` None: nothing is trained, nothing selected.
    """
    if step is None:
        network.eval()
        return "none: nothing is trained"
    best = Best()
    with along.training(network) if along else nullcontext():
        while not source.exhausted:
            step()
            if source.validation_due:
                network.eval()
                accuracy = source.validate(adapt)
                if accuracy >= best.accuracy:
                    best.accuracy, best.images = accuracy, source.spent.images
                    best.weights = {name: value.clone() for name, value in network.state_dict().items()}
            if along:
                along.stepped(best)
    network.load_state_dict(best.weights)
    network.eval()
    return f"best of {len(source.curve)} {source.scores}: {best.accuracy:.4f} after {best.images} images"
