"""Ways from a pretrained backbone to a predictor: on frozen features, or by tuning some or all weights."""

from __future__ import annotations

from dataclasses import dataclass, replace

from suite.methods import probes, tuning
from suite.methods.adapted import Adapted
from suite.methods.arguments import argument
from suite.models import Backbone, Network
from tasks import Support

FROZEN = ("nearest_centroid", "knn", "linear")
TUNED = ("full", "layer", "scl")


@dataclass(frozen=True)
class DownstreamArguments:
    """How a pretrained backbone adapts. One pretraining serves all values of these.

    What is chosen is chosen on the validation part of the support set; where there is none (few-shot), the
    default that the argument names stands in.
    """

    adaptation: str = argument(
        "linear",
        "class means, neighbours or a linear probe on frozen features; or fine-tuning of all weights, of one "
        "layer, or of one layer that also feeds the head (SCL-FT)",
        choices=(*FROZEN, *TUNED),
        adapts=True,
    )
    neighbours: int = argument(0, "how many vote; 0: chosen, or else 1", at_least=0, adapts=True)
    C: float = argument(
        0.0,
        "inverse strength of a linear probe's squared penalty; 0: chosen, or else 1",
        at_least=0,
        adapts=True,
    )
    layer: str = argument(
        "",
        "the one that is tuned; empty: chosen, or else the last (for SCL-FT the last but one)",
        adapts=True,
    )
    tuning_lr: float = argument(
        0.0,
        "initial rate of fine-tuning's Adam; 0: 0.003 for one layer; chosen for all weights, or else 0.001",
        at_least=0,
        adapts=True,
    )
    tuning_steps: int = argument(200, "steps of fine-tuning", at_least=1, adapts=True)
    tuning_batch: int = argument(32, "images of one such step", at_least=1, adapts=True)


def adapt_downstream(
    network: Backbone | Network, support: Support, arguments: DownstreamArguments
) -> Adapted:
    """Adapt a pretrained network, in evaluation mode, to a labelled support set, without changing it.

    Batch norms keep their running averages. Raises ValueError for a layer that the backbone does not have.
    """
    body, head = (network.backbone, network.head) if isinstance(network, Network) else (network, None)
    if arguments.adaptation in FROZEN:
        found = probes.fit(
            arguments.adaptation, body, support, neighbours=arguments.neighbours, C=arguments.C
        )
    else:
        found = tuning.fit(
            arguments.adaptation,
            body,
            support,
            layer=arguments.layer,
            lr=arguments.tuning_lr,
            steps=arguments.tuning_steps,
            batch_size=arguments.tuning_batch,
        )
    return replace(found, source_head=head)
