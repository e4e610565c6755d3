"""The wheel holds what the installed hook needs."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = [pytest.mark.install, pytest.mark.xdist_group("install")]


def test_the_wheel_holds_code_schemas_hooks_and_the_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("gitguard_gitops-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        entry_points = archive.read(next(name for name in names if name.endswith("entry_points.txt"))).decode()
    for file in (ROOT / "schemas").rglob("*.json"):
        assert f"gitguard/_data/schemas/{file.relative_to(ROOT / 'schemas').as_posix()}" in names
    for file in ("github/gitguard.yml", "gitlab/gitguard.gitlab-ci.yml", "shell/gitguard-ci.sh"):
        assert f"gitguard/_data/hooks/{file}" in names
    assert "gitguard/cli.py" in names
    assert not [name for name in names if name.startswith(("tests/", "bench/", "scripts/"))]
    assert "gitguard = gitguard.cli:entry" in entry_points
