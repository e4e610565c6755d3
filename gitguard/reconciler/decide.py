"""What is done about drift: decided by git's policy, never by the live object, and never in favour of a writer whom nobody has authenticated."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase

from gitguard.model.drift import ABSENT, Actor, Change, ObjectKey
from gitguard.model.policy import Allow, Decision, Exemption, Policy, Subject
from gitguard.reconciler.given import is_token

# What parts of Kubernetes, and controllers that most clusters have, write into objects of git: these fields, and by these users only.
DEFAULTS = (
    Allow("*", "/spec/replicas", "system:serviceaccount:kube-system:horizontal-pod-autoscaler"),
    Allow("*", "/spec/replicas", "system:serviceaccount:keda:keda-operator"),
    Allow("*WebhookConfiguration", "/webhooks/*/clientConfig/caBundle", "system:serviceaccount:cert-manager:*"),
    Allow("CustomResourceDefinition", "/spec/conversion/webhook/clientConfig/caBundle", "system:serviceaccount:cert-manager:*"),
    Allow("APIService", "/spec/caBundle", "system:serviceaccount:cert-manager:*"),
    Allow("*", "/metadata/annotations/notified.notifications.argoproj.io", "system:serviceaccount:argocd:argocd-notifications-controller"),
    Allow("Namespace", "/spec/finalizers", "system:serviceaccount:kube-system:*"),
    Allow("*", "/metadata/finalizers", "system:serviceaccount:kube-system:*"),
    Allow("*", "/metadata/ownerReferences", "system:serviceaccount:kube-system:*"),
    Allow("PersistentVolumeClaim", "/spec/resources", "system:serviceaccount:kube-system:*"),
)
_PROVEN = ("authenticated", "corroborated")
_RESTARTED = "kubectl.kubernetes.io/restartedAt"


def decided(subject: Subject, policy: Policy, *, enforce: bool, now: datetime, control_plane: str = "argocd") -> tuple[Decision, ...]:
    """Each change in exactly one decision, but for those that git lets their writer make, which are in none. No decision is about several writers.

    `control_plane` is Argo CD's namespace, where Secrets are credentials: these are never put back.
    """
    groups: dict[tuple[str, ...], list[tuple[Change, Actor]]] = {}
    for change, actor in subject.changes:
        answer = _decision(subject, change, actor, policy, enforce=enforce, now=now, control_plane=control_plane)
        if answer is not None:
            groups.setdefault((*answer, actor.name, actor.via, actor.confidence), []).append((change, actor))
    return tuple(Decision(what, reason, tuple(changes)) for (what, reason, *_), changes in groups.items())


def is_applier(actor: Actor, policy: Policy, argo: Iterable[str]) -> bool:
    """Is it known to be somebody who brings git's word to the cluster? `argo` are Argo CD's own user names."""
    return actor.confidence in _PROVEN and (actor.name in tuple(argo) or any(_is_writer(actor, one) for one in policy.appliers))


def is_proven(actor: Actor) -> bool:
    """Is it known who that was?"""
    return actor.confidence in _PROVEN


def ends(until: str) -> datetime | None:
    """When an exception ends: at the time, or with the day; None where it is neither."""
    try:
        if len(until) == len("2027-01-31"):
            return datetime.fromisoformat(until).replace(tzinfo=UTC) + timedelta(days=1)
        moment = datetime.fromisoformat(until)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def lasts(policy: Policy, now: datetime) -> float | None:
    """Seconds until the next exception ends, after which what was excepted is to be decided anew; None where none will."""
    left = [(end - now).total_seconds() for one in policy.exceptions if (end := ends(one.until)) is not None and end > now]
    return min(left, default=None)


def is_named(key: ObjectKey, pattern: str) -> bool:
    """Does a glob of KIND/NAME or KIND/NAMESPACE/NAME mean the object?"""
    if pattern == "*":
        return True
    kind, *rest = pattern.split("/")
    place = [key.namespace, key.name] if len(rest) == 2 else [key.name]
    return len(rest) in (1, 2) and fnmatchcase(key.kind, kind) and all(map(fnmatchcase, place, rest))


def _decision(
    subject: Subject, change: Change, actor: Actor, policy: Policy, *, enforce: bool, now: datetime, control_plane: str
) -> tuple[str, str] | None:
    key = subject.key
    rules, defaults = ([rule for rule in some if _covers(rule, key, change)] for some in (policy.allow, DEFAULTS))
    if any(_is_met(rule, actor) for rule in (*rules, *defaults)):
        return None
    exception = next((one for one in policy.exceptions if _holds(one, key, change, actor, now)), None)
    if exception is not None:
        return "excepted", f"{exception.reason} ({exception.ticket or 'no ticket'}, until {exception.until})"
    if (key.group, key.kind, key.namespace) == ("", "Secret", control_plane):
        return "log", "credentials are not put back by themselves"
    if is_restart(change):
        return "log", "a restart changes nothing that git says"
    if is_token(change):
        return "log", "a token of a role was issued or taken back, which Argo CD keeps and git does not"
    if rules and not is_proven(actor):
        return "hold", "git allows some writers this, and nothing proves who it was"
    if change.path in subject.unseen and any(_may_be(rule, actor) for rule in defaults):
        return "hold", "it came while nothing was watched, controllers may do this, and nothing proves who it was"
    return ("revert", "git has it otherwise") if enforce else ("observed", "git has it otherwise; nothing is written in mode observe")


def is_restart(change: Change) -> bool:
    """Is it no more than the annotation of `kubectl rollout restart`?"""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in change.path.split("/")[1:]]
    if steps[:2] != ["spec", "template"][: len(steps[:2])] or len(steps) < 2:
        return False
    rest = ["metadata", "annotations", _RESTARTED][len(steps) - 2 :]
    if steps[2:] != ["metadata", "annotations", _RESTARTED][: len(steps) - 2] or (change.git is not ABSENT and rest):
        return False
    value = change.live
    for name in rest:
        if not isinstance(value, dict) or list(value) != [name]:
            return False
        value = value[name]
    return isinstance(value, str)


def _covers(rule: Allow, key: ObjectKey, change: Change) -> bool:
    kind = f"{key.group}/{key.kind}" if "/" in rule.kind else key.kind
    return fnmatchcase(kind, rule.kind) and covers(rule.path, change.path)


def covers(pattern: str, path: str) -> bool:
    """Is the path what a JSON pointer names, or below it? A step `*` is any one step."""
    wanted, steps = _steps(pattern), _steps(path)
    return len(steps) >= len(wanted) and all(one in ("*", step) for one, step in zip(wanted, steps, strict=False))


def _steps(pointer: str) -> Sequence[str]:
    return pointer.strip("/").split("/") if pointer.strip("/") else []


def _is_met(rule: Allow, actor: Actor) -> bool:
    return not rule.writer or (is_proven(actor) and _is_writer(actor, rule.writer))


def _may_be(rule: Allow, actor: Actor) -> bool:
    """Is it open whether that was who may? Where the audit names somebody by what they wrote, it is not."""
    return not is_proven(actor) and (actor.confidence != "reported" or _is_writer(actor, rule.writer))


def _is_writer(actor: Actor, pattern: str) -> bool:
    if pattern.startswith("group:"):
        # Argo CD's own users have no groups that the API server knows of.
        return any(fnmatchcase(group, pattern.removeprefix("group:")) for group in actor.groups)
    return fnmatchcase(actor.name, pattern)


def _holds(exception: Exemption, key: ObjectKey, change: Change, actor: Actor, now: datetime) -> bool:
    end = ends(exception.until)
    if end is None or now >= end or not is_named(key, exception.object):
        return False
    if exception.by and not (is_proven(actor) and _is_writer(actor, exception.by)):
        return False
    return not exception.paths or any(covers(path, change.path) for path in exception.paths)
