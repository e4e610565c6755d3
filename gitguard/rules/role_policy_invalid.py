"""role-policy-invalid: a role of an AppProject that Argo CD's API refuses, or that its RBAC engine can't load."""

from collections.abc import Iterable
from functools import partial

from gitguard.argo.policies import PolicyError, load
from gitguard.argo.validation import refusals, unloadable
from gitguard.model.finding import Finding, Undetermined
from gitguard.model.repository import DeclaredProject, Repository
from gitguard.rules.project_rule import asked, example, found
from gitguard.rules.rule import Rule

_ID = "role-policy-invalid"


def check(repository: Repository) -> Iterable[Finding | Undetermined]:
    """What the API refuses in roles, what kills them all, and what loads but has no effect."""
    return asked(_ID, repository, partial(_judged, repository))


def _judged(repository: Repository, declared: DeclaredProject) -> Iterable[Finding]:
    broken = {refusal.pointer: refusal.message for refusal in unloadable(declared.own)}
    for pointer, message in broken.items():
        consequence = "Argo CD's RBAC engine can't load it, and then all roles of the AppProject are without effect"
        yield from found(_ID, "error", declared, pointer, f"{message}: {consequence}")
    for refusal in refusals(declared.own, repository.configuration.argocd.version):
        if refusal.topic == "roles" and refusal.pointer not in broken:
            level = "warning" if "already" in refusal.message else "error"
            message = f"Argo CD's API refuses this role: {refusal.message}{_consequence(declared, refusal.pointer)}"
            yield from found(_ID, level, declared, refusal.pointer, message)
    yield from _ineffective(declared)


def _consequence(declared: DeclaredProject, pointer: str) -> str:
    """What a policy that the API would refuse does when it comes through git."""
    _, _, _, number, *field = pointer.split("/")
    if field[:1] != ["policies"]:
        return ""
    role = declared.own.roles[int(number)]
    rules = load(role.policies[int(field[1])])
    if not rules or rules[0][0] != "p":
        return "; it has no effect"
    if rules[0][1] != f"proj:{declared.own.name}:{role.name}":
        return f"; through git it gives its rights to `{rules[0][1]}`, not to the role"
    return "; through git it takes effect, but nobody can save the AppProject with the CLI or the GUI any more"


def _ineffective(declared: DeclaredProject) -> Iterable[Finding]:
    """A policy that the API trims before it stores it, and that comes untrimmed through git."""
    for number, role in enumerate(declared.own.roles):
        for index, policy in enumerate(role.policies):
            try:
                rules = load(policy)
            except PolicyError:
                continue
            for rule in rules:
                spaced = [part for part in rule if part != part.rstrip(" ")]
                if spaced:
                    message = f"`{spaced[0]}` ends in a space, which Argo CD's RBAC engine compares: the policy has no effect"
                    yield from found(_ID, "error", declared, f"/spec/roles/{number}/policies/{index}", message, "take the space before the comma out")


RULE = Rule(
    id=_ID,
    level="error",
    summary="A role of an AppProject is refused, or has no effect",
    why=(
        "Argo CD's API checks the policies of roles, but nothing checks them when they come through git. One line that the RBAC engine can't load "
        "takes the effect of all roles of the AppProject away; others silently grant nothing, or something else."
    ),
    fails=(
        example(
            "  sourceRepos:\n    - '*'\n  roles:\n    - name: deployer\n      policies:\n"
            "        - p, proj:web:deployers, applications, sync, web/*, allow\n"
        ),
    ),
    passes=(
        example(
            "  sourceRepos:\n    - '*'\n  roles:\n    - name: deployer\n      policies:\n"
            "        - p, proj:web:deployer, applications, sync, web/*, allow\n"
        ),
    ),
    fix="Write every policy as `p, proj:PROJECT:ROLE, RESOURCE, ACTION, PROJECT/OBJECT, allow`.",
    check=check,
)
