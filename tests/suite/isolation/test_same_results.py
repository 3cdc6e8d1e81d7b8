"""Behind walls of either kind a method learns and answers as it does without, to the last bit."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import suite.methods
import tasks
from suite.isolation import Code, ahead
from suite.isolation.conditions import prepare
from suite.isolation.errors import NoWalls
from suite.isolation.opening import describe, open_method
from suite.isolation.walls import Kind, find_walls
from suite.methods import Budget, Method, Source, count_backward_passes, seed_everything

BUDGET = Budget(images=320, validations=2, validation_episodes=3)
ARGUMENTS = {"width": 8}


def _walls(kind: Kind) -> Kind:
    try:
        return find_walls(kind).kind
    except NoWalls as error:
        pytest.skip(str(error))


def _learned(method: Method, folder: Path) -> tuple[object, ...]:
    source = Source(tasks.load("gaussian"), BUDGET)
    with count_backward_passes(source.spent):
        method.train(source, BUDGET)
    folder.mkdir()
    method.save(folder)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    selection = getattr(method, "selection", None)
    return source.spent, source.curve, method.parameter_count(), method.arguments, selection, files


@pytest.mark.parametrize("name", ["protonet", "maml", "transfer"])
@pytest.mark.parametrize("kind", ["bubblewrap", "namespaces"])
def test_the_same_checkpoint_and_the_same_logits(name: str, kind: Kind, tmp_path: Path) -> None:
    code = Code(name, f"suite.methods.{name}")
    episodes = tasks.Episodes(tasks.load("gaussian"), "test", 5, 1, 3, 0)
    prepare(3, 1)
    open_one = suite.methods.get(name, **ARGUMENTS)
    expected = _learned(open_one, tmp_path / "open")
    with open_method(code, ARGUMENTS, seed=3, kind=_walls(kind)) as walled:
        assert _learned(walled, tmp_path / "walled") == expected
        for i in range(2):
            episode = episodes[i]
            seed_everything(i)
            here = open_one.adapt(episode.support)(episode.query_images)
            walled.seed(i)
            assert torch.equal(walled.adapt(episode.support)(episode.query_images), here)


@pytest.mark.parametrize("name", ["protonet", "maml"])
def test_the_same_logits_however_many_are_asked_at_a_time(name: str, tmp_path: Path) -> None:
    prepare(3, 1)
    method = suite.methods.get(name, **ARGUMENTS)
    _learned(method, tmp_path / "open")
    episodes = tasks.Episodes(tasks.load("gaussian"), "test", 5, 1, 3, 0, length=40)
    with open_method(Code(name, f"suite.methods.{name}"), ARGUMENTS, kind=_walls("bubblewrap")) as walled:
        walled.load(tmp_path / "open")
        asked = ahead.answers(walled, episodes, lambda i: 7 * i, in_turn=3)
        for i, (episode, predictor) in enumerate(asked):
            seed_everything(7 * i)
            here = method.adapt(episodes[i].support)(episodes[i].query_images)
            assert torch.equal(predictor(episode.query_images), here)
            assert torch.equal(episode.query_images, episodes[i].query_images)
    assert i == len(episodes) - 1


def test_a_method_describes_itself_as_it_does_here() -> None:
    _walls("bubblewrap")
    chosen = [{"width": 8}, {}]
    told, built = describe(Code("maml", "suite.methods.maml"), lambda info: chosen)
    known = suite.methods.describe("maml")
    assert (told.arguments, told.adaptation, told.doc) == (known.arguments, known.adaptation, known.doc)
    methods = [suite.methods.get("maml", **arguments) for arguments in chosen]
    assert built == [(method.arguments, tuple(method.adaptation)) for method in methods]
