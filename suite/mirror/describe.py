"""How a cell's W&B run is called, grouped and configured: the same for a live run and for one made anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from leaderboard.records import BenchmarkIdentity, MethodIdentity, Protocol, subject

# W&B refuses longer ones.
_TAG = 64
# More points than a chart can show only cost time.
_POINTS = 100
START_SECONDS = 15.0


def title(
    kind: str,
    spec: Mapping[str, Any],
    method: MethodIdentity | None,
    benchmark: BenchmarkIdentity | None,
    protocol: Protocol | None,
    seed: int | None,
) -> str:
    """``train maml · glyphs · seed 0``: a cell's name, here and in live views."""
    parts = [
        " ".join(filter(None, (kind, method.label if method else subject(kind, spec)))),
        # What is measured of a method.
        (subject(kind, spec) or "") if method else "",
        benchmark.name if benchmark else "",
        _scored(protocol) if protocol else "",
        f"seed {seed}" if seed is not None else "",
    ]
    return " · ".join(part for part in parts if part)


def _scored(protocol: Protocol) -> str:
    if protocol.track != "transfer":
        return f"{protocol.way}-way {protocol.shot}-shot"
    return f"{protocol.shot} labels a class" if protocol.shot else "all labels"


def tags(
    method: MethodIdentity | None,
    benchmark: BenchmarkIdentity | None,
    protocol: Protocol | None,
    sweeps: Iterable[str],
) -> list[str]:
    """The method's and the benchmark's name, the track, and the sweeps that the cell is part of."""
    named = [method.name if method else "", benchmark.name if benchmark else ""]
    named += [protocol.track if protocol else "", *sorted(sweeps)]
    return list(dict.fromkeys(tag[:_TAG] for tag in named if tag))


def config(
    key: str, kind: str, method: MethodIdentity | None, spec: Mapping[str, Any], parents: Iterable[str]
) -> dict[str, Any]:
    """The resolved specification, and under ``cell`` what tells the cell: key, kind, label, parents."""
    label = method.label if method else None
    return {**spec, "cell": {"key": key, "kind": kind, "method": label, "parents": sorted(parents)}}


def define_metrics(run: Any) -> None:
    """Draw curves over what they depend on, not over the count of calls."""
    run.define_metric("train/*", step_metric="images")
    run.define_metric("eval/*", step_metric="episode")


def settings(wandb: Any) -> Any:
    """W&B as quiet as it can be, and without what it would collect of this machine and its files."""
    return wandb.Settings(
        console="off",
        silent=True,
        init_timeout=START_SECONDS,
        disable_git=True,
        disable_code=True,
        x_disable_stats=True,
        x_disable_meta=True,
        x_save_requirements=False,
    )


def thinned(count: int) -> int:
    """Log every so many of ``count`` steps."""
    return max(1, count // _POINTS)
