"""Drawing to pixels: SVG through resvg, and exact area averaging.

resvg is one Rust program that is the same on every platform and looks at no font of the system, so equal
drawings are equal bytes. Everything after it is integer arithmetic.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_AT_ONCE = 512


def check_size(size: int) -> None:
    """Raise ValueError unless images can be drawn ``size`` pixels wide."""
    if isinstance(size, bool) or not isinstance(size, int) or not 8 <= size <= 128:
        raise ValueError(f"size must be a whole number of 8 to 128 pixels, not {size!r}")


def render(svg: str, font_files: Sequence[str] = ()) -> NDArray[np.uint8]:
    """Pixels of an SVG document, uint8 [h, w, 4]: red, green, blue, and alpha not multiplied into them."""
    import resvg_py

    return decode(resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True, font_files=list(font_files)))


def decode(png: bytes) -> NDArray[np.uint8]:
    """Pixels of a PNG file, uint8 [h, w, 4]."""
    from PIL import Image

    with Image.open(io.BytesIO(png)) as picture:
        return np.array(picture.convert("RGBA"), dtype=np.uint8)


def over_white(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pixels [..., 4] laid over white paper: uint8 [..., 3]."""
    dark, alpha = 255 - pixels[..., :3].astype(np.uint16), pixels[..., 3:]
    return (255 - (dark * alpha + 127) // 255).astype(np.uint8)


def resize(images: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Square images [n, s, s, c] averaged over areas to uint8 [n, size, size, c], rounded half up.

    Sums of products of small integers are exact in float32 below 2^24 in any order, so the bytes do not
    depend on the linear-algebra library. Raises ValueError for images wider than 256 pixels, past that bound.
    """
    n, side, _, channels = images.shape
    if side > 256:
        raise ValueError(f"images of {side} pixels are too wide to be averaged exactly; 256 is the most")
    if side == size:
        return images
    weights = _overlaps(side, size)
    small = np.empty((n, size, size, channels), dtype=np.uint8)
    for first in range(0, n, _AT_ONCE):
        some = images[first : first + _AT_ONCE].astype(np.float32)
        count = len(some)
        rows = np.matmul(weights, some.reshape(count, side, side * channels))
        columns = rows.reshape(count * size, side, channels)
        both = np.matmul(weights, columns).reshape(count, size, size, channels)
        small[first : first + _AT_ONCE] = (both.astype(np.int32) + side * side // 2) // (side * side)
    return small


def tiles(sheet: NDArray[np.uint8], side: int, count: int) -> NDArray[np.uint8]:
    """The first tiles of a sheet [rows * side, columns * side, c], row by row: [count, side, side, c]."""
    height, width, channels = sheet.shape
    grid = sheet.reshape(height // side, side, width // side, side, channels).swapaxes(1, 2)
    return grid.reshape(-1, side, side, channels)[:count]


def _overlaps(side: int, size: int) -> NDArray[np.float32]:
    """What share of each of ``side`` pixels lies in each of ``size``, times ``size``: [size, side]."""
    start = np.arange(size)[:, None] * side
    pixel = np.arange(side)[None, :] * size
    shared = np.minimum(start + side, pixel + size) - np.maximum(start, pixel)
    return np.asarray(np.clip(shared, 0, None), dtype=np.float32)
