"""``omniglot`` comes through torchvision's loader, here from a small folder in its on-disk format."""

from __future__ import annotations

import hashlib
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets import Omniglot  # type: ignore[import-untyped]

import tasks
from tasks import SPLITS, DataError, Episodes

ALPHABETS = {
    "images_background": ("Greek", "Arcadian", "Balinese", "Early_Aramaic"),
    "images_evaluation": ("Atlantean", "Tengwar"),
}


def write(
    root: Path, monkeypatch: pytest.MonkeyPatch, alphabets: dict[str, tuple[str, ...]] = ALPHABETS
) -> Path:
    """Two characters an alphabet, three drawings each: black strokes on white, one bit deep, zipped."""
    folder = root / "omniglot-py"
    folder.mkdir(parents=True)
    sums = {}
    for name, members in alphabets.items():
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
            for number, alphabet in enumerate(members):
                for character in (2, 1):
                    for drawer in (3, 1, 2):
                        paper = np.full((105, 105), 255, dtype=np.uint8)
                        paper[
                            10 * number : 10 * number + 40, 30 * character : 30 * character + 5 * drawer
                        ] = 0
                        with archive.open(
                            f"{name}/{alphabet}/character0{character}/0{number}_0{drawer}.png", "w"
                        ) as file:
                            Image.fromarray(paper).convert("1").save(file, "PNG")
        sums[name] = hashlib.md5((folder / f"{name}.zip").read_bytes()).hexdigest()
    monkeypatch.setattr(Omniglot, "zips_md5", sums)
    return root


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return write(tmp_path / "data", monkeypatch)


def test_alphabets_are_domains_and_fill_the_splits(root: Path, tmp_path: Path) -> None:
    omniglot = tasks.load("omniglot", root=root, cache=tmp_path / "cache")
    found = {s: [omniglot.domain_names[k] for k in np.unique(omniglot.domains(s))] for s in SPLITS}
    assert found == {
        "train": ["Arcadian", "Balinese", "Greek"],
        "validation": ["Early_Aramaic"],
        "test": ["Atlantean", "Tengwar"],
    }
    assert omniglot.classes("validation") == ("Early_Aramaic/character01", "Early_Aramaic/character02")
    assert [len(omniglot.images(split)) for split in SPLITS] == [18, 6, 12]
    assert omniglot.options == {"size": 28}
    assert "Early_Aramaic" in omniglot.card.split_rule


def test_ink_is_bright_and_drawings_come_in_the_order_of_their_names(root: Path, tmp_path: Path) -> None:
    omniglot = tasks.load("omniglot", size=105, root=str(root), cache=tmp_path / "cache")
    drawn = omniglot.images("test")[:, 0] == 255
    areas = [40 * 5 * drawer for _ in range(4) for drawer in (1, 2, 3)]
    assert drawn.reshape(12, -1).sum(axis=1).tolist() == areas
    assert (omniglot.images("test") == 0).reshape(12, -1).sum(axis=1).tolist() == [
        105**2 - area for area in areas
    ]


def test_episodes_take_the_same_door(root: Path, tmp_path: Path) -> None:
    omniglot = tasks.load("omniglot", root=root, cache=tmp_path / "cache")
    assert Episodes(omniglot, "test", 4, 1, 2, 0)[0].query_images.shape == (8, 1, 28, 28)
    assert tasks.verify("omniglot", root=root, cache=tmp_path / "cache").matches is None


def test_the_cache_serves_when_the_folder_is_gone(root: Path, tmp_path: Path) -> None:
    first = tasks.load("omniglot", root=root, cache=tmp_path / "cache")
    root.rename(tmp_path / "elsewhere")
    assert tasks.load("omniglot", root=root, cache=tmp_path / "cache").digest == first.digest
    assert tasks.load("omniglot", cache=tmp_path / "cache").digest == first.digest


def test_missing_data_name_the_file_and_the_command(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"omniglot-py/images_background.zip is missing .*league data prepare omniglot"
    ):
        tasks.load("omniglot", root=tmp_path / "nowhere", cache=tmp_path / "cache")


def test_an_archive_with_another_checksum_is_refused(root: Path, tmp_path: Path) -> None:
    archive = root / "omniglot-py" / "images_evaluation.zip"
    with archive.open("ab") as file:
        file.write(b"more")
    with pytest.raises(DataError, match=r"images_evaluation.zip is damaged"):
        tasks.load("omniglot", root=root, cache=tmp_path / "cache")


def test_a_truncated_archive_is_refused_and_nothing_is_left_unpacked(root: Path, tmp_path: Path) -> None:
    archive = root / "omniglot-py" / "images_background.zip"
    archive.write_bytes(archive.read_bytes()[:500])
    with pytest.raises(DataError, match=r"images_background.zip is damaged"):
        tasks.load("omniglot", root=root, cache=tmp_path / "cache")
    assert sorted(file.name for file in archive.parent.iterdir()) == [
        "images_background.zip",
        "images_evaluation.zip",
    ]


def test_too_few_alphabets_to_split_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write(tmp_path / "data", monkeypatch, {**ALPHABETS, "images_background": ("Greek", "Latin")})
    with pytest.raises(DataError, match="2 background alphabets; three are the least"):
        tasks.load("omniglot", root=root, cache=tmp_path / "cache")


def test_without_torchvision_the_command_is_said(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    with pytest.raises(DataError, match="pip install torchvision"):
        tasks.load("omniglot", root=root, cache=tmp_path / "cache")


def test_prepare_downloads_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def download(dataset: Omniglot) -> None:
        asked.append(dataset.background)
        if len(asked) == 1:
            write(tmp_path / "fetched", monkeypatch)
            (tmp_path / "fetched" / "omniglot-py").rename(tmp_path / "data" / "omniglot-py")
        with zipfile.ZipFile(Path(dataset.root) / f"{dataset._get_target_folder()}.zip") as archive:
            archive.extractall(dataset.root)

    (tmp_path / "data").mkdir()
    monkeypatch.setattr(Omniglot, "download", download)
    prepared = tasks.prepare("omniglot", root=tmp_path / "data", cache=tmp_path / "cache")
    assert asked == [True, False]
    assert len(prepared.classes("train")) == 6
