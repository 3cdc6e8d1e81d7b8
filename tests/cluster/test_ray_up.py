"""`ray up` with the template for machines of one's own, on hosts that are logged in to by SSH."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.hosts import Host, hosts, why_not
from tests.support.sshd import FOLDER, HOME, USER, Keys, listen, why_no_sshd

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "docs" / "clusters" / "on-premise.yaml"
BIN = Path(sys.executable).parent
PATIENCE = 400.0
PLANTED = "planted-secret-5d1c"
SWEEP = """
name: tiny
methods: [untrained, {transfer: {batch_size: 16}}]
benchmarks: [{gaussian: {dimensions: 2, size: 8}}]
protocols: [{way: 3, shot: 1, query: 2, episodes: 4}]
seeds: [0]
model: {width: 4}
budget: {images: 60, validations: 1, validation_episodes: 2}
"""
_REASON = why_not() or why_no_sshd()
pytestmark = [
    pytest.mark.cluster,
    pytest.mark.slow,
    pytest.mark.skipif(_REASON is not None, reason=_REASON or ""),
]


@dataclass
class Laptop:
    """A host that is in no cluster, and can log in to those that are."""

    host: Host
    shared: Path

    def start(self, folder: Path, *words: str) -> subprocess.Popen[bytes]:
        environment = {**HOME, "PATH": f"{BIN}:/usr/bin:/bin:/usr/sbin", "RAY_AUTH_MODE": "token"}
        return self.host.start(["env", "-C", str(folder), *words], environment, self.output)

    def run(self, folder: Path, *words: str) -> str:
        """What the command said; it must end well."""
        before = len(self.told())
        code = self.start(folder, *words).wait(PATIENCE)
        assert code == 0, self.told()[-8000:]
        return self.told()[before:]

    @property
    def output(self) -> Path:
        return self.shared / "output.txt"

    def told(self) -> str:
        return self.output.read_text(errors="replace") if self.output.exists() else ""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Laptop, Host, Host]]:
    keys = Keys(tmp_path)
    with hosts(3, tmp_path, ROOT, BIN.parent) as (head, worker, laptop):
        for host in (head, worker, laptop):
            listen(host, keys)
            # What is installed here stands in for what the set-up would fetch.
            assert host.start(["ln", "-s", str(BIN.parent), f"{FOLDER}/league"]).wait(30) == 0
        yield Laptop(laptop, tmp_path), head, worker


def _filled_in(head: Host, worker: Host) -> str:
    """The template with its placeholders filled in, less the two lines that fetch packages."""
    text = TEMPLATE.read_text(encoding="utf-8")
    for placeholder, value in {
        "10.0.0.1": head.address,
        "[10.0.0.2, 10.0.0.3]": f"[{worker.address}]",
        "_workers: 2": "_workers: 1",
        "ssh_user: league": f"ssh_user: {USER}",
    }.items():
        assert placeholder in text
        text = text.replace(placeholder, value)
    return "".join(line for line in text.splitlines(keepends=True) if "pip install" not in line)


def test_a_cluster_of_machines_comes_up_runs_a_sweep_and_goes_down(
    site: tuple[Laptop, Host, Host], tmp_path: Path
) -> None:
    laptop, head, worker = site
    (tmp_path / "cluster.yaml").write_text(_filled_in(head, worker))
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "tiny.yaml").write_text(SWEEP)
    template = str(tmp_path / "cluster.yaml")
    secrets = f"echo WANDB_API_KEY={PLANTED} > ~/.league-secrets"
    laptop.run(ROOT, "sh", "-c", f"ray get-auth-token --generate && {secrets}")

    laptop.run(ROOT, "ray", "up", "-y", "--no-config-cache", template)
    _wait(lambda: bool(worker.processes("raylet")), laptop)
    laptop.start(ROOT, "ray", "dashboard", template)
    knock = "import socket; socket.create_connection(('127.0.0.1', 8265), timeout=2)"
    _wait(lambda: laptop.host.start([sys.executable, "-c", knock]).wait(30) == 0, laptop)
    send = ["sweep", "tiny.yaml", "--on", "http://127.0.0.1:8265", "--store", str(tmp_path / "store")]
    said = laptop.run(tmp_path / "tree", "league", *send)
    assert "submitted league-tiny-1" in said and "4 computed" in said, said

    laptop.run(ROOT, "ray", "down", "-y", template)
    # Workers notice that their head is gone, and end.
    _wait(lambda: not [*head.processes("ray"), *worker.processes("ray")], laptop)
    assert PLANTED not in laptop.told()
    assert not [path for path in _written(head, worker, tmp_path) if PLANTED.encode() in path.read_bytes()]


def _written(head: Host, worker: Host, shared: Path) -> Iterator[Path]:
    """What Ray wrote on the hosts, and everything that they share; less the files of secrets themselves."""
    for folder in (
        Path(f"/proc/{head.first}/root/tmp/ray"),
        Path(f"/proc/{worker.first}/root/tmp/ray"),
        shared,
    ):
        found = [path for path in folder.rglob("*") if path.is_file()]
        assert found, folder
        yield from found


def _wait(happened: Callable[[], bool], laptop: Laptop) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, laptop.told()[-8000:]
        time.sleep(0.5)
