"""Does a predictor look at the other queries? Found out by asking, not by trusting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from suite.methods.interface import Predictor

# Batch-norm over the queries moves logits by a good part of their spread, rounding by a millionth.
_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Probe:
    """``transductive``: whether a query's logits depend on the queries beside it.

    ``largest_change`` is the largest such change, relative to the largest logit in size (0: none).
    """

    transductive: bool
    largest_change: float


def transductive_probe(predictor: Predictor, query_images: torch.Tensor) -> Probe:
    """Predict queries [m, c, h, w] together, each alone, as the first half, and in reverse order; compare.

    At least two queries are needed (ValueError). Changes within rounding of the logits' type are none.
    """
    count = len(query_images)
    if count < 2:
        raise ValueError(f"the probe needs at least 2 queries, not {count}")
    together = _logits(predictor, query_images)
    alone = torch.cat([_logits(predictor, query_images[i : i + 1]) for i in range(count)])
    half = _logits(predictor, query_images[: (count + 1) // 2])
    reverse = _logits(predictor, query_images.flip(0)).flip(0)
    change = max(
        float((other - together[: len(other)]).abs().max()) for other in (alone, half, reverse)
    ) / max(float(together.abs().max()), torch.finfo(torch.float64).tiny)
    return Probe(transductive=change > _TOLERANCE, largest_change=change)


def _logits(predictor: Predictor, images: torch.Tensor) -> torch.Tensor:
    return predictor(images.clone()).detach().double().cpu()
