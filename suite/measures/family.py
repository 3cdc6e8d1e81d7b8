"""The measures of similarity that the field compares, by name, all so that more is more alike.

Kornblith et al. (2019), table 1 and 2; Ding et al. (2021) for Procrustes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from suite.measures.cca import cca, cca_squared, pwcca, svcca, svcca_squared
from suite.measures.cka import linear_cka, linear_hsic, rbf_cka, unbiased_cka
from suite.measures.matrices import Representation
from suite.measures.procrustes import procrustes_distance
from suite.measures.regression import linear_regression

SAFE_RATIO = 10
"""Below so many examples a neuron, canonical correlations and plain CKA read high, whatever is compared."""


@dataclass(frozen=True)
class Index:
    """A measure of similarity: ``of(x, y)`` of x [n, p] and y [n, q], higher where they are more alike.

    ``title`` is its name in prose. ``symmetric``: order does not matter. ``unit``: it is at most 1, and 1 of
    x with itself, so that 1 less it is a distance. ``by_features``: its cost grows with n, not with n².
    """

    name: str
    title: str
    of: Callable[[Representation, Representation], float] = field(repr=False)
    symmetric: bool = True
    unit: bool = True
    by_features: bool = True


def similarity_family() -> dict[str, Index]:
    """Name -> each measure of the family, in the order of the paper's table."""
    each = (
        Index("cca", "CCA", cca),
        Index("cca_squared", "CCA (R²)", cca_squared),
        Index("svcca", "SVCCA", svcca),
        Index("svcca_squared", "SVCCA (R²)", svcca_squared),
        Index("pwcca", "PWCCA", pwcca, symmetric=False),
        Index("linear_regression", "linear regression", linear_regression, symmetric=False),
        Index("linear_hsic", "linear HSIC", linear_hsic, unit=False),
        Index("linear_cka", "linear CKA", linear_cka),
        Index("unbiased_cka", "unbiased CKA", unbiased_cka),
        *(_rbf(fraction) for fraction in (0.2, 0.4, 0.8)),
        Index("procrustes", "OPD", _procrustes),
    )
    return {index.name: index for index in each}


def _rbf(fraction: float) -> Index:
    of = partial(rbf_cka, fraction=fraction)
    return Index(f"rbf_cka_{fraction}", f"RBF CKA ({fraction})", of, by_features=False)


def _procrustes(x: Representation, y: Representation) -> float:
    return 1 - procrustes_distance(x, y)
