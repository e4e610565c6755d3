"""Which files decide how, and whether, gitguard is run."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gitguard.manifests.classify import CONFIGURATION

HOOKS = (".pre-commit-config.yaml", ".pre-commit-config.yml")
OWNERS = ("CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS", ".bitbucket/CODEOWNERS")
_PIPELINES = re.compile(
    r"(\.github/(workflows|actions)/.*|\.gitlab-ci[^/]*\.ya?ml|\.gitlab/.*\.ya?ml|\.circleci/.*\.ya?ml|\.buildkite/.*|\.woodpecker.*\.ya?ml"
    r"|azure-pipelines[^/]*\.ya?ml|bitbucket-pipelines\.ya?ml|\.drone\.ya?ml|\.travis\.yml|(.*/)?action\.ya?ml)"
)
_WORKFLOWS = re.compile(r"\.github/workflows/[^/]+\.ya?ml")
# What a pipeline or a server may call to run gitguard: only looked at where it names gitguard.
_SCRIPTS = re.compile(
    r"(.*/)?(Jenkinsfile[^/]*|Makefile|Taskfile\.ya?ml|justfile|tox\.ini|[^/]*\.(sh|bash|groovy)|pre-receive[^/]*|update|\.husky/.*)"
)
_ATTRIBUTES = re.compile(r"(.*/)?\.gitattributes")
_LARGEST = 1_000_000


class Weakening(NamedTuple):
    """One way in which a change weakens the gate: the place (a JSON pointer of the file), what happens, and what to do."""

    pointer: str
    message: str
    fix: str = ""


Contents = tuple[bytes | None, bytes | None]


def is_gate(path: str) -> bool:
    """Does the file at this path decide how gitguard is run, or may it?"""
    return (
        path == CONFIGURATION or path in HOOKS or path in OWNERS or is_pipeline(path) or is_script(path) or is_attributes(path) or is_baseline(path)
    )


def is_baseline(path: str) -> bool:
    """Is it a baseline by gitguard's usual name?"""
    return path.rpartition("/")[2].startswith(".gitguard") and path != CONFIGURATION


def is_pipeline(path: str) -> bool:
    """Is it the configuration of a CI system, or an action?"""
    return bool(_PIPELINES.fullmatch(path))


def is_workflow(path: str) -> bool:
    """Does GitHub run it as a workflow?"""
    return bool(_WORKFLOWS.fullmatch(path))


def is_script(path: str) -> bool:
    """May a CI system or a git server run it?"""
    return bool(_SCRIPTS.fullmatch(path))


def is_attributes(path: str) -> bool:
    """Does it say how git checks files out?"""
    return bool(_ATTRIBUTES.fullmatch(path))


def is_too_large(contents: Contents) -> bool:
    """Is it more than anybody writes by hand?"""
    return any(content is not None and len(content) > _LARGEST for content in contents)


def names_gitguard(content: bytes | None) -> bool:
    """Does a file mention gitguard at all?"""
    return content is not None and b"gitguard" in content.lower()


def mentions(value: Any) -> bool:
    """Does any text in a value mention gitguard?"""
    if isinstance(value, dict):
        return any(mentions(key) or mentions(inner) for key, inner in value.items())
    if isinstance(value, list):
        return any(mentions(inner) for inner in value)
    return isinstance(value, str) and "gitguard" in value.lower()


def differences(before: Any, after: Any, at: str = "") -> Sequence[tuple[str, Any, Any]]:
    """The smallest fields that differ, each as a JSON pointer with the value on either side, None where there is none."""
    if before == after and type(before) is type(after):
        return ()
    if isinstance(before, dict) and isinstance(after, dict):
        return [found for key in sorted({*before, *after}, key=str) for found in differences(before.get(key), after.get(key), f"{at}/{escaped(key)}")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = zip(before, after, strict=True)
        return [found for number, (was, now) in enumerate(pairs) for found in differences(was, now, f"{at}/{number}")]
    return ((at, before, after),)


def escaped(key: object) -> str:
    """One step of a JSON pointer."""
    return str(key).replace("~", "~0").replace("/", "~1")


def dotted(pointer: str) -> str:
    """A JSON pointer as people name a field."""
    return pointer.removeprefix("/").replace("/", ".").replace("~1", "/").replace("~0", "~")


def mapping(value: Any) -> Mapping[str, Any]:
    """The value where it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}
