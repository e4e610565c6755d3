"""application-namespace-not-permitted: the control plane's namespace and sourceNamespaces."""

from tests.rules.applications import application, application_set, project


def test_only_admitted_namespaces_may_use_the_project(repository) -> None:
    repository.write(
        {"p.yaml": project(sourceNamespaces=["team-*"]), "a.yaml": application(namespace="team-a"), "b.yaml": application("b", namespace="x")}
    )
    (finding,) = repository.check().report["findings"]
    assert (finding["path"], finding["pointer"]) == ("b.yaml", "/metadata/namespace")
    assert "admits only `team-*`" in finding["related"][0]["message"]


def test_the_control_plane_may_live_elsewhere(repository) -> None:
    repository.write({"p.yaml": project(namespace="gitops"), "a.yaml": application(namespace="gitops")})
    assert repository.check().code == 0
    repository.write({"p.yaml": project(namespace=None), ".gitguard.yaml": "argocd: {namespace: gitops}\n"})
    assert repository.check().code == 0
    assert repository.write({"a.yaml": application(namespace="argocd")}).check().rules() == ["application-namespace-not-permitted"]


def test_generated_applications_live_where_their_set_lives(repository) -> None:
    made = application_set().replace("namespace: argocd", "namespace: team-a", 1)
    (finding,) = repository.write({"p.yaml": project(), "set.yaml": made}).check().report["findings"]
    assert (finding["rule"], finding["pointer"]) == ("application-namespace-not-permitted", "/metadata/namespace")


def test_a_kustomization_may_set_the_namespace(repository) -> None:
    files = {
        "k/kustomization.yaml": "namespace: argocd\nresources: [a.yaml, p.yaml]\n",
        "k/a.yaml": application(namespace="x"),
        "k/p.yaml": project(),
    }
    assert repository.write(files).check().code == 0
