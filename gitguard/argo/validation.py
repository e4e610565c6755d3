"""What Argo CD's API refuses in an AppProject: its ValidateProject (app_project_types.go). Nothing asks it when a project comes through git."""

from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

from gitguard.argo.accounts import account_problem
from gitguard.argo.glob import compiles
from gitguard.argo.policies import PolicyError, group_problem, lines_of, load, policy_problem, role_name_problem
from gitguard.argo.windows import identity, window_problem
from gitguard.model.argo import Project


class Refusal(NamedTuple):
    """One reason to refuse the project; `topic` is what it is about: destinations, sources, roles, windows or accounts."""

    topic: str
    pointer: str
    message: str


def refusals(project: Project, version: str = "3.6") -> tuple[Refusal, ...]:
    """Everything that would be refused, in Argo CD's order; it stops at the first."""
    return (
        *_destinations(project),
        *_repeated("/spec/sourceNamespaces", project.source_namespaces, "source namespace"),
        *_repeated("/spec/sourceRepos", project.source_repos, "source repository"),
        *_roles(project, version),
        *_windows(project, version),
        *_accounts(project, version),
        *unloadable(project),
    )


def unloadable(project: Project) -> Iterable[Refusal]:
    """What the RBAC engine can't load, by which all roles lose their effect: the API tries it last."""
    for number, role in enumerate(project.roles):
        for field, line in lines_of(project.name, role):
            try:
                load(line)
            except PolicyError as error:
                yield Refusal("roles", f"/spec/roles/{number}{field}", f"`{line}` can't be read: {error}")


def _destinations(project: Project) -> Iterable[Refusal]:
    seen: dict[str, int] = {}
    for number, entry in enumerate(project.destinations):
        pointer = f"/spec/destinations/{number}"
        for field, value in (("name", entry.name), ("server", entry.server), ("namespace", entry.namespace)):
            if value == "!*":
                yield Refusal("destinations", f"{pointer}/{field}", f"the {field} of a destination can't be `!*`")
        # Servers and names share one space: an entry by name collides with one by a server of that text.
        key = f"{entry.name if not entry.server and entry.name else entry.server}/{entry.namespace}"
        if key in seen:
            yield Refusal("destinations", pointer, f"the destination `{key}` is already there, as entry {seen[key] + 1}")
        seen.setdefault(key, number)


def _roles(project: Project, version: str) -> Iterable[Refusal]:
    names: set[str] = set()
    for number, role in enumerate(project.roles):
        pointer = f"/spec/roles/{number}"
        if role.name in names:
            yield Refusal("roles", f"{pointer}/name", f"the role `{role.name}` is already there")
        names.add(role.name)
        if role_name_problem(role.name):
            yield Refusal("roles", f"{pointer}/name", role_name_problem(role.name))
        policies: set[str] = set()
        for index, policy in enumerate(role.policies):
            problem = "it is already there" if policy in policies else policy_problem(project.name, role.name, policy, version)
            policies.add(policy)
            if problem:
                yield Refusal("roles", f"{pointer}/policies/{index}", f"the policy `{policy}` is refused: {problem}")
        groups: set[str] = set()
        for index, group in enumerate(role.groups):
            problem = f"the group `{group}` is already there" if group in groups else group_problem(group)
            groups.add(group)
            if problem:
                yield Refusal("roles", f"{pointer}/groups/{index}", problem)


def _windows(project: Project, version: str) -> Iterable[Refusal]:
    seen: set[Hashable] = set()
    for number, window in enumerate(project.sync_windows):
        if window is None:
            continue
        pointer = f"/spec/syncWindows/{number}"
        if identity(window, version) in seen:
            yield Refusal("windows", pointer, "the same window is already there")
        seen.add(identity(window, version))
        field, problem = window_problem(window, version)
        if problem:
            yield Refusal("windows", f"{pointer}/{field}".rstrip("/"), problem)


def _accounts(project: Project, version: str) -> Iterable[Refusal]:
    seen: set[str] = set()
    for number, entry in enumerate(project.destination_service_accounts):
        pointer = f"/spec/destinationServiceAccounts/{number}"
        fields = (("server", entry.server), ("namespace", entry.namespace))
        for field, value in fields:
            if "!" in value:
                yield Refusal("accounts", f"{pointer}/{field}", f"the {field} `{value}` has a `!`, and nothing is denied here")
        if account_problem(entry.account):
            yield Refusal("accounts", f"{pointer}/defaultServiceAccount", account_problem(entry.account))
        for field, value in fields:
            if compiles(value, version) and "!" not in value:
                yield Refusal("accounts", f"{pointer}/{field}", f"the {field} `{value}` is no glob: {compiles(value, version)}")
        key = f"{entry.server}/{entry.namespace}"
        if key in seen:
            yield Refusal("accounts", pointer, f"the destination `{key}` already has a service account")
        seen.add(key)


def _repeated(pointer: str, entries: Sequence[str], noun: str) -> Iterable[Refusal]:
    seen: set[str] = set()
    for number, entry in enumerate(entries):
        if entry == "!*" and noun == "source repository":
            yield Refusal("sources", f"{pointer}/{number}", "a source repository can't be `!*`")
        if entry in seen:
            yield Refusal("sources", f"{pointer}/{number}", f"the {noun} `{entry}` is already there")
        seen.add(entry)
