"""sync-window-invalid: a sync window that Argo CD can't read, that blocks every sync, or that never opens."""

from collections.abc import Iterable
from functools import partial
from itertools import islice

from gitguard.argo.coverage import always_open, covered, never_opens, never_strikes
from gitguard.argo.cron import location
from gitguard.argo.validation import refusals
from gitguard.model.argo import SyncWindow
from gitguard.model.finding import Finding, Undetermined
from gitguard.model.repository import DeclaredProject, Repository
from gitguard.rules.project_rule import asked, example, found
from gitguard.rules.rule import Rule

_ID = "sync-window-invalid"
_UNREADABLE = ("schedule", "duration")

# More of them than anybody reads, and as many as can be laid over each other in no time.
_MOST_DENYING = 200


def check(repository: Repository) -> Iterable[Finding | Undetermined]:
    """What Argo CD refuses in windows, and what windows come to over time."""
    return asked(_ID, repository, partial(_judged, repository))


def _judged(repository: Repository, declared: DeclaredProject) -> Iterable[Finding]:
    refused: set[int] = set()
    for refusal in refusals(declared.own, repository.configuration.argocd.version):
        if refusal.topic == "windows":
            refused.add(int(refusal.pointer.split("/")[3]))
            yield from _refused(declared, refusal.pointer, refusal.message)
    for number, window in enumerate(declared.own.sync_windows):
        if window is not None and number not in refused:
            yield from _over_time(declared, number, window)


def _refused(declared: DeclaredProject, pointer: str, message: str) -> Iterable[Finding]:
    field = pointer.rpartition("/")[2]
    consequence = ""
    if field in _UNREADABLE:
        consequence = ": Argo CD blocks every sync that the window applies to, manual ones too"
    elif field == "kind":
        consequence = ": Argo CD looks over the window"
    yield from found(_ID, "warning" if "already" in message else "error", declared, pointer, message + consequence)


def _over_time(declared: DeclaredProject, number: int, window: SyncWindow) -> Iterable[Finding]:
    pointer = f"/spec/syncWindows/{number}"
    syncs = "every automatic sync" if window.manual_sync else "every sync"
    whom = "of the AppProject" if "*" in window.applications else "that it applies to"
    try:
        location(window.time_zone)
    except ValueError:
        message = f"there is no time zone `{window.time_zone}`: Argo CD takes UTC, and says so only in its log"
        yield from found(_ID, "error", declared, f"{pointer}/timeZone", message, "use a name such as Europe/Berlin")
    if never_opens(window):
        consequence = "it blocks nothing" if window.kind == "deny" else "and Applications that no other window allows are never synced"
        message = f"its duration `{window.duration}` is not positive: the window never opens, {consequence}"
        yield from found(_ID, "error", declared, f"{pointer}/duration", message)
    elif never_strikes(window):
        what = f"open for ever: it blocks {syncs} {whom}" if window.kind == "deny" else "open for ever: it restricts nothing"
        message = f"its schedule `{window.schedule}` never strikes, and Argo CD then takes the window for {what}"
        yield from found(_ID, "error", declared, f"{pointer}/schedule", message)
    elif window.kind == "deny" and always_open(window):
        message = f"the window lasts until it opens again: it blocks {syncs} {whom}, always"
        yield from found(_ID, "error", declared, f"{pointer}/duration", message)
    elif window.kind == "allow":
        denies = (other for other in declared.own.sync_windows if other is not None and other.kind == "deny")
        denying = [other for other in islice(denies, _MOST_DENYING) if _includes(other, window)]
        if denying and covered(window, denying):
            yield from found(_ID, "error", declared, pointer, "deny windows cover every opening of this allow window: it never allows a sync")


def _includes(deny: SyncWindow, allow: SyncWindow) -> bool:
    """Does the deny window apply to all that the allow window applies to, as far as their selectors tell?"""
    if deny.manual_sync and not allow.manual_sync:
        return False
    same = (deny.applications, deny.namespaces, deny.clusters, deny.and_operator) == (
        allow.applications,
        allow.namespaces,
        allow.clusters,
        allow.and_operator,
    )
    return same or (not deny.and_operator and "*" in deny.applications)


RULE = Rule(
    id=_ID,
    level="error",
    summary="A sync window can't be read, blocks every sync or never opens",
    why=(
        "Nothing checks a window that comes through git. One that Argo CD can't read blocks all syncs of its Applications; a date that never comes "
        "keeps it open for ever; an unknown time zone becomes UTC. The first sign is a deployment that does not happen, or one that should not have."
    ),
    fails=(
        example(
            "  sourceRepos:\n    - '*'\n  syncWindows:\n    - kind: deny\n      schedule: 0 0 30 2 *\n      duration: 1h\n      applications:\n"
            "        - '*'\n"
        ),
    ),
    passes=(
        example(
            "  sourceRepos:\n    - '*'\n  syncWindows:\n    - kind: deny\n      schedule: 0 22 * * *\n      duration: 1h\n      applications:\n"
            "        - '*'\n"
        ),
    ),
    fix="Give the window a kind, a schedule of five fields, a duration such as 1h30m, and applications, namespaces or clusters.",
    check=check,
)
