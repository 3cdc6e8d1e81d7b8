"""The pinned packages that embedded pictures come from: what is missing, what differs, and how to mend it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tasks.errors import DataError

INSTALL = "pip install 'transfer-league[pictures]'"
_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)\s*(?P<relation>==|>=)\s*(?P<version>\S+)")


def pins() -> dict[str, str]:
    """Distributions that are pinned to one version, name -> version, as the ``pictures`` extra lists them."""
    return {name: wanted for name, relation, wanted in _requirements() if relation == "=="}


def installed(names: list[str]) -> dict[str, str]:
    """Versions of the named distributions. Raises DataError that names every one that is missing."""
    found: dict[str, str] = {}
    missing = []
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        shown = ", ".join(missing[:8]) + (f" and {len(missing) - 8} more" if len(missing) > 8 else "")
        raise DataError(
            f"missing {'packages' if len(missing) > 1 else 'package'}: {shown}; {INSTALL} installs them"
        )
    return found


def unchanged(used: Mapping[str, str]) -> bool:
    """Whether each package is installed in the version that was used."""
    try:
        return installed(list(used)) == dict(used)
    except DataError:
        # Nothing better can be built without them.
        return True


def differing(found: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Installed versions that are not the pinned ones: name -> (installed, pinned)."""
    pinned = pins()
    return {
        name: (has, pinned[name]) for name, has in found.items() if name in pinned and pinned[name] != has
    }


def _requirements() -> list[tuple[str, str, str]]:
    text = (Path(__file__).parent / "pictures.txt").read_text(encoding="utf-8")
    return [(match["name"], match["relation"], match["version"]) for match in _REQUIREMENT.finditer(text)]
