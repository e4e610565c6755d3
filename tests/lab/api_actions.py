"""What people do past git by Argo CD: its command line, and what its web UI sends."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import yaml

from tests.lab.actions import (
    API,
    CONTROL,
    HINT,
    OTHER,
    PODS,
    SERVER,
    WORKLOADS,
    Action,
    Do,
    Place,
    on_application,
    on_project,
    on_secret,
)  # fmt: skip
from tests.lab.argocd import PASSWORD
from tests.lab.ground import Ground, application_set

_HEAD = {"spec": {"source": {"targetRevision": "HEAD"}}}


def _editing(on: Ground, name: str) -> str:
    return on.cli("app", "edit", name, editor=on.editor(name, "s/targetRevision: main/targetRevision: HEAD/"))


def _local(on: Ground, name: str) -> str:
    folder = on.folder / name
    folder.mkdir()
    (folder / "all.yaml").write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"mode": "evil"}}))
    return on.cli("app", "sync", name, "--async", "--local", str(folder))


def _ended(on: Ground, name: str) -> str:
    on.cli("app", "sync", name, "--async")
    # What waits yet can't be ended.
    on.running(name)
    return on.cli("app", "terminate-op", name)


def _upserted(on: Ground, name: str) -> str:
    source = ("--repo", f"file://{on.config.path}", "--path", f"apps/{name}", "--revision", "HEAD")
    return on.cli("app", "create", name, "--upsert", *source, "--dest-server", on.plane.url, "--dest-namespace", "shop")


def _created(on: Ground, name: str) -> str:
    return on.cli(
        "app", "create", name, "--repo", f"file://{on.config.path}", "--path", "shop", "--dest-server", on.plane.url, "--dest-namespace", "shop"
    )


def _of_kind(kind: str, name: str) -> tuple[str, ...]:
    return "--kind", kind, "--resource-name", name


def _patched(on: Ground, name: str) -> str:
    patch = json.dumps({"data": {"mode": "evil"}})
    return on.cli("app", "patch-resource", name, *_of_kind("ConfigMap", name), "--patch", patch, "--patch-type", "application/merge-patch+json")


def _scaled(on: Ground, name: str) -> Any:
    about = {"namespace": "shop", "resourceName": name, "version": "v1", "group": "apps", "kind": "Deployment", "action": "scale"}
    parameters = [{"name": "replicas", "value": "5"}]
    return on.rest("POST", f"/api/v1/applications/{name}/resource/actions/v2", {**about, "resourceActionParameters": parameters})


def _gone(do: Do) -> Do:
    """A deletion in the foreground, to its end."""

    def to_its_end(on: Ground, name: str) -> None:
        do(on, name)
        on.collect(Place("ConfigMap", name))

    return to_its_end


def _resource(name: str, shown: str, do: Do, kind: str = "ConfigMap", needs: str = "application", **more: Any) -> Action:
    return Action(name, shown, needs, do, Place(kind, name), **{"who": HINT, **more})


def _again(name: str, *deployed: str) -> tuple[Place, ...]:
    return Place("Application", name, "argocd"), *(Place("ConfigMap", one) for one in deployed)


def _was(name: str) -> tuple[Place, ...]:
    return (Place("ConfigMap", name),)


APPLICATIONS = (
    on_application("app-set", "argocd app set -p", lambda on, it: on.cli("app", "set", it, "-p", "mode=evil"), needs="chart"),
    on_application("app-auto", "argocd app set --sync-policy none", lambda on, it: on.cli("app", "set", it, "--sync-policy", "none"), severity="high"),
    on_application("app-unset", "argocd app unset", lambda on, it: on.cli("app", "unset", it, "-p", "tier"), needs="chart"),
    on_application("app-patch", "argocd app patch", lambda on, it: on.cli("app", "patch", it, "--type", "merge", "--patch", json.dumps(_HEAD)), severity="high"),
    on_application("app-edit", "argocd app edit", _editing, severity="high"),
    on_application("app-upsert", "argocd app create --upsert", _upserted, severity="high"),
    on_application(
        "app-create", "argocd app create, of one that git does not have", _created, needs="", action="create", decision="logged"
    ),
    on_application(
        "app-delete", "argocd app delete --cascade=false", lambda on, it: on.cli("app", "delete", it, "--cascade=false", "-y"), action="delete",
        severity="high", back=_again("app-delete", "app-delete"),
    ),
    on_application(
        "app-cascade", "argocd app delete, with what it deploys", _gone(lambda on, it: on.cli("app", "delete", it, "-y")), action="delete", severity="high",
        back=_again("app-cascade", "app-cascade"),
    ),
    on_application("app-sync", "argocd app sync", lambda on, it: on.cli("app", "sync", it, "--async"), action="sync", severity="low", decision="logged"),
    on_application(
        "app-old", "argocd app sync --revision OLD", lambda on, it: on.cli("app", "sync", it, "--async", "--revision", on.old), needs="manual", action="sync",
        severity="high", back=_was("app-old"),
    ),
    on_application("app-local", "argocd app sync --local", _local, needs="manual", action="sync", severity="high", back=_was("app-local")),
    on_application(
        "app-rollback", "argocd app rollback", lambda on, it: on.cli("app", "rollback", it, "0"), needs="manual", action="rollback", severity="high",
        back=_was("app-rollback"),
    ),
    on_application("app-end", "argocd app terminate-op", _ended, needs="hooked", action="other", severity="low", decision="logged"),
    _resource("res-patch", "argocd app patch-resource", _patched),
    _resource(
        "res-delete", "argocd app delete-resource", _gone(lambda on, it: on.cli("app", "delete-resource", it, *_of_kind("ConfigMap", it))), action="delete"
    ),
    _resource(
        "res-restart", "argocd app actions run restart", lambda on, it: on.cli("app", "actions", "run", it, "restart", *_of_kind("Deployment", it)),
        kind="Deployment", needs="workload", severity="low", decision="logged",
    ),
    _resource(
        "res-scale", "POST /api/v1/applications/NAME/resource/actions/v2: scale", _scaled, kind="Deployment", needs="workload", severity="low"
    ),
)  # fmt: skip


def _proj(*arguments: str) -> Do:
    """`argocd proj`, with NAME for the project's."""
    return lambda on, it: on.cli("proj", *(it if one == "NAME" else one for one in arguments))


_WINDOW = ("--kind", "deny", "--schedule", "0 0 * * *", "--duration", "1h", "--applications", "*")
PROJECTS = (
    on_project("proj-role", "argocd proj role create", _proj("role", "create", "NAME", "evil")),
    on_project("proj-token", "argocd proj role create-token", _proj("role", "create-token", "NAME", "reader"), decision="logged"),
    on_project("proj-window", "argocd proj windows add", _proj("windows", "add", "NAME", *_WINDOW)),
    on_project("proj-allow", "argocd proj allow-cluster-resource", _proj("allow-cluster-resource", "NAME", "*", "*")),
    on_project("proj-deny", "argocd proj deny-namespace-resource", _proj("deny-namespace-resource", "NAME", "", "Secret")),
    on_project("proj-destination", "argocd proj add-destination", _proj("add-destination", "NAME", "https://b.example", "*")),
    on_project("proj-source", "argocd proj add-source", _proj("add-source", "NAME", "https://git.example/evil.git")),
    on_project("proj-delete", "argocd proj delete", _proj("delete", "NAME"), action="delete"),
)


def _set_upserted(on: Ground, name: str) -> str:
    made = application_set(name)
    made["spec"]["template"]["spec"]["source"]["targetRevision"] = "evil"
    file = on.folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(made))
    return on.cli("appset", "create", "--upsert", str(file))


def _set(name: str, shown: str, do: Do, **more: Any) -> Action:
    return Action(name, shown, "set", do, Place("ApplicationSet", name, "argocd"), **{"who": API, "severity": "high", **more})


def _imported(on: Ground, name: str) -> str:
    live = on.live(Place("Application", name, "argocd"))
    live["spec"]["source"]["targetRevision"] = "HEAD"
    return on.argo.core("admin", "import", "-", "--override-on-conflict", user="alice", stdin=yaml.safe_dump(live))


def _by_core(on: Ground, name: str) -> None:
    """What the command sends with the caller's own kubeconfig; the command itself wants a pod of Argo CD's repo server to be there."""
    live = on.live(Place("Application", name, "argocd"))
    live["spec"]["source"]["targetRevision"] = "HEAD"
    on.put(f"/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/{name}", live, "argocd/v3.6.1 (linux/amd64) kubernetes/$Format")


def _certificate(on: Ground, name: str) -> str:
    return on.cli("cert", "add-tls", "git.example", "--from", str(on.argo.plane.ca))


def _password(on: Ground, name: str) -> str:
    return on.cli("account", "update-password", "--account", "carol", "--current-password", PASSWORD, "--new-password", "another " + PASSWORD)


_REPOSITORY = "https://127.0.0.1:1/web.git"
OTHERS = (
    _set("set-upsert", "argocd appset create --upsert", _set_upserted),
    _set("set-delete", "argocd appset delete", lambda on, it: on.cli("appset", "delete", it, "-y"), action="delete"),
    on_secret("repo-add", "argocd repo add", "repo-*", lambda on, it: on.cli("repo", "add", f"file://{on.config.path}"), action="create", lane="repo"),
    on_secret("repo-rm", "argocd repo rm", "repo-*", lambda on, it: on.cli("repo", "rm", f"file://{on.config.path}"), action="delete", lane="repo"),
    on_secret(
        "creds-add", "argocd repocreds add", "creds-*",
        lambda on, it: on.cli("repocreds", "add", "https://git.example/", "--username", "a", "--password", "b"), action="create",
    ),
    on_secret("cluster-set", "argocd cluster set", "lab-cluster", lambda on, it: on.cli("cluster", "set", "lab", "--label", "a=b")),
    Action(
        "cert", "argocd cert add-tls", "", _certificate, Place("ConfigMap", "argocd-tls-certs-cm", "argocd"), severity="medium", who=SERVER,
        decision="logged",
    ),
    on_secret("password", "argocd account update-password", "argocd-secret", _password, lane="settings"),
    on_secret(
        "token", "argocd account generate-token", "argocd-secret", lambda on, it: on.cli("account", "generate-token", "--account", "alice"),
        lane="settings",
    ),
    on_application("import", "argocd admin import", _imported, severity="high", who=OTHER),
    on_application("core", "argocd --core app set, as it goes over the wire", _by_core, severity="high", who=OTHER),
)  # fmt: skip


# What the web UI sends


def _spec(on: Ground, name: str) -> Any:
    spec = on.live(Place("Application", name, "argocd"))["spec"]
    return on.rest("PUT", f"/api/v1/applications/{name}/spec", {**spec, "source": {**spec["source"], "targetRevision": "HEAD"}})


def _of_resource(name: str, **more: str) -> str:
    query = {"appNamespace": "argocd", "namespace": "shop", "resourceName": name, "version": "v1", "kind": "ConfigMap", "group": "", **more}
    return f"/api/v1/applications/{name}/resource?{urlencode(query)}"


def _ui_project(on: Ground, name: str) -> Any:
    live = on.live(Place("AppProject", name, "argocd"))
    live["spec"]["sourceRepos"] = ["*"]
    return on.rest("PUT", f"/api/v1/projects/{name}", {"project": live})


def _posted(what: str, body: Callable[[Ground], Any]) -> Do:
    return lambda on, it: on.rest("POST", f"/api/v1/applications/{it}/{what}", body(on))


def _ui_rollback(on: Ground, name: str) -> Any:
    history = on.live(Place("Application", name, "argocd"))["status"]["history"]
    return on.rest("POST", f"/api/v1/applications/{name}/rollback", {"id": history[0]["id"]})


_MERGE = {"patchType": "application/merge-patch+json"}
UI = (
    on_application("ui-spec", "PUT /api/v1/applications/NAME/spec", _spec, severity="high"),
    on_application(
        "ui-patch", "PATCH /api/v1/applications/NAME",
        lambda on, it: on.rest("PATCH", f"/api/v1/applications/{it}", {"patch": json.dumps(_HEAD), "patchType": "merge"}), severity="high",
    ),
    _resource(
        "ui-resource", "POST /api/v1/applications/NAME/resource",
        lambda on, it: on.rest("POST", _of_resource(it, **_MERGE), json.dumps({"data": {"mode": "evil"}})),
    ),
    _resource(
        "ui-delete", "DELETE /api/v1/applications/NAME/resource",
        _gone(lambda on, it: on.rest("DELETE", _of_resource(it, force="false", orphan="false"))), action="delete",
    ),
    on_application(
        "ui-sync", "POST /api/v1/applications/NAME/sync, of an old revision", _posted("sync", lambda on: {"revision": on.old}), needs="manual",
        action="sync", severity="high", back=_was("ui-sync"),
    ),
    on_application(
        "ui-rollback", "POST /api/v1/applications/NAME/rollback", _ui_rollback, needs="manual", action="rollback", severity="high",
        back=_was("ui-rollback"),
    ),
    on_project("ui-project", "PUT /api/v1/projects/NAME", _ui_project),
)  # fmt: skip

ACTIONS = (*WORKLOADS, *PODS, *CONTROL, *APPLICATIONS, *PROJECTS, *OTHERS, *UI)
