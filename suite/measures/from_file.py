"""Measures of one's own: a file that registers them, run from its text wherever they are computed."""

from __future__ import annotations

import hashlib
import sys
from importlib.abc import InspectLoader
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec

from suite.measures.registry import forget, get, names

_PREFIX = "league_measure_"


class _TextLoader(InspectLoader):
    """Imports a module from a text, which tracebacks and the source hash then find here."""

    def __init__(self, text: str, origin: str) -> None:
        self.text, self.origin = text, origin

    def get_source(self, fullname: str) -> str:
        return self.text

    def is_package(self, fullname: str) -> bool:
        return False


def register_text(text: str, origin: str) -> list[str]:
    """Run the text of the file ``origin`` once; names of the measures that it registers, sorted.

    Measures that an earlier text of the same file registered here are forgotten. Raises ValueError, in a
    sentence that begins with ``origin``, where the text cannot be run or registers none.
    """
    module = _PREFIX + hashlib.sha256(text.encode()).hexdigest()[:16]
    if not _of_module(module):
        _forget_earlier(origin)
        _run(module, text, origin)
    found = _of_module(module)
    if not found:
        del sys.modules[module]
        raise ValueError(
            f'{origin} registers no measure: put @measure("NAME", needs=("features",)) above a function, '
            "after importing `measure` from suite.measures"
        )
    return found


def text_of(module: str) -> str | None:
    """The text of a module that ``register_text`` ran here; None of any other."""
    loader = getattr(sys.modules.get(module), "__loader__", None)
    return loader.text if isinstance(loader, _TextLoader) else None


def _run(module: str, text: str, origin: str) -> None:
    created = module_from_spec(ModuleSpec(module, _TextLoader(text, origin), origin=origin))
    sys.modules[module] = created  # dataclasses look their module up while it runs
    try:
        exec(compile(text, origin, "exec"), created.__dict__)
    except Exception as error:  # whatever a file raises: it is told as what it is
        for name in _of_module(module):
            forget(name)
        del sys.modules[module]
        raise ValueError(f"{origin} raises {type(error).__name__}: {error}") from error


def _forget_earlier(origin: str) -> None:
    for module, loaded in list(sys.modules.items()):
        loader = getattr(loaded, "__loader__", None)
        if isinstance(loader, _TextLoader) and loader.origin == origin:
            for name in _of_module(module):
                forget(name)
            del sys.modules[module]


def _of_module(module: str) -> list[str]:
    return [name for name in names() if get(name).module == module]
