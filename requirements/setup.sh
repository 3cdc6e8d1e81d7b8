#!/bin/sh
# Makes the virtual environment $1 and installs the project into it, editable, with all that `make` needs.
set -eu
venv=${1:-.venv}
python=${PYTHON:-python3}

say() { printf '%s\n' "set-up: $*"; }

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || {
    say "Python 3.10 or newer is needed; '$python' is $("$python" --version 2>&1 || echo missing)." \
        "Name another with: make setup PYTHON=/path/to/python3" >&2
    exit 1
}
[ -x "$venv/bin/python" ] || {
    say "making $venv"
    "$python" -m venv "$venv" || {
        say "python's venv module is missing; on Debian and Ubuntu: apt-get install python3-venv" >&2
        exit 1
    }
}
pip="$venv/bin/python -m pip --disable-pip-version-check"

say "installing torch and torchvision (several minutes the first time)"
$pip install --quiet torch torchvision
say "installing the project, its pictures and its tools"
$pip install --quiet --editable ".[dev,pictures,learn2learn]"

# The peer that MAML is compared with. Everything else works without it.
if "$venv/bin/python" -c 'import importlib.metadata as m; m.version("learn2learn")' 2>/dev/null; then
    :
elif $pip install --quiet --no-deps --requirement requirements/learn2learn.txt >"$venv/learn2learn.log" 2>&1; then
    say "installed learn2learn"
else
    say "learn2learn could not be built (a C compiler is needed; the log is $venv/learn2learn.log)." \
        "The method maml_learn2learn is not available; everything else is."
fi
say "ready"
