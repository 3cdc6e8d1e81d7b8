"""From a fresh fork to a process behind walls of its own. Nothing of a submission has run here yet."""

from __future__ import annotations

import json
import os
import re
import resource
import select
import signal
import socket
import stat
from dataclasses import dataclass
from pathlib import Path

from suite.isolation import kernel, seccomp
from suite.isolation.limits import Limits

SCRATCH = "/tmp/scratch"
_MIB = 2**20


@dataclass(frozen=True)
class Lines:
    """What a walled process is born with: its line to the suite, its warden's leash, and a pipe to print
    into.
    """

    line: int
    leash: int
    output: int

    def close(self) -> None:
        for descriptor in (self.line, self.leash, self.output):
            os.close(descriptor)


def ward(lines: Lines, limits: Limits, gpu: bool) -> int:
    """In a fork of the zygote: put up the walls and start a process behind them; watch over it to its end.

    Returns, in that process alone, the descriptor of its line to the suite. The warden itself stays outside:
    it kills that process, and with it all that it started, once the leash is let go, and tells on the leash
    how it ended. It never runs submitted code, and never returns.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    user, group = os.geteuid(), os.getegid()
    kernel.unshare(kernel.NEW_USER | kernel.NEW_ALL_BUT_USER)
    kernel.map_user(user, group)
    kernel.die_with_parent()
    child = os.fork()  # the first in its PID namespace: all others there end with it
    if child == 0:
        _settle(lines, limits, gpu)
        return lines.line
    watched = os.pidfd_open(child)
    poll = select.poll()
    poll.register(watched, select.POLLIN)
    poll.register(lines.leash, select.POLLIN)
    os.close(lines.line)
    os.close(lines.output)
    if any(descriptor == lines.leash for descriptor, _ in poll.poll()):
        signal.pidfd_send_signal(watched, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    told = {
        "code": os.waitstatus_to_exitcode(status),
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
    }
    try:
        with socket.socket(fileno=lines.leash) as leash:
            leash.send(json.dumps(told).encode())
    except OSError:
        os._exit(1)  # nobody is left to hear it
    os._exit(0)


def _settle(lines: Lines, limits: Limits, gpu: bool) -> None:
    kernel.die_with_parent()
    os.setsid()
    os.dup2(lines.output, 1)
    os.dup2(lines.output, 2)
    os.closerange(3, lines.line)
    os.closerange(lines.line + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    _own_folders(limits.disk_mib)
    _bound(limits, gpu)
    kernel.drop_capabilities()
    kernel.never_gain_privileges()
    seccomp.refuse_dangerous_calls(gpu=gpu)


def _own_folders(disk_mib: int) -> None:
    nothing = kernel.NO_SUID | kernel.NO_DEVICES
    kernel.mount("none", "/", flags=kernel.PRIVATE | kernel.RECURSIVE)
    kernel.mount("proc", "/proc", "proc", nothing | kernel.NO_EXEC)
    for folder in ("/tmp", "/dev/shm"):
        shown = {path: os.open(path, os.O_PATH) for path in _mounted_below(folder)}
        options = f"size={disk_mib * _MIB},nr_inodes=65536,mode=1777"
        kernel.mount("tmpfs", folder, "tmpfs", nothing, options)
        for path, descriptor in shown.items():
            _show_again(path, descriptor)
    # User namespaces are where a process could gain capabilities, and the kernel most surface.
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    Path(SCRATCH).mkdir()
    os.chdir(SCRATCH)


def _mounted_below(folder: str) -> list[str]:
    """The outermost mount points below ``folder``: what is shown there, such as a suite in /tmp."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = {re.sub(r"\\(\d{3})", lambda told: chr(int(told[1], 8)), line.split()[4]) for line in lines}
    below = sorted(point for point in points if point.startswith(folder + "/"))
    return [point for point in below if not any(point.startswith(other + "/") for other in below)]


def _show_again(path: str, descriptor: int) -> None:
    """Bind what ``descriptor`` stands for to ``path`` anew, read-only as it was."""
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        Path(path).mkdir(parents=True)
    else:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).touch()
    kernel.mount(f"/proc/self/fd/{descriptor}", path, flags=kernel.BIND | kernel.RECURSIVE)
    os.close(descriptor)


def _bound(limits: Limits, gpu: bool) -> None:
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, limits.disk_mib * _MIB)
    _limit(resource.RLIMIT_NOFILE, 1_024)
    if _counted_by_namespace():
        _limit(resource.RLIMIT_NPROC, limits.processes)
    if not gpu:
        # One large grab, faster than anybody watches. CUDA takes address space far beyond what it uses.
        _limit(resource.RLIMIT_DATA, _data_bytes() + limits.memory_mib * _MIB)


def _limit(kind: int, most: int) -> None:
    hard = resource.getrlimit(kind)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (most, most))


def _counted_by_namespace() -> bool:
    """Whether the kernel counts a user's processes in each user namespace by itself (Linux 5.14)."""
    release = os.uname().release.split(".")
    return (int(release[0]), int("".join(filter(str.isdigit, release[1][:3])) or 0)) >= (5, 14)


def _data_bytes() -> int:
    """Private writable memory that this process was born with."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1_024 for line in lines if line.startswith("VmData"))
