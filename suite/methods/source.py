"""What training may see, handed out and counted by the suite: one budget, kept by every method alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch

from tasks import Benchmark, Episode, Episodes, Support

if TYPE_CHECKING:
    from suite.methods.interface import Predictor


class BudgetExceeded(RuntimeError):
    """A method asked for training images past its budget."""


@dataclass(frozen=True)
class Budget:
    """What one training may use.

    ``images``: training images seen, counted each time one is handed out, support and query alike.
    ``validations``: how often the checkpoint may be scored on meta-validation, evenly over the images.
    ``validation_episodes``: episodes of one such score.
    """

    images: int = 20_000
    validations: int = 5
    validation_episodes: int = 60

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value < 1:
                raise ValueError(f"budget.{name} must be at least 1, not {value}")


@dataclass
class Spent:
    """What a training used, counted by the suite."""

    images: int = 0
    backward_passes: int = 0


@dataclass(frozen=True)
class CurvePoint:
    """One meta-validation score: mean accuracy in 0..1 after ``images`` training images."""

    images: int
    accuracy: float


@dataclass
class Source:
    """The meta-train classes of a benchmark, handed out in batches or episodes until the budget is used up.

    ``way``, ``shot``, ``query`` are those of the protocol that will be scored; ``seed`` decides every draw.
    A method sees images only through ``batch`` and ``episode``, which count them.
    """

    benchmark: Benchmark
    budget: Budget
    way: int = 5
    shot: int = 1
    query: int = 3
    seed: int = 0
    spent: Spent = field(default_factory=Spent)
    curve: list[CurvePoint] = field(default_factory=list)
    on_progress: Callable[[Source], None] | None = None

    def __post_init__(self) -> None:
        self._images = torch.from_numpy(self.benchmark.images("train"))
        self._labels = torch.from_numpy(self.benchmark.labels("train"))
        self._generator = np.random.Generator(np.random.Philox(key=self.seed))
        self._episodes = Episodes(self.benchmark, "train", self.way, self.shot, self.query, self.seed)
        self._validation = Episodes(
            self.benchmark,
            "validation",
            self.way,
            self.shot,
            self.query,
            self.seed,
            length=self.budget.validation_episodes,
        )
        self._next_episode = 0

    @property
    def class_count(self) -> int:
        """Number of meta-train classes."""
        return len(self.benchmark.classes("train"))

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height, width."""
        c, h, w = self._images.shape[1:]
        return c, h, w

    @property
    def exhausted(self) -> bool:
        """Whether the image budget is used up."""
        return self.spent.images >= self.budget.images

    @property
    def progress(self) -> float:
        """Share of the image budget used, in 0..1."""
        return min(1.0, self.spent.images / self.budget.images)

    def batch(self, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """``size`` labelled images, epoch-wise without replacement: uint8 [size, c, h, w], int64 [size]."""
        raise NotImplementedError

    def episode(self) -> Episode:
        """The next training episode, labels of its query included."""
        raise NotImplementedError

    @property
    def validation_due(self) -> bool:
        """Whether the next of the budget's evenly spaced validations is due (the last one at exhaustion)."""
        raise NotImplementedError

    def validate(self, adapt: Callable[[Support], Predictor]) -> float:
        """Mean accuracy of ``adapt`` on the meta-validation episodes, scored here; appended to ``curve``."""
        raise NotImplementedError
