"""The paper on neural collapse in transfer: its networks, its ways to tune, and what follows from figures."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cross_entropy

from suite.measures import neural_collapse
from suite.papers import describe, names
from suite.papers.neural_collapse_transfer import judge, nets, pretrained, tuning
from suite.papers.neural_collapse_transfer.nets import Dense, deal, part, pretraining
from suite.papers.neural_collapse_transfer.tuning import (
    CHOSEN,
    FULL,
    LAYERS,
    NC1,
    PROBE,
    SCHEMES,
    SKIPS,
    TEST_ACCURACY,
    TUNED,
)
from suite.papers.registry import Figures
from tasks import SplitName, Transfer


def test_it_is_found_by_its_name_and_tells_its_parts() -> None:
    assert "neural_collapse_transfer" in names()
    assert describe("neural_collapse_transfer").part_names == (
        "source_collapse",
        "variations",
        "layers",
        "five_labels",
        "twenty_labels",
        "phases",
    )


def test_the_head_reads_the_last_layer_and_the_one_that_is_connected_to_it() -> None:
    net, x = Dense(3, 5), torch.rand(4, 64)
    hidden = net.hidden(x)
    assert len(hidden) == 3
    assert torch.equal(net.features(x), hidden[2])
    net.skip = 0
    assert torch.equal(net.features(x), hidden[2] + hidden[0])
    assert torch.equal(net(x), net.head(hidden[2] + hidden[0]))


def test_pictures_are_0_to_1_and_source_and_downstream_digits_are_others() -> None:
    task = deal(3)
    pictures, labels = part(task, "source", "train")
    assert pictures.shape == (len(labels), 64)
    assert pictures.min() == 0 and pictures.max() == 1
    assert (task.source.classes, task.downstream.classes) == (tuple("01234"), tuple("56789"))


def test_pretraining_lowers_the_loss_and_tells_each_epoch() -> None:
    torch.manual_seed(0)
    net, (pictures, labels) = Dense(2, 5), part(deal(0), "source", "train")
    before = cross_entropy(net(pictures), labels)
    assert list(pretraining(net, (pictures, labels), 10)) == list(range(1, 11))
    assert cross_entropy(net(pictures), labels) < 0.5 * before


def test_a_probe_of_good_features_is_good_and_one_of_none_is_not() -> None:
    task = deal(0)
    torch.manual_seed(0)
    net = Dense(1, 5)
    assert nets.probed(net, 0, task) > 70
    with torch.no_grad():  # but for one unit that tells nothing, no features are left
        for name, parameter in net.layers.named_parameters():
            parameter.zero_()
            if name == "0.weight":
                parameter[0, 28] = 1.0
    assert nets.probed(net, 0, task) < 60


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
def test_a_scheme_tunes_what_it_names_and_nothing_else(scheme: tuning.Scheme) -> None:
    torch.manual_seed(0)
    net = Dense(tuning.DEPTH, 5)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    copy = tuning.tuned(net, scheme, part(deal(0), "downstream", "train"), 5, steps=2)
    changed = {
        int(name.split(".")[1])
        for name, value in copy.state_dict().items()
        if name.startswith("layers") and not torch.equal(value, before[name])
    }
    everything = set(range(tuning.DEPTH))
    assert changed == (everything if scheme.all else set() if scheme.layer is None else {scheme.layer})
    assert copy.skip == (scheme.layer if scheme.skip else None)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    count = sum(p.numel() for p in copy.parameters() if p.requires_grad)
    assert count == (21_125 if scheme.all else 325 if scheme.layer is None else 4_485)


def test_the_layer_is_chosen_without_a_look_at_test_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = tuning.five_labels(0, nets=1, epochs=2, steps=20)

    def mislabelled(task: Transfer, problem: str, split: SplitName) -> nets.Examples:
        pictures, labels = part(task, problem, split)
        return pictures, (labels + 1) % 5 if split == "test" else labels

    monkeypatch.setattr(tuning, "part", mislabelled)
    fooled = tuning.five_labels(0, nets=1, epochs=2, steps=20)
    assert honest[CHOSEN, NC1].value == fooled[CHOSEN, NC1].value
    assert honest[CHOSEN, TEST_ACCURACY].value != fooled[CHOSEN, TEST_ACCURACY].value
    assert (honest[CHOSEN, NC1].value, honest[CHOSEN, TEST_ACCURACY].value) in {
        (honest[scheme.name, NC1].value, honest[scheme.name, TEST_ACCURACY].value) for scheme in SKIPS
    }


def test_tables_have_a_row_for_all_that_is_compared_and_follow_the_seed() -> None:
    found = pretrained.source_collapse(1, nets=2, epochs=(1, 2))
    assert {figure.row for figure in found} == {"1 epoch", "2 epochs"}
    assert list(found) == list(pretrained.source_collapse(1, nets=2, epochs=(1, 2)))
    assert list(found) != list(pretrained.source_collapse(2, nets=2, epochs=(1, 2)))
    varied = pretrained.variations(0, nets=1, epochs=1)
    assert {figure.row for figure in varied} == set(pretrained.VARIATIONS)
    layers = pretrained.layers(0, nets=1, epochs=1)
    assert [figure.row for figure in layers][::3] == [f"layer {depth}" for depth in range(1, 7)]
    tuned = tuning.twenty_labels(0, nets=1, epochs=1, steps=1)
    assert {figure.row for figure in tuned} == {CHOSEN, *(scheme.name for scheme in SCHEMES)}


def test_phases_are_told_of_the_network_as_it_is_after_that_many_epochs() -> None:
    found = pretrained.phases(0, nets=1, stages=(1, 2))
    assert {figure.column for figure in found} == set(pretrained.PHASES)
    assert found["2 epochs", "NC4"].value < found["1 epoch", "NC4"].value <= 1


def test_nc1_is_that_of_the_measure() -> None:
    task = deal(0)
    torch.manual_seed(0)
    net = nets.pretrained(task, pretrained.DEPTH, 1)
    pictures, labels = part(task, "downstream", "train")
    expected = neural_collapse(net.hidden(pictures)[-1], labels).nc1
    torch.manual_seed(0)
    table = pretrained.source_collapse(0, nets=1, epochs=(1,))
    assert table["1 epoch", pretrained.NC1_DOWNSTREAM].value == pytest.approx(expected)


def figures(
    *, source: float = 0.1, lead: float = 5.0, order: int = 1, last: float = 0.4
) -> dict[str, Figures]:
    """As the claim has them: with ``source`` falling, SCL ``lead`` points ahead, accuracy falling with NC1
    (``order`` -1: rising), and ``last`` of each phase left at the end."""
    lengths, varied, layers, phases = Figures(), Figures(), Figures(), Figures()
    for i, epochs in enumerate(pretrained.EPOCHS):
        _row(lengths, pretrained.after(epochs), 1 - source * i, 1.0 + i, 80 - 10 * order * i)
    for name in pretrained.VARIATIONS:
        _row(varied, name, 0.1, 20.0, 80 - 40.0 * order)
    for i in range(pretrained.DEEP):
        _row(layers, f"layer {i + 1}", 0.1, 1.0 + i, 80 - 10.0 * order * i)
    for stage in pretrained.STAGES:
        for name in pretrained.PHASES:
            phases[pretrained.after(stage), name] = 1.0 if stage == pretrained.STAGES[0] else last
    found = {"source_collapse": lengths, "variations": varied, "layers": layers, "phases": phases}
    return {**found, **{part: _tuned(lead, order) for part in ("five_labels", "twenty_labels")}}


def _row(table: Figures, row: str, source: float, downstream: float, accuracy: float) -> None:
    table[row, pretrained.NC1_SOURCE] = source
    table[row, pretrained.NC1_DOWNSTREAM] = downstream
    table[row, pretrained.ACCURACY] = accuracy


def _tuned(lead: float, order: int) -> Figures:
    best, found = 80.0, Figures()
    accuracies = {PROBE: best - 4 * lead, FULL: best - lead}
    for i, (alone, connected) in enumerate(zip(LAYERS, SKIPS, strict=True)):
        accuracies[connected], accuracies[alone] = best - i, best - i - lead / 2
    for scheme, accuracy in accuracies.items():
        found[scheme.name, TEST_ACCURACY] = accuracy
        found[scheme.name, NC1] = 100 - order * accuracy
        found[scheme.name, TUNED] = 100.0 if scheme.all else 20.0
    for column in (TEST_ACCURACY, NC1, TUNED):
        found[CHOSEN, column] = found[SKIPS[0].name, column].value
    return found


def missed(**how: float) -> set[str]:
    return {check.sentence for check in judge(figures(**how)) if not check.met and check.role == "claim"}  # type: ignore[arg-type]


def test_figures_as_the_claim_has_them_meet_it() -> None:
    assert not missed()


def test_figures_that_are_otherwise_miss_what_they_contradict() -> None:
    assert len(missed(source=-0.1)) == 1
    assert len(missed(lead=1.9)) == 4
    assert all("SCL-FT is ahead" in sentence for sentence in missed(lead=1.9))
    assert len(missed(lead=-5.0)) == 6
    assert len(missed(last=0.6)) == 3
    assert sum("rank correlation" in sentence for sentence in missed(order=-1)) == 3


def test_what_did_not_hold_in_a_small_setting_is_shown_and_does_not_count() -> None:
    context = [check for check in judge(figures()) if check.role == "context"]
    assert [check.sentence for check in context if not check.met] == [
        f"E1: with {name}, features after 100 epochs transfer better than without"
        for name in pretrained.VARIATIONS
    ]
    assert sum(check.sentence.startswith("E4: NC2") for check in context) == 2
