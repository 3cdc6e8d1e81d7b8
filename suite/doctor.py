"""What this machine has and lacks for the league, and the command that mends each lack."""

from __future__ import annotations

import importlib
import netrc
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Literal
from urllib.parse import urlparse

State = Literal["ok", "note", "bad"]

# What the main job imports: the project's own requirements.
NEEDED = (
    *("click", "duckdb", "filelock", "fsspec", "jinja2", "numba", "numpy"),
    *("nvidia-ml-py", "omegaconf", "packaging", "platformdirs", "psutil", "pyarrow", "pydantic", "pyyaml"),
    *("ray", "rich", "safetensors", "scikit-learn", "scipy", "torch", "wandb"),
)
_IMPORTED = ("torch", "ray")  # native libraries: installed is not yet importable
_PEER_NEEDS = ("gym", "gym_notices", "torchvision", "tqdm")
_GIB = 2**30
_PIP = f"{sys.executable} -m pip install"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: ``bad`` stops the main job, ``note`` less; ``mend`` is a command."""

    subject: str
    state: State
    found: str
    mend: str = ""


def examine(
    store: str, environment: Mapping[str, str] | None = None, *, deep: bool = False
) -> Iterator[Finding]:
    """Findings one by one, as they are made. ``deep`` also starts and stops a Ray cluster (about 10 s)."""
    environment = os.environ if environment is None else environment
    yield _python()
    yield from _packages()
    yield _peer()
    yield from _pictures()
    yield _cores()
    yield _memory()
    yield from _disks(store)
    yield _data()
    yield _gpus()
    if deep:
        yield _cluster()
    yield _wandb_login(environment)
    yield _sandbox()


def ready(findings: list[Finding]) -> bool:
    """Whether the main job can run."""
    return all(finding.state != "bad" for finding in findings)


def _python() -> Finding:
    return Finding("python", "ok", f"{platform.python_version()} ({sys.executable})")


def _packages() -> Iterator[Finding]:
    for name in NEEDED:
        try:
            version = metadata.version(name)
            if name in _IMPORTED:
                importlib.import_module(name)
        except metadata.PackageNotFoundError:
            yield Finding(name, "bad", "not installed", f"{_PIP} {name}")
        except (ImportError, OSError) as error:
            yield Finding(name, "bad", f"cannot be imported: {error}", f"{_PIP} --force-reinstall {name}")
        else:
            yield Finding(name, "ok", version)


def _peer() -> Finding:
    missing = [name for name in _PEER_NEEDS if util.find_spec(name) is None]
    try:
        version = metadata.version("learn2learn")
    except metadata.PackageNotFoundError:
        return Finding(
            "learn2learn",
            "note",
            "not installed; only the method maml_learn2learn needs it",
            f"{_PIP} --no-deps --config-settings=--build-option=build_ext learn2learn==0.2.0",
        )
    if missing:
        return Finding(
            "learn2learn",
            "note",
            f"{version}, but it cannot be imported without {', '.join(missing)}",
            f"{_PIP} {' '.join(name.replace('_', '-') for name in missing)}",
        )
    return Finding("learn2learn", "ok", version)


def _pictures() -> Iterator[Finding]:
    from tasks.packages import pins

    wanted = pins()
    found: dict[str, str | None] = {}
    for name in wanted:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    wrong = {name: has for name, has in found.items() if has != wanted[name]}
    if not wrong:
        yield Finding("pictures", "ok", f"{len(wanted)} packages, all at their pinned versions")
        return
    shown = [f"{name} {has or 'missing'} (pinned: {wanted[name]})" for name, has in list(wrong.items())[:5]]
    more = [f"and {len(wrong) - 5} more"] if len(wrong) > 5 else []
    pins_file = importlib.import_module("tasks.packages").__file__
    assert pins_file is not None
    yield Finding(
        "pictures",
        "bad",
        f"{len(wrong)} of {len(wanted)} packages: {', '.join([*shown, *more])}",
        f"{_PIP} -r {Path(pins_file).with_name('pictures.txt')}",
    )


def _cores() -> Finding:
    try:
        from suite.engine.cluster import cpu_count
    except (ImportError, OSError):
        return Finding("cores", "note", f"{os.cpu_count()}", "mend what is BAD above")
    return Finding("cores", "ok", f"{cpu_count()} of {os.cpu_count()} may be used")


def _memory() -> Finding:
    import psutil

    memory = psutil.virtual_memory()
    found = f"{memory.available / _GIB:.1f} GiB free of {memory.total / _GIB:.1f}"
    if memory.available < 2 * _GIB:
        return Finding("memory", "note", found, "league sweep CONFIG resources.max_in_flight=1")
    return Finding("memory", "ok", found)


def _disks(store: str) -> Iterator[Finding]:
    from tasks.cache import cache_folder

    if urlparse(store).scheme not in ("", "file"):
        yield Finding("store", "note", f"{store} can be read; only a folder can be written", "--store FOLDER")
    else:
        yield _disk("store", Path(urlparse(store).path if "://" in store else store), "--store OTHER_FOLDER")
    yield _disk("data cache", cache_folder(), "export LEAGUE_CACHE=OTHER_FOLDER")


def _disk(subject: str, folder: Path, elsewhere: str) -> Finding:
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not os.access(there, os.W_OK | os.X_OK) or not there.is_dir():
        return Finding(subject, "bad", f"{folder} cannot be written", elsewhere)
    free = shutil.disk_usage(there).free / _GIB
    found = f"{folder}, {free:.1f} GiB free" + ("" if folder.exists() else ", not made yet")
    if free < 0.5:
        return Finding(subject, "bad", f"{found}; 0.5 are needed", elsewhere)
    return Finding(subject, "ok", found)


def _data() -> Finding:
    from tasks.cache import cache_folder

    kept = sorted({path.stem.rpartition("-")[0] for path in cache_folder().glob("*.safetensors")})
    if kept:
        return Finding("data", "ok", f"prepared: {', '.join(kept)}")
    return Finding(
        "data", "note", "none prepared: the first sweep does it, in a minute", "league data prepare"
    )


def _gpus() -> Finding:
    seen = _driver_gpus()
    try:
        import torch
    except (ImportError, OSError):
        return Finding("gpus", "note", ", ".join(seen) or "unknown without torch", f"{_PIP} torch")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if count:
        names = [torch.cuda.get_device_name(i) for i in range(count)]
        return Finding("gpus", "ok", f"{', '.join(names)}; CUDA {torch.version.cuda}")
    if seen:
        return Finding(
            "gpus",
            "note",
            f"{', '.join(seen)}, which torch {torch.__version__} cannot use",
            f"{_PIP} --force-reinstall torch (the build for this driver: https://pytorch.org/get-started/locally)",
        )
    return Finding("gpus", "ok", "none; everything that ships runs on the CPU")


def _driver_gpus() -> list[str]:
    """Names of the GPUs that the driver sees."""
    command = shutil.which("nvidia-smi")
    if command is None:
        return []
    try:
        said = subprocess.run(
            [command, "--query-gpu=name", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return []  # a driver that does not answer drives nothing
    return [line.strip() for line in said.stdout.splitlines() if line.strip()]


def _cluster() -> Finding:
    try:
        import ray

        from suite.engine.cluster import connect

        cluster = connect(None)
        try:
            answer = ray.get(ray.remote(lambda: os.getpid()).remote(), timeout=120)
        finally:
            cluster.stop()
    except Exception as error:  # noqa: BLE001 (whatever stops Ray is the finding)
        return Finding("ray cluster", "bad", f"does not start: {error}", "ray stop; df -h /tmp /dev/shm")
    return Finding("ray cluster", "ok", f"started, answered (process {answer}), stopped")


def _wandb_login(environment: Mapping[str, str]) -> Finding:
    host = urlparse(environment.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname or "api.wandb.ai"
    if environment.get("WANDB_API_KEY"):
        return Finding("wandb login", "ok", "a key is set in WANDB_API_KEY")
    path = Path(environment.get("NETRC") or Path.home() / ".netrc")
    try:
        entry = netrc.netrc(path).authenticators(host)
    except FileNotFoundError:
        entry = None
    except (OSError, netrc.NetrcParseError) as error:
        return Finding("wandb login", "note", f"{path} cannot be read: {error}", "wandb login --relogin")
    if entry:
        return Finding("wandb login", "ok", f"a key for {host} is set in {path}")
    return Finding("wandb login", "note", "no key: runs are tracked offline", "wandb login")


def _sandbox() -> Finding:
    try:
        from suite.isolation.errors import NoWalls
        from suite.isolation.walls import find_walls
    except (ImportError, OSError):
        return Finding("walls", "note", "unknown before what is BAD above is mended")
    try:
        kind = find_walls().kind
    except NoWalls as error:
        return Finding("walls", "note", f"{error}", "apt-get install bubblewrap")
    if kind == "bubblewrap":
        return Finding("walls", "ok", f"submitted methods run behind bubblewrap ({shutil.which('bwrap')})")
    return Finding("walls", "ok", "submitted methods run behind namespaces; bubblewrap is not installed")
