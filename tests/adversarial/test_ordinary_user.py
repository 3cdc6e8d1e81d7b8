"""Walls put up by a user without privileges, who is not who runs these tests: root tries them as one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

USER = "31337"
HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]

# Folders closed to others, such as the home of root, are covered by one that shows only what Python needs;
# all of it in a mount namespace of its own.
_SCRIPT = """
set -e
number=0
for path in $NEEDED; do
    number=$((number + 1)); mkdir "$HELD/$number"; mount --bind "$path" "$HELD/$number"
done
for path in $CLOSED; do mount -t tmpfs -o mode=0755 none "$path"; done
number=0
for path in $NEEDED; do
    number=$((number + 1)); mkdir -p "$path"; mount --move "$HELD/$number" "$path"
done
cd "$REPOSITORY"
exec setpriv --reuid "$USER" --regid "$USER" --clear-groups --inh-caps=-all --bounding-set=-all "$@"
"""
# Looks that an ordinary user has other means against than root, and one whole road to a score.
_TRIED = (
    "test_nothing_is_found_behind_the_walls and (memory or mount or namespace or capabilities or privileges "
    "or root or kill or debugging or parent or environments) or test_a_submission_that_keeps_the_rules"
)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder of that user's own, in one that is open to all."""
    made = Path("/tmp") / f"league-ordinary-{os.getpid()}"
    for part in ("", "home", "held"):
        (made / part).mkdir()
    os.chown(made / "home", int(USER), int(USER))
    yield made
    shutil.rmtree(made)


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="all other tests of walls are run by an ordinary user already")
def test_walls_hold_where_an_ordinary_user_puts_them_up(place: Path) -> None:
    for tool in ("setpriv", "unshare"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed, with which root becomes another user")
    tests = [str(HERE / name) for name in ("test_spying.py", "test_misbehaving.py")]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, "-k", _TRIED]
    needed = {str(Path(path).resolve()) for path in (sys.prefix, sys.base_prefix, REPOSITORY)}
    closed = {closed for path in needed for closed in _closed_above(Path(path))}
    home = place / "home"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TMPDIR": str(home),
        "NUMBA_CACHE_DIR": str(home / "numba"),
        "LEAGUE_CACHE": str(home / "cache"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "REPOSITORY": str(REPOSITORY),
        "USER": USER,
        "HELD": str(place / "held"),
        "NEEDED": " ".join(
            sorted(path for path in needed if any(Path(path).is_relative_to(c) for c in closed))
        ),
        "CLOSED": " ".join(sorted(map(str, closed))),
    }
    script = ["unshare", "--mount", "sh", "-c", _SCRIPT, "sh", *command]
    done = subprocess.run(script, env=environment, capture_output=True, text=True, check=False, timeout=1_200)
    if "unshare failed" in done.stderr:
        pytest.skip(f"no mount namespace can be made here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-4_000:]
    assert " passed" in done.stdout and "skipped" not in done.stdout


def _closed_above(path: Path) -> list[Path]:
    """The outermost folder above ``path`` that others may not enter; none, or one."""
    return [parent for parent in reversed(path.parents) if not parent.stat().st_mode & 0o001][:1]
