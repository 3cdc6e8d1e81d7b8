"""The verbs of ``league``, thin: each reads its words, calls the package that does the work, and prints.

Nothing heavy is imported before a verb needs it: ``league --help`` and ``league board`` load no torch or Ray.
"""

from suite.cli.app import league, main

__all__ = ["league", "main"]
