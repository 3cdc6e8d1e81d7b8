"""Probes whose architectures others keep: torchvision's ResNets, and any network of timm."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.error import URLError

import torch
from filelock import FileLock, Timeout
from torch import Tensor, nn

from suite.probes.errors import ProbeLacks
from suite.probes.probe import Probed
from suite.probes.random import draw

# Of ImageNet, in units in which a picture is 0..1: what torchvision's weights were trained with.
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_PATIENCE_SECONDS = 900.0
_EXTRA = "install it with: pip install 'transfer-league[pretrained]'"


def resnet18(weights: str = "random", size: int = 84, seed: int = 0) -> Probed:
    """ResNet-18 (He et al. 2016) of torchvision; ``weights``: random, pretrained (ImageNet), or a file.

    Raises ProbeLacks where torchvision or the weights cannot be had.
    """
    return _resnet("resnet18", weights, size, seed)


def resnet34(weights: str = "random", size: int = 84, seed: int = 0) -> Probed:
    """ResNet-34 (He et al. 2016) of torchvision; ``weights``: random, pretrained (ImageNet), or a file.

    Raises ProbeLacks where torchvision or the weights cannot be had.
    """
    return _resnet("resnet34", weights, size, seed)


def timm(
    model: str = "resnet18.a1_in1k", weights: str = "pretrained", size: int = 84, seed: int = 0
) -> Probed:
    """The network of timm called ``model``; ``weights``: random, pretrained, or a file of them.

    Pictures are normalised as timm says that the model reads them. Raises ProbeLacks where timm or the
    weights cannot be had, ValueError for a name that timm does not know.
    """
    if find_spec("timm") is None:
        raise ProbeLacks(f"the probe timm needs the package timm; {_EXTRA}")
    library: Any = import_module("timm")  # has other types, or none, by its version

    name = model.partition(".")[0]
    if not library.is_model(name):
        near = ", ".join(library.list_models(f"{name[:5]}*")[:5]) or "see timm.list_models()"
        raise ValueError(f"timm has no model {model!r}; nearest: {near}")
    try:
        with _fetching(weights, model):
            network = library.create_model(model, pretrained=weights == "pretrained", num_classes=0)
    except (OSError, RuntimeError) as error:
        raise ProbeLacks(_no_weights(model, error)) from error
    config = network.pretrained_cfg
    return _probed(network, ("timm", model), weights, size, seed, config["mean"], config["std"])


def _resnet(name: str, weights: str, size: int, seed: int) -> Probed:
    if find_spec("torchvision") is None:
        raise ProbeLacks(f"the probe {name} needs the package torchvision; {_EXTRA}")
    models: Any = import_module("torchvision.models")

    chosen = models.get_model_weights(name).DEFAULT if weights == "pretrained" else None
    build: Callable[..., nn.Module] = models.get_model_builder(name)
    try:
        # Where torch tells of a download, results are printed.
        with redirect_stdout(sys.stderr), _fetching(weights, name):
            network = build(weights=chosen)
    except (URLError, OSError) as error:
        raise ProbeLacks(_no_weights(name, error)) from error
    network.fc = nn.Identity()
    return _probed(network, (name,), weights, size, seed, _MEAN, _DEVIATION)


@contextmanager
def _fetching(weights: str, name: str) -> Iterator[None]:
    """Of a host's processes that want the same pretrained weights the first fetches them; others wait."""
    lock = FileLock(Path(torch.hub.get_dir()) / f"{name.replace('/', '-')}.lock", timeout=_PATIENCE_SECONDS)
    held = False
    if weights == "pretrained":
        # A cache that cannot be written serves what it has; and nobody waits for ever.
        with suppress(OSError, Timeout):
            Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
            held = True
    try:
        yield
    finally:
        if held:
            lock.release()


def _probed(
    network: nn.Module,
    key: tuple[str, ...],
    weights: str,
    size: int,
    seed: int,
    mean: tuple[float, ...],
    deviation: tuple[float, ...],
) -> Probed:
    if weights == "random":
        network = draw(network, (*key, seed))
    elif weights != "pretrained":
        _load(network, Path(weights), key[-1])
    return Probed(network, size=size, mean=mean, deviation=deviation)


def _load(network: nn.Module, path: Path, name: str) -> None:
    if not path.is_file():
        raise ProbeLacks(
            f"the probe {name} has weights random or pretrained, or a file of them; there is no file {path}"
        )
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        stored: dict[str, Tensor] = load_file(path)
    else:
        stored = torch.load(path, map_location="cpu", weights_only=True)
    wanted = network.state_dict()
    try:
        network.load_state_dict({key: stored[key] for key in wanted})
    except KeyError as error:
        raise ProbeLacks(f"{path} has no weight called {error}: it is not of {name}") from error
    except RuntimeError as error:
        raise ProbeLacks(f"{path} does not fit {name}: {error}") from error


def _no_weights(name: str, error: Exception) -> str:
    said = str(error).strip().partition("\n")[0]
    return (
        f"the pretrained weights of {name} are neither cached here nor to be had ({said}); "
        "where there is no network, give weights=FILE or take the probe efficientnet_lite0"
    )
