"""When training has come to a plateau, by one rule for every method."""

from __future__ import annotations

from collections.abc import Sequence


def plateau(scores: Sequence[float], patience: int, min_gain: float) -> int | None:
    """Number of scores, counted from 1, at which a plateau is found; None where there is none.

    A score gains where it is above the last one that gained by more than ``min_gain``; the first one gains. A
    plateau is found once ``patience`` scores in a row gain nothing.
    """
    best, waited = float("-inf"), 0
    for number, score in enumerate(scores, start=1):
        if score > best + min_gain:
            best, waited = score, 0
            continue
        waited += 1
        if waited == patience:
            return number
    return None


def annealing(images: int, begins: int, ends: int) -> float:
    """How far rates have fallen, in 0..1, after ``images``, if they fall from ``begins`` to ``ends``."""
    return max(0, images - begins) / (ends - begins)
