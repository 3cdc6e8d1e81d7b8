"""Pretraining: one classifier of all source classes, under any objective."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import nn

from suite import objectives
from suite.methods.arguments import argument
from suite.methods.augmentation import moved
from suite.methods.batches import inputs
from suite.methods.body import BodyArguments
from suite.methods.optimiser import CosineAdam
from suite.methods.source import Source
from suite.models import Backbone, Linear, Network
from suite.objectives import Objective, from_file

PRECISIONS = ("float32", "bfloat16")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PretrainingArguments(BodyArguments):
    """What is minimised, on which images, and how. ``settings`` are kept in one spelling."""

    objective: str = argument("softmax", "what is minimised: a name of suite.objectives, or a file, mine.py")
    objective_text: str = argument("", "text of that file, which objective=mine.py fills in")
    preset: str = argument(
        "imagenet",
        "the objective's arguments: its paper's, or as tuned for small data",
        choices=objectives.presets(),
    )
    settings: str = argument("", "arguments of the objective that differ from the preset's: name=value,...")
    projection: bool = argument(
        False, "whether an MLP stands between features and classifier, to be dropped with it"
    )
    batch_size: int = argument(32, "images of one training step", at_least=2)
    lr: float = argument(3e-3, "initial rate of Adam, which falls to 1e-5 by a cosine", above=0)
    weight_decay: float = argument(0.01, "how fast weights, not biases, fall, times the rate", at_least=0)
    shift: int = argument(0, "pixels by which a training image is moved at most", at_least=0)
    flip: bool = argument(False, "whether half of the training images, by chance, are mirrored")
    precision: str = argument("float32", "of the backbone's maps in pretraining", choices=PRECISIONS)
    compiled: bool = argument(False, "whether a GPU pretrains with torch.compile, which rounds otherwise")

    def __post_init__(self) -> None:
        super().__post_init__()
        if from_file.is_file(self.objective):
            name, text = from_file.read(self.objective)
            object.__setattr__(self, "objective", name)
            object.__setattr__(self, "objective_text", text)
        elif self.objective_text:
            from_file.recall(self.objective, self.objective_text)
        resolved = self.loss.arguments
        spelled = ",".join(f"{name}={json.dumps(resolved[name])}" for name in sorted(_parsed(self.settings)))
        object.__setattr__(self, "settings", spelled)

    @property
    def loss(self) -> Objective:
        """The objective under its preset and settings.

        Raises ValueError for one that there is not, or an argument that it does not take.
        """
        try:
            chosen = {**objectives.preset(self.preset, self.objective), **_parsed(self.settings)}
            return objectives.get(self.objective, **chosen)
        except (objectives.UnknownObjective, objectives.UnknownArgument) as error:
            raise ValueError(str(error)) from error


def pretrainer(
    network: Backbone | Network, source: Source, arguments: PretrainingArguments
) -> Callable[[], None]:
    """One step a call: a batch of source images, the gradient of the objective, a step of Adam.

    A ``Network`` is trained as it is; a backbone under a projection and a head, which are dropped.
    """
    body = network.backbone if isinstance(network, Network) else network
    device, loss = next(body.parameters()).device, arguments.loss
    if isinstance(source, Source):  # behind walls they come over a line, each batch anew
        source.keep_on(device)
    project: nn.Module = nn.Identity()
    if isinstance(network, Network):
        head = network.head
    else:
        project = _projection(body.feature_dimension).to(device)
        head = loss.head(body.feature_dimension, source.class_count).to(device)
    trained = nn.ModuleList([body, project, head])
    optimiser = CosineAdam(trained.parameters(), arguments.lr, weight_decay=arguments.weight_decay)
    read = _compiled(body) if arguments.compiled else body

    def step() -> None:
        annealing = source.annealing
        images, labels = source.batch(arguments.batch_size)
        images = moved(images.to(device), shift=arguments.shift, flip=arguments.flip)
        trained.train()
        optimiser.zero_grad()
        with torch.autocast(device.type, torch.bfloat16, enabled=arguments.precision == "bfloat16"):
            features = project(read(inputs(body, images)))
        loss.loss(head, features.float(), labels.to(device)).backward()  # type: ignore[no-untyped-call]
        optimiser.step(annealing)

    return step


def _projection(dimension: int) -> nn.Module:
    """One hidden layer, as wide as the features."""
    return nn.Sequential(Linear(dimension, dimension), nn.ReLU(), Linear(dimension, dimension))


def _compiled(body: Backbone) -> Callable[[torch.Tensor], torch.Tensor]:
    if next(body.parameters()).device.type != "cuda":
        _log.info("pretraining is not compiled: that is for a GPU, and there is none")
        return body
    return cast(Callable[[torch.Tensor], torch.Tensor], torch.compile(body))


def _parsed(settings: str) -> dict[str, Any]:
    """``name=value,...`` -> values by name: numbers, true, false, or words."""
    found: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in settings.split(","))):
        name, equals, value = (text.strip() for text in part.partition("="))
        if not name or not equals or not value or name in found:
            raise ValueError(f"settings must be name=value,... with each name once, not {settings!r}")
        try:
            found[name] = json.loads(value)
        except json.JSONDecodeError:
            found[name] = value
    return found
