"""cluster-resource-not-permitted: whichever tool makes the object, whichever way its scope is known."""

from typing import Any

import pytest

from tests.rules.applications import project
from tests.rules.deploying import BASE, CHART, CONFIGURATION, crd, deploying, manifest, place, told

ROLE = manifest("ClusterRole", "reader", api="rbac.authorization.k8s.io/v1")
WIDGET = manifest("Widget", "w", api="example.com/v1")
OPEN: dict[str, Any] = {"clusterResourceWhitelist": [{"group": "*", "kind": "*"}]}
KUSTOMIZED = {
    "deploy/kustomization.yaml": "resources: [../base]\nnamePrefix: prod-\n",
    "base/kustomization.yaml": "resources: [a.yaml]\n",
    "base/a.yaml": f"{manifest()}---\n{ROLE}",
}
TEMPLATED = {
    "deploy/Chart.yaml": CHART,
    "deploy/templates/role.yaml": "{{- if true }}\n" + ROLE.replace("reader", "{{ .Release.Name }}") + "{{- end }}\n",
}
SHIPPED = {"deploy/Chart.yaml": CHART, "deploy/crds/widget.yaml": crd("Widget", "Namespaced")}


@pytest.mark.parametrize(
    ("files", "name", "at"),
    [
        ({"deploy/a.yaml": f"{manifest()}---\n{ROLE}"}, "ClusterRole reader", "deploy/a.yaml:7"),
        (
            {"deploy/a.yaml": f"apiVersion: v1\nkind: List\nitems:\n  - {ROLE.replace(chr(10), chr(10) + '    ').rstrip()}\n"},
            "ClusterRole reader",
            None,
        ),
        (KUSTOMIZED, "ClusterRole prod-reader", "base/a.yaml:7"),
        (TEMPLATED, "ClusterRole web", "deploy/templates/role.yaml:3"),
        (SHIPPED, "CustomResourceDefinition widgets.example.com", "deploy/crds/widget.yaml:2"),
    ],
)
def test_the_finding_points_at_what_made_the_object(repository, files, name, at) -> None:
    result = repository.write({**BASE, **files, "a.yaml": deploying()}).check()
    assert result.code == 1
    assert told(result.report) == [("cluster-resource-not-permitted", name, "argocd/web")]
    (finding,) = result.report["findings"]
    assert at is None or place(finding) == at
    assert finding["path"] in files
    assert [(place(related), related["message"].partition(":")[0]) for related in finding["related"]] == [
        ("a.yaml:7", "Application argocd/web deploys it"),
        ("project.yaml:6", "AppProject web"),
    ]


@pytest.mark.parametrize(
    ("spec", "permitted", "entry"),
    [
        ({}, False, "clusterResourceWhitelist is absent or empty"),
        ({"clusterResourceWhitelist": []}, False, "clusterResourceWhitelist is absent or empty"),
        ({"clusterResourceWhitelist": [{"group": "rbac.authorization.k8s.io", "kind": "ClusterRole"}]}, True, ""),
        ({"clusterResourceWhitelist": [{"group": "*", "kind": "Cluster*"}]}, True, ""),
        ({"clusterResourceWhitelist": [{"group": "", "kind": "ClusterRole"}]}, False, 'permits only `""/ClusterRole`'),
        ({"clusterResourceWhitelist": [{"group": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole"}]}, False, "a group has no version"),
        ({"clusterResourceWhitelist": [{"group": "*", "kind": "ClusterRole", "name": "reader"}]}, True, ""),
        ({"clusterResourceWhitelist": [{"group": "*", "kind": "ClusterRole", "name": "web-*"}]}, False, "its name `web-*` is another one"),
        ({**OPEN, "clusterResourceBlacklist": [{"group": "*", "kind": "ClusterRole"}]}, False, "`*/ClusterRole` denies it"),
        ({**OPEN, "clusterResourceBlacklist": [{"group": "*", "kind": "ClusterRole", "name": "reader"}]}, False, "named `reader` denies it"),
        ({**OPEN, "clusterResourceBlacklist": [{"group": "*", "kind": "ClusterRole", "name": "admin"}]}, True, ""),
    ],
)
def test_the_lists_of_the_project_decide(repository, spec, permitted, entry) -> None:
    report = repository.write({**BASE, "project.yaml": project(**spec), "deploy/a.yaml": ROLE, "a.yaml": deploying()}).check().report
    findings = [finding for finding in report["findings"] if finding["rule"] == "cluster-resource-not-permitted"]
    assert len(findings) == (0 if permitted else 1)
    assert all(entry in finding["related"][1]["message"] for finding in findings)


def test_a_deny_entry_is_pointed_at(repository) -> None:
    spec = {**OPEN, "clusterResourceBlacklist": [{"group": "", "kind": "Node"}, {"group": "", "kind": "Namespace"}]}
    files = {"project.yaml": project(**spec), "deploy/a.yaml": manifest("Namespace", "web-prod"), "a.yaml": deploying()}
    (finding,) = repository.write({**BASE, **files}).check().report["findings"]
    lines = files["project.yaml"].splitlines()
    related = finding["related"][1]
    assert (related["path"], "group: ''" in lines[related["line"] - 1], "kind: Namespace" in lines[related["line"]]) == ("project.yaml", True, True)


def test_names_count_since_3_3(repository) -> None:
    named = project(clusterResourceWhitelist=[{"group": "*", "kind": "ClusterRole", "name": "other"}])
    repository.write({**BASE, "project.yaml": named, "deploy/a.yaml": ROLE, "a.yaml": deploying()})
    assert "cluster-resource-not-permitted" in repository.check().rules()
    repository.write({".gitguard.yaml": CONFIGURATION + "argocd: {version: '3.2'}\n"})
    assert "cluster-resource-not-permitted" not in repository.check().rules()


@pytest.mark.parametrize(
    ("api", "kind", "is_cluster_scoped"),
    [
        ("v1", "Namespace", True),
        ("v1", "PersistentVolume", True),
        ("v1", "PersistentVolumeClaim", False),
        ("storage.k8s.io/v1", "StorageClass", True),
        ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", True),
        ("rbac.authorization.k8s.io/v1", "Role", False),
        ("argoproj.io/v1alpha1", "AnalysisTemplate", False),
        ("argoproj.io/v1alpha1", "ClusterAnalysisTemplate", True),
        ("cert-manager.io/v1", "ClusterIssuer", True),
        ("cert-manager.io/v1", "Issuer", False),
        ("external-secrets.io/v1", "ClusterSecretStore", True),
        ("monitoring.coreos.com/v1", "ServiceMonitor", False),
    ],
)
def test_scopes_of_kubernetes_and_of_common_definitions_are_known(repository, api, kind, is_cluster_scoped) -> None:
    result = repository.write({**BASE, "deploy/a.yaml": manifest(kind, "it", api=api), "a.yaml": deploying()}).check()
    assert ("cluster-resource-not-permitted" in result.rules()) == is_cluster_scoped
    assert result.report["undetermined"] == []


@pytest.mark.parametrize(
    "definition",
    [
        {"crds/widget.yaml": "SCOPE"},
        {"deploy/crd.yaml": "SCOPE"},
        {
            "operator/Chart.yaml": CHART,
            "operator/templates/crd.yaml": "{{- if true }}\nSCOPE{{- end }}\n",
            "operator.yaml": deploying("operator", name="op"),
        },
    ],
)
def test_a_definition_in_the_repository_makes_the_scope_known(repository, definition) -> None:
    crds = project(clusterResourceWhitelist=[{"group": "apiextensions.k8s.io", "kind": "*"}])
    repository.write({**BASE, "project.yaml": crds, "deploy/a.yaml": WIDGET, "a.yaml": deploying()})
    for scope, expected in (("Namespaced", []), ("Cluster", [("cluster-resource-not-permitted", "Widget w", "argocd/web")])):
        repository.write({name: content.replace("SCOPE", crd("Widget", scope)) for name, content in definition.items()})
        result = repository.check()
        assert (told(result.report), result.report["undetermined"]) == (expected, [])


def test_an_unknown_scope_is_undetermined_only_where_it_matters(repository) -> None:
    repository.write({**BASE, "deploy/a.yaml": WIDGET, "a.yaml": deploying()})
    result = repository.check()
    assert (result.code, result.rules()) == (0, [])
    (said,) = result.report["undetermined"]
    assert (said["reason"], said["path"]) == ("whether example.com/Widget is namespaced is not known", "a.yaml")
    assert said["needs"] == "the CustomResourceDefinition of example.com/Widget in the repository"
    for spec in (OPEN, {"clusterResourceWhitelist": [{"group": "example.com", "kind": "Widget"}]}):
        result = repository.write({"project.yaml": project(**spec)}).check()
        assert (result.rules(), result.report["undetermined"]) == ([], [])
    assert repository.write({"a.yaml": deploying(project="default")}).check().report["undetermined"] == []


def test_an_unknown_scope_is_a_finding_where_neither_is_permitted(repository) -> None:
    narrow = project(namespaceResourceWhitelist=[{"group": "", "kind": "ConfigMap"}])
    result = repository.write({**BASE, "project.yaml": narrow, "deploy/a.yaml": WIDGET, "a.yaml": deploying()}).check()
    (finding,) = result.report["findings"]
    assert finding["message"] == "AppProject `web` does not permit example.com/Widget `w`, whether it is cluster-scoped or namespaced"
    assert (place(finding), result.report["undetermined"]) == ("deploy/a.yaml:2", [])


def test_the_default_project_is_judged_as_it_is_declared_and_permits_all_where_it_is_not(repository) -> None:
    repository.write({**BASE, "deploy/a.yaml": ROLE, "a.yaml": deploying(project="default")})
    assert repository.check().rules() == []
    (finding,) = repository.write({"default.yaml": project("default")}).check().report["findings"]
    assert (finding["rule"], finding["related"][1]["path"]) == ("cluster-resource-not-permitted", "default.yaml")


def test_projects_of_one_name_deny_only_together(repository) -> None:
    files = {"project.yaml": "a: 1\n", "one/p.yaml": project(), "two/p.yaml": project(**OPEN), "deploy/a.yaml": ROLE, "a.yaml": deploying()}
    result = repository.write({**BASE, **files}).check()
    assert result.rules() == []
    assert "disagree" in result.report["undetermined"][0]["reason"]
    assert repository.write({"two/p.yaml": project()}).check().rules() == ["cluster-resource-not-permitted"]


def test_an_application_that_a_chart_makes_is_judged_too(repository) -> None:
    child = deploying("deploy", name="{{ .Release.Name }}-child")
    argo = [{"server": "*", "namespace": "argocd"}, {"server": "*", "namespace": "web-*"}]
    files = {"root/Chart.yaml": CHART, "root/templates/child.yaml": child, "root.yaml": deploying("root", name="root"), "deploy/a.yaml": ROLE}
    result = repository.write({**BASE, "project.yaml": project(destinations=argo), **files}).check()
    assert told(result.report) == [("cluster-resource-not-permitted", "ClusterRole reader", "argocd/root-child")]
    assert result.report["findings"][0]["related"][0]["path"] == "root/templates/child.yaml"


def test_hook_a_change_of_a_base_reports_what_it_causes_and_nothing_else(repository) -> None:
    bases = {"base/kustomization.yaml": "resources: [a.yaml, old.yaml]\n", "base/a.yaml": manifest(), "base/old.yaml": manifest("Namespace", "old")}
    overlays = {f"{name}/kustomization.yaml": "resources: [../base]\n" for name in ("dev", "prod")}
    repository.commit(
        {**BASE, **bases, **overlays, "dev.yaml": deploying("dev", name="dev"), "plain/a.yaml": ROLE, "b.yaml": deploying("plain", name="b")}
    )
    assert sorted(repository.check().rules()) == ["cluster-resource-not-permitted"] * 2
    repository.write({"base/a.yaml": f"{manifest()}---\n{manifest('Namespace', 'new')}"})
    result = repository.gitguard("hook", "--format", "json")
    assert told(result.report) == [("cluster-resource-not-permitted", "Namespace new", "argocd/dev")]
    assert place(result.report["findings"][0]) == "base/a.yaml:7"
    repository.write({"base/a.yaml": f"# moved\n{manifest()}"})
    assert repository.gitguard("hook").code == 0


def test_hook_a_definition_that_is_staged_judges_objects_that_are_not(repository) -> None:
    repository.commit({**BASE, "deploy/a.yaml": WIDGET, "a.yaml": deploying()})
    repository.write({"crds/widget.yaml": crd("Widget", "Cluster")})
    assert told(repository.gitguard("hook", "--format", "json").report) == [("cluster-resource-not-permitted", "Widget w", "argocd/web")]


def test_two_applications_that_deploy_the_same_denied_object_are_both_named(repository) -> None:
    """They were one finding, of whichever Application came first: mending that one brought the other up."""
    apps = {"a.yaml": deploying(), "b.yaml": deploying(name="other")}
    findings = repository.write({**BASE, "deploy/a.yaml": ROLE, **apps}).check().report["findings"]
    denied = [finding for finding in findings if finding["rule"] == "cluster-resource-not-permitted"]
    assert sorted(finding["application"] for finding in denied) == ["argocd/other", "argocd/web"]
    assert len({finding["fingerprint"] for finding in denied}) == 2
    repository.commit()
    repository.write({"c.yaml": deploying(name="third")})
    caused = repository.gitguard("hook", "--format", "json").report["findings"]
    assert [finding["application"] for finding in caused if finding["rule"] == "cluster-resource-not-permitted"] == ["argocd/third"]
