"""Trainings, alone or as one member of two, and what tests compare of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from suite.kernels import choice
from suite.methods import Budget, RecipeMethod, Source, count_backward_passes, get, seed_everything
from suite.methods.batches import TaskSet, inputs
from suite.methods.family import MetaArguments, query_loss
from suite.methods.optimiser import CosineAdam
from suite.methods.transfer import Transfer
from suite.models import Backbone, Linear, Network, as_float
from suite.models import get as get_backbone
from suite.parallel import Crew, FolderDiary, SharedMethod, SharedSource, accumulate_shared
from suite.parallel.training import State
from tests.support.pictures import noisy_patterns

# Seven episodes of 20 images: meta-batches of three leave one over, batches of 33 leave eight.
BUDGET = Budget(images=140, validations=2, validation_episodes=3)
METHODS: dict[str, dict[str, Any]] = {
    "maml": {"width": 8, "meta_batch": 3, "inner_steps": 2},
    "fomaml": {"width": 8, "meta_batch": 3, "inner_steps": 2, "batch_norm": "running"},
    "anil": {"width": 8, "meta_batch": 3, "inner_steps": 2},
    "protonet": {"width": 8, "meta_batch": 3, "batch_norm": "running"},
    "transfer": {"width": 8, "batch_size": 33, "head": "nearest_centroid"},
}

GRADIENTS = list(product((True, False), (torch.float32, torch.float64), (True, False), (1, 3, 4)))
RESUMED = {
    "maml": METHODS["maml"],
    "noisy": {"width": 8, "batch_size": 33, "head": "nearest_centroid"},
}


class Lost(RuntimeError):
    """A member was lost, as a test wished."""


@dataclass(frozen=True)
class Unsaid(Transfer):
    """Does not say that its training can be shared."""

    shareable: ClassVar[bool] = False


@dataclass(frozen=True)
class Noisy(Transfer):
    """Draws noise in training: going on must go on with the generators too."""

    def learner(self, network: Backbone, source: Source) -> Callable[[], None]:
        classifier = Linear(network.feature_dimension, source.class_count)
        optimiser = CosineAdam([*network.parameters(), *classifier.parameters()], self.lr)

        def step() -> None:
            images, labels = source.batch(self.batch_size)
            network.train()
            optimiser.zero_grad()
            x = inputs(network, images)
            logits = classifier(network(x + 0.1 * torch.randn_like(x)))
            F.cross_entropy(logits, labels).backward()  # type: ignore[no-untyped-call]
            optimiser.step(source.annealing)

        return step


class Unwritten:
    """A diary in which nothing is written."""

    def read(self) -> None:
        return None

    def write(self, state: State | None) -> None:
        return None


@dataclass(frozen=True)
class Forgetful(FolderDiary):
    """A diary that is lost hold of after so many entries, whoever writes."""

    entries: list[None]
    most: int

    def write(self, state: State | None) -> None:
        super().write(state)
        self.entries.append(None)
        if len(self.entries) == self.most:
            raise Lost


@dataclass(frozen=True)
class Learned:
    """What a training came to: weights by name, and all that its record would tell."""

    weights: dict[str, Any]
    told: dict[str, Any]


def learned(
    name: str,
    arguments: dict[str, Any],
    crew: Crew | None = None,
    diary: FolderDiary | None = None,
    dtype: torch.dtype = torch.float64,
) -> Learned:
    """Train alone, or as a member of ``crew``, in float64 so that rounding stays rounding."""
    torch.set_default_dtype(dtype)
    try:
        noisy = name == "noisy"
        built: Any = RecipeMethod(Noisy(**arguments), name, "1") if noisy else get(name, **arguments)
        benchmark = noisy_patterns()
        source = Source(benchmark, BUDGET) if crew is None else SharedSource(benchmark, BUDGET, crew=crew)
        seed_everything(0)
        trained: Any = built
        if crew is not None:
            trained = SharedMethod(built, crew, diary or Unwritten(), seconds=1e-9)
        with count_backward_passes(source.spent):
            trained.train(source, BUDGET)
    finally:
        torch.set_default_dtype(torch.float32)
    told = {
        "curve": [[point.images, point.accuracy] for point in source.curve],
        "images": source.spent.images,
        "selection": trained.selection,
    }
    return Learned({key: value.numpy() for key, value in built.network.state_dict().items()}, told)


def outer_gradient(crew: Crew, second_order: bool, dtype: torch.dtype, fast: bool, tasks: int) -> Any:
    """MAML's outer gradient on ``tasks`` tasks: every member's, as one vector."""
    on = choice._on
    if not fast:
        choice._on = lambda device, dtype: "plain for a test"
    try:
        torch.manual_seed(0)
        backbone = get_backbone("conv4", 1, (28, 28), width=8, batch_norm="episode")
        network = Network(backbone, 3).to(dtype).eval()
        arguments = MetaArguments(inner_steps=3, inner_lr=0.02)

        def loss(support: TaskSet, query: TaskSet) -> Tensor:
            return query_loss(network, support, query, arguments, second_order=second_order)

        accumulate_shared(crew, network, loss, _set(tasks, 5, dtype), _set(tasks, 4, dtype))
    finally:
        choice._on = on
    gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
    return torch.cat([gradient.flatten() for gradient in gradients]).numpy()


def _set(tasks: int, each: int, dtype: torch.dtype) -> TaskSet:
    generator = torch.Generator().manual_seed(each)
    labels = torch.arange(3).repeat_interleave(each).repeat(tasks, 1)
    images = torch.rand(tasks * 3 * each, 1, 28, 28, generator=generator, dtype=torch.float64)
    return TaskSet(as_float(images, torch.float64).to(dtype).view(tasks, 3 * each, 1, 28, 28), labels)


def member(rank: int, folder: Path) -> dict[str, Any]:
    """All that a member is asked for, in one process: to start one costs more than all of it."""
    torch.use_deterministic_algorithms(True)
    found: dict[str, Any] = {
        "gradients": [outer_gradient(Crew(rank, 2), *case) for case in GRADIENTS],
        "learned": {name: learned(name, given, Crew(rank, 2)) for name, given in METHODS.items()},
        "undisturbed": {name: learned(name, given, Crew(rank, 2)) for name, given in RESUMED.items()},
    }
    found["resumed"] = {name: resumed(rank, folder / name, name) for name in RESUMED}
    crew = Crew(rank, 2)
    try:
        crew.require_same(torch.tensor([float(rank)]), "rank")
    except RuntimeError as error:
        found["different"] = str(error)
    return found


def resumed(rank: int, folder: Path, name: str) -> Learned:
    """Trained until both members were lost, then again from what was written down."""
    lost = False
    try:
        learned(name, RESUMED[name], Crew(rank, 2), Forgetful(folder, [], most=2))
    except Lost:
        lost = True
    assert lost, "the training ended before it was disturbed"
    return learned(name, RESUMED[name], Crew(rank, 2), FolderDiary(folder))
