"""resources-pruned: which objects an Application deploys no more, and what becomes of them."""

from typing import Any

import pytest

from tests.conftest import Repository
from tests.rules.changes import said, step
from tests.rules.test_application_deleted import DEPLOY, app, config_map

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
    assert message.endswith("1 object: Namespace data. Data may be lost: Namespace")


@pytest.mark.parametrize(
    "annotation", ["argocd.argoproj.io/sync-options: Prune=false", "argocd.argoproj.io/hook: PreSync", "helm.sh/resource-policy: keep"]
)
def test_what_no_sync_prunes_is_silent(repository: Repository, annotation: str) -> None:
    kept = config_map("kept").replace("namespace: web}", f"namespace: web, annotations: {{{annotation}}}}}")
    step(repository, {**DEPLOY, "deploy/kept.yaml": kept, "apps/web.yaml": app()}, {"deploy/kept.yaml": None})
    assert said(repository, RULE) == []


def test_what_another_application_deploys_now_is_said(repository: Repository) -> None:
    before = {**DEPLOY, "other/x.yaml": config_map("x"), "apps/web.yaml": app(), "apps/other.yaml": app("other", path="other")}
    step(repository, before, {"deploy/two.yaml": None, "other/two.yaml": config_map("two")})
    (message,) = said(repository, RULE)
    assert message.endswith("1 object: ConfigMap web/two; 1 of them is deployed by argocd/other now")


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


def test_what_the_application_keeps_is_said_to_stay(repository: Repository) -> None:
    policy = {"automated": {"prune": True}, "syncOptions": ["Prune=false"]}
    step(repository, {**DEPLOY, "apps/web.yaml": app(syncPolicy=policy)}, {"deploy/two.yaml": None})
    (message,) = said(repository, RULE)
    assert "its syncOptions keep them" in message


def test_what_waits_for_somebodys_word_is_told(repository: Repository) -> None:
    kept = config_map("kept").replace("namespace: web}", "namespace: web, annotations: {argocd.argoproj.io/sync-options: Prune=confirm}}")
    step(repository, {**DEPLOY, "deploy/kept.yaml": kept, "apps/web.yaml": app()}, {"deploy/kept.yaml": None})
    assert len(said(repository, RULE)) == 1
