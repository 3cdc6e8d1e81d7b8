"""Outer walls without bubblewrap: run as ``python launcher.py VIEW COMMAND...``, VIEW being a View as JSON.

It leaves all namespaces that it can, builds a root that shows the view alone, and runs the command in it, in
a PID namespace of its own. It imports nothing but the standard library and its neighbour ``kernel``.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

# Where the new root is put together: a folder that everyone has, and that nothing shown is in.
_PLACES = ("/mnt", "/media", "/srv", "/opt", "/tmp")


def main(arguments: list[str]) -> None:
    """Build, run, and end with the exit status of what was run."""
    what: dict[str, Any] = json.loads(arguments[0])
    kernel = _neighbour("kernel")
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        kernel.unshare(kernel.NEW_ALL_BUT_USER)
    else:
        kernel.unshare(kernel.NEW_USER | kernel.NEW_ALL_BUT_USER)
        kernel.map_user(user, group)
    kernel.die_with_parent()
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        os._exit(abs(os.waitstatus_to_exitcode(status)))
    kernel.die_with_parent()
    _build(kernel, what)
    os.execv(arguments[1], arguments[1:])


def _build(kernel: ModuleType, what: dict[str, Any]) -> None:
    quiet = kernel.NO_SUID | kernel.NO_DEVICES
    kernel.mount("none", "/", flags=kernel.PRIVATE | kernel.RECURSIVE)
    root = _place(what["shown"])
    kernel.mount("tmpfs", root, "tmpfs", quiet, "mode=0755")
    for path in ("/proc", "/tmp", "/dev/shm"):
        Path(root + path).mkdir(parents=True, exist_ok=True)
    kernel.mount("tmpfs", root + "/tmp", "tmpfs", quiet, "mode=1777")  # first: something shown may be in it
    for path in (*what["shown"], *what["nodes"]):
        _bind(kernel, path, root, read_only=path in what["shown"])
    for path, target in (*what["links"], ("/dev/fd", "/proc/self/fd")):
        Path(root + path).symlink_to(target)
    for path in what["hidden"]:
        kernel.mount("tmpfs", root + path, "tmpfs", quiet | kernel.READ_ONLY, "mode=0755")
    kernel.mount("proc", root + "/proc", "proc", quiet | kernel.NO_EXEC)
    kernel.mount("none", root, flags=kernel.REMOUNT | kernel.BIND | kernel.READ_ONLY | quiet)
    kernel.enter_root(root)


def _place(shown: list[str]) -> str:
    return next(
        place
        for place in _PLACES
        if Path(place).is_dir() and not any(f"{path}/".startswith(f"{place}/") for path in shown)
    )


def _bind(kernel: ModuleType, path: str, root: str, *, read_only: bool) -> None:
    inside = Path(root + path)
    if Path(path).is_dir():
        inside.mkdir(parents=True, exist_ok=True)
    else:
        inside.parent.mkdir(parents=True, exist_ok=True)
        inside.touch()
    kernel.mount(path, str(inside), flags=kernel.BIND | kernel.RECURSIVE)
    if read_only:
        flags = kernel.REMOUNT | kernel.BIND | kernel.READ_ONLY | _kept(kernel, path)
        kernel.mount("none", str(inside), flags=flags)


def _kept(kernel: ModuleType, path: str) -> int:
    """Flags of a mount that a remount in a user namespace must repeat."""
    told = os.statvfs(path).f_flag
    names = {os.ST_NOSUID: kernel.NO_SUID, 4: kernel.NO_DEVICES, 8: kernel.NO_EXEC}
    times = {1_024: 0x400, 2_048: 0x800, 4_096: 0x200000}  # noatime, nodiratime, relatime
    kept = sum(flag for bit, flag in {**names, **times}.items() if told & bit)
    return int(kept | kernel.NO_SUID)


def _neighbour(name: str) -> ModuleType:
    # By its path: the suite's packages, and with them torch, would take seconds.
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main(sys.argv[1:])
