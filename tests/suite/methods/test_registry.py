"""Methods are found by name, and what is misspelt is answered with what there is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from suite.methods import UnknownArgument, UnknownMethod, describe, get, method, names, registry

SUBMISSION = '''
"""A submitted method."""
from suite.methods import method

@method("sent_in", version="3")
class SentIn:
    """Answers as told."""
    adaptation = ("answer",)

    def __init__(self, depth: int = 2, answer: str = "first") -> None:
        self.depth, self.answer = depth, answer
'''


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed package with an entry point."""
    (tmp_path / "sent_in_package.py").write_text(SUBMISSION)
    monkeypatch.syspath_prepend(str(tmp_path))
    points = [
        EntryPoint("sent_in", "sent_in_package:SentIn", "league.methods"),
        EntryPoint("maml", "sent_in_package:SentIn", "league.methods"),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: points if group == "league.methods" else [])
    registry._installed.cache_clear()
    yield
    registry._installed.cache_clear()
    registry._REGISTERED.pop("sent_in", None)
    sys.modules.pop("sent_in_package", None)


def test_the_promised_methods_are_there() -> None:
    promised = {"maml", "fomaml", "anil", "reptile", "protonet", "transfer", "untrained", "maml_learn2learn"}
    assert promised <= set(names())


def test_a_misspelt_method_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownMethod, match=r"no method is called 'mamll'; nearest: maml"):
        get("mamll")
    with pytest.raises(UnknownMethod, match=r"no method is called 'mamll'"):
        describe("mamll")


def test_a_misspelt_argument_is_answered_with_its_value_and_the_nearest() -> None:
    with pytest.raises(
        UnknownArgument, match=r"maml has no argument 'inner_step' \(given 3\); nearest: inner_steps"
    ):
        get("maml", inner_step=3)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("maml", {"inner_lr": 0}, "inner_lr must be above 0, not 0"),
        ("maml", {"inner_steps": 0}, "inner_steps must be at least 1, not 0"),
        ("maml", {"inner_steps": 2.5}, r"inner_steps must be a whole number, not 2\.5"),
        ("maml", {"width": True}, "width must be a whole number, not True"),
        ("maml", {"lr": "fast"}, "lr must be a number, not 'fast'"),
        ("maml", {"lr": float("nan")}, "lr must be a number, not nan"),
        ("maml", {"backbone": "vgg"}, "backbone must be one of conv4, mlp, resnet12, not 'vgg'"),
        ("protonet", {"batch_norm": "off"}, "batch_norm must be one of episode, running, not 'off'"),
        (
            "transfer",
            {"head": "svm"},
            "head must be one of logistic_regression, ridge, nearest_centroid, not 'svm'",
        ),
        ("transfer", {"normalize": 1}, "normalize must be true or false, not 1"),
        ("transfer", {"C": -1.0}, r"C must be above 0, not -1\.0"),
    ],
)
def test_values_out_of_range_are_refused_when_built(
    name: str, arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        get(name, **arguments)


def test_equal_values_are_equal_in_the_identity() -> None:
    arguments = get("transfer", C=2).arguments
    assert arguments == get("transfer", C=2.0).arguments
    assert isinstance(arguments["C"], float)


def test_description_tells_arguments_with_their_meaning() -> None:
    info = describe("transfer")
    head = next(argument for argument in info.arguments if argument.name == "head")
    assert head.default == "logistic_regression"
    assert head.choices == ("logistic_regression", "ridge", "nearest_centroid")
    assert info.adaptation == ("adaptation", "adaptation_steps", "head", "normalize", "C", "inner_lr")
    assert info.version == "1" and info.module == "suite.methods.transfer"
    assert info.doc.startswith("One classifier")


def test_an_installed_package_enters_by_its_entry_point(installed: None) -> None:
    assert "sent_in" in names()
    assert "sent_in_package" not in sys.modules  # listed without being imported
    assert get("sent_in", answer="last").answer == "last"  # type: ignore[attr-defined]
    info = describe("sent_in")
    assert (info.version, info.defaults, info.adaptation) == (
        "3",
        {"depth": 2, "answer": "first"},
        ("answer",),
    )
    with pytest.raises(UnknownArgument, match="nearest: depth"):
        get("sent_in", deph=1)


def test_a_built_in_name_cannot_be_taken(installed: None) -> None:
    assert describe("maml").module == "suite.methods.maml"


def test_two_classes_cannot_share_a_name() -> None:
    get("maml")
    with pytest.raises(
        ValueError, match=r"a method named 'maml' is registered already, by suite.methods.maml"
    ):

        @method("maml", version="2")
        class Other:
            pass


def test_a_method_without_defaults_is_refused() -> None:
    with pytest.raises(ValueError, match="argument 'depth' of method 'needy' has no default"):

        @method("needy", version="1")
        class Needy:
            def __init__(self, depth: int) -> None: ...
