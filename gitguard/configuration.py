"""From the bytes of `.gitguard.yaml` to settings, or to an error that says which line is wrong. Described by schemas/config.schema.json."""

import json
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from gitguard.model.configuration import ArgoSettings, Configuration, Environment, Ignore, KnownCluster
from gitguard.model.errors import ConfigurationError
from gitguard.model.policy import Allow, Exemption, Followed, Policy
from gitguard.parse import locate, read

_LISTS = ("paths", "clusters", "branches", "approvers", "authors", "signers")
_ADVICE = "every key is described in schemas/config.schema.json"


def validated(data: bytes, source: str, schema: bytes) -> Mapping[str, Any]:
    """The value of the file, known to have the schema's shape. Raises ConfigurationError at a mistake; `source` names the file in it."""
    reading = read(data)
    if reading.problems:
        problem = reading.problems[0]
        raise ConfigurationError(f"{source}:{problem.line}:{problem.column}: {problem.message}", _ADVICE)
    if len(reading.documents) > 1:
        raise ConfigurationError(f"{source}: it holds {len(reading.documents)} YAML documents, and must be one", _ADVICE)
    value = reading.documents[0].value if reading.documents else None
    _validate(value, data, source, schema)
    _validate_order((value or {}).get("environments") or {}, data, source)
    return value or {}


def _validate_order(environments: Mapping[str, Any], data: bytes, source: str) -> None:
    """Every environment comes after one that there is, and none after itself."""
    after = {name: (item or {}).get("after", "") for name, item in environments.items()}
    for name in after:
        passed, one = [name], after[name]
        while one in after and one not in passed:
            passed.append(one)
            one = after[one]
        if one:
            wrong = passed[-1]
            pointer = f"/environments/{wrong.replace('~', '~0').replace('/', '~1')}/after"
            line, column = locate(data, [(0, pointer)])[0, pointer]
            said = f"`{wrong}` would come after itself" if one in after else f"there is no environment `{one}`{_similar(one, sorted(after))}"
            raise ConfigurationError(f"{source}:{line}:{column}: {said}", _ADVICE)


def _validate(value: Any, data: bytes, source: str, schema: bytes) -> None:
    from jsonschema_rs import validator_for

    rules = json.loads(schema)
    errors = sorted(validator_for(rules).iter_errors(value), key=lambda error: -len(error.instance_path))
    if not errors:
        return
    error = errors[0]
    pointer = "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in error.instance_path)
    message = str(error.message)
    unknown = re.search(r"Additional properties are not allowed \('([^']*)'", message)
    if unknown:
        key = unknown.group(1)
        pointer += "/" + key.replace("~", "~0").replace("/", "~1")
        message = f"unknown key `{key}`{_similar(key, _allowed(rules, error.schema_path))}"
    else:
        message = f"`{pointer.removeprefix('/').replace('/', '.') or 'the file'}`: {message}"
    line, column = locate(data, [(0, pointer)])[0, pointer]
    raise ConfigurationError(f"{source}:{line}:{column}: {message}", _ADVICE)


def _allowed(rules: Mapping[str, Any], schema_path: list[Any]) -> list[str]:
    node: Any = rules
    for step in schema_path[:-1]:
        node = node[step]
    return sorted(node.get("properties", {}))


def _similar(key: str, allowed: list[str]) -> str:
    near = get_close_matches(key, allowed, n=1)
    return f": did you mean `{near[0]}`?" if near else f"; known here: {', '.join(allowed)}"


def settings(value: Mapping[str, Any], source: str) -> Configuration:
    """The settings in a validated value."""
    argocd = value.get("argocd") or {}
    repository = value.get("repository") or {}
    return Configuration(
        kubernetes=value.get("kubernetes", "").removeprefix("v"),
        argocd=ArgoSettings(
            argocd.get("version", "3.6").removeprefix("v"),
            argocd.get("namespace", "argocd"),
            tuple(argocd.get("applicationNamespaces", ())),
        ),
        urls=tuple(repository.get("urls", ())),
        clusters=tuple(KnownCluster(item["name"], item["server"].rstrip("/"), item.get("context", "")) for item in value.get("clusters", ())),
        environments=tuple(_environment(name, item or {}) for name, item in (value.get("environments") or {}).items()),
        render=value.get("render", "auto"),
        roots=tuple(_folder(root) for root in value.get("roots", ())),
        external_projects=tuple((value.get("external") or {}).get("projects", ())),
        ignore=tuple(
            Ignore(item.get("rule", ""), item.get("path", ""), item.get("object", ""), item["reason"], item.get("until", ""))
            for item in value.get("ignore", ())
        ),
        baseline=value.get("baseline", "").removeprefix("./"),
        reconcile=_policy(value.get("reconcile") or {}),
        source=source,
    )


def _environment(name: str, item: Mapping[str, Any]) -> Environment:
    paths, clusters, branches, approvers, authors, signers = (tuple(item.get(key, ())) for key in _LISTS)
    return Environment(name, paths, clusters, branches, approvers, authors, signers, item.get("after", ""))


def _policy(value: Mapping[str, Any]) -> Policy:
    usual = Policy()
    return Policy(
        allow=tuple(Allow(item.get("kind", "*"), item.get("path", ""), item.get("writer", "")) for item in value.get("allow", ())),
        exceptions=tuple(
            Exemption(item["object"], item["reason"], item["until"], item["ticket"], tuple(item.get("paths", ())), item.get("by", ""))
            for item in value.get("exceptions", ())
        ),
        appliers=tuple(value.get("appliers", ())),
        grace=float(value.get("grace", usual.grace)),
        cap=value.get("cap", usual.cap),
        confirm=value.get("confirm", ""),
        unmanaged=tuple(value.get("unmanaged", ())),
        repositories=tuple(Followed(item["url"], item.get("ref", "main")) for item in value.get("repositories", ())),
    )


def _folder(root: str) -> str:
    cleaned = root.strip("/").removeprefix("./")
    return "" if cleaned == "." else cleaned
