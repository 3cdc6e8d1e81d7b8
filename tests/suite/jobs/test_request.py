"""What a cluster is asked to run."""

from pathlib import Path

import pytest

from suite.jobs import Request

STORE = "s3://bucket/store"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "sweep.yaml").write_text("name: mine")
    return tmp_path


def asked(folder: Path, *words: str, store: str = STORE, **environment: str) -> Request:
    return Request.of(words, sweep="mine", store=store, folder=folder, environment=environment)


def test_the_command_runs_where_it_was_typed(tree: Path) -> None:
    request = asked(tree / "mine", "sweep", "sweep.yaml", "methods=[maml, anil]")
    assert request.runtime_env["working_dir"] == str(tree)
    assert request.entrypoint == (
        "cd mine && exec python -u -m suite.cli sweep sweep.yaml 'methods=[maml, anil]' --on auto --events"
    )


def test_a_folder_without_a_repository_is_the_tree(tmp_path: Path) -> None:
    request = asked(tmp_path, "sweep", "demo")
    assert (request.root, request.folder) == (tmp_path, ".")
    assert request.entrypoint.startswith("exec python")


def test_settings_go_along_and_secrets_stay(tree: Path) -> None:
    request = asked(
        tree,
        "sweep",
        "demo",
        LEAGUE_BUDGET__IMAGES="300",
        LEAGUE_CACHE="/here",
        WANDB_API_KEY="planted-secret",
        AWS_SECRET_ACCESS_KEY="planted-secret",
        RAY_AUTH_TOKEN="planted-secret",
    )
    assert request.runtime_env["env_vars"] == {"LEAGUE_BUDGET__IMAGES": "300"}
    assert "planted-secret" not in f"{request}{request.runtime_env}{request.entrypoint}"


def test_a_lock_file_sets_the_versions(tree: Path) -> None:
    assert "pip" not in asked(tree, "sweep", "demo").runtime_env
    (tree / "requirements.lock").write_text("# made by pip freeze\ntorch==2.14.1  # CUDA\n\nray==2.60.0\n")
    assert asked(tree, "sweep", "demo").runtime_env["pip"]["packages"] == ["torch==2.14.1", "ray==2.60.0"]


@pytest.mark.parametrize("store", ["league-store", "./here", "file://here"])
def test_a_store_that_the_cluster_cannot_see_is_refused(tree: Path, store: str) -> None:
    with pytest.raises(ValueError, match=f"store={store} is a folder on this machine"):
        asked(tree, "sweep", "demo", store=store)


@pytest.mark.parametrize("store", [STORE, "gs://bucket/x", "/shared/store", "file:///shared/store"])
def test_a_store_that_all_hosts_see_is_taken(tree: Path, store: str) -> None:
    assert asked(tree, "sweep", "demo", store=store).command == ("sweep", "demo")


def test_files_outside_the_tree_are_refused(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("elsewhere") / "other.yaml"
    outside.write_text("name: other")
    with pytest.raises(ValueError, match="is not in"):
        asked(tree, "sweep", str(outside))
    with pytest.raises(ValueError, match="relative to"):
        asked(tree, "sweep", str(tree / "mine" / "sweep.yaml"))
