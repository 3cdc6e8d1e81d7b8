"""Weights & Biases as a mirror: one run a cell, and no trouble with it ever reaches the cell."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from suite.config import Tracking
from suite.engine.cells import Cell
from suite.mirror import describe
from suite.mirror.describe import thinned as thinned
from suite.mirror.place import run_id

# An online start without a route takes its whole timeout; a cell may lose this much to W&B in all, once.
_START_SECONDS = describe.START_SECONDS
_FINISH_SECONDS = 20.0

T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass
class Run:
    """A cell's W&B run, or nothing where ``problem`` says why not.

    After its first error nothing more is sent: W&B is never the truth, so a gap in it is no loss.
    """

    _run: Any = None
    problem: str | None = None
    folder: str | None = None

    def log(self, values: Mapping[str, float]) -> None:
        """Send one step's figures."""
        self._guarded("log", lambda run: run.log(dict(values)))

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Send the results and close the run, within a bounded time."""

        def close(run: Any) -> None:
            run.summary.update(dict(summary))
            run.finish()

        self._guarded("finish", lambda run: _bounded(lambda: close(run), _FINISH_SECONDS))
        self._run = None

    def fail(self) -> None:
        """Close the run of a cell that did not finish."""
        self._guarded("finish", lambda run: _bounded(lambda: run.finish(exit_code=1), _FINISH_SECONDS))
        self._run = None

    def _guarded(self, what: str, action: Callable[[Any], object]) -> None:
        if self._run is None:
            return
        try:
            action(self._run)
        except Exception as error:  # noqa: BLE001 whatever W&B raises: it is reported, and the cell goes on
            self.problem = _sentence(f"could not {what}", error)
            self._run = None


def start(tracking: Tracking, cell: Cell, sweep: str, attempt: int, root: Path) -> Run:
    """Open the run of ``cell`` below ``root``/wandb; offline unless W&B has a key or ``tracking`` says
    otherwise.

    Where it cannot go online in time it goes offline, and says so in ``problem``.
    """
    if tracking.mode == "disabled":
        return Run()
    try:
        import wandb
    except ImportError as error:
        return Run(problem=_sentence("is not installed", error))
    try:
        online = tracking.mode == "online" or (tracking.mode == "auto" and _has_key(wandb))
    except Exception as error:  # noqa: BLE001 reported, and the cell goes on
        return _offline(
            wandb, tracking, cell, sweep, attempt, root, _sentence("could not look for a key", error)
        )
    if not online:
        return _offline(wandb, tracking, cell, sweep, attempt, root, None)
    try:
        return _open(wandb, "online", tracking, cell, sweep, attempt, root)
    except Exception as error:  # noqa: BLE001 reported, and the cell goes on
        problem = _sentence("could not go online, and keeps its runs offline", error)
        return _offline(wandb, tracking, cell, sweep, attempt, root, problem)


def _offline(
    wandb: Any, tracking: Tracking, cell: Cell, sweep: str, attempt: int, root: Path, problem: str | None
) -> Run:
    try:
        run = _open(wandb, "offline", tracking, cell, sweep, attempt, root)
    except Exception as error:  # noqa: BLE001 reported, and the cell goes on
        return Run(problem=problem or _sentence("could not start", error))
    run.problem = problem
    return run


def _open(wandb: Any, mode: str, tracking: Tracking, cell: Cell, sweep: str, attempt: int, root: Path) -> Run:
    def begin() -> Any:
        run = wandb.init(
            project=tracking.project,
            dir=str(root),
            group=sweep,
            job_type=cell.kind,
            name=cell.title,
            id=run_id(cell.key, attempt),
            tags=describe.tags(cell.method, cell.benchmark, cell.protocol, [sweep]),
            config=describe.config(cell.key, cell.kind, cell.method, cell.spec, cell.parents),
            mode=mode,
            settings=describe.settings(wandb),
        )
        describe.define_metrics(run)
        return run

    run = _bounded(begin, _START_SECONDS + 5.0)
    # Its folder holds what is synced; the folder named `files` inside it is only for media.
    return Run(run, folder=str(Path(run.dir).parent.relative_to(root)))


def _has_key(wandb: Any) -> bool:
    return bool(_bounded(lambda: wandb.login(prompt=False, verify=False), _START_SECONDS))


def _bounded(action: Callable[[], T], seconds: float) -> T:
    """The value of ``action``, or TimeoutError after ``seconds``; its thread is then left to itself."""
    results: list[T] = []
    errors: list[BaseException] = []

    def attempt() -> None:
        try:
            results.append(action())
        except BaseException as error:  # noqa: BLE001 raised again below, in the thread that waits
            errors.append(error)

    thread = threading.Thread(target=attempt, name="wandb", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise RuntimeError(str(errors[0])) from errors[0]
    if not results:
        raise TimeoutError(f"no answer within {seconds:g} s")
    return results[0]


def _sentence(what: str, error: BaseException) -> str:
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    sentence = f"W&B {what}: {first}"
    _log.warning("%s", sentence)
    return sentence
