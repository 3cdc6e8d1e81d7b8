"""How busy GPUs were, from when cells started and ended."""

from __future__ import annotations

import pytest

from bench.cluster import Span, busy, summarize


def _spans(*spans: tuple[float, float]) -> list[Span]:
    return [Span("train", start, end) for start, end in spans]


def test_gpus_that_always_work_are_busy() -> None:
    assert busy(_spans((0, 5), (5, 10), (0, 10)), gpus=2, since=0, until=10) == 1.0


def test_what_lies_outside_does_not_count() -> None:
    assert busy(_spans((-5, 2), (8, 20)), gpus=1, since=0, until=10) == pytest.approx(0.4)


def test_cells_remain_until_the_last_training_starts() -> None:
    # One GPU works from 0 to 6 and from 8 to 18, the other from 4 to 10.
    spans = [*_spans((0, 6), (4, 10), (8, 18)), Span("evaluate", 18, 19)]
    told = summarize(spans, gpus=2)
    assert told == {
        "busy": pytest.approx(10 / 16),
        "busy_once_full": pytest.approx(6 / 8),
        "full_s": 4,
        "remained_s": 8,
    }
