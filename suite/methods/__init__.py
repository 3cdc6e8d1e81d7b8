"""Learning methods: one interface for every track, and what the suite does to keep the comparison fair.

>>> learner = get("protonet", width=32)
>>> source = Source(benchmark, Budget(images=20_000))
>>> with count_backward_passes(source.spent):
...     learner.train(source, source.budget)
>>> predictor = learner.adapt(episode.support)
>>> score(predictor, episode).accuracy
"""

from suite.methods.arguments import Argument, argument, check_arguments
from suite.methods.checkpoint import CheckpointError
from suite.methods.counting import count_backward_passes
from suite.methods.fairness import check_fair
from suite.methods.interface import LayeredPredictor, Method, Predictor
from suite.methods.probe import Probe, transductive_probe
from suite.methods.recipe import Recipe, RecipeMethod
from suite.methods.registry import MethodInfo, UnknownArgument, UnknownMethod, describe, get, method, names
from suite.methods.scoring import MethodError, Outcome, score
from suite.methods.seeding import seed_everything
from suite.methods.source import Budget, BudgetExceeded, CurvePoint, Source, Spent

__all__ = [
    "Argument",
    "Budget",
    "BudgetExceeded",
    "CheckpointError",
    "CurvePoint",
    "LayeredPredictor",
    "Method",
    "MethodError",
    "MethodInfo",
    "Outcome",
    "Predictor",
    "Probe",
    "Recipe",
    "RecipeMethod",
    "Source",
    "Spent",
    "UnknownArgument",
    "UnknownMethod",
    "argument",
    "check_arguments",
    "check_fair",
    "count_backward_passes",
    "describe",
    "get",
    "method",
    "names",
    "score",
    "seed_everything",
    "transductive_probe",
]
