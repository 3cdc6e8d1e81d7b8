"""The one network of a sweep, as arguments of each of its methods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from suite.methods.arguments import argument, check_arguments
from suite.models import Backbone, BatchNormMode, get, names


def batch_norm_argument(default: str) -> str:
    """The argument ``batch_norm``, for methods whose default is another one."""
    return argument(default, "statistics that normalise", choices=get_args(BatchNormMode))


@dataclass(frozen=True)
class BodyArguments:
    """Architecture, size and batch norm; a sweep sets them for all of its methods alike."""

    backbone: str = argument("conv4", "architecture", choices=names())
    width: int = argument(32, "filters of its first block", at_least=1)
    batch_norm: str = batch_norm_argument("running")

    def __post_init__(self) -> None:
        check_arguments(self)

    def body(self, shape: tuple[int, int, int]) -> Backbone:
        """A freshly initialised backbone for images of ``shape``: channels, height, width."""
        channels, height, breadth = shape
        return get(self.backbone, channels, (height, breadth), width=self.width, batch_norm=self.batch_norm)
