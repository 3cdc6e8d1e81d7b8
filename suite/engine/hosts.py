"""What the driver knows of each host: what it has, what runs there, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from suite.engine.gpus import GpuUse


@dataclass(frozen=True)
class Host:
    """A host of the cluster. ``node`` is Ray's name for it, ``name`` the one people use.

    ``running``, ``cpus_held`` and ``gpus_held`` are of cells that gave word; ``finished`` and ``failures``
    count since this driver began, a failure being an attempt that did not finish. ``busy`` (0..1), the mean
    of the GPUs that were measured, and their memory in MiB are None where none was.
    """

    node: str
    name: str
    cpus: float = 0.0
    gpus: float = 0.0
    running: int = 0
    cpus_held: float = 0.0
    gpus_held: float = 0.0
    finished: int = 0
    failures: int = 0
    busy: float | None = None
    measured_gpus: int = 0
    memory_mib: float | None = None
    memory_of_mib: float | None = None


@dataclass(frozen=True)
class Held:
    """A running cell: where, what it holds, and how busy its GPUs were when it last gave word."""

    node: str
    cpus: float
    gpus: float
    uses: Sequence[GpuUse] = ()


class Tally:
    """Hosts that are there, and one sum of those that left: its size is that of the cluster."""

    def __init__(self) -> None:
        self._there: dict[str, Host] = {}
        self._finished: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()

    def see(self, hosts: Iterable[Host]) -> None:
        """Take in which hosts the cluster has now."""
        self._there = {host.node: host for host in hosts}
        for counts in (self._finished, self._failures):
            for node in [node for node in counts if node and node not in self._there]:
                counts[""] += counts.pop(node)

    def land(self, node: str, *, failed: bool) -> None:
        """An attempt ended on ``node``; the empty name is of a host that is not known."""
        counts = self._failures if failed else self._finished
        counts[node if node in self._there else ""] += 1

    def told(self, running: Iterable[Held]) -> tuple[Host, ...]:
        """Each host as it stands, by name; last, without a node and with counts alone, all that are not
        known any more.
        """
        held: dict[str, list[Held]] = {}
        for cell in running:
            held.setdefault(cell.node, []).append(cell)
        found = [self._counted(_measured(host, held.get(node, []))) for node, host in self._there.items()]
        left = self._counted(Host("", "hosts that left"))
        gone = [left] if left.finished or left.failures else []
        return (*sorted(found, key=lambda host: (host.name, host.node)), *gone)

    def _counted(self, host: Host) -> Host:
        return replace(host, finished=self._finished[host.node], failures=self._failures[host.node])


def _measured(host: Host, cells: Sequence[Held]) -> Host:
    # Cells that share a GPU each tell of the whole of it.
    uses = list({use.uuid: use for cell in cells for use in cell.uses}.values())
    there = replace(
        host,
        running=len(cells),
        cpus_held=sum(cell.cpus for cell in cells),
        gpus_held=sum(cell.gpus for cell in cells),
    )
    if not uses:
        return there
    return replace(
        there,
        busy=sum(use.busy for use in uses) / len(uses),
        measured_gpus=len(uses),
        memory_mib=sum(use.memory_mib for use in uses),
        memory_of_mib=sum(use.memory_of_mib for use in uses),
    )
