"""Which method exactly: its registration, its resolved arguments, and which of them matter to training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import suite.methods
from leaderboard.records import MethodIdentity
from suite.engine.labels import label
from suite.isolation import Code


@dataclass(frozen=True)
class Identified:
    """A method as its two cells know it: ``training`` without the arguments that matter to adapting alone.

    ``code`` is what a process loads to have it.
    """

    training: MethodIdentity
    whole: MethodIdentity
    code: Code


def identify(
    name: str, arguments: Mapping[str, Any], model: Mapping[str, Any], submitted: Code | None = None
) -> Identified:
    """Resolve a method of a sweep. ``model`` is the sweep's architecture, for those of its arguments that the
    method takes and does not set itself; labels leave it out, as they do defaults. ``submitted`` is the code
    of a submission that is registered here, being trusted.

    Raises what ``suite.methods.get`` raises for unknown names and unfit values.
    """
    info = suite.methods.describe(name)
    common = {key: value for key, value in model.items() if key in info.defaults}
    method = suite.methods.get(name, **{**common, **arguments})
    resolved = method.arguments
    trained = {key: value for key, value in resolved.items() if key not in method.adaptation}
    usual = suite.methods.get(name, **common).arguments

    def identity(kept: Mapping[str, Any]) -> MethodIdentity:
        return MethodIdentity(
            name=name,
            version=info.version,
            source_hash=info.source_hash,
            arguments=dict(kept),
            label=label(name, kept, usual),
        )

    return Identified(identity(trained), identity(resolved), submitted or Code(name, info.module))
