"""``omniglot``: the field's handwritten characters, downloaded by torchvision's loader."""

from __future__ import annotations

import tempfile
import zipfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.benchmark import Benchmark, Card, Split
from tasks.cache import cache_folder, through
from tasks.errors import DataError
from tasks.raster import check_size, resize
from tasks.registry import benchmark

_VALIDATION = slice(2, None, 6)
"""The background alphabets, sorted by name, that are meta-validation: every sixth, five of thirty."""


@dataclass(frozen=True)
class Drawing:
    """One drawing, uint8 [105, 105], 0 paper, 255 ink; its character is named like ``Greek/character01``."""

    character: str
    ink: NDArray[np.uint8]

    @property
    def alphabet(self) -> str:
        """The alphabet it belongs to."""
        return self.character.split("/")[0]


@benchmark("omniglot")
def load(
    size: int = 28,
    *,
    root: str | Path | None = None,
    download: bool = False,
    cache: Path | None = None,
) -> Benchmark:
    """Grey images [n, 1, size, size], 0 paper, 255 ink; class = character, domain = alphabet.

    ``root`` holds (or, with ``download``, gets) torchvision's folder ``omniglot-py``; the default is a folder
    of the cache. The archives' checksums decide what the images are, so a cached copy serves any root.
    Raises DataError where the data are missing, or are not the published ones.
    """
    check_size(size)
    folder = Path(root).expanduser() if root is not None else (cache or cache_folder()) / "downloads"
    return through(
        "omniglot",
        {"size": size},
        lambda: _build(size, folder, download),
        sources=["omniglot.py", "raster.py"],
        folder=cache,
    )


def _build(size: int, root: Path, download: bool) -> Benchmark:
    background = _drawings(root, True, download)
    alphabets = sorted({drawing.alphabet for drawing in background})
    held_out = set(alphabets[_VALIDATION])
    if not held_out:
        raise DataError(f"{root} has {len(alphabets)} background alphabets; three are the least to split")
    evaluation = _drawings(root, False, download)
    domains = (*alphabets, *sorted({drawing.alphabet for drawing in evaluation}))
    train = [drawing for drawing in background if drawing.alphabet not in held_out]
    validation = [drawing for drawing in background if drawing.alphabet in held_out]
    return Benchmark(
        "omniglot",
        {
            "train": _split(train, domains, size),
            "validation": _split(validation, domains, size),
            "test": _split(evaluation, domains, size),
        },
        domains,
        _card(sorted(held_out)),
        {"size": size},
    )


def _drawings(root: Path, background: bool, download: bool) -> list[Drawing]:
    """Every drawing of one of Omniglot's two sets, sorted by character and file."""
    dataset = _dataset(root, background, download)
    found = []
    for index, (file, target) in enumerate(dataset._flat_character_images):
        image, _ = dataset[index]
        found.append(
            (Path(dataset._characters[target]).as_posix(), file, 255 - np.asarray(image, dtype=np.uint8))
        )
    if not found:
        raise DataError(f"{dataset.target_folder} holds no drawing; delete it, and it is unpacked again")
    # torchvision lists folders in the order of the file system, which is another on every machine.
    found.sort(key=lambda one: one[:2])
    return [Drawing(character, ink) for character, _, ink in found]


def _dataset(root: Path, background: bool, download: bool) -> Any:
    """torchvision's dataset, which holds the archive (not the folder unpacked from it) against its MD5."""
    try:
        from torchvision.datasets import Omniglot  # type: ignore[import-untyped]
    except ImportError as error:
        raise DataError("omniglot is read by torchvision; pip install torchvision installs it") from error
    name = "images_background" if background else "images_evaluation"
    folder = root / Omniglot.folder
    try:
        _unpack(folder, name)
        return Omniglot(str(root), background=background, download=download)
    except (RuntimeError, OSError, zipfile.BadZipFile) as error:
        state = "is damaged" if (folder / f"{name}.zip").exists() else "is missing"
        raise DataError(
            f"{folder / name}.zip {state} ({error}); `league data prepare omniglot` downloads it, or put the "
            "file there from the folder python of https://github.com/brendenlake/omniglot"
        ) from error


def _unpack(folder: Path, name: str) -> None:
    """Unpack an archive that was put there by hand: torchvision does so only with one that it downloaded."""
    archive = folder / f"{name}.zip"
    if archive.exists() and not (folder / name).exists():
        with tempfile.TemporaryDirectory(dir=folder) as beside:
            with zipfile.ZipFile(archive) as file:
                file.extractall(beside)
            (Path(beside) / name).rename(folder / name)


def _split(drawings: list[Drawing], domains: tuple[str, ...], size: int) -> Split:
    classes = sorted({drawing.character for drawing in drawings})
    label = {character: index for index, character in enumerate(classes)}
    images = np.stack([drawing.ink for drawing in drawings])[..., None]
    return Split(
        resize(images, size).transpose(0, 3, 1, 2),
        np.array([label[drawing.character] for drawing in drawings], dtype=np.int64),
        np.array([domains.index(drawing.alphabet) for drawing in drawings], dtype=np.int64),
        tuple(classes),
    )


def _card(held_out: list[str]) -> Card:
    return Card(
        title="Omniglot: handwritten characters of fifty alphabets",
        description=(
            "1,623 characters of 50 alphabets, each drawn by 20 people; 105 x 105 pixels averaged over areas "
            "to the size asked for, ink bright. No rotated copies count as classes of their own."
        ),
        licence="MIT",
        attribution="Brenden M. Lake, Ruslan Salakhutdinov, Joshua B. Tenenbaum (github.com/brendenlake)",
        split_rule=(
            "test: the evaluation alphabets; validation: of the background alphabets, sorted by name, every "
            f"sixth from the third ({', '.join(held_out)}); train: the other background alphabets"
        ),
        citation=(
            "B. M. Lake, R. Salakhutdinov, J. B. Tenenbaum: Human-level concept learning through "
            "probabilistic program induction. Science 350 (2015) 1332-1338."
        ),
        packages={"torchvision": version("torchvision")},
    )
