"""What is wrong when a probe cannot be had."""

from __future__ import annotations


class UnknownProbe(LookupError):
    """No probe has that name; the message names the nearest ones."""


class ProbeLacks(RuntimeError):
    """A package or a file of weights that the probe needs is not here; the message says how to get it."""
