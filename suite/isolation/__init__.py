"""Walls around a method: it trains and predicts in a process of its own that sees nothing but its task.

>>> from suite.isolation.opening import open_method
>>> with open_method(Code("protonet", "suite.methods.protonet"), {"width": 32}) as learner:
...     learner.train(source, source.budget)
...     learner.adapt(episode.support)(episode.query_images)
"""

from suite.isolation.code import Code
from suite.isolation.limits import Limits

# `open_method` is not imported here: what puts up walls must start without torch.
__all__ = ["Code", "Limits"]
