"""A fair sweep refuses methods that would compete by unequal means, and says in what."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from torch import nn

from suite.methods import RecipeMethod, check_fair, get, names
from suite.methods.optimiser import CosineAdam
from suite.methods.transfer import Transfer

RUNNING = {"batch_norm": "running"}


@dataclass(frozen=True)
class WiderHead(Transfer):
    """A body with a layer more."""

    def build(self, shape, way):  # type: ignore[no-untyped-def]
        return nn.Sequential(super().build(shape, way), nn.Linear(3, 4))


@dataclass(frozen=True)
class OtherOptimiser(Transfer):
    optimiser = "SGD"


@dataclass(frozen=True)
class Silent(Transfer):
    optimiser = None  # type: ignore[assignment]


def made(recipe: Transfer) -> RecipeMethod[nn.Module]:
    return RecipeMethod(recipe, "mine", "1")  # type: ignore[arg-type]


def test_the_arms_of_one_config_are_fair() -> None:
    arms = ("maml", "fomaml", "anil", "reptile", "protonet", "transfer", "untrained")
    assert set(arms) <= set(names())
    check_fair({name: get(name, **RUNNING) for name in arms})
    check_fair({})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"batch_norm": "episode"}, "one batch_norm for all methods: maml has 'running', transfer 'episode'"),
        ({"width": 16, **RUNNING}, "one width for all methods: maml has 32, transfer 16"),
        (
            {"backbone": "resnet12", **RUNNING},
            "one backbone for all methods: maml has 'conv4', transfer 'res",
        ),
    ],
)
def test_another_network_is_named(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check_fair({"maml": get("maml", **RUNNING), "transfer": get("transfer", **arguments)})


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        (WiderHead(), r"one number of body parameters for all methods: maml has \d+, mine \d+"),
        (OtherOptimiser(), f"one optimiser for all methods: maml has '{CosineAdam.family}', mine 'SGD'"),
        (Silent(), "mine does not tell its own"),
    ],
)
def test_what_a_method_makes_of_its_arguments_counts(recipe: Transfer, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check_fair({"maml": get("maml", **RUNNING), "mine": made(recipe)})


def test_nothing_trained_needs_no_optimiser() -> None:
    untrained = get("untrained", **RUNNING)
    assert isinstance(untrained, RecipeMethod) and untrained.optimiser == ""
    check_fair({"untrained": untrained, "transfer": get("transfer")})


def test_heads_are_no_part_of_the_body() -> None:
    maml, transfer = get("maml"), get("transfer")
    assert isinstance(maml, RecipeMethod) and isinstance(transfer, RecipeMethod)
    shape = (3, 28, 28)
    assert maml.body_parameters(shape, 5) == maml.body_parameters(shape, 9) > 0
    assert maml.body_parameters(shape, 5) == transfer.body_parameters(shape, 5)
