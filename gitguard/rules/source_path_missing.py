"""source-path-missing: an Application whose source is a folder that the repository does not have."""

from collections.abc import Iterable
from difflib import get_close_matches
from posixpath import dirname, normpath

from gitguard.argo.repository import one_of
from gitguard.manifests.facts import TEMPLATE_MARK
from gitguard.model.finding import Finding
from gitguard.model.repository import Repository
from gitguard.render.tree import folders_of
from gitguard.rules.application_rule import applied
from gitguard.rules.object_rule_examples import CONFIGURATION, example_application, example_project, manifest
from gitguard.rules.rule import Rule

_ID = "source-path-missing"
# Revisions that mean what is judged; another branch or a tag may have the folder.
_HERE = ("", "HEAD", "main", "master")


def check(repository: Repository) -> Iterable[Finding]:
    """Look for the folder of every source in this repository."""
    folders: frozenset[str] | None = None
    is_here = one_of(repository.configuration.urls)
    for application in applied(repository):
        for source in application.spec.sources:
            if not source.path or source.chart or TEMPLATE_MARK.search(source.path) or source.target_revision not in _HERE:
                continue
            path = normpath(source.path.strip("/"))
            if path == "." or not is_here(source.repo_url) or application.changed_by_kustomize:
                continue
            if path.startswith("..") or repository.doors.intersection(_upwards(path)):
                # Out of the repository, render-failed says so; behind a link or in a submodule nothing can be said of the tree alone.
                continue
            folders = folders if folders is not None else folders_of(repository.tree)
            if path not in folders:
                what = "a file, not a folder" if path in repository.tree else "not in this repository"
                near = get_close_matches(path, folders, n=1, cutoff=0.8)
                fix = f"did you mean {near[0]}?" if near else "add the folder, or take the source out"
                site = application.site(f"{source.pointer}/path")
                message = f"the source's path `{source.path}` is {what}"
                yield Finding(_ID, "error", message, application.reference, site, application=application.key, fix=fix)


def _upwards(path: str) -> Iterable[str]:
    while path:
        yield path
        path = dirname(path)


RULE = Rule(
    id=_ID,
    level="error",
    summary="An Application's source is a folder that is not there",
    why="Argo CD can't render the Application: `app path does not exist`. What it deployed before stays as it is, and changes no more.",
    fails=(CONFIGURATION, example_project(), example_application(path="deplyo"), manifest("v1", "ConfigMap")),
    passes=(CONFIGURATION, example_project(), example_application(), manifest("v1", "ConfigMap")),
    fix="Correct the path, or add the folder.",
    check=check,
)
