"""resource-namespace-not-permitted: the namespace that an object ends up in, on the cluster that it goes to."""

from typing import Any

import pytest
import yaml

from tests.rules.applications import project
from tests.rules.deploying import BASE, CHART, CONFIGURATION, crd, deploying, manifest, place, set_of, source, told

SERVER = "https://prod.example:6443"
AWAY = manifest(namespace="kube-system")
WIDGET = manifest("Widget", "w", api="example.com/v1", namespace="kube-system")
ALL_KINDS: dict[str, Any] = {"clusterResourceWhitelist": [{"group": "*", "kind": "*"}]}


@pytest.mark.parametrize(
    ("files", "name", "at"),
    [
        ({"deploy/a.yaml": f"{manifest(name='first')}---\n{AWAY}"}, "ConfigMap web", "deploy/a.yaml:10"),
        (
            {"deploy/kustomization.yaml": "namespace: kube-system\nnamePrefix: p-\nresources: [a.yaml]\n", "deploy/a.yaml": manifest()},
            "ConfigMap p-web",
            "deploy/a.yaml:3",
        ),
        (
            {"deploy/Chart.yaml": CHART, "deploy/templates/a.yaml": manifest(name="{{ .Release.Name }}-c", namespace="kube-system")},
            "ConfigMap web-c",
            None,
        ),
        (
            {"deploy/Chart.yaml": CHART, "deploy/templates/a.yaml": f"{{{{ if true }}}}\n{AWAY}{{{{ end }}}}\n"},
            "ConfigMap web",
            "deploy/templates/a.yaml:6",
        ),
    ],
)
def test_the_finding_points_at_what_made_the_object(repository, files, name, at) -> None:
    result = repository.write({**BASE, **files, "a.yaml": deploying()}).check()
    assert told(result.report) == [("resource-namespace-not-permitted", name, "argocd/web")]
    (finding,) = result.report["findings"]
    assert (finding["pointer"], finding["object"]["namespace"]) == ("/metadata/namespace", "kube-system")
    assert at is None or place(finding) == at
    assert finding["path"] in files
    assert [(place(related), related["message"]) for related in finding["related"]] == [
        ("a.yaml:7", "Application argocd/web deploys it"),
        ("project.yaml:9", "AppProject web: on this cluster it permits only `web-*`"),
    ]


def test_objects_without_a_namespace_go_where_the_application_does(repository) -> None:
    repository.write({**BASE, "deploy/a.yaml": manifest(), "a.yaml": deploying()})
    assert repository.check().rules() == []
    assert repository.write({"a.yaml": deploying(into="payments")}).check().rules() == ["destination-not-permitted"]


@pytest.mark.parametrize("namespace", ["web-prod", "web-other"])
def test_every_namespace_that_the_project_permits_is_good(repository, namespace) -> None:
    assert repository.write({**BASE, "deploy/a.yaml": manifest(namespace=namespace), "a.yaml": deploying()}).check().rules() == []


def test_a_deny_entry_counts_and_is_pointed_at(repository) -> None:
    entries = [{"server": "*", "namespace": "*"}, {"server": "*", "namespace": "!kube-system"}]
    files = {"project.yaml": project(destinations=entries), "deploy/a.yaml": AWAY, "a.yaml": deploying()}
    (finding,) = repository.write({**BASE, **files}).check().report["findings"]
    assert finding["rule"] == "resource-namespace-not-permitted"
    related = finding["related"][1]
    assert related["line"] == files["project.yaml"].splitlines().index("    namespace: '!kube-system'")
    assert "denies it" in related["message"]


def test_a_namespace_on_a_cluster_scoped_object_says_nothing(repository) -> None:
    files = {"project.yaml": project(**ALL_KINDS), "deploy/a.yaml": manifest("ClusterRole", "r", api="rbac.authorization.k8s.io/v1", namespace="x")}
    repository.write({**BASE, **files, "a.yaml": deploying()})
    assert "resource-namespace-not-permitted" not in repository.check().rules()


def test_of_an_object_of_unknown_scope_a_namespace_that_would_be_denied_is_undetermined(repository) -> None:
    repository.write({**BASE, "project.yaml": project(**ALL_KINDS), "deploy/a.yaml": WIDGET, "a.yaml": deploying()})
    result = repository.check()
    assert result.rules() == []
    (said,) = result.report["undetermined"]
    assert (said["rule"], said["reason"]) == ("resource-namespace-not-permitted", "whether example.com/Widget is namespaced is not known")
    assert repository.write({"crd.yaml": crd("Widget", "Namespaced")}).check().rules() == ["resource-namespace-not-permitted"]
    result = repository.write({"crd.yaml": crd("Widget", "Cluster")}).check()
    assert (result.rules(), result.report["undetermined"]) == ([], [])
    result = repository.write({"crd.yaml": "a: 1\n", "deploy/a.yaml": WIDGET.replace("kube-system", "web-b")}).check()
    assert result.report["undetermined"] == []


@pytest.mark.parametrize(
    ("destinations", "verdict"),
    [
        ([{"name": "prod", "namespace": "web-*"}], "denied"),
        ([{"name": "*", "namespace": "web-*"}, {"server": "*", "namespace": "!kube-*"}], "denied"),
        ([{"name": "prod", "namespace": "web-*"}, {"server": SERVER, "namespace": "kube-system"}], "undetermined"),
        ([{"name": "prod", "namespace": "*"}, {"server": SERVER, "namespace": "!kube-*"}], "undetermined"),
        ([{"name": "prod", "namespace": "*"}], "permitted"),
    ],
)
def test_on_a_cluster_that_is_not_known_only_what_every_possibility_gives_is_said(repository, destinations, verdict) -> None:
    given = {"name": "prod", "namespace": "web-prod"}
    repository.write({**BASE, "project.yaml": project(destinations=destinations), "deploy/a.yaml": AWAY, "a.yaml": deploying(destination=given)})
    report = repository.check().report
    found = [finding for finding in report["findings"] if finding["rule"] == "resource-namespace-not-permitted"]
    unknown = [item for item in report["undetermined"] if item["rule"] == "resource-namespace-not-permitted"]
    assert (len(found), len(unknown)) == {"denied": (1, 0), "undetermined": (0, 1), "permitted": (0, 0)}[verdict]
    assert all("the cluster prod is not known" in item["reason"] for item in unknown)
    if verdict == "undetermined":
        repository.write({".gitguard.yaml": f"{CONFIGURATION}clusters: [{{name: prod, server: '{SERVER}'}}]\n"})
        allowed = any(entry["namespace"] == "kube-system" for entry in destinations)
        assert ("resource-namespace-not-permitted" in repository.check().rules()) is not allowed
        assert repository.check().report["undetermined"] == []


def test_the_cluster_of_each_generated_application_counts(repository) -> None:
    entries = [{"server": "https://dev.example", "namespace": "*"}, {"server": SERVER, "namespace": "web-*"}]
    elements = [{"name": "dev", "server": "https://dev.example"}, {"name": "prod", "server": SERVER}]
    made = yaml.safe_load(set_of([{"list": {"elements": elements}}]))
    made["spec"]["template"]["spec"]["destination"]["server"] = "{{server}}"
    files = {"project.yaml": project(destinations=entries), "deploy/a.yaml": AWAY, "set.yaml": yaml.safe_dump(made)}
    known = f"clusters: [{{name: d, server: 'https://dev.example'}}, {{name: p, server: '{SERVER}'}}]\n"
    repository.write({**BASE, **files, ".gitguard.yaml": CONFIGURATION + known})
    assert told(repository.check().report) == [("resource-namespace-not-permitted", "ConfigMap web", "argocd/prod")]


def test_the_default_project_permits_every_namespace_until_it_is_declared(repository) -> None:
    repository.write({**BASE, "deploy/a.yaml": AWAY, "a.yaml": deploying(project="default")})
    assert repository.check().rules() == []
    assert repository.write({"default.yaml": project("default")}).check().rules() == ["resource-namespace-not-permitted"]


def test_a_namespace_by_an_option_of_the_application_is_judged(repository) -> None:
    files = {"deploy/kustomization.yaml": "resources: [a.yaml]\n", "deploy/a.yaml": manifest()}
    given = source(kustomize={"namespace": "kube-system"})
    repository.write({**BASE, **files, "a.yaml": deploying(source=given)})
    assert told(repository.check().report) == [("resource-namespace-not-permitted", "ConfigMap web", "argocd/web")]


@pytest.mark.parametrize(
    ("files", "changed"),
    [
        (
            {
                "deploy/kustomization.yaml": "resources: [../base]\n",
                "base/kustomization.yaml": "resources: [a.yaml, old.yaml]\n",
                "base/a.yaml": manifest(),
            },
            {"base/a.yaml": AWAY},
        ),
        (
            {
                "deploy/Chart.yaml": CHART,
                "deploy/values.yaml": "place: web-a\n",
                "deploy/templates/a.yaml": manifest(namespace="{{ .Values.place }}"),
            },
            {"deploy/values.yaml": "place: kube-system\n"},
        ),
        (
            {
                "deploy/Chart.yaml": CHART,
                "deploy/templates/_place.tpl": "{{ define `place` }}web-a{{ end }}",
                "deploy/templates/a.yaml": manifest(namespace="{{ include `place` . }}"),
            },
            {"deploy/templates/_place.tpl": "{{ define `place` }}kube-system{{ end }}"},
        ),
        ({"deploy/a.yaml": manifest()}, {"deploy/a.yaml": AWAY}),
    ],
)
def test_hook_what_an_application_reads_is_a_change_of_its_objects(repository, files, changed) -> None:
    old = manifest(name="old", namespace="payments")
    extra = (
        {"base/old.yaml": old}
        if "base/a.yaml" in files
        else {"deploy/templates/old.yaml" if "deploy/Chart.yaml" in files else "deploy/old.yaml": old}
    )
    repository.commit({**BASE, **files, **extra, "a.yaml": deploying()})
    assert told(repository.check().report) == [("resource-namespace-not-permitted", "ConfigMap old", "argocd/web")]
    repository.write(changed)
    result = repository.gitguard("hook", "--format", "json")
    assert (result.code, told(result.report)) == (1, [("resource-namespace-not-permitted", "ConfigMap web", "argocd/web")])


def test_hook_a_clusters_secret_is_a_change_for_all_that_goes_there(repository) -> None:
    secret = manifest("Secret", "prod") + f"  labels: {{argocd.argoproj.io/secret-type: cluster}}\nstringData: {{name: prod, server: '{SERVER}'}}\n"
    entries = [{"name": "other", "namespace": "*"}, {"server": SERVER, "namespace": "web-prod"}]
    given = {"server": SERVER, "namespace": "web-prod"}
    repository.commit({**BASE, "project.yaml": project(destinations=entries), "deploy/a.yaml": AWAY, "a.yaml": deploying(destination=given)})
    assert repository.check().rules() == []
    repository.write({"prod.yaml": secret})
    assert told(repository.gitguard("hook", "--format", "json").report) == [("resource-namespace-not-permitted", "ConfigMap web", "argocd/web")]


def test_of_a_template_of_several_documents_the_one_is_named_that_makes_the_object(repository) -> None:
    kept, away = manifest(name="{{ .Release.Name }}-kept"), manifest(name="{{ .Release.Name }}-away", namespace="{{ .Values.space }}")
    silent = manifest(name="{{ .Values.any }}") + "  {{- with .Values.meta }}{{ toYaml . | nindent 2 }}{{ end }}\n"
    values = "space: kube-system\nany: other\nmeta: {namespace: kube-public}\n"
    files = {"deploy/Chart.yaml": CHART, "deploy/values.yaml": values, "deploy/templates/a.yaml": f"{kept}---\n{away}---\n{silent}"}
    findings = repository.write({**BASE, **files, "a.yaml": deploying()}).check().report["findings"]
    # The namespace where it is written, else the kind.
    assert [(finding["object"]["name"], place(finding)) for finding in findings] == [
        ("web-away", "deploy/templates/a.yaml:10"),
        ("other", "deploy/templates/a.yaml:13"),
    ]
