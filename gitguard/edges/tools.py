"""The tools that render: found on PATH, or in packages of `gitguard-gitops[render]`. Nothing is started to find them."""

import sys
import sysconfig
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import NamedTuple

INSTALL = "pip install 'gitguard-gitops[render]', or kustomize or kubectl, and helm, on PATH"
_SDK = "helm-python-sdk"


class Tool(NamedTuple):
    """A tool and how it is started; `identity` changes when another version of it is installed."""

    name: str
    command: tuple[str, ...]
    identity: str


class Tools(NamedTuple):
    """What builds kustomizations and what templates charts on this machine; None: nothing does, or (`off`) nothing is to."""

    kustomize: Tool | None = None
    helm: Tool | None = None
    off: bool = False


def find(environment: Mapping[str, str]) -> Tools:
    """kustomize before kubectl, since Argo CD runs it; a kubectl beside this Python, which the extra installs, before any other."""
    path = environment.get("PATH", "")
    kustomize = next((Tool(name, (str(file), verb), _identity(file)) for name, verb, file in _builders(path)), None)
    helm = which("helm", path=path)
    return Tools(kustomize, Tool("helm", (helm,), _identity(Path(helm))) if helm else _sdk())


def _builders(path: str) -> Iterator[tuple[str, str, Path]]:
    kustomize = which("kustomize", path=path)
    if kustomize:
        yield "kustomize", "build", Path(kustomize)
    beside = Path(sysconfig.get_path("scripts")) / "kubectl"
    if beside.is_file():
        yield "kubectl", "kustomize", beside
    kubectl = which("kubectl", path=path)
    if kubectl:
        yield "kubectl", "kustomize", Path(kubectl)


def _sdk() -> Tool | None:
    found = find_spec("helm_python")
    if found is None or found.origin is None:
        return None
    return Tool(_SDK, (sys.executable, "-I", str(Path(__file__).with_name("helm_worker.py"))), _identity(Path(found.origin)))


def _identity(file: Path) -> str:
    resolved = file.resolve()
    stat = resolved.stat()
    return f"{resolved} {stat.st_size} {stat.st_mtime_ns}"
