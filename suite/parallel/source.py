"""A source whose batches and meta-batches are handed out to several processes, each its part."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from suite.methods.source import CurvePoint, Source
from suite.parallel.crew import Crew
from tasks import Episode

if TYPE_CHECKING:
    from suite.methods.source import Adapt


@dataclass
class SharedSource(Source):
    """A ``Source`` of ``crew``: every member has one of the same seed, so all draw the same images.

    ``batch`` and ``episodes`` hand a member its part of what they draw; what is spent and counted is the
    whole, in each member alike. A single ``episode`` goes to all. Validation tasks are scored by one member
    each; ``on_validated`` is called in the first one alone.
    """

    crew: Crew = field(default_factory=Crew)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.crew.rank:
            self.on_validated = None

    def batch(self, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """This member's part of the next ``size`` images."""
        images, labels = super().batch(size)
        part = self.crew.hand_out(len(labels))
        return images[part], labels[part]

    def episode(self) -> Episode:
        """The next episode, the same for all members."""
        episode = super().episode()
        self.crew.hand_out_whole()
        return episode

    def episodes(self, count: int) -> list[Episode]:
        """This member's part of the next ``count`` episodes."""
        drawn = super().episodes(count)
        return drawn[self.crew.hand_out(len(drawn))]

    def validate(self, adapt: Adapt) -> float:
        """Mean accuracy, the same in all members, on the validation tasks."""
        with self.crew.apart():
            return super().validate(adapt)

    def _scored(self, adapt: Adapt, tasks: Iterable[Episode]) -> list[float]:
        whole = list(range(len(self._validation)))
        own = super()._scored(adapt, (self._validation[i] for i in whole[self.crew.rank :: self.crew.size]))
        return self.crew.interleaved(own, len(whole))

    def state(self) -> dict[str, Any]:
        """All that ``restore`` needs to go on from here: numbers, strings, lists and tensors."""
        return {
            "images": self.spent.images,
            "backward_passes": self.spent.backward_passes,
            "validation_backward_passes": self.spent.validation_backward_passes,
            "curve": [[point.images, point.accuracy] for point in self.curve],
            "plateau": self.plateau,
            "anneals_from": self._anneals_from,
            "ends": self._ends,
            "validated": self._validated,
            "next_episode": self._next_episode,
            "epoch": torch.from_numpy(self._epoch.copy()),
            "generator": _plain(self._generator.bit_generator.state),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what ``state`` told, in place: who holds ``spent`` or ``curve`` sees them restored."""
        self.spent.images = state["images"]
        self.spent.backward_passes = state["backward_passes"]
        self.spent.validation_backward_passes = state["validation_backward_passes"]
        self.curve[:] = [CurvePoint(images, accuracy) for images, accuracy in state["curve"]]
        self.plateau = state["plateau"]
        self._anneals_from, self._ends = state["anneals_from"], state["ends"]
        self._validated, self._next_episode = state["validated"], state["next_episode"]
        self._epoch = state["epoch"].numpy().copy()
        self._generator.bit_generator.state = _arrays(state["generator"])
        self._report()


def _plain(state: Any) -> Any:
    """A generator's state with lists for arrays, since a checkpoint holds no pickled objects."""
    if isinstance(state, np.ndarray):
        return {"uint64": [int(number) for number in state]}
    if isinstance(state, dict):
        return {key: _plain(value) for key, value in state.items()}
    return state if isinstance(state, str) else int(state)


def _arrays(state: Any) -> Any:
    if not isinstance(state, dict):
        return state
    if set(state) == {"uint64"}:
        return np.array(state["uint64"], dtype=np.uint64)
    return {key: _arrays(value) for key, value in state.items()}
