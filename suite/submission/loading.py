"""Running a submitted file, which registers its method: in a process of its own, or where it is trusted."""

from __future__ import annotations

import hashlib
import re
import sys
from importlib.abc import InspectLoader
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec

from suite.isolation import Code
from suite.methods import registry
from suite.submission.environment import prepare
from suite.submission.errors import SubmissionError

_PREFIX = "league_submission_"


class _TextLoader(InspectLoader):
    """Imports a module from the text of its file, which tracebacks and the source hash then find here."""

    def __init__(self, code: Code) -> None:
        self.code = code

    def get_source(self, fullname: str) -> str:
        return self.code.text

    def is_package(self, fullname: str) -> bool:
        return False


def register(code: Code) -> str:
    """Run a submission's text in this process, once; afterwards ``suite.methods.get`` knows its method.

    A submission of the same name that ran here before is forgotten. Returns the name of its module. Raises
    SubmissionError where the text raises, or registers another name than the one that stands in it.
    """
    module = _PREFIX + re.sub(r"\W", "_", code.name) + hashlib.sha256(code.text.encode()).hexdigest()[:12]
    if module in sys.modules and code.name in registry.names():
        return module
    for other in [name for name, loaded in _loaded().items() if loaded == code.name]:
        del sys.modules[other]
        registry.forget(code.name)
    loader = _TextLoader(code)
    spec = ModuleSpec(module, loader, origin=f"{code.name}.py")
    created = module_from_spec(spec)
    sys.modules[module] = created  # dataclasses look their module up while it runs
    try:
        exec(compile(code.text, file_name(code.name), "exec"), created.__dict__)
    except (Exception, SystemExit) as error:  # whatever a file raises: it is told as what it is
        del sys.modules[module]
        registry.forget(code.name)
        raise SubmissionError(
            f"{code.name}: its file raises {type(error).__name__}: {error}{_line(error)}"
        ) from error
    if code.name not in registry.names():
        del sys.modules[module]
        raise SubmissionError(f"{code.name}: its file registers no method of that name when it is run")
    return module


def load_trusted(code: Code) -> str:
    """Run a submission's text in this process, its dependencies made importable first.

    For submissions that the user vouches for: nothing stands between them and this process. Returns the name
    of its module; raises SubmissionError.
    """
    prepare(code, trusted=True).activate()
    return register(code)


def file_name(name: str) -> str:
    """What tracebacks call a submission's file. It is no file's name, so that lines come from its text."""
    return f"{name}.py (submitted)"


def is_loaded(name: str) -> bool:
    """Whether the method ``name`` was registered here by a submission's text."""
    return name in _loaded().values()


def _loaded() -> dict[str, str]:
    """Module -> method, of the submissions that ran in this process."""
    loaders = {name: getattr(module, "__loader__", None) for name, module in list(sys.modules.items())}
    return {name: loader.code.name for name, loader in loaders.items() if isinstance(loader, _TextLoader)}


def _line(error: BaseException) -> str:
    trace, line = error.__traceback__, None
    while trace is not None:
        if isinstance(trace.tb_frame.f_globals.get("__loader__"), _TextLoader):
            line = trace.tb_lineno
        trace = trace.tb_next
    return "" if line is None else f" (line {line})"
