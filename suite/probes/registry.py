"""Probes by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch

from suite.nearest import nearest
from suite.probes import outside, random
from suite.probes.efficientnet_lite import efficientnet_lite0
from suite.probes.errors import UnknownProbe
from suite.probes.probe import Probe, Probed, identified

_PROBES: Mapping[str, Callable[..., Probed]] = {
    "conv4": random.conv4,
    "mlp": random.mlp,
    "efficientnet_lite0": efficientnet_lite0,
    "resnet18": outside.resnet18,
    "resnet34": outside.resnet34,
    "timm": outside.timm,
}


def names() -> list[str]:
    """Names that ``probe`` knows, sorted."""
    return sorted(_PROBES)


def describe(name: str) -> tuple[str, dict[str, Any]]:
    """What a probe is, in one line, and its options with their defaults. Raises UnknownProbe."""
    build = _builder(name)
    return (inspect.getdoc(build) or "").partition("\n")[0], _defaults(build)


def probe(name: str, **options: Any) -> Probe:
    """The probe of that name, the same everywhere: pictures of 1 or 3 channels, of any size, to features.

    What it reads does not depend on the benchmark, so that one probe serves all that are compared. Raises
    UnknownProbe, TypeError for an option that it does not take, ValueError for a value out of range, and
    ProbeLacks where a package or a file is missing.
    """
    build = _builder(name)
    defaults = _defaults(build)
    for option, value in options.items():
        if option not in defaults:
            raise TypeError(f"the probe {name} has no option {option!r}; {nearest(option, defaults)}")
        _check(name, option, value, defaults[option])
    resolved = {**defaults, **options}
    with torch.random.fork_rng(devices=[]):  # weights that are replaced must not move the generator
        module = build(**resolved)
    changed = [f"{key}={value}" for key, value in resolved.items() if value != defaults[key]]
    return identified(module, name, resolved, " ".join([name, *changed]))


def _builder(name: str) -> Callable[..., Probed]:
    if name not in _PROBES:
        raise UnknownProbe(f"no probe is called {name!r}; {nearest(name, names())}")
    return _PROBES[name]


def _defaults(build: Callable[..., Probed]) -> dict[str, Any]:
    return {key: parameter.default for key, parameter in inspect.signature(build).parameters.items()}


def _check(name: str, option: str, value: object, default: object) -> None:
    kind = type(default)
    if type(value) is not kind:
        expected = "a whole number" if kind is int else "text"
        raise ValueError(f"{option} of the probe {name} must be {expected}, not {value!r}")
    if isinstance(value, int) and value < (0 if option == "seed" else 1):
        raise ValueError(
            f"{option} of the probe {name} must be at least {0 if option == 'seed' else 1}, not {value}"
        )
    if option == "channels" and value not in (1, 3):
        raise ValueError(f"channels of the probe {name} must be 1 or 3, not {value}")
