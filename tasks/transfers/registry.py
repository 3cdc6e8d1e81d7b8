"""Transfer tasks by name."""

from __future__ import annotations

import difflib
import inspect
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from tasks import packages
from tasks.digests import Verification, expected
from tasks.transfers.transfer import Transfer

Loader = Callable[..., Transfer]

_BUILT_IN = {
    "alignment": "tasks.transfers.alignment",
    "class_attributes": "tasks.transfers.attributes",
    "digit_classes": "tasks.transfers.digits",
    "digits_to_print": "tasks.transfers.print",
    "emoji_groups": "tasks.transfers.emoji",
    "emoji_vendors": "tasks.transfers.emoji",
    "glyph_scripts": "tasks.transfers.glyphs",
}
_REGISTERED: dict[str, Loader] = {}


class UnknownTransfer(LookupError):
    """No transfer task has that name; the message names the nearest ones."""


@dataclass(frozen=True)
class TransferInfo:
    """A transfer task before it is loaded: ``options`` are the defaults of what decides its data."""

    name: str
    doc: str
    options: Mapping[str, object]


def transfer(name: str) -> Callable[[Loader], Loader]:
    """Register a loader: ``@transfer("mine")`` above ``def load(**options) -> Transfer``."""

    def register(loader: Loader) -> Loader:
        if _REGISTERED.get(name, loader) is not loader:
            raise ValueError(f"a transfer task named {name!r} is registered already")
        _REGISTERED[name] = loader
        return loader

    return register


def forget(name: str) -> None:
    """Undo the registration of ``name``, if there is one."""
    _REGISTERED.pop(name, None)


def names() -> list[str]:
    """Names that ``load`` knows, sorted."""
    return sorted({*_BUILT_IN, *_REGISTERED})


def load(name: str, **options: object) -> Transfer:
    """Load a transfer task, put together from benchmarks that are built on first use and cached on disk.

    Data that are not the reference ones are told in a warning. Raises UnknownTransfer for a name, TypeError
    for an option that it does not take, ValueError for a value out of range, DataError for data that cannot
    be had.
    """
    loader = _loader(name)
    known = inspect.signature(loader).parameters
    for option in options:
        if option not in known:
            nearest = difflib.get_close_matches(option, known, n=1) or list(known)
            raise TypeError(f"{name} has no option {option!r}; nearest: {', '.join(nearest)}")
    found = loader(**options)
    verification = compare(found)
    if verification.matches is False:
        warnings.warn(str(verification), stacklevel=2)
    return found


def describe(name: str) -> TransferInfo:
    """What can be known of a transfer task before it is loaded. Raises UnknownTransfer."""
    loader = _loader(name)
    parameters = inspect.signature(loader).parameters.values()
    # Where data lie on this machine is not what they are.
    options = {p.name: p.default for p in parameters if p.name != "cache"}
    return TransferInfo(name, inspect.getdoc(loader) or "", options)


def verify(name: str, **options: object) -> Verification:
    """Build a transfer task anew, past the cache, and hold it against the digest recorded for it."""
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        # The verification says what the warning would.
        warnings.simplefilter("ignore", UserWarning)
        cached = "cache" in inspect.signature(_loader(name)).parameters
        return compare(load(name, **{**options, **({"cache": Path(folder)} if cached else {})}))


def compare(found: Transfer) -> Verification:
    """Hold a loaded transfer task against the recorded digest."""
    return Verification(
        found.name,
        found.options,
        found.digest,
        expected(found.name, found.options),
        packages.differing(found.card.packages),
    )


def _loader(name: str) -> Loader:
    if name not in _REGISTERED and name in _BUILT_IN:
        import_module(_BUILT_IN[name])
    if name not in _REGISTERED:
        nearest = difflib.get_close_matches(name, names(), n=3) or names()
        raise UnknownTransfer(f"no transfer task is called {name!r}; nearest: {', '.join(nearest)}")
    return _REGISTERED[name]
