"""What the trial is made on: attributes beside a class, and handwritten digits, which have none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from suite.papers.better_losses.networks import Recipe
from suite.papers.better_losses.trial import Recipes, trial
from suite.papers.registry import Figures
from tasks import Split, transfers
from tasks.transfers.dealing import dealt
from tasks.transfers.digits import all_digits

_FEW = Recipe(epochs=60, batch=64, weight_decay=1e-4)
_DIGITS = Recipes(_FEW, replace(_FEW, batch=32))


def attributes(seed: int) -> Figures:
    """From classes to attributes that came with them and tell nothing of the class."""
    recipes = Recipes(Recipe(), Recipe(batch=32, weight_decay=1e-4))
    return trial(transfers.load("class_attributes", seed=seed), seed, recipes)


def digit_classes(seed: int) -> Figures:
    """From the digits 0 to 5 to the digits 6 to 9."""
    return trial(transfers.load("digit_classes", source=[0, 1, 2, 3, 4, 5], seed=seed), seed, _DIGITS)


def digit_pairs(seed: int) -> Figures:
    """From pairs of digits (0 or 1, 2 or 3, …) to the digits."""
    return trial(pairs_to_digits(seed), seed, _DIGITS)


def pairs_to_digits(seed: int) -> transfers.Transfer:
    """Half of the pictures to train on tell the pair of the digit, the other half the digit itself."""
    whole, card = all_digits(8, None)
    digits = dealt(whole, ("digit_pairs", seed))
    first, second = (digits.train.rows(np.arange(start, len(digits.train.labels), 2)) for start in (0, 1))
    pairs = transfers.Problem(_paired(first), _paired(digits.validation), _paired(digits.test))
    card = replace(
        card,
        title="Digit pairs: from pairs of digits to the digits",
        split_rule="source and downstream are trained on other pictures, and chosen and scored on the same",
    )
    problem = transfers.Problem(second, digits.validation, digits.test)
    return transfers.Transfer("digit_pairs", pairs, problem, ("UCI",), card, {"seed": seed})


def _paired(part: Split) -> Split:
    pairs = tuple(" or ".join(part.classes[i : i + 2]) for i in range(0, len(part.classes), 2))
    return replace(part, labels=part.labels // 2, classes=pairs)
