"""What a rule is: one value with its words, its examples and its question to the repository."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from gitguard.model.files import ObjectFacts
from gitguard.model.finding import Finding, ObjectRef, Related, Site, Undetermined
from gitguard.model.repository import Repository
from gitguard.repository.making import document

Files = tuple[tuple[str, str], ...]


class Rule(NamedTuple):
    """A rule of the catalogue.

    `summary` is one line without a full stop, `why` says what happens in production, `fails` and `passes` are small repositories (path,
    content), `fix` says what to do. `check` yields findings and undetermined verdicts; it sees the whole repository and names fields, never
    lines.
    """

    id: str
    level: str
    summary: str
    why: str
    fails: Files
    passes: Files
    fix: str
    check: Callable[[Repository], Iterable[Finding | Undetermined]]


def own_violations(rule: str, level: str) -> Callable[[Repository], Iterable[Finding]]:
    """The check of a rule that each document breaks by itself: what reading and the schemas already found."""

    def check(repository: Repository) -> Iterable[Finding]:
        for path, facts in repository.files.items():
            if path in repository.not_objects:
                continue
            for violation in facts.violations:
                if violation.rule == rule:
                    site = Site(path, violation.document, violation.pointer, violation.line, violation.column)
                    reference = _object_of(facts.objects, violation.document, violation.pointer)
                    yield Finding(rule, level, violation.message, reference, site, fix=violation.fix)
        yield from _of_made_objects(rule, level, repository)

    return check


def _of_made_objects(rule: str, level: str, repository: Repository) -> Iterable[Finding]:
    """The same of objects that a chart or a kustomization makes: at what they come from, and at the Application."""
    for deployed in repository.deployed:
        application = deployed.application
        for item, violation in deployed.violations:
            if violation.rule == rule:
                source = document(item, repository)
                made = Site(item.origin.path, 0, violation.pointer, item.origin.line)
                site = Site(item.origin.path, source.document, source.at(violation.pointer)) if source else made
                site = site if site.path else application.site("/spec/source")
                reference = ObjectRef(item.api_version, item.kind, item.namespace, item.name)
                related = (Related(application.site("/spec/source"), f"Application {application.key} deploys it"),)
                yield Finding(rule, level, violation.message, reference, site, violation.pointer, related, application.key, violation.fix)


def _object_of(objects: Iterable[ObjectFacts], document: int, pointer: str) -> ObjectRef:
    for item in objects:
        if item.document == document and f"{pointer}/".startswith(f"{item.prefix}/"):
            return ObjectRef(item.api_version, item.kind, item.namespace, item.name)
    return ObjectRef()
