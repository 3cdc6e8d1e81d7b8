"""How many cells a sweep may have in flight: what its cluster holds, less what is others' on it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress

from leaderboard.records import CellKind
from suite.config import Resources
from suite.engine import events
from suite.engine.capacity import beside, gpus, largest_memory, slots, takes, without_gpus
from suite.engine.cells import Cell
from suite.engine.claims import BEAT_SECONDS, RayBoard, Share
from suite.engine.cluster import Cluster
from suite.engine.errors import ClusterLost, Infeasible
from suite.engine.flight import Flight
from suite.engine.sharing import Part

_LOOK_AROUND_SECONDS = 5.0


class Room:
    """The room of one sweep of ``cells`` cells on the cluster at ``address`` (None: of its own, on this
    machine, which nobody shares). Times are of the monotonic clock.

    Where cells ask for GPUs, those that do not have room of their own: GPUs do not wait for them. Nor do they
    take the CPUs and memory that GPUs need while cells wait for these.
    """

    def __init__(self, resources: Resources, cells: int, address: str | None) -> None:
        self._resources, self._cells, self._address = resources, cells, address
        self._share = Share(resources.weight, RayBoard()) if address is not None else None
        # Of what asks for the sweep's resources; and, where these have GPUs, of what asks for none.
        self._asking = (resources, without_gpus(resources)) if resources.gpus_per_cell else (resources,)
        self._slots = [0] * len(self._asking)
        self._takes: list[Mapping[str, float]] = []
        self._beside = 0
        self._for_gpus = False
        self._surveyed = self._met = 0.0
        self.memory_mib = 0
        """Of the largest host that takes a cell; 0 while there is none."""

    @property
    def at_once(self) -> int:
        """How many cells may run now, by what the cluster has and by this sweep's share of it."""
        return self._most(0)

    def open(self, cluster: Cluster, ready: Mapping[CellKind, int], now: float) -> Iterator[events.Event]:
        """See what the cluster holds, and who shares it. Raises Infeasible or ClusterLost."""
        self._slots[0] = 0
        yield from self._survey(cluster, now)
        if not self.memory_mib:
            yield events.Notice("a cell fits on no host that is there yet; the cluster may start one")
        self._see(ready)
        yield from self._meet(ready, (), now)

    def watch(
        self, cluster: Cluster, ready: Mapping[CellKind, int], flights: Collection[Flight], now: float
    ) -> Iterator[events.Event]:
        """Follow hosts and other sweeps that come and go; to be called often, it asks now and then.

        While no host is left that a cell fits on, what was handed out waits for one.
        """
        self._see(ready)
        if self._address is None:
            return
        if now - self._surveyed >= _LOOK_AROUND_SECONDS:
            with suppress(Infeasible, ClusterLost):
                yield from self._survey(cluster, now)
        if now - self._met >= BEAT_SECONDS:
            yield from self._meet(ready, flights, now)

    def takes_one_more(self, cell: Cell, flights: Collection[Flight]) -> bool:
        """Whether a cell of its kind may be handed out beside ``flights``."""
        most = self._resources.max_in_flight
        if most and len(flights) >= most:
            return False
        if len(self._slots) == 1:
            return len(flights) < self._most(0)
        place = self._place(cell.kind)
        return sum(self._place(flight.cell.kind) == place for flight in flights) < self._most(place)

    def leave(self) -> None:
        """Leave the cluster to the others; to be called while it is connected."""
        if self._share is not None:
            self._share.leave()

    def _see(self, ready: Mapping[CellKind, int]) -> None:
        self._for_gpus = any(count and self._place(kind) == 0 for kind, count in ready.items())

    def _survey(self, cluster: Cluster, now: float) -> Iterator[events.Event]:
        self._surveyed = now
        nodes, launchable = cluster.nodes(), cluster.launchable()
        before = self._slots[0]
        self._slots = [slots(nodes, asked, self._cells, launchable) for asked in self._asking]
        self._takes = [takes(nodes, asked, launchable) for asked in self._asking]
        self._beside = max(1, beside(nodes, self._resources))
        self.memory_mib = largest_memory(nodes, self._resources)
        cpus, gpus = (sum(node.get(name, 0.0) for node in nodes) for name in ("CPU", "GPU"))
        room = self._slots[0]
        if before == 0:
            yield events.ClusterReady(room, cpus, gpus, self._address)
        elif room != before:
            there = f"{cpus:g} CPUs and {gpus:g} GPUs"
            yield events.Notice(f"the cluster has {there} now: {room} cells at once")

    def _meet(
        self, ready: Mapping[CellKind, int], flights: Collection[Flight], now: float
    ) -> Iterator[events.Event]:
        if self._share is None:
            return
        self._met = now
        wanted = [0] * len(self._slots)
        for kind, count in ready.items():
            wanted[self._place(kind)] += count
        for flight in flights:
            wanted[self._place(flight.cell.kind)] += 1
        parts = [
            Part(min(count, room), room, takes)
            for count, room, takes in zip(wanted, self._slots, self._takes, strict=True)
        ]
        told = self._share.meet(parts, now)
        if told is not None:
            yield events.Notice(told)

    def _most(self, place: int) -> int:
        most = self._slots[place]
        if place and self._for_gpus:
            most = min(most, self._beside)
        bound = self._share.bound(place) if self._share is not None else None
        return most if bound is None else min(bound, most)

    def _place(self, kind: CellKind) -> int:
        return 0 if len(self._slots) == 1 or gpus(self._resources, kind) > 0 else 1
