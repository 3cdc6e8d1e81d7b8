# ruff: noqa: E501 (hostile code is told in one line)
"""Methods that look for what they must not see: each finds something outside the walls, nothing inside."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import engine_doubles  # noqa: F401 registers the tiny benchmark
import pytest
import torch

import tasks
from suite.isolation import Code
from suite.isolation.opening import open_method
from tasks import Episode

Written = Callable[..., Code]

# Each is the body of a function that returns what it found. PLACE, PORT and NAME are filled in.
SPIES = {
    "query labels in frames": (
        "f = sys._getframe()\n"
        "while f:\n"
        "    found += [v for v in f.f_locals.values() if type(v).__name__ == 'Episode']\n"
        "    f = f.f_back"
    ),
    "query labels by gc": "found += [o for o in gc.get_objects() if type(o).__name__ == 'Episode']",
    "a secret in the environment": "found += [v for v in os.environ.values() if 'NAME' in v]",
    "a file": "found += [Path('PLACE/secret').read_text()] if Path('PLACE/secret').exists() else []",
    "the home folder": "found += list(Path('HOME').glob('*'))",
    "the data cache": (
        "import tasks.cache; found += list(Path('CACHE').glob('*')) + list(tasks.cache.cache_folder().glob('*'))"
    ),
    "fonts that the pictures are drawn from": "import fontpkg_arimo; found += [f for p in fontpkg_arimo.__path__ for f in Path(p).rglob('*.ttf')]",
    "writing into the store": "(Path('PLACE') / 'planted').write_text('x'); found.append('planted')",
    "writing into the suite": (
        "import suite; p = Path(suite.__file__).with_name('planted.tmp'); p.write_text('x'); p.unlink()\n"
        "found.append(p)"
    ),
    "other processes": (
        "for p in Path('/proc').glob('[0-9]*/cmdline'):\n"
        "    found += [p] if b'pytest' in p.read_bytes() else []"
    ),
    "memory of the parent": "found.append(Path(f'/proc/{os.getppid()}/maps').read_text())",
    "shared memory": "found += list(Path('/dev/shm').glob('NAME*'))",
    "a socket on this host": "found.append(socket.create_connection(('127.0.0.1', PORT), 2))",
    "an abstract socket": "s = socket.socket(socket.AF_UNIX); s.connect('\\0NAME'); found.append(s)",
    "inherited descriptors": (
        "for d in os.listdir('/proc/self/fd'):\n"
        "    try: found += [d] if 'NAME' in os.readlink(f'/proc/self/fd/{d}') else []\n"
        "    except OSError: pass"
    ),
}
# What may be tried by root alone, or harms whoever tries it: there is no looking from outside.
TRIES = {
    "environments of others": (
        "for p in Path('/proc').glob('[0-9]*/environ'):\n"
        "    try: found += [p] if b'NAME' in p.read_bytes() else []\n"
        "    except OSError: pass"
    ),
    "a new user namespace": "libc = ctypes.CDLL(None); found += [1] if libc.unshare(0x10000000) == 0 else []",
    "a mount": "found += [1] if ctypes.CDLL(None).mount(b'proc', b'/tmp', b'proc', 0, None) == 0 else []",
    "debugging its parent": "found += [1] if ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0) == 0 else []",
    "capabilities": (
        "found += [l for l in open('/proc/self/status') if l.startswith(('CapPrm', 'CapEff')) "
        "and int(l.split()[1], 16)]"
    ),
    "privileges": "found += [l for l in open('/proc/self/status') if l.startswith('NoNewPrivs') and '0' in l]",
    "being root outside": "found += [1] if os.getuid() != 65534 else []",
    "the keyring": "found += [1] if ctypes.CDLL(None).syscall(250, 0, -3, 0) >= 0 else []",
    "processes to kill": (
        "me = os.getpid()\nfor p in range(2, 500):\n"
        "    try: os.kill(p, 0); found += [p] if p != me else []\n"
        "    except OSError: pass"
    ),
    "Ray": (
        "found += [p for p in ('/tmp/ray', '/root/.ray') if os.path.exists(p)]\n"
        "found += [k for k in os.environ if 'RAY' in k]"
    ),
}

NAME = "league-secret-7f3a"


@pytest.fixture(scope="module")
def fill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Lays out what there is to find; hands back what fills the spies' blanks."""
    place = tmp_path_factory.mktemp("store")
    (place / "secret").write_text(NAME)
    home, cache = place / "home", place / "cache"
    for folder in (home, cache):
        folder.mkdir()
        (folder / "held").touch()
    shared = Path("/dev/shm") / NAME
    shared.touch()
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as server,
        closing(socket.socket(socket.AF_UNIX)) as abstract,
        (place / NAME).open("w"),
        pytest.MonkeyPatch.context() as patch,
    ):
        abstract.bind(f"\0{NAME}")
        abstract.listen()
        patch.setenv("LEAGUE_TEST_SECRET", NAME)
        blanks = {"PLACE": place, "HOME": home, "CACHE": cache, "PORT": server.getsockname()[1], "NAME": NAME}

        def filled(text: str) -> str:
            for blank, value in blanks.items():
                text = text.replace(blank, str(value))
            return text

        yield filled
    shared.unlink()


def _script(body: str) -> str:
    lines = "\n    ".join(body.splitlines())
    return f"found = []\ntry:\n    {lines}\nexcept Exception:\n    pass\n"


@pytest.mark.parametrize("name", [*SPIES, *TRIES])
def test_nothing_is_found_behind_the_walls(name: str, written: Written, fill: Callable[[str], str]) -> None:
    code = written(predict=fill(_script({**SPIES, **TRIES}[name])) + "assert not found, found")
    episode = tasks.Episodes(tasks.load("engine_stripes"), "test", 3, 1, 3, 0)[0]
    with open_method(code, {}) as method:
        logits = method.adapt(episode.support)(episode.query_images)
    assert torch.equal(logits, torch.zeros(9, 3))


@pytest.mark.parametrize("name", SPIES)
def test_each_look_finds_something_outside(name: str, fill: Callable[[str], str]) -> None:
    episode = Episode(None, None, None, (), ())  # type: ignore[arg-type]
    if "fonts" in name:
        pytest.importorskip("fontpkg_arimo")
    assert _looked(fill(_script(SPIES[name])), episode)


def _looked(script: str, episode: Episode) -> list[object]:
    """What a spy finds in this process, where the episode lies in the frame above."""
    import ctypes
    import gc

    names = {"ctypes": ctypes, "gc": gc, "os": os, "socket": socket, "sys": sys, "Path": Path}
    exec(script, names)
    found = names["found"]
    assert isinstance(found, list)
    for thing in found:
        if isinstance(thing, socket.socket):
            thing.close()
    return found


def test_nothing_is_left_where_the_user_of_walls_is_killed(written: Written, tmp_path: Path) -> None:
    code = written(adapt="time.sleep(600)").text
    (tmp_path / "code.py").write_text(code)
    program = (
        "from pathlib import Path; from suite.isolation import Code; import torch, os, signal, sys\n"
        "from suite.isolation.opening import open_method; from tasks import Support\n"
        f"code = Code('hostile', text=Path({str(tmp_path / 'code.py')!r}).read_text())\n"
        "with open_method(code, {}) as method:\n"
        "    method.adapt(Support(torch.zeros(1, 1, 8, 8, dtype=torch.uint8), torch.zeros(1, dtype=torch.long)))\n"
        "    import psutil; print(*[c.pid for c in psutil.Process().children(recursive=True)], flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    started = [int(word) for word in done.stdout.split()]
    assert len(started) >= 3, done.stderr
    for process in started:
        _wait_for_end(process)


def _wait_for_end(process: int) -> None:
    import psutil

    if psutil.pid_exists(process):
        try:
            psutil.Process(process).wait(30)
        except psutil.NoSuchProcess:
            return
