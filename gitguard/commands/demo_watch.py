"""The second half of `gitguard demo`: somebody goes past git, and git's word is back before they have looked."""

import json
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any

from gitguard.edges import clock
from gitguard.edges.sandbox import Beside, Sandbox
from gitguard.model.errors import RepositoryError

_PACKAGES = ("cryptography", "kubernetes", "prometheus_client", "rfc8785")
_WITHIN = 30.0
_PROJECT = """\
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata:
  name: team-web
  namespace: argocd
spec:
  sourceRepos: ["*"]
  destinations:
    - server: https://kubernetes.default.svc
      namespace: web-*
"""
_APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: shop
  namespace: argocd
spec:
  project: team-web
  source:
    repoURL: %s
    path: shop
    targetRevision: main
  destination:
    server: https://kubernetes.default.svc
    namespace: web-shop
"""
_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
  namespace: web-shop
spec:
  replicas: 2
  selector:
    matchLabels: {app: shop}
  template:
    metadata:
      labels: {app: shop}
    spec:
      containers:
        - name: shop
          image: example/shop:1.4
"""
_Object = Mapping[str, Any]


def missing() -> str:
    """What has to be installed for it, "" for nothing."""
    return ", ".join(package for package in _PACKAGES if find_spec(package) is None)


def story(repository: Sandbox) -> Iterator[str]:
    """The lines of it; RepositoryError where it does not go as it should."""
    from gitguard.edges.embedded import embedded
    from gitguard.parse import read

    project, deployment = _PROJECT, _DEPLOYMENT
    application = _APPLICATION % f"file://{repository.root}"
    files = {"argocd/project.yaml": project, "argocd/shop.yaml": application, "shop/shop.yaml": deployment}
    repository.write({".gitguard.yaml": "roots: [argocd]\n", **files})
    repository.git("add", "-A")
    repository.git("commit", "-q", "--no-verify", "-m", "Deploy the shop")
    commit = repository.git("rev-parse", "HEAD")[1].strip()
    yield "The other way in: the cluster itself. A small API server in this process stands for one. It is no Kubernetes, and there is no Argo CD:"
    yield "what Argo CD would have deployed is put there, and what it would say of that is written for it."
    yield ""
    folder = repository.root.parent / "api"
    folder.mkdir()
    with embedded(folder) as api:
        for text in (project, application, deployment):
            value = read(text.encode()).documents[0].value
            if value["kind"] == "Application":
                value = {**value, "status": {"sync": {"status": "Synced", "revision": commit}}}
            api.apply(value, "argocd-application-controller")
        command = ("reconcile", "--mode", "enforce", "--repo", str(repository.root), "--ledger", "ledger", "--audit-log", str(api.audit_log))
        with repository.beside(*command, "--kubeconfig", str(api.kubeconfig("gitguard"))) as watch:
            _wait(watch, lambda: '"event": "ready"' in watch.said())
            yield "$ gitguard reconcile --mode enforce --ledger ledger --audit-log audit.log &"
            yield ""
            yield "alice adds a container to the shop, which Argo CD's selfHeal does not see."
            live = json.loads(json.dumps(api.get("apps", "Deployment", "web-shop", "shop")))
            live["spec"]["template"]["spec"]["containers"].append({"name": "miner", "image": "example/miner"})
            api.apply(live, "alice")
            _wait(watch, lambda: len(_containers(api.get("apps", "Deployment", "web-shop", "shop"))) == 1)
            yield "bob gives himself a role in the AppProject."
            live = json.loads(json.dumps(api.get("argoproj.io", "AppProject", "argocd", "team-web")))
            live["spec"]["roles"] = [{"name": "mine", "policies": ["p, proj:team-web:mine, applications, *, team-web/*, allow"]}]
            api.apply(live, "bob")
            _wait(watch, lambda: "roles" not in (api.get("argoproj.io", "AppProject", "argocd", "team-web") or {})["spec"])
            _wait(watch, lambda: watch.said().count('"event": "act"') >= 2)
        yield "Both are gone again. Who it was, what they changed, for how long it was there:"
        yield ""
        yield from _told(repository)


def _told(repository: Sandbox) -> Iterator[str]:
    yield "$ gitguard report --ledger ledger"
    code, text = repository.gitguard("report", "--ledger", "ledger")
    yield from (f"  {line}".rstrip() for line in text.splitlines())
    code, verdict = repository.gitguard("audit", "verify", "--ledger", "ledger")
    yield ""
    yield "$ gitguard audit verify --ledger ledger"
    yield from (f"  {line}".rstrip() for line in verdict.splitlines())
    if code or "alice (human, authenticated)" not in text or "bob (human, authenticated)" not in text or text.count("decision  reverted") != 2:
        raise RepositoryError(f"the demo's watch ended otherwise than it should: {text}{verdict}", "please report it")
    yield ""
    yield "Each of them is in the ledger, signed, with the evidence; what was done about it was announced there before it was done."


def _containers(deployment: _Object | None) -> list[Any]:
    found: list[Any] = (deployment or {})["spec"]["template"]["spec"]["containers"]
    return found


def _wait(watch: Beside, happened: Any) -> None:
    deadline = clock.monotonic() + _WITHIN
    while not happened():
        if not watch.is_running or clock.monotonic() > deadline:
            raise RepositoryError(f"the demo's watch did not do its part: {watch.said()[-2000:]}", "please report it")
        watch.pause()
