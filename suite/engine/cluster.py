"""The Ray cluster that cells run on: one of our own on this machine, or one that is there."""

from __future__ import annotations

import logging
import math
import os
import secrets
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from suite.engine.capacity import Launchable
from suite.engine.errors import ClusterLost, EngineError
from suite.engine.hosts import Host
from suite.engine.launchable import launchable

# Keys and sentences are all that passes through Ray, never data: its shared memory can be as small as it
# goes.
_OBJECT_STORE_BYTES = 100 * 2**20

FOLDER_PREFIX = "league-"
_KNOCK_SECONDS = 10.0


@dataclass
class Cluster:
    """A connected cluster. ``address`` is None for one on this machine, which ``stop`` ends if it is ours
    (``owned``).
    """

    address: str | None
    owned: bool = True
    folder: Path | None = None
    heads: tuple[psutil.Process, ...] = ()
    family: tuple[psutil.Process, ...] = field(default=())

    @property
    def processes(self) -> tuple[tuple[int, float], ...]:
        """(id, birth) of the processes that make up our own cluster, for the note in the store's lock."""
        return tuple((process.pid, _birth(process)) for process in self.family)

    def lives(self) -> bool:
        """Whether work handed to our own cluster can come back: without its heads, Ray waits for ever."""
        return all(_running(process) for process in self.heads)

    def nodes(self) -> list[Mapping[str, float]]:
        """Resources of each live node: CPU, GPU, memory in bytes."""
        import ray

        try:
            return [node["Resources"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
        except Exception as error:
            raise ClusterLost(
                f"the Ray cluster{self._where()} does not answer: {_first_line(error)}"
            ) from error

    def launchable(self) -> list[Launchable]:
        """Kinds of node that the cluster's autoscaler may start, each with how many at most.

        Empty where there is no autoscaler, or where this host cannot know: the head can, where a job's driver
        runs. Raises ClusterLost where what it was told cannot be read.
        """
        return [] if self.address is None else launchable()

    def hosts(self) -> list[Host]:
        """The live nodes, each with its name and what it has; empty while the cluster does not answer."""
        import ray

        try:
            told = [node for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
        except Exception:  # noqa: BLE001 Ray raises what it likes; the view does without, and `nodes` says it
            return []
        return [
            Host(
                node["NodeID"],
                node["NodeManagerHostname"],
                node["Resources"].get("CPU", 0.0),
                node["Resources"].get("GPU", 0.0),
            )
            for node in told
        ]

    def stop(self) -> None:
        """Leave the cluster; end our own within seconds, and remove its folder."""
        import ray

        if not self.owned:
            return
        everyone = set(self.family)
        for head in self.heads:
            everyone.update(_descendants(head))
        ray.shutdown()
        _end(everyone)
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self) -> None:
        """End our own cluster at once, without asking Ray."""
        if not self.owned:
            return
        everyone = set(self.family)
        for head in self.heads:
            everyone.update(_descendants(head))
        _end(everyone, patience=0.0)
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _where(self) -> str:
        return f" at {self.address}" if self.address else ""


def connect(address: str | None) -> Cluster:
    """Start a cluster on this machine (``address`` None), or join the one at ``address``.

    Where this process is connected to a cluster already, that one is used, and left as it is.
    Raises EngineError where Ray cannot start or be reached.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Ray prints each worker's death on standard output, where our own results go; events tell it better.
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".*")
    import ray

    if ray.is_initialized():
        return Cluster(address, owned=False)
    return _start() if address is None else _join(address)


def cpu_count() -> int:
    """Cores this process may use: its affinity, and its control group's quota where there is one."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        cores = os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        cores = min(cores, math.ceil(int(quota) / int(period)))
    except (OSError, ValueError):  # no control groups, or no quota ("max")
        return cores
    return max(1, cores)


def _start() -> Cluster:
    _protect_token()
    import ray

    # It warns of each start that the token is used, which is as it should be.
    logging.getLogger("ray._private.authentication.authentication_token_setup").setLevel(logging.ERROR)

    # Ray gives its own processes 30 s to appear, which a very busy machine may miss.
    for last in (False, False, True):
        folder = _short_folder()
        others = set(psutil.Process().children())
        try:
            with _handed_down(PYTHONPATH=_import_path(), PYTHONHASHSEED="0"):
                ray.init(
                    address="local",
                    num_cpus=cpu_count(),
                    include_dashboard=False,
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                    object_store_memory=_OBJECT_STORE_BYTES,
                    _temp_dir=str(folder),
                )
        except Exception as error:
            ray.shutdown()
            _end(set(psutil.Process().children(recursive=True)) - others)
            shutil.rmtree(folder, ignore_errors=True)
            if last:
                raise EngineError(f"Ray did not start on this machine: {_first_line(error)}") from error
        else:
            children = [process for process in psutil.Process().children() if process not in others]
            heads = tuple(process for process in children if _name(process) in ("raylet", "gcs_server"))
            family = {*children, *(descendant for head in heads for descendant in _descendants(head))}
            return Cluster(None, True, folder, heads, tuple(family))
    raise AssertionError("the last attempt either returns or raises")


def _short_folder() -> Path:
    """A new folder for Ray, whose Unix sockets have room for about a hundred letters."""
    short = Path("/tmp")
    parent = short if short.is_dir() and os.access(short, os.W_OK) else Path(tempfile.gettempdir())
    return Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX, dir=parent))


def _import_path() -> str:
    """What this process imports from: a method registered in a user's file must be found by workers too."""
    return os.pathsep.join(str(Path(folder).resolve()) for folder in sys.path if Path(folder).is_dir())


@contextmanager
def _handed_down(**variables: str) -> Iterator[None]:
    """Environment variables for the processes that start meanwhile: Ray's, and through them the workers.

    A fixed hash seed lets a method that walks over a set of words do so in one order on every run.
    """
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _join(address: str) -> Cluster:
    import ray

    try:
        _knock(address)
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:
        ray.shutdown()
        raise EngineError(
            f"no Ray cluster can be reached at {address}: {_first_line(error)}. Give the HOST:PORT that "
            "`ray start --head` printed, auto for the one on this machine, or none to start one here"
        ) from error
    return Cluster(address)


def _knock(address: str) -> None:
    """See that someone listens at HOST:PORT; Ray itself would try for minutes. Raises OSError, ValueError."""
    if address == "auto":
        return
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit() or "/" in host:
        raise ValueError("it is not written HOST:PORT")
    with socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK_SECONDS):
        pass


def _protect_token() -> None:
    """Make Ray's token ours alone: Ray writes it readable by everyone, and whoever has it runs code as us."""
    path = Path.home() / ".ray" / "auth_token"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            # mkstemp makes it 0600; linked into place, so that no other process reads half a token.
            descriptor, written = tempfile.mkstemp(dir=path.parent)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_hex(32))
            with suppress(FileExistsError):
                os.link(written, path)
            Path(written).unlink()
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
    except OSError as error:
        raise EngineError(f"Ray's token {path} cannot be kept private: {error.strerror or error}") from error


def _end(processes: set[psutil.Process], patience: float = 5.0) -> None:
    """See that ``processes`` end: Ray's agents outlive it by a minute unless they are told."""
    _, alive = psutil.wait_procs(list(processes), timeout=0.5 if patience else 0.0)
    deadline = time.monotonic() + patience
    for process in alive:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(alive, timeout=max(0.0, deadline - time.monotonic()))


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def _running(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _birth(process: psutil.Process) -> float:
    try:
        return float(process.create_time())
    except psutil.NoSuchProcess:
        return 0.0


def _name(process: psutil.Process) -> str:
    try:
        return str(process.name())
    except psutil.NoSuchProcess:
        return ""


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
