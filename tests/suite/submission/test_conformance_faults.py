"""Each check fails for a method that breaks its rule, and says what to change."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch

from suite.methods import Budget, Predictor, Source
from suite.submission.conformance import Finding, examine
from suite.submission.conformance.checks import CHECKS
from tasks import Support
from tests.suite.submission.conftest import Fit


def found(faulty: type[Fit]) -> dict[str, Finding]:
    return {finding.check: finding for finding in examine(cast(Any, faulty), "faulty", {}).findings}


class KeepsAnObject(Fit):
    @property
    def arguments(self) -> dict[str, Any]:
        return {"power": torch.tensor(2.0)}


class NamesAnotherArgument(Fit):
    adaptation = ("powr",)


class ForgetsItsArgument(Fit):
    def __init__(self, power: float = 2.0) -> None:
        super().__init__(power + 1)


class AddsAClass(Fit):
    def logits(self, features: torch.Tensor, means: torch.Tensor) -> torch.Tensor:
        return torch.cat([super().logits(features, means), torch.zeros(len(features), 1)], 1)


class KnowsGreyOnly(Fit):
    def features(self, images: torch.Tensor) -> torch.Tensor:
        return super().features(images.reshape(len(images), 1, 16, 16))


class CountsWrongly(Fit):
    def parameter_count(self) -> int:
        return -1


class DividesByContrast(Fit):
    def features(self, images: torch.Tensor) -> torch.Tensor:
        scaled = super().features(images)
        return scaled / scaled.std(1, keepdim=True)


class StopsEarly(Fit):
    def train(self, source: Source, budget: Budget) -> None:
        source.episode()
        self.scale = torch.rand(())


class NeverStops(Fit):
    def train(self, source: Source, budget: Budget) -> None:
        while True:
            source.episode()


class ReachesIntoItsSource(Fit):
    def train(self, source: Source, budget: Budget) -> None:
        self.scale = source.benchmark.tensors("test")[0].float().mean()


class PaysNothing(Fit):
    def train(self, source: Source, budget: Budget) -> None:
        source.spent = cast(Any, None)


class TrainsByTheClock(Fit):
    def train(self, source: Source, budget: Budget) -> None:
        super().train(source, budget)
        self.scale = self.scale + time.perf_counter_ns() % 1_000


class AdaptsAtRandom(Fit):
    def adapt(self, support: Support) -> Predictor:
        noise = int.from_bytes(os.urandom(2), "little") / 2**10
        predict = super().adapt(support)
        return cast(Predictor, lambda images: predict(images) * (1 + noise))


class DropsOut(Fit):
    def logits(self, features: torch.Tensor, means: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.dropout(super().logits(features, means))


class RemembersEpisodes(Fit):
    seen: torch.Tensor | None = None

    def adapt(self, support: Support) -> Predictor:
        before, self.seen = self.seen, self.features(support.images).mean()
        predict = super().adapt(support)
        return cast(Predictor, lambda images: predict(images) + (0 if before is None else before))


class LooksAtTheBatch(Fit):
    def features(self, images: torch.Tensor) -> torch.Tensor:
        return super().features(images) - super().features(images).mean(0)


class LearnsFromTests(Fit):
    def adapt(self, support: Support) -> Predictor:
        self.scale = self.scale * 1.01
        return super().adapt(support)


class SharesItsMeans(Fit):
    kept: torch.Tensor

    def adapt(self, support: Support) -> Predictor:
        features, labels = self.features(support.images), cast(torch.Tensor, support.labels)
        self.kept = torch.stack([features[labels == label].mean(0) for label in range(support.way)])
        return cast(Predictor, lambda images: self.logits(self.features(images), self.kept))


class ChangesItsImages(Fit):
    def adapt(self, support: Support) -> Predictor:
        support.images.zero_()
        return super().adapt(support)


class ChangesItsQueries(Fit):
    def features(self, images: torch.Tensor) -> torch.Tensor:
        return super().features(images.bitwise_not_())


class Pickles(Fit):
    def save(self, path: Path) -> None:
        torch.save(self.scale, path / "scale.pt")

    def load(self, path: Path) -> None:
        self.scale = torch.load(path / "scale.pt")


class PicklesUnderAnotherName(Pickles):
    def save(self, path: Path) -> None:
        super().save(path)
        (path / "scale.pt").rename(path / "scale.safetensors")

    def load(self, path: Path) -> None:
        self.scale = torch.load(path / "scale.safetensors")


class SavesALink(Fit):
    def save(self, path: Path) -> None:
        super().save(path)
        (path / "link.json").symlink_to("/etc/hostname")


class SavesNothing(Fit):
    def save(self, path: Path) -> None:
        pass

    def load(self, path: Path) -> None:
        self.scale = torch.ones(())


class SavesTheTime(Fit):
    def save(self, path: Path) -> None:
        super().save(path)
        (path / "time.json").write_text(str(time.perf_counter_ns()))


class DrawsFromTorch(Fit):
    def logits(self, features: torch.Tensor, means: torch.Tensor) -> torch.Tensor:
        torch.rand(3)
        return super().logits(features, means)


class DrawsFromNumpy(Fit):
    def adapt(self, support: Support) -> Predictor:
        np.random.rand()
        return super().adapt(support)


class DrawsFromPython(Fit):
    def adapt(self, support: Support) -> Predictor:
        random.random()
        return super().adapt(support)


class Reseeds(Fit):
    def train(self, source: Source, budget: Budget) -> None:
        torch.manual_seed(0)
        super().train(source, budget)


class ChangesTheDefaultType(Fit):
    def train(self, source: Source, budget: Budget) -> None:
        super().train(source, budget)
        torch.set_default_dtype(torch.float64)


class ReadsAFile(Fit):
    def adapt(self, support: Support) -> Predictor:
        Path("/etc/hostname").read_bytes()
        return super().adapt(support)


class WritesAFile(Fit):
    def train(self, source: Source, budget: Budget) -> None:
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"remember")
        super().train(source, budget)


class SavesElsewhere(Fit):
    def save(self, path: Path) -> None:
        super().save(path)
        path.with_suffix(".more").write_text("")


class Connects(Fit):
    def adapt(self, support: Support) -> Predictor:
        with socket.socket() as line:
            line.connect_ex(("127.0.0.1", 9))
        return super().adapt(support)


class StartsAProcess(Fit):
    def adapt(self, support: Support) -> Predictor:
        subprocess.run([sys.executable, "-c", ""], check=True)
        return super().adapt(support)


class Raises(Fit):
    def adapt(self, support: Support) -> Predictor:
        raise KeyError("weights")


class Leaves(Fit):
    def train(self, source: Source, budget: Budget) -> None:
        raise SystemExit(0)


@pytest.fixture(autouse=True)
def torch_as_it_was() -> Any:
    yield
    torch.set_default_dtype(torch.float32)


def test_a_method_that_keeps_the_rules_passes_every_check() -> None:
    assert set(found(Fit)) == set(CHECKS)
    assert {finding.state for finding in found(Fit).values()} == {"passed"}


FAULTS: list[tuple[type[Fit], str, str]] = [
    (KeepsAnObject, "describes itself", "its argument power is tensor(2.), which JSON cannot hold"),
    (NamesAnotherArgument, "describes itself", "`adaptation` names 'powr', which is not among its arguments"),
    (ForgetsItsArgument, "describes itself", "built with its own arguments"),
    (AddsAClass, "shapes", "returned logits of shape [15, 6]; expected [15, 5]"),
    (KnowsGreyOnly, "shapes", "train (on 3-way 2-shot episodes with images of 3x20x20) raised RuntimeError"),
    (CountsWrongly, "shapes", "parameter_count returns -1"),
    (DividesByContrast, "finite logits", "logits that are NaN or infinite"),
    (StopsEarly, "budget", "train stops after 20 of the 160 images of its budget; go on"),
    (NeverStops, "shapes", "BudgetExceeded: 20 more training images asked for, 0 left of the 160"),
    (ReachesIntoItsSource, "shapes", "a source has no 'benchmark' for a method"),
    (PaysNothing, "shapes", "a method may not set 'spent' of its source"),
    (TrainsByTheClock, "determinism", "training twice with one seed gives different predictions"),
    (AdaptsAtRandom, "determinism", "adapting twice to the same support set"),
    (DropsOut, "determinism", "asked twice for the same queries, the predictor answers differently"),
    (RemembersEpisodes, "episode order", "depend on the episodes before it"),
    (LearnsFromTests, "own state", "adapt changes the trained method itself"),
    (SharesItsMeans, "own state", "a predictor answers differently once the method has adapted to"),
    (ChangesItsImages, "shapes", "adapt changes the support images in place"),
    (ChangesItsQueries, "shapes", "changes the support images in place"),
    (Pickles, "save and load", "save writes scale.pt, which may be a pickle"),
    (PicklesUnderAnotherName, "save and load", "scale.safetensors, which is not in the safetensors format"),
    (SavesALink, "save and load", "save makes link.json, which is no plain file"),
    (SavesNothing, "save and load", "save writes nothing"),
    (SavesTheTime, "save and load", "saving twice writes different files"),
    (DrawsFromTorch, "random state", "changes the state of torch; draw inside torch.random.fork_rng()"),
    (DrawsFromNumpy, "random state", "changes the state of numpy.random"),
    (DrawsFromPython, "random state", "changes the state of Python's random"),
    (Reseeds, "random state", "train sets the seed of torch; leave that out"),
    (ChangesTheDefaultType, "settings", "train sets torch's default type from torch.float32 to"),
    (ReadsAFile, "files and network", "adapt reads /etc/hostname"),
    (WritesAFile, "files and network", "train writes /"),
    (SavesElsewhere, "files and network", "save writes /"),
    (Connects, "files and network", "adapt opens a network connection (('127.0.0.1', 9))"),
    (StartsAProcess, "files and network", "adapt starts a process"),
    (Raises, "shapes", "raised KeyError: 'weights'"),
    (Leaves, "shapes", "ends the process (SystemExit"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("faulty", "check", "said"), FAULTS, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_broken_rule_is_told(faulty: type[Fit], check: str, said: str) -> None:
    findings = [f for f in examine(cast(Any, faulty), "faulty", {}).findings if f.check == check]
    assert {finding.state for finding in findings} == {"failed"}
    assert any(said in finding.told for finding in findings), findings
    assert all("\n" not in finding.told for finding in findings)


def test_every_check_can_fail() -> None:
    failing = {check for _, check, _ in FAULTS}
    assert failing | {"query alone as in batch"} == set(CHECKS)


def test_looking_at_the_other_queries_is_allowed_and_told() -> None:
    finding = found(LooksAtTheBatch)["query alone as in batch"]
    assert finding.state == "noted" and "marks it T, for transductive" in finding.told


def test_what_one_fault_hides_is_skipped_and_does_not_conform() -> None:
    report = examine(cast(Any, Raises), "faulty", {})
    assert not report.conforms
    states = {finding.check: finding.state for finding in report.findings}
    assert states["determinism"] == "skipped" and states["describes itself"] == "passed"
    assert sum("raised KeyError" in finding.told for finding in report.findings) == 1
