"""The operations that meta-learning spends its time in, made fast and differentiable twice.

``convolve`` and ``normalise_rectify_pool`` are a convolution block. Their mathematics stands in ``algebra``
and ``convolution``, the references in plain PyTorch in ``plain``; ``choice`` says which kernels run where.
"""

from suite.kernels.block import normalise_rectify_pool
from suite.kernels.choice import kernels_for, path, reads_images
from suite.kernels.convolution import convolve
from suite.kernels.images import LastImages
from suite.kernels.images import convolve_normalise_rectify_pool as convolve_images

__all__ = [
    "LastImages",
    "convolve",
    "convolve_images",
    "kernels_for",
    "normalise_rectify_pool",
    "path",
    "reads_images",
]
