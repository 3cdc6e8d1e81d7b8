"""Hosts that tests make on this machine: apart from each other, and gone without a trace."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.hosts import Host, hosts, why_not

_REASON = why_not()
pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(_REASON is not None, reason=_REASON or ""),
]


def _reaches(one: Host, other: Host) -> bool:
    code = f"import socket; socket.create_connection(('{other.name}', 22), timeout=2)"
    output = Path(f"/proc/{one.first}/root/tmp/said")
    one.start(["python3", "-c", code], output=output).wait(30)
    return "Connection refused" in output.read_text()  # nobody listens, but the host says so itself


def test_hosts_have_names_networks_and_processes_of_their_own(tmp_path: Path) -> None:
    with hosts(2, tmp_path) as (one, other):
        assert _reaches(one, other)
        assert one.start(["sh", "-c", f"hostname > {tmp_path}/name; test $$ -lt 100"]).wait(30) == 0
        assert (tmp_path / "name").read_text() == "host1\n" and socket.gethostname() != "host1"
        one.start(["touch", "/tmp/mine"]).wait(30)
        assert other.start(["test", "-e", "/tmp/mine"]).wait(30) == 1
        assert not Path("/tmp/mine").exists()


def test_a_host_off_the_network_is_out_of_reach_until_it_is_back(tmp_path: Path) -> None:
    with hosts(2, tmp_path) as (one, other):
        other.cut()
        assert not _reaches(one, other)
        other.heal()
        # The link is up at once; its bridge and the neighbours learn of it a little later.
        deadline = time.monotonic() + 30
        while not _reaches(one, other):
            assert time.monotonic() < deadline, "the host stayed out of reach"


def test_nothing_outlives_a_power_cut(tmp_path: Path) -> None:
    links = subprocess.run(["ip", "-o", "link"], capture_output=True, check=True).stdout
    mounts = Path("/proc/self/mounts").read_text()
    with hosts(2, tmp_path) as (one, other):
        sleeper = one.start(["sh", "-c", "setsid sleep 600 & sleep 600"])
        while len(one.processes("sleep 600")) < 3:
            assert sleeper.poll() is None
        there = one.processes()
        one.kill()
        assert not [process for process in there if process.is_running()]
        assert other.start(["true"]).wait(30) == 0
    assert not Path(f"/proc/{other.first}").exists()
    assert subprocess.run(["ip", "-o", "link"], capture_output=True, check=True).stdout == links
    assert Path("/proc/self/mounts").read_text() == mounts
    assert not list(tmp_path.iterdir())
