"""Sweeps that are sent to a cluster elsewhere, watched and stopped, by verbs of ``league``."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from suite import jobs as jobs_package
from suite.engine import events
from suite.jobs import Job, JobError, Request

HEAD = "http://head:8265"
STORE = "s3://bucket/store"


@dataclass
class Jobs:
    """A cluster that is made up: what it was asked, and what it says."""

    known: list[Job] = field(default_factory=list)
    sent: list[Request] = field(default_factory=list)
    code: int = 0
    interrupted: bool = False
    said: list[str] = field(default_factory=lambda: ["1  maml  91.2"])

    def of(self, sweep: str) -> list[Job]:
        return self.known

    def latest(self, sweep: str) -> Job:
        if not self.known:
            raise JobError(f"{HEAD} knows no job of a sweep {sweep!r}; it has no job of the league")
        return self.known[-1]

    def start(self, request: Request) -> Job:
        if not self.known:
            self.sent.append(request)
            self.known.append(Job("league-demo-1", request.sweep, "RUNNING", 0.0))
        return self.known[-1]

    def stop(self, job: Job) -> Job:
        return Job(job.id, job.sweep, "STOPPED", job.started)

    def follow(self, job: Job, on_event: Callable[[Any], None], on_text: Callable[[str], None]) -> int:
        on_event(events.Notice("a host has joined"))
        for line in self.said:
            on_text(line)
        if self.interrupted:
            raise KeyboardInterrupt
        return self.code


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Jobs:
    jobs = Jobs()
    monkeypatch.setattr(jobs_package, "connect", lambda address: jobs)
    return jobs


def test_a_sweep_is_sent_and_shown_as_if_it_ran_here(call, cluster: Jobs) -> None:
    result = call("sweep", "demo", "seeds=[3]", "--retry", "--on", HEAD, "--store", STORE)
    assert result.exit_code == 0
    assert cluster.sent[0].command == ("sweep", "demo", "seeds=[3]", "--store", STORE, "--retry")
    assert result.stdout == "1  maml  91.2\n"
    assert "submitted league-demo-1" in result.stderr and "a host has joined" in result.stderr


@pytest.mark.parametrize("code", [1, 2, 130])
def test_the_exit_code_is_the_jobs(call, cluster: Jobs, code: int) -> None:
    cluster.code = code
    assert call("sweep", "demo", "--on", HEAD, "--store", STORE).exit_code == code


def test_a_sweep_that_is_left_says_how_to_come_back(call, cluster: Jobs) -> None:
    result = call("sweep", "demo", "--on", HEAD, "--store", STORE, "--detach")
    assert result.exit_code == 0 and result.stdout == ""
    assert f"league runs watch demo --on {HEAD}" in result.stderr


def test_ctrl_c_leaves_the_job_to_itself(call, cluster: Jobs) -> None:
    cluster.interrupted = True
    result = call("sweep", "demo", "--on", HEAD, "--store", STORE)
    assert result.exit_code == 130
    assert "league-demo-1 goes on without you" in result.stderr
    assert f"league runs stop demo --on {HEAD}" in result.stderr


def test_one_that_is_under_way_is_watched(call, cluster: Jobs) -> None:
    cluster.known.append(Job("league-demo-7", "demo", "RUNNING", 0.0))
    result = call("sweep", "demo", "--on", HEAD, "--store", STORE)
    assert "league-demo-7 is under way there already" in result.stderr and not cluster.sent


def test_bad_input_is_told_before_anything_is_sent(call, cluster: Jobs) -> None:
    assert call("sweep", "demo", "sedes=[3]", "--on", HEAD, "--store", STORE).exit_code == 2
    assert not cluster.sent


def test_a_store_of_this_machine_is_refused(call, cluster: Jobs) -> None:
    result = call("sweep", "demo", "--on", HEAD)
    assert result.exit_code == 2 and "store=league-store is a folder on this machine" in result.stderr
    assert not cluster.sent


def test_a_dry_run_asks_no_cluster(call, cluster: Jobs) -> None:
    assert call("sweep", "demo", "--on", HEAD, "--dry-run").exit_code == 0
    assert not cluster.sent


def test_a_watched_sweep_ends_as_its_job_does(call, cluster: Jobs) -> None:
    cluster.known.append(Job("league-demo-1", "demo", "RUNNING", 0.0))
    cluster.code = 1
    result = call("runs", "watch", "demo", "--on", HEAD)
    assert (result.exit_code, result.stdout) == (1, "1  maml  91.2\n")


def test_a_sweep_is_stopped(call, cluster: Jobs) -> None:
    assert call("runs", "stop", "demo", "--on", HEAD).exit_code == 1
    cluster.known.append(Job("league-demo-1", "demo", "RUNNING", 0.0))
    assert "league-demo-1: stopped." in call("runs", "stop", "demo", "--on", HEAD).stdout
    cluster.known[:] = [Job("league-demo-1", "demo", "FAILED", 0.0)]
    assert "has ended before (failed)" in call("runs", "stop", "demo", "--on", HEAD).stdout


def test_watching_needs_a_job_server(call, cluster: Jobs) -> None:
    result = call("runs", "watch", "demo", "--on", "auto")
    assert result.exit_code == 2 and "--on auto is not the address of a job server" in result.stderr


@pytest.mark.parametrize("words", [("sweep", "demo", "--store", STORE), ("runs", "watch", "demo")])
def test_of_a_job_a_program_reads_lines_of_json_alone(call, cluster: Jobs, words: tuple[str, ...]) -> None:
    cluster.known.append(Job("league-demo-1", "demo", "RUNNING", 0.0))
    cluster.said = ["1  maml  91.2", '{"event": "Result", "version": 1, "report": {}}']
    result = call(*words, "--on", HEAD, "--json")
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert told == [
        {"event": "Notice", "version": 1, "text": "a host has joined"},
        {"event": "Result", "version": 1, "report": {}},
    ]
    assert "1  maml  91.2" in result.stderr


ERRANDS = [
    ("measure", "class_separation", "pretrain"),
    ("measure", "similarity", "maml", "--episodes", "20"),
    ("measure", "diversity", "glyphs", "--tasks", "5"),
    ("paper", "run", "diversity", "--seeds", "0"),
]


@pytest.mark.parametrize("words", ERRANDS, ids=lambda words: "-".join(words[:2]))
def test_a_measurement_or_a_paper_is_sent_too(call, cluster: Jobs, words: tuple[str, ...]) -> None:
    result = call(*words, "--on", HEAD, "--store", STORE, "--retry")
    assert (result.exit_code, result.stdout) == (0, "1  maml  91.2\n")
    request = cluster.sent[0]
    assert request.command == (*words, "--store", STORE, "--retry")
    assert request.sweep == "-".join(words).replace("---", "-")


def test_what_is_sent_with_json_ends_in_json_alone(call, cluster: Jobs) -> None:
    cluster.said = ["a host is asked for", '{"event": "Result", "version": 1, "papers": []}']
    result = call("paper", "run", "diversity", "--json", "--on", HEAD, "--store", STORE)
    assert json.loads(result.stdout) == {"papers": []}
    assert "a host is asked for" in result.stderr


def test_a_measurement_can_be_left(call, cluster: Jobs) -> None:
    result = call("measure", "cka", "pretrain emoji", "--on", HEAD, "--store", STORE, "--detach")
    assert (
        result.exit_code == 0 and f"league runs watch measure-cka-pretrain-emoji --on {HEAD}" in result.stderr
    )


def test_names_of_jobs_stay_short_and_apart() -> None:
    from suite.cli.job import job_name

    one, other = job_name(["measure", "x" * 80, "a"]), job_name(["measure", "x" * 80, "b"])
    assert len(one) == len(other) == 59 and one != other
