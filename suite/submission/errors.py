"""What a submission is refused for."""

from __future__ import annotations


class SubmissionError(ValueError):
    """A file that cannot be submitted as it is: what is wrong with it, and what would be right."""
