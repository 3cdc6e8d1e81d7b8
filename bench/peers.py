"""Packages that need help to be imported."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any


def anatome() -> Any:
    """``anatome.similarity`` of ultimate-anatome.

    It imports its author's utilities, which nothing that is timed here calls and which pull in hundreds of
    packages: where they are not installed, empty modules stand in for them during the import.
    """
    stand_ins = {}
    if find_spec("uutils") is None:
        package, inner = ModuleType("uutils"), ModuleType("uutils.torch_uu")
        package.torch_uu = inner  # type: ignore[attr-defined]
        stand_ins = {"uutils": package, "uutils.torch_uu": inner}
    sys.modules.update(stand_ins)
    try:
        return import_module("anatome.similarity")
    finally:
        for name in stand_ins:
            del sys.modules[name]
