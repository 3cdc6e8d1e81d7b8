"""The source as a method behind walls has it: what its interface names, and nothing else."""

from __future__ import annotations

from typing import Any

import torch

from suite.methods import Source
from suite.nearest import nearest
from tasks import Episode

_OFFERED = (
    "allowance",
    "annealing",
    "budget",
    "class_count",
    "curve",
    "episode_images",
    "exhausted",
    "image_shape",
    "progress",
    "query",
    "scores",
    "seed",
    "shot",
    "spent",
    "validate",
    "validation_due",
    "way",
)


class Handing:
    """Hands out what ``source`` does, and counts the images by itself (``handed``)."""

    __slots__ = ("_given", "_source")

    _source: Source
    _given: list[int]

    def __init__(self, source: Source) -> None:
        object.__setattr__(self, "_source", source)
        object.__setattr__(self, "_given", [])

    def __getattr__(self, name: str) -> Any:
        if name in _OFFERED:
            return getattr(self._source, name)
        offered = (*_OFFERED, "batch", "episode", "episodes")
        raise AttributeError(f"a source has no {name!r} for a method; {nearest(name, offered)}")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a method may not set {name!r} of its source")

    def batch(self, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """As ``Source.batch``."""
        images, labels = self._source.batch(size)
        self._given.append(len(labels))
        return images, labels

    def episode(self) -> Episode:
        """As ``Source.episode``."""
        episode = self._source.episode()
        self._given.append(self._source.episode_images)
        return episode

    def episodes(self, count: int) -> list[Episode]:
        """As ``Source.episodes``."""
        episodes = self._source.episodes(count)
        self._given.append(len(episodes) * self._source.episode_images)
        return episodes


def handed(handing: Handing) -> int:
    """Images that were handed out, whatever the source's own account says by now."""
    return sum(handing._given)
