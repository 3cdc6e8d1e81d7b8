"""Linear classifiers of many small tasks at once: what few-shot heads and task embeddings are fitted with.

>>> heads = fit("logistic_regression", features, labels, C=1.0)     # [e, n, d], [e, n]
>>> heads.logits(queries)                                           # [e, m, d] -> [e, m, way]
"""

from suite.linear.heads import HEADS, LinearHeads, fit
from suite.linear.logistic import NotConverged, logistic_regression

__all__ = ["HEADS", "LinearHeads", "NotConverged", "fit", "logistic_regression"]
