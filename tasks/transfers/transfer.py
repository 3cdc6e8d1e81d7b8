"""A transfer task: a labelled source to pretrain on, and a labelled downstream problem to adapt to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch

from tasks.benchmark import SPLITS, Card, Split, SplitName
from tasks.draws import choose
from tasks.episodes import Support


@dataclass(frozen=True)
class Problem:
    """One classification problem: labelled images to train on, to choose by, and to be scored on.

    The three have the same classes and image shape, and none is empty; every class has an image to train on.
    Raises ValueError otherwise.
    """

    train: Split = field(repr=False)
    validation: Split = field(repr=False)
    test: Split = field(repr=False)

    def __post_init__(self) -> None:
        for name, part in self.parts().items():
            if part.classes != self.classes:
                raise ValueError(f"train and {name} must have the same classes in the same order")
            if part.images.shape[1:] != self.image_shape:
                raise ValueError(
                    f"images of train and {name} must have one shape, not {list(self.image_shape)} "
                    f"and {list(part.images.shape[1:])}"
                )
            if not len(part.labels):
                raise ValueError(f"{name} has no image")
        missing = set(range(len(self.classes))) - set(self.train.labels.tolist())
        if missing:
            raise ValueError(f"class {self.classes[min(missing)]!r} has no image to train on")

    def parts(self) -> dict[SplitName, Split]:
        """Train, validation and test by name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, in label order."""
        return self.train.classes

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height, width."""
        channels, height, width = self.train.images.shape[1:]
        return channels, height, width


@dataclass(frozen=True)
class Transfer:
    """A source problem and a downstream problem on images of one shape.

    What is chosen (a penalty, a checkpoint) is chosen on ``validation`` of either; ``test`` is for scores.
    The classes of the two may be the same, or others; so may their images, which the card tells.
    ``domain_names`` names the values of ``domains``; ``options`` are the arguments it was loaded with.
    Raises ValueError where image shapes differ or a domain has no name.
    """

    name: str
    source: Problem = field(repr=False)
    downstream: Problem = field(repr=False)
    domain_names: tuple[str, ...]
    card: Card = field(repr=False)
    options: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.source.image_shape != self.downstream.image_shape:
            raise ValueError(
                f"{self.name}: images of source and downstream must have one shape, not "
                f"{list(self.source.image_shape)} and {list(self.downstream.image_shape)}"
            )
        for problem in (self.source, self.downstream):
            for part in problem.parts().values():
                highest = int(part.domains.max())
                if part.domains.min() < 0 or highest >= len(self.domain_names):
                    raise ValueError(f"{self.name}: domain {highest} has no name in domain_names")

    def labelled(self, per_class: int, seed: int = 0) -> Split:
        """``per_class`` downstream training images of each class, class by class.

        A pure function of the digest, the class and the seed; with one seed, more images are those and
        others. Raises ValueError where a class has fewer.
        """
        if per_class < 1 or seed < 0:
            raise ValueError(f"per_class must be at least 1 and seed at least 0, not {per_class} and {seed}")
        whole, chosen = self.downstream.train, []
        for label, name in enumerate(whole.classes):
            rows = np.flatnonzero(whole.labels == label)
            if len(rows) < per_class:
                raise ValueError(
                    f"{self.name}: class {name!r} has {len(rows)} training images, fewer than {per_class}"
                )
            chosen.append(rows[choose(("labelled", self.digest, label, seed), per_class, len(rows))])
        return whole.rows(np.concatenate(chosen))

    def support(self, per_class: int | None = None, seed: int = 0) -> Support:
        """What a method adapts on: the downstream training set, or ``labelled(per_class, seed)`` of it."""
        part = self.downstream.train if per_class is None else self.labelled(per_class, seed)
        images, labels = part.tensors()
        return Support(images, labels)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height, width."""
        return self.source.image_shape

    def tensors(self, problem: str, split: SplitName) -> tuple[torch.Tensor, torch.Tensor]:
        """Images uint8 [n, c, h, w] and labels int64 [n] of a part of ``source`` or ``downstream``.

        Never write there. Raises ValueError for another name.
        """
        problems = {"source": self.source, "downstream": self.downstream}
        if problem not in problems or split not in SPLITS:
            raise ValueError(
                f"{self.name} has source and downstream, each with {', '.join(SPLITS)}, not {problem}/{split}"
            )
        return problems[problem].parts()[split].tensors()

    @property
    def digest(self) -> str:
        """sha256 over every array and name: equal digests, equal data."""
        # __dict__ caches past frozen: the value is a pure function of the fields.
        if "_digest" not in self.__dict__:
            self.__dict__["_digest"] = _digest(self)
        return str(self.__dict__["_digest"])


def _digest(transfer: Transfer) -> str:
    digest = hashlib.sha256("\x1f".join(("transfer", *transfer.domain_names)).encode())
    for name, problem in (("source", transfer.source), ("downstream", transfer.downstream)):
        digest.update("\x1f".join((f"\x1e{name}", *problem.classes)).encode())
        for split, part in problem.parts().items():
            digest.update(f"\x1e{split}\x1e{part.images.shape}\x1e".encode())
            for array in (part.images, part.labels, part.domains):
                digest.update(array.tobytes())
    return digest.hexdigest()
