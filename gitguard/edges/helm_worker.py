"""A process of its own that templates charts with helm-python-sdk: one JSON request a line in, one JSON answer a line out.

It imports nothing of gitguard, since it is started in isolation, and is killed where a chart never ends. What `helm template` checks before
it renders (kubeVersion, dependencies, library charts, the release's name) the library's `render` does not; a dry run does it here.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_NAMES = {"--set": "helm_strvals_parse", "--set-string": "helm_strvals_parse_string", "--set-file": "helm_strvals_parse_file"}


class _Refused(Exception):
    """Helm would refuse."""


def main() -> None:
    """Answer until there are no more questions."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # Whatever the library prints must not be taken for an answer.
    os.dup2(2, 1)
    from helm_python import Chart, _native
    from helm_python.config import Config

    dry = Config(storage_driver="memory")
    for line in sys.stdin:
        try:
            answer = {"output": _templated(json.loads(line), Chart, _native, dry)}
        except Exception as error:
            answer = {"error": str(error)[:4000] or type(error).__name__}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _templated(request: Mapping[str, Any], loader: Any, native: Any, dry: Any) -> str:
    with loader.load(request["chart"]) as chart:
        metadata = chart.metadata
        if metadata.get("type") == "library":
            raise _Refused("library charts are not installable")
        present = {one.get("name") for one in chart.dependencies}
        missing = [one.get("name", "") for one in metadata.get("dependencies") or () if one.get("name") not in present]
        if missing:
            raise _Refused(f"found in Chart.yaml, but missing in charts/ directory: {', '.join(missing)}")
        values = json.dumps(_values(request, native))
        capabilities = {key: request[key] for key in ("kube_version", "api_versions") if request[key]}
        common = {"namespace": request["namespace"] or "default", **capabilities}
        install = json.dumps({**common, "dry_run": "client"})
        native.call_string("helm_install", dry._raw(), native.HANDLE(0), chart._raw(), None, request["name"], values, install)
        rendered = json.loads(native.call_string("helm_render", chart._raw(), values, json.dumps({**common, "name": request["name"]})))
        crds = () if request["skip_crds"] else chart.crds
        parts = [(one["filename"], one["data"]) for one in crds]
        parts += [(name, text) for name, text in sorted(rendered.items()) if _is_manifest(name, text)]
        return "".join(f"---\n# Source: {name}\n{chunk}\n" for name, text in parts for chunk in _chunks(text))


def _values(request: Mapping[str, Any], native: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for path in request["values"]:
        made = _merged(made, json.loads(native.call_string("helm_values_from_yaml", Path(path).read_text(encoding="utf-8-sig"))) or {})
    for flag, name, value in request["sets"]:
        if "[" in name:
            raise _Refused(f"parameter {name}: an index into a list takes helm itself")
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


def _chunks(text: str) -> list[str]:
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
