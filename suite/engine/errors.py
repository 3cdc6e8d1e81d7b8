"""What stops a sweep, in the user's language. What a single method did wrong stops nothing: it is
quarantined.
"""

from __future__ import annotations


class EngineError(RuntimeError):
    """The sweep cannot go on; what was finished is kept. The message says why and what would help."""


class StoreBusy(EngineError):
    """Another driver works on this store; the message says which."""


class Infeasible(EngineError):
    """A cell asks for more than any node of the cluster has."""


class ClusterLost(EngineError):
    """The Ray cluster went away and could not be brought back."""
