"""Hosts of a test that are logged in to by SSH, as machines in a rack are.

    with hosts(2, tmp_path, ROOT) as made:
        keys = Keys(tmp_path)
        for host in made:
            listen(host, keys)
        made[1].start(["ssh", f"{USER}@{made[0].address}", "true"], HOME)

The user is the superuser by another name, with a home in the host's own /tmp. The keys are made for the test,
and no password is known; nothing of the machine's own SSH is read or written.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from tests.support.hosts import Host

USER = "league"
FOLDER = Path("/tmp/home")
HOME: Mapping[str, str] = {"HOME": str(FOLDER), "USER": USER, "LOGNAME": USER, "SHELL": "/bin/bash"}
_SSHD = Path("/usr/sbin/sshd")
_PATIENCE = 30.0
_CONFIG = """
Port 22
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
PrintLastLog no
PrintMotd no
PidFile none
Subsystem sftp internal-sftp
"""
# $1: the folder with the keys. What a login writes, and where sshd locks itself up, are the host's own.
_LISTEN = """
set -e
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/log
mkdir -m 755 /run/sshd
mount --bind "$1/passwd" /etc/passwd
mkdir -p "$HOME/.ssh"
cp "$1/user_key" "$HOME/.ssh/id_ed25519"
chmod -R go= "$HOME/.ssh"
exec /usr/sbin/sshd -D -e -f "$1/sshd_config"
"""


def why_no_sshd() -> str | None:
    """Why hosts cannot be logged in to on this machine; None where they can."""
    missing = [tool for tool in ("ssh", "ssh-keygen", "rsync") if not shutil.which(tool)]
    missing += [] if _SSHD.exists() else ["sshd"]
    return f"logging in to hosts needs {', '.join(missing)}, which this machine lacks" if missing else None


class Keys:
    """A host key and a user's key, in a folder that the hosts share."""

    def __init__(self, shared: Path) -> None:
        self.folder = shared / "ssh"
        self.folder.mkdir(mode=0o700)
        for name in ("host_key", "user_key"):
            command = [
                "ssh-keygen",
                "-q",
                "-t",
                "ed25519",
                "-N",
                "",
                "-C",
                name,
                "-f",
                str(self.folder / name),
            ]
            subprocess.run(command, check=True, capture_output=True, timeout=30)
        (self.folder / "sshd_config").write_text(_CONFIG.format(folder=self.folder))
        # The first line with an id is who a process with that id is.
        user = f"{USER}:*:0:0::{FOLDER}:/bin/bash\n"
        (self.folder / "passwd").write_text(user + Path("/etc/passwd").read_text())


def listen(host: Host, keys: Keys) -> None:
    """Let ``host`` be logged in to with the user's key, which it has itself too; returns when it can be."""
    log = keys.folder / f"{host.name}.log"
    log.touch()
    sshd = host.start(["bash", "-c", _LISTEN, "listen", str(keys.folder)], HOME, log)
    deadline = time.monotonic() + _PATIENCE
    while "Server listening" not in (said := log.read_text()):
        assert sshd.poll() is None and time.monotonic() < deadline, f"sshd did not start: {said}"
        time.sleep(0.05)
