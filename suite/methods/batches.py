"""From the suite's images and episodes to what a network reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from suite.models import as_float
from suite.models.stacked import side_by_side
from tasks import Episode, Support


def inputs(network: nn.Module, images: Tensor) -> Tensor:
    """Images uint8 [n, c, h, w] as floats of the network's device and type."""
    parameter = next(network.parameters())
    return as_float(images.to(parameter.device), parameter.dtype)


def support_labels(support: Support) -> Tensor:
    """Labels int64 [n] of a support set. Raises ValueError where it has none."""
    if support.labels is None:
        raise ValueError("labelled support images are needed; these have no labels")
    return support.labels


@dataclass(frozen=True)
class TaskSet:
    """One set, say the support, of some tasks: images [tasks, n, c, h, w], labels int64 [tasks, n].

    ``together``: the network that reads them runs side by side as fast on a CPU.
    """

    images: Tensor
    labels: Tensor
    together: bool = False

    @property
    def tasks(self) -> int:
        """Number of tasks."""
        return len(self.labels)

    @property
    def side_by_side(self) -> Tensor:
        """Images [n, tasks*c, h, w], for networks that run side by side (``suite.models.stacked``)."""
        return side_by_side(self.images)

    def parts(self) -> list[TaskSet]:
        """The tasks in the parts that are computed side by side: one by one on a CPU, all at once on a GPU.

        Side by side convolutions are grouped. Libraries for CPUs have no fast kernels for these; a GPU is
        kept busy by them. Dense layers side by side are as fast as any.
        """
        if self.together or self.images.device.type != "cpu":
            return [self]
        return [TaskSet(self.images[i : i + 1], self.labels[i : i + 1]) for i in range(self.tasks)]

    @property
    def one_batch(self) -> Tensor:
        """All images, task by task: [tasks*n, c, h, w]."""
        return self.images.flatten(0, 1)


def task_sets(network: nn.Module, episodes: Sequence[Episode]) -> tuple[TaskSet, TaskSet]:
    """Support and query sets of labelled episodes of equal size."""
    supports = [(episode.support.images, support_labels(episode.support)) for episode in episodes]
    queries = [(episode.query_images, episode.query_labels) for episode in episodes]
    return _task_set(network, supports), _task_set(network, queries)


def _task_set(network: nn.Module, sets: Sequence[tuple[Tensor, Tensor]]) -> TaskSet:
    images = inputs(network, torch.cat([images for images, _ in sets]))
    labels = torch.stack([labels for _, labels in sets])
    together = bool(getattr(getattr(network, "backbone", network), "dense", False))
    return TaskSet(images.view(len(sets), -1, *images.shape[1:]), labels.to(images.device), together)
