"""What is learned: labelled images in class-disjoint splits, and the card that says whence they come."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal, get_args

import numpy as np
import torch
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
    """One split: images uint8 [n, c, h, w]; labels int64 [n], indices into classes; domains int64 [n].

    The arrays are kept C-contiguous and read-only. Raises ValueError where shapes, types or labels don't fit.
    """

    images: NDArray[np.uint8] = field(repr=False)
    labels: NDArray[np.int64] = field(repr=False)
    domains: NDArray[np.int64] = field(repr=False)
    classes: tuple[str, ...] = field(repr=False)

    def __post_init__(self) -> None:
        for name, dtype, axes in (("images", np.uint8, 4), ("labels", np.int64, 1), ("domains", np.int64, 1)):
            array: NDArray[np.generic] = getattr(self, name)
            if not isinstance(array, np.ndarray) or array.dtype != dtype or array.ndim != axes:
                shown = (
                    f"{array.dtype} {list(array.shape)}"
                    if isinstance(array, np.ndarray)
                    else type(array).__name__
                )
                raise ValueError(f"{name} must be a {np.dtype(dtype)} array of {axes} axes, not {shown}")
            # Past frozen, as a dataclass's own __init__ goes: a view, so the caller's array stays as it was.
            view = np.ascontiguousarray(array).view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)
        counts = {name: len(getattr(self, name)) for name in ("images", "labels", "domains")}
        if len(set(counts.values())) != 1:
            raise ValueError(f"images, labels and domains must be equally many, not {counts}")
        if len(set(self.classes)) != len(self.classes):
            twice = next(name for name in self.classes if self.classes.count(name) > 1)
            raise ValueError(f"class {twice!r} is named twice in one split")
        _check_indices("label", self.labels, len(self.classes))

    def tensors(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Images uint8 [n, c, h, w] and labels int64 [n], in the split's own memory: never write there."""
        with warnings.catch_warnings():
            # torch has no read-only tensors, and warns that it cannot keep what the arrays promise.
            warnings.filterwarnings("ignore", "The given NumPy array is not writable", UserWarning)
            return torch.from_numpy(self.images), torch.from_numpy(self.labels)

    def rows(self, rows: NDArray[np.int64]) -> Split:
        """These images alone, in this order, with all class names."""
        return Split(self.images[rows], self.labels[rows], self.domains[rows], self.classes)


@dataclass(frozen=True)
class Benchmark:
    """A named image collection whose splits share no class.

    ``domain_names`` names the values of ``domains(split)`` (a script, a vendor, a style).
    ``options`` are the resolved arguments it was loaded with (image size and the like).
    ``within_domain``: each episode takes its classes from one domain, the domains in turn; each class then
    lies in one domain.
    Raises ValueError where a split is missing, two splits share a class or differ in image shape, a domain
    has no name, or a class lies in several domains although episodes are to stay within one.
    """

    name: str
    splits: Mapping[SplitName, Split] = field(repr=False)
    domain_names: tuple[str, ...]
    card: Card = field(repr=False)
    options: Mapping[str, object] = field(default_factory=dict)
    within_domain: bool = False

    def __post_init__(self) -> None:
        if set(self.splits) != set(SPLITS):
            raise ValueError(
                f"{self.name}: the splits must be {', '.join(SPLITS)}, not {', '.join(self.splits)}"
            )
        for one, other in combinations(SPLITS, 2):
            shared = set(self.classes(one)) & set(self.classes(other))
            if shared:
                raise ValueError(f"{self.name}: class {min(shared)!r} is in both {one} and {other}")
        shapes = {split: self.images(split).shape[1:] for split in SPLITS}
        if len(set(shapes.values())) != 1:
            raise ValueError(f"{self.name}: images must have one shape in every split, not {shapes}")
        for split in SPLITS:
            _check_indices("domain", self.domains(split), len(self.domain_names))
            if self.within_domain:
                self._check_one_domain_a_class(split)

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

    def tensors(self, split: SplitName) -> tuple[torch.Tensor, torch.Tensor]:
        """Images uint8 [n, c, h, w] and labels int64 [n] of a split, in its own memory: never write there."""
        return self._split(split).tensors()

    @property
    def digest(self) -> str:
        """sha256 over every array, class name and domain name of every split: equal digests, equal data.

        That episodes stay within a domain is part of it.
        """
        # __dict__ caches past frozen: the value is a pure function of the fields.
        if "_digest" not in self.__dict__:
            self.__dict__["_digest"] = _digest(self)
        return str(self.__dict__["_digest"])

    def _check_one_domain_a_class(self, split: SplitName) -> None:
        labels, domains = self.labels(split), self.domains(split)
        domain_of = np.zeros(len(self.classes(split)), dtype=np.int64)
        domain_of[labels] = domains
        strays = labels[domain_of[labels] != domains]
        if len(strays):
            raise ValueError(
                f"{self.name}/{split}: class {self.classes(split)[strays[0]]!r} lies in several domains; "
                "episodes within one domain cannot be drawn from it"
            )

    def _split(self, split: SplitName) -> Split:
        if split not in self.splits:
            raise ValueError(f"{self.name} has no split {split!r}; it has {', '.join(self.splits)}")
        return self.splits[split]


def _check_indices(what: str, values: NDArray[np.int64], count: int) -> None:
    wrong = values[(values < 0) | (values >= count)]
    if len(wrong):
        raise ValueError(f"{what} {int(wrong[0])} is outside 0..{count - 1}, the names given")


def _digest(benchmark: Benchmark) -> str:
    digest = hashlib.sha256()
    digest.update("\x1f".join(benchmark.domain_names).encode())
    if benchmark.within_domain:
        digest.update(b"\x1ewithin domain")
    for name in SPLITS:
        part = benchmark.splits[name]
        digest.update(f"\x1e{name}\x1e{part.images.shape}\x1e".encode())
        digest.update("\x1f".join(part.classes).encode())
        for array in (part.images, part.labels, part.domains):
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
