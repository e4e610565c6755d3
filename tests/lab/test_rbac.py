"""What gitguard's service account may at each level of `deploy/`, asked of a real API server by trying it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitguard.edges.cluster import Cluster, ClusterError
from gitguard.model.drift import ObjectKey
from tests.conftest import ROOT
from tests.lab.controlplane import ControlPlane, wait_for
from tests.lab.levels import DEPLOY, SAMPLES, Answer, Client, Sample, built, level, rules, with_component, writes
from tests.oracle import beds

pytestmark = [pytest.mark.testbed, pytest.mark.xdist_group("lab")]
GUARD = "gitguard only observes here"
# The API server asks no policy about these: a policy could forbid its own removal.
EXEMPT = ("admissionregistration.k8s.io",)
FORBIDDEN = 403
READING = {resource: group for resource, group, _ in rules(built(DEPLOY / "observe"), "gitguard-read")}
TRYING = [(resource, group) for resource, group, _ in rules(built(DEPLOY / "observe"), "gitguard-try")]
PUTTING_BACK = [(resource, group) for resource, group, _ in rules(built(DEPLOY / "enforce"), "gitguard-argocd", "gitguard-workloads")]
GUARDED = [kind for kind in SAMPLES if kind[1] not in EXEMPT]
POD = {
    "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "sample", "namespace": "shop"},
    "spec": {"containers": [{"name": "web", "image": "web"}], "automountServiceAccountToken": False},
}  # fmt: skip


@pytest.fixture(scope="module")
def stage(plane: ControlPlane) -> ControlPlane:
    """A control plane with Argo CD's kinds, an object of every kind, and a pod."""
    crds = beds.module(beds.LAB / "controllers", "github.com/argoproj/argo-cd/v3") / "manifests" / "crds"
    plane.kubectl(
        "apply",
        "--server-side",
        *(part for name in ("application", "appproject", "applicationset") for part in ("-f", str(crds / f"{name}-crd.yaml"))),
    )
    for kind in ("applications", "appprojects", "applicationsets"):
        wait_for(lambda kind=kind: kind in plane.kubectl("api-resources", "--api-group=argoproj.io", "--cached=false"), plane.apiserver, kind)
    plane.apply(*(Sample.of(*kind).manifest for kind in SAMPLES), POD)
    return plane


@pytest.fixture(scope="module")
def admin(stage: ControlPlane) -> Client:
    return Client(stage, "admin")


@pytest.fixture(scope="module")
def gitguard(stage: ControlPlane) -> Client:
    return Client(stage, "gitguard")


@pytest.fixture(scope="module")
def cluster(stage: ControlPlane) -> Cluster:
    """The edge by which gitguard itself speaks to the API server."""
    return Cluster.connect(stage.kubeconfig("gitguard"), "")


def guarded(plane: ControlPlane) -> bool:
    """Does the guard hold? A policy counts a moment after it was made; the same object again changes nothing."""
    client, sample = Client(plane, "gitguard"), Sample.of("configmaps", "", "probe")
    plane.apply(sample.manifest)
    live = Client(plane, "admin").live(sample)
    return client.send("PUT", sample.path, live).message.count(GUARD) == 1


def tried(cluster: Cluster, sample: Sample, live: Any) -> Any:
    """The dry run by which gitguard compares."""
    resource = cluster.resource(sample.group, live["kind"])
    assert resource
    return cluster.update(resource, live, dry_run=True)


def untouched(admin: Client, kinds: list[tuple[str, str]], before: dict[tuple[str, str], Any]) -> bool:
    """Is every object as it was, and is there no other?"""
    for kind in kinds:
        sample = Sample.of(*kind)
        assert admin.live(sample)["metadata"]["resourceVersion"] == before[kind]["metadata"]["resourceVersion"], kind
        assert admin.send("GET", Sample.of(*kind, "fresh").path).status == 404 or kind[0] == "customresourcedefinitions"
    return True


def secrets_of(client: Client, namespace: str) -> dict[str, int]:
    """How it answers to every way of reading the Secrets of a namespace."""
    collection = f"/api/v1/namespaces/{namespace}/secrets"
    asked = {"get": f"{collection}/sample", "list": collection, "watch": f"{collection}?watch=1&timeoutSeconds=1"}
    return {what: client.send("GET", path).status for what, path in asked.items()}


def can(plane: ControlPlane, namespace: str) -> dict[str, set[str]]:
    """What `kubectl auth can-i --list` says: resources, each with its verbs."""
    found: dict[str, set[str]] = {}
    for line in plane.kubectl("auth", "can-i", "--list", "--no-headers", "-n", namespace, user="gitguard").splitlines():
        resource = line.split()[0]
        if not resource.startswith(("[", "self")):
            found.setdefault(resource, set()).update(line.rpartition("[")[2].rstrip("]").split())
    return found


class TestObserve:
    @pytest.fixture(scope="class", autouse=True)
    def here(self, stage: ControlPlane) -> Iterator[None]:
        with level(stage, built(DEPLOY / "observe")):
            wait_for(lambda: guarded(stage), stage.apiserver, "the guard")
            yield

    def test_every_kind_is_read_and_watched(self, gitguard) -> None:
        for resource, group in READING.items():
            sample = Sample.of(resource, group)
            everywhere = (
                sample.collection
                if not sample.namespaced
                else sample.collection.replace(f"/namespaces/{sample.manifest['metadata']['namespace']}", "")
            )
            asked = (sample.path, everywhere, f"{everywhere}?watch=1&timeoutSeconds=1")
            assert [gitguard.send("GET", path).status for path in asked] == [200, 200, 200], resource

    @pytest.mark.parametrize("kind", TRYING, ids=lambda kind: kind[0])
    def test_what_git_says_is_tried(self, cluster, admin, kind) -> None:
        sample = Sample.of(*kind)
        live = admin.live(sample)
        wanted = {**live, "metadata": {**live["metadata"], "labels": {"tried": "1"}}}
        assert tried(cluster, sample, wanted)["metadata"]["labels"]["tried"] == "1"
        assert admin.live(sample) == live

    def test_nothing_that_can_be_written_is(self, gitguard, admin) -> None:
        kinds = list(SAMPLES)
        before = {kind: admin.live(Sample.of(*kind)) for kind in kinds}
        answers = {(kind[0], what): answer for kind in kinds for what, answer in writes(gitguard, Sample.of(*kind), before[kind])}
        assert {answer.status for answer in answers.values()} == {FORBIDDEN}
        assert untouched(admin, kinds, before)
        # What the role allows, the guard refuses, and nothing else does.
        refused = {resource for (resource, what), answer in answers.items() if GUARD in answer.message}
        assert refused == {resource for resource, _ in TRYING}
        assert {what.split()[0] for (_, what), answer in answers.items() if GUARD in answer.message} == {"PUT"}
        assert {"PUT deployments/scale", "PATCH deployments/status", "DELETE all deployments", "POST serviceaccounts/token"} <= {
            what for _, what in answers
        }

    @pytest.mark.parametrize(
        "query", ["", "?dryRun=", "?dryRun=None", "?dryRun=all", "?dryrun=All", "?dryRun=All&dryRun=None", "?dryRun=None&dryRun=All"]
    )
    def test_a_write_that_is_not_quite_a_dry_run_is_none(self, gitguard, admin, query) -> None:
        sample = Sample.of("configmaps", "")
        live = admin.live(sample)
        answer = gitguard.send("PUT", f"{sample.path}{query}", {**live, "data": {"a": "2"}})
        assert answer.status in (FORBIDDEN, 422, 400)
        assert admin.live(sample) == live

    def test_it_makes_nothing_by_replacing_what_is_not_there(self, gitguard, admin) -> None:
        for kind in TRYING:
            if kind[0] != "customresourcedefinitions":
                sample = Sample.of(*kind, "fresh")
                assert gitguard.send("PUT", sample.path, sample.manifest).status in (FORBIDDEN, 404)
                assert admin.send("GET", sample.path).status == 404

    def test_it_acts_as_nobody_else(self, gitguard, admin) -> None:
        sample = Sample.of("configmaps", "")
        live = admin.live(sample)
        for name in ("admin", "alice", "system:serviceaccount:shop:default"):
            assert gitguard.send("PUT", sample.path, live, **{"Impersonate-User": name}).status == FORBIDDEN
        assert gitguard.send("PUT", sample.path, live, **{"Impersonate-User": "x", "Impersonate-Group": "system:masters"}).status == FORBIDDEN

    def test_secrets_pods_and_tokens_are_nobodys_business(self, stage, gitguard) -> None:
        for namespace in ("argocd", "shop", "gitguard"):
            assert set(secrets_of(gitguard, namespace).values()) == {FORBIDDEN}
        assert gitguard.send("GET", "/api/v1/secrets").status == FORBIDDEN
        assert gitguard.send("GET", "/api/v1/namespaces/shop/pods/sample").status == FORBIDDEN
        for method in ("GET", "POST"):
            assert gitguard.send(method, "/api/v1/namespaces/shop/pods/sample/exec?command=id&container=web&stdout=1").status == FORBIDDEN

    def test_kubectl_lists_no_more_than_that(self, stage) -> None:
        allowed = can(stage, "shop")
        assert set().union(*allowed.values()) == {"get", "list", "watch", "update"}
        assert {name for name, verbs in allowed.items() if "update" in verbs} == {
            f"{resource}.{group}" if group else resource for resource, group in TRYING
        }
        assert "secrets" not in allowed
        assert set(can(stage, "argocd")) - set(allowed) == {"events"}

    def test_others_are_not_held_up(self, stage, admin) -> None:
        sample = Sample.of("configmaps", "", "others")
        stage.apply(sample.manifest, user="alice")
        live = admin.live(sample)
        assert Client(stage, "alice").send("PUT", sample.path, {**live, "data": {"a": "2"}}).status == 200
        assert Client(stage, "alice").send("DELETE", sample.path).status == 200


class TestTheGuardAlone:
    """The guard holds whatever the account is allowed: here it is an administrator."""

    @pytest.fixture(scope="class", autouse=True)
    def here(self, stage: ControlPlane) -> Iterator[None]:
        subjects = [{"kind": "ServiceAccount", "name": "gitguard", "namespace": "gitguard"}]
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
        api = "rbac.authorization.k8s.io/v1"
        everything = {"apiVersion": api, "kind": "ClusterRoleBinding", "metadata": {"name": "too-much"}, "roleRef": role, "subjects": subjects}
        with level(stage, [*built(DEPLOY / "observe"), everything]):
            wait_for(lambda: guarded(stage), stage.apiserver, "the guard")
            yield

    def test_nothing_that_can_be_written_is(self, gitguard, admin) -> None:
        before = {kind: admin.live(Sample.of(*kind)) for kind in GUARDED}
        answers = {what: answer for kind in GUARDED for what, answer in writes(gitguard, Sample.of(*kind), before[kind])}
        allowed = {
            what: (answer.status, answer.message) for what, answer in answers.items() if not (answer.status == FORBIDDEN and GUARD in answer.message)
        }
        assert allowed == {}
        assert untouched(admin, GUARDED, before)

    def test_all_of_it_may_be_tried(self, gitguard, admin) -> None:
        before = {kind: admin.live(Sample.of(*kind)) for kind in GUARDED}
        answers = {what: answer for kind in GUARDED for what, answer in writes(gitguard, Sample.of(*kind), before[kind], "?dryRun=All")}
        assert {what for what, answer in answers.items() if GUARD in answer.message} == set()
        assert answers["DELETE all deployments"].status == answers["PUT deployments/scale"].status == 200
        assert untouched(admin, GUARDED, before)

    @pytest.mark.parametrize("below", ["exec?command=id&container=web&stdout=1", "attach?container=web&stdout=1", "portforward?ports=80", "proxy/"])
    def test_there_is_no_way_into_a_pod(self, gitguard, below) -> None:
        for method in ("GET", "POST"):
            answer = gitguard.send(method, f"/api/v1/namespaces/shop/pods/sample/{below}")
            assert (answer.status, GUARD in answer.message) == (FORBIDDEN, True)

    def test_no_pod_is_evicted_or_bound(self, gitguard) -> None:
        metadata = {"name": "sample", "namespace": "shop"}
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": metadata, "target": {"apiVersion": "v1", "kind": "Node", "name": "x"}}
        for below, body in (("eviction", eviction), ("binding", binding)):
            answer = gitguard.send("POST", f"/api/v1/namespaces/shop/pods/sample/{below}", body)
            assert (answer.status, GUARD in answer.message) == (FORBIDDEN, True)

    def test_of_the_guard_itself_it_can_not_keep_it(self, gitguard, admin) -> None:
        # Why no level allows to write policies: the API server asks none about them.
        sample = Sample.of("validatingadmissionpolicies", "admissionregistration.k8s.io")
        live = admin.live(sample)
        assert gitguard.send("PUT", sample.path, {**live, "metadata": {**live["metadata"], "labels": {"written": "1"}}}).status == 200
        for name in ("base", "observe", "observe-readonly", "enforce"):
            written = [(group, verbs) for _, group, verbs in rules(built(DEPLOY / name)) if not set(verbs) <= {"get", "list", "watch"}]
            assert [group for group, _ in written if group in EXEMPT] == []


class TestObserveReadonly:
    @pytest.fixture(scope="class", autouse=True)
    def here(self, stage: ControlPlane) -> Iterator[None]:
        with level(stage, built(DEPLOY / "observe-readonly")):
            yield

    def test_everything_is_read_and_nothing_tried(self, cluster, gitguard, admin) -> None:
        for resource, group in READING.items():
            sample = Sample.of(resource, group)
            live = gitguard.live(sample)
            with pytest.raises(ClusterError) as refused:
                tried(cluster, sample, live)
            assert (refused.value.status, ObjectKey.of(live).name) == (FORBIDDEN, sample.manifest["metadata"]["name"])

    def test_nothing_that_can_be_written_is(self, gitguard, admin) -> None:
        before = {kind: admin.live(Sample.of(*kind)) for kind in SAMPLES}
        answers = [answer for kind in SAMPLES for _, answer in writes(gitguard, Sample.of(*kind), before[kind])]
        assert {answer.status for answer in answers} == {FORBIDDEN}
        assert untouched(admin, list(SAMPLES), before)

    def test_kubectl_lists_nothing_but_reading(self, stage) -> None:
        assert set().union(*can(stage, "argocd").values()) == {"get", "list", "watch"}


class TestEnforce:
    @pytest.fixture(scope="class", autouse=True)
    def here(self, stage: ControlPlane) -> Iterator[None]:
        with level(stage, built(DEPLOY / "enforce")):
            yield

    @pytest.mark.parametrize("kind", PUTTING_BACK, ids=lambda kind: kind[0])
    def test_gits_word_is_put_back(self, cluster, gitguard, admin, kind) -> None:
        namespace = "argocd" if kind[0] == "configmaps" else ""
        sample = Sample.of(*kind, "back", namespace)
        resource = cluster.resource(sample.group, sample.manifest["kind"])
        assert resource
        made = cluster.create(resource, sample.manifest)
        changed = cluster.update(resource, {**made, "metadata": {**made["metadata"], "labels": {"back": "1"}}})
        assert changed["metadata"]["labels"]["back"] == "1"
        # No more than that: it goes on by whole objects, and takes none away.
        assert gitguard.patch(sample.path, {"metadata": {"labels": {"back": "2"}}}).status == FORBIDDEN
        assert gitguard.send("DELETE", sample.path).status == FORBIDDEN
        assert gitguard.send("DELETE", sample.collection).status == FORBIDDEN
        assert admin.live(sample)["metadata"]["labels"]["back"] == "1"
        assert admin.send("DELETE", sample.path).status == 200

    def test_nothing_else_is_written(self, gitguard, admin) -> None:
        allowed = set(PUTTING_BACK) - {
            ("configmaps", ""),
            ("applications", "argoproj.io"),
            ("applicationsets", "argoproj.io"),
            ("appprojects", "argoproj.io"),
        }
        kinds = [kind for kind in SAMPLES if kind not in allowed and Sample.of(*kind).manifest["metadata"].get("namespace") != "argocd"]
        before = {kind: admin.live(Sample.of(*kind)) for kind in kinds}
        answers = [answer for kind in kinds for _, answer in writes(gitguard, Sample.of(*kind), before[kind])]
        assert {answer.status for answer in answers} == {FORBIDDEN}
        assert untouched(admin, kinds, before)
        # Argo CD's own objects, elsewhere than in its namespace.
        for kind in (("applications", "argoproj.io"), ("appprojects", "argoproj.io")):
            sample = Sample.of(*kind, namespace="shop")
            assert gitguard.send("POST", sample.collection, sample.manifest).status == FORBIDDEN

    def test_of_what_it_writes_nothing_below_is_written(self, gitguard, admin) -> None:
        before = {kind: admin.live(Sample.of(*kind)) for kind in PUTTING_BACK}
        answers = {what: answer.status for kind in PUTTING_BACK for what, answer in writes(gitguard, Sample.of(*kind), before[kind], only_below=True)}
        assert set(answers.values()) == {FORBIDDEN}
        assert {"PUT deployments/scale", "PATCH deployments/status", "PUT services/status"} <= set(answers)
        assert untouched(admin, PUTTING_BACK, before)

    def test_secrets_pods_tokens_and_other_peoples_rights_stay_closed(self, gitguard) -> None:
        for namespace in ("argocd", "shop", "gitguard"):
            assert set(secrets_of(gitguard, namespace).values()) == {FORBIDDEN}
        for method in ("GET", "POST"):
            assert gitguard.send(method, "/api/v1/namespaces/shop/pods/sample/exec?command=id&container=web&stdout=1").status == FORBIDDEN
        token = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        assert gitguard.send("POST", "/api/v1/namespaces/shop/serviceaccounts/sample/token", token).status == FORBIDDEN
        assert gitguard.send("GET", "/api/v1/namespaces/shop/configmaps", **{"Impersonate-User": "admin"}).status == FORBIDDEN

    def test_it_does_not_give_itself_rights(self, stage, gitguard) -> None:
        api = "/apis/rbac.authorization.k8s.io/v1"
        everything = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
        for resource, name in (
            ("clusterroles", "gitguard-workloads"),
            ("clusterroles", "gitguard-read"),
            ("namespaces/argocd/roles", "gitguard-argocd"),
        ):
            own = gitguard.send("GET", f"{api}/{resource}/{name}").body
            assert gitguard.send("PUT", f"{api}/{resource}/{name}", {**own, "rules": everything}).status == FORBIDDEN
        for verb in ("escalate", "bind"):
            with pytest.raises(AssertionError):
                stage.kubectl("auth", "can-i", verb, "clusterroles.rbac.authorization.k8s.io", user="gitguard")

    def test_kubectl_lists_no_more_than_that(self, stage) -> None:
        assert set().union(*can(stage, "argocd").values(), *can(stage, "shop").values()) == {"get", "list", "watch", "update", "create"}


def test_the_api_server_takes_the_pod_as_restricted(stage: ControlPlane, admin: Client) -> None:
    manifests = built(DEPLOY / "base")
    stage.apply(*manifests)
    (deployment,) = [manifest for manifest in manifests if manifest["kind"] == "Deployment"]
    template = deployment["spec"]["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", **template, "metadata": {**template["metadata"], "name": "restricted", "namespace": "gitguard"}}
    path = "/api/v1/namespaces/gitguard/pods?dryRun=All&fieldValidation=Strict"
    assert admin.send("POST", path, pod).status == 201
    pod["spec"] = {**pod["spec"], "securityContext": {}}
    refused = admin.send("POST", path, pod)
    assert (refused.status, 'violates PodSecurity "restricted' in refused.message) == (FORBIDDEN, True)


def test_what_is_left_of_observing_holds_until_it_is_taken_away(stage: ControlPlane, gitguard: Client, admin: Client) -> None:
    (command,) = re.findall(r"^\$ kubectl (delete .*)$", (ROOT / "docs" / "deploy.md").read_text(), re.MULTILINE)
    sample = Sample.of("deployments", "apps")

    def put() -> Answer:
        live = admin.live(sample)
        return gitguard.send("PUT", sample.path, {**live, "metadata": {**live["metadata"], "labels": {"put": "back"}}})

    nothing = can(stage, "argocd")
    with level(stage, built(DEPLOY / "observe")):
        wait_for(lambda: guarded(stage), stage.apiserver, "the guard")
        stage.apply(*built(DEPLOY / "enforce"))
        wait_for(
            lambda: gitguard.send("POST", f"{sample.collection}?dryRun=All", Sample.of("deployments", "apps", "fresh").manifest).status == 201,
            stage.apiserver,
            "the new roles",
        )
        assert (put().status, GUARD in put().message) == (FORBIDDEN, True)
        stage.kubectl(*command.split())
        wait_for(lambda: can(stage, "argocd") == nothing, stage.apiserver, "the end of all rights")
        with level(stage, built(DEPLOY / "enforce")):
            wait_for(lambda: put().status == 200, stage.apiserver, "the end of the guard")


def test_deleting_is_for_who_asks_for_it(stage: ControlPlane, gitguard: Client, tmp_path: Path) -> None:
    manifests = built(with_component("enforce", "delete", tmp_path / "mine"))
    deleting = [(resource, group) for resource, group, verbs in rules(manifests) if "delete" in verbs]
    assert set(deleting) == set(PUTTING_BACK) - {("configmaps", "")}
    with level(stage, manifests):
        for kind in deleting:
            sample = Sample.of(*kind, "extra")
            stage.apply(sample.manifest)
            assert gitguard.send("DELETE", sample.path).status == 200, kind
            assert gitguard.send("DELETE", sample.collection).status == FORBIDDEN, kind


def test_the_secrets_of_clusters_are_for_who_asks_for_them(stage: ControlPlane, gitguard: Client, tmp_path: Path) -> None:
    with level(stage, built(with_component("observe", "clusters", tmp_path / "mine"))):
        wait_for(lambda: guarded(stage), stage.apiserver, "the guard")
        assert secrets_of(gitguard, "argocd") == {"get": 200, "list": 200, "watch": FORBIDDEN}
        assert set(secrets_of(gitguard, "shop").values()) == {FORBIDDEN}
        assert gitguard.send("GET", "/api/v1/secrets").status == FORBIDDEN
        sample = Sample.of("secrets", "")
        assert {answer.status for _, answer in writes(gitguard, sample, Client(stage, "admin").live(sample))} == {FORBIDDEN}
