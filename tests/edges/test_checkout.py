"""The clone that the watch follows: real repositories, over paths and HTTP, signed and not, and what goes wrong with them."""

import socket
import subprocess
import time
from pathlib import Path

import pytest

from gitguard.edges.checkout import Checkout
from gitguard.model.errors import RepositoryError
from tests.conftest import Repository
from tests.serving import git as git_over_http

SETTINGS = {"settings.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"}


def checkout(repository: Repository, tmp_path: Path, ref: str = "main", **options) -> Checkout:
    return Checkout(str(repository.path), ref, tmp_path / "clone", {**repository.environment, **options.pop("environment", {})}, **options)


def test_each_refresh_gives_the_newest_commit_and_its_files(repository: Repository, tmp_path: Path) -> None:
    first = repository.commit(SETTINGS)
    clone = checkout(repository, tmp_path)
    assert clone.refresh() == first
    second = repository.commit({"more.yaml": "a: 1\n"})
    assert clone.refresh() == second == clone.refresh()
    assert sorted(entry.path for entry in clone.repository.commit(second)) == ["more.yaml", "settings.yaml"]
    assert [entry.path for entry in clone.repository.commit(first)] == ["settings.yaml"]


def test_only_what_is_on_the_tracked_history_is_contained(repository: Repository, tmp_path: Path) -> None:
    first = repository.commit(SETTINGS)
    repository.git("switch", "-q", "-c", "side")
    side = repository.commit({"side.yaml": "a: 1\n"})
    repository.git("switch", "-q", "main")
    clone = checkout(repository, tmp_path)
    assert not clone.contains(first)
    second = repository.commit({"more.yaml": "a: 1\n"})
    clone.refresh()
    assert [clone.contains(commit) for commit in (first, second, side, "0" * 40, "main", "--all", "")] == [True, True, *[False] * 5]


def test_a_rewritten_history_replaces_the_old_one(repository: Repository, tmp_path: Path) -> None:
    first, lost = repository.commit(SETTINGS), repository.commit({"lost.yaml": "a: 1\n"})
    clone = checkout(repository, tmp_path)
    clone.refresh()
    repository.git("reset", "-q", "--hard", first)
    new = repository.commit({"new.yaml": "a: 1\n"})
    assert clone.refresh() == new
    assert (clone.contains(first), clone.contains(lost)) == (True, False)


def test_another_branch_and_a_tag_can_be_followed(repository: Repository, tmp_path: Path) -> None:
    first = repository.commit(SETTINGS)
    repository.git("tag", "-a", "-m", "release", "v1")
    repository.commit({"more.yaml": "a: 1\n"})
    assert checkout(repository, tmp_path, "v1").refresh() == first


def test_over_http_and_its_url_is_known_without_the_password(repository: Repository, tmp_path: Path, serve) -> None:
    commit = repository.commit(SETTINGS)
    url = serve(git_over_http({"config": repository.path})).url
    clone = Checkout(f"{url}/config".replace("http://", "http://alice:hunter2@"), "main", tmp_path / "clone", repository.environment)
    assert clone.refresh() == commit
    assert clone.repository.urls() == (f"{url}/config",)
    assert "hunter2" not in (tmp_path / "clone" / "config").read_text()


def test_a_local_repository_is_known_by_its_own_remotes_too(repository: Repository, tmp_path: Path) -> None:
    repository.commit(SETTINGS)
    repository.git("remote", "add", "origin", "https://bot:hunter2@git.example/team/config.git")
    clone = checkout(repository, tmp_path)
    clone.refresh()
    path = repository.path
    assert clone.repository.urls() == (str(path), f"file://{path}", "https://git.example/team/config.git")


def test_a_folder_that_was_another_repositorys_is_this_ones(repository: Repository, new_repository, tmp_path: Path) -> None:
    other = new_repository("other")
    old, new = other.commit({"old.yaml": "a: 1\n"}), repository.commit(SETTINGS)
    assert checkout(other, tmp_path).refresh() == old
    clone = checkout(repository, tmp_path)
    assert clone.refresh() == new
    assert (clone.contains(old), clone.repository.urls()) == (False, (str(repository.path), f"file://{repository.path}"))


def test_later_commits_come_newest_first_and_a_merged_branch_is_one(repository: Repository, tmp_path: Path) -> None:
    first = repository.commit(SETTINGS)
    repository.git("switch", "-q", "-c", "side")
    side = repository.commit({"side.yaml": "a: 1\n"})
    repository.git("switch", "-q", "main")
    second = repository.commit({"more.yaml": "a: 1\n"})
    repository.git("merge", "-q", "--no-ff", "-m", "merge", "side")
    merge = repository.git("rev-parse", "HEAD").strip()
    clone = checkout(repository, tmp_path)
    clone.refresh()
    assert [clone.after(commit) for commit in (first, second, merge, "0" * 40)] == [(merge, second), (merge,), (), ()]
    assert clone.after(side, most=1) == (merge,)


def test_what_cannot_be_reached_is_an_error_and_keeps_what_was_there(repository: Repository, tmp_path: Path) -> None:
    commit = repository.commit(SETTINGS)
    clone = checkout(repository, tmp_path)
    clone.refresh()
    repository.path.rename(tmp_path / "moved")
    with pytest.raises(RepositoryError, match=r"config can't be read at main: .*does not appear to be a git repository"):
        clone.refresh()
    assert clone.contains(commit)
    assert [entry.path for entry in clone.repository.commit(commit)] == ["settings.yaml"]


@pytest.mark.parametrize(
    ("ref", "message"),
    [("absent", "couldn't find remote ref absent"), ("-x", "no name of a branch"), ("a:b", "no name of a branch"), ("*", "no name of a branch")],
)
def test_a_branch_that_is_not_there_is_an_error(repository: Repository, tmp_path: Path, ref: str, message: str) -> None:
    repository.commit(SETTINGS)
    with pytest.raises(RepositoryError, match=message):
        checkout(repository, tmp_path, ref).refresh()


@pytest.mark.parametrize("name", ["ext::sh -c touch% pwned", "--upload-pack=touch pwned", "/nowhere/at/all", "fd::7"])
def test_nothing_is_run_for_a_repository_that_is_none(tmp_path: Path, repository: Repository, name: str) -> None:
    with pytest.raises(RepositoryError):
        Checkout(name, "main", tmp_path / "clone", repository.environment).refresh()
    assert not (tmp_path / "clone").exists()


def test_a_protocol_that_is_not_allowed_is_refused(tmp_path: Path, repository: Repository) -> None:
    with pytest.raises(RepositoryError):
        Checkout("git://127.0.0.1/config", "main", tmp_path / "clone", repository.environment).refresh()


def test_a_server_that_never_answers_costs_no_more_than_its_time(tmp_path: Path, repository: Repository) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/config"
        clone = Checkout(url, "main", tmp_path / "clone", repository.environment, seconds=1.0)
        started = time.monotonic()
        with pytest.raises(RepositoryError, match="did not answer within 1 seconds"):
            clone.refresh()
        assert time.monotonic() - started < 10


def test_a_shallow_clone_is_no_answer_to_what_is_on_the_history(repository: Repository, tmp_path: Path) -> None:
    repository.commit(SETTINGS)
    repository.commit({"more.yaml": "a: 1\n"})
    subprocess.run(
        ["git", "clone", "-q", "--depth=1", f"file://{repository.path}", str(tmp_path / "shallow")], check=True, env=repository.environment
    )
    with pytest.raises(RepositoryError):
        Checkout(str(tmp_path / "shallow"), "main", tmp_path / "clone", repository.environment).refresh()


def test_hooks_of_the_clone_are_not_run(repository: Repository, tmp_path: Path) -> None:
    repository.commit(SETTINGS)
    clone = checkout(repository, tmp_path)
    clone.refresh()
    hook = tmp_path / "clone" / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/pwned\n")
    hook.chmod(0o755)
    repository.commit({"more.yaml": "a: 1\n"})
    clone.refresh()
    assert not (tmp_path / "pwned").exists()


def test_only_a_signature_that_git_trusts_counts_where_one_is_asked_for(repository: Repository, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    signers, settings = tmp_path / "signers", tmp_path / "gitconfig"
    signers.write_text(f"test@example.com {key.with_suffix('.pub').read_text()}")
    settings.write_text(f'[gpg]\nformat = ssh\n[gpg "ssh"]\nallowedSignersFile = {signers}\n')
    trusting = {"GIT_CONFIG_GLOBAL": str(settings)}
    repository.git("config", "gpg.format", "ssh")
    repository.git("config", "user.signingkey", str(key))
    repository.write(SETTINGS).git("commit", "-q", "-S", "-m", "signed")
    signed = repository.git("rev-parse", "HEAD").strip()
    clone = checkout(repository, tmp_path, verify=True, environment=trusting)
    assert clone.refresh() == signed
    unsigned = repository.commit({"more.yaml": "a: 1\n"})
    with pytest.raises(RepositoryError, match=rf"commit {unsigned[:12]} .* has no signature that can be trusted"):
        clone.refresh()
    assert (clone.contains(signed), clone.contains(unsigned)) == (True, False)
    signers.write_text("")
    repository.git("reset", "-q", "--hard", signed)
    with pytest.raises(RepositoryError, match="no signature that can be trusted"):
        clone.refresh()
