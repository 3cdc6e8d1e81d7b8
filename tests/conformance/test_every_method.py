"""The rules that a submission is held to hold for every method that ships."""

from __future__ import annotations

from functools import partial

import pytest
import torch

import suite.methods
from suite.methods import describe, names
from suite.submission.conformance import examine
from suite.submission.conformance.examining import NARROW

METHODS = [name for name in names() if describe(name).module.startswith("suite.methods.")]


@pytest.mark.parametrize("name", METHODS)
def test_a_built_in_method_keeps_the_rules(name: str) -> None:
    if name == "maml_learn2learn":
        pytest.importorskip("learn2learn", reason="it is an optional dependency")
    torch.set_num_threads(1)
    make = partial(suite.methods.get, name, **NARROW)
    report = examine(make, name, describe(name).defaults)
    told = {
        finding.check: finding.told for finding in report.findings if finding.state in ("failed", "skipped")
    }
    assert report.conforms and not told


def test_methods_that_see_the_query_batch_are_those_known() -> None:
    torch.set_num_threads(1)
    seen = {}
    for name in ("protonet", "untrained"):
        report = examine(partial(suite.methods.get, name, **NARROW), name, {})
        [finding] = [f for f in report.findings if f.check == "query alone as in batch"]
        seen[name] = finding.state
    assert seen == {"protonet": "passed", "untrained": "noted"}
