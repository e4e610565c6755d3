"""What git wants of a cluster, from real repositories: which objects, by which commit, and what is left out and why."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from gitguard.commands.desiring import Desiring
from gitguard.commands.options import Options
from gitguard.edges.checkout import Checkout
from gitguard.model.argo import Cluster
from gitguard.model.desired import Desired, Synced, Watched
from gitguard.model.drift import ObjectKey
from gitguard.model.errors import RepositoryError
from tests.conftest import Repository
from tests.serving import chart, chart_repository

HERE, THERE = "https://prod.example:6443", "https://staging.example:6443"
WATCHED = Watched(frozenset({"prod"}), frozenset({HERE}), (Cluster(HERE, "prod"), Cluster(THERE, "staging")))
URL = "https://git.example/team/config"
CONFIG = f'repository: {{urls: ["{URL}"]}}\n'
SETTINGS = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {mode: prod}\n"
PROJECT = "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: web, namespace: argocd}\nspec: {sourceRepos: ['*']}\n"
Make = Callable[..., Desiring]


def application(name: str = "web", path: str = "web", *, server: str = HERE, namespace: str = "shop", url: str = URL, **spec: Any) -> str:
    source = {"repoURL": url, "path": path, "targetRevision": "main", **spec.pop("source", {})}
    value = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": {"project": "default", "source": source, "destination": {"server": server, "namespace": namespace}, **spec},
    }
    return json.dumps(value)


def keys(desired: Desired) -> list[str]:
    return sorted(f"{key.kind} {key.namespace}/{key.name}" for key in desired.objects)


def reasons(desired: Desired) -> dict[str, str]:
    return dict(desired.left_out)


@pytest.fixture
def desiring(repository: Repository, tmp_path: Path) -> Iterator[Make]:
    """A function that makes the one of the repository, as it is then; caches are those of the repository's user."""
    made: list[Desiring] = []

    def make(watched: Watched = WATCHED, others: Sequence[Checkout] = ()) -> Desiring:
        clone = Checkout(str(repository.path), "main", tmp_path / "clone", repository.environment)
        clone.refresh()
        made.append(Desiring(clone, Options(repository.environment), watched, others))
        return made[-1]

    yield make
    for one in made:
        one.close()


def config_map(name: str) -> ObjectKey:
    return ObjectKey("", "ConfigMap", "shop", name)


# Argo CD's own objects


def test_argo_cds_objects_are_those_of_the_commit(repository: Repository, desiring: Make) -> None:
    settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-rbac-cm, namespace: argocd}\ndata: {policy.default: ''}\n"
    first = repository.commit(
        {".gitguard.yaml": CONFIG, "argocd/all.yaml": f"{PROJECT}---\n{settings}", "argocd/web.json": application(), "web/a.yaml": SETTINGS}
    )
    second = repository.commit({"argocd/all.yaml": PROJECT.replace("web", "other")})
    one = desiring()
    assert keys(one.desired_at(first)) == ["AppProject argocd/web", "Application argocd/web", "ConfigMap argocd/argocd-rbac-cm"]
    assert keys(one.desired_at(second)) == ["AppProject argocd/other", "Application argocd/web"]
    wanted = one.desired_at(first).objects[ObjectKey("argoproj.io", "AppProject", "argocd", "web")]
    assert (wanted.origin, wanted.commit, wanted.control_plane, wanted.application) == ("argocd/all.yaml", first, True, "")
    assert wanted.manifest["spec"] == {"sourceRepos": ["*"]}
    assert one.desired_at(first).complete


def test_what_a_parent_application_and_a_kustomization_make_of_them_counts(repository: Repository, desiring: Make) -> None:
    kustomization = "resources: [project.yaml]\nnamespace: argocd\nlabels: [{pairs: {team: web}}]\n"
    files = {
        ".gitguard.yaml": CONFIG,
        "root.json": application(
            "root", "apps", namespace="argocd", ignoreDifferences=[{"group": "argoproj.io", "kind": "*", "jsonPointers": ["/spec/a"]}]
        ),
        "apps/kustomization.yaml": kustomization,
        "apps/project.yaml": PROJECT,
        "hand/kustomization.yaml": kustomization.replace("project.yaml", "cm.yaml"),
        "hand/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm}\ndata: {a: b}\n",
        "unused/overlay/project.yaml": "kind: Nothing\n",
    }
    commit = repository.commit(files)
    desired = desiring().desired_at(commit)
    assert keys(desired) == ["AppProject argocd/web", "Application argocd/root", "ConfigMap argocd/argocd-cm"]
    project = desired.objects[ObjectKey("argoproj.io", "AppProject", "argocd", "web")]
    assert (project.made_by, project.origin, project.manifest["metadata"]["labels"]) == (
        "Application argocd/root",
        "apps/project.yaml",
        {"team": "web"},
    )
    assert [named.text for named in project.care.fields] == ["/spec/a"]
    settings = desired.objects[ObjectKey("", "ConfigMap", "argocd", "argocd-cm")]
    assert (settings.made_by, settings.manifest["metadata"]["labels"]) == ("hand", {"team": "web"})


def test_what_an_application_set_keeps_is_wanted_and_what_it_only_creates_is_not(repository: Repository, desiring: Make) -> None:
    def made(name: str, policy: str) -> str:
        generator = f'{{"list": {{"elements": [{{"name": "{name}-a"}}]}}}}'
        template = application("{{name}}", "web").replace('"namespace": "argocd"', '"labels": {}')
        return (
            f'{{"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": {{"name": "{name}", "namespace": "argocd"}}, '
            f'"spec": {{"syncPolicy": {policy}, "ignoreApplicationDifferences": [{{"jsonPointers": ["/spec/source/targetRevision"]}}], '
            f'"generators": [{generator}], "template": {template}}}}}'
        )

    commit = repository.commit(
        {
            ".gitguard.yaml": CONFIG,
            "kept.json": made("kept", "{}"),
            "made.json": made("made", '{"applicationsSync": "create-only"}'),
            "web/a.yaml": SETTINGS,
        }
    )
    one = desiring()
    desired = one.desired_at(commit)
    assert keys(desired) == ["Application argocd/kept-a", "ApplicationSet argocd/kept", "ApplicationSet argocd/made"]
    assert reasons(desired) == {"Application argocd/made-a": "its ApplicationSet only creates it"}
    generated = desired.objects[ObjectKey("argoproj.io", "Application", "argocd", "kept-a")]
    assert (generated.made_by, [named.text for named in generated.care.fields]) == ("ApplicationSet argocd/kept", ["/spec/source/targetRevision"])
    assert keys(one.desired_of("argocd/made-a", [commit], commit)) == ["ConfigMap shop/settings"]


def test_other_environments_and_other_namespaces_are_left_out_with_the_reason(repository: Repository, desiring: Make) -> None:
    environments = (
        "environments: {prod: {paths: [prod], clusters: [prod]}, staging: {paths: [staging], clusters: [elsewhere]}, dev: {paths: [dev]}}\n"
    )
    files = {f"{name}/project.yaml": PROJECT.replace("web", name) for name in ("prod", "staging", "dev")}
    other = PROJECT.replace("namespace: argocd", "namespace: other")
    commit = repository.commit({".gitguard.yaml": CONFIG + environments, **files, "other.yaml": other})
    desired = desiring().desired_at(commit)
    assert keys(desired) == ["AppProject argocd/prod"]
    assert reasons(desired) == {
        "AppProject argocd/staging": "it belongs to the environment staging, which is not this cluster's",
        "AppProject argocd/dev": "it belongs to the environment dev, of which the configuration names no clusters",
        "AppProject other/web": "the Argo CD of this cluster does not look into the namespace other",
    }


def test_two_words_for_one_object_are_none(repository: Repository, desiring: Make) -> None:
    commit = repository.commit(
        {
            "prod/p.yaml": PROJECT,
            "dev/p.yaml": PROJECT.replace("'*'", "b"),
            "a.yaml": PROJECT.replace("web", "x"),
            "b.yaml": PROJECT.replace("web", "x"),
        }
    )
    desired = desiring().desired_at(commit)
    assert keys(desired) == ["AppProject argocd/x"]
    assert reasons(desired) == {"AppProject argocd/web": "it is declared 2 times, and not alike: dev/p.yaml, prod/p.yaml"}


def test_where_argo_cd_does_not_run_none_of_its_objects_are_wanted(repository: Repository, desiring: Make) -> None:
    commit = repository.commit({".gitguard.yaml": CONFIG, "p.yaml": PROJECT, "app.json": application(), "web/a.yaml": SETTINGS})
    one = desiring(WATCHED._replace(control_plane=False))
    assert one.desired_at(commit).objects == {}
    assert keys(one.desired_of("argocd/web", [commit], commit)) == ["ConfigMap shop/settings"]


# What Applications deploy


def test_an_application_wants_what_it_made_at_the_synced_revision(repository: Repository, desiring: Make) -> None:
    first = repository.commit({".gitguard.yaml": CONFIG, "app.json": application(), "web/a.yaml": SETTINGS})
    second = repository.commit({"web/a.yaml": SETTINGS.replace("prod", "test")})
    one = desiring()
    for revision, mode in ((first, "prod"), (second, "test")):
        wanted = one.desired_of("argocd/web", [revision], second).objects[config_map("settings")]
        assert (wanted.manifest["data"], wanted.commit, wanted.origin, wanted.application) == ({"mode": mode}, revision, "web/a.yaml", "argocd/web")
    assert one.desired_of("argocd/web", [first], second) is one.desired_of("argocd/web", [first], second)
    synced = Synced((first,), ())
    assert [version and version["data"] for version in one.versions_of("argocd/web", config_map("settings"), synced, second)] == [{"mode": "test"}]
    assert [version and version["data"] for version in one.versions_of("argocd/web", config_map("new"), Synced((second,), (first,)), second)] == [
        None
    ]


def test_an_application_that_was_another_one_then_has_both_versions(repository: Repository, desiring: Make) -> None:
    first = repository.commit(
        {".gitguard.yaml": CONFIG, "app.json": application(), "web/a.yaml": SETTINGS, "new/a.yaml": SETTINGS.replace("prod", "new")}
    )
    second = repository.commit({"app.json": application(path="new")})
    versions = desiring().versions_of("argocd/web", config_map("settings"), Synced((second,), (first,)), second)
    assert [version and version["data"]["mode"] for version in versions] == ["new", "prod"]


@pytest.mark.parametrize(
    ("app", "reason"),
    [
        (application(server=THERE), "it deploys to another cluster, staging"),
        (application(server="https://nobody.example"), "no cluster with the server https://nobody.example is known"),
        (application(url="https://git.example/elsewhere"), "not all of its sources are in one repository that is followed here"),
        (application(path="absent"), "it can't be rendered: absent: app path does not exist"),
        (application(sourceHydrator={"drySource": {"repoURL": URL, "path": "web"}}), "its manifests are hydrated to a branch of their own"),
        (application(name="other"), "git does not declare it"),
    ],
)
def test_an_application_that_says_nothing_of_this_cluster_is_left_out(repository: Repository, desiring: Make, app: str, reason: str) -> None:
    commit = repository.commit({".gitguard.yaml": CONFIG, "app.json": app, "web/a.yaml": SETTINGS})
    desired = desiring().desired_of("argocd/web", [commit], commit)
    assert (desired.objects, reasons(desired), desired.complete) == ({}, {"Application argocd/web": reason}, False)


def test_a_revision_that_is_not_on_the_history_is_nobodys_word(repository: Repository, desiring: Make) -> None:
    commit = repository.commit({".gitguard.yaml": CONFIG, "app.json": application(), "web/a.yaml": SETTINGS})
    repository.git("switch", "-q", "-c", "side")
    side = repository.commit({"web/a.yaml": SETTINGS.replace("prod", "evil")})
    repository.git("switch", "-q", "main")
    one = desiring()
    assert "is not on the history of main" in reasons(one.desired_of("argocd/web", [side], commit))["Application argocd/web"]
    assert "is not on the history of main" in reasons(one.desired_of("argocd/web", ["main"], commit))["Application argocd/web"]
    assert reasons(one.desired_of("argocd/web", [], commit)) == {"Application argocd/web": "Argo CD has not synced it yet"}
    assert list(one.versions_of("argocd/web", config_map("settings"), Synced((side,), (side,)), commit)) == []


def test_hooks_are_not_wanted_and_known(repository: Repository, desiring: Make) -> None:
    def job(name: str, annotation: str) -> str:
        return f"apiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}, annotations: {{{annotation}}}}}\n---\n"

    hooks = job("a", "argocd.argoproj.io/hook: PreSync") + job("b", "helm.sh/hook: post-install") + job("c", "argocd.argoproj.io/hook: Skip")
    commit = repository.commit(
        {".gitguard.yaml": CONFIG, "app.json": application(), "web/a.yaml": hooks + job("d", "helm.sh/hook: crd-install") + SETTINGS}
    )
    desired = desiring().desired_of("argocd/web", [commit], commit)
    assert keys(desired) == ["ConfigMap shop/settings", "Job shop/d"]
    assert sorted(key.name for key in desired.hooks) == ["a", "b", "c"]


def test_what_git_asks_argo_cd_to_leave_alone_comes_with_the_object(repository: Repository, desiring: Make) -> None:
    options = "argocd.argoproj.io/sync-options: 'Prune=false, Replace=true', argocd.argoproj.io/compare-options: IgnoreExtraneous, argocd.argoproj.io/sync-wave: '-3'"
    app = application(
        syncPolicy={"automated": {"selfHeal": True}, "syncOptions": ["ServerSideApply=true", "Delete=false"]},
        ignoreDifferences=[
            {"kind": "ConfigMap", "jsonPointers": ["/data/mode"], "managedFieldsManagers": ["kube-controller-manager"]},
            {"kind": "ConfigMap", "name": "settings", "jqPathExpressions": ['.data["a.b"]', ".data | keys"]},
            {"kind": "Secret", "jsonPointers": ["/data"]},
        ],
    )
    customized = (
        "data: {'resource.customizations.ignoreDifferences.all': 'jsonPointers: [/metadata/labels/x]', application.resourceTrackingMethod: label}\n"
    )
    commit = repository.commit(
        {
            ".gitguard.yaml": CONFIG,
            "app.json": app,
            "manual.json": application("manual", "other"),
            "argocd-cm.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: argocd-cm, namespace: argocd}}\n{customized}",
            "web/a.yaml": SETTINGS.replace("{name: settings}", f"{{name: settings, annotations: {{{options}}}}}"),
            "other/b.yaml": SETTINGS.replace("settings", "plain"),
        }
    )
    one = desiring()
    care = one.desired_of("argocd/web", [commit], commit).objects[config_map("settings")].care
    assert (care.automated, care.self_heal, care.prune, care.delete, care.replace, care.server_side_apply) == (True, True, False, False, True, True)
    assert (care.wave, care.extraneous, care.managers, care.undecided) == (-3, True, ("kube-controller-manager",), (".data | keys",))
    texts = ["/data/mode", '.data["a.b"]', "/metadata/labels/x", "/metadata/labels/app.kubernetes.io~1instance"]
    assert [named.text for named in care.fields] == texts
    other = one.desired_of("argocd/manual", [commit], commit).objects[config_map("plain")].care
    assert (other.automated, other.self_heal, other.prune, [named.text for named in other.fields]) == (False, False, True, texts[2:])


def test_sync_windows_are_those_of_git(repository: Repository, desiring: Make) -> None:
    project = PROJECT.replace(
        "spec: {", "spec: {syncWindows: [{kind: deny, schedule: '0 3 * * *', duration: 1h, applications: ['*'], manualSync: true}], "
    )
    commit = repository.commit(
        {".gitguard.yaml": CONFIG, "p.yaml": project, "app.json": application(project="web"), "free.json": application("free")}
    )
    one = desiring()
    night, day = (86_400 * 20_000 + 3 * 3600 + 60) * 10**9, (86_400 * 20_000 + 9 * 3600) * 10**9
    assert [one.may_sync("argocd/web", commit, now).permitted for now in (night, day)] == [False, True]
    assert one.may_sync("argocd/web", commit, night, manual=True).permitted
    assert one.may_sync("argocd/free", commit, night).permitted
    assert one.may_sync("argocd/absent", commit, night).permitted is None


def test_values_of_secrets_are_there_and_nowhere_on_the_disk(repository: Repository, desiring: Make) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {password: hunter2-of-the-test}\n"
    deployment = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: "
        "[{name: a, env: [{name: DB_PASSWORD, value: hunter2-of-the-test}]}]}}}\n"
    )
    commit = repository.commit({".gitguard.yaml": CONFIG, "app.json": application(), "web/a.yaml": f"{secret}---\n{deployment}"})
    repository.check()
    for _ in range(2):
        one = desiring()
        desired = one.desired_of("argocd/web", [commit], commit)
        assert desired.objects[ObjectKey("", "Secret", "shop", "login")].manifest["stringData"] == {"password": "hunter2-of-the-test"}
        (container,) = desired.objects[ObjectKey("apps", "Deployment", "shop", "web")].manifest["spec"]["template"]["spec"]["containers"]
        assert container["env"][0]["value"] == "hunter2-of-the-test"
        assert "hunter2-of-the-test" not in repr(desired)
        one.close()
    cache = Path(repository.environment["XDG_CACHE_HOME"])
    assert not [file for file in cache.rglob("*") if file.is_file() and b"hunter2-of-the-test" in file.read_bytes()]


def test_what_a_chart_makes_anew_each_time_is_not_compared(repository: Repository, desiring: Make) -> None:
    chart = {
        "web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
        "web/templates/a.yaml": 'apiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {password: "{{ randAlphaNum 16 }}"}\n',
        "web/templates/b.yaml": SETTINGS.replace("prod", '"{{ .Release.Name }}"'),
    }
    commit = repository.commit({".gitguard.yaml": CONFIG, "app.json": application(), **chart})
    desired = desiring().desired_of("argocd/web", [commit], commit)
    assert keys(desired) == ["ConfigMap shop/settings"]
    assert reasons(desired) == {"Secret shop/login of Application argocd/web": "its chart makes something else of it each time"}


def test_tools_are_told_the_revision_and_the_version_of_the_cluster(repository: Repository, desiring: Make) -> None:
    chart = {
        "web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
        "web/templates/a.yaml": SETTINGS.replace(
            "prod", '"{{ .Values.revision }} {{ .Capabilities.KubeVersion.Version }} {{ .Capabilities.APIVersions.Has "a.b/v1" }}"'
        ),
    }
    app = application(source={"helm": {"parameters": [{"name": "revision", "value": "$ARGOCD_APP_REVISION"}]}})
    commit = repository.commit({".gitguard.yaml": CONFIG, "app.json": app, **chart})
    told = desiring(WATCHED._replace(version="v1.30.5", api_versions=("v1", "a.b/v1"))).desired_of("argocd/web", [commit], commit)
    assert told.objects[config_map("settings")].manifest["data"] == {"mode": f"{commit} v1.30.5 true"}
    untold = desiring().desired_of("argocd/web", [commit], commit)
    assert re.match("the chart asks which API versions", reasons(untold)["Application argocd/web"])


def test_kinds_that_only_the_cluster_knows_get_their_namespace_from_it(repository: Repository, desiring: Make) -> None:
    commit = repository.commit(
        {".gitguard.yaml": CONFIG, "app.json": application(), "web/a.yaml": "apiVersion: a.example/v1\nkind: Thing\nmetadata: {name: x}\n"}
    )
    assert reasons(desiring().desired_of("argocd/web", [commit], commit)) == {
        "Thing x of Application argocd/web": "nobody knows whether its kind is namespaced"
    }
    for namespaced, key in ((True, "Thing shop/x"), (False, "Thing /x")):
        one = desiring(WATCHED._replace(kinds={("a.example", "Thing"): namespaced}))
        assert keys(one.desired_of("argocd/web", [commit], commit)) == [key]


def test_another_repository_that_is_followed_counts_by_its_own_history(
    repository: Repository, desiring: Make, new_repository: Callable[[str], Repository], tmp_path: Path
) -> None:
    other = new_repository("other")
    theirs = other.commit({"web/a.yaml": SETTINGS})
    clone = Checkout(str(other.path), "main", tmp_path / "other-clone", other.environment)
    clone.refresh()
    commit = repository.commit({".gitguard.yaml": CONFIG, "app.json": application(url=f"file://{other.path}")})
    one = desiring(others=[clone])
    assert keys(one.desired_of("argocd/web", [theirs], commit)) == ["ConfigMap shop/settings"]
    assert "is not on the history" in reasons(one.desired_of("argocd/web", [commit], commit))["Application argocd/web"]


def test_sources_of_one_application_are_taken_together(repository: Repository, desiring: Make) -> None:
    sources = [{"repoURL": URL, "path": "web"}, {"repoURL": URL, "path": "more"}]
    app = json.loads(application())
    app["spec"] = {**{key: value for key, value in app["spec"].items() if key != "source"}, "sources": sources}
    first = repository.commit(
        {".gitguard.yaml": CONFIG, "app.json": json.dumps(app), "web/a.yaml": SETTINGS, "more/b.yaml": SETTINGS.replace("prod", "last")}
    )
    second = repository.commit({"x.txt": ""})
    one = desiring()
    assert one.desired_of("argocd/web", [second, second], second).objects[config_map("settings")].manifest["data"] == {"mode": "last"}
    assert reasons(one.desired_of("argocd/web", [first, second], second)) == {"Application argocd/web": "its sources were not synced at one revision"}


def test_a_chart_of_a_chart_repository_counts_where_git_names_its_version(repository: Repository, desiring: Make, serve: Callable[..., Any]) -> None:
    made = chart("web", "1.2.3", {"templates/a.yaml": SETTINGS.replace("prod", '"{{ .Values.mode }}"')})
    url = serve(chart_repository(made)).url

    def app(version: str) -> str:
        value = json.loads(application())
        del value["spec"]["source"]
        of_chart = {"repoURL": url, "chart": "web", "targetRevision": version, "helm": {"valueFiles": ["$config/values/web.yaml"]}}
        value["spec"]["sources"] = [of_chart, {"repoURL": URL, "ref": "config", "targetRevision": "main"}]
        return json.dumps(value)

    first = repository.commit({".gitguard.yaml": f"{CONFIG}render: always\n", "app.json": app("1.2.3"), "values/web.yaml": "mode: lent\n"})
    second = repository.commit({"values/web.yaml": "mode: later\n"})
    third = repository.commit({"app.json": app("1.x")})
    one = desiring()
    for revision, mode in ((first, "lent"), (second, "later")):
        wanted = one.desired_of("argocd/web", ["1.2.3", revision], second)
        assert wanted.objects[config_map("settings")].manifest["data"] == {"mode": mode}
    versions = one.versions_of("argocd/web", config_map("settings"), Synced(("1.2.3", first)), second)
    assert [version and version["data"]["mode"] for version in versions] == ["later", "later"]
    assert "is not on the history" in reasons(one.desired_of("argocd/web", ["1.2.3", "0" * 40], second))["Application argocd/web"]
    other = reasons(one.desired_of("argocd/web", ["1.2.4", second], second))["Application argocd/web"]
    assert other == "the chart web was synced at '1.2.4', and git names no version of it but '1.2.3'"
    assert "git names no version" in reasons(one.desired_of("argocd/web", ["1.2.3", third], third))["Application argocd/web"]


def test_objects_without_any_namespace_are_left_out(repository: Repository, desiring: Make) -> None:
    commit = repository.commit({".gitguard.yaml": CONFIG, "app.json": application(namespace=""), "web/a.yaml": SETTINGS})
    assert reasons(desiring().desired_of("argocd/web", [commit], commit)) == {
        "ConfigMap settings of Application argocd/web": "neither it nor its Application's destination names a namespace"
    }


def test_a_commit_that_cannot_be_read_is_an_error_and_not_nothing(repository: Repository, desiring: Make) -> None:
    commit = repository.commit({".gitguard.yaml": CONFIG, "app.json": application(), "web/a.yaml": SETTINGS})
    one = desiring()
    with pytest.raises(RepositoryError):
        one.desired_at("0" * 40)
    with pytest.raises(RepositoryError):
        one.desired_of("argocd/web", [commit], "0" * 40)


def test_a_file_that_cannot_be_read_makes_nothing_unwanted(repository: Repository, desiring: Make) -> None:
    commit = repository.commit({".gitguard.yaml": CONFIG, "p.yaml": PROJECT, "broken.yaml": "a: [1\n"})
    desired = desiring().desired_at(commit)
    assert keys(desired) == ["AppProject argocd/web"]
    assert not desired.complete
    assert reasons(desired)["broken.yaml"].startswith("it can't be read: ")


def test_the_second_commit_costs_what_it_changes(repository: Repository, desiring: Make) -> None:
    files = {f"web{number}/a.yaml": SETTINGS for number in range(20)}
    apps = {f"apps/{number}.json": application(f"web{number}", f"web{number}") for number in range(20)}
    first = repository.commit({".gitguard.yaml": CONFIG, **files, **apps})
    one = desiring()
    asked = [(f"argocd/web{number}", [first]) for number in range(20)]
    assert all(made.complete for made in one.desired_of_all(asked, first))
    done: list[tuple[str, int, int]] = []
    second = repository.commit({"web3/a.yaml": SETTINGS.replace("prod", "test")})
    one.checkout.refresh()
    one.options = one.options._replace(progress=lambda *step: done.append(step))
    made = one.desired_of_all([(name, [second]) for name, _ in asked], second)
    assert all(answer.complete for answer in made)
    assert {total for what, _, total in done if what == "rendered"} == {1}
