"""The source of a transfer task: what is pretrained on, and the one task that tells how far that has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from tasks.benchmark import SplitName
from tasks.draws import choose
from tasks.episodes import Episode, Support
from tasks.transfers.transfer import Transfer


@dataclass(frozen=True)
class SourceProblem:
    """The source problem as labelled splits (``tasks.labelled``); its splits have the same classes."""

    transfer: Transfer

    @property
    def name(self) -> str:
        """Name of the transfer task, and which side of it this is."""
        return f"{self.transfer.name}/source"

    @property
    def digest(self) -> str:
        """That of the transfer task."""
        return self.transfer.digest

    @property
    def domain_names(self) -> tuple[str, ...]:
        """Names of the values of ``domains``."""
        return self.transfer.domain_names

    @property
    def within_domain(self) -> bool:
        """Never: episodes take their classes from all domains."""
        return False

    def tensors(self, split: SplitName) -> tuple[torch.Tensor, torch.Tensor]:
        """Images uint8 [n, c, h, w] and labels int64 [n] of a split: never write there."""
        return self.transfer.tensors("source", split)

    def labels(self, split: SplitName) -> NDArray[np.int64]:
        """Class index of each image, int64 [n]."""
        return self.transfer.source.parts()[split].labels

    def domains(self, split: SplitName) -> NDArray[np.int64]:
        """Domain index of each image, int64 [n]."""
        return self.transfer.source.parts()[split].domains

    def classes(self, split: SplitName) -> tuple[str, ...]:
        """Class names, the same of every split."""
        return self.transfer.source.classes


def source_task(
    transfer: Transfer, query: Literal["train", "validation"] = "validation", per_class: int = 5
) -> Episode:
    """One task of all source classes: a few training images of each to adapt on, others to be scored on.

    The support is ``per_class`` training images of each class, or as many as it has: a pure function of the
    digest. The query is every validation image, or every training image that is not in the support.
    ``indices`` are rows of ``train`` (support), then of ``query``. Raises ValueError where ``per_class`` is
    below 1 or no training image is left for the query.
    """
    if per_class < 1:
        raise ValueError(f"per_class must be at least 1, not {per_class}")
    images, labels = transfer.tensors("source", "train")
    members = [np.flatnonzero(labels.numpy() == label) for label in range(len(transfer.source.classes))]
    support = np.concatenate(
        [
            rows[choose(("source", transfer.digest, label), min(per_class, len(rows)), len(rows))]
            for label, rows in enumerate(members)
        ]
    )
    query_images, query_labels = transfer.tensors("source", query)
    rows = np.arange(len(query_labels))
    if query == "train":
        rows = np.setdiff1d(rows, support)
        if not len(rows):
            raise ValueError(
                f"{transfer.name}: no source class has more than {per_class} training images; none is left "
                "to be scored on"
            )
    return Episode(
        support=Support(images[support], labels[support]),
        query_images=query_images[rows],
        query_labels=query_labels[rows],
        indices=(*support.tolist(), *rows.tolist()),
        classes=tuple(range(len(members))),
    )
