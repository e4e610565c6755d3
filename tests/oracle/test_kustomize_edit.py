"""The kustomize options of an Application do to a kustomization what Argo CD 3.6.1 does, by the kustomize 5.8.3 that it ships."""

import json
import subprocess
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gitguard.model.files import Entry
from gitguard.render.edit import edited
from gitguard.render.kustomize import kustomizations
from gitguard.render.outcomes import Refused
from gitguard.render.source import KUSTOMIZATIONS
from gitguard.render.tree import Tree
from tests.oracle.kustomizations import Case, Kustomizations

pytestmark = pytest.mark.testbed

VARIABLES = {"ARGOCD_APP_NAME": "web", "ARGOCD_APP_NAMESPACE": "team"}


class Outcome(NamedTuple):
    """What came of a case: the objects and the kustomization that they were built from, or an error."""

    objects: Any
    kustomization: Any
    error: str

    def agrees(self, other: "Outcome") -> bool:
        """Errors are told in words of one's own; where nothing but the build failed, it must have been the same build."""
        if not self.error and not other.error:
            return self == other
        building = all("kustomize build " in one.error for one in (self, other))
        return bool(self.error and other.error) and (not building or self.kustomization == other.kustomization)


def argocd(programs: tuple[Path, Path], questions: Iterable[Mapping[str, Any]]) -> list[Outcome]:
    """Argo CD's own answers."""
    text = "".join(json.dumps(question) + "\n" for question in questions)
    done = subprocess.run([str(program) for program in programs], input=text, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stderr[-2000:]
    answers = [json.loads(line) for line in done.stdout.split("\n") if line]
    return [Outcome(answer["objects"], answer["kustomization"], answer["error"]) for answer in answers]


def written(folder: Path, files: Mapping[str, str]) -> str:
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return str(folder)


def ours(case: Case) -> dict[str, str] | str:
    """The files after our own edits, or why they were refused."""
    tree = Tree([Entry(path, "100644", "") for path in case.files], {}, lambda path: case.files[path].encode())
    found = kustomizations("web", tree)
    value = found[0] if len(found) == 1 else None
    try:
        changed = edited(value, case.options, "web", tree, VARIABLES)
    except Refused as error:
        return str(error)
    file = next((f"web/{name}" for name in KUSTOMIZATIONS if f"web/{name}" in case.files), "")
    return case.files if changed is value else {**case.files, file: json.dumps(changed)}


def answered(programs: tuple[Path, Path], folder: Path, cases: Iterable[Case]) -> list[tuple[Case, Outcome, Outcome]]:
    """What comes of cases with Argo CD and with us; what we edited is built by the same kustomize."""
    asked = list(cases)
    edits = [ours(case) for case in asked]
    at = {"folder": "web", "variables": VARIABLES}
    theirs = argocd(programs, [{**at, "root": written(folder / f"{n}-theirs", case.files), "options": case.options} for n, case in enumerate(asked)])
    built = iter(argocd(programs, [{**at, "root": written(folder / f"{n}-ours", made)} for n, made in enumerate(edits) if not isinstance(made, str)]))
    own = [Outcome(None, None, made) if isinstance(made, str) else next(built) for made in edits]
    return list(zip(asked, theirs, own, strict=True))


@pytest.fixture(scope="session")
def programs(testbed: Callable[[str], Path]) -> tuple[Path, Path]:
    return testbed("kustomizing"), testbed("kustomize")


def test_random_options_are_applied_as_argocd_applies_them(programs: tuple[Path, Path], tmp_path: Path) -> None:
    answers = answered(programs, tmp_path, Kustomizations(20261).cases(300))
    assert [one for one in answers if not one[1].agrees(one[2])] == []
    # Where most of it is refused, nothing is proven.
    assert sum(not theirs.error for _, theirs, _ in answers) > 150
