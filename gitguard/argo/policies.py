"""Role policies: what Argo CD's API accepts, and what its RBAC engine makes of lines that nobody checked (types.go, util/rbac/rbac.go)."""

import re

from gitguard.argo.golang import SPACE
from gitguard.argo.version import at_least
from gitguard.model.argo import Role

_ROLE_NAME = re.compile(r"[a-zA-Z0-9]([-_a-zA-Z0-9]*[a-zA-Z0-9])?")
_SEGMENTS = re.compile(r"(/[*A-Za-z0-9_.-]+)?/[*A-Za-z0-9_.-]+")
_ACTIONS = frozenset({"get", "create", "update", "delete", "sync", "override", "*"})
_ACTION_FAMILIES = ("action/", "update/", "delete/")
_RESOURCES = ("applications", "repositories", "clusters", "exec", "logs")
_LENGTHS = {"p": 6, "g": 3}
# The sections of Argo CD's model: a line may begin with any of them, but only p and g mean something.
_SECTIONS = frozenset("rpgem")


class PolicyError(ValueError):
    """The RBAC engine can't load a line; all roles of the AppProject are then without effect."""


def role_name_problem(name: str) -> str:
    """What the API refuses in a role's name; "" where it is fine."""
    if _ROLE_NAME.fullmatch(name):
        return ""
    return f"the role name `{name}` must consist of letters, digits, `-` and `_`, and begin and end with a letter or digit"


def policy_problem(project: str, role: str, policy: str, version: str = "3.6") -> str:
    """What the API refuses in one policy of a role; "" where it is fine."""
    parts = [part.strip(" ") for part in policy.split(",")]
    if len(parts) != 6 or parts[0] != "p":
        return "it must be of the form `p, subject, resource, action, object, effect`"
    _, subject, resource, action, object_, effect = parts
    if subject != f"proj:{project}:{role}":
        return f"its subject must be `proj:{project}:{role}`, not `{subject}`"
    resources = (*_RESOURCES, "applicationsets") if at_least(version, (3, 0)) else _RESOURCES
    if resource not in resources:
        return f"its resource must be one of {', '.join(sorted(resources))}, not `{resource}`"
    if action not in _ACTIONS and not (action == "rollback" and at_least(version, (3, 6))) and not any(part in action for part in _ACTION_FAMILIES):
        return f"`{action}` is no action"
    if not object_.startswith(project) or not _SEGMENTS.fullmatch(object_[len(project) :]):
        return f"its object must be `{project}/*`, `{project}/NAME` or `{project}/NAMESPACE/NAME`, not `{object_}`"
    if effect not in ("allow", "deny"):
        return f"its effect must be `allow` or `deny`, not `{effect}`"
    return ""


def group_problem(group: str) -> str:
    """What the API refuses in the name of a role's group; "" where it is fine."""
    name = group.strip(SPACE)
    if len(name.encode("utf-8", "surrogatepass")) > 1 and name.startswith('"') and name.endswith('"'):
        name = name[1:-1]
    elif "," in name:
        return f"the group `{group}` has a comma and must be quoted"
    if not name:
        return "the group is empty"
    if re.search('["\n\r\t]', name):
        return f"the group `{group}` has a character that groups can't have"
    if len(group) > 1 and (group[0] in SPACE or group[-1] in SPACE):
        return f"the group `{group}` begins or ends with a space"
    return ""


def lines_of(project: str, role: Role) -> tuple[tuple[str, str], ...]:
    """What the RBAC engine is given for a role, each with its JSON pointer in it: Argo CD's own line, the policies as they are, a line a group."""
    subject = f"proj:{project}:{role.name}"
    return (
        ("", f"p, {subject}, projects, get, {project}, allow"),
        *((f"/policies/{index}", policy) for index, policy in enumerate(role.policies)),
        *((f"/groups/{index}", f"g, {group}, {subject}") for index, group in enumerate(role.groups)),
    )


def load(text: str) -> tuple[tuple[str, ...], ...]:
    """The rules that the engine reads in policy text. PolicyError: it reads none of them."""
    rules = []
    for line in text.split("\n"):
        stripped = line.strip(SPACE)
        if stripped and not stripped.startswith("#"):
            rules.append(_rule(stripped))
    return tuple(rules)


def _rule(line: str) -> tuple[str, ...]:
    tokens = _csv(line)
    if not tokens[0]:
        raise PolicyError("its first part is empty")
    wanted = _LENGTHS.get(tokens[0], len(tokens))
    if len(tokens) != wanted:
        raise PolicyError(f"a line of `{tokens[0]}` has {wanted} parts, this one has {len(tokens)}")
    if tokens[0] not in _SECTIONS:
        raise PolicyError(f"it begins with `{tokens[0]}`, and must begin with `p` or `g`")
    return tuple(tokens)


def _csv(line: str) -> list[str]:
    """One line as Go's encoding/csv reads it: strict quotes, leading spaces trimmed, trailing ones kept."""
    tokens, rest = [], line
    while True:
        rest = rest.lstrip(SPACE)
        if not rest.startswith('"'):
            token, comma, rest = rest.partition(",")
            if '"' in token:
                raise PolicyError("it has a quote in the middle of a part")
        else:
            token, comma, rest = _quoted(rest[1:])
        tokens.append(token)
        if not comma:
            return tokens


def _quoted(rest: str) -> tuple[str, str, str]:
    token = ""
    while True:
        before, quote, rest = rest.partition('"')
        token += before
        if not quote:
            raise PolicyError("a quote is not closed")
        if rest.startswith('"'):
            token, rest = token + '"', rest[1:]
        elif not rest or rest.startswith(","):
            return token, rest[:1], rest[1:]
        else:
            raise PolicyError("text follows a closing quote")
