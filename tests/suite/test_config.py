"""Sweeps as users write them: what is accepted, in which order layers count, and what comes out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.config import ConfigError, load_sweep, shipped, single_run, to_dict, to_yaml

NOTHING: dict[str, str] = {}
BASE = "methods: [maml, transfer]\nbenchmarks: [glyphs]\n"


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str, name: str = "mine.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_sweep_is_valid(name: str) -> None:
    sweep = load_sweep(name, environment=NOTHING)
    assert sweep.name == name
    assert json.loads(json.dumps(to_dict(sweep))) == to_dict(sweep)


def test_demo_and_standard_ship() -> None:
    assert {"demo", "standard"} <= set(shipped())


def test_demo_holds_the_methods_of_the_main_job() -> None:
    sweep = load_sweep("demo", environment=NOTHING)
    names = {method.name for method in sweep.methods}
    assert names == {"maml", "fomaml", "anil", "protonet", "transfer", "untrained"}
    assert [(b.name, b.options) for b in sweep.benchmarks] == [
        ("glyphs", {"size": 28}),
        ("emoji", {"size": 28}),
    ]
    assert len(sweep.seeds) == 2


def test_defaults_fill_what_a_file_leaves_out(written) -> None:
    sweep = load_sweep(written(BASE), environment=NOTHING)
    assert sweep.name == "mine"
    assert sweep.seeds == (0, 1)
    assert sweep.protocols[0].episodes == 400
    assert sweep.model.backbone == "conv4"
    assert sweep.store == "league-store"


@given(
    layers=st.lists(st.one_of(st.none(), st.integers(1, 10**6)), min_size=3, max_size=3),
    key=st.sampled_from(
        ["budget.images", "model.width", "protocols.episodes", "resources.memory_mib_per_cell"]
    ),
)
@settings(max_examples=25, deadline=None)
def test_later_layers_win(
    tmp_path_factory: pytest.TempPathFactory, layers: list[int | None], key: str
) -> None:
    in_file, in_environment, in_words = (None if value is None else value + 1 for value in layers)
    group, _, leaf = key.partition(".")
    inner = f"{{{leaf}: {in_file}}}"
    text = BASE + (f"{group}: {f'[{inner}]' if group == 'protocols' else inner}\n" if in_file else "")
    path = tmp_path_factory.mktemp("sweep") / "a.yaml"
    path.write_text(text, encoding="utf-8")
    environment = {f"LEAGUE_{group}__{leaf}".upper(): str(in_environment)} if in_environment else {}
    words = [f"{key}={in_words}"] if in_words else []

    found = to_dict(load_sweep(path, words, environment))[group]
    found = found[0] if isinstance(found, list) else found
    default = to_dict(load_sweep("demo", environment=NOTHING))[group]
    default = default[0] if isinstance(default, list) else default
    expected = in_words or in_environment or in_file
    if expected is not None:
        assert found[leaf] == expected
    elif group != "budget":  # the demo sets budgets of its own
        assert found[leaf] == default[leaf]


def test_the_process_environment_is_read_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAGUE_STORE", "elsewhere")
    monkeypatch.setenv("LEAGUE_CACHE", "of no concern to a sweep")
    monkeypatch.setenv("OTHER_STORE", "nor is this")
    assert load_sweep("demo").store == "elsewhere"


def test_the_last_of_two_equal_words_wins() -> None:
    assert load_sweep("demo", ["seeds=[1]", "seeds=[2,3]"], NOTHING).seeds == (2, 3)


@pytest.mark.parametrize(
    "entry", ["maml", "{maml: {inner_steps: 3}}", "{name: maml, arguments: {inner_steps: 3}}", "{maml: }"]
)
def test_a_method_is_written_short_or_long(entry: str) -> None:
    [method] = load_sweep("demo", [f"methods=[{entry}]"], NOTHING).methods
    assert method.name == "maml"
    assert method.arguments == ({"inner_steps": 3} if "3" in entry else {})


@pytest.mark.parametrize("entry", ["emoji", "{emoji: {size: 32}}", "{name: emoji, options: {size: 32}}"])
def test_a_benchmark_is_written_short_or_long(entry: str) -> None:
    [benchmark] = load_sweep("demo", [f"benchmarks=[{entry}]"], NOTHING).benchmarks
    assert benchmark.name == "emoji"
    assert benchmark.options == ({"size": 32} if "32" in entry else {})


def test_one_value_stands_for_a_list_of_one() -> None:
    sweep = load_sweep(
        "demo", ["methods=maml", "benchmarks=glyphs", "seeds=7", "protocols={shot: 2}"], NOTHING
    )
    assert [method.name for method in sweep.methods] == ["maml"]
    assert sweep.seeds == (7,)
    assert [protocol.shot for protocol in sweep.protocols] == [2]


def test_a_word_reaches_one_entry_by_name_or_place_and_all_by_setting() -> None:
    sweep = load_sweep(
        "standard",
        ["methods.maml.inner_steps=3", "benchmarks.emoji.size=32", "protocols.1.shot=4", "protocols.query=2"],
        NOTHING,
    )
    assert next(m for m in sweep.methods if m.name == "maml").arguments == {"inner_steps": 3}
    assert [b.options["size"] for b in sweep.benchmarks] == [28, 32]
    assert [(p.shot, p.query) for p in sweep.protocols] == [(1, 2), (4, 2)]


def test_arguments_equal_to_their_defaults_are_left_out() -> None:
    default = single_run("maml", "glyphs", environment=NOTHING)
    spelled = single_run("maml", "glyphs", ["inner_steps=5"], NOTHING)
    assert spelled == default
    assert spelled.methods[0].arguments == {}


def test_a_whole_number_may_be_written_as_a_power() -> None:
    assert load_sweep("demo", ["budget.images=1e3"], NOTHING).budget.images == 1_000


def test_a_setting_may_refer_to_another() -> None:
    assert load_sweep("demo", ["budget.images=${model.width}"], NOTHING).budget.images == 32


@pytest.mark.parametrize("name", shipped())
def test_a_printed_sweep_reads_back_equal(name: str, written) -> None:
    of_one = ["methods.maml.inner_steps=3"] if name != "pretraining-losses" else ["methods.pretrain.lr=0.01"]
    sweep = load_sweep(name, [*of_one, "store=${name}-store"], NOTHING)
    assert load_sweep(written(to_yaml(sweep)), environment=NOTHING) == sweep


def test_a_single_run_takes_the_methods_arguments_and_the_sweeps_settings() -> None:
    sweep = single_run("maml", "glyphs", ["inner_steps=3", "seeds=[0,1]", "protocols.shot=5"], NOTHING)
    assert sweep.name == "maml-glyphs"
    assert sweep.methods[0].arguments == {"inner_steps": 3}
    assert (sweep.seeds, sweep.protocols[0].shot) == ((0, 1), 5)


def test_a_config_error_is_a_value_error() -> None:
    assert issubclass(ConfigError, ValueError)


def test_a_sweep_asks_for_the_diversity_of_its_benchmarks(written) -> None:
    text = BASE + "diversity: {probes: [mlp, {conv4: {width: 8}}], tasks: 20, shot: 1}\n"
    sweep = load_sweep(written(text), ["diversity.way=3"], NOTHING)
    assert [(probe.name, probe.options) for probe in sweep.diversity.probes] == [
        ("mlp", {}),
        ("conv4", {"width": 8}),
    ]
    assert (sweep.diversity.tasks, sweep.diversity.way, sweep.diversity.shot) == (20, 3, 1)
    assert load_sweep(written(to_yaml(sweep)), environment=NOTHING) == sweep
    one = load_sweep(written(BASE), ["diversity.probes=mlp"], NOTHING)
    assert [probe.name for probe in one.diversity.probes] == ["mlp"]
    assert load_sweep(written(BASE), environment=NOTHING).diversity.probes == ()


def test_one_config_makes_both_arms() -> None:
    sweep = load_sweep("maml-vs-transfer", environment=NOTHING)
    assert sweep.fair and sweep.model.batch_norm == "episode" and sweep.budget.patience
    adaptations = {
        name: {
            (method.arguments.get("adaptation", default), method.arguments.get("adaptation_steps", 5))
            for method in sweep.methods
            if method.name == name
        }
        for name, default in (("untrained", "head"), ("maml", "inner_loop"), ("transfer", "head"))
    }
    grid = {("none", 5), ("inner_loop", 5), ("inner_loop", 10), ("head", 5)}
    assert adaptations == {"untrained": grid, "maml": grid, "transfer": grid}


def test_a_series_of_backbones_and_widths_enters_each_method_once_with_each_pair() -> None:
    sweep = load_sweep("demo", ["model.backbones=[conv4,mlp]", "model.widths=[8,16]"], NOTHING)
    assert [(network["backbone"], network["width"]) for network in sweep.model.networks] == [
        ("conv4", 8),
        ("conv4", 16),
        ("mlp", 8),
        ("mlp", 16),
    ]
    assert sweep.model.series == ("backbone", "width")


def test_a_series_of_widths_enters_each_method_once_with_each() -> None:
    sweep = load_sweep("demo", ["model.widths=[8,16]", "model.batch_norm=running", "fair=true"], NOTHING)
    assert sweep.model.networks == (
        {"backbone": "conv4", "batch_norm": "running", "width": 8},
        {"backbone": "conv4", "batch_norm": "running", "width": 16},
    )
    plain = load_sweep("demo", environment=NOTHING)
    assert plain.model.networks == ({"backbone": "conv4", "width": 32},)
