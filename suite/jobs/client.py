"""Ray's job server: submit, find, follow and stop the jobs of a sweep. Every wait has an end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from suite.engine import events
from suite.engine.wire import decode
from suite.errors import first_line
from suite.jobs.errors import JobError
from suite.jobs.request import Request
from suite.nearest import nearest

_SWEEP = "league_sweep"
_ENDED = ("SUCCEEDED", "FAILED", "STOPPED")
_INTERRUPTED = 130
# A job that says nothing, not even that it is alive, is asked after; a server that does not answer so often
# in a row, seconds apart, is gone.
_SILENCE_SECONDS = 30.0
_TRIES = 10
_PAUSE_SECONDS = 3.0
_STOP_SECONDS = 60.0
_NOT_YET = "No available agent"


class Server(Protocol):
    """What is used of ``ray.job_submission.JobSubmissionClient``."""

    def submit_job(
        self, *, entrypoint: str, runtime_env: dict[str, Any], metadata: dict[str, str], submission_id: str
    ) -> str: ...

    def list_jobs(self) -> list[Any]: ...

    def get_job_info(self, job_id: str) -> Any: ...

    def stop_job(self, job_id: str) -> bool: ...

    def tail_job_logs(self, job_id: str) -> AsyncIterator[str]: ...


@dataclass(frozen=True)
class Job:
    """A job of a sweep; ``status`` is Ray's word for where it is, ``started`` a Unix time in seconds."""

    id: str
    sweep: str
    status: str
    started: float

    @property
    def ended(self) -> bool:
        """Whether it has come to an end, of whatever kind."""
        return self.status in _ENDED


def connect(address: str) -> Jobs:
    """The jobs of the cluster whose dashboard is at ``address``, such as ``http://HEAD:8265``.

    Raises JobError where it does not answer, or refuses.
    """
    from ray.job_submission import JobSubmissionClient

    try:
        return Jobs(JobSubmissionClient(address), address)
    except Exception as error:
        raise JobError(
            f"no job server answers at {address} ({first_line(error)}); it is the address of the head's "
            "dashboard, which `ray dashboard CLUSTER.yaml` brings to this machine; a cluster with a token "
            "wants it in RAY_AUTH_TOKEN or ~/.ray/auth_token, with RAY_AUTH_MODE=token"
        ) from error


class Jobs:
    """Jobs of one cluster."""

    def __init__(
        self,
        server: Server,
        address: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        silence: float = _SILENCE_SECONDS,
    ) -> None:
        self._server, self._address = server, address
        self._sleep, self._silence = sleep, silence

    def of(self, sweep: str) -> list[Job]:
        """Jobs of a sweep that the cluster remembers, the oldest first."""
        return [job for job in self._all() if job.sweep == sweep]

    def latest(self, sweep: str) -> Job:
        """The sweep's last job. Raises JobError where the cluster remembers none."""
        found = self.of(sweep)
        if not found:
            known = dict.fromkeys(job.sweep for job in self._all())
            more = nearest(sweep, known) if known else "it has no job of the league"
            raise JobError(f"{self._address} knows no job of a sweep {sweep!r}; {more}")
        return found[-1]

    def start(self, request: Request) -> Job:
        """Submit ``request``, or find the job of its sweep that is under way already.

        A job runs once. What it leaves undone, whatever ended it, another job of the same command goes on
        with: the store has what was finished.
        """
        earlier = self.of(request.sweep)
        if earlier and not earlier[-1].ended:
            return earlier[-1]
        name = f"league-{request.sweep}-{len(earlier) + 1}"
        with self._asking("take the job"):
            for left in reversed(range(_TRIES)):
                try:
                    self._submit(request, name)
                    break
                except RuntimeError as error:
                    # A head that has just begun has nobody yet to hand jobs to.
                    if not left or _NOT_YET not in str(error):
                        raise
                    self._sleep(_PAUSE_SECONDS)
        return self._job(name)

    def _submit(self, request: Request, name: str) -> None:
        self._server.submit_job(
            entrypoint=request.entrypoint,
            runtime_env=request.runtime_env,
            metadata={_SWEEP: request.sweep},
            submission_id=name,
        )

    def stop(self, job: Job) -> Job:
        """End a job, as ctrl-C does: finished cells are kept. Returns it as it is when it has ended.

        Raises JobError where it does not end within a minute.
        """
        with self._asking("stop the job"):
            self._server.stop_job(job.id)
        until = time.monotonic() + _STOP_SECONDS
        while not (now := self._job(job.id)).ended:
            if time.monotonic() > until:
                raise JobError(f"{job.id} was told to stop, and is {now.status.lower()} a minute later")
            self._sleep(1.0)
        return now

    def follow(
        self, job: Job, on_event: Callable[[events.Event], None], on_text: Callable[[str], None]
    ) -> int:
        """Hear of a job until it ends, from its beginning on; returns its exit code.

        A broken connection is taken up again, and nothing told twice. Raises JobError when the server stays
        away, or the job ended without having run.
        """
        heard, failures = 0, 0
        while True:
            before = heard
            trouble = None
            try:
                for line in self._lines(job.id, skip=heard):
                    heard += 1
                    event = decode(line)
                    if event is not None:
                        on_event(event)
                    else:
                        on_text(line)
            except (RuntimeError, OSError, asyncio.TimeoutError) as error:
                trouble = error
            now = self._quietly(job.id)
            if now is not None and _as_job(now).ended and trouble is None:
                return _exit_code(job.id, now)
            failures = 0 if heard > before or now is not None else failures + 1
            if failures >= _TRIES:
                why = f" ({first_line(trouble)})" if trouble else ""
                raise JobError(
                    f"{self._address} does not answer any more{why}; the job may well go on: watch it with\n"
                    f"  league runs watch {job.sweep} --on {self._address}"
                )
            self._sleep(_PAUSE_SECONDS)

    def _lines(self, name: str, skip: int) -> Iterator[str]:
        """Whole lines of the job's output from number ``skip`` on, until it ends or the connection does.

        Raises asyncio.TimeoutError after a long silence.
        """
        loop = asyncio.new_event_loop()
        stream = self._server.tail_job_logs(name)
        rest, number = "", 0
        try:
            while True:
                try:
                    chunk = loop.run_until_complete(asyncio.wait_for(anext(stream), self._silence))
                except StopAsyncIteration:
                    break
                *lines, rest = (rest + chunk).split("\n")
                for line in lines:
                    number += 1
                    if number > skip:
                        yield line
            if rest and number + 1 > skip:
                yield rest
        finally:
            loop.run_until_complete(_close(stream))
            loop.close()

    def _all(self) -> list[Job]:
        with self._asking("list its jobs"):
            told = [info for info in self._server.list_jobs() if (info.metadata or {}).get(_SWEEP)]
        return sorted((_as_job(info) for info in told), key=lambda job: (job.started, job.id))

    def _job(self, name: str) -> Job:
        with self._asking("tell of the job"):
            return _as_job(self._server.get_job_info(name))

    def _quietly(self, name: str) -> Any | None:
        try:
            return self._server.get_job_info(name)
        except (RuntimeError, OSError):
            return None

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        try:
            yield
        except (RuntimeError, OSError) as error:
            raise JobError(f"{self._address} did not {what}: {first_line(error)}") from error


def _as_job(info: Any) -> Job:
    return Job(
        str(info.submission_id),
        str((info.metadata or {}).get(_SWEEP, "")),
        str(getattr(info.status, "value", info.status)),
        (info.start_time or 0) / 1000,
    )


def _exit_code(name: str, info: Any) -> int:
    status = _as_job(info).status
    if status == "SUCCEEDED":
        return 0
    if status == "STOPPED":
        return _INTERRUPTED
    code = info.driver_exit_code
    if code is None:
        why = (str(info.message or "").strip().splitlines() or ["Ray does not say why"])[0]
        raise JobError(f"{name} did not run: {why}")
    return int(code) or 1


async def _close(stream: AsyncIterator[str]) -> None:
    if isinstance(stream, AsyncGenerator):
        await stream.aclose()
