"""A Python environment for what a submission depends on, over the core, whose versions stay as they are."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import site
import subprocess
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from suite.isolation import Code
from suite.submission import conflicts
from suite.submission.errors import SubmissionError
from tasks.cache import cache_folder

_TOLD = "environment.json"
_FORMAT = 1


@dataclass(frozen=True)
class Environment:
    """Where a submission runs: its interpreter, and what was installed for it.

    ``packages`` is the folder of its own packages (None: it needs none, and runs in the core's environment);
    ``versions`` are theirs, by name. ``met`` are the versions that it runs with: of these, and of what it
    asks for and the core has.
    """

    python: Path
    packages: Path | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    met: Mapping[str, str] = field(default_factory=dict)

    def activate(self) -> None:
        """Make its packages importable in this process, after the core's own."""
        if self.packages is not None and str(self.packages) not in sys.path:
            site.addsitedir(str(self.packages))


def prepare(
    code: Code,
    *,
    trusted: bool = False,
    folder: Path | None = None,
    tell: Callable[[str], None] | None = None,
) -> Environment:
    """The environment for ``code``, made first where ``folder`` (by default in the user's cache) lacks it.

    Made once for equal dependencies, Python and core versions, under a lock, and complete or not at all. It
    sees every package of the core; pip may add to these, and may not replace one. What is not ``trusted`` is
    installed from wheels alone, since building another kind of package runs its code. ``tell`` hears, in a
    sentence, that something is about to be installed.

    Raises SubmissionError where this Python does not fit, or where the dependencies cannot be installed:
    which requirement conflicts with which version of the core, or pip's own reason.
    """
    running = platform.python_version()
    if code.requires_python and not SpecifierSet(code.requires_python).contains(running, prereleases=True):
        raise SubmissionError(f"{code.name} requires Python {code.requires_python}; this is Python {running}")
    requirements = [Requirement(dependency) for dependency in code.dependencies]
    wanted = sorted(str(entry) for entry in requirements if entry.marker is None or entry.marker.evaluate())
    if not wanted:
        return Environment(Path(sys.executable))
    core = core_versions()
    conflicts.check(code.name, wanted, core, wheels_only=not trusted)
    place = (folder or cache_folder() / "environments") / _key(wanted, core, trusted)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{place}.lock"):
            if not (place / _TOLD).is_file():
                if tell is not None:
                    tell(f"installing what {code.name} depends on: {', '.join(wanted)}")
                _build(code.name, wanted, core, place, wheels_only=not trusted)
        told = json.loads((place / _TOLD).read_text(encoding="utf-8"))
    except OSError as error:
        raise SubmissionError(
            f"the environment of {code.name} cannot be made in {place.parent}: {error.strerror or error}"
        ) from error
    named = {canonicalize_name(Requirement(spelled).name) for spelled in wanted}
    met = {name: version for name, version in core.items() if name in named}
    return Environment(_python(place), _packages(place), told["versions"], {**met, **told["versions"]})


def core_versions() -> dict[str, str]:
    """Name -> version of every package that this process can import."""
    found: dict[str, str] = {}
    for distribution in metadata.distributions():
        if distribution.metadata["Name"]:  # a broken one has none
            found.setdefault(canonicalize_name(distribution.metadata["Name"]), distribution.version)
    return found


def _key(wanted: list[str], core: Mapping[str, str], trusted: bool) -> str:
    parts = [_FORMAT, platform.python_version(), sys.prefix, wanted, sorted(core.items()), trusted]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:20]


def _build(name: str, wanted: list[str], core: Mapping[str, str], place: Path, *, wheels_only: bool) -> None:
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=f"{place.name}.") as made:
        draft = Path(made) / "environment"
        venv.EnvBuilder(with_pip=False, symlinks=True).create(draft)
        packages = _packages(draft)
        (packages / "league-core.pth").write_text(_core_path(), encoding="utf-8")
        constraints = Path(made) / "constraints.txt"
        constraints.write_text("".join(f"{key}=={core[key]}\n" for key in sorted(core)), encoding="utf-8")
        _pip(name, draft, constraints, wanted, core, wheels_only=wheels_only)
        installed = metadata.distributions(path=[str(packages)])
        versions = {canonicalize_name(found.metadata["Name"]): found.version for found in installed}
        (draft / _TOLD).write_text(json.dumps({"versions": versions, "wanted": wanted}), encoding="utf-8")
        if place.exists():  # without its last file: what an earlier crash left
            shutil.rmtree(place)
        draft.rename(place)


def _pip(
    name: str,
    draft: Path,
    constraints: Path,
    wanted: list[str],
    core: Mapping[str, str],
    *,
    wheels_only: bool,
) -> None:
    if find_spec("pip") is None:
        raise SubmissionError(
            f"the dependencies of {name} cannot be installed: this Python has no pip; `python -m ensurepip` "
            "brings it"
        )
    command = [sys.executable, "-m", "pip", "--python", str(_python(draft)), "--no-input"]
    command += ["--disable-pip-version-check", "install", "--constraint", str(constraints)]
    command += ["--only-binary", ":all:"] if wheels_only else []
    done = subprocess.run([*command, *wanted], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SubmissionError(
            conflicts.reason(name, done.stdout + done.stderr, core, wheels_only=wheels_only)
        )


def _core_path() -> str:
    """Lines of a ``.pth`` file that make the core importable, its own ``.pth`` files included."""
    folders = [entry for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")]
    lines = [f"import site; site.addsitedir({entry!r})" for entry in dict.fromkeys(folders)]
    return "\n".join([*lines, str(Path(__file__).parents[2]), ""])


def _python(place: Path) -> Path:
    return place / "bin" / "python"


def _packages(place: Path) -> Path:
    # Named, since Debian's own default scheme is another one than that of an environment.
    return Path(sysconfig.get_path("purelib", "posix_prefix", {"base": str(place), "platbase": str(place)}))
