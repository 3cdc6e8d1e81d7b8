"""Bundles: what goes out comes in, and nothing that lies does."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leaderboard.records import Record
from leaderboard.store import Store
from leaderboard.store.envelope import seal, unseal
from leaderboard.store.tables import from_parquet, parquet
from suite.bundle import BundleError, export, import_bundle, opened
from suite.bundle.check import cell_of
from suite.runs import listing

Edited = Callable[..., Path]
Entries = dict[str, bytes]


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its name there."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def first(entries: Entries, kind: str) -> tuple[str, Record]:
    """The first record of a kind: its entry's name, and itself."""
    for name in sorted(entries):
        if name.endswith("/record.json"):
            record = unseal(entries[name], Record, name)
            if record.kind == kind:
                return name, record
    raise AssertionError(f"no {kind} record")


def reseal(entries: Entries, name: str, record: Record, **changes: Any) -> None:
    entries[name] = seal(record.model_copy(update=changes))


def change_outcomes(entries: Entries, *, consistently: bool) -> str:
    """One correct answer more or less in the first episode of an evaluation; returns its key."""
    name, record = first(entries, "evaluate")
    file = name.replace("record.json", "outcomes.parquet")
    table = from_parquet(entries[file])
    correct = table["correct"].to_numpy().copy()
    correct[0] += 1 if correct[0] < table["queries"][0].as_py() else -1
    entries[file] = parquet(table.set_column(1, "correct", pa.array(correct, pa.int32())))
    results = dict(record.results)
    if consistently:
        results["mean_accuracy"] = float(correct.sum() / np.sum(table["queries"].to_numpy()))
    digest = hashlib.sha256(entries[file]).hexdigest()
    reseal(entries, name, record, files={"outcomes.parquet": digest}, results=results)
    return record.key


def test_equal_stores_give_equal_bytes(computed: Store, bundle: Path, tmp_path: Path) -> None:
    again = export(computed, ["engine_double"], tmp_path / "again.zip")
    assert again.path.read_bytes() == bundle.read_bytes()
    assert again.records == 6 and again.methods == ("engine_double", "engine_double(power=3.0)")


def test_a_bundle_says_what_it_holds(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as whole:
        manifest, config = (json.loads(whole.read(name)) for name in ("bundle.json", "config.json"))
        assert {info.compress_type for info in whole.infolist()} == {zipfile.ZIP_STORED}
        assert whole.namelist() == sorted(whole.namelist())
        assert set(manifest["files"]) == set(whole.namelist()) - {"bundle.json"}
    [method] = manifest["methods"]
    assert (method["name"], method["version"], method["source"]) == ("engine_double", "1", None)
    assert manifest["environment"]["computed_on"][0]["threads"] == 1
    assert {"torch", "numpy"} <= manifest["environment"]["packages"].keys()
    assert [entry["arguments"]["power"] for entry in config["methods"]] == [2.0, 3.0]
    assert (config["seeds"], config["protocols"][0]["way"]) == ([0, 1], 3)


def test_a_label_or_a_key_takes_its_trainings_along(computed: Store, tmp_path: Path) -> None:
    labelled = export(computed, ["engine_double(power=3.0)"], tmp_path / "one.zip")
    assert labelled.records == 4
    key = next(record.key for record in computed.scan("evaluate"))
    assert export(computed, [key[:12]], tmp_path / "two.zip").records == 2


def test_a_name_that_is_not_there_comes_with_the_nearest(computed: Store, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="nearest: engine_double"):
        export(computed, ["engine_dubble"], tmp_path / "none.zip")
    assert list(tmp_path.iterdir()) == []


def test_what_goes_out_comes_in_marked_as_from_elsewhere(
    computed: Store, bundle: Path, tmp_path: Path
) -> None:
    target = Store(tmp_path / "target")
    done = import_bundle(bundle, target)
    assert (done.new, done.present, done.left_out) == (6, 0, 0)
    assert target.check() == []
    for record in computed.scan():
        assert target.get(record.key) == record
        assert tree(target.folder(record.key)) == tree(computed.folder(record.key))
    assert {row.bundle for row in listing(target)} == {"double.zip"}

    before = tree(tmp_path / "target")
    again = import_bundle(bundle, target)
    assert (again.new, again.present) == (0, 6)
    assert tree(tmp_path / "target") == before


def test_an_import_that_was_cut_short_goes_on(computed: Store, bundle: Path, tmp_path: Path) -> None:
    target = Store(tmp_path / "target")
    here = next(record for record in computed.scan("train"))
    target.put(here, files={name: computed.folder(here.key) / name for name in here.files})
    assert import_bundle(bundle, target).new == 5
    assert [row.bundle for row in listing(target) if row.key == here.key] == [None]


def test_without_checkpoints_evaluations_come_alone(computed: Store, tmp_path: Path) -> None:
    light = export(computed, ["engine_double"], tmp_path / "light.zip", checkpoints=False)
    with zipfile.ZipFile(light.path) as whole:
        assert not [name for name in whole.namelist() if "/checkpoint/" in name]
    target = Store(tmp_path / "target")
    done = import_bundle(light.path, target)
    assert (done.new, done.left_out) == (4, 2)
    assert target.check() == [] and {record.kind for record in target.scan()} == {"evaluate"}


def test_another_result_for_the_same_cell_is_told_and_nothing_is_written(
    bundle: Path, edited: Edited, tmp_path: Path
) -> None:
    target = Store(tmp_path / "target")
    import_bundle(bundle, target)
    before = tree(tmp_path / "target")
    key = ""

    def change(entries: Entries) -> None:
        nonlocal key
        key = change_outcomes(entries, consistently=True)

    with pytest.raises(BundleError, match="came to another result") as told:
        import_bundle(edited(change), target)
    assert key[:12] in str(told.value)
    assert tree(tmp_path / "target") == before


def _other_key(entries: Entries) -> None:
    name, record = first(entries, "evaluate")
    reseal(entries, name, record, spec={**record.spec, "seed": 77}, seed=77)


def _other_label(entries: Entries) -> None:
    name, record = first(entries, "train")
    assert record.method
    reseal(entries, name, record, method=record.method.model_copy(update={"label": "maml"}))


def _other_seed(entries: Entries) -> None:
    name, record = first(entries, "train")
    reseal(entries, name, record, seed=99)


def _escape(entries: Entries) -> None:
    name, record = first(entries, "train")
    reseal(entries, name, record, results={**record.results, "selection": "\x1b[2Jgone"})


def _newer_schema(entries: Entries) -> None:
    name, _ = first(entries, "train")
    entries[name] = entries[name].replace(b'"schema_version": 1', b'"schema_version": 9')


def _newer_format(entries: Entries) -> None:
    entries["bundle.json"] = entries["bundle.json"].replace(b'"format": 1', b'"format": 9')


def _other_methods(entries: Entries) -> None:
    entries["bundle.json"] = entries["bundle.json"].replace(b'"name": "engine_double"', b'"name": "maml"')


def _no_parent(entries: Entries) -> None:
    _, record = first(entries, "evaluate")
    for name in [name for name in entries if name.startswith(f"records/{record.parents[0]}/")]:
        del entries[name]


def _no_table(entries: Entries) -> None:
    name, _ = first(entries, "evaluate")
    entries[name.replace("record.json", "outcomes.parquet")] = b"PAR1 no table"


def _stray(entries: Entries) -> None:
    name, _ = first(entries, "evaluate")
    entries[name.replace("record.json", "extra.bin")] = b"x"


def _renamed(entries: Entries) -> None:
    _, record = first(entries, "train")
    moved = {other: other.replace(record.key, "f" * 64) for other in entries if record.key in other}
    for old, new in moved.items():
        entries[new] = entries.pop(old)


def _other_results(**results: Any) -> Callable[[Entries], None]:
    def change(entries: Entries) -> None:
        name, record = first(entries, "train")
        reseal(entries, name, record, results={**record.results, **results})

    return change


def _many_episodes(entries: Entries) -> None:
    name, record = first(entries, "evaluate")
    assert record.protocol
    protocol = record.protocol.model_copy(update={"episodes": 10**9})
    spec = {**record.spec, "protocol": protocol.model_dump(mode="json")}
    changed = record.model_copy(update={"spec": spec, "protocol": protocol})
    key = cell_of(changed).key
    moved = {other: other.replace(record.key, key) for other in entries if record.key in other}
    for old, new in moved.items():
        entries[new] = entries.pop(old)
    reseal(entries, name.replace(record.key, key), changed, key=key)


def _started(entries: Entries) -> None:
    name, record = first(entries, "train")
    reseal(entries, name, record, measured=record.measured.model_copy(update={"started": "soon"}))


def _binary_source(entries: Entries) -> None:
    name, record = first(entries, "train")
    entries[name.replace("record.json", "method.py")] = b"\xff\xfe"
    files = {**record.files, "method.py": hashlib.sha256(b"\xff\xfe").hexdigest()}
    reseal(entries, name, record, files=files)


def _deep(entries: Entries) -> None:
    entries["bundle.json"] = b"[" * 100_000


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_other_key, "its key does not fit"),
        (_other_label, "labels the method"),
        (_other_seed, "its seed is not the one in its specification"),
        (_escape, "control characters"),
        (_newer_schema, "schema version 9"),
        (_newer_format, "its format is 9"),
        (_other_methods, "are not those of its records"),
        (_no_parent, "builds on one that is not in the bundle"),
        (_no_table, "is not the file that the record names"),
        (lambda entries: change_outcomes(entries, consistently=False), "its mean accuracy is"),
        (_stray, "belongs to no record"),
        (_renamed, "it was renamed"),
        (lambda entries: entries.pop("bundle.json"), "it has no bundle.json"),
        (_other_results(curve=[[1, "high"]]), "its result curve cannot be"),
        (_other_results(spent={"images": -1}), "its result spent cannot be"),
        (_many_episodes, "1,000,000,000 episodes are more than any evaluation has"),
        (_started, "which is no time"),
        (_binary_source, "is no UTF-8 text"),
    ],
)
def test_a_bundle_that_contradicts_itself_is_refused(
    edited: Edited, tmp_path: Path, change: Callable[[Entries], None], said: str
) -> None:
    with pytest.raises(BundleError, match=said) as told:
        import_bundle(edited(change), Store(tmp_path / "target"))
    assert str(told.value).startswith("edited.zip is refused: ") and "\n" not in str(told.value)
    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda entries: entries.update({"config.json": b"{}"}), "config.json is not what the manifest says"),
        (lambda entries: entries.pop("config.json"), "config.json is in the manifest and not there"),
        (_stray, "is not in the manifest"),
        (_deep, "bundle.json cannot be read"),
    ],
)
def test_files_that_do_not_fit_the_manifest_are_refused(
    edited: Edited, tmp_path: Path, change: Callable[[Entries], None], said: str
) -> None:
    with pytest.raises(BundleError, match=said):
        import_bundle(edited(change, fitting=False), Store(tmp_path / "target"))


RECORD_NAME = f"records/{'a' * 64}/record.json"


def raw_zip(path: Path, entries: list[tuple[zipfile.ZipInfo, bytes]]) -> Path:
    """A zip file with exactly these entries, whatever they are."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as whole:
        for info, data in entries:
            whole.writestr(info, data)
    path.write_bytes(buffer.getvalue())
    return path


def entry(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../outside", "no file of a bundle"),
        ("/etc/passwd", "no file of a bundle"),
        (f"records/{'a' * 64}/../../../outside", "no file of a bundle"),
        (f"records/{'a' * 64}/.hidden", "no file of a bundle"),
        (f"records/{'a' * 64}\\x", "no file of a bundle"),
        (f"records/{'a' * 63}/record.json", "no file of a bundle"),
        (f"{RECORD_NAME}\0.png", "no file of a bundle"),
        ("record.json", "no file of a bundle"),
        (f"records/{'a' * 64}/folder/", "no file of a bundle"),
    ],
)
def test_names_outside_a_bundles_layout_are_refused(tmp_path: Path, name: str, said: str) -> None:
    info = entry("placeholder")
    info.filename = name
    path = raw_zip(tmp_path / "names.zip", [(info, b"x")])
    with pytest.raises(BundleError, match=said), opened(path):
        pass
    assert not (tmp_path.parent / "outside").exists()


def test_links_twins_and_compressed_entries_are_refused(tmp_path: Path) -> None:
    link = raw_zip(tmp_path / "link.zip", [(entry(RECORD_NAME, stat.S_IFLNK | 0o777), b"/etc/passwd")])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile itself warns of the twin
        twins = raw_zip(tmp_path / "twins.zip", [(entry(RECORD_NAME), b"1"), (entry(RECORD_NAME), b"2")])
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as whole:
        whole.writestr(RECORD_NAME, b"\0" * 50_000_000)
    for path, said in ((link, "is a link"), (twins, "two entries"), (bomb, "is compressed")):
        with pytest.raises(BundleError, match=said), opened(path):
            pass


def test_entries_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    names = [f"records/{digit * 64}/record.json" for digit in "abcdef"]
    path = tmp_path / "overlap.zip"
    with zipfile.ZipFile(path, "w") as whole:
        whole.writestr(entry(names[0]), b"x" * 5_000)
        for name in names[1:]:
            twin = entry(name)
            kept = whole.NameToInfo[names[0]]
            twin.header_offset, twin.CRC = kept.header_offset, kept.CRC
            twin.file_size = twin.compress_size = kept.file_size
            whole.filelist.append(twin)
    with pytest.raises(BundleError), opened(path):
        pass


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06", b"no zip at all"])
def test_what_is_no_zip_file_is_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "none.zip"
    path.write_bytes(content)
    with pytest.raises(BundleError, match=r"none\.zip is refused: it is no whole zip file"), opened(path):
        pass
    with pytest.raises(BundleError, match="there is no file"), opened(tmp_path / "absent.zip"):
        pass


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_changed_byte_changes_a_record(bundle: Path, tmp_path: Path, data: st.DataObject) -> None:
    raw = bytearray(bundle.read_bytes())
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "changed.zip"
    path.write_bytes(raw)
    with opened(bundle) as whole:
        expected = dict(whole.records)
    try:
        with opened(path) as changed:
            assert dict(changed.records) == expected
    except BundleError:
        pass
