"""A training that several GPUs share: Ray Train's workers, one a GPU, and the cell's process that waits for
them.

The cell's own process asks Ray for nothing: its workers hold what the cell was promised, on one host. What
they say on their way, and what they leave, passes through a folder of the cell's in the store.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from leaderboard.records import CellKind
from suite import methods
from suite.engine import progress
from suite.engine.cells import Cell
from suite.engine.errors import Infeasible
from suite.engine.outcomes import Outcome
from suite.isolation.inmate import Used

if TYPE_CHECKING:
    from suite.engine.body import Job
    from suite.engine.work import Desk, Work

# Of a worker, of one training: more than that is no accident, and the sweep decides what follows.
LOSSES = 3
_LISTEN_SECONDS = 0.25
# What one worker waits for another that says nothing and was not seen to die.
_LONGEST_WAIT_SECONDS = 1_800
# A worker of a loaded machine takes a minute to import torch and Ray Train; Ray gives up after that.
_START_SECONDS = 300
_MIB = 2**20
_LOG, _FAILURE = "log.jsonl", "failure.json"


class Told(RuntimeError):
    """A worker said what went wrong: ``outcome``."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


def is_shared(kind: CellKind, gpus: float) -> bool:
    """Whether several workers compute a cell of ``kind`` that has ``gpus``: trainings alone are shared."""
    return kind == "train" and gpus > 1


def check(cell: Cell, gpus: float, walled: bool) -> None:
    """Raise Infeasible where ``cell`` is to train on several GPUs by a method that cannot use them.

    A submitted method that its worker alone can load is asked there.
    """
    if not is_shared(cell.kind, gpus) or cell.method is None:
        return
    name, why = cell.method.name, None
    if walled:
        why = "runs behind walls, where no other process can share its training"
    elif name in methods.names():
        built = methods.get(name, **cell.method.arguments)
        if not getattr(built, "shareable", False):
            why = "does not say that its training can be shared (a class variable `shareable`)"
    if why is not None:
        raise Infeasible(f"{name} {why}: resources.gpus_per_cell can be 1 at most, not {gpus:g}")


def train(job: Job, desk: Desk, on_used: Callable[[Used], None]) -> Work:
    """Have the cell's workers train, and hand back what the first of them does. ``on_used`` hears their cost.

    Up to ``LOSSES`` times a lost worker is replaced, and training goes on from what was written down last.
    Raises Told with what went wrong otherwise.
    """
    folder = desk.scratch / "workers"
    folder.mkdir()
    ear = _Ear(folder, desk)
    fit = _Fit(job, folder)
    fit.start()
    while fit.is_alive():
        fit.join(_LISTEN_SECONDS)
        ear.listen()
    if fit.error is not None:
        raise Told(_failure(folder, fit.error)) from fit.error
    work, used = fit.found
    on_used(used)
    done: Work = work
    return done


class _Fit(threading.Thread):
    """``TorchTrainer.fit``, waited for by a thread, so that the cell's own can listen."""

    def __init__(self, job: Job, folder: Path) -> None:
        super().__init__(name="shared training", daemon=True)
        self._job, self._folder = job, folder
        self.error: Exception | None = None
        self.found: Any = None

    def run(self) -> None:
        try:
            result = _trainer(self._job, self._folder).fit()
            self.found = result.return_value
        except Exception as error:  # noqa: BLE001 told by the thread that waits for this one
            self.error = error


def _trainer(job: Job, folder: Path) -> Any:
    os.environ.setdefault("RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S", str(_START_SECONDS))
    from ray.train import CheckpointConfig, FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig, TorchTrainer

    from suite.engine.member import NoSecondTry, member
    from suite.parallel import local_interface

    # Ray's own type hints are those of an older interface.
    work, configuration = cast("Any", member), cast("Any", RunConfig)
    workers = int(job.gpus)
    each = {"CPU": job.cpus / workers, "GPU": 1.0, "memory": float(job.memory_mib * _MIB // workers)}
    return TorchTrainer(
        work,
        train_loop_config={"job": job, "folder": str(folder)},
        # gloo carries what is small and lies in memory; gradients on GPUs go over a group of their own.
        torch_config=TorchConfig(backend="gloo", timeout_s=int(min(job.seconds, _LONGEST_WAIT_SECONDS)) + 1),
        scaling_config=ScalingConfig(
            num_workers=workers, use_gpu=True, resources_per_worker=each, placement_strategy="STRICT_PACK"
        ),
        run_config=configuration(
            name="training",
            storage_path=str(folder),
            failure_config=FailureConfig(max_failures=LOSSES),
            checkpoint_config=CheckpointConfig(num_to_keep=1),
            callbacks=[NoSecondTry(folder)],
            worker_runtime_env={"env_vars": local_interface()},  # all workers are on one host
        ),
    )


class _Ear:
    """Hears the first worker's word, and passes on what is new."""

    def __init__(self, folder: Path, desk: Desk) -> None:
        self._folder, self._desk = folder, desk
        self._heard: set[str] = set()

    def listen(self) -> None:
        word = progress.read(self._folder, word_of(0))
        if word is not None:
            self._desk.progress(word.share, word.images)
        with suppress(FileNotFoundError):
            for line in (self._folder / _LOG).read_text().splitlines():
                # A training that goes on from an earlier point says the same again.
                if line not in self._heard and line.endswith("}"):
                    self._heard.add(line)
                    self._desk.log(json.loads(line))


def word_of(rank: int) -> str:
    """Under which key a worker leaves word of itself."""
    return f"worker-{rank}"


def log(folder: Path, figures: dict[str, float]) -> None:
    """The worker's side of ``Desk.log``."""
    with (folder / _LOG).open("a") as file:
        file.write(json.dumps(figures) + "\n")


def tell_failure(folder: Path, outcome: Outcome) -> None:
    """The worker's side of ``Told``. The first to tell is believed: the others fail because it did."""
    with suppress(FileExistsError), (folder / _FAILURE).open("x") as file:
        json.dump(asdict(outcome), file)


def was_told(folder: Path) -> bool:
    """Whether a worker told of a failure."""
    return (folder / _FAILURE).exists()


def _failure(folder: Path, error: Exception) -> Outcome:
    with suppress(FileNotFoundError):
        return Outcome(**json.loads((folder / _FAILURE).read_text()))
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return Outcome("lost", f"its workers died more than {LOSSES} times ({reason})")
