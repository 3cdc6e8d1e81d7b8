"""A resolved sweep as JSON types, for records and for the eye."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from omegaconf import OmegaConf

from suite.config.schema import SweepConfig


def to_dict(sweep: SweepConfig) -> dict[str, Any]:
    """Every setting of ``sweep``, defaults included, in JSON types only."""
    plain = _plain(asdict(sweep))
    assert isinstance(plain, dict)
    return plain


def to_yaml(sweep: SweepConfig) -> str:
    """``to_dict`` as YAML that ``load_sweep`` reads back to an equal sweep."""
    return OmegaConf.to_yaml(OmegaConf.create(to_dict(sweep)))


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value
