"""application-deleted: which Applications a change takes away, who deletes them, and what goes with them."""

from typing import Any

import pytest
import yaml

from tests.conftest import Repository
from tests.rules.changes import HERE, said, step

RULE = "application-deleted"
CASCADE = ["resources-finalizer.argocd.argoproj.io"]


def app(name: str = "web", *, path: str = "deploy", finalizers: list[str] | None = None, **spec: Any) -> str:
    source = {"repoURL": HERE, "path": path, "targetRevision": "main"}
    destination = {"server": "https://kubernetes.default.svc", "namespace": "web"}
    metadata = {"name": name, "namespace": "argocd", **({"finalizers": finalizers} if finalizers else {})}
    spec = {"project": "default", "source": source, "destination": destination, **spec}
    return yaml.safe_dump({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": metadata, "spec": spec})


def app_set(*names: str, template: str = "{{name}}-web", **spec: Any) -> str:
    inner = yaml.safe_load(app())["spec"]
    made = {
        "generators": [{"list": {"elements": [{"name": name} for name in names]}}],
        "template": {"metadata": {"name": template}, "spec": inner},
        **spec,
    }
    return yaml.safe_dump(
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": {"name": "webs", "namespace": "argocd"}, "spec": made}
    )


def config_map(name: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: web}}\n"


DEPLOY = {"deploy/one.yaml": config_map("one"), "deploy/two.yaml": config_map("two")}


def test_a_file_that_is_gone(repository: Repository) -> None:
    step(repository, {**DEPLOY, "apps/web.yaml": app()}, {"apps/web.yaml": None})
    assert said(repository, RULE) == [
        "Application `argocd/web` is gone. It stays in the cluster until somebody deletes it; its objects stay, since it has no finalizer that deletes them"
    ]


def test_with_the_finalizer_its_objects_go_too_and_are_named(repository: Repository) -> None:
    claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data, namespace: web}\nspec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n"
    kept = config_map("kept") + "  # \n"
    kept = kept.replace("namespace: web}", "namespace: web, annotations: {argocd.argoproj.io/sync-options: Delete=false}}")
    step(repository, {**DEPLOY, "deploy/c.yaml": claim, "deploy/k.yaml": kept, "apps/web.yaml": app(finalizers=CASCADE)}, {"apps/web.yaml": None})
    (message,) = said(repository, RULE)
    assert (
        "and with it 3 objects: PersistentVolumeClaim web/data, ConfigMap web/one, ConfigMap web/two. Data may be lost: PersistentVolumeClaim"
        in message
    )


def test_a_new_name_is_another_application(repository: Repository) -> None:
    step(repository, {**DEPLOY, "apps/web.yaml": app()}, {"apps/web.yaml": app("shop")})
    (message,) = said(repository, RULE)
    assert message.startswith("Application `argocd/web` is gone.")


def test_elements_that_a_generator_has_no_more(repository: Repository) -> None:
    step(repository, {**DEPLOY, "apps/webs.yaml": app_set("a", "b", "c")}, {"apps/webs.yaml": app_set("b")})
    (message,) = said(repository, RULE)
    assert message.startswith(
        "2 Applications `argocd/a-web`, `argocd/c-web` of ApplicationSet argocd/webs are gone. Argo CD deletes them at once, and with them 4 objects"
    )


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (app_set("a", "b", template="{{name}}-shop"), "2 Applications `argocd/a-web`, `argocd/b-web` of ApplicationSet argocd/webs are gone"),
        (None, "Its ApplicationSet is gone: when that is deleted, so are they"),
    ],
    ids=["template-renamed", "set-removed"],
)
def test_all_that_an_applicationset_made(repository: Repository, after: str | None, words: str) -> None:
    step(repository, {**DEPLOY, "apps/webs.yaml": app_set("a", "b")}, {"apps/webs.yaml": after})
    (message,) = said(repository, RULE)
    assert words in message


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ({"preserveResourcesOnDeletion": True}, "; its objects stay"),
        ({"applicationsSync": "create-update"}, "what it made stays, and nobody looks after it"),
    ],
)
def test_what_an_applicationset_keeps(repository: Repository, policy: dict[str, Any], words: str) -> None:
    step(repository, {**DEPLOY, "apps/webs.yaml": app_set("a", "b", syncPolicy=policy)}, {"apps/webs.yaml": app_set("a", syncPolicy=policy)})
    (message,) = said(repository, RULE)
    assert words in message


def test_a_policy_does_not_keep_what_its_set_takes_along(repository: Repository) -> None:
    step(repository, {**DEPLOY, "apps/webs.yaml": app_set("a", syncPolicy={"applicationsSync": "create-only"})}, {"apps/webs.yaml": None})
    (message,) = said(repository, RULE)
    assert "when that is deleted, so are they" in message


@pytest.mark.parametrize(
    ("policy", "words"),
    [({"automated": {"prune": True}}, "Application argocd/all prunes it"), ({"automated": {}}, "It stays until a sync of argocd/all prunes it")],
)
def test_a_child_of_an_app_of_apps(repository: Repository, policy: dict[str, Any], words: str) -> None:
    before = {**DEPLOY, "root/all.yaml": app("all", path="children", syncPolicy=policy), "children/web.yaml": app(), "children/b.yaml": app("b")}
    step(repository, before, {"children/web.yaml": None})
    (message,) = said(repository, RULE)
    assert message.startswith("Application `argocd/web` of Application argocd/all is gone.")
    assert words in message


def test_folders_that_a_generator_looks_for(repository: Repository) -> None:
    generators = [{"git": {"repoURL": HERE, "revision": "main", "directories": [{"path": "teams/*"}]}}]
    inner = yaml.safe_load(app_set())
    inner["spec"] |= {"generators": generators}
    inner["spec"]["template"]["metadata"]["name"] = "{{path.basename}}"
    files = {**DEPLOY, "apps/webs.yaml": yaml.safe_dump(inner), "teams/a/x.yaml": config_map("a"), "teams/b/x.yaml": config_map("b")}
    step(repository, files, {"teams/a": None, "teams/c/x.yaml": config_map("a")})
    (message,) = said(repository, RULE)
    assert message.startswith("Application `argocd/a` of ApplicationSet argocd/webs is gone.")


def test_what_only_moves_or_comes_is_silent(repository: Repository) -> None:
    before = {**DEPLOY, "apps/web.yaml": app(), "apps/webs.yaml": app_set("a", "b")}
    step(
        repository,
        before,
        {"apps/web.yaml": None, "apps/elsewhere.yaml": "# moved\n" + app() + "---\n" + app("new"), "apps/webs.yaml": app_set("b", "a", "c")},
    )
    assert said(repository, RULE) == []


def test_what_cannot_be_told_any_more_is_not_called_gone(repository: Repository) -> None:
    inner = yaml.safe_load(app_set("a"))
    inner["spec"]["generators"] = [{"scmProvider": {"github": {"organization": "x"}}}]
    step(repository, {**DEPLOY, "apps/webs.yaml": app_set("a")}, {"apps/webs.yaml": yaml.safe_dump(inner)})
    assert said(repository, RULE) == []
    report = repository.gitguard("ci", "--base", "HEAD~1", "--format", "json").report
    assert [item["rule"] for item in report["undetermined"] if item["rule"] == RULE] == [RULE]
