"""What can go wrong between this machine and a job."""

from __future__ import annotations

from suite.engine.errors import EngineError


class JobError(EngineError):
    """The job could not be submitted, found or followed; the message says why and what would help."""
