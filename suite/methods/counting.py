"""Backward passes, counted where they are executed, whatever a method calls them by."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch.autograd import Variable

if TYPE_CHECKING:
    from suite.methods.source import Spent


@contextmanager
def count_backward_passes(spent: Spent) -> Iterator[None]:
    """Add to ``spent.backward_passes`` each run of the autograd engine made inside the block.

    ``Tensor.backward``, ``torch.autograd.grad`` and ``torch.func.grad`` all reach the engine through one
    object, ``Variable._execution_engine``; inside the block a subclass that counts stands there. A run counts
    once however large its batch is. Blocks nest, and each counts what happens inside it.

    The engine is the process's, so runs of every thread are counted: train one method at a time in a process.
    """
    lock = threading.Lock()

    class CountingEngine(torch._C._ImperativeEngine):
        def run_backward(self, *arguments: Any, **options: Any) -> Any:
            with lock:
                spent.backward_passes += 1
            return engine.run_backward(*arguments, **options)

    engine = Variable._execution_engine
    Variable._execution_engine = CountingEngine()
    try:
        yield
    finally:
        Variable._execution_engine = engine
