"""What the roles of AppProjects may do, as Argo CD's RBAC engine answers (casbin, by globs), and who has them."""

from collections.abc import Iterator

from gitguard.argo.glob import match
from gitguard.argo.glob_classes import cases, plain, texts
from gitguard.argo.policies import PolicyError, lines_of, load
from gitguard.model.argo import Project, Role

_Line = tuple[str, str, str, str]


def new_permissions(before: Project, after: Project, version: str = "3.6") -> Iterator[tuple[str, str]]:
    """(what, in words; JSON pointer of the role) that a role may now and might not before, and groups that have a role they had not."""
    was = {role.name: role for role in before.roles}
    for number, role in enumerate(after.roles):
        old = was.get(role.name, Role(role.name))
        pointer = f"/spec/roles/{number}"
        lines, old_lines = _lines(after, role), _lines(before, old)
        for index, group in enumerate(role.groups):
            if group not in old.groups and any(line[3] == "allow" for line in lines):
                yield f"group `{group}` in role `{role.name}`", f"{pointer}/groups/{index}"
        for asked in dict.fromkeys(_questions((*lines, *old_lines))):
            if permits(lines, asked, version) and not permits(old_lines, asked, version):
                yield f"`{', '.join(asked)}` for role `{role.name}`", pointer


def permits(lines: tuple[_Line, ...], asked: tuple[str, str, str], version: str = "3.6") -> bool:
    """Is there a line that allows (resource, action, object), and none that denies it?"""
    effects = {line[3] for line in lines if all(match(pattern, text, version=version) for pattern, text in zip(line[:3], asked, strict=True))}
    return "allow" in effects and "deny" not in effects


def _lines(project: Project, role: Role) -> tuple[_Line, ...]:
    """(resource, action, object, effect) of what is said of the role itself; a line that can't be read says nothing."""
    made: list[_Line] = []
    for _, text in lines_of(project.name, role)[1:]:
        try:
            rules = load(text)
        except PolicyError:
            continue
        made += [(rule[2], rule[3], rule[4], rule[5]) for rule in rules if rule[0] == "p" and rule[1] == f"proj:{project.name}:{role.name}"]
    return tuple(made)


def _questions(lines: tuple[_Line, ...]) -> Iterator[tuple[str, str, str]]:
    if not lines:
        return
    resources, actions, objects = ([text for text in texts(line[part] for line in lines) if text] for part in range(3))
    every = cases(resources, actions, objects)
    yield from ((plain(line[0]), plain(line[1]), plain(line[2])) for line in lines)
    yield from ((resource, action, object_) for resource, action, object_ in every)
