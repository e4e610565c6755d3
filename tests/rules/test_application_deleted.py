"""application-deleted: which Applications a change takes away, who deletes them, and what goes with them."""

from typing import Any

import pytest
import yaml

from tests.conftest import Repository
from tests.rules.changes import CONFIGURATION, HERE, levels, said, step

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


CLAIM = (
    "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data, namespace: web}\n"
    "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n"
)
DEPLOY = {"deploy/one.yaml": config_map("one"), "deploy/two.yaml": config_map("two")}


def test_a_file_that_is_gone(repository: Repository) -> None:
    step(repository, {**DEPLOY, "apps/web.yaml": app()}, {"apps/web.yaml": None})
    assert said(repository, RULE) == [
        "Application `argocd/web` is gone. It stays in the cluster until somebody deletes it; its objects stay, since it has no finalizer that deletes them"
    ]


def test_with_the_finalizer_its_objects_go_too_and_are_named(repository: Repository) -> None:
    kept = config_map("kept") + "  # \n"
    kept = kept.replace("namespace: web}", "namespace: web, annotations: {argocd.argoproj.io/sync-options: Delete=false}}")
    step(repository, {**DEPLOY, "deploy/c.yaml": CLAIM, "deploy/k.yaml": kept, "apps/web.yaml": app(finalizers=CASCADE)}, {"apps/web.yaml": None})
    (message,) = said(repository, RULE)
    assert (
        "and with it 3 objects: PersistentVolumeClaim web/data, ConfigMap web/one, ConfigMap web/two. "
        "Git can't bring back PersistentVolumeClaim web/data (its data, unless its volume is retained)" in message
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
    assert "when that is deleted, so is it" in message


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


PRUNING = {"automated": {"prune": True}}
ALL = {**DEPLOY, "deploy/claim.yaml": CLAIM}


def annotated(text: str, *options: str) -> str:
    """With sync options of its own."""
    return text.replace("namespace: web}", f"namespace: web, annotations: {{argocd.argoproj.io/sync-options: '{','.join(options)}'}}}}")


@pytest.mark.parametrize(
    ("claim", "policy", "level"),
    [
        (CLAIM, {}, "error"),
        (annotated(CLAIM, "Delete=false"), {}, "warning"),
        (annotated(CLAIM, "Delete=confirm"), {}, "warning"),
        (CLAIM.replace("namespace: web}", "namespace: web, annotations: {helm.sh/resource-policy: keep}}"), {}, "warning"),
        (CLAIM, {"preserveResourcesOnDeletion": True}, "warning"),
        (CLAIM, {"applicationsSync": "create-update"}, "warning"),
        ("", {}, "warning"),
    ],
    ids=["claim", "kept", "confirmed", "kept-by-helm", "preserved", "not-deleted", "no-data"],
)
def test_data_that_is_lost_without_anybody_doing_anything_is_an_error(repository: Repository, claim: str, policy: dict[str, Any], level: str) -> None:
    before = {**DEPLOY, "deploy/claim.yaml": claim, "apps/webs.yaml": app_set("a", "b", syncPolicy=policy)}
    step(repository, before, {"apps/webs.yaml": app_set("a", syncPolicy=policy)})
    assert levels(repository, RULE) == [level]


def test_data_that_somebody_has_to_delete_is_a_warning(repository: Repository) -> None:
    step(repository, {**ALL, "apps/web.yaml": app(finalizers=CASCADE)}, {"apps/web.yaml": None})
    assert levels(repository, RULE) == ["warning"]


def test_a_parent_that_prunes_takes_the_data_of_its_child_along(repository: Repository) -> None:
    before = {**ALL, "root/all.yaml": app("all", path="children", syncPolicy=PRUNING), "children/web.yaml": app(finalizers=CASCADE)}
    step(repository, {**before, "children/b.yaml": app("b")}, {"children/web.yaml": None})
    assert levels(repository, RULE) == ["error"]


def test_a_parent_with_nothing_left_does_not_prune_it(repository: Repository) -> None:
    """Automated syncs don't delete all that there is."""
    before = {**DEPLOY, "root/all.yaml": app("all", path="children", syncPolicy=PRUNING), "children/web.yaml": app(), "children/x.txt": "x"}
    step(repository, before, {"children/web.yaml": None})
    (message,) = said(repository, RULE)
    assert "It stays until a sync of argocd/all prunes it" in message


def test_a_child_that_says_that_no_sync_prunes_it(repository: Repository) -> None:
    child = yaml.safe_load(app(finalizers=CASCADE))
    child["metadata"]["annotations"] = {"argocd.argoproj.io/sync-options": "Prune=false"}
    before = {**ALL, "root/all.yaml": app("all", path="children", syncPolicy=PRUNING), "children/web.yaml": yaml.safe_dump(child)}
    step(repository, {**before, "children/b.yaml": app("b")}, {"children/web.yaml": None})
    assert said(repository, RULE) == ["Application `argocd/web` of Application argocd/all is gone. It stays, and nobody looks after it (Prune=false)"]


@pytest.mark.parametrize(
    ("finalizers", "words"),
    [
        (CASCADE, "It goes with Application argocd/all when somebody deletes that"),
        (None, "Application argocd/all is gone, without it: it stays, and nobody looks after it"),
    ],
)
def test_a_child_whose_parent_is_gone(repository: Repository, finalizers: list[str] | None, words: str) -> None:
    before = {**DEPLOY, "root/all.yaml": app("all", path="children", finalizers=finalizers, syncPolicy=PRUNING), "children/web.yaml": app()}
    step(repository, before, {"root/all.yaml": None, "children/web.yaml": None})
    assert any(message.startswith(f"Application `argocd/web` of Application argocd/all is gone. {words}") for message in said(repository, RULE))


def test_definitions_stay_when_their_application_is_deleted(repository: Repository) -> None:
    """Argo CD leaves CustomResourceDefinitions out of a cascade (shouldBeDeleted)."""
    definition = (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: webs.x.io}\nspec:\n  group: x.io\n"
        "  names: {kind: Web, plural: webs, singular: web}\n  scope: Namespaced\n"
        "  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]\n"
    )
    step(repository, {**DEPLOY, "deploy/d.yaml": definition, "apps/webs.yaml": app_set("a", "b")}, {"apps/webs.yaml": app_set("a")})
    (message,) = said(repository, RULE)
    assert "2 objects: ConfigMap web/one, ConfigMap web/two" in message
    assert levels(repository, RULE) == ["warning"]


def test_the_policy_that_the_set_has_now_counts(repository: Repository) -> None:
    policy = {"applicationsSync": "create-update"}
    step(repository, {**DEPLOY, "apps/webs.yaml": app_set("a", "b", syncPolicy=policy)}, {"apps/webs.yaml": app_set("a")})
    (message,) = said(repository, RULE)
    assert "Argo CD deletes it at once" in message


def test_a_finalizer_of_a_set_with_that_policy_keeps_what_it_made(repository: Repository) -> None:
    kept = yaml.safe_load(app_set("a", syncPolicy={"applicationsSync": "create-only"}))
    kept["metadata"]["finalizers"] = CASCADE
    step(repository, {**DEPLOY, "apps/webs.yaml": yaml.safe_dump(kept)}, {"apps/webs.yaml": None})
    assert said(repository, RULE) == [
        "Application `argocd/a-web` of ApplicationSet argocd/webs is gone. Its ApplicationSet is gone, without it: it stays, and nobody looks after it"
    ]


def test_a_finalizer_of_a_set_alone_keeps_nothing(repository: Repository) -> None:
    made = yaml.safe_load(app_set("a"))
    made["metadata"]["finalizers"] = CASCADE
    step(repository, {**DEPLOY, "apps/webs.yaml": yaml.safe_dump(made)}, {"apps/webs.yaml": None})
    (message,) = said(repository, RULE)
    assert "when that is deleted, so is it" in message


def test_finalizers_of_a_template_come_before_what_its_set_would_add(repository: Repository) -> None:
    before, after = (yaml.safe_load(app_set(*names)) for names in (("a", "b"), ("a",)))
    for one in (before, after):
        one["spec"]["template"]["metadata"]["finalizers"] = ["example.com/own"]
    step(repository, {**ALL, "apps/webs.yaml": yaml.safe_dump(before)}, {"apps/webs.yaml": yaml.safe_dump(after)})
    (message,) = said(repository, RULE)
    assert message.endswith("Argo CD deletes it at once; its objects stay, since it has no finalizer that deletes them")


def test_where_nothing_applies_it_an_application_is_gone(repository: Repository) -> None:
    rooted = {".gitguard.yaml": CONFIGURATION + "roots: [live]\n", **DEPLOY, "live/web.yaml": app(), "live/b.yaml": app("b")}
    step(repository, rooted, {"live/web.yaml": None, "attic/web.yaml": app()})
    (message,) = said(repository, RULE)
    assert message.startswith("Application `argocd/web` is gone.")


def test_a_new_name_for_the_same_is_said(repository: Repository) -> None:
    step(repository, {**DEPLOY, "apps/webs.yaml": app_set("a")}, {"apps/webs.yaml": app_set("a", template="{{name}}-shop")})
    (message,) = said(repository, RULE)
    assert message.endswith(
        "2 of them are deployed by argocd/a-shop now: its sync takes them over, if first, else they are deleted and made anew. "
        "`argocd/a-web` is renamed to `argocd/a-shop`: the objects of the old name are deleted, those of the new one made anew"
    )


def test_a_new_name_without_the_finalizer(repository: Repository) -> None:
    step(repository, {**DEPLOY, "apps/web.yaml": app()}, {"apps/web.yaml": app("web-2")})
    (message,) = said(repository, RULE)
    assert message.endswith("`argocd/web` is renamed to `argocd/web-2`: to Argo CD that is another Application")


def test_a_moved_folder_under_a_new_name_is_renamed_and_another_one_is_not(repository: Repository) -> None:
    files = {**DEPLOY, "apps/web.yaml": app(), "apps/old.yaml": app("old", path="old"), "old/x.yaml": config_map("x")}
    after = {"apps/web.yaml": app("shop", path="shop"), "apps/old.yaml": app("other", path="other"), "other/y.yaml": CLAIM}
    step(repository, files, {**after, "deploy": None, "shop/one.yaml": DEPLOY["deploy/one.yaml"], "shop/two.yaml": DEPLOY["deploy/two.yaml"]})
    messages = said(repository, RULE)
    assert [message for message in messages if "`argocd/web` is renamed to `argocd/shop`" in message]
    assert not [message for message in messages if "`argocd/old` is renamed" in message]
