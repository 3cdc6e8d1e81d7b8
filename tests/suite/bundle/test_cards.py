"""A bundle tells what its benchmarks are: an import keeps it, and believes none that does not fit."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from leaderboard.records import BenchmarkCard, SplitSize
from leaderboard.store import Store
from leaderboard.store.envelope import seal, unseal
from suite.bundle import BundleError, export, import_bundle

SHEET = b"\x89PNG\r\n\x1a\n and pixels"
Entries = dict[str, bytes]


@pytest.fixture(scope="module")
def carded(computed: Store, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BenchmarkCard]:
    """A bundle of a store that has the card of its benchmark, and that card."""
    place = tmp_path_factory.mktemp("cards")
    shutil.copytree(str(computed.location.writable()), place / "store")
    store = Store(place / "store")
    identity = next(record.benchmark for record in store.scan() if record.benchmark)
    card = BenchmarkCard(
        **identity.model_dump(),
        title="Stripes",
        description="striped",
        licence="CC0-1.0",
        attribution="nobody",
        split_rule="by class",
        image_shape=(1, 8, 8),
        splits={"test": SplitSize(classes=3, images=9)},
        sheet="stripes",
    )
    store.put_benchmark(card, SHEET)
    export(store, ["engine_double"], place / "carded.zip")
    kept = store.benchmark(identity.digest)
    assert kept is not None
    return place / "carded.zip", kept[0]


def test_an_import_keeps_the_cards(carded: tuple[Path, BenchmarkCard], tmp_path: Path) -> None:
    path, card = carded
    store = Store(tmp_path / "elsewhere")
    import_bundle(path, store)
    assert store.benchmark(card.digest) == (card, SHEET)
    assert import_bundle(path, store).new == 0


def test_a_card_that_is_here_already_stays(carded: tuple[Path, BenchmarkCard], tmp_path: Path) -> None:
    path, card = carded
    store = Store(tmp_path / "elsewhere")
    store.put_benchmark(card.model_copy(update={"title": "Mine"}), SHEET)
    import_bundle(path, store)
    kept = store.benchmark(card.digest)
    assert kept is not None and kept[0].title == "Mine"


def _of_another(entries: Entries, folder: str, card: BenchmarkCard) -> None:
    entries[f"{folder}/card.json"] = seal(card.model_copy(update={"name": "others"}))


def _terminal(entries: Entries, folder: str, card: BenchmarkCard) -> None:
    entries[f"{folder}/card.json"] = seal(card.model_copy(update={"title": "\x1b[31m"}))


def _cut(entries: Entries, folder: str, card: BenchmarkCard) -> None:
    entries[f"{folder}/card.json"] = entries[f"{folder}/card.json"][:-9]


def _sheet(entries: Entries, folder: str, card: BenchmarkCard) -> None:
    entries[f"{folder}/sheet.png"] += b"."


def _alone(entries: Entries, folder: str, card: BenchmarkCard) -> None:
    del entries[f"{folder}/sheet.png"]


def _of_nothing(entries: Entries, folder: str, card: BenchmarkCard) -> None:
    entries[f"benchmarks/{'0' * 64}/card.json"] = entries[f"{folder}/card.json"]


def _beside(entries: Entries, folder: str, card: BenchmarkCard) -> None:
    entries[f"{folder}/run.py"] = b"1"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_of_another, "is the card of another benchmark: others"),
        (_terminal, "control characters"),
        (_cut, "not JSON, cut short"),
        (_sheet, "its contact sheet is not the PNG that its card names"),
        (_alone, "lacks its card or its contact sheet"),
        (_of_nothing, "belongs to no record"),
        (_beside, "belongs to no record"),
    ],
)
def test_a_card_that_does_not_fit_is_refused(
    carded: tuple[Path, BenchmarkCard],
    rewrite: Callable[..., Path],
    tmp_path: Path,
    change: Callable[[Entries, str, BenchmarkCard], None],
    said: str,
) -> None:
    path, card = carded
    assert unseal(seal(card), BenchmarkCard, "") == card
    lying = rewrite(path, tmp_path, lambda entries: change(entries, f"benchmarks/{card.digest}", card))
    with pytest.raises(BundleError, match=said):
        import_bundle(lying, Store(tmp_path / "elsewhere"))
    assert not (tmp_path / "elsewhere").exists()
