"""Benchmarks by name."""

from __future__ import annotations

import difflib
import inspect
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from tasks.benchmark import Benchmark
from tasks.digests import Verification, compare

Loader = Callable[..., Benchmark]

_BUILT_IN = {
    name: f"tasks.{name}" for name in ("digits", "emoji", "gaussian", "glyphs", "latent", "omniglot", "union")
}
_REGISTERED: dict[str, Loader] = {}

# Options that say where data lie on this machine, not what they are.
_MACHINE = ("cache", "download")


class UnknownBenchmark(LookupError):
    """No benchmark has that name; the message names the nearest ones."""


@dataclass(frozen=True)
class BenchmarkInfo:
    """A benchmark before it is loaded.

    ``options``: default of each option that decides its images. ``open_ended``: it takes others too.
    ``downloaded``: preparing it needs a network.
    """

    name: str
    doc: str
    options: Mapping[str, object]
    open_ended: bool
    downloaded: bool


def benchmark(name: str) -> Callable[[Loader], Loader]:
    """Register a loader: ``@benchmark("mine")`` above ``def load(**options) -> Benchmark``."""

    def register(loader: Loader) -> Loader:
        if _REGISTERED.get(name, loader) is not loader:
            raise ValueError(f"a benchmark named {name!r} is registered already")
        _REGISTERED[name] = loader
        return loader

    return register


def names() -> list[str]:
    """Names that ``load`` knows, sorted."""
    return sorted({*_BUILT_IN, *_REGISTERED})


def load(name: str, **options: object) -> Benchmark:
    """Load a benchmark; embedded ones are built on first use and cached on disk.

    Raises UnknownBenchmark for a name, TypeError for an option that it does not take, DataError for data
    that cannot be had.
    """
    loader = _loader(name)
    parameters = inspect.signature(loader).parameters
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        for option in options:
            if option not in parameters:
                nearest = difflib.get_close_matches(option, parameters, n=1) or list(parameters)
                raise TypeError(f"{name} has no option {option!r}; nearest: {', '.join(nearest)}")
    return loader(**options)


def describe(name: str) -> BenchmarkInfo:
    """What can be known of a benchmark before it is loaded. Raises UnknownBenchmark."""
    loader = _loader(name)
    parameters = inspect.signature(loader).parameters.values()
    options = {
        p.name: p.default for p in parameters if p.kind is not p.VAR_KEYWORD and p.name not in _MACHINE
    }
    return BenchmarkInfo(
        name=name,
        doc=inspect.getdoc(loader) or "",
        options=options,
        open_ended=any(p.kind is p.VAR_KEYWORD for p in parameters),
        downloaded="download" in options_of(name),
    )


def prepare(name: str, **options: object) -> Benchmark:
    """Fetch and build a benchmark now, so that loading it later is quick and needs no network."""
    if "download" in options_of(name):
        options.setdefault("download", True)
    return load(name, **options)


def verify(name: str, **options: object) -> Verification:
    """Build a benchmark anew, past the cache, and hold it against the digest that is recorded for it."""
    if "cache" not in options_of(name):
        return compare(load(name, **options))
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        # The verification says what the warning would.
        warnings.simplefilter("ignore", UserWarning)
        return compare(load(name, **{**options, "cache": Path(folder)}))


def options_of(name: str) -> list[str]:
    """Every option of a benchmark, those included that say where data lie. Raises UnknownBenchmark."""
    return list(inspect.signature(_loader(name)).parameters)


@cache
def _import(name: str) -> None:
    import_module(_BUILT_IN[name])


def _loader(name: str) -> Loader:
    if name not in _REGISTERED and name in _BUILT_IN:
        _import(name)
    if name not in _REGISTERED:
        nearest = difflib.get_close_matches(name, names(), n=3) or names()
        raise UnknownBenchmark(f"no benchmark is called {name!r}; nearest: {', '.join(nearest)}")
    return _REGISTERED[name]
