"""Which code a walled process loads: a module of the suite or of a package, or a submitted file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """A method's code, whole, so that it can be handed to any host.

    ``name`` is the registered name. ``module`` is what registers it on import; a submission has none, and
    carries the ``text`` of its file instead, with the ``dependencies`` (requirement specifiers) and
    ``requires_python`` of its inline script metadata (PEP 723).
    """

    name: str
    module: str = ""
    text: str = ""
    dependencies: tuple[str, ...] = ()
    requires_python: str = ""

    @property
    def submitted(self) -> bool:
        """Whether it is a submitted file, which nobody has vouched for."""
        return not self.module
