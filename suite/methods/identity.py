"""A method's source hash: what must be the same for two results to be of the same method."""

from __future__ import annotations

import ast
import hashlib
import sys
from functools import cache
from importlib.abc import InspectLoader
from importlib.util import find_spec, resolve_name
from pathlib import Path

# Shared code that decides what a method computes. Benchmarks have digests of their own.
_SHARED = (
    "suite.methods",
    "suite.models",
    "suite.kernels",
    "suite.linear",
    "suite.objectives",
    "suite.arguments",
)


def source_hash(module: str, also: tuple[str, ...] = ()) -> str:
    """sha256 over the source of ``module`` and of all that it builds on, comments included.

    It builds on each module that it imports, directly or through others and anywhere in the file, that
    belongs to ``suite.methods``, ``suite.models``, ``suite.kernels``, ``suite.linear``, ``suite.objectives``,
    ``suite.arguments``, to one of ``also`` or, for a method from elsewhere, to its own top-level package.
    Other packages count by their versions, which records keep. Raises ValueError for a module without a
    source file (one typed into an interpreter).
    """
    own = module.partition(".")[0]
    roots = (*_SHARED, *also)
    return _hash(module, *_read(module), roots if own == "suite" else (*roots, own))


def text_hash(text: str) -> str:
    """What ``source_hash`` says of a file of its own that holds ``text``: a method that is no module here.

    Raises SyntaxError where it is not Python.
    """
    return _hash("", text, "", _SHARED)


def _hash(module: str, text: str, package: str, roots: tuple[str, ...]) -> str:
    sources = {module: (text, package)}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        for found in _imports(*sources[name]):
            if found not in sources and _within(found, roots) and _file(found) is not None:
                sources[found] = _read(found)
                waiting.append(found)
    digest = hashlib.sha256()
    for name, (source, _) in sorted(sources.items()):
        # A file that is loaded by its path may go by any name: what counts is what it says.
        label = "" if name == module else name
        digest.update(f"\x1e{label}\x1f{source}".encode())
    return digest.hexdigest()


def _within(module: str, roots: tuple[str, ...]) -> bool:
    return any(module == root or module.startswith(f"{root}.") for root in roots)


def _read(module: str) -> tuple[str, str]:
    """Source text of a module, and the package that its relative imports start from."""
    file = _file(module)
    if file is None:
        text = _loaded_text(module)
        if text is None:
            raise ValueError(
                f"{module} has no source file, so what it computes cannot be identified; put it into one"
            )
        return text, module.rpartition(".")[0]
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    return file.read_text(encoding="utf-8"), package


def _loaded_text(module: str) -> str | None:
    """The source of a module that was loaded from a text rather than from a file."""
    loader = getattr(sys.modules.get(module), "__loader__", None)
    return loader.get_source(module) if isinstance(loader, InspectLoader) else None


def _file(module: str) -> Path | None:
    if module in sys.modules:
        origin = getattr(sys.modules[module], "__file__", None)
    else:
        try:
            spec = find_spec(module)
        except ModuleNotFoundError:  # a name inside a module, which is no package
            return None
        origin = spec.origin if spec else None
    return Path(origin) if origin and origin.endswith(".py") else None


@cache
def _imports(text: str, package: str) -> tuple[str, ...]:
    """Dotted names in the import statements of ``text`` that may be modules, and the packages they are in."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = resolve_name("." * node.level + base, package)
            found.update([base, *(f"{base}.{alias.name}" for alias in node.names)])
    for name in tuple(found):
        parts = name.split(".")
        found.update(".".join(parts[:length]) for length in range(1, len(parts)))
    return tuple(sorted(found))
