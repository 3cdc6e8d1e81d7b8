"""What can be seen from behind the walls: Python, its packages, this suite; nothing of the user's."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from suite.isolation.gpus import device_nodes
from tasks.cache import cache_folder
from tasks.packages import pins

_SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin")
_SETTINGS = ("/etc/ld.so.cache", "/etc/alternatives")
# How many cores there are and what they can do decides which kernels torch uses.
_HARDWARE = ("/sys/devices/system/cpu", "/sys/devices/system/node")
# Not /dev/zero: mapped as shared, it is memory that is charged to nobody.
_NODES = ("/dev/null", "/dev/full", "/dev/random", "/dev/urandom")


@dataclass(frozen=True)
class View:
    """``shown`` can be read, ``links`` are symbolic links (path, target), ``nodes`` are devices.

    ``hidden`` are folders among what is shown that are empty there: test pictures could be drawn anew from
    them, labels known. ``path`` is what a module is looked for in, beyond Python's own places.
    """

    shown: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    nodes: tuple[str, ...]
    hidden: tuple[str, ...]
    path: tuple[str, ...]


def view(modules: Sequence[str] = (), packages: Path | None = None, gpus: Sequence[str] = ()) -> View:
    """The view for methods that the ``modules`` register, with their own ``packages`` and ``gpus``."""
    own = [folder for module in ("suite", "tasks", *modules) if (folder := _package(module))]
    python = [sys.base_prefix, sys.prefix, *_site_folders()]
    extra = [str(packages.parents[2])] if packages else []  # the environment that they are in
    system = [path for path in _SYSTEM if Path(path).is_dir()]
    links = tuple((path, str(Path(path).readlink())) for path in system if Path(path).is_symlink())
    plain = [path for path in system if not Path(path).is_symlink()]
    kept = [path for path in (*_SETTINGS, *_HARDWARE) if Path(path).exists()]
    shown = _outermost([*plain, *kept, *python, *own, *extra])
    hidden = [*_test_sources(packages), str(cache_folder())]
    return View(
        shown=tuple(shown),
        links=links,
        nodes=(*_NODES, *device_nodes(gpus)),
        hidden=tuple(path for path in hidden if _within(path, shown) and Path(path).is_dir()),
        path=tuple(dict.fromkeys(str(Path(folder).parent) for folder in own)),
    )


def _package(module: str) -> str | None:
    """The file or folder of a module's top-level package."""
    spec = find_spec(module.partition(".")[0])
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return str(Path(next(iter(spec.submodule_search_locations))).resolve())
    return str(Path(spec.origin).resolve()) if spec.origin and Path(spec.origin).is_file() else None


def _site_folders() -> list[str]:
    named = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    return [
        *named,
        sysconfig.get_path("stdlib"),
        sysconfig.get_path("purelib"),
        sysconfig.get_path("platlib"),
    ]


@lru_cache(maxsize=8)
def _test_sources(packages: Path | None) -> tuple[str, ...]:
    """Folders of the packages that benchmarks draw their pictures from."""
    found: dict[str, None] = {}
    for name in pins():
        for distribution in _distributions(name, packages):
            for file in distribution.files or ():
                if len(file.parts) > 1 and not file.parts[0].endswith((".dist-info", "..", "__pycache__")):
                    found[str(Path(str(distribution.locate_file(file.parts[0]))).resolve())] = None
    for module, folder in (("sklearn", "datasets/data"), ("matplotlib", "mpl-data/fonts")):
        package = _package(module)
        if package is not None:
            found[f"{package}/{folder}"] = None
    return tuple(found)


def _distributions(name: str, packages: Path | None) -> Iterable[metadata.Distribution]:
    yield from metadata.distributions(name=name)
    if packages is not None:
        yield from metadata.distributions(name=name, path=[str(packages)])


def _outermost(paths: Iterable[str]) -> list[str]:
    kept: list[str] = []
    for path in sorted({os.path.normpath(path) for path in paths if Path(path).exists()}, key=len):
        if not _within(path, kept):
            kept.append(path)
    return kept


def _within(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(folder.rstrip("/") + "/") for folder in folders)
