"""A tiny benchmark, and a method in a file whose parts a test replaces by hostile ones."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "suite" / "engine" / "doubles"))
sys.path.insert(0, str(Path(__file__).parent / "support"))

from suite.isolation import Code
from suite.isolation.errors import NoWalls
from suite.isolation.walls import find_walls

Written = Callable[..., Code]

_FILE = '''
import ctypes, gc, json, os, socket, struct, subprocess, sys, time
from pathlib import Path
import torch
from suite.methods import method

SEEN = []

def line():
    """The channel to the suite, dug out of this process."""
    from suite.isolation.channel import Channel
    return next(found for found in gc.get_objects() if isinstance(found, Channel))

@method("{name}", version="1")
class Hostile:
    adaptation = ()
    arguments = {{}}

    def train(self, source, budget):
        source.batch(8)
        {train}

    def adapt(self, support):
        way = support.way
        {adapt}
        def predict(images):
            logits = torch.zeros(len(images), way)
            {predict}
            return logits
        return predict

    def save(self, path):
        (path / "it.json").write_text("{{}}")
        {save}

    def load(self, path):
        assert (path / "it.json").exists()

    def parameter_count(self):
        return {parameters}
'''


@pytest.fixture(scope="session", autouse=True)
def walls() -> None:
    """Skip where no walls can be put up, with the reason."""
    try:
        find_walls()
    except NoWalls as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def written() -> Written:
    """``written(train=..., predict=...)``: a method that always answers class 0, with these parts."""

    def write(name: str = "hostile", parameters: str = "0", **parts: str) -> Code:
        indents = {"train": 8, "adapt": 8, "predict": 12, "save": 8}
        bodies = {
            part: ("\n" + " " * indent).join((parts.pop(part, "pass")).strip().splitlines())
            for part, indent in indents.items()
        }
        assert not parts, parts
        return Code(name, text=_FILE.format(name=name, parameters=parameters, **bodies))

    return write
