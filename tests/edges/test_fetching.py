"""`--render always` fetches what is elsewhere, from real servers, and keeps it; nobody else talks to a network."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Repository, Result
from tests.serving import Answer, archive, archive_name, chart, chart_repository, files, git, push, registry

HERE = "https://github.com/org/config"
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\n"


def application(*sources: dict[str, Any]) -> str:
    spec = {"project": "default", "destination": {"server": "https://kubernetes.default.svc", "namespace": "team"}}
    listed = {"sources": list(sources)} if len(sources) > 1 else {"source": sources[0]}
    metadata = {"name": "web", "namespace": "argocd"}
    return json.dumps({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": metadata, "spec": {**spec, **listed}})


@pytest.fixture
def config(repository: Repository) -> Repository:
    repository.git("remote", "add", "origin", HERE)
    return repository


def render(repository: Repository, mode: str = "always", *more: str) -> Result:
    return repository.gitguard("render", "web", "--format", "json", "--render", mode, *more)


def objects(result: Result) -> list[tuple[str, str, str]]:
    assert result.code == 0, (result.out, result.err)
    return sorted((one["kind"], one["name"], one["path"] or one["remote"]) for one in json.loads(result.out)["objects"])


def reason(result: Result) -> str:
    assert result.code == 3, (result.out, result.err)
    (source,) = json.loads(result.out)["sources"]
    return source["undetermined"]["reason"] + "; " + source["undetermined"]["needs"]


def test_a_chart_is_fetched_once_and_kept_for_those_who_may_not_fetch(config, serve) -> None:
    server = serve(chart_repository(chart("web"), chart("web", "1.1.0")))
    config.write({"app.yaml": application({"repoURL": server.url, "chart": "web", "targetRevision": "1.0.0"})})
    assert "--render always" in reason(render(config, "auto"))
    assert server.count() == 0
    expected = [("ConfigMap", "web", f"chart web 1.0.0 of {server.url}: templates/cm.yaml")]
    assert objects(render(config)) == expected
    asked = server.count()
    for mode in ("auto", "always"):
        assert objects(render(config, mode)) == expected
    assert server.count() == asked
    assert "--render always" in reason(render(config, "never"))


def test_a_range_of_versions_is_asked_for_again_and_takes_the_newest(config, serve) -> None:
    server = serve(chart_repository(chart("web", "1.0.0"), chart("web", "1.4.2"), chart("web", "2.0.0")))
    config.write({"app.yaml": application({"repoURL": server.url, "chart": "web", "targetRevision": "1.x"})})
    result = render(config)
    assert objects(result)
    assert json.loads(result.out)["objects"][0]["manifest"]["data"] == {"chart": "web-1.4.2"}
    server.answers |= {"/index.yaml": Answer(server.answers["/index.yaml"].body.replace(b"1.4.2", b"1.5.0"))}
    server.answers |= {f"/{archive_name(chart('web', '1.5.0'))}": Answer(archive(chart("web", "1.5.0")))}
    kept = render(config, "auto")
    assert json.loads(kept.out)["objects"][0]["manifest"]["data"] == {"chart": "web-1.4.2"}


def test_a_hook_of_a_git_server_may_fetch(config, serve, tmp_path) -> None:
    """Git forbids what writes references where a push is not yet accepted; the store is another repository."""
    server = serve(chart_repository(chart("web")))
    config.write({"app.yaml": application({"repoURL": server.url, "chart": "web", "targetRevision": "1.0.0"})})
    config.environment["GIT_QUARANTINE_PATH"] = str(tmp_path)
    assert objects(render(config)) == [("ConfigMap", "web", f"chart web 1.0.0 of {server.url}: templates/cm.yaml")]


@pytest.mark.testbed
def test_a_chart_of_a_registry_is_fetched(config, serve, testbed) -> None:
    server = serve(registry(testbed("registry")))
    push(server, chart("web"))
    for url in (f"{server.host}/charts", f"oci://{server.host}/charts"):
        config.write({"app.yaml": application({"repoURL": url, "chart": "web", "targetRevision": "1.0.0"})})
        assert [name for _, name, _ in objects(render(config))] == ["web"]


def test_values_files_of_the_repository_go_into_a_chart_from_elsewhere(config, serve) -> None:
    template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Values.name }}'}\n"
    server = serve(
        chart_repository(chart("web", files={"templates/cm.yaml": template, "values.yaml": "name: default\n", "values-own.yaml": "name: own\n"}))
    )
    source = {"repoURL": server.url, "chart": "web", "targetRevision": "1.0.0"}
    lent = {"repoURL": HERE, "ref": "values", "targetRevision": "main"}
    config.write({"values/web.yaml": "name: lent\n", "app.yaml": application({**source, "helm": {"valueFiles": ["$values/values/web.yaml"]}}, lent)})
    assert [name for _, name, _ in objects(render(config))] == ["lent"]
    config.write({"app.yaml": application({**source, "helm": {"valueFiles": ["values-own.yaml"]}})})
    assert [name for _, name, _ in objects(render(config))] == ["own"]


def test_dependencies_that_are_not_vendored_are_fetched_as_the_lock_file_says(config, serve) -> None:
    server = serve(chart_repository(chart("redis", "1.0.0"), chart("redis", "1.9.0")))
    depending = f"apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n- {{name: redis, version: ^1.0.0, repository: '{server.url}'}}\n"
    lock = f"dependencies:\n- {{name: redis, version: 1.0.0, repository: '{server.url}'}}\ndigest: sha256:x\ngenerated: '2026-01-01T00:00:00Z'\n"
    template = CONFIG_MAP.replace("NAME", "own")
    written = {"chart/Chart.yaml": depending, "chart/templates/own.yaml": template, "app.yaml": application({"repoURL": HERE, "path": "chart"})}
    config.write(written)
    assert "depends on redis" in reason(render(config, "auto"))

    def versions() -> set[str]:
        return {one["manifest"].get("data", {}).get("chart", "") for one in json.loads(render(config).out)["objects"]}

    assert versions() == {"", "redis-1.9.0"}
    config.write({"chart/Chart.lock": lock})
    assert versions() == {"", "redis-1.0.0"}
    assert objects(render(config, "auto"))[0][2].startswith(("chart redis", "chart/templates"))


@pytest.fixture
def elsewhere(new_repository: Callable[[str], Repository]) -> Repository:
    """Another repository, with a tag `v1`, a branch `next` and a commit after both."""
    other = new_repository("other")
    kustomization = "resources: [cm.yaml, ../shared]\n"
    shared = {"shared/kustomization.yaml": "resources: [cm.yaml]\n", "shared/cm.yaml": CONFIG_MAP.replace("NAME", "shared")}
    other.commit({"base/kustomization.yaml": kustomization, "base/cm.yaml": CONFIG_MAP.replace("NAME", "one"), **shared})
    other.git("tag", "-a", "-m", "v1", "v1")
    other.git("branch", "next")
    other.commit({"base/cm.yaml": CONFIG_MAP.replace("NAME", "two")})
    return other


@pytest.mark.parametrize(("revision", "name"), [("v1", "one"), ("next", "one"), ("main", "two"), ("", "two"), ("HEAD", "two"), ("commit", "two")])
def test_another_repository_is_fetched_at_its_revision(config, elsewhere, serve, revision, name) -> None:
    server = serve(git({"other": elsewhere.path}))
    revision = elsewhere.git("rev-parse", "HEAD").strip() if revision == "commit" else revision
    url = f"{server.url}/other"
    config.write({"app.yaml": application({"repoURL": url, "path": "base", **({"targetRevision": revision} if revision else {})})})
    at = f" at {revision}" if revision else ""
    expected = [("ConfigMap", name, f"{url}{at}: base/cm.yaml"), ("ConfigMap", "shared", f"{url}{at}: shared/cm.yaml")]
    expected.sort()
    assert objects(render(config)) == expected
    asked = server.count()
    assert objects(render(config, "auto")) == expected
    assert server.count() == asked


def test_a_branch_that_moved_is_fetched_again(config, elsewhere, serve) -> None:
    server = serve(git({"other": elsewhere.path}))
    config.write({"app.yaml": application({"repoURL": f"{server.url}/other", "path": "base", "targetRevision": "main"})})
    assert [name for _, name, _ in objects(render(config))] == ["shared", "two"]
    elsewhere.commit({"base/cm.yaml": CONFIG_MAP.replace("NAME", "three")})
    assert [name for _, name, _ in objects(render(config, "auto"))] == ["shared", "two"]
    assert [name for _, name, _ in objects(render(config))] == ["shared", "three"]


@pytest.mark.parametrize("field", ["resources", "components"])
@pytest.mark.parametrize("entry", ["URL/team/other//base?ref=v1", "URL/team/other.git/base?ref=v1"])
def test_remote_bases_are_fetched_and_built(config, elsewhere, serve, field, entry) -> None:
    if field == "components":
        elsewhere.commit(
            {"base/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [cm.yaml, ../shared]\n"}
        )
        elsewhere.git("tag", "-f", "v1")
    server = serve(git({"team/other": elsewhere.path, "team/other.git": elsewhere.path}))
    kustomization = f"namePrefix: own-\n{field}: ['{entry.replace('URL', server.url)}']\n"
    config.write({"web/kustomization.yaml": kustomization, "app.yaml": application({"repoURL": HERE, "path": "web"})})
    made = objects(render(config))
    assert [name for _, name, _ in made] == (["own-shared", "own-two"] if field == "components" else ["own-one", "own-shared"])
    assert all(" at v1: " in origin for *_, origin in made)
    # Below another kustomization, and with the Application's own options.
    config.write(
        {
            "top/kustomization.yaml": "resources: [../web]\n",
            "app.yaml": application({"repoURL": HERE, "path": "top", "kustomize": {"nameSuffix": "-x"}}),
        }
    )
    assert [name for _, name, _ in objects(render(config, "auto"))] == [f"{name}-x" for _, name, _ in made]


def test_files_from_the_network_are_fetched_beside_the_kustomization(config, serve) -> None:
    patch = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: far}\ndata: {patched: 'yes'}\n"
    server = serve(files({"a/install.yaml": CONFIG_MAP.replace("NAME", "far"), "patch.yaml": patch}))
    kustomization = f"resources: ['{server.url}/a/install.yaml']\npatches: [{{path: '{server.url}/patch.yaml'}}]\n"
    config.write({"web/kustomization.yaml": kustomization, "app.yaml": application({"repoURL": HERE, "path": "web"})})
    result = render(config)
    assert objects(result) == [("ConfigMap", "far", f"{server.url}/a/install.yaml")]
    assert json.loads(result.out)["objects"][0]["manifest"]["data"] == {"patched": "yes"}
    server.answers.clear()
    assert "the server answers 404" in reason(render(config))


@pytest.mark.parametrize("field", ["helmCharts", "generators"])
def test_charts_are_inflated_by_kustomizations(config, serve, field) -> None:
    server = serve(chart_repository(chart("web", files={"values.yaml": "a: 1\n"})))
    entry = f"name: web\nrepo: {server.url}\nversion: 1.0.0\nreleaseName: shop\nnamespace: team\n"
    generator = f"apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {{name: g}}\n{entry}"
    listed = "helmCharts:\n- " + entry.replace("\n", "\n  ") if field == "helmCharts" else "generators: [g.yaml]"
    config.write(
        {
            "web/kustomization.yaml": f"namePrefix: own-\n{listed}\n",
            "web/g.yaml": generator,
            "app.yaml": application({"repoURL": HERE, "path": "web"}),
        }
    )
    result = render(config)
    assert [name for _, name, _ in objects(result)] == ["own-shop"]
    (source,) = json.loads(result.out)["sources"]
    assert "--enable-helm" in source["assumed"][0]
    assert [name for _, name, _ in objects(render(config, "auto"))] == ["own-shop"]
    settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm, namespace: argocd, labels: {app.kubernetes.io/part-of: argocd}}\n"
    config.write({"argocd-cm.yaml": settings + "data: {kustomize.buildOptions: --enable-alpha-plugins}\n"})
    refused = render(config)
    assert refused.code == 1
    assert "must specify --enable-helm" in refused.out
    config.write({"argocd-cm.yaml": settings + "data: {kustomize.buildOptions: --enable-helm}\n"})
    assert json.loads(render(config).out)["sources"][0]["assumed"] == []


def test_a_source_that_is_pinned_to_a_commit_of_this_repository_is_rendered_from_it(config) -> None:
    commit = config.commit({"web/cm.yaml": CONFIG_MAP.replace("NAME", "then")})
    config.write(
        {"web/cm.yaml": CONFIG_MAP.replace("NAME", "now"), "app.yaml": application({"repoURL": HERE, "path": "web", "targetRevision": commit})}
    )
    assert objects(render(config, "auto")) == [("ConfigMap", "then", f"commit {commit[:12]}: web/cm.yaml")]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"base/kustomization.yaml": "resources: [../../../../web]\n"}, "leads out of the repository"),
        ({"base/kustomization.yaml": "resources: [link]\n", "base/link": "../../../../web"}, "leads out of the repository"),
        ({"base/kustomization.yaml": "resources: [/etc/passwd]\n"}, "absolute path"),
    ],
)
def test_what_was_fetched_reaches_nothing_but_itself(config, elsewhere, serve, written, message) -> None:
    link = written.pop("base/link", None)
    elsewhere.write(written)
    if link:
        (elsewhere.path / "base" / "link").symlink_to(link)
    elsewhere.commit()
    server = serve(git({"team/other": elsewhere.path}))
    config.write(
        {"web/kustomization.yaml": f"resources: ['{server.url}/team/other//base']\n", "app.yaml": application({"repoURL": HERE, "path": "web"})}
    )
    refused = render(config)
    assert refused.code == 1, refused.out
    assert message in refused.out


@pytest.mark.parametrize(
    "path", ["../.git/remote/0123456789abcdef01234567/a.yaml", ".git/remote/0123456789abcdef01234567", "../.git/config", ".git/commit/abc"]
)
def test_the_repository_does_not_reach_what_was_fetched_for_others(config, path) -> None:
    config.write({"web/kustomization.yaml": f"resources: [{path}]\n", "app.yaml": application({"repoURL": HERE, "path": "web"})})
    assert render(config, "auto").code == 1
    config.write({"app.yaml": application({"repoURL": HERE, "path": path.removeprefix("../")})})
    assert render(config, "auto").code == 1


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"repoURL": "file:///etc", "path": "."}, "only https, http and ssh"),
        ({"repoURL": "ext::sh -c 'touch x'", "path": "."}, "only https, http and ssh"),
        ({"repoURL": "--upload-pack=touch x", "path": "."}, "only https, http and ssh"),
        ({"repoURL": "-oProxyCommand=touch@host:x", "path": "."}, "only https, http and ssh"),
        ({"repoURL": "https://127.0.0.1:9/x", "path": "."}, "127.0.0.1"),
        ({"repoURL": "https://user:hunter2@127.0.0.1:9/x", "path": "."}, "127.0.0.1"),
        ({"repoURL": "http://127.0.0.1:9/x", "chart": "--post-renderer=x"}, "no name of a chart"),
        ({"repoURL": "http://127.0.0.1:9/x", "chart": "web", "targetRevision": "--post-renderer=x"}, "could not be fetched"),
        ({"repoURL": "s3://bucket", "chart": "web"}, "https, http and oci only"),
    ],
)
def test_what_can_not_be_fetched_is_said(config, source, message) -> None:
    config.write({"app.yaml": application(source)})
    said = reason(render(config))
    assert "could not be fetched" in said
    assert message in said
    assert "hunter2" not in said


def test_a_server_that_answers_nonsense_costs_only_its_application(config, serve) -> None:
    server = serve(chart_repository(chart("web"), chart("other")))
    server.answers["/web-1.0.0.tgz"] = Answer(b"\x1f\x8bnonsense")
    good = application({"repoURL": server.url, "chart": "other", "targetRevision": "1.0.0"}).replace('"name": "web"', '"name": "other"')
    config.write({"app.yaml": application({"repoURL": server.url, "chart": "web", "targetRevision": "1.0.0"}), "other.yaml": good})
    assert "could not be fetched" in reason(render(config))
    assert config.gitguard("render", "other").code == 3
    assert config.gitguard("render", "other", "--render", "always").code == 0


def test_a_chart_that_unpacks_to_too_much_is_refused(config, serve) -> None:
    server = serve(chart_repository(chart("web", files={"templates/big.txt": b"\0" * (65 << 20)})))
    config.write({"app.yaml": application({"repoURL": server.url, "chart": "web", "targetRevision": "1.0.0"})})
    assert "more than 64 MiB" in reason(render(config))


def test_a_login_comes_from_the_users_own_git(config, elsewhere, serve, tmp_path: Path) -> None:
    server = serve(git({"team/other": elsewhere.path}))
    server.login = ("me", "hunter2")
    config.write({"app.yaml": application({"repoURL": f"{server.url}/team/other", "path": "base"})})
    assert "hunter2" not in reason(render(config))
    settings = tmp_path / "gitconfig"
    settings.write_text(f'[url "http://me:hunter2@{server.host}/"]\n\tinsteadOf = {server.url}/\n')
    config.environment["GIT_CONFIG_GLOBAL"] = str(settings)
    assert len(objects(render(config))) == 2
    kept = b"".join(file.read_bytes() for file in Path(config.environment["XDG_CACHE_HOME"]).rglob("*") if file.is_file())
    assert b"hunter2" not in kept


def test_without_a_cache_nothing_is_kept(config, serve) -> None:
    server = serve(chart_repository(chart("web")))
    config.write({"app.yaml": application({"repoURL": server.url, "chart": "web", "targetRevision": "1.0.0"})})
    assert len(objects(render(config, "always", "--no-cache"))) == 1
    assert not (Path(config.environment["XDG_CACHE_HOME"]) / "gitguard" / "remotes.git").exists()
    assert render(config, "auto").code == 3


def test_check_and_hook_judge_what_was_fetched_and_only_always_fetches(config, serve) -> None:
    role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: all}\nrules: []\n"
    server = serve(chart_repository(chart("web", files={"templates/role.yaml": role})))
    project = {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}]}
    metadata = {"name": "team", "namespace": "argocd"}
    declared = json.dumps({"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": metadata, "spec": project})
    manifest = application({"repoURL": server.url, "chart": "web", "targetRevision": "1.0.0"}).replace('"project": "default"', '"project": "team"')
    config.commit({"project.yaml": declared})
    config.write({"app.yaml": manifest})
    assert (config.check().code, config.gitguard("hook").code, server.count()) == (0, 0, 0)
    result = config.check("--render", "always")
    assert (result.code, result.rules()) == (1, ["cluster-resource-not-permitted"])
    assert result.report["findings"][0]["path"] == "app.yaml"
    asked = server.count()
    assert config.check().rules() == ["cluster-resource-not-permitted"]
    hook = config.gitguard("hook", "--format", "json")
    assert (hook.code, hook.rules()) == (1, ["cluster-resource-not-permitted"])
    assert config.check("--render", "never").rules() == []
    assert server.count() == asked


def test_all_that_one_kustomization_takes_is_fetched_at_once(config, serve) -> None:
    server = serve(files({f"{number}.yaml": CONFIG_MAP.replace("NAME", f"n{number}") for number in range(30)}))
    entries = "\n".join(f"- {server.url}/{number}.yaml" for number in range(30))
    config.write({"web/kustomization.yaml": f"resources:\n{entries}\n", "app.yaml": application({"repoURL": HERE, "path": "web"})})
    assert len(objects(render(config))) == 30
    assert server.count() == 30


def test_what_git_sets_for_its_hooks_does_not_lead_the_cache_into_the_repository(config, elsewhere, serve) -> None:
    """`git commit` in a linked work tree tells its hooks where the repository is; the store of what was fetched is another one."""
    server = serve(git({"other": elsewhere.path}))
    config.commit({"app.yaml": application({"repoURL": f"{server.url}/other", "path": "base", "targetRevision": "v1"})})
    before = config.git("for-each-ref"), config.git("config", "core.bare")
    plain = dict(config.environment)
    config.environment |= {"GIT_DIR": str(config.path / ".git"), "GIT_WORK_TREE": str(config.path), "GIT_INDEX_FILE": str(config.path / ".git/index")}
    made = objects(render(config))
    assert len(made) == 2
    assert objects(render(config, "auto")) == made
    config.environment.clear()
    config.environment.update(plain)
    assert (config.git("for-each-ref"), config.git("config", "core.bare")) == before
    assert objects(render(config, "auto")) == made
