"""What is told of an exception in a sentence."""

from __future__ import annotations


def first_line(error: BaseException) -> str:
    """The first line of its message, or that it gave none."""
    return (str(error).strip().splitlines() or ["(it gave no reason)"])[0]
