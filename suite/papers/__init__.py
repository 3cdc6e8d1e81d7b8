"""Papers as experiments: a claim, what was measured, and whether it held. One file a paper.

>>> names()
['diversity']
>>> finding = run("diversity", seed=0)
>>> finding.verdict
'reproduced'

A paper is a judge, decorated with ``suite.papers.registry.paper``, and the parts that it judges: functions
from a seed to ``Figures``. A new file in this folder is found by its name.
"""

from leaderboard.findings import Check, Finding, Reported
from suite.papers.registry import PaperInfo, UnknownPaper, describe, names, run

__all__ = ["Check", "Finding", "PaperInfo", "Reported", "UnknownPaper", "describe", "names", "run"]
