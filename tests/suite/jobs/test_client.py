"""Jobs of a sweep, on a server that is made up: what is submitted, heard, and told of how it ended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from suite.engine import events
from suite.engine.wire import encode
from suite.jobs import JobError, Jobs, Request

TICK = encode(events.Tick(1, 2, 0, 0, 1, 3.0, None))
REQUEST = Request("demo", ("sweep", "demo"), Path("/tree"))


@dataclass
class Info:
    submission_id: str
    metadata: dict[str, str]
    status: str = "RUNNING"
    start_time: int = 0
    driver_exit_code: int | None = None
    message: str = ""


@dataclass
class Server:
    """``streams``: what each connection says before it ends; an exception in it is raised there."""

    streams: list[list[str | Exception]] = field(default_factory=list)
    jobs: dict[str, Info] = field(default_factory=dict)
    ends: dict[str, Any] = field(default_factory=lambda: {"status": "SUCCEEDED"})

    def submit_job(self, *, submission_id: str, metadata: dict[str, str], **asked: Any) -> str:
        if submission_id in self.jobs:
            raise RuntimeError("already used")
        self.jobs[submission_id] = Info(submission_id, metadata, start_time=1000 * (len(self.jobs) + 1))
        return submission_id

    def list_jobs(self) -> list[Info]:
        return list(self.jobs.values())

    def get_job_info(self, job_id: str) -> Info:
        return self.jobs[job_id]

    def stop_job(self, job_id: str) -> bool:
        self.jobs[job_id].status = "STOPPED"
        return True

    async def tail_job_logs(self, job_id: str) -> AsyncIterator[str]:
        for said in self.streams.pop(0) if self.streams else []:
            if isinstance(said, Exception):
                raise said
            yield said
        if not self.streams:
            for name, value in self.ends.items():
                setattr(self.jobs[job_id], name, value)


@dataclass
class Ear:
    events: list[events.Event] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


def follow(server: Server) -> tuple[int, Ear]:
    jobs = Jobs(server, "http://head:8265", sleep=lambda _: None)
    ear = Ear()
    return jobs.follow(jobs.start(REQUEST), ear.events.append, ear.lines.append), ear


def test_events_and_text_are_told_apart_whatever_the_chunks() -> None:
    text = f"hello\n{TICK}\nthe ranking"
    code, ear = follow(Server([[text[:9], text[9:30], text[30:]]]))
    assert (code, ear.lines) == (0, ["hello", "the ranking"])
    assert ear.events == [events.Tick(1, 2, 0, 0, 1, 3.0, None)]


def test_nothing_is_told_twice_after_a_broken_connection() -> None:
    first: list[str | Exception] = [f"one\n{TICK}\n", "two\nthr", RuntimeError("connection lost")]
    code, ear = follow(Server([first, [f"one\n{TICK}\ntwo\nthree\n"]]))
    assert (code, ear.lines, len(ear.events)) == (0, ["one", "two", "three"], 1)


@pytest.mark.parametrize(
    ("ends", "code"),
    [
        ({"status": "SUCCEEDED", "driver_exit_code": 0}, 0),
        ({"status": "FAILED", "driver_exit_code": 1}, 1),
        ({"status": "FAILED", "driver_exit_code": 2}, 2),
        ({"status": "STOPPED"}, 130),
    ],
)
def test_the_exit_code_is_the_jobs(ends: dict[str, Any], code: int) -> None:
    assert follow(Server([["word\n"]], ends=ends))[0] == code


def test_a_job_that_never_ran_says_why() -> None:
    server = Server(ends={"status": "FAILED", "message": "working_dir is too large\nand more"})
    with pytest.raises(JobError, match=r"did not run: working_dir is too large$"):
        follow(server)


def test_a_server_that_stays_away_is_given_up_on() -> None:
    class Gone(Server):
        def get_job_info(self, job_id: str) -> Info:
            if self.streams:
                return super().get_job_info(job_id)
            raise RuntimeError("no route to host")

    server = Gone([[]])
    jobs = Jobs(server, "http://head:8265", sleep=lambda _: None)
    job = jobs.start(REQUEST)
    with pytest.raises(JobError, match="league runs watch demo --on http://head:8265"):
        jobs.follow(job, print, print)


def test_a_sweep_that_is_under_way_is_not_started_twice() -> None:
    server = Server()
    jobs = Jobs(server, "http://head:8265")
    first = jobs.start(REQUEST)
    assert jobs.start(REQUEST) == first
    server.jobs[first.id].status = "FAILED"
    second = jobs.start(REQUEST)
    assert (first.id, second.id) == ("league-demo-1", "league-demo-2")
    assert jobs.latest("demo") == second


def test_a_head_that_has_just_begun_is_asked_again() -> None:
    class Young(Server):
        refusals = 3

        def submit_job(self, **asked: Any) -> str:
            self.refusals -= 1
            if self.refusals >= 0:
                raise RuntimeError("status code 500: No available agent to submit job")
            return super().submit_job(**asked)

    assert Jobs(Young(), "http://head:8265", sleep=lambda _: None).start(REQUEST).id == "league-demo-1"


def test_what_the_server_refuses_is_told() -> None:
    class Full(Server):
        def submit_job(self, **asked: Any) -> str:
            raise RuntimeError("package is too large\nand more")

    with pytest.raises(JobError, match=r"did not take the job: package is too large$"):
        Jobs(Full(), "http://head:8265").start(REQUEST)


def test_stopping_waits_for_the_end() -> None:
    jobs = Jobs(Server(), "http://head:8265")
    assert jobs.stop(jobs.start(REQUEST)).status == "STOPPED"


def test_an_unknown_sweep_is_answered_with_the_nearest() -> None:
    jobs = Jobs(Server(), "http://head:8265")
    with pytest.raises(JobError, match="no job of the league"):
        jobs.latest("demo")
    jobs.start(REQUEST)
    with pytest.raises(JobError, match="nearest: demo"):
        jobs.latest("demos")
