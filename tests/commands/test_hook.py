"""`gitguard hook`: what the staged change causes, and nothing else."""

import subprocess

import pytest

from tests.rules.applications import application, project
from tests.rules.deploying import CHART, CONFIGURATION, deploying, manifest, overlays, told

GOOD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: good\n"
BROKEN = "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n  ports: 80\n"
BAD = application(destination={"server": "https://kubernetes.default.svc", "namespace": "payments"})


def test_a_bad_change_is_reported_and_a_good_one_is_not(repository) -> None:
    repository.commit({"p.yaml": project(), "a.yaml": application()})
    repository.write({"a.yaml": BAD})
    result = repository.gitguard("hook", "--format", "json")
    assert (result.code, result.rules()) == (1, ["destination-not-permitted"])
    repository.write({"a.yaml": application(project="default")})
    assert repository.gitguard("hook").code == 0


def test_what_was_wrong_before_does_not_block(repository) -> None:
    repository.commit({"p.yaml": project(), "a.yaml": BAD, "b.yaml": BROKEN})
    repository.write({"a.yaml": "# a comment moves the lines\n" + BAD, "b.yaml": BROKEN + "  type: ClusterIP\n", "c.yaml": GOOD})
    result = repository.gitguard("hook", "--format", "json")
    assert (result.code, result.report["findings"]) == (0, [])


def test_deleting_a_project_in_use_is_blocked_even_when_it_is_the_last(repository) -> None:
    for rest in ({}, {"other.yaml": project("other")}):
        repository.commit({"p.yaml": project(), "a.yaml": application(), **rest})
        repository.git("rm", "-q", "p.yaml")
        result = repository.gitguard("hook", "--format", "json")
        assert (result.code, result.rules()) == (1, ["project-not-found"])
        assert result.report["findings"][0]["path"] == "a.yaml"
        repository.git("reset", "-q", "--hard")


def test_narrowing_a_project_names_the_application_that_loses(repository) -> None:
    repository.commit({"p.yaml": project(), "a.yaml": application()})
    repository.write({"p.yaml": project(destinations=[])})
    (finding,) = repository.gitguard("hook", "--format", "json").report["findings"]
    assert (finding["path"], finding["related"][0]["path"]) == ("a.yaml", "p.yaml")


def test_the_index_is_judged_not_the_work_tree(repository) -> None:
    repository.commit({"a.yaml": GOOD})
    repository.write({"a.yaml": BROKEN})
    (repository.path / "a.yaml").write_text(GOOD)
    assert repository.gitguard("hook").code == 1
    repository.write({})
    (repository.path / "a.yaml").write_text(BROKEN)
    assert repository.gitguard("hook").code == 0


def test_the_first_commit_of_a_repository_is_judged(repository) -> None:
    assert repository.write({"a.yaml": BROKEN}).gitguard("hook").code == 1


def test_nothing_relevant_staged_is_clean_and_silent(repository) -> None:
    repository.commit({"a.yaml": BROKEN})
    repository.write({"README.md": "hello"})
    result = repository.gitguard("hook")
    assert (result.code, result.out, result.err) == (0, "", "")


def test_a_crd_that_is_staged_judges_the_objects_that_are_not(repository) -> None:
    from tests.rules.test_manifest_invalid import CRD, WIDGET

    repository.commit({"widget.yaml": WIDGET})
    repository.write({"crd.yaml": CRD})
    (finding,) = repository.gitguard("hook", "--format", "json").report["findings"]
    assert finding["path"] == "widget.yaml"
    repository.commit()
    repository.write({"widget.yaml": WIDGET + "# moved\n"})
    assert repository.gitguard("hook").code == 0


def test_files_that_are_named_are_judged_by_their_schemas_only(repository) -> None:
    repository.commit({"p.yaml": project()})
    repository.write({"a.yaml": BROKEN, "b.yaml": BROKEN, "app.yaml": BAD})
    (repository.path / "sub").mkdir()
    result = repository.gitguard("hook", "--format", "json", "../a.yaml", "../app.yaml", cwd=repository.path / "sub")
    assert [(finding["rule"], finding["path"]) for finding in result.report["findings"]] == [("manifest-invalid", "a.yaml")]


def test_unmerged_files_are_refused_with_advice(repository) -> None:
    repository.commit({"a.yaml": GOOD})
    repository.git("checkout", "-q", "-b", "other")
    repository.commit({"a.yaml": GOOD.replace("good", "other")})
    repository.git("checkout", "-q", "main")
    repository.commit({"a.yaml": GOOD.replace("good", "main")})
    merged = subprocess.run(["git", "merge", "-q", "other"], cwd=repository.path, env=repository.environment, capture_output=True)
    assert merged.returncode == 1
    result = repository.gitguard("hook")
    assert result.code == 2
    assert "unmerged" in result.err


def test_a_hook_writes_nothing_into_the_work_tree(repository) -> None:
    repository.commit({"p.yaml": project(), "a.yaml": application()})
    repository.write({"a.yaml": BAD})
    before = repository.git("status", "--porcelain", "--ignored")
    assert repository.gitguard("hook").code == 1
    assert repository.git("status", "--porcelain", "--ignored") == before


def test_values_of_a_chart_of_applications_that_make_other_ones_are_judged(repository) -> None:
    template = (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web, namespace: argocd}\nspec:\n  project: web\n"
        "  source: {repoURL: https://github.com/example/web, path: a, targetRevision: main}\n"
        "  destination: {server: https://kubernetes.default.svc, namespace: '{{ .Values.space }}'}\n"
    )
    repository.commit({
        "p.yaml": project(), "root/Chart.yaml": "apiVersion: v2\nname: root\nversion: 1.0.0\n", "root/templates/web.yaml": template,
        "root/values-dev.yaml": "space: web-dev\n", "root/values-prod.yaml": "space: web-prod\n",
    })  # fmt: skip
    repository.write({"root/values-prod.yaml": "space: payments\n"})
    result = repository.gitguard("hook", "--format", "json")
    assert result.code == 1
    (finding,) = result.report["findings"]
    assert (finding["rule"], finding["path"], finding["object"]["name"]) == ("destination-not-permitted", "root/templates/web.yaml", "web")


MADE_PROJECT = (
    "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: web, namespace: argocd}\nspec:\n  sourceRepos: ['*']\n"
    "  destinations: [{server: '*', namespace: '*'}]\n  clusterResourceWhitelist: KINDS\n"
)
EVERYTHING = [{"group": "*", "kind": "*"}]
PATCH = "- {op: replace, path: /spec/clusterResourceWhitelist, value: KINDS}\n"
# How an AppProject can come to be: the files that make it, the Application that deploys them, and the file of KINDS.
MAKERS = {
    "a chart's values": (
        {
            "root/Chart.yaml": CHART,
            "root/templates/project.yaml": MADE_PROJECT.replace("KINDS", "{{ .Values.kinds | toJson }}"),
            "root.yaml": deploying("root", name="root", project="default"),
        },
        ("root/values.yaml", "kinds: KINDS\n"),
    ),
    "a chart's template": (
        {"root/Chart.yaml": CHART, "root.yaml": deploying("root", name="root", project="default")},
        ("root/templates/project.yaml", "{{- if true }}\n" + MADE_PROJECT + "{{- end }}\n"),
    ),
    "a chart of which no template names the kind": (
        {
            "root/Chart.yaml": CHART,
            "root/templates/_made.tpl": '{{- define "made" }}\n' + MADE_PROJECT.replace("KINDS", "{{ .Values.kinds | toJson }}") + "{{- end }}\n",
            "root/templates/all.yaml": '{{- include "made" . }}\n',
            "root.yaml": deploying("root", name="root", project="default"),
        },
        ("root/values.yaml", "kinds: KINDS\n"),
    ),
    "a chart that is installed by hand": (
        {"root/Chart.yaml": CHART, "root/templates/project.yaml": MADE_PROJECT.replace("KINDS", "{{ .Values.kinds | toJson }}")},
        ("root/values-prod.yaml", "kinds: KINDS\n"),
    ),
    "a patch of a kustomization that is applied by hand": (
        {
            "root/kustomization.yaml": "resources: [project.yaml]\npatches: [{path: patch.yaml, target: {kind: AppProject}}]\n",
            "root/project.yaml": MADE_PROJECT.replace("KINDS", "[]"),
        },
        ("root/patch.yaml", PATCH),
    ),
    "a patch of a kustomization that an Application deploys and that renames it": (
        {
            "root/kustomization.yaml": "resources: [project.yaml]\npatches: [{path: patch.yaml, target: {kind: AppProject}}]\nnameSuffix: b\n",
            "root/project.yaml": MADE_PROJECT.replace("KINDS", "[]").replace("name: web", "name: we"),
            "root.yaml": deploying("root", name="root", project="default"),
        },
        ("root/patch.yaml", PATCH),
    ),
}


@pytest.mark.parametrize("maker", MAKERS)
def test_an_app_project_that_only_a_chart_or_a_kustomization_makes_judges_its_applications_again(repository, maker: str) -> None:
    files, (path, text) = MAKERS[maker]
    open_to_all, closed = text.replace("KINDS", str(EVERYTHING)), text.replace("KINDS", "[]")
    repository.commit({".gitguard.yaml": CONFIGURATION, "web.yaml": deploying(), "deploy/a.yaml": manifest("Namespace", "web-prod"), **files})
    repository.commit({path: open_to_all})
    assert repository.check().rules() == []
    repository.write({path: closed})
    result = repository.gitguard("hook", "--format", "json")
    assert (result.code, told(result.report)) == (1, [("cluster-resource-not-permitted", "Namespace web-prod", "argocd/web")])
    repository.commit()
    assert repository.check().rules() == ["cluster-resource-not-permitted"]
    repository.write({path: open_to_all})
    assert repository.gitguard("hook").code == 0
    repository.write({path: closed + "\n# the same\n"})
    assert repository.gitguard("hook").code == 0


def test_applications_of_an_app_project_that_was_made_otherwise_are_told_apart_from_those_of_others(repository) -> None:
    """What was wrong before does not block, neither in the AppProject that changes nor in the one that does not."""
    files, (path, text) = MAKERS["a chart's values"]
    wrong = {
        "deploy/role.yaml": manifest("ClusterRole", "wide", api="rbac.authorization.k8s.io/v1"),
        "deploy/a.yaml": manifest("Namespace", "web-prod"),
    }
    other = {"other.yaml": project("other"), "b.yaml": deploying("b", name="b", project="other"), "b/a.yaml": manifest("Namespace", "web-b")}
    roles = "[{group: rbac.authorization.k8s.io, kind: ClusterRole}]"
    repository.commit({".gitguard.yaml": CONFIGURATION, "web.yaml": deploying(), **wrong, **files, **other, path: text.replace("KINDS", roles)})
    repository.write({path: text.replace("KINDS", "[]")})
    result = repository.gitguard("hook", "--format", "json")
    assert told(result.report) == [("cluster-resource-not-permitted", "ClusterRole wide", "argocd/web")]


def test_only_what_depends_on_a_changed_base_is_built(repository, builds) -> None:
    repository.commit(overlays())
    repository.write({"deploy/base/shared.yaml": manifest("Namespace", "shared")})
    result = repository.gitguard("hook", "--format", "json")
    assert sorted(told(result.report)) == [
        ("cluster-resource-not-permitted", "Namespace shared", "argocd/a"),
        ("cluster-resource-not-permitted", "Namespace shared", "argocd/b"),
        ("shared-resource", "Namespace shared", "argocd/b"),
    ]
    # Once as the index has them, and once as HEAD does.
    assert builds() == ["a", "a", "b", "b"]
    assert repository.gitguard("hook").code == 1
    assert builds() == []


def test_a_changed_app_project_builds_all_of_its_applications_and_no_others(repository, builds) -> None:
    repository.commit(overlays())
    repository.write({"other.yaml": project("other", namespaceResourceBlacklist=[{"group": "", "kind": "ConfigMap"}])})
    assert told(repository.gitguard("hook", "--format", "json").report) == [("namespaced-resource-not-permitted", "ConfigMap own-c", "argocd/c")]
    assert set(builds()) == {"c"}


def test_a_change_that_no_application_reads_builds_nothing(repository, builds) -> None:
    repository.commit({**overlays(), "elsewhere.yaml": manifest(name="elsewhere")})
    repository.write({"elsewhere.yaml": manifest(name="other")})
    assert repository.gitguard("hook").code == 0
    assert builds() == []
