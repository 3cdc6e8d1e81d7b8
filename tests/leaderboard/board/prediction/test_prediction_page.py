"""The page "What predicts transfer?": what was planted is told, and what was not as plainly."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaderboard.board import Board, build
from leaderboard.board.html import render_site
from leaderboard.board.prediction import words
from leaderboard.board.prediction.correlate import first_places
from leaderboard.board.prediction.model import Place, Predictor
from leaderboard.board.prediction.pictures import Spot, cloud
from leaderboard.board.prediction.verdict import answer, more
from leaderboard.ranking import Interval
from tests.support.markup import Page
from tests.support.pretrained import OBJECTIVES, plant

Files = dict[str, str | bytes]


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    folder = tmp_path_factory.mktemp("prediction")
    return build(plant(folder / "store", adaptations=("knn", "linear"), seeds=(0, 1), images=150))


@pytest.fixture(scope="module")
def files(board: Board) -> Files:
    return dict(render_site(board))


def found(board: Board, figure: str, problem: str = "downstream") -> Predictor:
    assert board.transfer is not None
    return next(
        each
        for each in board.transfer.predictors
        if each.shown and (each.place.figure, each.place.problem) == (figure, problem)
    )


def test_what_was_planted_is_found(board: Board) -> None:
    assert found(board, "label_alignment").pooled.answer == "predicts"
    assert found(board, "class_separation").pooled.answer == "opposite"
    idle = found(board, "effective_rank").pooled
    assert idle.answer in ("undecided", "nothing shown")
    assert idle.rho is not None and idle.rho.low is not None and idle.rho.low < 0


def test_correlations_are_within_task_labels_and_way_to_adapt(board: Board) -> None:
    told = found(board, "label_alignment")
    assert [each.column.shot for each in told.columns if each.column] == [0, 5, 0, 5]
    assert {each.adaptations for each in told.columns} == {2} and told.pooled.adaptations == 4
    assert told.pooled.methods == len(OBJECTIVES)
    rhos = [each.rho.estimate for each in told.columns if each.rho]
    assert told.pooled.rho is not None
    assert told.pooled.rho.estimate == pytest.approx(sum(rhos) / 4)


def test_a_reference_is_held_against_the_others_alone(board: Board) -> None:
    told = found(board, "cka_to_reference")
    assert told.pooled.methods == len(OBJECTIVES) - 1
    assert board.transfer is not None
    assert words.name(told.place, board.transfer) == "CKA to softmax"


def test_measures_come_by_what_they_predict(board: Board) -> None:
    assert board.transfer is not None
    shown = [each.pooled for each in board.transfer.predictors if each.shown]
    sure = [each.answer in ("predicts", "opposite") for each in shown]
    assert sure == sorted(sure, reverse=True) and sum(sure) >= 4
    strengths = [
        abs(each.rho.estimate) for each, is_sure in zip(shown, sure, strict=True) if is_sure and each.rho
    ]
    assert strengths == sorted(strengths, reverse=True)


def test_the_page_is_well_formed_and_says_what_the_figures_say(files: Files) -> None:
    page = Page(str(files["prediction.html"]))
    assert page.unbalanced == [] and len(page.ids) == len(set(page.ids))
    assert len(page.all("caption")) == len(page.all("table")) == 3
    pictures = [svg for svg in page.all("svg") if svg.get("role") == "img" and svg.get("aria-labelledby")]
    assert len(pictures) == 10 * 4
    assert all(set(str(svg["aria-labelledby"]).split()) <= set(page.ids) for svg in pictures)
    text = str(files["prediction.html"])
    for said in (
        "the higher, the better",
        "the higher, the worse",
        "Other layers and splits: 30 more",
        "of which about 0.5 would seem to predict if none did",
        "9 ways of training · 2 ways to adapt · 4 columns · 40 figures",
    ):
        assert said in text, said


def test_the_menu_leads_there_and_every_number_is_in_a_file(files: Files) -> None:
    index = Page(str(files["index.html"]))
    assert {"prediction.html", "prediction.csv"} <= {
        str(a.get("href")) for a in index.all("a")
    } & files.keys()
    rows = list(csv.DictReader(io.StringIO(str(files["prediction.csv"]))))
    assert len(rows) == 40 * 5 and sum(row["column"] == "pooled" for row in rows) == 40
    measures = list(csv.DictReader(io.StringIO(str(files["measures.csv"]))))
    assert {row["layer"] for row in measures} == {"block1", "features"}


def test_four_ways_of_training_tell_nothing_and_it_is_said(tmp_path: Path) -> None:
    store = plant(tmp_path / "store", objectives=OBJECTIVES[:4], tasks=("scripts",), seeds=(0,), images=40)
    board = build(store)
    assert board.transfer is not None
    assert {each.pooled.answer for each in board.transfer.predictors} == {"cannot be told"}
    page = str(dict(render_site(board))["prediction.html"])
    assert "cannot be told from 4 ways of training: it takes 5 or more" in page
    assert "What predicts transfer cannot be told yet." in page


def test_without_measures_there_is_no_page_and_no_menu_entry(tmp_path: Path) -> None:
    store = plant(tmp_path / "store", objectives=OBJECTIVES[:2], seeds=(0,), images=20, measures=False)
    files = dict(render_site(build(store)))
    assert "prediction.html" not in files and "prediction.html" not in str(files["index.html"])
    assert 'id="measures"' not in str(files["index.html"])


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.1, 0.9, "predicts"),
        (-0.9, -0.1, "opposite"),
        (-0.3, 0.4, "nothing shown"),
        (-0.3, 0.6, "undecided"),
        (None, None, "cannot be told"),
    ],
)
def test_a_verdict_follows_from_the_interval(low: float | None, high: float | None, said: str) -> None:
    assert answer(Interval(0.2, low, high)) == said


def test_undecided_says_how_much_would_decide() -> None:
    strong, weak, neither = (more(rho, 9) for rho in (-0.6, 0.0, 0.27))
    assert strong is not None and weak is not None and neither is not None
    assert 9 < strong < weak < neither < 100
    assert more(0.6, 40) is None and more(1.0, 5) is None


@settings(deadline=None, max_examples=30)
@given(st.floats(-1, 1))
def test_as_many_methods_as_were_asked_for_decide(rho: float) -> None:
    asked = more(rho, 1)
    assert asked is not None and asked > 3
    center, half = np.arctanh(np.clip(rho, -0.99, 0.99)), 1.96 * np.sqrt((1 + rho**2 / 2) / (asked - 3))
    low, high = np.tanh([center - half, center + half])
    assert answer(Interval(rho, float(low), float(high))) in ("predicts", "opposite", "nothing shown")


def test_places_shown_first_are_features_on_test_images_where_they_were_measured_there() -> None:
    def place(figure: str, split: str, layer: str = "features") -> Place:
        return Place(figure, "", "source", split, layer)

    places = [
        *(place("a", "train"), place("a", "test"), place("a", "test", "block1")),
        place("geometric_complexity", "train"),
    ]
    assert first_places(places) == {place("a", "test"), place("geometric_complexity", "train")}


def test_figures_over_many_powers_of_ten_are_drawn_on_a_logarithmic_scale() -> None:
    wide = cloud([Spot("a", 1, 0.01, 0.5), Spot("b", 9, 10.0, 0.6)])
    assert wide.logarithmic and [text for _, text in wide.x_ticks] == ["0.01", "0.1", "1", "10"]
    assert wide.marks[1].way == 6 and wide.marks[1].words == "b: 10, 60.0 %"
    assert not cloud([Spot("a", 1, -1.0, 0.5), Spot("b", 2, 100.0, 0.6)]).logarithmic
    assert len(cloud([Spot("a", 1, 1.0, 0.5)]).marks) == 1
