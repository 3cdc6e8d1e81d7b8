"""What a bundle is refused for."""

from __future__ import annotations


class BundleError(ValueError):
    """A bundle cannot be made of what was named, or is not what it says: which part of it, and why."""
