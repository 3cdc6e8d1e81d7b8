"""The operations that meta-learning spends its time in, made fast and differentiable twice.

``convolve`` and ``normalise_rectify_pool`` are a convolution block. Their mathematics stands in ``algebra``
and ``convolution``, the references in plain PyTorch in ``plain``; ``choice`` says which kernels run where.
"""

from suite.kernels.block import normalise_rectify_pool
from suite.kernels.choice import kernels_for, path
from suite.kernels.convolution import convolve

__all__ = ["convolve", "kernels_for", "normalise_rectify_pool", "path"]
