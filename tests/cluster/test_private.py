"""Who reaches a head that was started as the templates start it: the private network, with the token."""

from __future__ import annotations

import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.support.hosts import Host, hosts, why_not
from tests.support.sshd import FOLDER, HOME

ROOT = Path(__file__).parents[2]
CLUSTERS = ROOT / "docs" / "clusters"
BIN = Path(sys.executable).parent
PUBLIC = "192.0.2.1"
PATIENCE = 180.0
HELD = ("6379", "8265", "10001", "52365")  # the GCS, the dashboard, Ray's client, the agent
# A connection that is dropped on the way says nothing: a second of silence is a no.
KNOCK = """
import socket, sys
for port in sys.argv[2:]:
    try:
        socket.create_connection((sys.argv[1], int(port)), timeout=1).close()
        print(port)
    except OSError:
        pass
"""
ASK = """
import sys, urllib.error, urllib.request
asked = urllib.request.Request("http://127.0.0.1:8265/api/jobs/")
if sys.argv[1:]:
    asked.add_header("Authorization", "Bearer " + sys.argv[1])
try:
    print(urllib.request.urlopen(asked, timeout=20).status)
except urllib.error.HTTPError as error:
    print(error.code)
"""
JOIN = "import sys, ray; ray.init(address=sys.argv[1], log_to_driver=False); print('joined')"

_REASON = why_not()
pytestmark = [
    pytest.mark.cluster,
    pytest.mark.slow,
    pytest.mark.skipif(_REASON is not None, reason=_REASON or ""),
]


@dataclass
class Site:
    """A head on a private and on a public network; ``other`` is on both too."""

    head: Host
    other: Host
    token: str
    shared: Path

    def say(self, host: Host, *command: str, **environment: str) -> list[str]:
        """Lines that the command prints on the host; what it complains of is left out."""
        output = self.shared / f"{host.name}.txt"
        output.unlink(missing_ok=True)
        shell = ["sh", "-c", 'exec "$@" 2>/dev/null', "sh", *command]
        host.start(shell, {**HOME, "RAY_AUTH_MODE": "token", **environment}, output).wait(PATIENCE)
        return output.read_text().split("\n")[:-1]

    def knock(self, address: str, *ports: str) -> set[str]:
        """Which of the ports let ``other`` connect at the address."""
        return set(self.say(self.other, sys.executable, "-c", KNOCK, address, *ports))

    def listening(self) -> dict[str, set[str]]:
        """The addresses that each port of the head is bound to."""
        found: dict[str, set[str]] = {}
        for line in self.say(self.head, "ss", "-ltnH"):
            address, _, port = line.split()[3].rpartition(":")
            found.setdefault(port, set()).add(address.strip("[]").removeprefix("::ffff:"))
        return found


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with hosts(2, tmp_path, ROOT, BIN.parent) as (head, other):
        _join_public(head, other)
        template = (CLUSTERS / "on-premise.yaml").read_text(encoding="utf-8")
        config = yaml.safe_load(template.replace("10.0.0.1", head.address))
        token = secrets.token_hex(32)
        (tmp_path / "boot.yaml").write_text(yaml.safe_dump({**config, "min_workers": 0, "max_workers": 0}))
        prepare = [
            f"mkdir -p {FOLDER}/.ray && cd {FOLDER}",
            f"ln -s {BIN.parent} league",
            f"cp {tmp_path}/boot.yaml ray_bootstrap_config.yaml",
            "touch .league-secrets .bashrc",
            f"(umask 077 && echo {token} > .ray/auth_token)",
        ]
        for command in [" && ".join(prepare), *config["head_start_ray_commands"]]:
            log = tmp_path / "start.txt"
            code = head.start(["bash", "-c", command], HOME, log).wait(PATIENCE)
            assert code == 0, log.read_text()
        made = Site(head, other, token, tmp_path)
        deadline = time.monotonic() + PATIENCE
        while not set(HELD) <= set(made.listening()):
            assert time.monotonic() < deadline, made.listening()
            time.sleep(1)
        yield made


def _join_public(head: Host, other: Host) -> None:
    inside = ["nsenter", "-n", "-t"]
    link = ["link", "add", "public", "type", "veth", "peer", "name", "public", "netns", str(other.first)]
    subprocess.run([*inside, str(head.first), "ip", *link], check=True, timeout=30)
    for host, address in ((head, PUBLIC), (other, "192.0.2.2")):
        enter = [*inside, str(host.first), "ip"]
        subprocess.run([*enter, "address", "add", f"{address}/24", "dev", "public"], check=True, timeout=30)
        subprocess.run([*enter, "link", "set", "public", "up"], check=True, timeout=30)


def _wall(site: Site) -> None:
    """Put the firewall up that is shipped, for the private network of this test."""
    rules = (CLUSTERS / "private.nft").read_text(encoding="utf-8")
    assert "10.0.0.0/24" in rules
    (site.shared / "private.nft").write_text(rules.replace("10.0.0.0/24", "10.77.0.0/24"))
    log = site.shared / "nft.txt"
    made = site.head.start(["nft", "-f", str(site.shared / "private.nft")], output=log)
    if made.wait(30):
        pytest.skip(f"nft cannot be used here: {log.read_text().strip()[:200]}")


def test_nobody_outside_reaches_the_head_and_nobody_without_the_token_gets_in(site: Site) -> None:
    ports = site.listening()
    assert ports["8265"] == {"127.0.0.1"}
    assert all(PUBLIC not in addresses for addresses in ports.values())
    assert site.knock(site.head.address, *HELD) == {"6379", "10001", "52365"}
    # Ray itself binds these to every address, whatever it is told: hence the firewall.
    everywhere = {port for port, addresses in ports.items() if addresses & {"*", "0.0.0.0", "::"}}
    assert "6379" in everywhere and site.knock(PUBLIC, "6379") == {"6379"}

    assert site.say(site.head, sys.executable, "-c", ASK) == ["401"]
    assert site.say(site.head, sys.executable, "-c", ASK, "0" * 64) == ["403"]
    assert site.say(site.head, sys.executable, "-c", ASK, site.token) == ["200"]
    join = (sys.executable, "-c", JOIN, f"{site.head.address}:6379")
    assert site.say(site.head, *join, RAY_AUTH_TOKEN="0" * 64) == []
    assert site.say(site.head, *join, RAY_AUTH_MODE="disabled") == []
    assert site.say(site.head, *join) == ["joined"]

    _wall(site)
    assert site.knock(PUBLIC, *site.listening()) == set()
    assert "6379" in site.knock(site.head.address, "6379")
