"""``league measure diversity``: side by side, nothing measured twice, and bad input in a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tasks
from leaderboard.records import BenchmarkIdentity
from suite.config import DiversityConfig, ProbeConfig, Tracking
from suite.engine.body import Job, execute
from suite.engine.diversity import diversity_cell, rulers

SMALL = ("--tasks", 4, "--way", 3, "--shot", 1, "--query", 2, "--probe", "{mlp: {width: 6, size: 8}}")
TWO = ("latent", "domains=1", "latent", "domains=2")


Fill = Callable[..., Path]


@pytest.fixture
def fill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fill:
    """``fill({"domains": 1}, …)``: a store in which such ``latent`` are measured, as SMALL says."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    store, reports = tmp_path / "store", tmp_path / "store" / "driver" / "cells"
    reports.mkdir(parents=True)

    def measure(*options: dict[str, Any], widths: tuple[int, ...] = (6,)) -> Path:
        probes = tuple(ProbeConfig("mlp", {"width": width, "size": 8}) for width in widths)
        for ruler in rulers(DiversityConfig(probes, tasks=4, way=3, shot=1, query=2)):
            for given in options:
                latent = tasks.load("latent", **given)
                identity = BenchmarkIdentity(
                    name="latent", options=dict(latent.options), digest=latent.digest
                )
                cell = diversity_cell(identity, latent, ruler)
                job = Job(
                    cell, "s", str(store), str(reports), (), 1, "t", 1, 0, 10**6, 60, Tracking("disabled")
                )
                assert execute(job).fault is None
        return store

    return measure


def test_benchmarks_stand_side_by_side(call, fill: Fill, tmp_path: Path) -> None:
    store = fill({"domains": 1}, {"domains": 2})
    result = call("measure", "diversity", *TWO, *SMALL, "--store", store)
    assert result.exit_code == 0, result.output
    assert (
        "By the probe mlp width=6 size=8: 4 tasks of 3 classes of 1 + 2 images, train split" in result.output
    )
    assert "latent (domains=1)" in result.output and "latent (domains=2)" in result.output
    assert any(verdict in result.output for verdict in ("more diverse", "less diverse", "undecided"))
    assert (store / "board" / "measure-diversity" / "index.html").is_file()


def test_as_json_and_as_a_page(call, fill: Fill, tmp_path: Path) -> None:
    store = fill({"domains": 1}, {"domains": 2})
    words = ("measure", "diversity", *TWO, *SMALL, "--store", store, "--json", "--html", tmp_path / "page")
    told = json.loads(call(*words).stdout)
    [by_probe] = told["probes"]
    assert [found["title"] for found in by_probe["benchmarks"]] == [
        "latent (domains=1)",
        "latent (domains=2)",
    ]
    [compared] = by_probe["differences"]
    one, other = (found["mean"] for found in by_probe["benchmarks"])
    assert compared["estimate"] == one - other
    assert compared["interval"][0] <= compared["estimate"] <= compared["interval"][1]
    page = (tmp_path / "page" / "index.html").read_text()
    assert told["page"] == (tmp_path / "page" / "index.html").as_uri()
    assert page.count('<svg class="heat"') == page.count('<svg class="histogram"') == 2


def test_several_probes_are_kept_apart(call, fill: Fill) -> None:
    store = fill({"domains": 1}, widths=(6, 7))
    words = ("measure", "diversity", "latent", "domains=1", *SMALL, "--probe", "{mlp: {width: 7, size: 8}}")
    told = json.loads(call(*words, "--store", store, "--json").stdout)
    probes = [part["benchmarks"][0]["probe"] for part in told["probes"]]
    assert probes == ["mlp width=6 size=8", "mlp width=7 size=8"]
    assert all(part["differences"] == [] for part in told["probes"])


@pytest.mark.slow
def test_where_images_are_few_tasks_are_small_and_nothing_is_measured_twice(call, tmp_path: Path) -> None:
    words = ("measure", "diversity", "emoji", "--tasks", 3, "--probe", "{mlp: {width: 6, size: 8}}")
    result = call(*words, "--store", tmp_path / "store")
    assert result.exit_code == 0, result.output
    assert "tasks are of 1 + 3 instead" in result.output
    assert "emoji has no floor: its classes have no more images than a task takes." in result.output
    assert "1 computed" in result.output
    assert "0 computed" in call(*words, "--store", tmp_path / "store").output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("glyhps",), "nearest: glyphs"),
        (("domains=2", "latent"), "domains=2 stands before any benchmark; write BENCHMARK domains=2"),
        (("latent", "domians=2"), "domains"),
        (("latent", "a.b=2"), "a.b is not an option; options have no dots, but for resources.KEY"),
        (("latent", "resources.cpu=2"), "resources.cpu is not a setting; nearest"),
        (("latent", "--probe", "conv5"), "no probe is called 'conv5'; nearest: conv4"),
        (("latent", "--probe", "{conv4: {widht: 3}}"), "no option 'widht'; nearest: width"),
        (("latent", "--probe", "[conv4"), "is not a YAML value"),
        (("latent", "--shot", 50, "--query", 50), "with at least 100 images"),
        (("latent", "--way", 500), "500-way episodes need 500"),
        (("latent", "--tasks", 2), "2 is not in the range x>=3"),
        (("resources.cpus_per_cell=1",), "no benchmark is named"),
    ],
)
def test_bad_input_is_told_before_anything_runs(call, tmp_path: Path, words, said: str) -> None:
    result = call("measure", "diversity", *words, "--store", tmp_path / "store")
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())
    assert "Traceback" not in result.output
    assert not (tmp_path / "store").exists()


def test_help_shows_examples_within_a_terminal(call) -> None:
    output = call("measure", "diversity", "--help").output
    assert "league measure diversity glyphs emoji" in output
    assert max(map(len, output.splitlines())) <= 84
