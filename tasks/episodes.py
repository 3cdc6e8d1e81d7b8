"""Few-shot episodes as a pure function of their key: the same on any machine, in any order, by any worker."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from tasks.benchmark import SplitName
from tasks.labelled import Labelled

_BLOCK = 64


@dataclass(frozen=True)
class Support:
    """What a method adapts on: images uint8 [n, c, h, w] and labels int64 [n] in 0..way-1, or None.

    ``validation``, where there is one, are labelled images of the same classes to choose by (a penalty, a
    learning rate): of the transfer track, never of an episode.
    """

    images: torch.Tensor
    labels: torch.Tensor | None
    validation: Support | None = None

    @property
    def way(self) -> int:
        """Number of classes among the labels."""
        if self.labels is None:
            raise ValueError("an unlabelled support set has no way")
        return int(self.labels.max()) + 1


@dataclass(frozen=True)
class Episode:
    """A task: a support set, query images uint8 [m, c, h, w], query labels int64 [m] that scoring alone sees.

    Images come class by class within support and within query; ``indices`` are their rows in the split
    (support first), ``classes`` the classes drawn, in label order. Where episodes stay within a domain,
    ``domain`` is the one, an index into the benchmark's ``domain_names``.
    """

    support: Support
    query_images: torch.Tensor
    query_labels: torch.Tensor
    indices: tuple[int, ...]
    classes: tuple[int, ...]
    domain: int | None = None


class Episodes(Sequence[Episode]):
    """Episode i of (benchmark digest, split, way, shot, query, seed), drawn by Philox keyed by them.

    Each episode is uniform over the sets of ``way`` eligible classes, and each class's images uniform over
    its subsets, without replacement. Classes with fewer than ``shot + query`` images cannot be drawn;
    ``eligible_classes`` are the others. The sequence is as long as it is asked to be: ``length`` bounds
    iteration only.
    Where the benchmark's episodes stay within a domain, episode i is one of the domain i mod their number, of
    those that the split has: any run of episodes has each equally often, give or take one.
    Raises ValueError where fewer than ``way`` classes (of a domain) are eligible.
    """

    def __init__(
        self,
        benchmark: Labelled,
        split: SplitName,
        way: int,
        shot: int,
        query: int,
        seed: int,
        length: int = 1_000,
    ) -> None:
        for name, value in (("way", way), ("shot", shot), ("query", query), ("length", length)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, not {value}")
        self.benchmark, self.split = benchmark, split
        self.way, self.shot, self.query, self.seed, self.length = way, shot, query, seed, length
        self._images, _ = benchmark.tensors(split)
        labels = benchmark.labels(split)
        self._counts = np.bincount(labels, minlength=len(benchmark.classes(split)))
        self._starts = np.cumsum(self._counts) - self._counts
        self._by_class = np.argsort(labels, kind="stable")
        self.eligible_classes = np.flatnonzero(self._counts >= shot + query)
        groups = self._groups()
        for domain, classes in groups.items():
            if len(classes) < way:
                where = "" if domain is None else f" of the domain {benchmark.domain_names[domain]!r}"
                raise ValueError(
                    f"{benchmark.name}/{split} has {len(classes)} classes{where} with at least "
                    f"{shot + query} images (shot {shot} + query {query}); {way}-way episodes need {way}"
                )
        self._domains, self._pool = tuple(groups), np.concatenate(list(groups.values()))
        self._sizes = np.array([len(classes) for classes in groups.values()])
        identity = json.dumps([benchmark.digest, split, way, shot, query, seed])
        self._key = int.from_bytes(hashlib.sha256(identity.encode()).digest()[:16], "little")
        self._block: tuple[int, NDArray[np.int64], NDArray[np.int64]] | None = None

    def _groups(self) -> dict[int | None, NDArray[np.int64]]:
        """Eligible classes of each domain, or under None all of them, where episodes are not of a domain."""
        if not self.benchmark.within_domain:
            return {None: self.eligible_classes}
        domains = self.benchmark.domains(self.split)
        domain_of = np.full(len(self._counts), -1, dtype=np.int64)
        domain_of[self.benchmark.labels(self.split)] = domains
        of_eligible = domain_of[self.eligible_classes]
        found = {
            domain: self.eligible_classes[of_eligible == domain] for domain in np.unique(domains).tolist()
        }
        return found or {None: self.eligible_classes}

    def __len__(self) -> int:
        return self.length

    def indices(self, i: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Classes int64 [way] and image rows int64 [way, shot + query] of episode i, support first."""
        if i < 0:
            raise IndexError(f"episode {i}: episodes are numbered from 0")
        block = i // _BLOCK
        # Neighbours are drawn together because that is faster; what each of them is does not depend on it.
        cached = self._block
        if cached is None or cached[0] != block:
            cached = (block, *self.indices_range(block * _BLOCK, (block + 1) * _BLOCK))
            self._block = cached
        return cached[1][i % _BLOCK], cached[2][i % _BLOCK]

    def indices_range(self, start: int, stop: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """``indices`` of n episodes, start to stop - 1: int64 [n, way] and int64 [n, way, shot + query]."""
        if start < 0 or stop < start:
            raise IndexError(f"episodes {start} to {stop}: they are numbered from 0, upwards")
        each = self.shot + self.query
        random = self._random(start, stop, self.way * (1 + each))
        turn = np.arange(start, stop) % len(self._domains)
        drawn = _without_replacement(random[:, : self.way], self._sizes[turn])
        classes = self._pool[(np.cumsum(self._sizes) - self._sizes)[turn][:, None] + drawn]
        within = _without_replacement(
            random[:, self.way :].reshape(-1, each), self._counts[classes].reshape(-1)
        ).reshape(stop - start, self.way, each)
        return classes, self._by_class[self._starts[classes][:, :, None] + within]

    def _random(self, start: int, stop: int, words: int) -> NDArray[np.uint64]:
        """``words`` random 32-bit values for each episode, uint64 [stop - start, words].

        An episode owns a run of whole Philox blocks (four 64-bit words each). The raw output of a bit
        generator is what numpy promises to keep; the methods of ``Generator`` are not.
        """
        blocks = -(-words // 4)
        philox = np.random.Philox(key=self._key, counter=start * blocks)
        raw = philox.random_raw((stop - start) * blocks * 4).reshape(stop - start, blocks * 4)
        return raw[:, :words] >> np.uint64(32)

    def __getitem__(self, i: int) -> Episode:  # type: ignore[override]
        classes, rows = self.indices(i)
        support, query = rows[:, : self.shot].reshape(-1), rows[:, self.shot :].reshape(-1)
        labels = torch.arange(self.way)
        return Episode(
            support=Support(self._images[support], labels.repeat_interleave(self.shot)),
            query_images=self._images[query],
            query_labels=labels.repeat_interleave(self.query),
            indices=(*support.tolist(), *query.tolist()),
            classes=tuple(classes.tolist()),
            domain=self._domains[i % len(self._domains)],
        )

    def __iter__(self) -> Iterator[Episode]:
        return (self[i] for i in range(self.length))


def _without_replacement(random: NDArray[np.uint64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """In row r, distinct numbers in 0..sizes[r]-1, one for each of its 32-bit random values: int64 [rows, k].

    The j-th value picks uniformly among the numbers not yet taken: it is scaled to their count (which is
    uneven by less than sizes / 2^32), then moved past the taken ones in ascending order.
    """
    rows, k = random.shape
    drawn = np.empty((rows, k), dtype=np.int64)
    for j in range(k):
        left = (sizes - j).astype(np.uint64)
        number = ((random[:, j] * left) >> np.uint64(32)).astype(np.int64)
        for taken in np.sort(drawn[:, :j], axis=1).T:
            number += number >= taken
        drawn[:, j] = number
    return drawn
