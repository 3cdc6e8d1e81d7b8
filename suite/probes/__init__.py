"""Probes: fixed networks by which tasks are measured, each told apart by a digest.

>>> found = probe("conv4", width=32)
>>> found.label, found.digest
>>> found.module(as_float(images))     # features [n, d] of pictures of any size, grey or colour
"""

from suite.probes.errors import ProbeLacks, UnknownProbe
from suite.probes.probe import Probe, Probed, identified, of_module
from suite.probes.registry import describe, names, probe

__all__ = [
    "Probe",
    "ProbeLacks",
    "Probed",
    "UnknownProbe",
    "describe",
    "identified",
    "names",
    "of_module",
    "probe",
]
