"""Records as one file that another group can import, read and audit.

>>> from leaderboard.store import Store
>>> from suite.bundle import export, import_bundle
>>> export(Store("league-store"), ["maml"], "maml.zip").records
48
>>> import_bundle("maml.zip", Store("elsewhere")).new
48
"""

from suite.bundle.audit import Audit, audit
from suite.bundle.compare import Finding
from suite.bundle.errors import BundleError
from suite.bundle.export import Exported, export
from suite.bundle.imports import Imported, import_bundle
from suite.bundle.opened import Bundle, opened

__all__ = [
    "Audit",
    "Bundle",
    "BundleError",
    "Exported",
    "Finding",
    "Imported",
    "audit",
    "export",
    "import_bundle",
    "opened",
]
