"""Where reports are written: nothing that the judged repository holds leads them elsewhere."""

from pathlib import Path

import pytest

from tests.conftest import Repository
from tests.output.test_formats import BAD


@pytest.fixture
def linked(repository: Repository, tmp_path: Path) -> tuple[Repository, Path]:
    """A repository whose links lead to a folder outside of it, and the file there that would be overwritten."""
    outside = tmp_path / "outside"
    outside.mkdir()
    victim = outside / "victim"
    victim.write_text("mine")
    repository.commit({"a.yaml": BAD})
    for name, target in (("file", victim), ("folder", outside), ("further", Path("folder"))):
        (repository.path / name).symlink_to(target)
    repository.commit()
    return repository, victim


def refused(repository: Repository, victim: Path, *arguments: str, cwd: Path | None = None) -> None:
    done = repository.gitguard(*arguments, cwd=cwd)
    assert done.code == 2, done
    assert "symbolic link" in done.err
    assert len(done.err.splitlines()) == 2
    assert (victim.read_text(), [file.name for file in victim.parent.iterdir()]) == ("mine", ["victim"])


@pytest.mark.parametrize("name", ["file", "folder/victim", "folder/new", "further/new", "folder/../folder/new", "./folder/new"])
def test_a_report_is_not_written_through_a_link_of_the_judged_repository(linked: tuple[Repository, Path], name: str) -> None:
    repository, victim = linked
    for file in (name, str(repository.path / name)):
        refused(repository, victim, "check", "--report", f"sarif={file}")
        refused(repository, victim, "check", "--output", file)


def test_it_is_not_from_elsewhere_or_by_another_name_of_the_repository_either(linked: tuple[Repository, Path], tmp_path: Path) -> None:
    repository, victim = linked
    alias = tmp_path / "alias"
    alias.symlink_to(repository.path)
    (tmp_path / "mine").symlink_to(repository.path / "folder")
    for file in (repository.path / "folder" / "new", alias / "folder" / "new", tmp_path / "mine" / "new", tmp_path / "alias" / "file"):
        refused(repository, victim, "check", str(repository.path), "--output", str(file), cwd=tmp_path)
        refused(repository, victim, "check", str(alias), "--output", str(file), cwd=tmp_path)


@pytest.mark.parametrize("command", [("hook",), ("ci", "--base", "HEAD~1"), ("render", "shop")])
def test_no_command_that_judges_does(linked: tuple[Repository, Path], command: tuple[str, ...]) -> None:
    repository, victim = linked
    app = (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: shop}\nspec: {source: {repoURL: x, path: a}, destination: {name: a}}\n"
    )
    repository.commit({"app.yaml": app})
    repository.write({"b.yaml": BAD})
    refused(repository, victim, *command, "--output", str(repository.path / "folder" / "new"))


def test_links_elsewhere_are_the_users_own(linked: tuple[Repository, Path], tmp_path: Path) -> None:
    repository, _ = linked
    (tmp_path / "reports").mkdir()
    (tmp_path / "own").symlink_to("reports")
    (tmp_path / "own.sarif").symlink_to("reports/a.sarif")
    done = repository.gitguard(
        "check", "--report", f"sarif={tmp_path}/own.sarif", "--report", f"json={tmp_path}/own/a.json", "--output", "/dev/stdout"
    )
    assert (done.code, done.err) == (1, "")
    assert "must be text" in done.out
    assert {file.name for file in (tmp_path / "reports").iterdir()} == {"a.sarif", "a.json"}


def test_a_file_of_the_repository_itself_may_be_named(linked: tuple[Repository, Path]) -> None:
    repository, _ = linked
    for name in ("report.json", "a.yaml"):
        assert repository.gitguard("check", "--report", f"json={name}").code == 1
        assert '"version": 1' in (repository.path / name).read_text()
        repository.git("checkout", "-q", ".")


def test_a_link_to_itself_is_an_error_and_not_an_endless_walk(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"a.yaml": BAD})
    (tmp_path / "loop").symlink_to("loop")
    done = repository.gitguard("check", "--output", str(tmp_path / "loop"))
    assert (done.code, len(done.err.splitlines())) == (2, 2)


@pytest.mark.parametrize(("option", "value"), [("--output", "{}/no/such/folder/a"), ("--report", "json={}/no/such/folder/a")])
def test_the_option_that_names_the_file_is_named(repository: Repository, tmp_path: Path, option: str, value: str) -> None:
    repository.commit({"a.yaml": BAD})
    done = repository.gitguard("check", option, value.format(tmp_path))
    assert done.code == 2
    assert f"{option} names a file that can be written" in done.err
