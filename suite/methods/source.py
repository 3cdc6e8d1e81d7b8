"""What training may see, handed out and counted by the suite: one budget, kept by every method alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch

from suite.methods.plateau import annealing, plateau
from suite.methods.scoring import score
from tasks import Benchmark, Episode, Episodes, SplitName, Support, Transfer
from tasks.labelled import Labelled
from tasks.transfers import SourceProblem, source_task

if TYPE_CHECKING:
    from suite.methods.interface import Predictor

    Adapt = Callable[[Support], Predictor]
    """What a validation scores: a network as it is now, with its way to adapt."""


class BudgetExceeded(RuntimeError):
    """A method asked for training images past its budget."""


@dataclass(frozen=True)
class Budget:
    """What one training may use.

    ``images``: training images seen, counted each time one is handed out, support and query alike.
    ``validations``: how often the checkpoint may be scored on meta-validation, evenly over the images.
    ``validation_episodes``: episodes of one such score.

    With ``patience`` 0 all is used, and learning rates fall from the first image to the last. Else they stay
    as they are until meta-validation comes to a plateau, ``patience`` scores in a row without a gain of more
    than ``min_gain`` (accuracy, in 0..1), and then fall over the images of ``annealing`` more validations,
    after which training ends. Where no plateau is found in time, they fall at the end of ``images``.
    """

    images: int = 20_000
    validations: int = 5
    validation_episodes: int = 60
    patience: int = 0
    min_gain: float = 0.005
    annealing: int = 3

    def __post_init__(self) -> None:
        for name in ("images", "validations", "validation_episodes", "annealing"):
            if getattr(self, name) < 1:
                raise ValueError(f"budget.{name} must be at least 1, not {getattr(self, name)}")
        if self.patience < 0:
            raise ValueError(f"budget.patience must be at least 0, not {self.patience}")
        if not 0 <= self.min_gain < 1:
            raise ValueError(f"budget.min_gain must be an accuracy in 0..1, not {self.min_gain}")
        least = 1 + self.patience + self.annealing
        if self.patience and self.validations < least:
            raise ValueError(
                f"budget.validations must be at least {least}, not {self.validations}: a plateau is found "
                f"{self.patience} (budget.patience) after the first, and rates fall over "
                f"{self.annealing} more (budget.annealing)"
            )

    @property
    def spec(self) -> dict[str, int | float]:
        """What of it decides a training: nothing of plateaus where these end none."""
        plain = {name: getattr(self, name) for name in ("images", "validations", "validation_episodes")}
        return asdict(self) if self.patience else plain

    @property
    def criterion(self) -> str:
        """In words, when training ends."""
        if not self.patience:
            return f"after {self.images:,} images"
        return (
            f"a plateau: {self.patience} meta-validation scores in a row, one each "
            f"{self.images / self.validations:,.0f} images, without a gain of more than {self.min_gain:.2%}; "
            f"learning rates then fall over {self.annealing} more, and after {self.images:,} images at the "
            "latest"
        )


@dataclass
class Spent:
    """What a training used, counted by the suite.

    ``backward_passes`` are runs of the autograd engine; those made while a checkpoint was scored stand apart.
    """

    images: int = 0
    backward_passes: int = 0
    validation_backward_passes: int = 0

    @contextmanager
    def validating(self) -> Iterator[None]:
        """Backward passes made in the block are those of a validation."""
        before = self.backward_passes
        yield
        self.validation_backward_passes += self.backward_passes - before
        self.backward_passes = before


@dataclass(frozen=True)
class CurvePoint:
    """One meta-validation score: mean accuracy in 0..1 after ``images`` training images."""

    images: int
    accuracy: float


@dataclass
class Source:
    """Labelled images, handed out in batches or episodes until the budget is used up.

    They are the meta-train classes of a benchmark, or the training images of a transfer task's source
    (``labelled`` is either). A validation scores episodes of a benchmark's meta-validation classes; of a
    transfer task, the source's validation images after a few training images of each class.
    ``way``, ``shot``, ``query`` are those of the protocol that will be scored; ``seed`` (at least 0) decides
    every draw: with one seed every method sees the same episodes and the same order of images. A method sees
    images only through ``batch`` and ``episode``, which count them. What can be spent is ``allowance``: the
    budget's images rounded down to whole episodes, so that methods that learn from episodes and from batches
    spend exactly alike, and fewer once ``plateau``, the images after which a plateau was found, is known.
    ``on_progress`` is called after each hand-out and each validation; ``on_validated`` after each validation
    with what was scored, to be looked into: what it draws or differentiates does not count for training.
    Raises ValueError for a budget that holds no episode.
    """

    benchmark: Benchmark | Transfer
    budget: Budget
    way: int = 5
    shot: int = 1
    query: int = 3
    seed: int = 0
    spent: Spent = field(default_factory=Spent)
    curve: list[CurvePoint] = field(default_factory=list)
    on_progress: Callable[[Source], None] | None = None
    on_validated: Callable[[Source, Adapt], None] | None = None
    plateau: int | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ValueError(f"a seed must be at least 0, not {self.seed}")
        self.labelled: Labelled
        self._validation: Sequence[Episode]
        if isinstance(self.benchmark, Transfer):
            self.labelled = SourceProblem(self.benchmark)
            self._validation = (source_task(self.benchmark),)
        else:
            self.labelled = self.benchmark
            self._validation = self._drawn("validation", self.budget.validation_episodes)
        self._images, self._labels = self.labelled.tensors("train")
        self._device = torch.device("cpu")
        self._generator = np.random.Generator(np.random.Philox(key=self.seed))
        self._episodes: Episodes | None = None
        self._next_episode = 0
        self._epoch = np.empty(0, dtype=np.int64)
        self._validated = 0
        self._cap = self.budget.images // self.episode_images * self.episode_images
        self._ends = self._cap
        if not self._cap:
            raise ValueError(
                f"budget.images is {self.budget.images}, less than one episode: {self.way}-way with "
                f"{self.shot} support and {self.query} query images a class takes {self.episode_images}"
            )
        patient = self.budget.patience > 0
        self._anneals_from = (
            self._images_at(self.budget.validations - self.budget.annealing) if patient else 0
        )

    @property
    def class_count(self) -> int:
        """Number of classes that are trained on."""
        return len(self.labelled.classes("train"))

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height, width."""
        c, h, w = self._images.shape[1:]
        return c, h, w

    @property
    def episode_images(self) -> int:
        """Images of one episode, support and query."""
        return self.way * (self.shot + self.query)

    @property
    def allowance(self) -> int:
        """Images that can be spent, whole episodes: the budget's, or fewer once a plateau is found."""
        return self._ends

    @property
    def exhausted(self) -> bool:
        """Whether the allowance is used up."""
        return self.spent.images >= self.allowance

    @property
    def progress(self) -> float:
        """Share of the allowance used, in 0..1."""
        return self.spent.images / self.allowance

    @property
    def annealing(self) -> float:
        """How far learning rates are to have fallen, in 0..1; ``progress`` where no plateau is waited for."""
        return annealing(self.spent.images, self.anneals_from, self.allowance)

    @property
    def anneals_from(self) -> int:
        """Images after which learning rates fall."""
        return self._anneals_from

    def keep_on(self, device: torch.device) -> None:
        """Hand out batches on ``device``; images stay there if they take at most a quarter of its memory."""
        self._device = device
        size = self._images.nbytes + self._labels.nbytes
        if device.type != "cuda" or 4 * size <= torch.cuda.mem_get_info(device)[0]:
            self._images, self._labels = self._images.to(device), self._labels.to(device)

    def batch(self, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """``size`` labelled images, uint8 [size, c, h, w], int64 [size]; the last batch is cut to fit.

        Images come epoch by epoch, each once an epoch. Raises BudgetExceeded once the source is exhausted.
        """
        if size < 1:
            raise ValueError(f"a batch must have at least 1 image, not {size}")
        self._require(1)
        size = min(size, self.allowance - self.spent.images)
        while len(self._epoch) < size:
            self._epoch = np.concatenate([self._epoch, self._generator.permutation(len(self._labels))])
        drawn, self._epoch = self._epoch[:size], self._epoch[size:]
        self._spend(size)
        rows = torch.from_numpy(drawn).to(self._labels.device)
        return self._images[rows].to(self._device), self._labels[rows].to(self._device)

    def episode(self) -> Episode:
        """The next training episode, labels of its query included, whole or not at all.

        Raises BudgetExceeded where less than one episode is left, ValueError where there are too few classes
        or images of a class to draw one.
        """
        self._require(self.episode_images)
        if self._episodes is None:
            self._episodes = self._drawn("train")
        episode = self._episodes[self._next_episode]
        self._next_episode += 1
        self._spend(self.episode_images)
        return episode

    def episodes(self, count: int) -> list[Episode]:
        """The next ``count`` episodes, or as many as are left; raises BudgetExceeded where none is."""
        left = (self.allowance - self.spent.images) // self.episode_images
        return [self.episode() for _ in range(max(1, min(count, left)))]

    @property
    def validation_due(self) -> bool:
        """Whether the next of the budget's evenly spaced validations is due (the last one at exhaustion)."""
        return self._validations_earned > self._validated

    @property
    def scores(self) -> str:
        """In words, what the scores of ``curve`` are."""
        if isinstance(self.benchmark, Transfer):
            return f"scores on the source's {len(self._validation[0].query_labels)} validation images"
        return f"meta-validation scores ({self.budget.validation_episodes} episodes each)"

    def validate(self, adapt: Adapt) -> float:
        """Mean accuracy of ``adapt`` on the validation tasks, scored here; appended to ``curve``.

        The tasks are the same at each call. Raises BudgetExceeded where none is due.
        """
        if not self.validation_due:
            raise BudgetExceeded(
                f"no validation is due after {self.spent.images} of {self.allowance} images: the budget has "
                f"{self.budget.validations}, evenly spaced"
            )
        self._validated = self._validations_earned
        accuracy = float(np.mean(self._scored(adapt, self._validation)))
        self.curve.append(CurvePoint(self.spent.images, accuracy))
        if self.on_validated is not None:
            with self.spent.validating(), torch.random.fork_rng(range(torch.cuda.device_count())):
                self.on_validated(self, adapt)
        self._look_for_plateau()
        self._report()
        return accuracy

    def _scored(self, adapt: Adapt, tasks: Iterable[Episode]) -> list[float]:
        with self.spent.validating():
            return [score(adapt(episode.support), episode).accuracy for episode in tasks]

    def _drawn(self, split: SplitName, length: int = 1) -> Episodes:
        return Episodes(self.labelled, split, self.way, self.shot, self.query, self.seed, length=length)

    @property
    def _validations_earned(self) -> int:
        return self.spent.images * self.budget.validations // self._cap

    def _images_at(self, validation: int) -> int:
        """Images, in whole episodes, after which that many validations are due."""
        images = -(-validation * self._cap // self.budget.validations)
        return -(-images // self.episode_images) * self.episode_images

    def _look_for_plateau(self) -> None:
        budget = self.budget
        steady = self._validated <= budget.validations - budget.annealing
        if not budget.patience or self.plateau is not None or not steady:
            return
        if plateau([point.accuracy for point in self.curve], budget.patience, budget.min_gain) is not None:
            self.plateau = self._anneals_from = self.spent.images
            self._ends = self._images_at(self._validated + budget.annealing)

    def _require(self, images: int) -> None:
        left = self.allowance - self.spent.images
        if left < images:
            raise BudgetExceeded(
                f"{images} more training images asked for, {left} left of the {self.allowance} that can be "
                f"spent; train until source.exhausted"
            )

    def _spend(self, images: int) -> None:
        self.spent.images += images
        self._report()

    def _report(self) -> None:
        if self.on_progress is not None:
            self.on_progress(self)
