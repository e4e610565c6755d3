"""resources-pruned: which objects an Application deploys no more, and what becomes of them."""

from typing import Any

import pytest

from tests.conftest import Repository
from tests.rules.changes import CONFIGURATION, levels, said, step, undetermined
from tests.rules.test_application_deleted import CLAIM, DEPLOY, annotated, app, app_set, config_map

RULE = "resources-pruned"
PRUNING = {"automated": {"prune": True}}


@pytest.mark.parametrize(
    ("policy", "words"), [(PRUNING, "the next automated sync deletes them"), ({"automated": {}}, "a sync that prunes deletes them")]
)
def test_a_file_that_is_gone(repository: Repository, policy: dict[str, Any], words: str) -> None:
    step(repository, {**DEPLOY, "apps/web.yaml": app(syncPolicy=policy)}, {"deploy/two.yaml": None})
    assert said(repository, RULE) == [f"Application `argocd/web` deploys no more, and {words}: 1 object: ConfigMap web/two"]


def test_a_kustomization_that_has_it_no_more(repository: Repository) -> None:
    built = {**DEPLOY, "deploy/kustomization.yaml": "resources: [one.yaml, two.yaml]\n", "apps/web.yaml": app()}
    step(repository, built, {"deploy/kustomization.yaml": "resources: [one.yaml]\nnamePrefix: new-\n"})
    (message,) = said(repository, RULE)
    assert message.endswith("2 objects: ConfigMap web/one, ConfigMap web/two")


def test_data_that_may_be_lost_is_said(repository: Repository) -> None:
    crd = "apiVersion: v1\nkind: Namespace\nmetadata: {name: data}\n"
    step(repository, {**DEPLOY, "deploy/n.yaml": crd, "apps/web.yaml": app(syncPolicy=PRUNING)}, {"deploy/n.yaml": None})
    (message,) = said(repository, RULE)
    assert message.endswith("1 object: Namespace data. Git can't bring back Namespace data (everything in it)")


@pytest.mark.parametrize("annotation", ["argocd.argoproj.io/sync-options: Prune=false", "argocd.argoproj.io/hook: PreSync"])
def test_what_no_sync_prunes_is_silent(repository: Repository, annotation: str) -> None:
    kept = config_map("kept").replace("namespace: web}", f"namespace: web, annotations: {{{annotation}}}}}")
    step(repository, {**DEPLOY, "deploy/kept.yaml": kept, "apps/web.yaml": app()}, {"deploy/kept.yaml": None})
    assert said(repository, RULE) == []


def test_what_another_application_deploys_now_is_said(repository: Repository) -> None:
    before = {**DEPLOY, "other/x.yaml": config_map("x"), "apps/web.yaml": app(), "apps/other.yaml": app("other", path="other")}
    step(repository, before, {"deploy/two.yaml": None, "other/two.yaml": config_map("two")})
    (message,) = said(repository, RULE)
    assert message.endswith(
        "1 object: ConfigMap web/two; 1 of them is deployed by argocd/other now: its sync takes it over, if first, or it is deleted and made anew"
    )


def test_another_cluster_leaves_everything_behind(repository: Repository) -> None:
    place = {"server": "https://other.example", "namespace": "web"}
    step(repository, {**DEPLOY, "apps/web.yaml": app()}, {"apps/web.yaml": app(destination=place)})
    (message,) = said(repository, RULE)
    assert message.startswith("Application `argocd/web` goes to another cluster, and leaves behind, with nobody to look after them, 2 objects")


def test_what_only_moves_is_silent(repository: Repository) -> None:
    step(
        repository,
        {**DEPLOY, "apps/web.yaml": app()},
        {"deploy/one.yaml": None, "deploy/two.yaml": None, "deploy/all.yaml": "---\n".join(DEPLOY.values())},
    )
    assert said(repository, RULE) == []
    step(repository, {}, {"deploy": None, "moved/all.yaml": "---\n".join(reversed(DEPLOY.values())), "apps/web.yaml": app(path="moved")})
    assert said(repository, RULE) == []


def test_what_fails_to_render_is_not_called_pruned(repository: Repository) -> None:
    step(repository, {**DEPLOY, "deploy/kustomization.yaml": "resources: [one.yaml, two.yaml]\n", "apps/web.yaml": app()}, {"deploy/two.yaml": None})
    assert said(repository, RULE) == []
    report = repository.gitguard("ci", "--base", "HEAD~1", "--format", "json").report
    assert [item["rule"] for item in report["undetermined"] if item["rule"] == RULE] == [RULE]


def test_what_could_not_be_rendered_before_either_is_undetermined_where_it_changes(repository: Repository) -> None:
    remote = "resources: [one.yaml, two.yaml, 'https://example.com/remote.yaml']\n"
    before = {**DEPLOY, "deploy/kustomization.yaml": remote, "apps/web.yaml": app()}
    step(repository, before, {"deploy/kustomization.yaml": remote.replace("two.yaml, ", ""), "deploy/two.yaml": None})
    assert undetermined(repository, RULE) == ["what Application argocd/web deploys no more: it can't be rendered here"]
    step(repository, {}, {"readme.md": "x"})
    assert undetermined(repository, RULE) == []


def test_what_the_application_keeps_is_said_to_stay(repository: Repository) -> None:
    policy = {"automated": {"prune": True}, "syncOptions": ["Prune=false"]}
    step(repository, {**DEPLOY, "apps/web.yaml": app(syncPolicy=policy)}, {"deploy/two.yaml": None})
    (message,) = said(repository, RULE)
    assert "its syncOptions keep them" in message


def test_what_waits_for_somebodys_word_is_told(repository: Repository) -> None:
    kept = config_map("kept").replace("namespace: web}", "namespace: web, annotations: {argocd.argoproj.io/sync-options: Prune=confirm}}")
    step(repository, {**DEPLOY, "deploy/kept.yaml": kept, "apps/web.yaml": app()}, {"deploy/kept.yaml": None})
    assert len(said(repository, RULE)) == 1


def test_helms_keep_does_not_keep_it_from_being_pruned(repository: Repository) -> None:
    """To Argo CD it is Delete=false, which is about the deletion of the Application only (docs/user-guide/helm.md)."""
    kept = config_map("kept").replace("namespace: web}", "namespace: web, annotations: {helm.sh/resource-policy: keep}}")
    step(repository, {**DEPLOY, "deploy/kept.yaml": kept, "apps/web.yaml": app()}, {"deploy/kept.yaml": None})
    assert len(said(repository, RULE)) == 1


def test_an_objects_own_option_comes_before_its_applications(repository: Repository) -> None:
    policy = {"automated": {"prune": True}, "syncOptions": ["Prune=false"]}
    pruned = annotated(config_map("pruned"), "Prune=true")
    step(repository, {**DEPLOY, "deploy/p.yaml": pruned, "apps/web.yaml": app(syncPolicy=policy)}, {"deploy/p.yaml": None, "deploy/two.yaml": None})
    assert sorted(said(repository, RULE)) == [
        "Application `argocd/web` deploys no more, and its syncOptions keep them, with nobody to look after them: 1 object: ConfigMap web/two",
        "Application `argocd/web` deploys no more, and the next automated sync deletes them: 1 object: ConfigMap web/pruned",
    ]


def test_an_automated_sync_does_not_delete_all_that_there_is(repository: Repository) -> None:
    before = {**DEPLOY, "deploy/x.txt": "x", "deploy/claim.yaml": CLAIM, "apps/web.yaml": app(syncPolicy=PRUNING)}
    step(repository, before, {"deploy/one.yaml": None, "deploy/two.yaml": None, "deploy/claim.yaml": None})
    (message,) = said(repository, RULE)
    assert "and a sync that prunes deletes them (an automated one does not delete all that there is: allowEmpty)" in message
    assert levels(repository, RULE) == ["warning"]


STATEFUL_SET = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: data, namespace: web}
spec:
  serviceName: data
  selector: {matchLabels: {app: data}}
  template:
    metadata: {labels: {app: data}}
    spec: {containers: [{name: data, image: "r.example/data:1"}]}
"""
VOLUME = """\
apiVersion: v1
kind: PersistentVolume
metadata: {name: data}
spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /data}}
"""


@pytest.mark.parametrize(
    ("text", "policy", "level"),
    [
        (CLAIM, PRUNING, "error"),
        (CLAIM, {"automated": {}}, "warning"),
        (annotated(CLAIM, "Prune=confirm"), PRUNING, "warning"),
        ("apiVersion: v1\nkind: Namespace\nmetadata: {name: data}\n", PRUNING, "error"),
        (STATEFUL_SET, PRUNING, "warning"),
        (STATEFUL_SET + "  persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete}\n", PRUNING, "error"),
        (VOLUME, PRUNING, "warning"),
        (VOLUME.replace("spec: {", "spec: {persistentVolumeReclaimPolicy: Delete, "), PRUNING, "error"),
        ("apiVersion: v1\nkind: Secret\nmetadata: {name: data, namespace: web}\n", PRUNING, "error"),
        ("apiVersion: v1\nkind: Secret\nmetadata: {name: data, namespace: web}\ndata: {a: Yg==}\n", PRUNING, "warning"),
    ],
    ids=["claim", "by-hand", "confirmed", "namespace", "set", "set-with-claims", "volume", "volume-with-storage", "secret", "secret-in-git"],
)
def test_what_git_cannot_bring_back_is_an_error(repository: Repository, text: str, policy: dict[str, Any], level: str) -> None:
    step(repository, {**DEPLOY, "deploy/x.yaml": text, "apps/web.yaml": app(syncPolicy=policy)}, {"deploy/x.yaml": None})
    assert levels(repository, RULE) == [level]


CLUSTERS = "clusters: [{name: prod, server: 'https://prod.example:6443'}]\n"
SECRET = """\
apiVersion: v1
kind: Secret
metadata: {name: prod, namespace: argocd, labels: {argocd.argoproj.io/secret-type: cluster}}
stringData: {name: prod, server: "https://prod.example:6443/"}
"""
BY_SERVER = {"server": "https://prod.example:6443", "namespace": "web"}
BY_NAME = {"name": "prod", "namespace": "web"}


@pytest.mark.parametrize(("before", "after"), [(BY_SERVER, BY_NAME), (BY_NAME, BY_SERVER)])
@pytest.mark.parametrize("known", [{".gitguard.yaml": CONFIGURATION + CLUSTERS}, {"clusters/prod.yaml": SECRET}], ids=["configured", "secret"])
def test_a_cluster_by_server_and_by_name_is_one(repository: Repository, known: dict[str, str], before: dict[str, str], after: dict[str, str]) -> None:
    other = {"apps/other.yaml": app("other", path="other", destination=after), "other/x.yaml": config_map("x")}
    step(
        repository,
        {**DEPLOY, **known, **other, "apps/web.yaml": app(destination=before)},
        {"apps/web.yaml": app(destination=after), "deploy/two.yaml": None, "other/two.yaml": config_map("two")},
    )
    (message,) = said(repository, RULE)
    assert "deploys no more, and a sync that prunes deletes them: 1 object: ConfigMap web/two; 1 of them is deployed by argocd/other now" in message


def test_in_cluster_is_the_cluster_of_argo_cd(repository: Repository) -> None:
    step(repository, {**DEPLOY, "apps/web.yaml": app()}, {"apps/web.yaml": app(destination={"name": "in-cluster", "namespace": "web"})})
    assert said(repository, RULE) == []


def test_a_name_of_an_unknown_cluster_may_be_the_same_one(repository: Repository) -> None:
    step(repository, {**DEPLOY, "apps/web.yaml": app(destination=BY_SERVER)}, {"apps/web.yaml": app(destination=BY_NAME)})
    assert said(repository, RULE) == []
    assert undetermined(repository, RULE) == [
        "whether Application argocd/web goes to another cluster: its destination had a name and has a server, or the other way round"
    ]


@pytest.mark.parametrize("child", [app(), app_set("a"), app().replace("  namespace: argocd\n", "", 1)], ids=["application", "set", "no-namespace"])
def test_a_child_that_its_parent_prunes_is_told_once(repository: Repository, child: str) -> None:
    root = app("all", path="children", syncPolicy=PRUNING).replace("namespace: web", "namespace: argocd")
    before = {**DEPLOY, "root/all.yaml": root, "children/web.yaml": child, "children/b.yaml": app("b")}
    step(repository, before, {"children/web.yaml": None})
    assert said(repository, RULE) == []
    assert len(said(repository, "application-deleted")) == 1


def test_a_set_that_cannot_be_expanded_is_told_when_its_parent_prunes_it(repository: Repository) -> None:
    unknown = app_set("a").replace("- list:", "- scmProvider:").replace("    elements:", "    github: {organization: x}\n    more:")
    before = {**DEPLOY, "root/all.yaml": app("all", path="children", syncPolicy=PRUNING), "children/w.yaml": unknown, "children/b.yaml": app("b")}
    step(repository, before, {"children/w.yaml": None})
    (message,) = said(repository, RULE)
    assert "ApplicationSet argocd/webs" in message
    assert message.endswith("An ApplicationSet takes along what it has made, and that, unless it preserves resources, what it deploys")


def test_a_child_that_goes_to_another_parent_is_told(repository: Repository) -> None:
    """Its sync may prune it before the other one takes it over."""
    parents = {f"root/{name}.yaml": app(name, path=name, syncPolicy=PRUNING) for name in ("all", "more")}
    before = {**DEPLOY, **parents, "all/web.yaml": app(), "all/b.yaml": app("b"), "more/c.yaml": app("c")}
    step(repository, before, {"all/web.yaml": None, "more/web.yaml": app()})
    assert said(repository, "application-deleted") == []
    (message,) = said(repository, RULE)
    assert message.endswith(
        "1 object: Application argocd/web; 1 of them is deployed by argocd/more now: its sync takes it over, if first, else it is deleted and made anew"
        ". An Application with the resources-finalizer takes along what it deploys"
    )


def test_a_new_name_for_the_same_content_is_said(repository: Repository) -> None:
    whole = config_map("two") + "data: {a: '1', b: two, c: '3', d: '4'}\n"
    step(
        repository,
        {**DEPLOY, "deploy/two.yaml": whole, "apps/web.yaml": app(syncPolicy=PRUNING)},
        {"deploy/two.yaml": whole.replace("two", "shop").replace("'4'", "'5'")},
    )
    (message,) = said(repository, RULE)
    assert message.endswith("1 object: ConfigMap web/two. ConfigMap web/two is renamed to shop: the old one is deleted, the new one made anew")


def test_another_content_is_another_object(repository: Repository) -> None:
    whole = config_map("two") + "data: {a: '1', b: '2'}\n"
    step(
        repository, {**DEPLOY, "deploy/two.yaml": whole, "apps/web.yaml": app()}, {"deploy/two.yaml": config_map("new") + "data: {x: '9', y: '8'}\n"}
    )
    (message,) = said(repository, RULE)
    assert "renamed" not in message
