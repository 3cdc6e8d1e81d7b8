"""``league methods``: what can be entered."""

from __future__ import annotations

import json

import suite.methods


def test_every_method_has_a_line(call) -> None:
    lines = call("methods").stdout.splitlines()
    assert [line.split()[0] for line in lines] == suite.methods.names()


def test_a_method_tells_its_arguments_and_what_all_share(call) -> None:
    said = call("methods", "transfer").stdout
    assert "head=logistic_regression" in said
    assert "ridge" in said
    assert "width=" not in said
    assert "model.width" in said


def test_methods_as_json(call) -> None:
    told = json.loads(call("methods", "--json").stdout)
    assert list(told) == suite.methods.names()
    steps = told["maml"]["arguments"]["inner_steps"]
    assert steps["default"] == suite.methods.describe("maml").defaults["inner_steps"]
    assert steps["meaning"]


def test_an_unknown_method_comes_with_the_nearest(call) -> None:
    result = call("methods", "mmal")
    assert result.exit_code == 2
    assert "no method is called 'mmal'; nearest: maml" in result.stderr
