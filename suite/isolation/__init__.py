"""Walls around a method: it trains and predicts in a process of its own that sees nothing but its task."""

from suite.isolation.code import Code

__all__ = ["Code"]
