"""One training shared by several processes, each with its part of every batch or meta-batch.

What they learn is what one process would have learned, up to rounding: gradients and batch statistics are
averaged over all that was handed out, the budget is counted once, and every process comes to the same
weights. Processes find each other through ``torch.distributed``; who starts them is not known here.
"""

from suite.parallel.crew import Crew, MemberLost
from suite.parallel.gradients import accumulate_shared, averaged_gradients
from suite.parallel.meeting import local_interface, met
from suite.parallel.source import SharedSource
from suite.parallel.statistics import Unshareable, shared_statistics
from suite.parallel.training import Diary, FolderDiary, SharedMethod

__all__ = [
    "Crew",
    "Diary",
    "FolderDiary",
    "MemberLost",
    "SharedMethod",
    "SharedSource",
    "Unshareable",
    "accumulate_shared",
    "averaged_gradients",
    "local_interface",
    "met",
    "shared_statistics",
]
