"""Arguments tuned for other data than the paper's, which the defaults are."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from suite.nearest import nearest
from suite.objectives.registry import describe

_PRESETS: Mapping[str, Mapping[str, Mapping[str, float]]] = MappingProxyType(
    {
        # Kornblith et al. (2021) chose them on held-out ImageNet images: the defaults.
        "imagenet": {},
        # For thousands of images and ten or so classes, small networks and no batch norm.
        "small_data": {
            "dropout": {"rate": 0.5},
            "final_layer_l2": {"strength": 1e-2},
            "logit_penalty": {"strength": 1e-2},
            "logit_normalization": {"temperature": 0.2},
            "cosine_softmax": {"temperature": 0.2},
            "squared_error": {"weight": 1.0, "target": 5.0, "scale": 1.0},
        },
    }
)


def presets() -> list[str]:
    """Names of the presets, sorted."""
    return sorted(_PRESETS)


def preset(which: str, objective: str) -> dict[str, Any]:
    """All arguments of an objective under a preset: ``get(name, **preset("small_data", name))``.

    An objective that a preset does not tune has its defaults there. Raises LookupError for a preset, and
    UnknownObjective for an objective, that there is not.
    """
    if which not in _PRESETS:
        raise LookupError(f"no preset is called {which!r}; {nearest(which, presets())}")
    return {**describe(objective).defaults, **_PRESETS[which].get(objective, {})}
