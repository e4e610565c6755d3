"""The data that ships with gitguard and with the packages it builds on. The only place that knows where it lies."""

import json
from functools import lru_cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent
_KUBERNETES = "kubernetes_validate"


def load(name: str) -> bytes | None:
    """A file by its name: "index.json" says which versions there are, "kubernetes/1.37/_definitions.json" is kubernetes-validate's
    strict data, everything else lies in `schemas/`. None where there is no such file.
    """
    if name == "index.json":
        return _index()
    if name.startswith("kubernetes/"):
        _, minor, file = name.split("/")
        return _bytes(_kubernetes() / f"v{minor}.0-local-strict" / file)
    return _bytes(_folder("schemas") / name)


def hook(name: str) -> str:
    """What users copy, by its path below `hooks/`: "github/gitguard.yml"."""
    return (_folder("hooks") / name).read_text(encoding="utf-8")


def identity() -> str:
    """Changes whenever the data may have changed: the release of kubernetes-validate, and our own files' sizes and times."""
    release = _bytes(_kubernetes().parent / "version.py") or b""
    own = sorted((file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in _folder("schemas").rglob("*.json"))
    return sha256(release + repr(own).encode()).hexdigest()[:16]


@lru_cache(maxsize=1)
def _index() -> bytes:
    folders = sorted(folder.name for folder in _kubernetes().glob("v*-local-strict"))
    minors = [".".join(folder.removeprefix("v").split("-")[0].split(".")[:2]) for folder in folders]
    argocd = json.loads(_bytes(_folder("schemas") / "argocd" / "index.json") or b"{}")
    return json.dumps({"kubernetes": minors, "argocd": argocd}).encode()


@lru_cache(maxsize=2)
def _folder(name: str) -> Path:
    # Inside a wheel the data lies in the package; in a checkout at the top, where people read it.
    packaged = _PACKAGE / "_data" / name
    return packaged if packaged.is_dir() else _PACKAGE.parent / name


@lru_cache(maxsize=1)
def _kubernetes() -> Path:
    # Found, not imported: importing it would load a YAML library and jsonschema.
    spec = find_spec(_KUBERNETES)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    return Path(folders[0]) / "kubernetes-json-schema" if folders else Path("/nonexistent")


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
