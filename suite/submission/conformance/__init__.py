"""What every method must do, whatever it is: checked in seconds, on a benchmark made on the spot.

``examine`` runs the checks in this process; ``check`` runs a submission and its checks in one of its own.
"""

from suite.submission.conformance.finding import Finding, Report
from suite.submission.conformance.process import ConformanceError, check
from suite.submission.conformance.suite import examine

__all__ = ["ConformanceError", "Finding", "Report", "check", "examine"]
