"""A measure cell of one training: what a measure says of each layer of the trained network."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import suite.methods
from leaderboard.records import BenchmarkIdentity, MethodIdentity
from suite import measures
from suite.engine.cells import TRANSFER, Cell, canonical, method_spec
from suite.engine.parts import DOWNSTREAM, SOURCE, Figures, Part, of_benchmark, of_transfer, pooled
from suite.engine.training import CHECKPOINT
from suite.engine.work import Desk, HostLacks, ParentMissing, Work, load_benchmark, load_transfer
from suite.engine.yardsticks import Yardstick, planned
from suite.methods import Method, RecipeMethod
from suite.methods.batches import inputs
from suite.models import Backbone, Network, layer_activations
from suite.objectives import Objective
from suite.objectives.heads import CosineHead
from tasks import SplitName

FEATURES = "features"
"""The last layer below the head, as heads read it. What is said of a whole network stands here too."""
IMAGES, INPUTS = 2_000, 256
"""Of each part, how many images layers are looked at with, and networks differentiated at."""

_BATCH = 250


def measure_cell(
    method: MethodIdentity,
    benchmark: BenchmarkIdentity,
    seed: int,
    training: str,
    yardstick: Yardstick,
    *,
    track: str,
    reference: str | None = None,
) -> Cell:
    """Measure what the cell ``training`` (a key) learned; ``reference`` is the training held against it.

    Raises ValueError where a measure of two networks has no reference, or one of one network has one.
    """
    if yardstick.compares != (reference is not None):
        lack = "needs a reference, a second training" if yardstick.compares else "takes no reference"
        raise ValueError(f"{yardstick.name} {lack}")
    spec = {
        "measure": dict(yardstick.spec),
        "method": method_spec(method),
        "benchmark": benchmark.model_dump(mode="json"),
        "seed": seed,
        "reference": reference,
        "track": track,
        "images": IMAGES,
        "inputs": INPUTS,
    }
    parents = (training,) if reference is None else (training, reference)
    return Cell("measure", spec, parents, method, benchmark, None, seed)


def can_measure(method: Method, measure: measures.Measure) -> bool:
    """Whether a training of ``method`` leaves what ``measure`` needs.

    Features and labels there are of every method of the suite's own form; a ``model`` where more is kept than
    the backbone, and a ``weight`` where that is the head of the classes trained on.
    """
    if not isinstance(method, RecipeMethod):
        return False
    with torch.random.fork_rng(devices=[]):
        # Images of any shape and any number of classes: what is kept does not depend on them.
        headed = isinstance(method.recipe.build((1, 16, 16), 2), Network)
    keeps = headed and getattr(method.recipe, "keeps_head", False)
    return (headed or "model" not in measure.needs) and (keeps or "weight" not in measure.needs)


def measure_trained(cell: Cell, desk: Desk) -> Work:
    """Compute the measure on each part and layer that has what it needs."""
    assert cell.method is not None and cell.benchmark is not None
    spec = cell.spec
    measure = planned(spec["measure"])
    parts = _parts(cell.benchmark, spec["track"], spec["images"])
    own = _looked(cell, desk, cell.method, cell.parents[0])
    other, label = None, None
    if spec["reference"] is not None:
        record = desk.store.get(spec["reference"])
        if record is None or record.method is None:
            raise ParentMissing(f"the reference that {cell.title} looks at is not in the store")
        label = record.method.label
        other = _looked(cell, desk, record.method, spec["reference"])
    rows = []
    for i, part in enumerate(parts):
        for layer, figures in _figures(measure, part, own, other, spec["inputs"]):
            row = {"problem": part.problem, "split": part.split, "layer": layer}
            told = {} if figures.undefined is None else {"undefined": figures.undefined}
            rows.append({**row, "values": dict(figures.values), **told})
        desk.progress((i + 1) / len(parts), sum(len(done.labels) for done in parts[: i + 1]))
    if not rows:
        raise ValueError(
            f"{measure.name} needs {', '.join(measure.needs)}, which {cell.method.label} does not have"
        )
    return Work({"measure": measure.name, "rows": rows, "reference": label})


@dataclass(frozen=True)
class _Looked:
    """What a trained network makes of each part: layer -> [n, d]; and the network itself.

    ``head`` is the linear map from features to the classes of the source that it was trained with, where it
    was kept: ``weight`` [K, d] and ``bias`` [K] or None; ``model`` maps images to what its loss reads.
    """

    layers: Mapping[tuple[str, str], Mapping[str, Tensor]]
    head: tuple[Tensor, Tensor | None] | None
    model: nn.Module | None


class _Outputs(nn.Module):
    """A network whose logits are scaled as its objective does: how steep it is compares only so."""

    def __init__(self, network: Network, objective: Objective | None) -> None:
        super().__init__()
        self.network, self.objective = network, objective

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.network(images)
        return logits if self.objective is None else self.objective.outputs(logits)


def _figures(
    measure: measures.Measure, part: Part, own: _Looked, other: _Looked | None, most: int
) -> Iterator[tuple[str, Figures]]:
    """Layer and figures, for as much as there is what the measure needs."""
    if "model" in measure.needs:
        # The steepness of a classifier is that where it was trained.
        if own.model is not None and (part.problem, part.split) == (SOURCE, "train"):
            images = inputs(own.model, part.images[:: max(1, len(part.images) // most)][:most])
            yield FEATURES, part.figures(measure.name, {"model": own.model, "inputs": images})
        return
    for layer, features in own.layers[part.problem, part.split].items():
        available: dict[str, Any] = {"features": features, "labels": part.labels, "x": features}
        if other is not None:
            available["y"] = other.layers[part.problem, part.split].get(layer)
        if own.head is not None and layer == FEATURES and part.problem == SOURCE:
            weight, bias = own.head
            available["weight"] = weight[part.classes]
            available["bias"] = None if bias is None else bias[part.classes]
        if measure.can(available):
            yield layer, part.figures(measure.name, available)


def _parts(identity: BenchmarkIdentity, track: str, most: int) -> tuple[Part, ...]:
    """Training and test images of both problems; of a benchmark, of classes trained on and of new classes."""
    if track == TRANSFER:
        task = load_transfer(identity)
        splits: tuple[SplitName, ...] = ("train", "test")
        return tuple(
            of_transfer(task, problem, split, most) for problem in (SOURCE, DOWNSTREAM) for split in splits
        )
    benchmark = load_benchmark(identity)
    return (
        of_benchmark(benchmark, SOURCE, "train", most),
        of_benchmark(benchmark, DOWNSTREAM, "test", most),
    )


def _looked(cell: Cell, desk: Desk, method: MethodIdentity, training: str) -> _Looked:
    assert cell.benchmark is not None
    if desk.store.get(training) is None:
        raise ParentMissing(f"the training that {cell.title} looks at is not in the store")
    if suite.methods.describe(method.name).source_hash != method.source_hash:
        raise HostLacks(
            f"the method {method.name} was trained with other code than this host has; install the same "
            "version of transfer-league on both"
        )
    return _opened(
        str(desk.store.folder(training) / CHECKPOINT),
        method.name,
        canonical(method.arguments),
        canonical(cell.benchmark.model_dump(mode="json")),
        cell.spec["track"],
        cell.spec["images"],
    )


# The measures of a training come one after the other, each also with its reference.
@lru_cache(maxsize=3)
def _opened(checkpoint: str, name: str, arguments: bytes, benchmark: bytes, track: str, most: int) -> _Looked:
    method = suite.methods.get(name, **json.loads(arguments))
    method.load(Path(checkpoint))
    if not isinstance(method, RecipeMethod):
        raise ValueError(f"{name} is a method of its own form, whose network cannot be looked into")
    network = method.network
    body = network.backbone if isinstance(network, Network) else network
    if not isinstance(body, Backbone):
        raise ValueError(f"{name} has no backbone of the suite's, whose layers could be looked into")
    parts = _parts(BenchmarkIdentity.model_validate_json(benchmark), track, most)
    layers = {(part.problem, part.split): _layers(body, part.images) for part in parts}
    head = model = None
    if isinstance(network, Network):
        objective = getattr(method.recipe, "loss", None)
        model = _Outputs(network, objective if isinstance(objective, Objective) else None)
        if getattr(method.recipe, "keeps_head", False):
            head = _affine(network.head)
    return _Looked(layers, head, model)


@torch.no_grad()
def _layers(body: Backbone, images: Tensor) -> dict[str, Tensor]:
    """Each layer's means over positions, and in place of the last one the features as they are: [n, d]."""
    found: dict[str, list[Tensor]] = {}
    for batch in torch.split(images, _BATCH):
        read = inputs(body, batch)
        for layer, rows in layer_activations(body, read).items():
            found.setdefault(layer, []).append(pooled(rows, len(batch)).cpu())
        found.setdefault(FEATURES, []).append(body(read).cpu())
    layers = {layer: torch.cat(values) for layer, values in found.items()}
    *earlier, _ = (layer for layer in layers if layer != FEATURES)
    return {layer: layers[layer] for layer in (*earlier, FEATURES)}


def _affine(head: nn.Module) -> tuple[Tensor, Tensor | None] | None:
    """Weight and bias of a head that ranks classes as an affine map of the features does."""
    if not isinstance(head, nn.Linear):
        return None
    weight = F.normalize(head.weight, dim=1) if isinstance(head, CosineHead) else head.weight
    return weight.detach(), None if head.bias is None else head.bias.detach()
