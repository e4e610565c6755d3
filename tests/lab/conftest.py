"""The lab: a real control plane for a module's tests, made of programs that are built once."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab.controlplane import ControlPlane, controlplane


@pytest.fixture(scope="module")
def plane(testbed: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A kube-apiserver with its etcd, and the namespaces shop and argocd."""
    with controlplane(testbed("controlplane"), tmp_path_factory.mktemp("plane")) as made:
        made.apply(*({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in ("shop", "argocd")))
        yield made
