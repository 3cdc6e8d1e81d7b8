from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.live import Live

from leaderboard.records import BenchmarkIdentity, MethodIdentity
from suite.engine import events
from suite.engine.cells import Cell, Shape, train_cell
from suite.engine.view import Lines, Screen, live_view
from suite.methods import Budget

METHOD = MethodIdentity(name="maml", version="1", source_hash="a", arguments={}, label="maml")
BENCHMARK = BenchmarkIdentity(name="glyphs", options={}, digest="b")


def cell(seed: int) -> Cell:
    return train_cell(METHOD, BENCHMARK, Shape(5, 1, 3), Budget(), seed)


def tick(seconds: float, done: int = 1, left: float | None = 65.0) -> events.Tick:
    return events.Tick(done, 4, 1, 2, 1, seconds, left)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def spoken() -> tuple[list[str], Clock, Lines]:
    lines: list[str] = []
    clock = Clock()
    return lines, clock, Lines(lines.append, clock)


def test_a_line_for_each_finished_cell_with_its_place_and_figure(
    spoken: tuple[list[str], Clock, Lines],
) -> None:
    lines, _, show = spoken
    show(events.SweepPlanned("demo", 4, 1, 0, 0, "store"))
    show(events.ClusterReady(2, 2.0, 0.0, None))
    show(events.CellStarted(cell(0), 1))
    show(events.CellFinished(cell(0), 12.34, 0.567, 1))
    show(events.CellFinished(cell(1), 1.0, None, 1))
    assert lines == [
        "demo: 4 cells, 1 of them in store already",
        "Ray on this machine: 2 CPUs, 2 cells at once",
        "[2/4] train maml · glyphs · seed 0: 56.7% in 12.3 s",
        "[3/4] train maml · glyphs · seed 1: in 1.0 s",
    ]


def test_a_sign_of_life_only_after_a_silence(spoken: tuple[list[str], Clock, Lines]) -> None:
    lines, clock, show = spoken
    for seed in range(3):
        show(events.CellProgress(cell(seed), 0.1 * seed, 10, 0.0))
    for second in range(60):
        clock.now = float(second)
        show(tick(float(second)))
    assert len(lines) == 5
    assert lines[0] == (
        "1 of 4 cells, 1 running, 1 failed, 2 blocked, 0:10 gone, about 1:05 left: "
        "train maml · glyphs · seed 2 20%, train maml · glyphs · seed 1 10%, 1 more"
    )
    clock.now = 60.0
    show(events.CellFinished(cell(0), 1.0, 0.5, 1))
    clock.now = 69.0
    show(tick(69.0))
    assert len(lines) == 6  # the finished cell was a sign of life


def test_what_goes_wrong_is_told(spoken: tuple[list[str], Clock, Lines]) -> None:
    lines, _, show = spoken
    show(events.CellRetried(cell(0), "its worker died", 0.5, False))
    show(events.CellRetried(cell(0), "it ran out of memory", 0.0, True))
    show(events.CellFailed(cell(0), "raised ValueError: no", 2))
    show(events.Notice("W&B is not installed"))
    assert lines == [
        "again in 0.5 s: train maml · glyphs · seed 0: its worker died",
        "again alone, when the others are done: train maml · glyphs · seed 0: it ran out of memory",
        "FAILED train maml · glyphs · seed 0: raised ValueError: no (blocks 2 more)",
        "note: W&B is not installed",
    ]


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        ((3, 1, 0, 0, 4, 61.0, "s", False), "4 cells are in s: 3 computed in 1:01"),
        ((2, 0, 1, 1, 4, 5.0, "s", False), "2 of 4 cells are in s; 1 failed, and 1 build on those"),
        (
            (1, 1, 0, 0, 4, 3_700.0, "s", True),
            "stopped: 2 of 4 cells are kept in s; the same command goes on",
        ),
    ],
)
def test_the_last_line_says_what_is_kept(
    spoken: tuple[list[str], Clock, Lines], ended: tuple[int, int, int, int, int, float, str, bool], said: str
) -> None:
    lines, _, show = spoken
    show(events.SweepEnded(*ended))
    assert lines[0].startswith(said)


def test_without_a_terminal_lines_are_plain_and_whole() -> None:
    out = io.StringIO()
    with live_view(Console(file=out, width=20)) as show:
        show(events.CellFinished(cell(0), 1.0, 0.5, 1))
        show(events.CellFailed(cell(1), "raised [ValueError]: [bold]no[/bold]", 0))
    text = out.getvalue()
    assert "\x1b" not in text
    assert text.splitlines() == [
        "[1/0] train maml · glyphs · seed 0: 50.0% in 1.0 s",
        "FAILED train maml · glyphs · seed 1: raised [ValueError]: [bold]no[/bold]",
    ]


def test_on_a_terminal_running_cells_and_the_whole_are_drawn() -> None:
    out = io.StringIO()
    console = Console(file=out, width=120, force_terminal=True, color_system=None, legacy_windows=False)

    def drawn() -> str:
        live.refresh()
        shown = out.getvalue()
        out.seek(0)
        out.truncate()
        return shown

    with Live(console=console, auto_refresh=False) as live:
        show = Screen(live)
        show(events.SweepPlanned("demo", 4, 0, 0, 0, "store"))
        assert "starting Ray" in drawn()
        for seed in range(20):
            show(events.CellStarted(cell(seed), 1))
        show(events.CellProgress(cell(0), 0.43, 8_600, 1_234.0))
        show(tick(10.0))
        text = drawn()
        for expected in ("maml · glyphs · seed 15", "43%", "1,234 images/s", "and 4 more", "about 1:05 left"):
            assert expected in text
        assert "seed 16" not in text
        show(events.CellFailed(cell(0), "raised ValueError: [no]", 2))
        text = drawn()
        assert "FAILED train maml · glyphs · seed 0: raised ValueError: [no] (blocks 2 more)" in text
        assert "43%" not in drawn()
        show(events.SweepEnded(3, 0, 1, 2, 4, 1.0, "store", False))
        drawn()
        assert "maml" not in drawn()


def test_a_terminal_is_recognised() -> None:
    console = Console(file=io.StringIO(), width=80, force_terminal=True)
    with live_view(console) as show:
        assert isinstance(show, Screen)
