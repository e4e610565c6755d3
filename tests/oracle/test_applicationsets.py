"""ApplicationSets become the Applications that Argo CD 3.6.1's own generators, templates and patches make of them."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitguard.gotemplate.functions import FUNCTIONS
from tests.oracle import expansion
from tests.oracle.sets import CLUSTERS, TREES, Sets, patterns
from tests.oracle.templates import PARAMS, Templates, Values

pytestmark = pytest.mark.testbed

HERE = {"repoURL": "https://git.example.com/here.git", "revision": "HEAD"}
TEMPLATE = {
    "metadata": {"name": "{{name}}"},
    "spec": {"project": "default", "source": {"repoURL": "r", "path": "p"}, "destination": {"server": "https://kubernetes.default.svc"}},
}


def line(generators: list[Any], **spec: Any) -> dict[str, Any]:
    manifest = {"metadata": {"name": "set", "namespace": "argocd"}, "spec": {"generators": generators, "template": TEMPLATE, **spec}}
    return {"applicationSet": manifest, "files": TREES[0], "doublestar": False, "clusters": CLUSTERS[1], "projects": ["default", "team"]}


def listed(*elements: Any) -> dict[str, Any]:
    return {"list": {"elements": list(elements)}}


# Sets that were once expanded differently, by what was wrong.
FOUND = {
    "finalizers of a patch come first": line([listed({"name": "a"})], templatePatch="metadata:\n  finalizers: [f/g]\n"),
    "a label of a patch must be text": line([listed({"name": "a"})], templatePatch="metadata:\n  labels:\n    on: n\n"),
    "a wrong option matters only where something is filled in": line([{"gone": {}}], goTemplate=True, goTemplateOptions=["missingkey=what"]),
    "an unknown field of the template is dropped": line(
        [listed({"name": "a"})],
        template={**TEMPLATE, "spec": {**TEMPLATE["spec"], "syncPolicy": {"preserveResourcesOnDeletion": True, "retry": {"limit": -1}}}},
    ),
    "the template of a combination in a combination is not there": line(
        [
            {
                "matrix": {
                    "generators": [
                        listed({"name": "a"}),
                        {
                            "merge": {
                                "mergeKeys": ["x"],
                                "template": {"metadata": {"name": "{{ .gone.x }}"}},
                                "generators": [listed({"x": "1"}), listed({"x": "1"})],
                            }
                        },
                    ]
                }
            }
        ],
        goTemplate=True,
        goTemplateOptions=["missingkey=error"],
        template={**TEMPLATE, "metadata": {"name": "{{ .name }}"}},
    ),
    "an element without fields can't be overridden": line([{"merge": {"mergeKeys": ["env"], "generators": [listed({}), listed({"name": "x"})]}}]),
    "a directory is found by the end of a pathspec": line([{"git": {**HERE, "files": [{"path": "**/?config**/.."}]}}]),
    "values outlive a matrix where they ask for their own parameters": line(
        [
            {
                "matrix": {
                    "generators": [
                        listed({"name": "a"}),
                        {
                            "git": {
                                **HERE,
                                "directories": [{"path": "apps/*"}],
                                "values": {"v": "{{ .path.basename }}-{{ .name }}", "w": "{{ .name }}"},
                            }
                        },
                    ]
                }
            }
        ],
        goTemplate=True,
        template={**TEMPLATE, "metadata": {"name": "{{ .name }}-{{ .path.basename }}", "labels": {"v": "{{ .values.v }}", "w": "{{ .values.w }}"}}},
    ),
    "a patch can't merge into values that are there": line(
        [listed({"name": "a"})],
        template={**TEMPLATE, "spec": {**TEMPLATE["spec"], "source": {"repoURL": "r", "path": "p", "helm": {"valuesObject": {"a": {"b": 1}}}}}},
        templatePatch="spec: {source: {helm: {valuesObject: {a: {c: 2}}}}}",
    ),
}
FOUND_TEMPLATES = {
    "a nil map is null": "{{ merge .gone .gone | toRawJson }}",
    "html of nil": "{{ html .null }}",
    "a verb that does not fit, item by item": '{{ printf "%d" .objects }}',
    "a precision of a whole number": '{{ printf "%.2f" 0 }}',
    "no match is a nil list": '{{ regexFindAll "zzz" .name -1 | toJson }}{{ regexSplit "x" .name 0 | toJson }}',
    "a brace that repeats nothing": '{{ regexReplaceAll "a{b}" "xa{b}" "" }}',
    "an expression is compiled even for an empty text": '{{ regexSplit "(" .empty -1 }}',
    "the end of an action after a line of its own": "{{ if .yes\n-}}\n x {{- end\n}}",
    "toYaml folds after column 80": "{{ toYaml .long }}",
    "toYaml sorts numbers in keys": "{{ toYaml .labels }}",
    "half a character": "{{ .unicode | substr 2 3 }}",
}


@pytest.fixture(scope="module")
def bed(testbed: Callable[[str], Path]) -> Path:
    return testbed("applicationsets")


@pytest.mark.parametrize("seed", range(4))
def test_random_sets_become_what_argocd_makes_of_them(bed: Path, seed: int) -> None:
    outcome = expansion.compare(bed, Sets(seed).lines(1_500), expansion.expanded, expansion.same_applications)
    assert not outcome.disagreements, "\n".join(map(str, outcome.disagreements[:3]))
    # Where everything is refused or unknown, nothing is proved.
    assert outcome.succeeded > 0.4 * outcome.asked
    assert outcome.undecided < 0.02 * outcome.asked


@pytest.mark.parametrize("seed", range(2))
def test_random_templates_give_what_go_gives(bed: Path, seed: int) -> None:
    outcome = expansion.compare(bed, Templates(seed).lines(5_000), expansion.rendered, expansion.same_text)
    assert not outcome.disagreements, "\n".join(map(str, outcome.disagreements[:3]))
    assert outcome.succeeded > 0.3 * outcome.asked
    assert outcome.undecided < 0.05 * outcome.asked


def test_random_values_are_written_as_go_writes_them(bed: Path) -> None:
    outcome = expansion.compare(bed, Values(0).lines(3_000), expansion.rendered, expansion.same_text)
    assert not outcome.disagreements, "\n".join(map(str, outcome.disagreements[:3]))
    assert outcome.undecided < 0.05 * outcome.asked


def test_random_patterns_name_the_files_that_argocd_finds(bed: Path) -> None:
    outcome = expansion.compare(bed, patterns(0, 1_000), expansion.listed, expansion.same_paths)
    assert not outcome.disagreements, "\n".join(map(str, outcome.disagreements[:3]))
    assert outcome.undecided < 0.25 * outcome.asked


@pytest.mark.parametrize("name", FOUND)
def test_a_set_that_was_expanded_differently(bed: Path, name: str) -> None:
    outcome = expansion.compare(bed, [FOUND[name]], expansion.expanded, expansion.same_applications)
    assert not outcome.disagreements
    assert not outcome.undecided


@pytest.mark.parametrize("name", FOUND_TEMPLATES)
def test_a_template_that_gave_something_else(bed: Path, name: str) -> None:
    question = {"template": FOUND_TEMPLATES[name], "params": PARAMS, "options": []}
    outcome = expansion.compare(bed, [question], expansion.rendered, expansion.same_text)
    assert not outcome.disagreements
    assert not outcome.undecided


def test_a_wrong_expansion_would_be_seen(bed: Path) -> None:
    def contrary(question: Any) -> Any:
        own = expansion.expanded(question)
        return own if own == expansion.UNDECIDED else (own[0], own[1][1:])

    outcome = expansion.compare(bed, Sets(0).lines(500), contrary, expansion.same_applications)
    assert len(outcome.disagreements) > 100


def test_every_function_is_asked() -> None:
    asked = " ".join(question["template"] for question in Templates(0).lines(20_000))
    words = set(re.findall(r"\w+", asked))
    # `set` could make a map hold itself, which ends Argo CD's process.
    assert FUNCTIONS.keys() - words <= {"set", "hello"}
