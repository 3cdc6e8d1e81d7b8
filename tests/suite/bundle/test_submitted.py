"""A submission in a bundle: its file travels along, and runs again only as it is allowed to."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from leaderboard.records import Record
from leaderboard.store import Store
from leaderboard.store.envelope import seal, unseal
from suite.bundle import audit, export, opened
from suite.config import BenchmarkConfig, MethodConfig

SOURCE = '''# /// script
# requires-python = ">=3.10"
# dependencies = []
# ///
"""Nearest class mean of the pixels."""
from dataclasses import dataclass
from pathlib import Path

import torch

from suite.methods import method


@method("bundled_pixels", version="3")
@dataclass
class Pixels:
    scale: float = 1.0
    adaptation = ()

    @property
    def arguments(self):
        return {"scale": self.scale}

    def train(self, source, budget):
        while not source.exhausted:
            source.episode()

    def adapt(self, support):
        flat = support.images.float().flatten(1) * self.scale
        means = torch.stack([flat[support.labels == k].mean(0) for k in range(support.way)])
        return lambda images: -torch.cdist(images.float().flatten(1) * self.scale, means)

    def save(self, path):
        (Path(path) / "scale.json").write_text(str(self.scale))

    def load(self, path):
        self.scale = float((Path(path) / "scale.json").read_text())

    def parameter_count(self):
        return 0
'''


@pytest.fixture(scope="module")
def submitted(compute: Callable[..., Store], tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store of one training of a submission and its evaluation."""
    folder = tmp_path_factory.mktemp("submitted")
    path = folder / "bundled_pixels.py"
    path.write_text(SOURCE)
    return compute(
        folder / "store",
        methods=(MethodConfig("bundled_pixels"),),
        benchmarks=(BenchmarkConfig("emoji"),),
        submissions=(str(path),),
        trust=True,
    )


@pytest.fixture(scope="module")
def bundle(submitted: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(submitted, ["bundled_pixels"], tmp_path_factory.mktemp("bundle") / "pixels.zip").path


def test_the_file_of_a_submission_travels_with_its_records(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as whole:
        [method] = json.loads(whole.read("bundle.json"))["methods"]
        assert whole.read(method["source"]).decode() == SOURCE
    assert (method["name"], method["requires_python"], method["dependencies"]) == (
        "bundled_pixels",
        ">=3.10",
        [],
    )


@pytest.mark.parametrize("trust", [True, False], ids=["trusted", "walled"])
def test_a_submission_is_reproduced_with_and_without_walls(bundle: Path, trust: bool) -> None:
    found = audit(bundle, seed=0, trust=trust, deep=True)
    assert found.counts == {"reproduced": 2}, found


def test_a_file_that_is_not_the_one_that_ran_is_not_run(
    bundle: Path, rewrite: Callable[..., Path], tmp_path: Path
) -> None:
    def change(entries: dict[str, bytes]) -> None:
        [file] = [name for name in entries if name.endswith("/method.py")]
        entries[file] += b"# another\n"
        name = file.replace("method.py", "record.json")
        record = unseal(entries[name], Record, name)
        files = {**record.files, "method.py": hashlib.sha256(entries[file]).hexdigest()}
        entries[name] = seal(record.model_copy(update={"files": files}))

    path = rewrite(bundle, tmp_path, change)
    with opened(path):
        pass
    [finding] = audit(path, seed=0, trust=True).findings
    assert finding.verdict == "not run" and "is not what was run there" in finding.reason
