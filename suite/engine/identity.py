"""Which method exactly: its registration, its resolved arguments, and which of them matter to training."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import suite.methods
from leaderboard.records import MethodIdentity
from suite import submission
from suite.engine.labels import label
from suite.isolation import Code, Limits
from suite.isolation.errors import NoWalls, OutOfTime
from suite.isolation.opening import describe
from suite.methods import MethodError, MethodInfo

# To be imported and built, in a process that has torch already.
_TELL_SECONDS = 120.0


@dataclass(frozen=True)
class Identified:
    """A method as its two cells know it: ``training`` without the arguments that matter to adapting alone.

    ``code`` is what a process loads to have it.
    """

    training: MethodIdentity
    whole: MethodIdentity
    code: Code


def identify(
    name: str,
    arguments: Mapping[str, Any],
    model: Mapping[str, Any],
    submitted: Code | None = None,
    *,
    series: Collection[str] = (),
) -> Identified:
    """Resolve a method of a sweep. ``model`` is the sweep's architecture, for those of its arguments that the
    method takes and does not set itself; labels leave it out, as they do defaults, but for the arguments
    ``series`` in which the sweep's architectures differ. ``submitted`` is the code of a submission that is
    registered here, being trusted.

    Raises what ``suite.methods.get`` raises for unknown names and unfit values.
    """
    info = suite.methods.describe(name)
    common = {key: value for key, value in model.items() if key in info.defaults}
    method = suite.methods.get(name, **{**common, **arguments})
    usual = suite.methods.get(name, **common).arguments
    code = submitted or Code(name, info.module)
    usual = {key: value for key, value in usual.items() if key not in series}
    return _identified(code, info, method.arguments, usual, method.adaptation)


def identify_walled(
    found: submission.Submission,
    arguments: Mapping[str, Any],
    model: Mapping[str, Any],
    *,
    series: Collection[str] = (),
) -> Identified:
    """As ``identify``, of a submission that runs behind walls alone, and says there what its arguments are.

    Raises SubmissionError where it does not do so, or where no walls can be put up.
    """
    environment = submission.prepare(found.code)

    def choose(info: MethodInfo) -> list[dict[str, Any]]:
        common = {key: value for key, value in model.items() if key in info.defaults}
        return [{**common, **arguments}, common]

    try:
        info, [(resolved, adaptation), (plain, _)] = describe(
            found.code,
            choose,
            limits=Limits(seconds=_TELL_SECONDS),
            python=environment.python,
            packages=environment.packages,
        )
    except NoWalls as error:
        raise submission.SubmissionError(f"{found.name} is not trusted, and {error}") from error
    except (MethodError, MemoryError, OutOfTime) as error:
        raise submission.SubmissionError(f"{found.name}: it cannot be built: {error}") from error
    usual = {key: value for key, value in plain.items() if key not in series}
    known = replace(info, version=found.version, source_hash=found.source_hash)
    return _identified(found.code, known, resolved, usual, adaptation)


def _identified(
    code: Code,
    info: MethodInfo,
    resolved: Mapping[str, Any],
    usual: Mapping[str, Any],
    adaptation: Collection[str],
) -> Identified:
    def identity(kept: Mapping[str, Any]) -> MethodIdentity:
        return MethodIdentity(
            name=info.name,
            version=info.version,
            source_hash=info.source_hash,
            arguments=dict(kept),
            label=label(info.name, kept, usual),
        )

    trained = {key: value for key, value in resolved.items() if key not in adaptation}
    return Identified(identity(trained), identity(resolved), code)
