"""What the README shows is what the program does."""

import re
from pathlib import Path

import yaml

from gitguard.model.errors import ExitCode

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


def without_times(text: str) -> str:
    """What a run shows that is another one's each time: seconds, times, hashes and keys."""
    for pattern in (r"\d{4}-\d\d-\d\dT[\d:.]+Z", r"\([0-9.]+ s\)", r"for [0-9.]+ s", r"\b[0-9a-f]{24,64}\b", r"\+[0-9a-f]{8}\+\S+"):
        text = re.sub(pattern, "…", text)
    return text.strip()


def test_the_output_of_the_demo_is_shown(repository) -> None:
    result = repository.gitguard("demo")
    assert result.code == 0, result.err
    shown = re.search(r"<!-- demo -->\n```text\n(.*?)```\n<!-- /demo -->", README, re.DOTALL)
    assert shown is not None
    assert without_times(shown.group(1)) == without_times(result.out)


def test_the_demo_leaves_nothing_behind(repository, tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    repository.environment["TMPDIR"] = str(tmp_path / "tmp")
    before = sorted(repository.path.rglob("*"))
    assert repository.gitguard("demo").code == 0
    assert list((tmp_path / "tmp").iterdir()) == []
    assert sorted(repository.path.rglob("*")) == before


def test_every_exit_code_is_in_the_table() -> None:
    assert {int(code) for code in re.findall(r"^\| ([0-9]) \|", README, re.MULTILINE)} == {int(code) for code in ExitCode}


def test_the_configuration_that_is_shown_is_valid(repository) -> None:
    shown = next(block for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL) if "kubernetes:" in block)
    result = repository.write({".gitguard.yaml": shown, "a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"}).check()
    assert result.code == 0, result.err


def test_the_hook_that_is_shown_exists() -> None:
    hooks = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    assert set(re.findall(r"id: ([a-z-]+)", README)) == set(hooks)
    main = hooks["gitguard"]
    assert (main["always_run"], main["pass_filenames"], main["require_serial"]) == (True, False, True)


def test_the_make_targets_that_are_shown_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"make ([a-z]+)`", README + (ROOT / "CONTRIBUTING.md").read_text())) | {"demo", "test"}:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_ci_runs_the_readmes_test_command_and_nothing_else() -> None:
    commands = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line and not line.startswith("#")]
    assert commands == ["exec make test"]


def test_contributing_is_at_most_two_pages() -> None:
    assert len((ROOT / "CONTRIBUTING.md").read_text().splitlines()) <= 110
