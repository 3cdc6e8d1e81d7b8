"""The GPUs that a cell was given reach a walled process; no other device does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from suite.isolation import Code
from suite.isolation import view as views
from suite.isolation.errors import NoWalls
from suite.isolation.gpus import device_nodes, visible_names
from suite.isolation.opening import open_method
from suite.isolation.view import view
from suite.isolation.walls import KINDS, Kind, Walls, find_walls

# A device that walls show to nobody: it stands in for a GPU's.
STAND_IN = "/dev/zero"
ALWAYS = {"fd", "full", "null", "random", "shm", "urandom"}

# Tells as its arguments what it sees.
SEEING = """
import json, os
import torch
from suite.methods import method

@method("seeing", version="1")
class Seeing:
    adaptation = ()

    @property
    def arguments(self):
        told = {"dev": sorted(os.listdir("/dev")), "visible": os.environ["CUDA_VISIBLE_DEVICES"]}
        if os.path.exists("/dev/nvidiactl"):
            ones = torch.ones(64, 64, device="cuda")
            told["product"], told["count"] = (ones @ ones).sum().item(), torch.cuda.device_count()
            told["uuid"] = str(torch.cuda.get_device_properties(0).uuid)
        return told
"""


@pytest.fixture
def host(tmp_path: Path) -> tuple[Path, Path]:
    """Folders like /dev and the driver's, of a host with three GPUs, whose files are numbered otherwise."""
    dev, cards = tmp_path / "dev", tmp_path / "gpus"
    for name in ("nvidiactl", "nvidia-uvm", "nvidia0", "nvidia1", "nvidia2", "sda"):
        (dev / name).parent.mkdir(exist_ok=True)
        (dev / name).touch()
    for bus, (uuid, minor) in enumerate([("GPU-a", 2), ("GPU-b", 0), ("GPU-c", 1)]):
        card = cards / f"0000:0{bus}:00.0"
        card.mkdir(parents=True)
        (card / "information").write_text(f"Model: one\nGPU UUID: \t {uuid}\nDevice Minor: \t {minor}\n")
    return dev, cards


@pytest.mark.parametrize(
    ("gpus", "expected", "visible"),
    [
        ([], [], ""),
        (["0"], ["nvidia2"], "0"),
        (["1"], ["nvidia0"], "0"),
        (["2", "0"], ["nvidia1", "nvidia2"], "1,0"),
        (["GPU-b"], ["nvidia0"], "GPU-b"),
        (["MIG-x"], ["nvidia0", "nvidia1", "nvidia2"], "MIG-x"),  # a slice, whose files are those of all
    ],
)
def test_the_files_of_the_given_gpus_and_no_others(
    host: tuple[Path, Path], gpus: Sequence[str], expected: list[str], visible: str
) -> None:
    dev, cards = host
    common = ["nvidiactl", "nvidia-uvm"] if gpus else []
    assert device_nodes(gpus, dev, cards) == [str(dev / name) for name in (*common, *expected)]
    assert visible_names(gpus, cards) == visible


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    try:
        return find_walls(request.param).kind
    except NoWalls as error:
        pytest.skip(str(error))


@pytest.fixture
def standing_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands in for a GPU's file is shown to whoever was given one."""
    monkeypatch.setattr(views, "device_nodes", lambda gpus: [STAND_IN] if gpus else [])


def test_outer_walls_show_it_as_a_device_that_works(kind: Kind, standing_in: None) -> None:
    program = (
        f"import json, os; print(json.dumps([os.listdir('/dev'), len(open({STAND_IN!r}, 'rb').read(9))]))"
    )
    command = Walls(kind).command(view(gpus=["0"]), [sys.executable, "-I", "-S", "-c", program])
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={}, timeout=60)
    seen, read = json.loads(done.stdout)
    assert set(seen) - {"shm", "fd"} == ALWAYS - {"shm", "fd"} | {"zero"} and read == 9


def test_a_method_sees_it_and_the_variable_and_nothing_else(standing_in: None) -> None:
    code = Code("seeing", text=SEEING)
    with open_method(code, {}, gpus=["3"]) as given:
        assert given.arguments == {"dev": sorted({*ALWAYS, "zero"}), "visible": visible_names(["3"])}
    with open_method(code, {}) as without:
        assert without.arguments == {"dev": sorted(ALWAYS), "visible": ""}


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
def test_a_method_computes_on_the_gpu_that_it_was_given() -> None:
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    first = named.split(",")[0] if named else "0"
    with open_method(Code("seeing", text=SEEING), {}, gpus=[first]) as method:
        told = method.arguments
    assert (told["product"], told["count"]) == (64.0**3, 1)
    assert told["uuid"] == str(torch.cuda.get_device_properties(0).uuid)
    assert sum(name.removeprefix("nvidia").isdigit() for name in told["dev"]) == 1
