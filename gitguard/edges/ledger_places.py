"""From what the user calls a ledger to the store that it is in, and the rules for its entries."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gitguard.edges import data
from gitguard.edges.ledger_files import LocalStore
from gitguard.edges.ledger_store import Store
from gitguard.model.errors import UsageError

SCHEMA = "ledger-entry.schema.json"


def store(place: str, environment: Mapping[str, str]) -> Store:
    """The store at a folder or at `s3://BUCKET/PREFIX`. UsageError where it takes a package that is not installed."""
    if not place.startswith("s3://"):
        return LocalStore(Path(place))
    try:
        from gitguard.edges.ledger_objects import ObjectStore
    except ImportError as error:
        raise UsageError("ledgers in object storage take boto3", "pip install 'gitguard-gitops[s3]'") from error
    return ObjectStore(place, environment)


def private_file(place: str, given: Path | None) -> Path:
    """The file of the private key: beside the ledger, never in it, so that a copy of the ledger is no copy of the key."""
    if given is not None:
        return given
    if place.startswith("s3://"):
        raise UsageError("where is the private key?", "--private names its file")
    folder = Path(place).resolve()
    return folder.with_name(f"{folder.name}.key")


def judge() -> Callable[[Mapping[str, Any]], str]:
    """A function that says what is wrong with an entry by the schema, "" for nothing."""
    from jsonschema_rs import validator_for

    schema = json.loads(data.load(SCHEMA) or b"{}")
    common = {"type": schema["type"], "required": schema["required"], "properties": schema["properties"], "$defs": schema["$defs"]}
    validators = {kind: validator_for({**common, "$ref": f"#/$defs/{kind}"}) for kind in schema["properties"]["kind"]["enum"]}

    def said(entry: Mapping[str, Any]) -> str:
        validator = validators.get(str(entry.get("kind")))
        if validator is None:
            return f"its kind `{str(entry.get('kind'))[:40]}` is not one that a ledger has"
        if validator.is_valid(entry):
            return ""
        error = next(validator.iter_errors(entry))
        where = "/".join(map(str, error.instance_path))
        return f"{f'`{where}`: ' if where else ''}{error.message}"[:300]

    return said
