"""A process of its own that templates charts with helm-python-sdk: one JSON request a line in, one JSON answer a line out.

It imports nothing of gitguard, since it is started in isolation, and is killed where a chart never ends; helm_cli.py uses it in the same way.
What `helm template` checks before it renders (kubeVersion, dependencies, library charts, the release's name) the library's `render` does not;
a dry run does it here.
"""

import io
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TextIO

_NAMES = {"--set": "helm_strvals_parse", "--set-string": "helm_strvals_parse_string", "--set-file": "helm_strvals_parse_file"}


class Refused(Exception):
    """Helm would refuse."""


class Templates(NamedTuple):
    """What became of a chart: its CRDs and templates by file, and the objects as Helm would install them, without CRDs and hooks."""

    crds: list[tuple[str, str]]
    rendered: list[tuple[str, str]]
    manifest: str


def main() -> None:
    """Answer until there are no more questions."""
    answers = answering()
    helm = Helm()
    for line in sys.stdin:
        try:
            answer = {"output": _templated(helm.template(json.loads(line)))}
        except Exception as error:
            answer = {"error": said(error)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def answering() -> TextIO:
    """Where to answer; whatever the library prints must not be taken for an answer."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def said(error: Exception) -> str:
    """Why it failed, in short."""
    return str(error)[:4000] or type(error).__name__


class Helm:
    """The library, loaded once."""

    def __init__(self) -> None:
        from helm_python import Chart, _native
        from helm_python.config import Config

        self._loader: Any = Chart
        self._native: Any = _native
        self._dry: Any = Config(storage_driver="memory")

    def template(self, request: Mapping[str, Any]) -> Templates:
        """Template a chart; raises where Helm would refuse."""
        native = self._native
        with self._loader.load(request["chart"]) as chart:
            _check(chart)
            values = json.dumps(_values(request, native))
            capabilities = {key: request[key] for key in ("kube_version", "api_versions") if request[key]}
            common = {"namespace": request["namespace"] or "default", **capabilities}
            install = json.dumps({**common, "dry_run": "client"})
            release = native.call_string("helm_install", self._dry._raw(), native.HANDLE(0), chart._raw(), None, request["name"], values, install)
            rendered = json.loads(native.call_string("helm_render", chart._raw(), values, json.dumps({**common, "name": request["name"]})))
            crds = [] if request["skip_crds"] else [(one["filename"], one["data"]) for one in chart.crds]
            manifests = [(name, text) for name, text in sorted(rendered.items()) if _is_manifest(name, text)]
            return Templates(crds, manifests, json.loads(release).get("manifest", ""))

    def read(self, text: str) -> Any:
        """YAML as Helm reads it."""
        return json.loads(self._native.call_string("helm_values_from_yaml", text))

    def fill(self, template: str) -> str:
        """A template that is told nothing, as that of a release's name."""
        import tarfile

        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for path, content in (("Chart.yaml", "apiVersion: v2\nname: x\nversion: 1.0.0\n"), ("templates/x", template)):
                entry = tarfile.TarInfo(f"x/{path}")
                entry.size = len(content.encode())
                archive.addfile(entry, io.BytesIO(content.encode()))
        with self._loader.load_archive(packed.getvalue()) as chart:
            rendered = json.loads(self._native.call_string("helm_render", chart._raw(), "{}", json.dumps({"name": "x"})))
        return str(rendered["x/templates/x"])


def _check(chart: Any) -> None:
    metadata = chart.metadata
    if metadata.get("type") == "library":
        raise Refused("library charts are not installable")
    present = {one.get("name") for one in chart.dependencies}
    missing = [one.get("name", "") for one in metadata.get("dependencies") or () if one.get("name") not in present]
    if missing:
        raise Refused(f"found in Chart.yaml, but missing in charts/ directory: {', '.join(missing)}")


def _templated(made: Templates) -> str:
    return "".join(part(name, chunk) for name, text in (*made.crds, *made.rendered) for chunk in chunks(text))


def part(name: str, chunk: str) -> str:
    """A document as `helm template` prints it."""
    return f"---\n# Source: {name}\n{chunk}\n"


def _values(request: Mapping[str, Any], native: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for path in request["values"]:
        made = _merged(made, json.loads(native.call_string("helm_values_from_yaml", Path(path).read_text(encoding="utf-8-sig"))) or {})
    for flag, name, value in request["sets"]:
        if "[" in name:
            raise Refused(f"parameter {name}: an index into a list takes helm itself")
        made = _merged(made, json.loads(native.call_string(_NAMES[flag], f"{name}={value}")))
    return made


def _merged(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(base)
    for key, value in over.items():
        made[key] = _merged(made[key], value) if isinstance(value, dict) and isinstance(made.get(key), dict) else value
    return made


def _is_manifest(name: str, text: str) -> bool:
    base = name.rpartition("/")[2]
    return not base.startswith("_") and base != "NOTES.txt" and bool(text.strip())


def chunks(text: str) -> list[str]:
    """One part a document: `helm template` repeats the comment for each."""
    parts = [[]]  # type: list[list[str]]
    for line in text.splitlines():
        if line.rstrip() == "---" or line.startswith("--- "):
            parts.append([])
        else:
            parts[-1].append(line)
    return ["\n".join(part) for part in parts if "".join(part).strip()]


if __name__ == "__main__":
    main()
