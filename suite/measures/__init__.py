"""Measures of representations: plain functions of features, a number or a small named result out.

Similarity of two representations of the same examples, x [n, p] and y [n, q]: ``linear_cka``, ``rbf_cka``,
``unbiased_cka``, ``cca``, ``svcca``, ``pwcca``, ``procrustes_distance``; of many layers at once,
``cka_matrix``; from batches, ``similarities`` and ``minibatch_cka``. Collapse of features to their class
means: ``neural_collapse``. What a task asks of a network: ``task2vec``; how far tasks differ in that:
``diversity_coefficient``, and of two benchmarks ``difference``.
"""

from suite.measures.cca import cca, pwcca, svcca
from suite.measures.cka import linear_cka, minibatch_cka, rbf_cka, unbiased_cka
from suite.measures.cka_pairs import cka_matrix
from suite.measures.collapse import NeuralCollapse, neural_collapse, neural_collapse_of_batches
from suite.measures.diversity import (
    Conditions,
    Difference,
    Diversity,
    difference,
    diversity_coefficient,
    of_distances,
)
from suite.measures.diversity_floor import Redrawn, redraw
from suite.measures.hellinger import expected_hellinger_diversity, hellinger_diversity
from suite.measures.montecarlo import MonteCarlo
from suite.measures.procrustes import procrustes_distance
from suite.measures.streamed import Similarities, similarities
from suite.measures.task2vec import Embedding, task2vec

__all__ = [
    "Conditions",
    "Difference",
    "Diversity",
    "Embedding",
    "MonteCarlo",
    "NeuralCollapse",
    "Redrawn",
    "Similarities",
    "cca",
    "cka_matrix",
    "difference",
    "diversity_coefficient",
    "expected_hellinger_diversity",
    "hellinger_diversity",
    "linear_cka",
    "minibatch_cka",
    "neural_collapse",
    "neural_collapse_of_batches",
    "of_distances",
    "procrustes_distance",
    "pwcca",
    "rbf_cka",
    "redraw",
    "similarities",
    "svcca",
    "task2vec",
    "unbiased_cka",
]
