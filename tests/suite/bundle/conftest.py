"""A small store of real cells, computed by the engine's own body, and ways to make a bundle lie."""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "engine" / "doubles"))

from leaderboard.store import Store
from suite.bundle import archive, export
from suite.bundle.archive import sha256


@pytest.fixture(scope="session")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Two trainings of a double, each evaluated with two ways to adapt."""
    from engine_sweeps import sweep

    from suite.engine.body import Job, execute
    from suite.engine.plan import plan

    folder = tmp_path_factory.mktemp("bundles") / "store"
    reports = folder / "driver" / "cells"
    reports.mkdir(parents=True)
    given = sweep(folder, {}, {"power": 3.0}, seeds=(0, 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("CUDA_VISIBLE_DEVICES", "")
        for cell in plan(given).cells:
            job = Job(
                cell=cell,
                sweep="doubles",
                store=str(folder),
                reports=str(reports),
                modules=("engine_doubles",),
                attempt=1,
                token="t",
                cpus=1,
                gpus=0,
                memory_mib=100_000,
                seconds=60,
                tracking=given.tracking,
            )
            assert execute(job).fault is None
    yield Store(folder)


@pytest.fixture(scope="session")
def bundle(computed: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of it as a bundle."""
    path = tmp_path_factory.mktemp("bundle") / "double.zip"
    export(computed, ["engine_double"], path)
    return path


Edit = Callable[[dict[str, bytes]], None]


@pytest.fixture
def edited(bundle: Path, tmp_path: Path) -> Callable[..., Path]:
    """``edited(change)``: the bundle with its entries changed, and its manifest made to fit them."""

    def make(change: Edit, *, fitting: bool = True) -> Path:
        with zipfile.ZipFile(bundle) as whole:
            entries = {name: whole.read(name) for name in whole.namelist()}
        change(entries)
        if fitting and "bundle.json" in entries:
            refit(entries, tmp_path)
        path = tmp_path / "edited.zip"
        archive.write(path, entries)
        return path

    return make


def refit(entries: dict[str, bytes], folder: Path) -> None:
    """Make the manifest's digests those of the entries."""
    manifest = json.loads(entries["bundle.json"])
    scratch = folder / "scratch"
    manifest["files"] = {}
    for name, data in entries.items():
        if name != "bundle.json":
            scratch.write_bytes(data)
            manifest["files"][name] = sha256(scratch)
    entries["bundle.json"] = json.dumps(manifest).encode()
