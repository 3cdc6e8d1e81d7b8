"""What a sweep costs: the CPUs and GPUs that its cells hold, over time, at the prices of the config."""

from __future__ import annotations

from dataclasses import dataclass

from suite.config import Resources

_HOUR = 3_600.0


@dataclass
class Spending:
    """CPU- and GPU-seconds held so far. A cell holds what it asked for from hand-out to return, whatever
    comes of it; hosts that stand idle are not in it.
    """

    resources: Resources
    cpu_seconds: float = 0.0
    gpu_seconds: float = 0.0

    def hold(self, seconds: float, cpus: float, gpus: float) -> None:
        """``cpus`` and ``gpus`` were held for ``seconds``."""
        self.cpu_seconds += seconds * cpus
        self.gpu_seconds += seconds * gpus

    @property
    def known(self) -> bool:
        """Whether there are prices to reckon with."""
        return bool(self.resources.price_per_cpu_hour or self.resources.price_per_gpu_hour)

    @property
    def spent(self) -> float | None:
        """In the unit of the prices; None without any."""
        return self._price(self.cpu_seconds, self.gpu_seconds) if self.known else None

    def to_come(self, cell_seconds: float | None) -> float | None:
        """Of cells that will take ``cell_seconds`` in all, one after the other; None without prices, or
        ground to guess the seconds.
        """
        if cell_seconds is None or not self.known:
            return None
        of_each = self.resources
        return self._price(cell_seconds * of_each.cpus_per_cell, cell_seconds * of_each.gpus_per_cell)

    def _price(self, cpu_seconds: float, gpu_seconds: float) -> float:
        prices = self.resources
        hours = cpu_seconds * prices.price_per_cpu_hour + gpu_seconds * prices.price_per_gpu_hour
        return hours / _HOUR
