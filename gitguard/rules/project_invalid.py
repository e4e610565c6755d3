"""project-invalid: an AppProject that Argo CD's API would refuse."""

from collections.abc import Iterable
from functools import partial

from gitguard.argo.integrity import mode_problem
from gitguard.argo.validation import refusals
from gitguard.model.finding import Finding, Undetermined
from gitguard.model.repository import DeclaredProject, Repository
from gitguard.rules.project_rule import asked, example, found
from gitguard.rules.rule import Rule

_ID = "project-invalid"
_ACCOUNT = "  destinationServiceAccounts:\n    - server: https://kubernetes.default.svc\n      namespace: web\n"
_TOPICS = ("destinations", "sources", "accounts")


def check(repository: Repository) -> Iterable[Finding | Undetermined]:
    """Argo CD's ValidateProject, but for what the rules on windows and roles say, and what only shows when a sync fails."""
    return asked(_ID, repository, partial(_judged, repository))


def _judged(repository: Repository, declared: DeclaredProject) -> Iterable[Finding]:
    for refusal in refusals(declared.own, repository.configuration.argocd.version):
        if refusal.topic in _TOPICS:
            repeated = "already" in refusal.message
            message = f"Argo CD's API refuses this AppProject: {refusal.message}"
            fix = "take the repeated entry out" if repeated else ""
            yield from found(_ID, "warning" if repeated else "error", declared, refusal.pointer, message, fix)
    yield from _integrity(declared)


def _integrity(declared: DeclaredProject) -> Iterable[Finding]:
    project, base = declared.own, "/spec/sourceIntegrity/git"
    if project.signature_keys and project.source_integrity is not None:
        message = "signatureKeys are ignored, because sourceIntegrity.git is set: only its policies are verified"
        yield from found(_ID, "error", declared, "/spec/signatureKeys", message, "move the keys into a policy of sourceIntegrity.git")
    for number, policy in enumerate(project.source_integrity or ()):
        pointer = f"{base}/policies/{number}"
        if policy.mode is not None and mode_problem(policy.mode):
            yield from found(_ID, "error", declared, f"{pointer}/gpg/mode", mode_problem(policy.mode))
        if not any(not pattern.startswith("!") for pattern in policy.repos):
            message = "the policy has no repository that it applies to, so nothing is verified by it"
            yield from found(_ID, "error", declared, f"{pointer}/repos", message, "add the repositories whose commits must be signed")


RULE = Rule(
    id=_ID,
    level="error",
    summary="An AppProject has what Argo CD's API would refuse",
    why=(
        "Argo CD's API checks AppProjects, but nothing checks them when they come through git: the entry is stored, does something else than it "
        "says or nothing at all, and from then on nobody can save the AppProject with the CLI or the GUI."
    ),
    fails=(example(f"{_ACCOUNT}      defaultServiceAccount: '*'\n"),),
    passes=(example(f"{_ACCOUNT}      defaultServiceAccount: deployer\n"),),
    fix="Correct the entry that the message names.",
    check=check,
)
