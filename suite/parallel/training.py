"""A method's training as one member of a crew runs it, and as it goes on after a member was lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn
from torch.optim import Optimizer

from suite.methods.interface import Method, Predictor
from suite.methods.recipe import RecipeMethod
from suite.methods.selection import Best
from suite.methods.source import Budget, Source
from suite.parallel.crew import Crew
from suite.parallel.gradients import averaged_gradients, parameters_of
from suite.parallel.source import SharedSource
from suite.parallel.statistics import Unshareable, shared_statistics
from tasks import Support

State = dict[str, Any]
_FILE = "training.pt"


class Diary(Protocol):
    """Where a training is written down, to go on from there."""

    def read(self) -> State | None:
        """What was written last; None where nothing was."""
        ...

    def write(self, state: State | None) -> None:
        """Write ``state`` down, whole or not at all. All members call it; all but the first with None."""
        ...


@dataclass(frozen=True)
class FolderDiary:
    """A diary in a folder that all members see."""

    folder: Path

    def read(self) -> State | None:
        return read_state(self.folder)

    def write(self, state: State | None) -> None:
        if state is not None:
            write_state(self.folder, state)


def read_state(folder: Path) -> State | None:
    """What ``write_state`` wrote into ``folder``; None where it wrote nothing."""
    if not (folder / _FILE).exists():
        return None
    state: State = torch.load(folder / _FILE, map_location="cpu", weights_only=True)
    return state


def write_state(folder: Path, state: State) -> None:
    """Write ``state``, of numbers, strings and tensors alone, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{_FILE}.draft"
    torch.save(state, draft)
    draft.replace(folder / _FILE)


@dataclass
class SharedMethod:
    """A ``Method`` whose training is shared by ``crew``; all else it does as ``method`` does.

    What was reached is written into ``diary``, after the first step and then whenever twice the time has
    passed, but at least every ``seconds``. ``train`` goes on from what it finds there: what it comes to then
    is what it would have come to undisturbed.
    """

    method: Method
    crew: Crew
    diary: Diary
    seconds: float = 60.0

    def __post_init__(self) -> None:
        if not isinstance(self.method, RecipeMethod) or not self.method.shareable:
            name = getattr(self.method, "name", type(self.method).__name__)
            raise Unshareable(
                f"{name} does not say that its training can be shared by several processes "
                "(a class variable `shareable`); train it on one GPU (resources.gpus_per_cell: 1)"
            )

    @property
    def adaptation(self) -> tuple[str, ...]:
        return self.method.adaptation

    @property
    def arguments(self) -> dict[str, Any]:
        return self.method.arguments

    @property
    def selection(self) -> str:
        """How the checkpoint was chosen, in words."""
        assert isinstance(self.method, RecipeMethod)
        return self.method.selection

    def train(self, source: Source, budget: Budget) -> None:
        """Take this member's part in the training. Raises TypeError for a source that is not shared."""
        if not isinstance(source, SharedSource) or source.crew is not self.crew:
            raise TypeError("a shared training needs a SharedSource of the same crew")
        assert isinstance(self.method, RecipeMethod)
        self.method.train(source, budget, _Along(self.crew, source, self.diary, self.seconds))

    def adapt(self, support: Support) -> Predictor:
        return self.method.adapt(support)

    def save(self, path: Path) -> None:
        self.method.save(path)

    def load(self, path: Path) -> None:
        self.method.load(path)

    def parameter_count(self) -> int:
        return self.method.parameter_count()


@dataclass
class _Along:
    """The ``suite.methods.selection.Companion`` of a shared training."""

    crew: Crew
    source: SharedSource
    diary: Diary
    seconds: float
    _optimisers: list[Optimizer] = field(default_factory=list)

    @contextmanager
    def training(self, network: nn.Module) -> Iterator[None]:
        self._network, self._found = network, self.diary.read()
        self._began = self._written = time.monotonic()
        if self.crew.rank:
            # Or dropout would drop the same units of every member's images.
            torch.manual_seed(torch.initial_seed() + self.crew.rank)
        with shared_statistics(network, self.crew), averaged_gradients(self.crew) as optimisers:
            self._optimisers = optimisers
            yield

    def stepped(self, best: Best) -> None:
        if self._found is not None:
            # Only now, after one step, is everything there that is to be restored.
            self._restore(self._found, best)
            self._found = None
        elif self.crew.agreed:
            state = self._state(best)
            self.diary.write(None if self.crew.rank else state)
            self._written = time.monotonic()
        self.crew.agreed = False
        wait = min(self.seconds, self._written - self._began)
        self.crew.wish = self.crew.rank == 0 and time.monotonic() - self._written >= wait

    def _state(self, best: Best) -> State:
        return {
            "members": self.crew.size,
            "network": self._network.state_dict(),
            "parameters": [[p.detach() for p in parameters_of(each)] for each in self._optimisers],
            "optimisers": [optimiser.state_dict() for optimiser in self._optimisers],
            "best": [best.accuracy, best.images, best.weights],
            "source": self.source.state(),
            "generators": [
                list(of_all) for of_all in zip(*map(self.crew.gather, _generators()), strict=True)
            ],
        }

    def _restore(self, state: State, best: Best) -> None:
        there, kept = (self.crew.size, len(self._optimisers)), (state["members"], len(state["optimisers"]))
        if there != kept:
            raise RuntimeError(
                "what was written down is of another training: {} processes and {} optimisers, not {} and "
                "{}".format(*kept, *there)
            )
        self._network.load_state_dict(state["network"])
        for optimiser, values, told in zip(
            self._optimisers, state["parameters"], state["optimisers"], strict=True
        ):
            optimiser.load_state_dict(told)
            with torch.no_grad():
                for parameter, value in zip(parameters_of(optimiser), values, strict=True):
                    parameter.copy_(value)
        best.accuracy, best.images, weights = state["best"]
        device = next(self._network.parameters()).device
        best.weights = {name: value.to(device) for name, value in weights.items()}
        self.source.restore(state["source"])
        _set_generators(state["generators"][self.crew.rank])


def _generators() -> list[torch.Tensor]:
    """The states of torch's generators: the CPU's, and that of the GPU at hand where there is one."""
    cuda = [torch.cuda.get_rng_state()] if torch.cuda.is_available() else []
    return [torch.get_rng_state(), *cuda]


def _set_generators(states: list[torch.Tensor]) -> None:
    torch.set_rng_state(states[0])
    for state in states[1:]:
        torch.cuda.set_rng_state(state)
