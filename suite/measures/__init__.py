"""Measures of representations: plain functions of features, a number or a small named result out.

Similarity of two representations of the same examples, x [n, p] and y [n, q]: ``linear_cka``, ``rbf_cka``,
``unbiased_cka``, ``cca``, ``svcca``, ``pwcca``, ``linear_regression``, ``procrustes_distance``, and all of
the ``similarity_family`` by name; of many layers at once, ``cka_matrix``; from batches, ``similarities`` and
``minibatch_cka``; the sanity test of any of them, ``layer_identification``. Collapse of features to their
class means: ``neural_collapse``; where the labels lie in them: ``label_alignment``, ``class_separation``;
over how many directions they spread: ``effective_rank``; how steep a network is: ``geometric_complexity``.
What a task asks of a network: ``task2vec``; how far tasks differ in that: ``diversity_coefficient``, and of
two benchmarks ``difference``. By name, yours among them: ``names``, ``get``, ``measure``.
"""

from suite.measures.cca import cca, cca_squared, pwcca, svcca, svcca_squared
from suite.measures.cka import linear_cka, linear_hsic, minibatch_cka, rbf_cka, unbiased_cka
from suite.measures.cka_pairs import cka_matrix
from suite.measures.class_separation import class_separation, class_separation_of_batches
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
from suite.measures.effective_rank import effective_rank, effective_rank_of_batches
from suite.measures.family import SAFE_RATIO, Index, similarity_family
from suite.measures.geometric_complexity import geometric_complexities, geometric_complexity
from suite.measures.hellinger import expected_hellinger_diversity, hellinger_diversity
from suite.measures.identification import layer_identification
from suite.measures.label_alignment import (
    AlignmentSpectrum,
    alignment_spectrum,
    alignment_spectrum_of_batches,
    label_alignment,
    layer_label_alignment,
)
from suite.measures.montecarlo import MonteCarlo
from suite.measures.procrustes import procrustes_distance
from suite.measures.reference import cka_to_reference
from suite.measures.registry import Measure, UnknownMeasure, get, measure, names
from suite.measures.regression import linear_regression
from suite.measures.streamed import Similarities, similarities
from suite.measures.task2vec import Embedding, task2vec

__all__ = [
    "SAFE_RATIO",
    "AlignmentSpectrum",
    "Conditions",
    "Difference",
    "Diversity",
    "Embedding",
    "Index",
    "Measure",
    "MonteCarlo",
    "NeuralCollapse",
    "Redrawn",
    "Similarities",
    "UnknownMeasure",
    "alignment_spectrum",
    "alignment_spectrum_of_batches",
    "cca",
    "cca_squared",
    "cka_matrix",
    "cka_to_reference",
    "class_separation",
    "class_separation_of_batches",
    "difference",
    "diversity_coefficient",
    "effective_rank",
    "effective_rank_of_batches",
    "expected_hellinger_diversity",
    "geometric_complexities",
    "geometric_complexity",
    "get",
    "hellinger_diversity",
    "label_alignment",
    "layer_identification",
    "layer_label_alignment",
    "linear_cka",
    "linear_hsic",
    "linear_regression",
    "measure",
    "minibatch_cka",
    "names",
    "neural_collapse",
    "neural_collapse_of_batches",
    "of_distances",
    "procrustes_distance",
    "pwcca",
    "rbf_cka",
    "redraw",
    "similarities",
    "similarity_family",
    "svcca",
    "svcca_squared",
    "task2vec",
    "unbiased_cka",
]
