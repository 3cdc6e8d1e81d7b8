"""A method told by its hyper-parameters and three functions; the suite adds what is the same for all.

The same for all is: the training loop and the choice of its checkpoint, checks of the support set, and the
checkpoint on disk.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import torch
from torch import nn

from suite.methods import checkpoint
from suite.methods.arguments import adapting_arguments, arguments_of
from suite.methods.interface import Predictor
from suite.methods.selection import Companion, select_best
from suite.methods.source import Budget, Source
from suite.models import Network
from tasks import Support

N = TypeVar("N", bound=nn.Module)
Step = Callable[[], None]
Shape = tuple[int, int, int]
"""Channels, height and width of an image."""


class Recipe(Protocol[N]):
    """A frozen dataclass of hyper-parameters (``suite.methods.arguments``), and what to do with them.

    Those that matter to ``adapt`` alone are declared with ``adapts=True``, or a class variable ``adaptation``
    names them.
    """

    any_way: ClassVar[bool]
    """Whether one trained network adapts to tasks of any number of classes."""

    # ``optimiser: ClassVar[str]``, where there is one, tells its kind and schedule: a fair sweep asks for it.
    # ``shareable: ClassVar[bool]``, where true: each training step asks the source once, for a batch or for
    # episodes, and its gradient is a mean over these; and the state of a training is that of the network, of
    # optimisers of torch's and of torch's generators. Several processes can then share it (suite.parallel).

    # ``keeps_head: ClassVar[bool]``, where true: the ``way`` that ``build`` gets is the number of classes to
    # train on, and a ``Network`` that it builds keeps, as its head, the classifier of these; ``adapt`` starts
    # from the backbone.

    def build(self, shape: Shape, way: int) -> N:
        """The untrained network, its weights drawn from torch's generator."""
        ...

    def learner(self, network: N, source: Source) -> Step | None:
        """A function that takes one training step with what it asks of ``source``; None: nothing is trained.

        It must ask for something, and sets the mode (training or evaluation) that it needs.
        """
        ...

    def adapt(self, network: N, support: Support) -> Predictor:
        """Adapt ``network``, which is in evaluation mode, to labelled images, without changing it."""
        ...


def is_recipe(candidate: object) -> bool:
    """Whether ``candidate`` is a Recipe rather than a whole Method."""
    return dataclasses.is_dataclass(candidate) and callable(getattr(candidate, "learner", None))


@dataclasses.dataclass(frozen=True)
class _Trained(Generic[N]):
    network: N
    shape: Shape
    way: int
    selection: str


class RecipeMethod(Generic[N]):
    """A ``Method`` made of a ``Recipe``."""

    def __init__(self, recipe: Recipe[N], name: str, version: str) -> None:
        self._recipe, self._name, self._version = recipe, name, version
        self._trained: _Trained[N] | None = None

    @property
    def adaptation(self) -> tuple[str, ...]:
        """Arguments that matter to ``adapt`` alone."""
        return adapting_arguments(self._recipe)

    @property
    def arguments(self) -> dict[str, Any]:
        """Every argument with its value."""
        return arguments_of(self._recipe)

    @property
    def name(self) -> str:
        """The method's name."""
        return self._name

    @property
    def shareable(self) -> bool:
        """Whether several processes can share its training (``Recipe``)."""
        return bool(getattr(self._recipe, "shareable", False))

    @property
    def selection(self) -> str:
        """How the checkpoint was chosen, in words; says so where nothing is trained yet."""
        return self._trained.selection if self._trained else "not trained"

    def train(self, source: Source, budget: Budget, along: Companion | None = None) -> None:
        """Spend the source's budget; keep the checkpoint that meta-validation scored best.

        Candidates are scored with the default adaptation arguments, so that the checkpoint does not depend on
        those of this method. ``along`` goes along with the training (``suite.methods.selection``).
        """
        shape, way = source.image_shape, source.class_count if self._keeps_head else source.way
        network = self._recipe.build(shape, way).to(_device())
        default = self._with_default_adaptation()
        selection = select_best(
            source,
            network,
            self._recipe.learner(network, source),
            lambda support: default.adapt(network, support),
            along,
        )
        self._trained = _Trained(network, shape, way, selection)

    def adapt(self, support: Support) -> Predictor:
        """Adapt to a labelled support set. RuntimeError before training, ValueError for what does not fit."""
        trained = self._require_trained()
        if support.labels is None:
            raise ValueError(f"{self._name} needs labelled support images; these have no labels")
        if tuple(support.images.shape[1:]) != trained.shape:
            raise ValueError(
                f"{self._name} was trained on images of shape {list(trained.shape)}; "
                f"this task's are {list(support.images.shape[1:])}"
            )
        if not self._recipe.any_way and support.way != trained.way:
            raise ValueError(
                f"{self._name} was trained for {trained.way} classes; this task has {support.way}"
            )
        return self._recipe.adapt(trained.network, support)

    def save(self, path: Path) -> None:
        """Write ``model.safetensors`` and ``method.json`` into the folder ``path``."""
        trained = self._require_trained()
        told = {"image_shape": list(trained.shape), "way": trained.way, "selection": trained.selection}
        checkpoint.write(path, trained.network.state_dict(), {**self._identity(), **told})

    def load(self, path: Path) -> None:
        """Restore what ``save`` wrote. Raises CheckpointError where that is of another method or arguments.

        Adaptation arguments may differ: they do not shape the checkpoint.
        """
        weights, told = checkpoint.read(path)
        checkpoint.check_same(path, told, self._identity())
        channels, height, width = told["image_shape"]
        shape, way = (channels, height, width), int(told["way"])
        network = self._drawn(shape, way)
        network.load_state_dict(weights)
        self._trained = _Trained(network.to(_device()).eval(), shape, way, told["selection"])

    def parameter_count(self) -> int:
        """Parameters of the network that ``adapt`` starts from (0 before training)."""
        if self._trained is None:
            return 0
        network = self._trained.network
        return _count(_body(network) if self._keeps_head else network)

    @property
    def optimiser(self) -> str | None:
        """What trains it, in words: kind and schedule. Empty: nothing does. None: it is not told."""
        told: str | None = getattr(self._recipe, "optimiser", None)
        return told

    @property
    def any_way(self) -> bool:
        """Whether what was trained once adapts to tasks of any number of classes."""
        return self._recipe.any_way

    @property
    def recipe(self) -> Recipe[N]:
        """What it is made of, for those who ask what it keeps."""
        return self._recipe

    @property
    def network(self) -> N:
        """The trained network, for those who look into it. RuntimeError before training."""
        return self._require_trained().network

    @property
    def source_head(self) -> nn.Linear | None:
        """The classifier of the classes that it was trained on, features to logits, where it is kept."""
        network = self._require_trained().network
        return network.head if self._keeps_head and isinstance(network, Network) else None

    def body_parameters(self, shape: Shape, way: int) -> int:
        """Parameters of the network for images of ``shape`` and ``way`` classes, without its head's."""
        return _count(_body(self._drawn(shape, way)))

    @property
    def _keeps_head(self) -> bool:
        return bool(getattr(self._recipe, "keeps_head", False))

    def _drawn(self, shape: Shape, way: int) -> N:
        """A network whose weights do not matter: drawing them must not move the generator."""
        with torch.random.fork_rng(devices=[]):
            return self._recipe.build(shape, way)

    def _identity(self) -> dict[str, Any]:
        shaping = {key: value for key, value in self.arguments.items() if key not in self.adaptation}
        return {"name": self._name, "version": self._version, "arguments": shaping}

    def _with_default_adaptation(self) -> Recipe[N]:
        fields = {field.name: field.default for field in dataclasses.fields(self._recipe)}  # type: ignore[arg-type]
        defaults = {name: fields[name] for name in self.adaptation}
        replaced: Recipe[N] = dataclasses.replace(self._recipe, **defaults)  # type: ignore[type-var]
        return replaced

    def _require_trained(self) -> _Trained[N]:
        if self._trained is None:
            raise RuntimeError(f"{self._name} is not trained: call train or load first")
        return self._trained


def _body(network: nn.Module) -> nn.Module:
    return network.backbone if isinstance(network, Network) else network


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
