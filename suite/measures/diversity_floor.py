"""The floor of a diversity: how far apart tasks of the very same classes are, drawn with other images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from tasks import Episode, Episodes, Support
from tasks.draws import choose

Task = Episode | Support


@dataclass(frozen=True)
class Redrawn:
    """Tasks drawn again: number of the task -> other draws of the same classes.

    ``overlap`` is the share of their images, in 0..1, that the task itself has too, because its classes have
    too few others.
    """

    draws: Mapping[int, tuple[Task, ...]] = field(default_factory=dict)
    overlap: float = 0.0


def redraw(episodes: Episodes, tasks: int) -> Redrawn:
    """The first ``tasks`` of ``episodes``, each drawn once more: the same classes, other images of each.

    A class with too few images for two draws that have none in common gives all that the task left, and
    besides some of the task's own: that lowers the floor, and ``overlap`` tells how far it went. A task whose
    classes have no other image at all is left out. The same arguments give the same draws.
    """
    found: dict[int, tuple[Task, ...]] = {}
    shared = []
    members = _members(episodes)
    for i in range(tasks):
        classes, rows = episodes.indices(i)
        again = np.stack(
            [_other(episodes, members[c], own, (i, int(c))) for c, own in zip(classes, rows, strict=True)]
        )
        kept = float(np.isin(again, rows).mean())
        if kept < 1:
            found[i] = (_episode(episodes, again, episodes[i]),)
            shared.append(kept)
    return Redrawn(found, float(np.mean(shared)) if shared else 0.0)


def _members(episodes: Episodes) -> list[NDArray[np.int64]]:
    """Rows of each class of the split."""
    labels = episodes.benchmark.labels(episodes.split)
    counts = np.bincount(labels, minlength=len(episodes.benchmark.classes(episodes.split)))
    return np.split(np.argsort(labels, kind="stable"), np.cumsum(counts)[:-1])


def _other(
    episodes: Episodes, rows: NDArray[np.int64], own: NDArray[np.int64], place: tuple[int, int]
) -> NDArray[np.int64]:
    """As many of a class's ``rows`` as it has in ``own``, at random: those that are not in ``own`` first."""
    key = ("again", episodes.benchmark.digest, episodes.split, episodes.seed, *place)
    left = np.setdiff1d(rows, own)
    fresh = left[choose((*key, "other"), min(len(own), len(left)), len(left))]
    return np.concatenate([fresh, own[choose((*key, "own"), len(own) - len(fresh), len(own))]])


def _episode(episodes: Episodes, rows: NDArray[np.int64], like: Episode) -> Episode:
    images, _ = episodes.benchmark.tensors(episodes.split)
    support, query = rows[:, : episodes.shot].reshape(-1), rows[:, episodes.shot :].reshape(-1)
    return Episode(
        Support(images[torch.from_numpy(support)], like.support.labels),
        images[torch.from_numpy(query)],
        like.query_labels,
        (*support.tolist(), *query.tolist()),
        like.classes,
        like.domain,
    )
