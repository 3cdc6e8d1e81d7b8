"""The checks. Each yields a sentence for what fails, and one that begins with NOTE for what to know."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from suite.methods import Method, seed_everything, transductive_probe
from suite.submission.conformance import generators
from suite.submission.conformance.bench import Bench
from suite.submission.conformance.files import unfit
from suite.submission.conformance.pictures import Case

NOTE = "note: "
_FEW = 3

MAIN = Case()
CASES = (MAIN, Case(way=3, shot=2, query=2, channels=3, size=20), Case(way=2, shot=5, query=1, size=28))

Check = Callable[[Bench], Iterator[str]]


def describes_itself(bench: Bench) -> Iterator[str]:
    """Arguments with defaults that JSON can hold, which build the same method again."""
    arguments = bench.built().arguments
    wrong = [name for name, value in arguments.items() if not _is_json(value)]
    if wrong:
        yield (
            f"its argument {wrong[0]} is {arguments[wrong[0]]!r}, which JSON cannot hold as it is; use "
            "numbers, texts, true or false, or lists and mappings of them"
        )
        return
    for name in bench.built().adaptation:
        if name not in arguments:
            yield f"`adaptation` names {name!r}, which is not among its arguments ({', '.join(arguments)})"
    again = bench.built(**arguments).arguments
    if again != arguments:
        yield (
            f"built with its own arguments {arguments} it has others: {again}; keep the values that it is "
            "given"
        )


def shapes(bench: Bench) -> Iterator[str]:
    """Finite logits [n, way] for several ways, shots, image sizes and channels, and any number of queries."""
    for case in CASES:
        method = bench.trained(case).method
        count = method.parameter_count()
        if not isinstance(count, int) or count < 0:
            yield f"parameter_count returns {count!r}; it must be a whole number of at least 0"
        for episode in case.episodes(2):
            predict = bench.adapted(method, episode.support)
            for queries in (1, 2, len(episode.query_images)):
                predict(episode.query_images[:queries])


def finite(bench: Bench) -> Iterator[str]:
    """Logits stay finite on pictures without contrast, where a division by a spread of zero shows."""
    [episode] = MAIN.episodes(1)
    predict = bench.adapted(bench.trained(MAIN).method, episode.support)
    for brightness in (0, 255):
        predict(torch.full_like(episode.query_images, brightness))
    yield from ()


def determinism(bench: Bench) -> Iterator[str]:
    """One seed, one result: of training, of adapting, and of predicting."""
    [episode] = MAIN.episodes(1)
    one, other = bench.trained(MAIN), bench.trained(MAIN, again=True)
    predict = bench.adapted(one.method, episode.support)
    logits = predict(episode.query_images)
    if not _equal(logits, predict(episode.query_images)):
        yield (
            "asked twice for the same queries, the predictor answers differently; set the network to "
            "evaluation mode (network.eval()), and keep no state between calls"
        )
    elif not _equal(logits, bench.logits(one.method, episode)):
        yield (
            "adapting twice to the same support set under one seed gives different predictions; draw from "
            "torch's, numpy's or Python's own generator only, and keep nothing from one adapt to the next"
        )
    elif not _equal(logits, bench.logits(other.method, episode)):
        yield (
            "training twice with one seed gives different predictions; draw from torch's, numpy's or "
            "Python's global generator, which the suite seeds, and depend on no time, set order or file"
        )


def any_order(bench: Bench) -> Iterator[str]:
    """An episode's predictions do not depend on the episodes before it."""
    method, episodes = bench.trained(MAIN).method, MAIN.episodes(3)
    forwards = [bench.logits(method, episode, seed) for seed, episode in enumerate(episodes)]
    backwards = [bench.logits(method, episodes[seed], seed) for seed in (2, 1, 0)]
    if not all(map(_equal, forwards, reversed(backwards))):
        yield (
            "an episode's predictions depend on the episodes before it; let adapt begin from the trained "
            "state each time and keep nothing on the method, its class or its module"
        )


def alone_as_in_batch(bench: Bench) -> Iterator[str]:
    """A query's logits do not depend on the queries beside it; if they do it is allowed, and shown."""
    method = bench.trained(MAIN).method
    changes = []
    for episode in MAIN.episodes(3):
        predict = bench.adapted(method, episode.support)
        probe = transductive_probe(predict, episode.query_images)
        changes += [probe.largest_change] if probe.transductive else []
    if changes:
        yield (
            f"{NOTE}a query's prediction depends on the other queries of its batch (logits change by up to "
            f"{max(changes):.0%}); that is allowed, and the board marks it T, for transductive"
        )


def own_state(bench: Bench) -> Iterator[str]:
    """Adapting leaves the method as it is."""
    method, episodes = bench.trained(MAIN).method, MAIN.episodes(2)
    with tempfile.TemporaryDirectory() as kept:
        before = _saved(bench, method, Path(kept) / "before")
        first = bench.adapted(method, episodes[0].support)
        logits = first(episodes[0].query_images)
        bench.logits(method, episodes[1])
        if _saved(bench, method, Path(kept) / "after") != before:
            yield "adapt changes the trained method itself; work on a copy of its network (copy.deepcopy)"
        elif not _equal(logits, first(episodes[0].query_images)):
            yield (
                "a predictor answers differently once the method has adapted to another task; give each "
                "its own copy of what adapt changes"
            )


def checkpoint(bench: Bench) -> Iterator[str]:
    """What is saved restores the method, without a pickle."""
    method, [episode] = bench.trained(MAIN).method, MAIN.episodes(1)
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept) / "saved"
        saved = _saved(bench, method, folder)
        yield from unfit(folder)
        if _saved(bench, method, Path(kept) / "again") != saved:
            yield "saving twice writes different files; write what was learned, and no times or random names"
        restored = bench.built()
        bench.load(restored, folder)
        if not _equal(bench.logits(restored, episode), bench.logits(method, episode)):
            yield "loaded from what it saved, it predicts differently; save all that adapt reads"
        if restored.parameter_count() != method.parameter_count():
            yield (
                f"loaded from what it saved, it counts {restored.parameter_count()} parameters instead of "
                f"{method.parameter_count()}"
            )


def random_state(bench: Bench) -> Iterator[str]:
    """Adapting and predicting draw nothing from the global generators; training does not reseed them."""
    method, [episode] = bench.trained(MAIN).method, MAIN.episodes(1)
    seed_everything(0)
    before = generators.states()
    bench.logits(method, episode)
    changed = _differing(before, generators.states())
    if changed:
        yield (
            f"adapt or the predictor changes the state of {changed}; draw inside torch.random.fork_rng(), "
            "or from a generator of its own (torch.Generator, numpy.random.Generator, random.Random)"
        )
    ends = [bench.trained(MAIN, seed).left for seed in (0, 1)]
    reseeded = [name for name in ends[0] if ends[0][name] == ends[1][name]]
    if reseeded:
        yield (
            f"train sets the seed of {reseeded[0]}; leave that out: the suite seeds it, with another seed "
            "each run"
        )


def budget(bench: Bench) -> Iterator[str]:
    """All of the budget is used in training, and no more; or nothing is trained at all."""
    training = bench.trained(MAIN)
    allowance, spent = training.source.allowance, training.images
    if spent == 0:
        yield f"{NOTE}it learns nothing in train; that is allowed, and the board shows 0 training images"
    elif spent < allowance:
        yield (
            f"train stops after {spent} of the {allowance} images of its budget; go on until "
            "source.exhausted, so that all methods are compared at equal means"
        )
    elif not training.source.curve:
        yield (
            f"{NOTE}train never calls source.validate, so that its last state is kept instead of the one "
            "that meta-validation finds best"
        )


def settings(bench: Bench) -> Iterator[str]:
    """No setting of torch is left changed."""
    for told in bench.settings.values():
        yield f"{told}; put it back, for others run in the same way after it"


def touches_nothing(bench: Bench) -> Iterator[str]:
    """No file, process or connection: whatever is learned comes from the source."""
    reached = list(bench.watch.reached)
    for told in reached[:_FEW]:
        yield f"{told}; a method may only use what the suite hands it (walls will refuse this)"
    if len(reached) > _FEW:
        yield f"and {len(reached) - _FEW} more such accesses"


# Those at the end tell what was heard during the others.
CHECKS: Mapping[str, Check] = {
    "describes itself": describes_itself,
    "shapes": shapes,
    "finite logits": finite,
    "budget": budget,
    "determinism": determinism,
    "episode order": any_order,
    "query alone as in batch": alone_as_in_batch,
    "own state": own_state,
    "save and load": checkpoint,
    "random state": random_state,
    "settings": settings,
    "files and network": touches_nothing,
}


def _equal(one: torch.Tensor, other: torch.Tensor) -> bool:
    return torch.equal(one, other)


def _saved(bench: Bench, method: Method, folder: Path) -> dict[str, bytes]:
    bench.save(method, folder)
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def _differing(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> str:
    return " and ".join(name for name in before if before[name] != after[name])


def _is_json(value: Any) -> bool:
    try:
        return bool(json.loads(json.dumps(value, allow_nan=False)) == value)
    except (TypeError, ValueError):
        return False
