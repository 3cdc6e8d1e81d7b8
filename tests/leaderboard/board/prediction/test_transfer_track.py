"""The transfer track on the board: ranked by itself, in columns of its own."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from leaderboard import Failure, Store
from leaderboard.board import Board, build, render_terminal, to_csv, to_json, write_html
from leaderboard.board.html import render_site
from leaderboard.board.prediction.model import Place
from tests.support.fabricate import COLUMNS, METHODS, clocked, fabricate, sha
from tests.support.markup import Page
from tests.support.pretrained import OBJECTIVES, cells, measure_record, plant, train_record

SMALL = {"objectives": OBJECTIVES[:2], "tasks": ("scripts",), "seeds": (0, 1), "images": 40}


@pytest.fixture(scope="module")
def few_shot(tmp_path_factory: pytest.TempPathFactory) -> Board:
    return build(fabricate(tmp_path_factory.mktemp("few") / "store", METHODS[:2], COLUMNS[:1], episodes=20))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Board:
    folder = tmp_path_factory.mktemp("both") / "store"
    fabricate(folder, METHODS[:2], COLUMNS[:1], episodes=20)
    return build(plant(folder, **SMALL))


@pytest.fixture(scope="module")
def files(both: Board) -> dict[str, str | bytes]:
    return dict(render_site(both))


def test_each_track_is_ranked_by_itself(few_shot: Board, both: Board) -> None:
    (transfer,) = both.tracks
    assert (both.track, transfer.track) == ("few-shot", "transfer")
    assert both.computed.ranking == few_shot.computed.ranking
    assert {column.track for column in transfer.computed.ranking.columns} == {"transfer"}
    assert {standing.method for standing in transfer.computed.ranking.overall} == {
        f"{objective} + {adaptation}"
        for objective in OBJECTIVES[:2]
        for adaptation in ("knn", "linear", "full")
    }


def test_columns_say_how_many_labels_there_are(both: Board) -> None:
    titles = [facts.title for facts in both.tracks[0].computed.columns]
    assert titles == ["scripts · all labels", "scripts · 5 labels a class"]


def test_a_store_of_one_track_has_that_alone(few_shot: Board, tmp_path: Path) -> None:
    assert few_shot.tracks == () and few_shot.transfer is None
    assert not {"track", "tracks", "transfer"} & json.loads(to_json(few_shot)).keys()
    alone = build(plant(tmp_path / "store", **SMALL))
    assert alone.track == "transfer" and alone.tracks == ()
    assert "few-shot" not in str(dict(render_site(alone))["index.html"]).lower()


def test_pairs_are_told_by_training_and_way_to_adapt(both: Board) -> None:
    transfer = both.tracks[0].transfer
    assert transfer is not None
    pair = transfer.pair("label_smoothing + knn")
    assert (pair.recipe, pair.adaptation) == ("pretrain(objective=label_smoothing)", "knn")
    assert [recipe.words for recipe in transfer.recipes] == ["softmax", "label_smoothing"]
    assert transfer.tuned("softmax + full") == 29_221 and transfer.tuned("softmax + knn") == 0
    chosen = {each.method: each.chosen for each in transfer.adapted}
    assert chosen["softmax + linear"] == {"C": 1.0} and chosen["softmax + full"] == {}


def test_a_training_that_several_methods_adapt_is_measured_once(both: Board) -> None:
    transfer = both.tracks[0].transfer
    assert transfer is not None
    mine = [f for f in transfer.figures if f.place.figure == "effective_rank" and f.recipe == "pretrain"]
    assert len(mine) == 8 and all(figure.seeds == (0, 1) for figure in mine)
    assert not any(figure.place.figure == "neural_collapse.nc4" for figure in transfer.figures)


def test_pages_of_a_track_lie_in_a_folder_of_their_own(files: dict[str, str | bytes]) -> None:
    index, transfer = (Page(str(files[name])) for name in ("index.html", "transfer/index.html"))
    links = {str(a["href"]) for a in index.all("a")}
    assert {"transfer/index.html", "transfer/prediction.html"} <= links & files.keys()
    back = {str(a["href"]) for a in transfer.all("a")}
    assert {"../index.html", "prediction.html", "measures.csv", "#measures"} <= back
    assert "pretrain" not in str(files["index.html"])
    assert 'data-method="strong"' in str(files["index.html"])
    assert 'data-method="strong"' not in str(files["transfer/index.html"])
    assert "transfer/methods/label-smoothing-knn.html" in files


def test_every_page_of_the_track_is_well_formed_and_linked(files: dict[str, str | bytes]) -> None:
    known = {name: Page(str(text)) for name, text in files.items() if name.endswith(".html")}
    for name, page in known.items():
        if not name.startswith("transfer/"):
            continue
        assert page.unbalanced == [] and len(page.ids) == len(set(page.ids)), name
        assert len(page.all("caption")) == len(page.all("table")), name
        for link in page.all("a"):
            path, _, place = str(link["href"]).partition("#")
            parts = [*Path(name).parent.parts, *Path(path).parts]
            while ".." in parts:
                at = parts.index("..")
                del parts[at - 1 : at + 1]
            target = "/".join(parts) if path else name
            assert target in files, (name, link)
            assert not place or place in known[target].ids, (name, link)


def test_a_methods_page_tells_what_was_chosen_and_measured(files: dict[str, str | bytes]) -> None:
    page = str(files["transfer/methods/softmax-linear.html"])
    for said in ("How it adapted", "C = 1.0", "325", "Measures of its representation", "Effective rank"):
        assert said in page, said
    assert "pretrain(<wbr>adaptation=<wbr>knn" in str(files["transfer/methods/softmax-knn.html"])


def test_the_terminal_has_both_tracks_and_what_is_tuned(both: Board) -> None:
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(render_terminal(both))
    text = console.export_text()
    assert text.index("strong") < text.index("Transfer track") < text.index("scripts · all labels")
    assert "29,221" in text and "What predicts transfer?" in text
    assert "cannot be told from 2 ways of training" in " ".join(text.split())


def test_csv_and_json_keep_the_tracks_apart(both: Board, files: dict[str, str | bytes]) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(both))))
    assert {row["track"] for row in rows if row["scope"] == "overall"} == {"", "transfer"}
    assert {row["shot"] for row in rows if row["scope"].startswith("transfer-")} == {"0", "5"}
    data = json.loads(to_json(both))
    assert data["tracks"]["transfer"]["track"] == "transfer"
    assert {pair["words"] for pair in data["tracks"]["transfer"]["transfer"]["pairs"]} >= {"softmax + knn"}
    adapted = list(csv.DictReader(io.StringIO(str(files["transfer/adapted.csv"]))))
    assert {row["chosen"] for row in adapted if row["adaptation"] == "linear"} == {'{"C": 1.0}'}


def test_the_order_of_arrival_changes_no_byte(tmp_path: Path) -> None:
    everything = list(cells(OBJECTIVES[:2], ("knn",), ("scripts",), (0,), (0, 1), 20))
    sites = []
    for name, order in (("one", everything), ("two", everything[::-1])):
        store = Store(str(tmp_path / name))
        for record, tables in order:
            store.put(record, tables)
        sites.append(dict(render_site(build(store))))
    assert sites[0] == sites[1]


def _without_rows(results: dict[str, object]) -> dict[str, object]:
    return {**results, "rows": None}


@pytest.mark.parametrize(
    ("change", "said"),
    [(_without_rows, "rows"), (lambda results: {**results, "measure": 3}, "measure")],
)
def test_a_measurement_of_another_make_is_a_hole(
    tmp_path: Path, change: Callable[[dict[str, object]], dict[str, object]], said: str
) -> None:
    store = plant(tmp_path / "store", **{**SMALL, "measures": False})
    good = measure_record(train_record("softmax", "scripts", 0), "effective_rank", {"effective_rank": 1.0})
    store.put(good.model_copy(update={"results": change(good.results)}), {})
    (hole,) = build(store).computed.holes
    assert hole.kind == "measure" and hole.reason.startswith(f"it cannot be read as a measurement: {said}")
    assert "softmax + knn" in hole.concerns


def test_a_measure_that_failed_is_a_hole_of_the_track_and_no_method(tmp_path: Path) -> None:
    fabricate(tmp_path / "store", METHODS[:1], COLUMNS[:1], episodes=10)
    store = plant(tmp_path / "store", **SMALL)
    cell = measure_record(train_record("softmax", "scripts", 0), "mine", {"mine": 1.0})
    told = cell.model_dump(include={"key", "kind", "sweep", "spec", "method", "benchmark", "seed"})
    store.put_failure(Failure(**told, reason="mine divides by zero"))
    board = build(store)
    (hole,) = board.tracks[0].computed.holes
    assert hole.reason == "mine divides by zero" and board.computed.holes == ()
    assert board.tracks[0].computed.unranked == ()


def test_a_measure_of_ones_own_is_a_column_as_any_other(tmp_path: Path) -> None:
    store = plant(tmp_path / "store", **{**SMALL, "measures": False})
    for seed in (0, 1):
        train = train_record("softmax", "scripts", seed)
        store.put(measure_record(train, "my_measure", {"my_measure.left": 2.0}), {})
    board = build(store)
    assert board.transfer is not None
    places = {f.place for f in board.transfer.figures if f.place.layer == "features"}
    code = sha("source", "my_measure")
    assert Place("my_measure.left", "", "source", "test", "features", code) in places
    assert "My measure, left" in str(dict(render_site(board))["index.html"])


def test_a_track_that_goes_is_missed(tmp_path: Path, both: Board, few_shot: Board) -> None:
    said: list[str] = []
    write_html(both, tmp_path, on_loss=said.append)
    assert said == []
    write_html(few_shot, tmp_path, on_loss=said.append)
    assert len(said) == 1 and said[0].startswith("The transfer track is gone")
    assert not (tmp_path / "transfer" / "index.html").exists()


def test_clocks_change_nothing_that_is_computed(tmp_path: Path) -> None:
    everything = list(cells(OBJECTIVES[:2], ("knn",), ("scripts",), (0,), (0, 1), 20))
    sites = []
    for name, seconds in (("one", 1.0), ("two", 7.0)):
        store = Store(str(tmp_path / name))
        for record, tables in everything:
            store.put(record.model_copy(update={"measured": clocked(seconds, 0)}), tables)
        sites.append(dict(render_site(build(store), measured=False)))
    assert sites[0] == sites[1]
