"""Plain containers -> the frozen dataclasses; OmegaConf's structured configs convert and check the types."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from suite.config.schema import BadValueError, ConfigError, SweepConfig
from suite.nearest import nearest

T = TypeVar("T")

_EXPECTED: Mapping[object, str] = {
    int: "a whole number",
    float: "a number",
    str: "text",
    bool: "true or false",
    tuple[int, ...]: "a list of whole numbers, such as [0, 1]",
    tuple[str, ...]: "a list of names",
    dict[str, Any]: "a mapping, such as {key: value}",
}


def build(cls: type[T], values: object, path: str = "") -> T:
    """An instance of ``cls`` from plain ``values``; ``path`` is the dotted place of ``values`` in the sweep.

    Raises ConfigError for an unknown key (with the nearest valid ones), a wrong type or a value out of range.
    """
    if not isinstance(values, dict):
        raise ConfigError(f"{path or 'a sweep'} must be a group of settings (key: value), not {values!r}")
    types = typing.get_type_hints(cls)
    for key in values:
        if key not in types:
            raise ConfigError(f"{_join(path, key)} is not a setting; {_nearest_key(path, key, types)}")
    for part in fields(cls):  # type: ignore[arg-type]
        if part.name not in values and part.default is MISSING and part.default_factory is MISSING:
            raise ConfigError(f"{_join(path, part.name)} is missing")
    groups = {key: _nested(types[key], values[key], _join(path, key)) for key in values if _group(types[key])}
    leaves = {key: value for key, value in values.items() if key not in groups}
    arguments = {**groups, **_typed(cls, types, leaves, path)}
    try:
        return cls(**arguments)
    except BadValueError as error:
        raise ConfigError(f"{_join(path, error.key)} must be {error.right}, not {error.value!r}") from error
    except ConfigError:
        raise
    except ValueError as error:
        raise ConfigError(str(error)) from error


def keys(cls: type, prefix: str = "") -> Iterator[str]:
    """Every dotted key below ``cls``, without places in lists: ``budget.images``, ``protocols.shot``."""
    for key, hint in typing.get_type_hints(cls).items():
        yield prefix + key
        inner = _group(hint)
        if inner is not None:
            yield from keys(inner, f"{prefix}{key}.")


def element(key: str) -> type | None:
    """The dataclass of the entries of a sweep's list (``methods`` -> MethodConfig), or None.

    A list in a group goes by its dotted key: ``diversity.probes``.
    """
    hint: Any = SweepConfig
    for part in key.split("."):
        if typing.get_origin(hint) is tuple or _group(hint) is None:
            return None
        hint = typing.get_type_hints(hint).get(part)
    return _group(hint) if typing.get_origin(hint) is tuple else None


def _nested(hint: Any, value: object, where: str) -> object:
    inner = _group(hint)
    assert inner is not None
    if typing.get_origin(hint) is not tuple:
        return build(inner, value, where)
    if not isinstance(value, list):
        raise ConfigError(f"{where} must be a list, not {value!r}")
    return tuple(build(inner, entry, f"{where}[{i}]") for i, entry in enumerate(value))


def _meant(hint: Any, value: object) -> object:
    """One value is a list of one; 1e4, a float to YAML, is a whole number to its writer."""
    if typing.get_origin(hint) is tuple:
        entries = value if isinstance(value, list) else [value]
        return tuple(_meant(typing.get_args(hint)[0], entry) for entry in entries)
    return int(value) if hint is int and isinstance(value, float) and value.is_integer() else value


def _typed(cls: type, types: Mapping[str, Any], leaves: Mapping[str, object], path: str) -> dict[str, Any]:
    schema = OmegaConf.structured(cls)
    OmegaConf.set_readonly(schema, False)
    for key, value in leaves.items():
        try:
            OmegaConf.update(schema, key, _meant(types[key], value), merge=False)
        except OmegaConfBaseException as error:
            expected = _EXPECTED.get(types[key], types[key])
            raise ConfigError(f"{_join(path, key)} must be {expected}, not {value!r}") from error
    typed = OmegaConf.to_container(OmegaConf.masked_copy(schema, list(leaves)))
    assert isinstance(typed, dict)
    return {str(key): tuple(value) if isinstance(value, list) else value for key, value in typed.items()}


def _group(hint: Any) -> type | None:
    if typing.get_origin(hint) is tuple:
        hint = typing.get_args(hint)[0]
    return hint if isinstance(hint, type) and is_dataclass(hint) else None


def _nearest_key(path: str, key: object, siblings: Mapping[str, Any]) -> str:
    here = nearest(str(key), (_join(path, name) for name in siblings), most=1)
    return here if here.startswith("nearest") else nearest(_join(path, key), keys(SweepConfig))


def _join(path: str, key: object) -> str:
    return f"{path}.{key}" if path else str(key)
