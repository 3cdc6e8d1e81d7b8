"""Which walls this host can put up: bubblewrap, else namespaces of our own; found by trying."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from suite.isolation.errors import NoWalls
from suite.isolation.view import View, view

Kind = Literal["bubblewrap", "namespaces"]
KINDS: tuple[Kind, ...] = ("bubblewrap", "namespaces")
_TRY_SECONDS = 60
_LAUNCHER = Path(__file__).with_name("launcher.py")

# Where there are no user namespaces in between (root), what puts the inner walls up must still become
# nobody, and make a view of processes.
_ROOT_NEEDS = ("CAP_SYS_ADMIN", "CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")


@dataclass(frozen=True)
class Walls:
    """One way to put up outer walls, which works here."""

    kind: Kind

    def command(self, what: View, command: Sequence[str]) -> list[str]:
        """The command line that runs ``command`` behind them."""
        if self.kind == "bubblewrap":
            return [*_bubblewrap(what, root=os.geteuid() == 0), *command]
        return [sys.executable, "-I", "-S", str(_LAUNCHER), json.dumps(asdict(what)), *command]


def find_walls(only: Kind | None = None) -> Walls:
    """The first kind of walls that works here, or the one asked for. Raises NoWalls."""
    tried = []
    for kind in [only] if only else KINDS:
        problem = _problem(kind)
        if problem is None:
            return Walls(kind)
        tried.append(f"{kind}: {problem}")
    raise NoWalls(
        f"no walls can be put up around a method on this host ({'; '.join(tried)}). Mend: apt-get install "
        "bubblewrap, allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, "
        "kernel.apparmor_restrict_unprivileged_userns=0; in a container --security-opt seccomp=unconfined). "
        "Code that you vouch for runs without walls with --trust (trust=true)"
    )


@lru_cache(maxsize=4)
def _problem(kind: Kind) -> str | None:
    """Why walls of this kind do not work here; None where they do."""
    if not sys.platform.startswith("linux"):
        return f"they need Linux, and this is {sys.platform}"
    if kind == "bubblewrap" and shutil.which("bwrap") is None:
        return "bwrap is not installed"
    # The inner walls are put up from within the outer ones: both are tried.
    trial = "from suite.isolation.trial import main; main()"
    return _run(Walls(kind), python_command(Path(sys.executable), view(), trial))


def python_command(python: Path, what: View, program: str) -> list[str]:
    """The command that runs ``program`` with the modules that ``what`` shows."""
    # Before installed packages, as in this process, which may run a suite other than the installed one.
    installed = "next((i for i, p in enumerate(sys.path) if p.endswith('-packages')), len(sys.path))"
    places = f"import sys; i = {installed}; sys.path[i:i] = {list(what.path)!r}; "
    return [str(python), "-I", "-c", places + program]


def _run(walls: Walls, command: list[str]) -> str | None:
    try:
        done = subprocess.run(
            walls.command(view(), command),
            capture_output=True,
            text=True,
            timeout=_TRY_SECONDS,
            check=False,
            env={},
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return None
    return (done.stderr.strip().splitlines() or [f"it ended with status {done.returncode}"])[-1]


def _bubblewrap(what: View, *, root: bool) -> list[str]:
    found = shutil.which("bwrap")
    assert found is not None
    command = [found, "--die-with-parent", "--new-session", "--unshare-pid", "--unshare-net", "--unshare-ipc"]
    command += ["--unshare-uts", "--hostname", "league", "--cap-drop", "ALL"]
    if root:
        command += [word for name in _ROOT_NEEDS for word in ("--cap-add", name)]
    else:
        command += ["--unshare-user", "--uid", "65534", "--gid", "65534"]
    # What imports want of a temporary folder; walled processes have their own in its place. It comes first,
    # because something shown may be in it.
    command += ["--perms", "1777", "--tmpfs", "/tmp"]
    for folder in _parents([*what.shown, *what.nodes, "/proc/x", "/dev/shm/x"]):
        command += ["--perms", "0755", "--dir", folder]
    command += ["--proc", "/proc"]
    for path in what.shown:
        command += ["--ro-bind", path, path]
    for path, target in what.links:
        command += ["--symlink", target, path]
    for path in what.nodes:
        command += ["--dev-bind", path, path]
    for path in what.hidden:
        command += ["--tmpfs", path, "--remount-ro", path]
    return [*command, "--symlink", "/proc/self/fd", "/dev/fd", "--remount-ro", "/", "--chdir", "/"]


def _parents(paths: Sequence[str]) -> list[str]:
    """Every folder above the paths, outermost first."""
    found = {str(parent) for path in paths for parent in Path(path).parents}
    return sorted(found - {"/"}, key=lambda path: path.count("/"))
