"""Word between the drivers of sweeps on one cluster: what each wants of it, and which of them live.

Every driver writes its claim under a name of its own into the key-value store of the cluster's head, and
reads the others'. Claims hold a counter and no time of day, as clocks may differ by an hour: whose counter
stands still is dead. Nothing has to run for that, and what a killed driver leaves is removed by those that
live.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Protocol

from suite.engine.sharing import Claim, Part, portion

BEAT_SECONDS = 2.0
SILENCE_SECONDS = 15.0
# Between two sentences on shares alone; who comes and goes is told at once.
_TOLD_SECONDS = 10.0
_NAMESPACE = "league"
_PREFIX = "sweeps/"


class Board(Protocol):
    """Where claims are pinned."""

    def pin(self, name: str, claim: bytes) -> None:
        """Put a claim up, in place of the one of that name."""
        ...

    def read(self) -> dict[str, bytes]:
        """All claims by name."""
        ...

    def remove(self, name: str) -> None:
        """Take a claim down; nothing where there is none."""
        ...


class RayBoard:
    """The key-value store of the cluster that this process is connected to."""

    def pin(self, name: str, claim: bytes) -> None:
        """As ``Board`` says."""
        from ray.experimental import internal_kv as kv

        kv._internal_kv_put(_PREFIX + name, claim, overwrite=True, namespace=_NAMESPACE)

    def read(self) -> dict[str, bytes]:
        """As ``Board`` says."""
        from ray.experimental import internal_kv as kv

        keys = kv._internal_kv_list(_PREFIX, namespace=_NAMESPACE)
        found = {key: kv._internal_kv_get(key, namespace=_NAMESPACE) for key in keys}
        return {key.decode().removeprefix(_PREFIX): claim for key, claim in found.items() if claim}

    def remove(self, name: str) -> None:
        """As ``Board`` says."""
        from ray.experimental import internal_kv as kv

        kv._internal_kv_del(_PREFIX + name, namespace=_NAMESPACE)


class Share:
    """What a sweep may run of its cells, beside others on the cluster. Times are of its monotonic clock."""

    def __init__(self, weight: float, board: Board) -> None:
        self.name = secrets.token_hex(8)
        self._weight, self._board = weight, board
        self._beat = 0
        self._seen: dict[str, tuple[int, float]] = {}
        self._others = 0
        self._bounds: tuple[int, ...] | None = None
        self._told: tuple[int, int] | None = None
        self._told_at = 0.0

    def bound(self, place: int) -> int | None:
        """How many cells of the ``place``-th part it may run at once; None while it is alone."""
        return self._bounds[place] if self._bounds is not None else None

    def meet(self, parts: Sequence[Part], now: float) -> str | None:
        """Say what this sweep wants, hear what the others do, and share; a sentence where that changed much.

        To be called about every ``BEAT_SECONDS``. While the head does not answer, shares stay as they are.
        """
        own = Claim(self._weight, tuple(parts))
        self._beat += 1
        try:
            self._board.pin(self.name, _written(own, self._beat))
            others = self._living(self._board.read(), now)
        except Exception:  # noqa: BLE001 Ray raises what it likes; whether the cluster lives is seen elsewhere
            return None
        self._others = len(others)
        self._bounds = portion(own, others, self.name) if others else None
        return self._sentence(parts[0].room, now)

    def leave(self) -> None:
        """Leave all to the others."""
        try:
            self._board.remove(self.name)
        except Exception:  # noqa: BLE001 the head is gone: so are the claims, or the others see that it left
            return

    def _living(self, read: Mapping[str, bytes], now: float) -> dict[str, Claim]:
        found: dict[str, Claim] = {}
        heard: dict[str, tuple[int, float]] = {}
        for name, raw in read.items():
            claim = _parsed(raw)
            if name == self.name or claim is None:
                continue
            beat, wants = claim
            last, since = self._seen.get(name, (None, now))
            heard[name] = (beat, now if beat != last else since)
            if now - heard[name][1] < SILENCE_SECONDS:
                found[name] = wants
            else:
                self._board.remove(name)  # one that only slept puts it up again
        self._seen = heard
        return found

    def _sentence(self, room: int, now: float) -> str | None:
        cells = room if self._bounds is None else min(room, self._bounds[0])
        state = (self._others, cells)
        before = self._told or (0, room)
        same_company = state[0] == before[0]
        if state == before or (not self._others and same_company):
            return None
        if same_company and now - self._told_at < _TOLD_SECONDS:
            return None
        self._told, self._told_at = state, now
        if not self._others:
            return f"has the cluster to itself again: {room} cells at once"
        others = "1 other sweep" if self._others == 1 else f"{self._others} other sweeps"
        return f"shares the cluster with {others}: {cells} of {room} cells at once"


def _written(claim: Claim, beat: int) -> bytes:
    return json.dumps({"beat": beat, **asdict(claim)}).encode()


def _parsed(raw: bytes) -> tuple[int, Claim] | None:
    """Beat and claim; None for what another version of the league wrote: with that one cannot share."""
    try:
        values = json.loads(raw)
        parts = tuple(
            Part(int(part["wanted"]), int(part["room"]), {k: float(v) for k, v in part["takes"].items()})
            for part in values["parts"]
        )
        weight, beat = float(values["weight"]), int(values["beat"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    takes = [share for part in parts for share in part.takes.values()]
    if weight <= 0 or not parts or not all(part.takes for part in parts) or min(takes) <= 0:
        return None
    return beat, Claim(weight, parts)
