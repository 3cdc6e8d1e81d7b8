"""What a cell asks for, against what the nodes of a cluster have."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from leaderboard.records import CellKind
from suite.config import Resources
from suite.engine.distributed import is_shared
from suite.engine.errors import Infeasible

_MIB = 2**20

Node = Mapping[str, float]
"""Resources of a node as Ray names them: CPU, GPU, and memory in bytes."""


Launchable = tuple[Node, int]
"""A kind of node that an autoscaler may start, and how many of it at most."""

# What looks at networks that are trained already is quick enough on CPUs.
_CPU_ONLY: frozenset[CellKind] = frozenset({"measure"})


def slots(
    nodes: Sequence[Node], resources: Resources, cells: int, launchable: Sequence[Launchable] = ()
) -> int:
    """How many cells run at once, on ``nodes`` or on those that may be started; at most ``cells``.

    An autoscaler starts nodes for what waits for them, so as many cells are handed out as they could hold.
    Raises Infeasible, naming the request and what there is, where a cell fits on no node: Ray would wait for
    ever.
    """
    if resources.gpus_per_cell > 1 and resources.gpus_per_cell % 1:
        raise Infeasible(
            f"resources.gpus_per_cell is {resources.gpus_per_cell:g}: "
            "a cell has a share of one GPU, or whole ones"
        )
    fit = _room(nodes, resources, launchable)
    if fit == 0:
        there = "; ".join(_described(node) for node in nodes) or "no node"
        if launchable:
            there += "; and may be started: " + "; ".join(_described(node) for node, _ in launchable)
        raise Infeasible(
            f"a cell asks for {resources.cpus_per_cell:g} CPUs, {resources.gpus_per_cell:g} GPUs and "
            f"{resources.memory_mib_per_cell} MiB of memory, which no node has; there is: {there}. "
            "Lower resources.cpus_per_cell, resources.gpus_per_cell or resources.memory_mib_per_cell"
        )
    limit = resources.max_in_flight or fit
    return max(1, min(fit, limit, cells))


def beside(nodes: Sequence[Node], resources: Resources) -> int:
    """How many cells that use no GPU fit on ``nodes`` and leave room for as many that do as they can take."""
    asked, none = _asked(resources), without_gpus(resources)
    found = 0
    for node in nodes:
        taken = _fit(node, resources)
        left = {name: there - taken * asked.get(name, 0.0) for name, there in node.items()}
        found += _fit(left, none)
    return found


def takes(
    nodes: Sequence[Node], resources: Resources, launchable: Sequence[Launchable] = ()
) -> dict[str, float]:
    """What of the cluster's CPUs, GPUs and memory one cell takes, as shares above 0 and up to 1.

    Of what is scarcest it takes its part of as many cells as fit: what is left over on a node is of no use.
    Raises Infeasible as ``slots`` does.
    """
    as_many = slots(nodes, replace(resources, max_in_flight=0), sys.maxsize, launchable)
    told = {}
    for name, need in _asked(resources).items():
        there = sum(node.get(name, 0.0) for node in nodes)
        there_may_be = sum(node.get(name, 0.0) * most for node, most in launchable)
        told[name] = min(1.0, need / max(there, there_may_be))
    scarcest = max(told, key=told.__getitem__)
    return {**told, scarcest: max(told[scarcest], 1 / as_many)}


def largest_memory(nodes: Sequence[Node], resources: Resources) -> int:
    """Memory, in MiB, of the largest node that fits a cell: what a cell gets that runs alone. 0 without."""
    fitting = [node.get("memory", 0.0) for node in nodes if _fit(node, resources)]
    return int(max(fitting, default=0.0) / _MIB)


def gpus(resources: Resources, kind: CellKind) -> float:
    """GPUs of a cell: of several only a training makes use, and of any no cell that measures alone."""
    if kind in _CPU_ONLY:
        return 0.0
    return resources.gpus_per_cell if kind == "train" else min(resources.gpus_per_cell, 1)


def request(resources: Resources, memory_mib: int, kind: CellKind) -> dict[str, Any]:
    """The options of a Ray task that gets these resources; none for one whose workers get them."""
    if is_shared(kind, resources.gpus_per_cell):
        return {"num_cpus": 0, "num_gpus": 0, "memory": 0}
    return {
        "num_cpus": resources.cpus_per_cell,
        "num_gpus": gpus(resources, kind),
        "memory": memory_mib * _MIB,
    }


def without_gpus(resources: Resources) -> Resources:
    """What a cell asks for that uses no GPU."""
    return replace(resources, gpus_per_cell=0.0)


def _room(nodes: Sequence[Node], resources: Resources, launchable: Sequence[Launchable]) -> int:
    there_may_be = sum(_fit(node, resources) * most for node, most in launchable)
    return max(sum(_fit(node, resources) for node in nodes), there_may_be)


def _fit(node: Node, resources: Resources) -> int:
    return min(int(node.get(name, 0.0) / need + 1e-9) for name, need in _asked(resources).items())


def _asked(resources: Resources) -> dict[str, float]:
    """What a cell needs of each resource; only what it needs."""
    asked = {
        "CPU": resources.cpus_per_cell,
        "GPU": resources.gpus_per_cell,
        "memory": float(resources.memory_mib_per_cell * _MIB),
    }
    return {name: need for name, need in asked.items() if need > 0}


def _described(node: Node) -> str:
    return (
        f"a node with {node.get('CPU', 0):g} CPUs, {node.get('GPU', 0):g} GPUs "
        f"and {node.get('memory', 0) / _MIB:.0f} MiB"
    )
