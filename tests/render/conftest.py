"""Sources rendered with the real tools, from real git repositories."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gitguard.edges import cache as caching
from gitguard.edges import data, git, tools
from gitguard.edges.confined import Limits
from gitguard.edges.renderer import Renderer
from gitguard.edges.sources import Sources
from gitguard.model.rendering import Rendered
from gitguard.render.parts import parts
from gitguard.render.plans import Cluster
from gitguard.schema.scopes import built_in
from tests.conftest import Repository

URL = "https://github.com/org/config"
SOON = Limits(seconds=20)
NEWEST = Cluster("1.37.0")


def config_map(name: str, **data: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n" + (f"data: {data}\n" if data else "")


def application(source: Mapping[str, Any] | list[Mapping[str, Any]], name: str = "web", namespace: str = "team") -> dict[str, Any]:
    listed = {"sources": [{"repoURL": URL, **one} for one in source]} if isinstance(source, list) else {"source": {"repoURL": URL, **source}}
    return {
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": {"project": "default", "destination": {"server": "https://kubernetes.default.svc", "namespace": namespace}, **listed},
    }


class Bench(NamedTuple):
    """A repository and what renders it."""

    repository: Repository
    environment: Mapping[str, str]
    cache: caching.Cache
    scratch: Path

    def render(
        self,
        source: Any,
        *,
        name: str = "web",
        namespace: str = "team",
        limits: Limits = SOON,
        cluster: Cluster = NEWEST,
        stored: bool = False,
        found: tools.Tools | None = None,
        origins: bool = True,
        sources: Sources | None = None,
    ) -> tuple[Rendered, ...]:
        repository = git.find(self.repository.path, self.environment, named=True)
        entries = repository.index() if stored else repository.work_tree()
        renderer = Renderer(sources or Sources(repository), self.cache, found or tools.find(self.environment), self.scratch, limits)
        listed = source if isinstance(source, list) and source and "metadata" in source[0] else [application(source, name, namespace)]
        made = [part for manifest in listed for part in parts(manifest, lambda url: url == URL)]
        return renderer.render(entries, made, cluster, built_in(data.load), origins=origins)

    def one(self, source: Any, **options: Any) -> Rendered:
        (result,) = self.render(source, **options)
        return result

    def names(self, source: Any, **options: Any) -> list[str]:
        result = self.one(source, **options)
        assert (result.failure, result.undetermined) == ("", None)
        return [item.name for item in result.objects]

    def manifest(self, source: Any, **options: Any) -> Any:
        result = self.one(source, **options)
        assert len(result.objects) == 1, (result.failure, result.undetermined, [item.name for item in result.objects])
        return result.objects[0].manifest


@pytest.fixture
def bench(repository: Repository, tmp_path: Path) -> Bench:
    """An empty repository with the renderer for it; nothing may be left in its scratch folder."""
    return Bench(repository, repository.environment, caching.Cache(tmp_path / "renders.sqlite3"), tmp_path / "scratch")


@pytest.fixture
def chart(bench: Bench) -> Callable[..., Bench]:
    """Writes a chart in `charts/web` whose only template is a ConfigMap with the `data` given as a template."""

    def write(files: Mapping[str, str] | None = None, data: str = "", metadata: str = "") -> Bench:
        template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}', namespace: '{{ .Release.Namespace }}'}\n"
        base = {
            "charts/web/Chart.yaml": f"apiVersion: v2\nname: web-chart\nversion: 1.0.0\n{metadata}",
            "charts/web/templates/cm.yaml": template + (f"data:\n  it: '{data}'\n" if data else ""),
        }
        bench.repository.write({**base, **(files or {})})
        return bench

    return write
