from __future__ import annotations

import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from leaderboard.records import BenchmarkIdentity, MethodIdentity
from suite.config import Tracking
from suite.engine import tracking
from suite.engine.cells import Shape, train_cell
from suite.methods import Budget

METHOD = MethodIdentity(name="maml", version="1", source_hash="a", arguments={"width": 8}, label="maml")
CELL = train_cell(
    METHOD, BenchmarkIdentity(name="glyphs", options={}, digest="b"), Shape(5, 1, 3), Budget(), seed=0
)


class FakeRun:
    """A W&B run that remembers, and breaks where it is told to."""

    def __init__(self, broken: str, folder: Path) -> None:
        self.broken, self.dir = broken, str(folder / "files")
        self.logged: list[dict[str, float]] = []
        self.summary: dict[str, Any] = {}
        self.finished: list[int] = []

    def define_metric(self, name: str, step_metric: str) -> None:
        assert name.endswith("/*") and step_metric in ("images", "episode")

    def log(self, values: dict[str, float]) -> None:
        if self.broken == "log":
            raise ConnectionError("the service went away\nand more")
        self.logged.append(values)

    def finish(self, exit_code: int = 0) -> None:
        if self.broken == "finish":
            time.sleep(30)
        self.finished.append(exit_code)


class FakeWandb:
    """As much of the wandb module as the engine calls."""

    Settings = SimpleNamespace

    def __init__(self, root: Path, key: bool = False, broken: str = "") -> None:
        self.root, self.key, self.broken = root, key, broken
        self.opened: list[dict[str, Any]] = []
        self.run: FakeRun | None = None

    def login(self, **options: Any) -> bool:
        if self.broken == "login":
            raise OSError("no home")
        return self.key

    def init(self, **options: Any) -> FakeRun:
        self.opened.append(options)
        if self.broken == "online" and options["mode"] == "online":
            raise TimeoutError("no route")
        if self.broken == "init":
            raise OSError("disk full")
        self.run = FakeRun(self.broken, self.root / "wandb" / "run-1")
        return self.run


def opened(
    monkeypatch: pytest.MonkeyPatch, root: Path, mode: str, **world: Any
) -> tuple[FakeWandb, tracking.Run]:
    fake = FakeWandb(root, **world)
    monkeypatch.setitem(sys.modules, "wandb", fake)  # type: ignore[arg-type]
    return fake, tracking.start(Tracking(mode), CELL, "sweep", 2, root)


@pytest.mark.parametrize(
    ("mode", "key", "expected"),
    [
        ("auto", False, "offline"),
        ("auto", True, "online"),
        ("offline", True, "offline"),
        ("online", False, "online"),
    ],
)
def test_online_only_with_a_key_or_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mode: str, key: bool, expected: str
) -> None:
    fake, run = opened(monkeypatch, tmp_path, mode, key=key)
    [options] = fake.opened
    assert (options["mode"], run.problem, run.folder) == (expected, None, "wandb/run-1")


def test_a_run_is_named_after_its_cell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake, _ = opened(monkeypatch, tmp_path, "offline")
    [options] = fake.opened
    assert options["id"] == f"{CELL.key}-2"
    assert (options["group"], options["job_type"], options["tags"]) == (
        "sweep",
        "train",
        ["maml", "glyphs", "sweep"],
    )
    told = {"key": CELL.key, "kind": "train", "method": "maml", "parents": []}
    assert options["config"] == {**CELL.spec, "cell": told} and options["dir"] == str(tmp_path)


def test_disabled_imports_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake, run = opened(monkeypatch, tmp_path, "disabled")
    run.log({"images": 1.0})
    run.finish({})
    assert (fake.opened, run.problem) == ([], None)


def test_a_missing_package_is_told_and_harmless(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    run = tracking.start(Tracking("auto"), CELL, "sweep", 1, tmp_path)
    run.log({"images": 1.0})
    run.finish({})
    assert run.problem and run.problem.startswith("W&B is not installed: ")


def test_without_a_route_a_run_is_kept_offline_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake, run = opened(monkeypatch, tmp_path, "auto", key=True, broken="online")
    assert [options["mode"] for options in fake.opened] == ["online", "offline"]
    assert run.problem == "W&B could not go online, and keeps its runs offline: no route"
    run.log({"images": 1.0})
    run.finish({"parameters": 5})
    assert fake.run and (fake.run.logged, fake.run.summary) == ([{"images": 1.0}], {"parameters": 5})
    assert fake.run.finished == [0]


@pytest.mark.parametrize(("broken", "said"), [("init", "could not start: disk full"), ("login", "no home")])
def test_a_run_that_cannot_begin_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, broken: str, said: str
) -> None:
    _, run = opened(monkeypatch, tmp_path, "auto", broken=broken)
    run.log({"images": 1.0})
    run.finish({})
    assert run.problem and said in run.problem


def test_after_an_error_nothing_more_is_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake, run = opened(monkeypatch, tmp_path, "offline", broken="log")
    for _ in range(3):
        run.log({"images": 1.0})
    run.finish({"parameters": 5})
    assert run.problem == "W&B could not log: the service went away"
    assert fake.run and not fake.run.finished


def test_closing_a_run_takes_bounded_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tracking, "_FINISH_SECONDS", 0.2)
    _, run = opened(monkeypatch, tmp_path, "offline", broken="finish")
    began = time.monotonic()
    run.finish({})
    assert time.monotonic() - began < 20
    assert run.problem == "W&B could not finish: no answer within 0.2 s"


def test_a_failed_cell_closes_its_run_as_failed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake, run = opened(monkeypatch, tmp_path, "offline")
    run.fail()
    assert fake.run and fake.run.finished == [1]


def test_few_points_of_many_are_drawn() -> None:
    assert (tracking.thinned(60), tracking.thinned(100), tracking.thinned(4_000)) == (1, 1, 40)
