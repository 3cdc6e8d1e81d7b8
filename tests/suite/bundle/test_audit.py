"""Audits: honest bundles come out bit for bit, and a lie that every digest agrees with does not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner

from leaderboard.records import Measured, Record
from leaderboard.store import Store
from leaderboard.store.envelope import seal, unseal
from leaderboard.store.tables import from_parquet, parquet
from suite.bundle import BundleError, Finding, audit, export
from suite.bundle.compare import differences

Edited = Callable[..., Path]
Entries = dict[str, bytes]


@pytest.fixture(autouse=True)
def executions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the doubles note what they do."""
    log = tmp_path / "executions.jsonl"
    monkeypatch.setenv("ENGINE_DOUBLES_LOG", str(log))
    return log


def done(log: Path, what: str) -> int:
    return sum(json.loads(line)["what"] == what for line in log.read_text().splitlines())


def one_more_correct(entries: Entries) -> None:
    """Every evaluation says one answer less is right in its first episode; all digests and means fit it."""
    for name in [name for name in entries if name.endswith("/record.json")]:
        record = unseal(entries[name], Record, name)
        if record.kind == "train":
            continue
        file = name.replace("record.json", "outcomes.parquet")
        table = from_parquet(entries[file])
        correct = table["correct"].to_numpy().copy()
        correct[0] -= 1
        entries[file] = parquet(table.set_column(1, "correct", pa.array(correct, pa.int32())))
        mean = float(correct.sum() / np.sum(table["queries"].to_numpy()))
        changes = {
            "files": {"outcomes.parquet": hashlib.sha256(entries[file]).hexdigest()},
            "results": {**record.results, "mean_accuracy": mean},
        }
        entries[name] = seal(record.model_copy(update=changes))


def test_an_honest_bundle_is_reproduced_bit_for_bit(bundle: Path, executions: Path) -> None:
    heard: list[Finding] = []
    found = audit(bundle, cells=3, seed=1, on_finding=heard.append)
    assert found.reproduced and found.counts == {"reproduced": 3}
    assert (found.evaluations, found.seed, list(found.findings)) == (4, 1, heard)
    assert {(f.then, f.differing, f.episodes) for f in found.findings} == {(1.0, 0, 6)}
    assert (done(executions, "evaluate"), done(executions, "train")) == (3, 0)


def test_deep_audits_train_anew_and_compare_that_too(bundle: Path, executions: Path) -> None:
    found = audit(bundle, cells=4, seed=0, deep=True)
    assert found.counts == {"reproduced": 6}
    assert done(executions, "train") == 2


def test_without_checkpoints_trainings_are_computed_anew(
    computed: Store, tmp_path: Path, executions: Path
) -> None:
    light = export(computed, ["engine_double(power=3.0)"], tmp_path / "light.zip", checkpoints=False)
    found = audit(light.path, cells=1, seed=0)
    assert found.counts == {"reproduced": 2} and done(executions, "train") == 1


def test_an_outcome_that_was_edited_consistently_is_caught(edited: Edited) -> None:
    found = audit(edited(one_more_correct), cells=1, seed=0)
    [finding] = found.findings
    assert not found.reproduced and finding.verdict == "off"
    assert (finding.differing, finding.largest, finding.episodes) == (1, 1, 6)
    assert finding.results == ("mean_accuracy",) and finding.environment == ()
    assert finding.now is not None and finding.then is not None and finding.now > finding.then


def test_other_code_is_told_and_not_run(
    bundle: Path, monkeypatch: pytest.MonkeyPatch, executions: Path
) -> None:
    import dataclasses

    import suite.methods

    info = dataclasses.replace(suite.methods.describe("engine_double"), source_hash="0" * 64)
    monkeypatch.setattr("suite.methods.describe", lambda name: info)
    [finding] = audit(bundle, cells=1, seed=0).findings
    assert finding.verdict == "not run"
    assert "code of engine_double here is not what was run there" in finding.reason
    assert not executions.exists()


def test_what_is_computed_can_be_kept_in_a_new_folder(bundle: Path, tmp_path: Path) -> None:
    found = audit(bundle, cells=1, seed=0, folder=tmp_path / "kept")
    assert Store(tmp_path / "kept").get(found.findings[0].key) is not None
    with pytest.raises(BundleError, match="not an empty folder"):
        audit(bundle, cells=1, folder=tmp_path / "kept")


def test_what_may_explain_a_difference_is_named() -> None:
    then = Measured(
        started="", wall_seconds=1, cpu_seconds=1, peak_memory_mib=1, host="", versions={"torch": "2.14.1"}
    )
    now = then.model_copy(
        update={"versions": {"torch": "2.15.0", "ray": "2.60"}, "platform": "Linux", "threads": 4}
    )
    assert list(differences(then, now)) == [
        "ray absent then, 2.60 now",
        "torch 2.14.1 then, 2.15.0 now",
        "platform not recorded then, Linux now",
        "threads not recorded then, 4 now",
    ]


def league(*words: object) -> tuple[int, str]:
    from suite.cli import league as command

    result = CliRunner().invoke(command, list(map(str, words)), prog_name="league")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_the_exit_code_says_whether_all_was_reproduced(bundle: Path, edited: Edited, tmp_path: Path) -> None:
    code, said = league("audit", bundle, "--cells", 1, "--seed", 3)
    assert code == 0 and "reproduced" in said and "100.00 % both times over 6 episodes" in said
    code, said = league("audit", edited(one_more_correct), "--cells", 1, "--seed", 3)
    assert code == 1 and "1 of 6 episodes differ, by at most 1 queries" in said
    assert "versions, platform and threads are the same" in said
    code, said = league("audit", tmp_path / "absent.zip")
    assert code == 2 and said.startswith("Error: absent.zip is refused: there is no file")


def test_a_bundle_goes_from_store_to_store_by_command(computed: Store, tmp_path: Path) -> None:
    code, said = league(
        "submission", "export", "engine_double", "--store", computed.url, "-o", tmp_path / "d.zip"
    )
    assert code == 0 and "6 records of engine_double, engine_double(power=3.0)" in said
    target = tmp_path / "target"
    code, said = league("submission", "import", tmp_path / "d.zip", "--store", target)
    assert code == 0 and said.startswith("6 records of engine_double")
    code, said = league("submission", "import", tmp_path / "d.zip", "--store", target, "--json")
    assert json.loads(said)["present"] == 6
    code, said = league("runs", "--store", target)
    assert code == 0 and "(6 of them imported)" in said
    code, said = league("submission", "export", "nobody", "--store", computed.url)
    assert code == 2 and "no method or key" in said


def test_a_cell_whose_process_dies_is_told_and_the_audit_goes_on(
    compute: Callable[..., Store], tmp_path: Path
) -> None:
    marker = tmp_path / "behave"
    marker.touch()
    store = compute(tmp_path / "store", {"fault": "die", "once": str(marker)}, {"scale": 2.0})
    path = export(store, ["engine_double"], tmp_path / "d.zip").path
    marker.unlink()
    found = audit(path, cells=2, seed=0, deep=True)
    dead = [finding for finding in found.findings if finding.verdict == "not run"]
    assert found.counts == {"reproduced": 2, "not run": 2}
    assert {finding.reason for finding in dead} == {
        "its process died",
        "its training was not computed: its process died",
    }
