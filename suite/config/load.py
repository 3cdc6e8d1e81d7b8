"""From a shipped name, a file, the environment and the command line to one checked sweep."""

from __future__ import annotations

import copy
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from suite.config import layers
from suite.config.build import build, keys
from suite.config.check import check, is_transfer, method_arguments
from suite.config.schema import ConfigError, SweepConfig
from suite.nearest import nearest
from suite.submission import read

_CONF = Path(__file__).parent.parent / "conf"

# Read by other parts of the league: settings of the machine, not of a sweep.
_MACHINE = frozenset({"LEAGUE_CACHE"})


def shipped() -> list[str]:
    """Names of the sweeps that ship, for ``load_sweep``."""
    return sorted(path.stem for path in _CONF.glob("*.yaml"))


def load_sweep(
    source: str | Path, overrides: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> SweepConfig:
    """The sweep that ``source`` (a shipped name or a YAML file) describes, each layer over the one before.

    Then come the variables of ``environment`` (None: the process's own) that begin with ``LEAGUE_``, where
    ``__`` stands for a dot: ``LEAGUE_BUDGET__IMAGES=300``; and last ``overrides``, ``key=value`` with a YAML
    value: ``budget.images=300``, ``methods=[maml,transfer]``, ``methods.maml.inner_steps=3``,
    ``protocols.episodes=50`` (of every protocol), ``protocols.0.shot=5``.
    Raises ConfigError in one or two sentences; an unknown name or key comes with the nearest valid ones.
    """
    path = _find(source)
    with _blame(str(source)):
        settings = layers.read(path)
        _build(settings, partial=True)
    return _resolve(settings, overrides, environment)


def single_run(
    method: str, benchmark: str, overrides: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> SweepConfig:
    """A sweep of one method on one benchmark, or on one transfer task.

    An argument of the method may be given as it is, ``inner_steps=5``; all else is as for ``load_sweep``.
    """
    settings = {
        "name": f"{method}-{benchmark}",
        "methods": [{"name": method}],
        "transfers" if is_transfer(benchmark) else "benchmarks": [{"name": benchmark}],
        "protocols": [{}],
    }
    known = method_arguments(method)
    spelled = [_of_sweep(word, method, known) for word in overrides]
    return _resolve(settings, spelled, environment)


def submitted_run(
    source: str | Path,
    path: str | Path,
    overrides: Sequence[str] = (),
    arguments: Collection[str] = (),
    environment: Mapping[str, str] | None = None,
) -> SweepConfig:
    """The sweep ``source`` with the method of the file ``path`` beside its own, under a name of its own.

    A word of ``overrides`` may set one of the method's ``arguments`` as it is, ``lr=0.001``; all else is as
    for ``load_sweep``.
    """
    name = read(path).name
    found = _find(source)
    with _blame(str(source)):
        settings = layers.read(found)
        _build(settings, partial=True)
    settings["name"] = f"{settings['name']}.{name}"
    submissions = [*settings.get("submissions", ()), str(Path(path).absolute())]
    settings["submissions"] = list(dict.fromkeys(submissions))
    own = [word for word in overrides if _is_argument(word, name, arguments)]
    _overlay(settings, [word for word in overrides if word not in own], environment)
    if own:  # last, since `methods=[...]` among the others replaces the list
        listed = [entry for entry in settings["methods"] if entry["name"] != name]
        settings["methods"] = [*listed, {"name": name, "arguments": dict(map(_argument, own))}]
    return check(_build(settings))


def _argument(word: str) -> tuple[str, Any]:
    key, value = layers.split(word)
    return ".".join(key), value


def _of_sweep(word: str, method: str, arguments: Collection[str]) -> str:
    """An argument of the method as a setting of the sweep; other words as they are."""
    return f"methods.0.arguments.{word}" if _is_argument(word, method, arguments) else word


def _is_argument(word: str, method: str, arguments: Collection[str]) -> bool:
    """Whether a word sets an argument of the method; else it must be a setting of the sweep."""
    key = word.partition("=")[0]
    head = key.partition(".")[0]
    if head in SweepConfig.__dataclass_fields__ or not key or "=" not in word:
        return False
    if head in arguments:
        return True
    near = nearest(key, [*arguments, *keys(SweepConfig)])
    raise ConfigError(f"{key} is not a setting or an argument of {method}; {near}")


def _resolve(
    settings: dict[str, Any], overrides: Iterable[str], environment: Mapping[str, str] | None
) -> SweepConfig:
    _overlay(settings, overrides, environment)
    return check(_build(settings))


def _overlay(
    settings: dict[str, Any], overrides: Iterable[str], environment: Mapping[str, str] | None
) -> None:
    """Put the environment and then ``overrides`` over ``settings``, in place."""
    variables = os.environ if environment is None else environment
    for variable, key, value in layers.variables(variables):
        if variable not in _MACHINE:
            with _blame(variable):
                layers.assign(settings, key, value)
                _build(settings, partial=True)
    for word in overrides:
        layers.assign(settings, *layers.split(word))
        _build(settings, partial=True)


def _build(settings: dict[str, Any], *, partial: bool = False) -> SweepConfig:
    """The dataclasses of ``settings``; ``partial`` allows what a later layer may still give."""
    try:
        config = OmegaConf.create(copy.deepcopy(settings))
        resolved = OmegaConf.to_container(config, resolve=True)
    except OmegaConfBaseException as error:
        raise ConfigError(f"{error.full_key}: {str(error).splitlines()[0]}") from error
    assert isinstance(resolved, dict)
    plain: dict[str, Any] = {str(key): value for key, value in resolved.items()}
    if partial:
        stand_in = [{"name": "later"}]
        plain = {"methods": stand_in, "benchmarks": stand_in, **plain}
    return build(SweepConfig, plain)


def _find(source: str | Path) -> Path:
    text = str(source)
    if text in shipped():
        return _CONF / f"{text}.yaml"
    path = Path(source)
    if path.is_file():
        return path
    if path.suffix not in (".yaml", ".yml") and len(path.parts) == 1:
        raise ConfigError(
            f"no sweep is called {text!r}; {nearest(text, shipped())}. A file of your own ends in .yaml."
        )
    siblings = [str(found) for found in path.parent.glob("*.y*ml")]
    near = nearest(text, siblings) if siblings else f"the sweeps that ship are {', '.join(shipped())}"
    raise ConfigError(f"there is no file {text}; {near}.")


@contextmanager
def _blame(origin: str) -> Iterator[None]:
    """Say where a wrong setting stands, unless it was just typed."""
    try:
        yield
    except ConfigError as error:
        said = str(error)
        raise ConfigError(said if said.startswith(origin) else f"{origin}: {said}") from error
