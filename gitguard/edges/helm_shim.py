"""helm_cli.py as the one executable file that kustomize's `--helm-command` takes."""

import shlex
import sys
from pathlib import Path


def write_shim(folder: Path) -> Path:
    """Write it into a folder and return where it is; it finds everything by absolute paths, whatever the environment is."""
    shim = folder / "helm"
    command = shlex.join([sys.executable, "-I", str(Path(__file__).with_name("helm_cli.py"))])
    shim.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
    shim.chmod(0o755)
    return shim
