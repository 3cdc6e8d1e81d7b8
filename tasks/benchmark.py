"""What is learned: labelled images in three class-disjoint splits, and the card that says where they come from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

SplitName = Literal["train", "validation", "test"]
SPLITS: tuple[SplitName, ...] = get_args(SplitName)


@dataclass(frozen=True)
class Card:
    """Provenance of a benchmark, shown by ``league data card`` and on its page of the board."""

    title: str
    description: str
    licence: str
    attribution: str
    split_rule: str
    citation: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)
    """Distributions the images were made from, name -> version."""


@dataclass(frozen=True)
class Split:
    """One split: images uint8 [n, c, h, w]; labels int64 [n], indices into classes; domains int64 [n]."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    domains: NDArray[np.int64]
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Benchmark:
    """A named image collection whose splits share no class.

    ``domain_names`` names the values of ``domains(split)`` (a script, a vendor, a style).
    ``options`` are the resolved arguments it was loaded with (image size and the like).
    """

    name: str
    splits: Mapping[SplitName, Split]
    domain_names: tuple[str, ...]
    card: Card
    options: Mapping[str, object] = field(default_factory=dict)

    def images(self, split: SplitName) -> NDArray[np.uint8]:
        """Images of a split, uint8 [n, c, h, w] in 0..255."""
        return self._split(split).images

    def labels(self, split: SplitName) -> NDArray[np.int64]:
        """Class index of each image, int64 [n], into ``classes(split)``."""
        return self._split(split).labels

    def domains(self, split: SplitName) -> NDArray[np.int64]:
        """Domain index of each image, int64 [n], into ``domain_names``."""
        return self._split(split).domains

    def classes(self, split: SplitName) -> tuple[str, ...]:
        """Class names of a split."""
        return self._split(split).classes

    @property
    def digest(self) -> str:
        """sha256 over every array, class name and domain name of every split: equal digests, equal data."""
        # __dict__ caches past frozen: the value is a pure function of the fields.
        if "_digest" not in self.__dict__:
            self.__dict__["_digest"] = _digest(self)
        return str(self.__dict__["_digest"])

    def _split(self, split: SplitName) -> Split:
        if split not in self.splits:
            raise ValueError(f"{self.name} has no split {split!r}; it has {', '.join(self.splits)}")
        return self.splits[split]


def _digest(benchmark: Benchmark) -> str:
    digest = hashlib.sha256()
    digest.update("\x1f".join(benchmark.domain_names).encode())
    for name in SPLITS:
        part = benchmark.splits[name]
        digest.update(f"\x1e{name}\x1e{part.images.shape}\x1e".encode())
        digest.update("\x1f".join(part.classes).encode())
        for array in (part.images, part.labels, part.domains):
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
