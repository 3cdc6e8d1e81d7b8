"""Transfer tasks by name: a labelled source to pretrain on, a labelled downstream problem to adapt to.

>>> from tasks import transfers
>>> task = transfers.load("glyph_scripts", source=["Latin"], downstream=["Hebrew"])
>>> images, labels = task.tensors("source", "train")
>>> support = task.support(per_class=5, seed=0)          # or all: task.support()
>>> queries, answers = task.tensors("downstream", "test")
"""

from tasks.transfers.registry import (
    TransferInfo,
    UnknownTransfer,
    compare,
    describe,
    load,
    names,
    transfer,
    verify,
)
from tasks.transfers.source import SourceProblem, source_task
from tasks.transfers.transfer import Problem, Transfer

__all__ = [
    "Problem",
    "SourceProblem",
    "Transfer",
    "TransferInfo",
    "UnknownTransfer",
    "compare",
    "describe",
    "load",
    "names",
    "source_task",
    "transfer",
    "verify",
]
