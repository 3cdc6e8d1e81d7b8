"""How cells are run and where what they find is kept, whoever asked for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from suite.config import Resources, Tracking


class Terms(Protocol):
    """What the engine asks of whoever wants cells: a ``SweepConfig`` answers, or an ``Errand``."""

    @property
    def name(self) -> str:
        """Under which the cells are listed, grouped and planned."""
        ...

    @property
    def store(self) -> str:
        """Folder or URL."""
        ...

    @property
    def resources(self) -> Resources:
        """Of one cell, and how many run at once."""
        ...

    @property
    def tracking(self) -> Tracking:
        """Whether and where W&B hears of them."""
        ...

    @property
    def isolate(self) -> bool:
        """Whether the suite's own methods run behind walls."""
        ...

    @property
    def trust(self) -> bool:
        """Whether submitted methods run without walls."""
        ...


@dataclass(frozen=True)
class Errand:
    """Cells that no sweep asked for: a measurement, a paper."""

    name: str
    store: str = "league-store"
    resources: Resources = field(default_factory=Resources)
    tracking: Tracking = field(default_factory=Tracking)
    isolate: bool = False
    trust: bool = False
