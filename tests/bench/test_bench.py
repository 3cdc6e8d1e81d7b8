"""Every benchmark runs, and says what it measured in the agreed words."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner

import bench
from bench import figures
from bench.__main__ import bench as command
from bench.case import Case, Report, Work
from bench.measure import KEYS, Row, measure
from bench.page import renew
from bench.picture import picture
from bench.table import cells, ratio, seconds
from bench.timing import CLOCKS, Paired, in_turn

ROW = Row(
    case="a case",
    peer="somebody 1.0",
    peer_s=2.0,
    ours_s=0.5,
    ratio=4.0,
    ratio_min=3.5,
    ratio_max=4.5,
    peer_mib=20.0,
    ours_mib=10.0,
    ours_min=0.4,
    ours_max=0.6,
    floor_s=0.1,
    target=3.0,
    note="within 1e-9",
)
ALONE = replace(ROW, peer=None, peer_s=None, ratio=None, ratio_min=None, ratio_max=None, peer_mib=None)


OTHERS = {
    "engine": ("cells", "ms_per_cell", "start_s", "driver_growth_mib", "resume_s"),
    "cluster": ("cells", "gpus", "busy", "busy_once_full", "full_s", "remained_s"),
    "ddp": ("alone_s", "speedup", "efficiency", "difference"),
}


def names() -> list[object]:
    """All benchmarks; two of them start clusters."""
    slow = ("engine", "cluster")
    return [pytest.param(name, marks=pytest.mark.slow if name in slow else ()) for name in bench.BENCHMARKS]


@pytest.mark.filterwarnings("ignore")  # the peers' own
@pytest.mark.parametrize("name", names())
def test_every_benchmark_prints_one_list_with_exactly_these_keys(name: str, tmp_path: Path) -> None:
    if name == "similarity" and find_spec("anatome") is None:
        pytest.skip("its peer comes with the extra `bench`")
    drawn = tmp_path / "bench.svg"
    arguments = [name, "--quick", "--json", "--no-memory", "--picture", str(drawn)]
    done = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    rows = json.loads(done.stdout)
    assert rows
    for row in rows:
        assert tuple(row) == KEYS + OTHERS.get(name, ())
        assert row["ours_s"] > 0
        assert (row["ratio"] is None) == (row["peer_s"] is None)
    assert drawn.read_text().startswith("<svg")


def test_the_two_are_timed_in_turn_and_who_is_first_changes() -> None:
    order: list[str] = []

    def slow(who: str) -> None:
        order.append(who)
        sum(range(2_000_000))  # longer than what is repeated within a timing

    paired = in_turn(lambda: slow("ours"), lambda: slow("peer"), seconds=0.01)
    assert len(paired.ours) == len(paired.peer) == 3
    rounds = order[-6:]
    assert rounds == ["ours", "peer", "peer", "ours", "ours", "peer"]


def test_ratios_are_of_the_same_round() -> None:
    assert Paired(ours=(1.0, 2.0), peer=(3.0, 8.0)).ratios == (3.0, 4.0)
    assert Paired(ours=(1.0,), peer=()).ratios == ()


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(4.6, 5.0, "faster"), (3.0, 3.4, "SLOWER"), (3.0, 3.6, "as before"), (4.4, 9.0, "as before")],
)
def test_a_change_counts_where_the_ranges_are_apart(low: float, high: float, said: str) -> None:
    kept = figures.Kept({"cores": "2"}, (ROW,))
    new = replace(ROW, ratio=(low + high) / 2, ratio_min=low, ratio_max=high)
    assert figures.since(new, {"cores": "64"}, kept).startswith(said)


def test_without_a_peer_seconds_compare_on_one_machine_only() -> None:
    kept = figures.Kept({"cores": "2"}, (ALONE,))
    slower = replace(ALONE, ours_s=0.9, ours_min=0.8, ours_max=1.0)
    assert figures.since(slower, {"cores": "2"}, kept) == "SLOWER (was 0.5 s)"
    assert figures.since(slower, {"cores": "4"}, kept) == "other machine"
    assert figures.since(ROW, {"cores": "2"}, kept) == "no peer in both"
    assert figures.since(ROW, {"cores": "2"}, None) == "new"
    assert figures.since(replace(ROW, case="another"), {"cores": "2"}, kept) == "new"


def test_figures_are_kept_and_read_back_and_others_stay(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    one, other = figures.Kept({"cores": "2"}, (ROW,)), figures.Kept({"cores": "4"}, (ALONE,))
    figures.write({"heads": one}, file)
    figures.write({"board": other}, file)
    assert figures.read(file) == {"heads": one, "board": other}
    assert figures.read(tmp_path / "none.json") == {}


def test_a_missed_target_and_a_missing_peer_are_shown() -> None:
    assert ratio(ROW) == "4× (3.5–4.5)"
    assert ratio(replace(ROW, target=5.0)).endswith("below target")
    assert cells(ROW)[-2:] == ("20 → 10", "5.0×")
    assert cells(ALONE)[1:5] == ("–", "–", "500 ms", "–")
    assert [seconds(value) for value in (12.3456, 0.012, 3e-6)] == ["12.3 s", "12 ms", "3 µs"]


def test_the_picture_shows_each_ratio_once() -> None:
    drawn = picture({"heads": [ROW, replace(ROW, case="<b>", ratio=1.0)], "board": [ALONE]})
    assert drawn.count("<circle") == 2
    assert "heads: &lt;b&gt;" in drawn
    assert picture({"board": [ALONE]}).count("<circle") == 0


def test_the_page_gets_the_kept_figures(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text("Before.\n<!-- figures -->\nold\n<!-- end of figures -->\nAfter.\n")
    renew({"heads": figures.Kept({"cores": "2"}, (ROW,))}, tmp_path)
    text = page.read_text()
    assert "| a case | somebody 1.0 |" in text
    assert "*cores 2*" in text
    assert "old" not in text
    assert text.startswith("Before.")
    assert text.endswith("After.\n")
    page.write_text("nothing")
    with pytest.raises(ValueError, match="no place for figures"):
        renew({}, tmp_path)


def test_the_documentation_shows_what_is_kept() -> None:
    docs = Path(bench.__file__).parents[1] / "docs"
    text = (docs / "performance.md").read_text()
    for kept in figures.read().values():
        for row in kept.rows:
            assert " | ".join(cells(row)) in text


def test_a_job_that_times_itself_is_called_once_and_its_figures_are_shown() -> None:
    calls: list[int] = []

    def prepare() -> Work:
        return Work(lambda: calls.append(1), report=lambda _: Report(2.5, {"cells": 4}))

    row = measure(
        "none", 0, Case("a sweep", prepare), seconds=9.0, clock=CLOCKS["cpu"], memory=True, quick=False
    )
    assert calls == [1]
    assert (row.ours_s, row.ours_mib, row.note) == (2.5, None, "cells 4")
    assert row.told() == {**dict.fromkeys(KEYS), "case": "a sweep", "ours_s": 2.5, "cells": 4}


def test_cells_come_in_pairs() -> None:
    done = CliRunner().invoke(command, ["engine", "--cells", "7"])
    assert done.exit_code == 2
    assert "--cells 7" in done.output and "even number" in done.output


def test_quick_figures_are_never_kept() -> None:
    done = CliRunner().invoke(command, ["heads", "--quick", "--keep"])
    assert done.exit_code == 2
    assert "measures nothing that could be kept" in done.output


@pytest.mark.slow
def test_memory_is_that_of_one_call() -> None:
    from bench.memory import peak_of

    peak = peak_of("collapse", 1, "ours", True)
    assert peak is None or 0 <= peak < 50
