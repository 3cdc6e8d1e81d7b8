"""A measure cell: how alike two adapted methods are, layer by layer, on the queries of the same episodes.

Those of one training are in ``suite.engine.trained``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from torch import Tensor

import suite.methods
import tasks
from leaderboard.findings import mean_and_interval
from leaderboard.records import BenchmarkIdentity
from suite.engine.cells import Cell, method_spec
from suite.engine.evaluating import adaptation_seed
from suite.engine.identity import Identified, identify
from suite.engine.trained import measure_trained
from suite.engine.training import CHECKPOINT
from suite.engine.work import Desk, HostLacks, ParentMissing, Work, load_benchmark
from suite.measures import SAFE_RATIO, Index, similarity_family
from suite.methods import LayeredPredictor, Method, MethodError, seed_everything
from suite.methods.identity import source_hash
from suite.nearest import nearest

NAME, VERSION = "layer_similarity", "1"
TABLE = "distances"
"""The table: episode, layer, index, and the distance, null where it is undefined."""

_SOURCES = tuple(
    f"suite.measures.{name}"
    for name in ("family", "basis", "cca", "cka", "matrices", "procrustes", "regression")
)
_NETWORK = ("backbone", "width", "batch_norm")

Layers = Mapping[str, Tensor]


@dataclass(frozen=True)
class Side:
    """One of the two that are compared: the checkpoint of ``training`` (a key), adapted as ``method`` says.

    ``seed`` is the training's.
    """

    method: Identified
    training: str
    seed: int

    @classmethod
    def of(cls, name: str, arguments: Mapping[str, Any], training: str, seed: int) -> Side:
        """A side of a method of the suite's own, whose label leaves its network out.

        Raises what ``suite.methods.get`` raises for unknown names and unfit values.
        """
        network = {key: arguments[key] for key in _NETWORK if key in arguments}
        return cls(identify(name, arguments, network), training, seed)

    @property
    def before(self) -> Side:
        """The same before it adapts. Raises ValueError where the method cannot be kept from adapting."""
        arguments = self.method.whole.arguments
        still = {"adaptation": "none", "adaptation_steps": 0}
        found = next((name for name in still if name in arguments), None)
        if found is None:
            raise ValueError(
                f"{self.method.whole.name} has no state before it adapts that predicts: it has neither the "
                "argument adaptation nor adaptation_steps"
            )
        name = self.method.whole.name
        return Side.of(name, {**arguments, found: still[found]}, self.training, self.seed)


@dataclass(frozen=True)
class Comparison:
    """Episodes on whose queries sides are compared, and the measures, by name (``similarity_family``).

    ``query`` counts images a class.
    """

    way: int
    shot: int
    query: int
    episodes: int
    seed: int
    indexes: tuple[str, ...]
    split: str = "test"


def indexes() -> dict[str, Index]:
    """The measures that a comparison may ask for: 1 less each is a distance; none needs all pairs of rows."""
    return {name: index for name, index in similarity_family().items() if index.unit and index.by_features}


def similarity_cell(
    one: Side, other: Side, identity: BenchmarkIdentity, benchmark: tasks.Benchmark, wanted: Comparison
) -> Cell:
    """Compare two sides. Raises ValueError for an unknown measure, fewer than two episodes, or episodes that
    ``benchmark`` cannot give.
    """
    known = indexes()
    for name in wanted.indexes:
        if name not in known:
            raise ValueError(f"no similarity of layers is called {name!r}; {nearest(name, known)}")
    if wanted.episodes < 2:
        raise ValueError(f"intervals need at least 2 episodes, not {wanted.episodes}")
    shown = {key: value for key, value in asdict(wanted).items() if key != "indexes"}
    _episodes(benchmark, shown)
    spec = {
        "measure": {"name": NAME, "version": VERSION, "source_hash": _source_hash()},
        "benchmark": identity.model_dump(mode="json"),
        "episodes": shown,
        "sides": [
            {"method": method_spec(side.method.whole), "training": side.training, "seed": side.seed}
            for side in (one, other)
        ],
        "indexes": list(wanted.indexes),
    }
    seed = one.seed if one.seed == other.seed else None
    parents = tuple(sorted({one.training, other.training}))
    return Cell("measure", spec, parents, benchmark=identity, seed=seed)


def measure(cell: Cell, desk: Desk) -> Work:
    """The work of a measure cell: of one training, where it has a method, else of two sides."""
    return compare(cell, desk) if cell.method is None else measure_trained(cell, desk)


def compare(cell: Cell, desk: Desk) -> Work:
    """Adapt both sides to each episode; compare what their layers make of its query images."""
    assert cell.benchmark is not None
    spec = cell.spec
    if spec["measure"]["source_hash"] != _source_hash():
        raise HostLacks(f"{cell.title} was planned with other measures than this host has")
    benchmark = load_benchmark(cell.benchmark)
    episodes = _episodes(benchmark, spec["episodes"])
    chosen = [indexes()[name] for name in spec["indexes"]]
    sides = [_Loaded(told, cell, desk) for told in spec["sides"]]
    rows: list[tuple[int, str, str, float | None]] = []
    sizes: dict[str, tuple[int, int, int]] = {}
    for i, episode in enumerate(episodes):
        one, other = (side.layers(episode, spec["episodes"]["seed"], i) for side in sides)
        sizes = _sizes(one, other)
        rows += [(i, *found) for found in _distances(one, other, chosen)]
        desk.progress((i + 1) / len(episodes), (i + 1) * len(episode.query_images))
    results = {
        "sides": [side.label for side in sides],
        "episodes": len(episodes),
        "safe_ratio": SAFE_RATIO,
        "indexes": {index.name: index.title for index in chosen},
        "layers": [_layer(layer, sizes[layer], rows, chosen) for layer in sizes],
    }
    return Work(results, {TABLE: _table(rows)})


class _Loaded:
    """A side with its checkpoint."""

    def __init__(self, told: Mapping[str, Any], cell: Cell, desk: Desk) -> None:
        named = told["method"]
        side = Side.of(named["name"], named["arguments"], told["training"], told["seed"])
        if side.method.whole.source_hash != named["source_hash"]:
            raise HostLacks(
                f"the method {named['name']} was planned with other code than this host has; install the "
                "same version of transfer-league on both"
            )
        if desk.store.get(side.training) is None:
            raise ParentMissing(f"a training that {cell.title} looks at is not in the store")
        self.label, self._seed = side.method.whole.label, side.seed
        self._method: Method = suite.methods.get(named["name"], **named["arguments"])
        self._method.load(desk.store.folder(side.training) / CHECKPOINT)

    def layers(self, episode: tasks.Episode, seed: int, number: int) -> Layers:
        """What its layers make of the queries, adapted exactly as an evaluation would."""
        seed_everything(adaptation_seed(self._seed, seed, number))
        predictor = self._method.adapt(episode.support)
        if not isinstance(predictor, LayeredPredictor):
            raise MethodError(
                f"{self.label} does not show its layers: its predictor has no method layers(images)"
            )
        return predictor.layers(episode.query_images)


def _episodes(benchmark: tasks.Benchmark, told: Mapping[str, Any]) -> tasks.Episodes:
    return tasks.Episodes(
        benchmark, told["split"], told["way"], told["shot"], told["query"], told["seed"], told["episodes"]
    )


def _sizes(one: Layers, other: Layers) -> dict[str, tuple[int, int, int]]:
    """Layer -> rows, and neurons of each side. Raises ValueError where the layers do not correspond."""
    if list(one) != list(other):
        raise ValueError(f"layers {', '.join(one)} cannot be compared with {', '.join(other)}, one by one")
    for layer in one:
        if len(one[layer]) != len(other[layer]):
            raise ValueError(
                f"{layer} has {len(one[layer])} positions in all on one side and {len(other[layer])} on the "
                "other, so its rows are not of the same places"
            )
    return {layer: (len(rows), rows.shape[1], other[layer].shape[1]) for layer, rows in one.items()}


def _distances(
    one: Layers, other: Layers, chosen: Sequence[Index]
) -> Iterator[tuple[str, str, float | None]]:
    """Layer, index and distance; None where a side is the same for all queries, which leaves it undefined."""
    for layer, x in one.items():
        y = other[layer]
        varies = all(bool((side != side[:1]).any()) for side in (x, y))
        for index in chosen:
            yield layer, index.name, 1 - index.of(x, y) if varies else None


def _layer(
    layer: str,
    sizes: tuple[int, int, int],
    rows: Sequence[tuple[int, str, str, float | None]],
    chosen: Sequence[Index],
) -> dict[str, Any]:
    """A layer's part of the results: mean distances over episodes, with Student's 95 % intervals."""
    examples, *neurons = sizes
    distances = {}
    for index in chosen:
        found = [value for _, of, name, value in rows if (of, name) == (layer, index.name)]
        defined = [value for value in found if value is not None]
        mean, interval = _summary(defined)
        distances[index.name] = {
            "mean": mean,
            "interval": interval,
            "undefined": len(found) - len(defined),
        }
    return {"layer": layer, "rows": examples, "neurons": neurons, "distances": distances}


def _summary(values: Sequence[float]) -> tuple[float | None, list[float] | None]:
    if len(values) < 2:
        return (values[0] if values else None), None
    mean, (low, high) = mean_and_interval(values)
    return mean, [low, high]


def _table(rows: Sequence[tuple[int, str, str, float | None]]) -> pa.Table:
    episode, layer, index, distance = zip(*rows, strict=True)
    return pa.table(
        {
            "episode": np.array(episode, dtype=np.int32),
            "layer": pa.array(layer, pa.string()),
            "index": pa.array(index, pa.string()),
            "distance": pa.array(distance, pa.float64()),
        }
    )


def _source_hash() -> str:
    return source_hash(_SOURCES[0], also=_SOURCES)
