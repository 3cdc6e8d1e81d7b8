"""A small store of real cells, computed by the engine's own body, and ways to make a bundle lie."""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "engine" / "doubles"))

from leaderboard.store import Store
from suite.bundle import archive, export

Compute = Callable[..., Store]
Edit = Callable[[dict[str, bytes]], None]


@pytest.fixture(scope="session")
def compute() -> Compute:
    """``compute(folder, *arguments, **changes)``: a store with all cells of a sweep, of doubles or others."""

    def run(folder: Path, *methods: Mapping[str, Any], **changes: Any) -> Store:
        from engine_sweeps import sweep

        from suite.engine.body import execute
        from suite.engine.plan import plan
        from tests.support.jobs import job

        planned = plan(sweep(folder, *methods, **changes))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("OMP_NUM_THREADS", "1")
            patch.setenv("CUDA_VISIBLE_DEVICES", "")
            for cell in planned.cells:
                assert cell.method is not None
                code = planned.codes[cell.method.name]
                outcome = execute(job(cell, folder, modules=planned.modules, code=code))
                assert outcome.fault is None, outcome
        return Store(folder)

    return run


@pytest.fixture(scope="session")
def computed(compute: Compute, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Two trainings of a double, each evaluated with two ways to adapt."""
    return compute(tmp_path_factory.mktemp("bundles") / "store", {}, {"power": 3.0}, seeds=(0, 1))


@pytest.fixture(scope="session")
def bundle(computed: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of it as a bundle."""
    path = tmp_path_factory.mktemp("bundle") / "double.zip"
    export(computed, ["engine_double"], path)
    return path


@pytest.fixture
def edited(bundle: Path, tmp_path: Path) -> Callable[..., Path]:
    """``edited(change)``: the bundle with its entries changed, and its manifest made to fit them."""

    def make(change: Edit, *, fitting: bool = True) -> Path:
        return rewritten(bundle, tmp_path, change, fitting=fitting)

    return make


@pytest.fixture(scope="session")
def rewrite() -> Callable[..., Path]:
    """``rewrite(bundle, folder, change)``: as ``edited``, for any bundle."""
    return rewritten


def rewritten(bundle: Path, folder: Path, change: Edit, *, fitting: bool = True) -> Path:
    """The bundle with changed entries, in ``folder``; a ``fitting`` manifest agrees with them."""
    with zipfile.ZipFile(bundle) as whole:
        entries = {name: whole.read(name) for name in whole.namelist()}
    change(entries)
    if fitting and "bundle.json" in entries:
        manifest = json.loads(entries["bundle.json"])
        others = {name: data for name, data in entries.items() if name != "bundle.json"}
        manifest["files"] = {name: hashlib.sha256(data).hexdigest() for name, data in others.items()}
        entries["bundle.json"] = json.dumps(manifest).encode()
    path = folder / "edited.zip"
    archive.write(path, entries)
    return path
