"""Every way to get a sweep wrong, and the sentence that it earns."""

from __future__ import annotations

from pathlib import Path

import pytest

from suite.config import ConfigError, load_sweep, single_run
from suite.config.schema import ProtocolConfig

TEMPLATE = Path(__file__).parents[2] / "suite" / "submission" / "template.txt"

NOTHING: dict[str, str] = {}


def refusal(source: str | Path, *words: str, environment: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        load_sweep(source, words, environment or NOTHING)
    said = str(caught.value)
    assert "\n" not in said
    assert len(said) < 300
    return said


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("budget.imgaes=3", "budget.imgaes is not a setting; nearest: budget.images"),
        ("imgaes=3", "imgaes is not a setting; nearest: budget.images"),
        ("episodes=3", "episodes is not a setting; nearest: protocols.episodes"),
        ("bugdet.images=3", "bugdet is not a setting; nearest: budget"),
        ("protocols.epsodes=3", "protocols.epsodes is neither an entry nor a setting; nearest: episodes"),
        ("protocols=[{epsodes: 3}]", "protocols[0].epsodes is not a setting; nearest: protocols[0].episodes"),
        ("methods.malm.inner_steps=3", "methods.malm is neither an entry nor a setting; nearest: maml"),
        ("methods.maml.inner_stps=3", "inner_stps is not an argument of maml; nearest: inner_steps"),
        ("benchmarks.glyphs.sise=3", "sise is not an option of glyphs; nearest: size"),
        (
            "methods=[{name: maml, argments: {}}]",
            "methods[0].argments is not a setting; nearest: methods[0].arguments",
        ),
    ],
)
def test_an_unknown_key_comes_with_the_nearest(word: str, said: str) -> None:
    assert said in refusal("demo", word)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("methods=[malm]", "no method is called 'malm'; nearest: maml"),
        ("benchmarks=[glyph]", "no benchmark is called 'glyph'; nearest: glyphs"),
        ("model.backbone=conv5", "no backbone is called 'conv5' (model.backbone); nearest: conv4"),
        (
            "protocols=[{benchmarks: [glyph]}]",
            "protocols[0].benchmarks names 'glyph', which is not in this sweep; nearest: glyphs",
        ),
    ],
)
def test_an_unknown_name_comes_with_the_nearest(word: str, said: str) -> None:
    assert said in refusal("demo", word)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("budget.images=many", "budget.images must be a whole number, not 'many'"),
        ("budget.images=1.5", "budget.images must be a whole number, not 1.5"),
        ("budget.images=true", "budget.images must be a whole number, not True"),
        ("budget.images=", "budget.images must be a whole number, not None"),
        ("budget.images=0", "budget.images must be at least 1, not 0"),
        ("budget=3", "budget must be a group of settings (key: value), not 3"),
        ("budget.images.more=3", "so images.more cannot be set"),
        ("seeds=x", "seeds must be a list of whole numbers, such as [0, 1], not 'x'"),
        ("seeds=[0,0]", "seeds must be different whole numbers of at least 0, not [0, 0]"),
        ("seeds=[-1]", "seeds must be different whole numbers of at least 0, not [-1]"),
        ("seeds=[]", "seeds must be a list of at least one, not []"),
        ("methods=[]", "methods must be a list of at least one, not []"),
        ("methods=[3]", "an entry of methods is written NAME, {NAME: {key: value}} or {name: NAME,"),
        ("methods=[{maml: 3}]", "methods[0].arguments must be a mapping, such as {key: value}, not 3"),
        ("protocols.0.way=1", "protocols[0].way must be a whole number of at least 2, not 1"),
        ("protocols.shot=0", "protocols[0].shot must be a whole number of at least 1, not 0"),
        ("protocols.episodes=1", "protocols[0].episodes must be a whole number of at least 2, not 1"),
        ("protocols.track=vision", "protocols[0].track must be few-shot, not 'vision'"),
        ("protocols.3.way=5", "protocols.3 does not exist; the sweep has 1, counted from 0"),
        ("model.width=0", "model.width must be a whole number of at least 1, not 0"),
        ("resources.cpus_per_cell=0", "resources.cpus_per_cell must be a number above 0, not 0"),
        ("resources.gpus_per_cell=-1", "resources.gpus_per_cell must be a number of at least 0, not -1"),
        ("resources.time_limit_seconds=.inf", "time_limit_seconds must be a number above 0, not inf"),
        ("resources.max_in_flight=-2", "max_in_flight must be a whole number of at least 0, not -2"),
        ("tracking.mode=of", "tracking.mode must be auto or offline or online or disabled, not 'of'"),
        ("margin=.nan", "margin must be an accuracy above 0 and below 1 (0.01 is one point), not nan"),
        ("margin=2", "margin must be an accuracy above 0 and below 1 (0.01 is one point), not 2.0"),
        ("store=", "store must be text, not None"),
        ("store='  '", "store must be a folder or URL, not '  '"),
        ("name=a/b", "name must be letters, digits, '-', '_' and '.', beginning with a letter"),
        ("budget.images=${model.wdth}", "budget.images: Interpolation key 'model.wdth' not found"),
        ("budget.patience=4", "budget.validations must be at least 8, not 4: a plateau is found 4"),
        ("model.batch_norm=batch", "model.batch_norm must be empty or episode or running, not 'batch'"),
        ("model.backbones=[conv4,conv4]", "model.backbones must be different names, not ['conv4', 'conv4']"),
        ("model.backbones=[conv4,conv5]", "no backbone is called 'conv5'"),
        ("model.widths=[8,8]", "model.widths must be different whole numbers of at least 1, not [8, 8]"),
        ("diversity.tasks=2", "diversity.tasks must be a whole number of at least 3, not 2"),
        ("diversity.split=tests", "diversity.split must be train or validation or test, not 'tests'"),
        ("diversity.probs=mlp", "diversity.probs is not a setting; nearest: diversity.probes"),
        ("diversity.probes=[3]", "an entry of diversity.probes is written NAME, {NAME: {key: value}} or"),
        ("foo", "'foo' is not key=value, such as budget.images=300"),
        ("=3", "'=3' is not key=value"),
        ("store=[a", "store: '[a' is not a YAML value"),
        ("methods.maml.inner_steps=0", "inner_steps"),
        ("methods.maml.inner_steps=five", "inner_steps"),
        ("methods.transfer.head=rigde", "ridge"),
        ("benchmarks.glyphs.size=big", "glyphs: size must be a whole number, not 'big'"),
        ("benchmarks.glyphs.cache=/tmp", "cache is not an option of glyphs; there are: scripts, size"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_with_what_would_be_right(word: str, said: str) -> None:
    assert said in refusal("demo", word)


@pytest.mark.parametrize(
    "methods",
    ["maml, maml", "maml, {maml: {inner_steps: 5}}", "{maml: {inner_steps: 3}}, {maml: {inner_steps: 3}}"],
)
def test_the_same_method_twice_is_refused(methods: str) -> None:
    assert "twice; leave one out or give it other arguments" in refusal("demo", f"methods=[{methods}]")


def test_the_same_benchmark_twice_is_refused() -> None:
    assert "benchmarks lists glyphs" in refusal("demo", "benchmarks=[glyphs, glyphs]")


def test_a_benchmark_with_its_default_spelled_out_is_the_same_one() -> None:
    said = refusal("demo", "benchmarks=[glyphs, {glyphs: {size: 28}}]")
    spelled = '{"scripts": null, "size": 28}'
    assert said == f"benchmarks lists glyphs {spelled} twice; leave one out or give it other arguments"


def test_two_protocols_of_one_column_are_refused() -> None:
    said = refusal("demo", "protocols=[{episodes: 100}, {episodes: 200, benchmarks: [emoji]}]")
    assert "protocols[0] and protocols[1] both score emoji 5-way 1-shot with 3 queries" in said


@pytest.mark.parametrize(("argument", "setting"), [("width", "model.width"), ("backbone", "model.backbone")])
def test_a_method_may_not_have_a_network_of_its_own(argument: str, setting: str) -> None:
    said = refusal("demo", f"methods.maml.{argument}=64")
    assert f"maml may not set its own {argument} (64)" in said
    assert f"Set {setting} for all" in said


def test_a_method_keeps_its_batch_norm_unless_the_sweep_has_one() -> None:
    said = refusal("demo", "model.batch_norm=running", "methods.maml.batch_norm=episode")
    assert "maml may not set its own batch_norm ('episode')" in said and "Set model.batch_norm" in said
    load_sweep("demo", ["methods.maml.batch_norm=running"], NOTHING)


def test_an_unfair_sweep_is_refused_where_fairness_is_asked_for() -> None:
    said = refusal("demo", "fair=true")
    assert "one batch_norm for all methods: maml has 'episode', protonet 'running'" in said
    assert "set it under model, or fair=false" in said


def test_a_submission_behind_walls_cannot_be_seen_to_be_fair(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(TEMPLATE.read_text().replace("$name", "mine").replace("$class_name", "Mine"))
    said = refusal("maml-vs-transfer", f"submissions=[{path}]")
    assert "mine runs behind walls" in said and "set fair=false" in said


def test_a_variable_is_named_when_it_is_wrong() -> None:
    unknown = refusal("demo", environment={"LEAGUE_BUGDET__IMAGES": "300"})
    assert unknown == "LEAGUE_BUGDET__IMAGES: bugdet is not a setting; nearest: budget"
    wrong = refusal("demo", environment={"LEAGUE_BUDGET__IMAGES": "many"})
    assert wrong == "LEAGUE_BUDGET__IMAGES: budget.images must be a whole number, not 'many'"
    assert "LEAGUE_SEEDS: '[1' is not a YAML value" in refusal("demo", environment={"LEAGUE_SEEDS": "[1"})


def test_an_unknown_sweep_comes_with_the_nearest(tmp_path: Path) -> None:
    assert "no sweep is called 'dmeo'; nearest: demo" in refusal("dmeo")
    (tmp_path / "mine.yaml").touch()
    said = refusal(tmp_path / "mien.yaml")
    assert "there is no file" in said
    assert "mine.yaml" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("methods: [maml", "is not valid YAML: line 2: did not find expected ',' or ']'"),
        ("methods: [maml]\nmethods: [anil]\n", "is not valid YAML: line 2: found duplicate key methods"),
        ("- maml\n", "must hold settings (key: value), not a list"),
        ("benchmarks: [glyphs]\n", "methods is missing"),
        ("methods: [maml]\nbenchmarks: [glyphs]\nseed: 3\n", "seed is not a setting; nearest: seeds"),
        ("methods: [maml]\nbenchmarks: [glyphs]\nseeds: [a]\n", "seeds must be a list of whole numbers"),
        ("", "is missing"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    answer = refusal(path)
    assert said in answer
    assert "missing" in answer or str(path) in answer


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"\xff\xfe\x00\x80")
    assert "is not a YAML text" in refusal(path)


def test_a_single_run_of_what_is_unknown_is_refused() -> None:
    with pytest.raises(ConfigError, match="no method is called 'malm'; nearest: maml"):
        single_run("malm", "glyphs", environment=NOTHING)
    with pytest.raises(ConfigError, match="no benchmark is called 'glyph'; nearest: glyphs"):
        single_run("maml", "glyph", environment=NOTHING)
    with pytest.raises(
        ConfigError, match="inner_stps is not a setting or an argument of maml; nearest: inner_steps"
    ):
        single_run("maml", "glyphs", ["inner_stps=3"], NOTHING)


def test_dataclasses_made_in_python_refuse_too() -> None:
    with pytest.raises(ConfigError, match="way must be a whole number of at least 2, not 1"):
        ProtocolConfig(way=1)
