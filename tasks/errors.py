"""The one error that says that a benchmark's data cannot be had."""

from __future__ import annotations


class DataError(RuntimeError):
    """A benchmark's data are missing, damaged, or cannot be written; the message says what would mend it."""
