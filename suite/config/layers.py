"""The layers of a sweep as plain containers: a YAML file, ``LEAGUE_`` variables, ``key=value`` words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from suite.config.build import element
from suite.config.schema import ConfigError
from suite.nearest import nearest

PREFIX = "LEAGUE_"

# Lists whose entries go by name, and the field that holds the rest of an entry written short.
_SHORT = {
    "methods": "arguments",
    "benchmarks": "options",
    "transfers": "options",
    "diversity.probes": "options",
}


def read(path: Path) -> dict[str, Any]:
    """The settings in a YAML file, entries of lists in their long form; its stem is the default name."""
    try:
        loaded = OmegaConf.to_container(OmegaConf.load(path))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}.") from error
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ConfigError(f"{path} is not valid YAML: {line}{error.problem}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not a YAML text: {str(error).splitlines()[0]}") from error
    except OmegaConfBaseException as error:
        raise ConfigError(f"{path}: {str(error).splitlines()[0]}") from error
    if not isinstance(loaded, dict):
        raise ConfigError(f"{path} must hold settings (key: value), not a {type(loaded).__name__}.")
    plain = {str(key): value for key, value in loaded.items()}
    if "submissions" in plain:
        plain["submissions"] = _beside(path, plain["submissions"])
    if "measures" in plain:
        plain["measures"] = _beside(path, plain["measures"], ending=".py")
    return {"name": path.stem, "protocols": [{}], **{key: _long(key, value) for key, value in plain.items()}}


def _beside(path: Path, given: Any, *, ending: str = "") -> Any:
    """Paths in a file are relative to that file: all texts that end in ``ending``."""
    entries = given if isinstance(given, list) else [given]
    return [
        str(path.absolute().parent / entry) if isinstance(entry, str) and entry.endswith(ending) else entry
        for entry in entries
    ]


def split(word: str) -> tuple[list[str], Any]:
    """``budget.images=300`` -> (["budget", "images"], 300). The value is YAML: ``[maml,transfer]``."""
    key, equals, text = word.partition("=")
    if not equals or not all(key.split(".")):
        raise ConfigError(f"{word!r} is not key=value, such as budget.images=300 or methods=[maml,transfer]")
    return key.split("."), _parse(key, text)


def variables(environment: Mapping[str, str]) -> list[tuple[str, list[str], Any]]:
    """(variable, key, value) of each ``LEAGUE_`` variable; ``LEAGUE_BUDGET__IMAGES`` is ``budget.images``."""
    found = []
    for variable in sorted(environment):
        if variable.startswith(PREFIX):
            key = variable.removeprefix(PREFIX).lower().split("__")
            found.append((variable, key, _parse(variable, environment[variable])))
    return found


def assign(settings: dict[str, Any], key: list[str], value: Any) -> None:
    """Set ``key`` to ``value`` in place; a mapping is merged into the group that is there.

    Into a list, the next part of the key is the name of an entry (``methods.maml.inner_steps``), its place
    (``protocols.0.shot``), or else a setting of every entry (``protocols.episodes``).
    """
    head, *rest = key
    entry_type = element(head)
    if not rest:
        _merge(settings, head, _long(head, value))
    elif entry_type is None:
        group = settings.setdefault(head, {})
        if not isinstance(group, dict):
            raise ConfigError(f"{head} is no group of settings, so {'.'.join(key)} cannot be set")
        assign_plain(group, rest, _long(".".join(key), value))
    else:
        known = [part.name for part in fields(entry_type)]
        for entry, remaining in _entries(settings.get(head, []), head, rest, known):
            assign_plain(entry, remaining, value)


def assign_plain(group: dict[str, Any], key: list[str], value: Any) -> None:
    """Set a key in nested mappings, making the groups on the way."""
    for part in key[:-1]:
        inner = group.setdefault(part, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"{part} is no group of settings, so {'.'.join(key)} cannot be set")
        group = inner
    _merge(group, key[-1], value)


def _entries(
    entries: list[dict[str, Any]], head: str, rest: list[str], known: list[str]
) -> list[tuple[dict[str, Any], list[str]]]:
    """The entries of a list that ``rest`` addresses, each with what remains of the key."""
    first, *remaining = rest
    named = [entry for entry in entries if head in _SHORT and entry.get("name") == first]
    if named and remaining:
        long = remaining if remaining[0] in known else [_SHORT[head], *remaining]
        return [(entry, long) for entry in named]
    if first.isdigit() and remaining:
        if int(first) >= len(entries):
            raise ConfigError(f"{head}.{first} does not exist; the sweep has {len(entries)}, counted from 0")
        return [(entries[int(first)], remaining)]
    if first in known:
        return [(entry, rest) for entry in entries]
    names = [str(entry["name"]) for entry in entries if "name" in entry]
    raise ConfigError(f"{head}.{first} is neither an entry nor a setting; {nearest(first, [*names, *known])}")


def _merge(group: dict[str, Any], key: str, value: Any) -> None:
    old = group.get(key)
    if isinstance(old, dict) and isinstance(value, dict):
        for inner, entry in value.items():
            _merge(old, inner, entry)
    else:
        group[key] = value


def _long(key: str, value: Any) -> Any:
    """``value`` with the entries of its lists in their long form; one entry stands for a list of one."""
    if element(key) is None:
        if isinstance(value, dict):
            return {name: _long(f"{key}.{name}", inner) for name, inner in value.items()}
        return value
    entries = value if isinstance(value, list) else [value]
    return [_long_entry(key, entry) for entry in entries] if key in _SHORT else entries


def _long_entry(key: str, entry: Any) -> dict[str, Any]:
    rest = _SHORT[key]
    if isinstance(entry, str):
        return {"name": entry}
    if isinstance(entry, dict) and "name" in entry:
        return dict(entry)
    if isinstance(entry, dict) and len(entry) == 1:
        [(name, values)] = entry.items()
        return {"name": str(name), rest: {} if values is None else values}
    raise ConfigError(
        f"an entry of {key} is written NAME, {{NAME: {{key: value}}}} or "
        f"{{name: NAME, {rest}: {{key: value}}}}, not {entry!r}"
    )


def _parse(key: str, text: str) -> Any:
    try:
        parsed = OmegaConf.to_container(OmegaConf.from_dotlist([f"value={text}"]))
    except (yaml.YAMLError, OmegaConfBaseException) as error:
        raise ConfigError(f"{key}: {text!r} is not a YAML value such as 3, text or [a, b]") from error
    assert isinstance(parsed, dict)
    return parsed["value"]
