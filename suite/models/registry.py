"""Backbones by name."""

from __future__ import annotations

import inspect
from typing import Any

from suite.models.backbone import Backbone
from suite.models.conv4 import Conv4
from suite.models.mlp import Mlp
from suite.models.names import nearest
from suite.models.resnet12 import ResNet12

_BACKBONES: dict[str, type[Backbone]] = {"conv4": Conv4, "mlp": Mlp, "resnet12": ResNet12}
_GIVEN = ("self", "channels", "size")


class UnknownModel(LookupError):
    """No backbone has that name; the message names the nearest ones."""


def names() -> list[str]:
    """Names that ``get`` knows, sorted."""
    return sorted(_BACKBONES)


def get(name: str, channels: int, size: int | tuple[int, int], **arguments: Any) -> Backbone:
    """A freshly initialised backbone for images of ``size`` pixels (a side, or height and width).

    Arguments of both: ``width`` (filters of the first block) and ``batch_norm`` (``episode`` or ``running``).
    Its weights come from torch's generator. Raises UnknownModel for a name, TypeError for an argument that it
    does not take, ValueError for a value out of range.
    """
    if name not in _BACKBONES:
        raise UnknownModel(f"no backbone is called {name!r}; {nearest(name, names())}")
    backbone = _BACKBONES[name]
    known = [key for key in inspect.signature(backbone.__init__).parameters if key not in _GIVEN]
    for argument in arguments:
        if argument not in known:
            raise TypeError(f"{name} has no argument {argument!r}; {nearest(argument, known)}")
    height, width = (size, size) if isinstance(size, int) else size
    for what, value in (("channels", channels), ("height", height), ("width", width)):
        if value < 1:
            raise ValueError(f"images need at least 1 of {what}, not {value}")
    if arguments.get("width", 1) < 1:
        raise ValueError(f"width must be at least 1, not {arguments['width']}")
    return backbone(channels, (height, width), **arguments)
