"""Why dependencies cannot be installed beside the core, in a sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from suite.submission.errors import SubmissionError

_DEPENDS = re.compile(r"^\s+(?P<who>\S.*?) depends on (?P<what>\S.*?)\s*$", re.MULTILINE)
_ABSENT = re.compile(r"No matching distribution found for (?P<what>.+)")
_UNREACHED = (
    "Connection refused",
    "NewConnectionError",
    "NameResolutionError",
    "Failed to establish",
    "timed out",
)


def check(name: str, wanted: Sequence[str], core: Mapping[str, str], *, wheels_only: bool) -> None:
    """Raise SubmissionError for what no installation could satisfy: a requirement that excludes the version
    of the core, or, where only wheels may be installed, a link to something else.
    """
    for spelled in wanted:
        requirement = Requirement(spelled)
        version = core.get(canonicalize_name(requirement.name))
        if version is not None and requirement.url is not None:
            raise SubmissionError(
                f"{name} asks for {spelled}, and the core has {requirement.name} {version}, which stays: "
                "leave that dependency out"
            )
        if version is not None and not requirement.specifier.contains(version, prereleases=True):
            raise SubmissionError(
                f"{name} asks for {spelled}, and the core has {requirement.name} {version}, which stays: "
                f"ask for {requirement.name} without a version, or for one that {version} satisfies"
            )
        if (
            wheels_only
            and requirement.url is not None
            and not requirement.url.partition("#")[0].endswith(".whl")
        ):
            raise SubmissionError(
                f"{name} asks for {spelled}, which is no wheel (.whl), and building it would run its code "
                "outside the walls: link to a wheel, or vouch for it with --trust"
            )


def reason(name: str, said: str, core: Mapping[str, str], *, wheels_only: bool) -> str:
    """What pip ``said`` on failing, in a sentence that names the requirement and the core's version."""
    for match in _DEPENDS.finditer(said):
        version = core.get(_project(match["what"]))
        if version is not None and not Requirement(match["what"]).specifier.contains(
            version, prereleases=True
        ):
            return (
                f"the dependencies of {name} do not fit the core, which stays as it is: {match['who']} "
                f"depends on {match['what']}, and the core has {_project(match['what'])} {version}"
            )
    errors = [line.removeprefix("ERROR: ") for line in said.splitlines() if line.startswith("ERROR: ")]
    told = errors[-1] if errors else (said.strip().splitlines() or ["pip gave no reason"])[-1]
    begun = f"the dependencies of {name} cannot be installed: {told.rstrip('.')}"
    if any(sign in said for sign in _UNREACHED):
        return f"{begun}; the package index cannot be reached from here"
    if wheels_only and _ABSENT.search(said):
        return f"{begun} as a wheel; check its name and version (what has no wheel needs --trust)"
    return begun


def _project(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", requirement)
    return canonicalize_name(found[0]) if found else ""
