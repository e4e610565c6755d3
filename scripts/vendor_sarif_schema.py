"""Take the schema of SARIF 2.1.0 out of a Go module that carries it, and keep its structure for the tests.

The schema is OASIS' (Errata 01, https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/), whose notices let it be copied with works that
implement it; the module, under the Unlicense, has it as a string. Run: python scripts/vendor_sarif_schema.py
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

MODULE, VERSION = "github.com/owenrumney/go-sarif/v3", "v3.0.0"
FILE = "pkg/report/v210/sarif/schema.go"
TARGET = Path(__file__).resolve().parents[1] / "tests" / "output" / "sarif-2.1.0.json"


def main() -> None:
    go = shutil.which("go") or "go"
    with tempfile.TemporaryDirectory() as folder:
        # The version is pinned, and what comes of it lies in git: no database of sums needs to be asked.
        environment = {**os.environ, "GOSUMDB": "off", "GOFLAGS": "-mod=mod"}
        (Path(folder) / "go.mod").write_text("module schema\n")
        done = subprocess.run([go, "mod", "download", "-json", f"{MODULE}@{VERSION}"], cwd=folder, env=environment, capture_output=True, check=True)
        source = (Path(json.loads(done.stdout)["Dir"]) / FILE).read_text(encoding="utf-8")
    (text,) = re.findall(r"const schema = `(.*)`", source, re.DOTALL)
    # The module writes these names as Go does: informationURI for informationUri.
    text = re.sub(r'"([a-z][A-Za-z]*)URI(s|BaseIds)?"', r'"\1Uri\2"', text)
    schema = {"$comment": f"SARIF 2.1.0 Errata 01, OASIS Open; by {MODULE} {VERSION}; descriptions left out", **stripped(json.loads(text))}
    TARGET.write_text(json.dumps(schema, separators=(",", ":")) + "\n", encoding="utf-8")


def stripped(value: Any, *, names: bool = False) -> Any:
    """The structure without what is for readers only; in a mapping of `names` a "description" is a name."""
    if isinstance(value, dict):
        kept = {key: part for key, part in value.items() if names or key not in ("description", "title") or not isinstance(part, str)}
        return {key: stripped(part, names=not names and key in ("properties", "definitions")) for key, part in kept.items()}
    return [stripped(part) for part in value] if isinstance(value, list) else value


if __name__ == "__main__":
    main()
