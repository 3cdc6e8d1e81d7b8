"""Messages between a walled method and the suite: a JSON header and raw tensors, with lengths told ahead.

Whatever arrives is checked before memory is taken for it; nothing is ever unpickled.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

LENGTHS = struct.Struct("<IQ")
MOST_HEADER = 4 * 2**20

_TYPES = {
    str(kind).removeprefix("torch."): kind
    for kind in (
        *(torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64),
        *(torch.float16, torch.bfloat16, torch.float32, torch.float64),
    )
}
_NAMES = {kind: name for name, kind in _TYPES.items()}
_MOST_DIMENSIONS = 8


class NoMessage(ValueError):
    """What arrived is no message, or one that is larger than was agreed."""


@dataclass(frozen=True)
class Message:
    """``kind`` says what it is about, ``data`` holds JSON values, ``tensors`` are on the CPU, contiguous."""

    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)
    tensors: Sequence[torch.Tensor] = ()


def encode(message: Message) -> list[memoryview]:
    """The bytes of a message, in parts, tensors not copied."""
    tensors = [tensor.detach().cpu().contiguous() for tensor in message.tensors]
    header = json.dumps(
        {
            "kind": message.kind,
            "data": message.data,
            "tensors": [[_NAMES[tensor.dtype], list(tensor.shape)] for tensor in tensors],
        }
    ).encode()
    body = sum(tensor.nbytes for tensor in tensors)
    parts = [LENGTHS.pack(len(header), body) + header]
    return [memoryview(part) for part in parts] + [_bytes(tensor) for tensor in tensors if tensor.nbytes]


def lengths(data: bytes | bytearray, most: int) -> tuple[int, int]:
    """Lengths of header and body, from the first bytes of a message whose body may have ``most`` bytes."""
    header, body = LENGTHS.unpack(data)
    if header > MOST_HEADER or body > most:
        raise NoMessage(f"a message of {header} + {body} bytes, where {MOST_HEADER} + {most} are the most")
    return header, body


def decode(header: bytes | bytearray, body: bytearray) -> Message:
    """The message of a header and a body."""
    try:
        told = json.loads(header.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise NoMessage("a header that is no JSON") from error
    if not isinstance(told, dict) or told.keys() != {"kind", "data", "tensors"}:
        raise NoMessage("a header without kind, data and tensors")
    kind, data, shapes = told["kind"], told["data"], told["tensors"]
    if not isinstance(kind, str) or not isinstance(data, dict) or not isinstance(shapes, list):
        raise NoMessage("a header whose parts are of wrong types")
    described = [_described(entry) for entry in shapes]
    if sum(size for _, _, size in described) != len(body):
        raise NoMessage("tensors that do not fill the body")
    tensors, start = [], 0
    for dtype, shape, size in described:
        # Copied, so that it lies as aligned as any other tensor.
        raw = torch.frombuffer(body, dtype=torch.uint8, offset=start, count=size).clone() if size else None
        tensors.append(torch.empty(shape, dtype=dtype) if raw is None else raw.view(dtype).reshape(shape))
        start += size
    return Message(kind, data, tensors)


def _described(entry: object) -> tuple[torch.dtype, list[int], int]:
    """Type, shape and bytes of a tensor, from its part of a header."""
    if not isinstance(entry, list) or len(entry) != 2 or not isinstance(entry[1], list):
        raise NoMessage("a tensor that is not described by type and shape")
    name, shape = entry
    dtype = _TYPES.get(name) if isinstance(name, str) else None
    if dtype is None:
        raise NoMessage("a tensor of a type that is not allowed")
    if len(shape) > _MOST_DIMENSIONS or any(type(size) is not int or not 0 <= size < 2**40 for size in shape):
        raise NoMessage("a tensor of an impossible shape")
    return dtype, shape, math.prod(shape) * dtype.itemsize


def _bytes(tensor: torch.Tensor) -> memoryview:
    return tensor.reshape(-1).view(torch.uint8).numpy().data


def _refuse_constant(name: str) -> None:
    raise ValueError(name)
