"""Several hosts on one machine: each with its own network, processes, name, /tmp and /dev/shm.

    with hosts(3, tmp_path) as (head, *workers):
        head.start(["ray", "start", "--head", "--block", f"--node-ip-address={head.address}"])
        workers[0].cut()    # its network is gone; heal() brings it back
        workers[1].kill()   # a power cut

Hosts see the machine's files, but of its /tmp only the folders that they are given. They reach each other,
and nothing reaches them from outside: what talks to them is started on one of them. Their bridge is in a
network namespace of its own, so that two runs never meet and nothing of them is in the machine's own network.
Every namespace ends with its first process, that process with the one that made it: also when tests are
killed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

_PATIENCE = 30.0
# Adopts and reaps orphans, as the first process of a host must.
_FIRST = "while :; do sleep 3600 & wait $!; done"
# A host's own /tmp, with the folders that it sees at their places in it. $1: its name; the rest: the folders.
_ROOM = """
set -e
hostname "$1"
mount -t tmpfs tmpfs /mnt
for seen in "${@:2}"; do mkdir -p "/mnt/$seen"; mount --bind "$seen" "/mnt/$seen"; done
mount -t tmpfs -o size=1g tmpfs /tmp
for seen in "${@:2}"; do mkdir -p "$seen"; mount --bind "/mnt/$seen" "$seen"; done
umount -l /mnt
mount -t tmpfs -o size=512m tmpfs /dev/shm
cp "$2/.hosts" /tmp/.hosts
mount --bind /tmp/.hosts /etc/hosts
touch /tmp/.ready
"""


def why_not() -> str | None:
    """Why hosts cannot be made on this machine; None where they can."""
    missing = [tool for tool in ("unshare", "nsenter", "setpriv", "ip", "mount") if not shutil.which(tool)]
    if missing:
        return f"hosts in namespaces need {', '.join(missing)}, which this machine lacks"
    tried = subprocess.run(
        [
            "unshare",
            "-n",
            "-p",
            "-m",
            "-u",
            "-f",
            "--mount-proc",
            "ip",
            "link",
            "add",
            "name",
            "try",
            "type",
            "bridge",
        ],
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
    )
    if tried.returncode:
        told = (tried.stderr.strip().splitlines() or ["no reason given"])[-1]
        return f"this machine does not allow network and PID namespaces: {told}"
    return None


@dataclass
class Host:
    """One host. ``first`` is the id, on this machine, of its first process: with it, all on it ends."""

    name: str
    address: str
    first: int
    link: str
    _keeper: subprocess.Popen[bytes]
    _switch: int
    _started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(
        self,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        output: Path | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a command on the host; it writes to ``output``, or nowhere. To kill it, see ``processes``."""
        with (output or Path(os.devnull)).open("ab") as file:
            started = subprocess.Popen(
                [*_enter(self.first, "-n", "-p", "-m", "-u"), *command],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env={**os.environ, **(environment or {})},
            )
        self._started.append(started)
        return started

    def processes(self, word: str = "") -> list[psutil.Process]:
        """Processes on the host, but its first, that have ``word`` in their name or command line."""
        try:
            space = Path(f"/proc/{self.first}/ns/pid").readlink()
        except OSError:
            return []
        found = []
        for process in psutil.process_iter():
            with suppress(OSError, psutil.Error):
                here = Path(f"/proc/{process.pid}/ns/pid").readlink() == space
                if (
                    here
                    and process.pid != self.first
                    and word in " ".join([process.name(), *process.cmdline()])
                ):
                    found.append(process)
        return found

    def cut(self) -> None:
        """Take the host off the network; it does not notice, but for the silence."""
        _run([*_enter(self._switch, "-n"), "ip", "link", "set", self.link, "down"])

    def heal(self) -> None:
        """Put it back."""
        _run([*_enter(self._switch, "-n"), "ip", "link", "set", self.link, "up"])

    def kill(self) -> None:
        """Cut its power, and wait until nothing of it is left."""
        self._keeper.kill()
        self._keeper.wait(_PATIENCE)
        for started in self._started:
            try:
                started.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait(_PATIENCE)
        _await(lambda: not Path(f"/proc/{self.first}").exists(), f"{self.name} did not end")


@contextmanager
def hosts(count: int, shared: Path, *seen: Path) -> Iterator[list[Host]]:
    """``count`` hosts named host1, host2, …, with the addresses 10.77.0.1, …; all end with the block.

    ``shared`` is a folder that all of them see, at its own path, as they do the folders ``seen``. Raises
    RuntimeError where ``why_not`` says why not.
    """
    reason = why_not()
    if reason is not None:
        raise RuntimeError(reason)
    names = [f"10.77.0.{number} host{number}" for number in range(1, count + 1)]
    (shared / ".hosts").write_text("\n".join(["127.0.0.1 localhost", *names]) + "\n")
    keeper = _keep(["unshare", "-n", "-f", "--kill-child=SIGKILL", "bash", "-c", _FIRST])
    made: list[Host] = []
    try:
        switch = _first_of(keeper)
        _run([*_enter(switch, "-n"), "ip", "link", "add", "name", "bridge", "type", "bridge"])
        _run([*_enter(switch, "-n"), "ip", "link", "set", "bridge", "up"])
        for number in range(1, count + 1):
            made.append(_host(number, switch, (shared, *seen)))  # noqa: PERF401 so that it ends where the next fails
        yield made
    finally:
        for host in made:
            host.kill()
        keeper.kill()
        keeper.wait(_PATIENCE)
        (shared / ".hosts").unlink(missing_ok=True)


def _host(number: int, switch: int, seen: Sequence[Path]) -> Host:
    apart = ["unshare", "-n", "-p", "-m", "-u", "-f", "--mount-proc", "--kill-child=SIGKILL"]
    keeper = _keep([*apart, "bash", "-c", f"{_ROOM}\n{_FIRST}", "host", f"host{number}", *map(str, seen)])
    try:
        first = _first_of(keeper)
        _await(lambda: Path(f"/proc/{first}/root/tmp/.ready").exists(), f"host{number} did not start")
        link, address = f"port{number}", f"10.77.0.{number}"
        outside, inside = _enter(switch, "-n"), _enter(first, "-n")
        _run(
            [*outside, "ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", str(first)]
        )
        _run([*outside, "ip", "link", "set", link, "master", "bridge", "up"])
        _run([*inside, "ip", "address", "add", f"{address}/24", "dev", "eth0"])
        _run([*inside, "ip", "link", "set", "eth0", "up"])
        _run([*inside, "ip", "link", "set", "lo", "up"])
        return Host(f"host{number}", address, first, link, keeper, switch)
    except BaseException:
        keeper.kill()
        keeper.wait(_PATIENCE)
        raise


def _keep(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """A process that ends with this one, whatever ends it."""
    return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], stdin=subprocess.DEVNULL)


def _first_of(keeper: subprocess.Popen[bytes]) -> int:
    """The id of the process that ``unshare`` forked: the first in the new namespaces."""
    found: list[psutil.Process] = []

    def forked() -> bool:
        assert keeper.poll() is None, f"unshare ended with {keeper.returncode}"
        found[:] = psutil.Process(keeper.pid).children()
        return bool(found) and found[0].name() == "bash"

    _await(forked, "unshare did not start a process")
    return found[0].pid


def _enter(first: int, *spaces: str) -> list[str]:
    return ["nsenter", "-t", str(first), *spaces, "--"]


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=_PATIENCE)


def _await(happened: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not happened():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{otherwise} within {_PATIENCE:g} s")
        time.sleep(0.02)
