"""Events add up to a snapshot, hosts to a tally, and both stay small."""

from __future__ import annotations

import io
import json
import sys
import types
from dataclasses import asdict, replace

import pytest
from rich.console import Console

from suite.config import Resources
from suite.engine import events
from suite.engine.drawing import draw
from suite.engine.gpus import GpuUse, gauge
from suite.engine.hosts import Held, Host, Tally
from suite.engine.progress import Report, Reporter, read
from suite.engine.snapshot import Fold, Snapshot
from suite.engine.spending import Spending
from suite.engine.wire import CellWord, Thinned, decode, encode

USE = GpuUse("GPU-1", 0.5, 1024.0, 81_920.0)
HOSTS = (
    Host("a", "gpu-1", 96, 32, 24, 24, 24, 140, 1, 0.8, 24, 1_024_000, 1_966_080),
    Host("b", "gpu-2", 96, 32, 32, 32, 32, 152, 0, 0.9, 32, 1_300_000, 2_621_440),
    Host("c", "cpu-1", 64, 0, 8, 8, 0, 12, 3),
)


def word(number: int) -> CellWord:
    return CellWord(f"{number:064}", "train", f"train maml · glyphs · seed {number}")


def tick(seconds: float, done: int, images: int = 0) -> events.Tick:
    return events.Tick(done, 1_000, 2, 5, 64, seconds, 600.0, images, 12.4, 38.0)


def busy(cells: int = 64) -> Snapshot:
    fold = Fold()
    fold.take(events.SweepPlanned("standard", 1_000, 100, 0, 0, "s3://bucket/league"))
    fold.take(events.ClusterReady(64, 256.0, 64.0, "auto"))
    for number in range(cells):
        fold.take(events.CellProgress(word(number), number / 64, 100, 1_500.0))
    fold.take(events.CellFailed(word(999), "raised ValueError: no", 5))
    fold.take(events.HostsTold(HOSTS))
    for second in range(121):
        fold.take(tick(float(second), 300 + second // 10, 1_000 * second))
    return fold.snapshot()


def test_counts_of_a_snapshot_add_up_and_rates_are_of_the_drivers_clock() -> None:
    found = busy()
    assert (found.done, found.running_cells, found.waiting, found.failed, found.blocked) == (
        312,
        64,
        617,
        2,
        5,
    )
    assert found.cells_a_minute == pytest.approx(6.0)
    assert found.images_per_second == pytest.approx(1_000.0)
    assert (found.gpus, found.gpus_held, found.gpus_measured) == (64, 56, 56)
    assert found.gpus_busy == pytest.approx((0.8 * 24 + 0.9 * 32) / 56)
    assert json.loads(json.dumps(asdict(found)))["failures"][0]["reason"] == "raised ValueError: no"


def test_what_is_not_known_is_none() -> None:
    found = Fold().snapshot()
    assert (found.cells_a_minute, found.gpus_busy, found.spent, found.seconds_left) == (None,) * 4
    assert found.phase == "planning"


def test_a_fold_of_a_long_sweep_is_small() -> None:
    fold = Fold()
    for number in range(10_000):
        fold.take(events.CellStarted(word(number), 1))
        fold.take(tick(float(number), number))
        last = events.CellFailed if number % 2 else None
        fold.take(last(word(number), "no", 0) if last else events.CellFinished(word(number), 1.0, None, 1))
    kept = (fold._running, fold._failures, fold._samples)
    assert [len(each) for each in kept] == [0, 20, 181]


def test_a_long_sweep_is_told_in_few_lines_and_every_finished_cell_in_one() -> None:
    told: list[events.Event] = []
    tell = Thinned(told.append)
    for half_second in range(2 * 36_000):
        for number in range(64) if half_second % 600 == 0 else range(1):
            tell(events.CellProgress(word(number), 0.5, 1, 1.0))
        tell(events.HostsTold(HOSTS))
        tell(tick(half_second / 2, 0))
        if half_second % 100 == 0:
            tell(events.CellFinished(word(half_second), 1.0, None, 1))
    assert sum(isinstance(event, events.CellFinished) for event in told) == 720
    assert 1_000 < sum(isinstance(event, events.Tick) for event in told) < 3_500


def test_hosts_come_back_from_their_line() -> None:
    sent = events.HostsTold(HOSTS)
    assert decode(encode(sent)) == sent


def test_a_gpu_that_cells_share_is_counted_once_and_hosts_that_left_as_a_sum() -> None:
    tally = Tally()
    tally.see([Host("a", "one", 4, 1), Host("b", "two", 4, 0)])
    tally.land("a", failed=False)
    tally.land("b", failed=True)
    first, second = tally.told([Held("a", 1, 0.5, [USE]), Held("a", 1, 0.5, [USE])])
    assert (first.running, first.gpus_held, first.busy, first.measured_gpus) == (2, 1.0, 0.5, 1)
    assert (first.finished, second.failures, second.busy) == (1, 1, None)
    tally.see([Host("a", "one", 4, 1)])
    _, gone = tally.told([])
    assert (gone.name, gone.node, gone.failures) == ("hosts that left", "", 1)


def test_cost_is_what_is_held_at_the_prices_given_and_none_without() -> None:
    spending = Spending(Resources(2, 0.5, price_per_cpu_hour=0.1, price_per_gpu_hour=4))
    spending.hold(1_800.0, 2, 0.5)
    assert spending.spent == pytest.approx(0.5 * (2 * 0.1 + 0.5 * 4))
    assert spending.to_come(3_600.0) == pytest.approx(2 * 0.1 + 0.5 * 4)
    assert spending.to_come(None) is None
    assert Spending(Resources()).spent is None and Spending(Resources()).to_come(1.0) is None


class Nvml(types.ModuleType):
    """NVML of two GPUs, of which the second has no utilisation."""

    class NVMLError(Exception):
        pass

    def nvmlInit(self) -> None:  # noqa: N802
        return

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        if index > 1:
            raise self.NVMLError
        return index

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> object:  # noqa: N802
        return types.SimpleNamespace(used=2**30, total=80 * 2**30)

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> object:  # noqa: N802
        if handle == 1:
            raise self.NVMLError
        return types.SimpleNamespace(gpu=50)

    def nvmlDeviceGetUUID(self, handle: int) -> str:  # noqa: N802
        return "GPU-1"


@pytest.mark.parametrize(
    ("visible", "expected"), [("0,1", (USE,)), ("7", ()), ("", ()), ("none", ()), ("1", ())]
)
def test_gpus_that_a_process_holds_are_measured(
    monkeypatch: pytest.MonkeyPatch, visible: str, expected: tuple[GpuUse, ...]
) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", Nvml("pynvml"))
    assert gauge({"CUDA_VISIBLE_DEVICES": visible})() == expected


def test_word_of_a_cell_carries_its_gpus(tmp_path) -> None:
    report = Report("driver-1", 17, 5.0, "host", node="a")
    Reporter(tmp_path, "k", report, lambda: (USE,))
    assert read(tmp_path, "k") == replace(report, gpus=(USE,))


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("height", [6, 12, 24, 50])
def test_the_picture_fits_its_terminal(width: int, height: int) -> None:
    out = io.StringIO()
    console = Console(file=out, width=width, height=height, force_terminal=True, color_system=None)
    console.print(draw(busy(), width, height))
    lines = out.getvalue().splitlines()
    assert len(lines) <= height and max(map(len, lines)) <= width
    assert "312 of 1,000 cells" in lines[0] and "2 failed" in lines[1]
    if height >= 24:
        assert any(line.startswith("gpu-1") and "24/32" in line and "80%" in line for line in lines)
