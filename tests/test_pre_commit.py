"""The hooks as users install them: by the real pre-commit and the real prek, from this checkout as a repository."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, Repository, Result
from tests.rules.applications import application, project

pytestmark = [pytest.mark.install, pytest.mark.xdist_group("install")]
BAD = application(destination={"server": "https://kubernetes.default.svc", "namespace": "payments"})
TOOLS = ("pre-commit", "prek")


@pytest.fixture(scope="module")
def hook_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout as a git repository of its own, so that what is not committed yet is tested too."""
    target = tmp_path_factory.mktemp("hooks") / "gitguard"
    files = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in files.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    Repository(target, target.parent / "home").commit()
    return target


@pytest.fixture(scope="module")
def tool_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where both tools keep the environments that they install, once for all tests."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(params=TOOLS)
def installed(
    request: pytest.FixtureRequest, new_repository: Callable[[str], Repository], hook_repository: Path, tool_home: Path
) -> tuple[Repository, Callable[..., Result]]:
    """A config repository with the hook installed, and a function that commits in it."""
    tool = Path(sys.executable).parent / request.param
    if not tool.exists():
        pytest.skip(f"{request.param} is not installed")
    repository = new_repository(request.param)
    # Package managers find their settings where this machine's user keeps them, unlike everything else in these tests.
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "PYTHON"))}
    keep = {"PRE_COMMIT_HOME": str(tool_home / "pre-commit"), "PREK_HOME": str(tool_home / "prek")}
    own = {key: value for key, value in repository.environment.items() if key.startswith(("GIT_", "XDG_CACHE"))}
    repository.environment = inherited | own | keep
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=hook_repository, capture_output=True, text=True, check=True).stdout.strip()
    config = f"repos:\n- repo: {hook_repository}\n  rev: {head}\n  hooks:\n  - id: gitguard\n"
    repository.commit({".pre-commit-config.yaml": config, "p.yaml": project(), "a.yaml": application()})
    done = subprocess.run([str(tool), "install"], cwd=repository.path, env=repository.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

    def commit() -> Result:
        ended = subprocess.run(
            ["git", "commit", "-q", "-m", "change"], cwd=repository.path, env=repository.environment, capture_output=True, text=True, timeout=600
        )
        return Result(ended.returncode, ended.stdout, ended.stderr)

    return repository, commit


def test_the_hook_blocks_what_is_bad_and_lets_pass_what_is_good(installed: tuple[Repository, Callable[..., Result]]) -> None:
    repository, commit = installed
    repository.write({"a.yaml": BAD})
    (repository.path / "p.yaml").write_text(project(destinations=[]))
    blocked = commit()
    assert blocked.code == 1, blocked.out + blocked.err
    assert "destination-not-permitted" in blocked.out + blocked.err
    assert "permits only `web-*`" in blocked.out + blocked.err
    # Work that is not staged is neither judged nor touched.
    assert (repository.path / "p.yaml").read_text() == project(destinations=[])
    repository.git("checkout", "-q", "--", "p.yaml")

    repository.write({"a.yaml": application("renamed")})
    assert commit().code == 0
    assert repository.git("status", "--porcelain") == ""

    repository.git("rm", "-q", "p.yaml")
    deleted = commit()
    assert deleted.code == 1
    assert "project-not-found" in deleted.out + deleted.err
    repository.git("reset", "-q", "--hard")

    repository.write({"README.md": "nothing for gitguard"})
    assert commit().code == 0


def test_the_files_hook_judges_the_files_it_is_handed(installed: tuple[Repository, Callable[..., Result]]) -> None:
    repository, commit = installed
    config = (repository.path / ".pre-commit-config.yaml").read_text().replace("id: gitguard", "id: gitguard-files")
    repository.write({".pre-commit-config.yaml": config, "a.yaml": BAD})
    assert commit().code == 0
    repository.write({"b.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: 80}\n"})
    blocked = commit()
    assert blocked.code == 1
    assert "manifest-invalid" in blocked.out + blocked.err
