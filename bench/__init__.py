"""Our speed and a peer's, side by side in one run: ``python -m bench heads``, or ``make bench`` for all.

Each benchmark is a module here with ``cases(quick) -> list[Case]`` (``bench.case``), named in ``BENCHMARKS``.
"""

BENCHMARKS = (
    "maml",
    "heads",
    "task2vec",
    "similarity",
    "collapse",
    "episodes",
    "board",
    "engine",
    "cluster",
    "ddp",
)
