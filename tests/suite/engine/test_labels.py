from __future__ import annotations

from suite.engine.labels import label


def test_defaults_are_left_out() -> None:
    assert label("maml", {"inner_steps": 5, "width": 32}, {"inner_steps": 5, "width": 32}) == "maml"


def test_what_differs_is_named_in_the_methods_own_order() -> None:
    defaults = {"head": "logistic", "normalize": True, "steps": 1}
    given = {"head": "ridge", "normalize": False, "steps": 1}
    assert label("transfer", given, defaults) == "transfer(head=ridge, normalize=false)"


def test_equal_labels_only_for_equal_arguments() -> None:
    defaults = {"a": 1, "b": "x"}
    labels = {label("m", {"a": a, "b": b}, defaults) for a in (1, 2, None) for b in ("x", "y", "")}
    assert len(labels) == 9
