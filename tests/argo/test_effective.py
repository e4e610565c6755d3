"""The merged AppProject: what secrets scope to it, what it inherits from global projects, and where each entry comes from."""

from typing import Any

import pytest

from gitguard.argo.effective import INHERITED, effective, global_entries, inherits_from
from gitguard.argo.kinds import permits_kind
from gitguard.argo.projects import project
from gitguard.argo.sources import permits_source
from gitguard.model.argo import Cluster, DestinationEntry, Project, ProjectRepository


def made(name: str = "p", labels: dict[str, str] | None = None, **spec: Any) -> Project:
    return project({"metadata": {"name": name, "labels": labels or {}}, "spec": spec})


def entry(name: str, **selector: Any) -> dict[str, Any]:
    return {"projectName": name, "labelSelector": selector}


def names(own: Project, setting: Any, *others: Project) -> tuple[str, ...]:
    return inherits_from(own, global_entries(setting), {other.name: other for other in others}.get)


def test_a_global_project_adds_its_entries_and_they_are_named_by_it() -> None:
    inherited = made("g", sourceRepos=["https://github.com/shared/*"])
    found = effective(made(sourceRepos=["https://a/b"]), global_entries=global_entries([entry("g")]), find={"g": inherited}.get)
    verdict = permits_source(found.project, "https://github.com/shared/x")
    assert verdict.permitted
    assert verdict.entry == "/spec/sourceRepos/1"
    assert found.origin(verdict.entry) == ("g", "/spec/sourceRepos/0")
    assert found.origin("/spec/sourceRepos/0") == ("p", "/spec/sourceRepos/0")
    assert found.origin("/spec/roles/0/policies/1") == ("p", "/spec/roles/0/policies/1")


def test_what_secrets_scope_to_the_project_is_permitted_and_nobody_s_entry() -> None:
    repositories = [ProjectRepository("https://a/own", "p"), ProjectRepository("https://a/other", "q")]
    clusters = [Cluster("https://c/", "c", "p", ("x", "y")), Cluster("https://d", "d", "p"), Cluster("https://e", "e", "q")]
    found = effective(made(), repositories=repositories, clusters=clusters)
    assert found.project.source_repos == ("https://a/own",)
    assert found.project.destinations == (
        DestinationEntry("https://c", "", "x"), DestinationEntry("https://c", "", "y"), DestinationEntry("https://d", "", "*"),
    )  # fmt: skip
    assert found.origin("/spec/destinations/1") == ("", "/spec/destinations/1")


@pytest.mark.parametrize(
    ("own", "inherited", "permitted"),
    [(None, None, True), (None, ["Job"], False), ([], None, False), ([], ["Deployment"], True), (["Deployment"], ["Job"], True), (None, [], True)],
)
def test_an_absent_whitelist_becomes_the_inherited_one(own: list[str] | None, inherited: list[str] | None, permitted: bool) -> None:
    def with_kinds(name: str, kinds: list[str] | None) -> Project:
        return made(name, **({} if kinds is None else {"namespaceResourceWhitelist": [{"group": "*", "kind": kind} for kind in kinds]}))

    found = effective(with_kinds("p", own), global_entries=global_entries([entry("g")]), find={"g": with_kinds("g", inherited)}.get)
    assert permits_kind(found.project, "apps", "Deployment", "", namespaced=True).permitted is permitted


def test_selectors_choose_and_an_absent_one_chooses_everything() -> None:
    own, g, h = made(labels={"team": "web"}), made("g"), made("h")
    assert names(own, [{"projectName": "g"}, entry("h", matchLabels={"team": "web"})], g, h) == ("g", "h")
    assert names(own, [entry("g", matchLabels={"team": "ops"}), entry("h", matchExpressions=[{"key": "team", "operator": "Exists"}])], g, h) == ("h",)
    assert names(own, [entry("g", matchExpressions=[{"key": "team", "operator": "NotIn", "values": ["web"]}])], g) == ()


def test_an_entry_that_can_t_be_used_ends_the_search() -> None:
    own, g, h = made(), made("g"), made("h")
    assert names(own, [entry("g"), entry("missing"), entry("h")], g, h) == ("g",)
    assert names(own, [entry("g", matchExpressions=[{"key": "a", "operator": "in", "values": ["b"]}]), entry("h")], g, h) == ()
    assert names(own, [entry("p"), entry("h")], own, h) == ("h",)


def test_global_projects_that_select_each_other_do_not_pass_entries_on() -> None:
    projects = {name: made(name, sourceRepos=[f"https://{name}/x"]) for name in ("a", "b", "c")}
    entries = global_entries([entry("a"), entry("b"), entry("c")])
    for name, own in projects.items():
        found = effective(own, global_entries=entries, find=projects.get)
        assert found.project.source_repos[0] == f"https://{name}/x"
        assert len(found.project.source_repos) == 3


@pytest.mark.parametrize("setting", [None, "text", {"projectName": "g"}, [1], [{"projectName": 1}], [{"projectName": "g", "labelSelector": "x"}]])
def test_a_setting_of_the_wrong_shape_gives_no_global_projects(setting: Any) -> None:
    assert names(made(), setting, made("g")) == ()


def test_roles_and_namespaces_of_applications_are_not_inherited() -> None:
    inherited = made("g", sourceNamespaces=["*"], roles=[{"name": "r"}], permitOnlyProjectScopedClusters=True, signatureKeys=[{"keyID": "A"}])
    found = effective(made(), global_entries=global_entries([entry("g")]), find={"g": inherited}.get)
    assert found.project == made()._replace(namespace_resource_whitelist=None)
    assert not {"roles", "source_namespaces", "signature_keys"} & INHERITED.keys()
