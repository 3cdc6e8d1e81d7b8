"""What is foretold of a sweep's cost, from what finished cells took."""

from __future__ import annotations

from suite.submission.forecast import Forecast, forecast

CELLS = [
    *((f"t{i}", "train", "glyphs") for i in range(4)),
    *((f"e{i}", "evaluate", "glyphs") for i in range(4)),
    ("tx", "train", "emoji"),
]


def test_pending_cells_take_what_others_of_their_kind_and_benchmark_took() -> None:
    done = {"t0": 10.0, "t1": 30.0, "t2": 20.0, "e0": 2.0}
    assert forecast(done, CELLS, 5) == Forecast(4, 5, 20.0 + 3 * 2.0 + 20.0)


def test_without_any_measured_there_is_no_guess() -> None:
    assert forecast({}, CELLS, 9) == Forecast(0, 9, None)
    assert forecast({"t0": 1.0}, CELLS, 8).seconds is None  # no evaluation was measured


def test_with_all_cached_it_takes_no_time() -> None:
    assert forecast({key: 1.0 for key, _, _ in CELLS}, CELLS, 0) == Forecast(9, 0, 0.0)
