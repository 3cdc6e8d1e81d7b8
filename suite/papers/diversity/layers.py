"""E5: where the two arms differ, and where a network differs before and after it adapts: body or head."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor

from suite.measures import linear_cka, procrustes_distance, pwcca, svcca
from suite.methods import Predictor, seed_everything
from suite.methods.adaptations import NetworkPredictor
from suite.models import activations, as_float
from suite.papers.diversity.arms import MAML5, USL, Terms, Trained, train
from suite.papers.diversity.fair import CLASSES
from suite.papers.registry import Figures
from tasks import Episode, Episodes, latent

DISTANCES: Mapping[str, Callable[[Tensor, Tensor], float]] = {
    "SVCCA": lambda x, y: 1 - svcca(x, y),
    "PWCCA": lambda x, y: 1 - pwcca(x, y),
    "CKA": lambda x, y: 1 - linear_cka(x, y),
    "Procrustes": procrustes_distance,
}
HIDDEN = ("layer 1", "layer 2", "layer 3")
HEAD = "head"
ARMS = "transfer against adapted MAML"
ADAPTING = "MAML before against after"

Layers = Mapping[str, Tensor]


def layers(seed: int, *, terms: Terms | None = None, classes: int = CLASSES, tasks: int = 10) -> Figures:
    """E5: distance of representations on the query images, layer by layer, 1 domain."""
    terms = terms or Terms()
    benchmark = latent.load(domains=1, classes_per_domain=classes, seed=seed)
    # 250 rows, for layers of at most 64 units.
    episodes = Episodes(benchmark, "test", terms.way, terms.shot, 50, seed, tasks)
    distances: dict[tuple[str, str], list[float]] = {}
    with TemporaryDirectory() as folder:
        trained = train(benchmark, terms, seed, Path(folder))
        for i, episode in enumerate(episodes):
            before, after, other = _represented(trained, episode, i)
            for pair, one, two in ((ARMS, other, after), (ADAPTING, before, after)):
                for layer in (*HIDDEN, HEAD):
                    for name, distance in DISTANCES.items():
                        place = f"{name}, {pair}", layer
                        distances.setdefault(place, []).append(distance(one[layer], two[layer]))
    found = Figures()
    for (row, column), values in distances.items():
        found[row, column] = float(np.mean(values))
    return found


def _represented(trained: Trained, episode: Episode, number: int) -> tuple[Layers, Layers, Layers]:
    """What MAML before and after adapting, and transfer with its new head, make of the query images."""
    found = []
    for arm in (("MAML", "none"), MAML5, ("transfer", "none")):
        seed_everything(number)
        found.append(_hidden(trained.method(arm).adapt(episode.support), episode.query_images))
    logits = trained.method(USL).adapt(episode.support)(episode.query_images)
    before, after, transferred = found
    return before, after, {**transferred, HEAD: logits}


def _hidden(predictor: Predictor, images: Tensor) -> Layers:
    """Activations of the layers of an MLP, and its logits."""
    assert isinstance(predictor, NetworkPredictor)
    network = deepcopy(predictor.network)
    network.load_state_dict(dict(predictor.parameters), strict=False)
    told = activations(network, as_float(images))
    body = {name: torch.relu(told[f"backbone.{name.replace(' ', '')}"]) for name in HIDDEN}
    return {**body, HEAD: told["head"]}
