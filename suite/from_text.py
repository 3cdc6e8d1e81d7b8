"""Files of one's own: run from their text wherever what they register is wanted."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.abc import InspectLoader
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec


@dataclass(frozen=True)
class Kind:
    """What files register: names that are ``known``, the ``module`` of each, and how to ``forget`` one.

    ``prefix`` begins the names of their modules. ``lacks`` ends a sentence about a file that registers none.
    """

    prefix: str
    known: Callable[[], list[str]]
    module: Callable[[str], str]
    forget: Callable[[str], None]
    lacks: str

    def of(self, module: str) -> list[str]:
        """Names that a module registered, sorted."""
        return [name for name in self.known() if self.module(name) == module]


class _TextLoader(InspectLoader):
    """Imports a module from a text, which tracebacks and the source hash then find here."""

    def __init__(self, text: str, origin: str) -> None:
        self.text, self.origin = text, origin

    def get_source(self, fullname: str) -> str:
        return self.text

    def is_package(self, fullname: str) -> bool:
        return False


def register_text(text: str, origin: str, kind: Kind) -> list[str]:
    """Run the text of the file ``origin`` once; names of what it registers, sorted.

    What an earlier text of the same file registered here is forgotten. Raises ValueError, in a sentence that
    begins with ``origin``, where the text cannot be run or registers nothing.
    """
    module = kind.prefix + hashlib.sha256(text.encode()).hexdigest()[:16]
    if not kind.of(module):
        _forget_earlier(origin, kind)
        _run(module, text, origin, kind)
    found = kind.of(module)
    if not found:
        del sys.modules[module]
        raise ValueError(f"{origin} {kind.lacks}")
    return found


def text_of(module: str) -> str | None:
    """The text of a module that ``register_text`` ran here; None of any other."""
    loader = getattr(sys.modules.get(module), "__loader__", None)
    return loader.text if isinstance(loader, _TextLoader) else None


def _run(module: str, text: str, origin: str, kind: Kind) -> None:
    created = module_from_spec(ModuleSpec(module, _TextLoader(text, origin), origin=origin))
    sys.modules[module] = created  # dataclasses look their module up while it runs
    try:
        exec(compile(text, origin, "exec"), created.__dict__)
    except Exception as error:  # whatever a file raises: it is told as what it is
        for name in kind.of(module):
            kind.forget(name)
        del sys.modules[module]
        raise ValueError(f"{origin} raises {type(error).__name__}: {error}") from error


def _forget_earlier(origin: str, kind: Kind) -> None:
    for module, loaded in list(sys.modules.items()):
        loader = getattr(loaded, "__loader__", None)
        if isinstance(loader, _TextLoader) and loader.origin == origin and module.startswith(kind.prefix):
            for name in kind.of(module):
                kind.forget(name)
            del sys.modules[module]
