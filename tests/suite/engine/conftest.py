"""The doubles on the import path, for tests and, through the driver's path, for workers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "doubles"))


@pytest.fixture(scope="module")
def executions_log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file in which doubles note what they do, in workers that start after this fixture."""
    log = tmp_path_factory.mktemp("executions") / "log.jsonl"
    os.environ["ENGINE_DOUBLES_LOG"] = str(log)
    yield log
    del os.environ["ENGINE_DOUBLES_LOG"]


@pytest.fixture(scope="module")
def ray_session(executions_log: Path) -> Iterator[None]:
    """One Ray cluster for a module's tests: runs within it find it and leave it as it is."""
    from suite.engine.cluster import connect

    cluster = connect(None)
    yield
    cluster.stop()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Mount a file system of so many KiB; needs to be root on Linux, as in a container."""
    mounted: list[Path] = []

    def mount(kib: int) -> Path:
        place = tmp_path / "disk"
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(place)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("a small file system can be mounted by root only")
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", str(place)], check=True)
