"""Many rows as few with the same inner products of columns: what singular values need, batch by batch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad


class Triangle:
    """Rows [n, w] kept as at most 3w rows R with RᵀR equal to that of all: the factor of their QR.

    Sums of products would lose half of the digits of small singular values; this loses none. Columns may
    become more as rows come: a row has 0 in those that it came without.
    """

    def __init__(self) -> None:
        self._waiting: list[Tensor] = []

    def add(self, rows: Tensor) -> None:
        """Take in float64 rows [m, w]."""
        width = max(rows.shape[1], *(kept.shape[1] for kept in self._waiting), 0)
        self._waiting = [pad(some, (0, width - some.shape[1])) for some in (*self._waiting, rows)]
        if sum(map(len, self._waiting)) > 3 * width:
            self._waiting = [torch.linalg.qr(torch.cat(self._waiting), mode="r").R]

    def rows(self) -> Tensor:
        """Rows [r, w] with the inner products of columns of all rows. Raises ValueError of none."""
        if not self._waiting:
            raise ValueError("there are no examples")
        return torch.cat(self._waiting)
