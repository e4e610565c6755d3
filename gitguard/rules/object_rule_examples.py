"""What the examples of the rules on objects are made of: an Application of the repository itself, and one manifest that it deploys."""

from gitguard.rules.application_rule import EXAMPLE_PROJECT

HERE = "https://github.com/example/config"
CONFIGURATION = (".gitguard.yaml", f"repository: {{urls: ['{HERE}']}}\n")


def example_application(*, path: str = "deploy", namespace: str = "web-prod", options: str = "") -> tuple[str, str]:
    """An Application that deploys a folder of the repository; `options` are lines below its spec."""
    return (
        "web.yaml",
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: web\n  namespace: argocd\nspec:\n  project: web\n"
        f"  source:\n    repoURL: {HERE}\n    path: {path}\n    targetRevision: main\n"
        f"  destination:\n    server: https://kubernetes.default.svc\n    namespace: {namespace}\n{options}",
    )


def manifest(api_version: str, kind: str, *, namespace: str = "web-prod", name: str = "web", file: str = "deploy/web.yaml") -> tuple[str, str]:
    """A manifest with nothing in it but its name."""
    place = f"  namespace: {namespace}\n" if namespace else ""
    return file, f"apiVersion: {api_version}\nkind: {kind}\nmetadata:\n  name: {name}\n{place}"


def example_project(more: str = "") -> tuple[str, str]:
    """The AppProject of the examples; `more` are lines below its spec."""
    path, text = EXAMPLE_PROJECT
    return path, text + more


def set_of(name: str, *elements: str) -> tuple[str, str]:
    """An ApplicationSet over a list, whose Applications are called `name`."""
    listed = "".join(f"          - name: {element}\n" for element in elements)
    return (
        "set.yaml",
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata:\n  name: webs\n  namespace: argocd\nspec:\n  generators:\n"
        f"    - list:\n        elements:\n{listed}"
        f"  template:\n    metadata:\n      name: '{name}'\n    spec:\n      project: web\n"
        f"      source:\n        repoURL: {HERE}\n        path: deploy\n        targetRevision: main\n"
        "      destination:\n        server: https://kubernetes.default.svc\n        namespace: web-{{name}}\n",
    )
