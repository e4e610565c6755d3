"""`gitguard demo`: the gate, and then the watch, on an example repository that is made for it and removed again."""

from collections.abc import Mapping

from gitguard.commands import demo_watch
from gitguard.commands.options import Outcome
from gitguard.edges.sandbox import Sandbox, sandbox
from gitguard.model.errors import ExitCode, RepositoryError

_PROJECT = """\
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata:
  name: team-web
  namespace: argocd
spec:
  sourceRepos:
    - https://github.com/example/*
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
    repoURL: https://github.com/example/shop
    path: deploy
    targetRevision: main
  destination:
    server: https://kubernetes.default.svc
    namespace: %s
"""


def run(environment: Mapping[str, str]) -> Outcome:
    """Tell the story; exit code 3 when it does not go as it should."""
    with sandbox(environment) as repository:
        told = ["A config repository: AppProject team-web may deploy to the namespaces web-*.", ""]
        repository.write({"projects/team-web.yaml": _PROJECT, "apps/shop.yaml": _APPLICATION % "web-shop"})
        _step(repository, told, "Start with a shop in web-shop", finds="")
        repository.install_hook()
        told += ["The hook is installed: `gitguard hook` runs before each commit.", ""]
        repository.write({"apps/shop.yaml": _APPLICATION % "payments"})
        _step(repository, told, "Move the shop to payments", finds="destination-not-permitted")
        told += ["Blocked: Argo CD would have refused it hours later, in production. The fix: a namespace that the project permits.", ""]
        repository.write({"apps/shop.yaml": _APPLICATION % "web-payments"})
        _step(repository, told, "Move the shop to web-payments", finds="")
        repository.git("rm", "-q", "projects/team-web.yaml")
        _step(repository, told, "Delete the AppProject", finds="project-not-found", stage=False)
        told += ["Blocked too: the shop still uses it.", ""]
        needed = demo_watch.missing()
        if needed:
            told += [f"The watch would be next, and takes {needed}: pip install 'gitguard-gitops[watch]'", ""]
        else:
            repository.git("reset", "-q", "--hard")
            told += [*demo_watch.story(repository), ""]
        told += ["Nothing of this demo is left behind.", ""]
    return Outcome("\n".join(told), ExitCode.CLEAN)


def _step(repository: Sandbox, told: list[str], message: str, *, finds: str, stage: bool = True) -> None:
    if stage:
        repository.git("add", "-A")
    code, said = repository.git("commit", "-q", "-m", message)
    told += [
        f"$ git commit -m '{message}'",
        *(f"  {line}".rstrip() for line in said.splitlines()),
        f"  -> {'committed' if code == 0 else 'blocked'}",
        "",
    ]
    if (code == 0) != (finds == "") or finds not in said:
        raise RepositoryError(f"the demo's commit `{message}` ended with {code}: {said}", "please report it")
