"""Train to the end of the budget and keep the checkpoint that meta-validation scored best."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from suite.methods.interface import Predictor
from suite.methods.source import Source
from tasks import Support


def select_best(
    source: Source,
    network: nn.Module,
    step: Callable[[], None] | None,
    adapt: Callable[[Support], Predictor],
) -> str:
    """Call ``step`` until the source is exhausted; leave ``network`` at its best, in evaluation mode.

    Scored is ``adapt`` at each validation that the source says is due; of equal scores the later one counts.
    Returns in words what was selected. ``step`` None: nothing is trained, nothing selected.
    """
    if step is None:
        network.eval()
        return "none: nothing is trained"
    best, at, kept = -1.0, 0, {}
    while not source.exhausted:
        step()
        if source.validation_due:
            network.eval()
            accuracy = source.validate(adapt)
            if accuracy >= best:
                best, at = accuracy, source.spent.images
                kept = {name: value.clone() for name, value in network.state_dict().items()}
    network.load_state_dict(kept)
    network.eval()
    return f"best of {len(source.curve)} {source.scores}: {best:.4f} after {at} images"
