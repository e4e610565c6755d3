"""What gitguard says: findings, verdicts it could not reach, and the report that holds them all."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NamedTuple

LEVELS = ("note", "warning", "error")


class ObjectRef(NamedTuple):
    """Which Kubernetes object is spoken of; empty strings where a part is not known."""

    api_version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {where}{self.name}".rstrip() if self.kind else ""


class Site(NamedTuple):
    """A place that a rule names: a field (JSON pointer) of a document of a file. The engine finds line and column (1-based).

    A line without a column says which document of a template is meant, the one around it; the engine looks for the field there.
    """

    path: str
    document: int = 0
    pointer: str = ""
    line: int = 0
    column: int = 0

    @property
    def field(self) -> tuple[int, str]:
        """What is to be looked for: the pointer in the document, or in the one around the line, which is then negative."""
        return -self.line or self.document, self.pointer

    def located(self, line: int, column: int) -> "Site":
        """The same place with its line and column."""
        return self._replace(line=line, column=column)


class Related(NamedTuple):
    """A second place that explains a finding: the AppProject's entry that denies, the declaration that is meant."""

    site: Site
    message: str


_LONGEST = 1_000
_HEAD, _TAIL = 700, 250


def shortened(message: str) -> str:
    """A message quotes what is in a repository, and that may be a megabyte."""
    return message if len(message) <= _LONGEST else f"{message[:_HEAD]} … {message[-_TAIL:]}"


class Finding(NamedTuple):
    """One thing that is wrong, where, and what to do about it. `status` is new or old where a change is judged, else ""."""

    rule: str
    level: str
    message: str
    object: ObjectRef
    site: Site
    pointer: str = ""
    related: tuple[Related, ...] = ()
    application: str = ""
    fix: str = ""
    status: str = ""

    @property
    def deployer(self) -> str:
        """The Application that deploys the object; "" where the finding is on an Application itself, or on the ApplicationSet that makes it.

        What is wrong with an ApplicationSet's template is said once, of however many Applications.
        """
        of_itself = self.object.kind == "Application" and f"{self.object.namespace}/{self.object.name}".lstrip("/") == self.application
        return "" if of_itself or self.object.kind == "ApplicationSet" else self.application

    @property
    def fingerprint(self) -> str:
        """Stable while lines move and files are reformatted: rule, object, path, field, message and who deploys it, without positions."""
        parts = [self.rule, self.site.path, str(self.object), self.pointer or self.site.pointer, self.message]
        parts += [self.deployer] if self.deployer else []
        return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def sort_key(self) -> tuple[Any, ...]:
        """Reports are in the order of path, line and rule, so that two runs print the same."""
        return (self.site.path, self.site.document, self.site.line, self.site.column, self.rule, self.message)


class Undetermined(NamedTuple):
    """A verdict that can't be reached with what is known, and what would be needed to reach it."""

    rule: str
    object: ObjectRef
    reason: str
    needs: str
    site: Site


class Skipped(NamedTuple):
    """Something read and not judged, with the reason; `object` where only one object of the file is meant."""

    path: str
    reason: str
    object: ObjectRef | None = None


class Failure(NamedTuple):
    """Something that should have been judged and was not: an unreadable file, a crashed rule."""

    path: str
    message: str
    rule: str = ""


class Suppressed(NamedTuple):
    """A finding that somebody took out of the report, with the reason given for it, and the last day on which that holds, "" for ever."""

    finding: Finding
    reason: str
    until: str


class Counts(NamedTuple):
    """How much was read. `manifests` are the objects found; each is judged or skipped with a reason."""

    files: int = 0
    manifests: int = 0
    applications: int = 0
    projects: int = 0
    judged: int = 0


class Report(NamedTuple):
    """All that one run says, in a stable order. `fixed` are findings that the change under judgement removes, None where no change is judged;
    `remarks` say what was done otherwise than one may expect."""

    counts: Counts = Counts()
    findings: tuple[Finding, ...] = ()
    undetermined: tuple[Undetermined, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()
    failures: tuple[Failure, ...] = ()
    seconds: float = 0.0
    fixed: tuple[Finding, ...] | None = None
    remarks: tuple[str, ...] = ()

    def levels(self) -> Mapping[str, int]:
        """How many findings there are at each level."""
        return {level: sum(1 for finding in self.findings if finding.level == level) for level in LEVELS}
