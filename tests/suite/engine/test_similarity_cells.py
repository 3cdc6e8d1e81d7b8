"""Measure cells compare two adapted methods layer by layer, on the queries of the same episodes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import tasks
from leaderboard.findings import mean_and_interval
from leaderboard.records import BenchmarkIdentity, Record
from leaderboard.store import Store
from suite.engine.cells import Cell
from suite.engine.measuring import TABLE, Comparison, Side, indexes, similarity_cell
from suite.measures import linear_cka
from suite.methods import LayeredPredictor, get, seed_everything
from tests.support.similar import carry_out_here, trained_store

WANTED = Comparison(way=3, shot=2, query=5, episodes=3, seed=0, indexes=("linear_cka", "unbiased_cka"))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("CUDA_VISIBLE_DEVICES", "")
        return trained_store(tmp_path_factory.mktemp("similar"))


def evaluated(store: Path, name: str) -> Record:
    found = [r for r in Store(store).scan("evaluate") if r.method is not None and r.method.name == name]
    assert len(found) == 1
    return found[0]


def side(store: Path, name: str) -> Side:
    record = evaluated(store, name)
    assert record.method is not None and record.seed is not None
    return Side.of(name, record.method.arguments, record.parents[0], record.seed)


def cell(store: Path, one: Side, other: Side, wanted: Comparison = WANTED) -> Cell:
    told = evaluated(store, "maml").benchmark
    assert told is not None
    identity = BenchmarkIdentity.model_validate(told.model_dump())
    return similarity_cell(one, other, identity, tasks.load(told.name, **told.options), wanted)


def measured(store: Path, planned: Cell) -> Record:
    carry_out_here([planned], store)
    record = Store(store).get(planned.key)
    assert record is not None
    return record


def test_the_record_is_what_the_adapted_networks_show(store: Path) -> None:
    maml, transfer = side(store, "maml"), side(store, "transfer")
    planned = cell(store, maml, transfer)
    assert planned.parents == tuple(sorted([maml.training, transfer.training]))
    assert planned.method is None and planned.seed == 0
    record = measured(store, planned)
    results = record.results
    assert results["sides"] == ["maml", "transfer"]
    assert [layer["layer"] for layer in results["layers"]] == ["layer1", "layer2", "layer3", "head"]
    assert [layer["rows"] for layer in results["layers"]] == [15] * 4
    assert [layer["neurons"] for layer in results["layers"]] == [[8, 8]] * 3 + [[3, 3]]

    told = planned.spec["benchmark"]
    episode = tasks.Episodes(tasks.load(told["name"], **told["options"]), "test", 3, 2, 5, 0)[0]
    layers = []
    for one in (maml, transfer):
        method = get(one.method.whole.name, **one.method.whole.arguments)
        method.load(Store(store).folder(one.training) / "checkpoint")
        seed_everything(0)
        predictor = method.adapt(episode.support)
        assert isinstance(predictor, LayeredPredictor)
        layers.append(predictor.layers(episode.query_images))
    rows = Store(store).table(record, TABLE).to_pylist()
    assert len(rows) == 3 * 4 * 2
    shown = {(row["episode"], row["layer"], row["index"]): row["distance"] for row in rows}
    for name in ("layer1", "head"):
        expected = 1 - linear_cka(layers[0][name], layers[1][name])
        assert shown[0, name, "linear_cka"] == pytest.approx(expected, abs=1e-9)
    mean, interval = mean_and_interval([shown[i, "head", "linear_cka"] for i in range(3)])
    head = results["layers"][-1]["distances"]["linear_cka"]
    assert head == {"mean": mean, "interval": list(interval), "undefined": 0}


def test_a_head_fitted_anew_leaves_the_body_as_it_was(store: Path) -> None:
    transfer = side(store, "transfer")
    record = measured(store, cell(store, transfer.before, transfer))
    assert record.results["sides"] == ["transfer(adaptation=none)", "transfer"]
    body, head = record.results["layers"][:-1], record.results["layers"][-1]
    assert all(layer["distances"]["linear_cka"]["mean"] == pytest.approx(0, abs=1e-9) for layer in body)
    assert head["distances"]["linear_cka"]["mean"] > 0.01


def test_an_inner_loop_moves_every_layer(store: Path) -> None:
    maml = side(store, "maml")
    record = measured(store, cell(store, maml.before, maml))
    assert all(layer["distances"]["linear_cka"]["mean"] > 1e-9 for layer in record.results["layers"])


def test_the_key_tells_sides_episodes_and_measures(store: Path) -> None:
    maml, transfer = side(store, "maml"), side(store, "transfer")
    cells = [
        cell(store, maml, transfer),
        cell(store, transfer, maml),
        cell(store, maml.before, maml),
        cell(store, maml, transfer, replace(WANTED, episodes=4)),
        cell(store, maml, transfer, replace(WANTED, indexes=("svcca",))),
    ]
    assert len({found.key for found in cells}) == len(cells)
    assert cell(store, maml, transfer).key == cells[0].key


def test_what_cannot_be_compared_is_refused_before_anything_runs(store: Path) -> None:
    maml = side(store, "maml")
    with pytest.raises(ValueError, match="no similarity of layers is called 'svca'; nearest: svcca"):
        cell(store, maml, maml, replace(WANTED, indexes=("svca",)))
    with pytest.raises(ValueError, match="at least 2 episodes, not 1"):
        cell(store, maml, maml, replace(WANTED, episodes=1))
    with pytest.raises(ValueError, match="protonet has no state before it adapts"):
        _ = side(store, "protonet").before
    assert "linear_hsic" not in indexes() and "rbf_cka_0.4" not in indexes()
