"""A small whole method, and one thread for torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest
import torch

from suite.methods import Budget, Predictor, Source
from tasks import Support


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


class Fit:
    """Nearest class mean of pixels, scaled by a factor that training draws and moves: it keeps every rule."""

    adaptation: tuple[str, ...] = ("power",)

    def __init__(self, power: float = 2.0) -> None:
        self.power = power
        self.scale = torch.zeros(())

    @property
    def arguments(self) -> dict[str, Any]:
        return {"power": self.power}

    def train(self, source: Source, budget: Budget) -> None:
        self.scale = 1 + torch.rand(())
        while not source.exhausted:
            self.scale = self.scale + source.episode().query_images.float().mean() / 1e4
            if source.validation_due:
                source.validate(self.adapt)

    def adapt(self, support: Support) -> Predictor:
        features, labels = self.features(support.images), cast(torch.Tensor, support.labels)
        means = torch.stack([features[labels == label].mean(0) for label in range(support.way)])
        return cast(Predictor, lambda images: self.logits(self.features(images), means))

    def features(self, images: torch.Tensor) -> torch.Tensor:
        return images.float().flatten(1) / 255 * self.scale

    def logits(self, features: torch.Tensor, means: torch.Tensor) -> torch.Tensor:
        return -(features[:, None] - means).abs().pow(self.power).mean(2)

    def save(self, path: Path) -> None:
        (path / "scale.json").write_text(json.dumps(self.scale.item()))

    def load(self, path: Path) -> None:
        self.scale = torch.tensor(json.loads((path / "scale.json").read_text()))

    def parameter_count(self) -> int:
        return 1
