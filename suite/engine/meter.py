"""What the driver measures of its own sweep, twice a second: how far it is, where, and at what cost."""

from __future__ import annotations

import time
from collections.abc import Collection

from suite.config import Resources
from suite.engine import events, pace
from suite.engine.capacity import gpus
from suite.engine.cluster import Cluster
from suite.engine.flight import Flight
from suite.engine.hosts import Held, Tally
from suite.engine.ledger import Ledger
from suite.engine.outcomes import Outcome
from suite.engine.spending import Spending

# Between looks at which hosts the cluster has, which asks Ray.
_CENSUS_SECONDS = 5.0


class Meter:
    """Of one driver. Its memory grows with the hosts of the cluster, and with nothing else."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._tally, self._spending = Tally(), Spending(resources)
        self._images = 0
        self._began = self._held_until = time.monotonic()
        self._counted: float | None = None

    def land(self, flight: Flight, place: int, outcome: Outcome) -> None:
        """Take in what became of the ``place``-th cell aboard of ``flight``."""
        heard = flight.report.node if flight.report else ""
        self._tally.land(outcome.node or heard, failed=outcome.fault is not None)
        if outcome.fault is None and outcome.seconds:
            self._images += pace.images(flight.aboard[place][0])

    def read(
        self, ledger: Ledger, flights: Collection[Flight], slots: int, cluster: Cluster, now: float
    ) -> tuple[events.HostsTold, events.Tick]:
        """The sweep as it stands, ``flights`` being what runs; ``now`` is of the monotonic clock."""
        if self._counted is None or now - self._counted >= _CENSUS_SECONDS:
            self._counted = now
            self._tally.see(cluster.hosts())
        held = [self._held(flight) for flight in flights]
        for cell in held:
            self._spending.hold(now - self._held_until, cell.cpus, cell.gpus)
        self._held_until = now
        alone = [flight for flight in flights if flight.report and not flight.mates]
        shares = {flight.cell.key: flight.report.share for flight in alone if flight.report}
        ages = {f.cell.key: now - f.since for f in alone if f.report and f.report.phase == "working"}
        under_way = sum(flight.report.images for flight in alone if flight.report)
        spent, to_come = self._spending.spent, self._spending.to_come(ledger.work_left(shares))
        tick = events.Tick(
            done=len(ledger.done),
            total=len(ledger.cells),
            failed=len(ledger.failed),
            blocked=len(ledger.blocked),
            running=len(ledger.running),
            seconds=now - self._began,
            seconds_left=ledger.seconds_left(shares, slots, ages),
            images=self._images + under_way,
            spent=spent,
            spent_at_end=None if spent is None or to_come is None else spent + to_come,
            currency=self._resources.currency,
        )
        return events.HostsTold(self._tally.told(cell for cell in held if cell.node)), tick

    def _held(self, flight: Flight) -> Held:
        report = flight.report
        return Held(
            report.node if report else "",
            self._resources.cpus_per_cell,
            gpus(self._resources, flight.cell.kind),
            report.gpus if report else (),
        )
