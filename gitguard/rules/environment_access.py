"""environment-access: a change to an environment by somebody who may not, without approval, unsigned, or out of order."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from gitguard.model.change import Change, Commit, Promotion
from gitguard.model.finding import Finding, ObjectRef, Site, Undetermined
from gitguard.repository.environments import Reached, reached
from gitguard.repository.gate import dotted
from gitguard.repository.promotion import introduced, unseen_images, versions
from gitguard.rules.change_rule import ChangeRule

_ID = "environment-access"
Said = Iterable[Finding | Undetermined]


def check(change: Change) -> Said:
    """Ask who has made and approved the change, for each environment that it reaches."""
    for one in reached(change):
        environment = one.environment
        asks = environment.authors or environment.approvers or environment.signers or environment.after
        if environment.branches and not change.occasion.base and asks:
            yield _unknown(one, "nobody tells which branch the change goes to", "GITGUARD_BASE, or --base origin/BRANCH")
            continue
        yield from _authors(one, change)
        yield from _approvers(one, change)
        yield from _signers(one, change.commits)
        if environment.after:
            promotion = change.promotions.get(environment.name, Promotion())
            yield from _order(one, promotion)
            yield from _order_of_images(one, change, promotion)


def _authors(one: Reached, change: Change) -> Said:
    allowed, author = one.environment.authors, change.occasion.author
    if not allowed:
        return
    if author:
        if not _is_among((author,), allowed):
            yield _finding(one, f"`{author}` may not change it, only {_listed(allowed)}", "let one of them open the change")
        return
    claimed = False
    for commit in change.commits:
        by_one = _is_signed_by(commit, allowed)
        signed = by_one or commit.signature.verdict == "good"
        if not (by_one if signed else _is_among((commit.author,), allowed)):
            who = commit.signature.signer if signed else commit.author
            yield _finding(one, f"commit {commit.id[:12]} is by `{who}`, who may not change it, only {_listed(allowed)}", "let one of them make it")
            return
        claimed = claimed or not signed
    if claimed:
        reason = f"nobody but unsigned commits says who changes {_named(one)}: anybody can write any author into a commit"
        yield _unknown(one, reason, "the CI system's own word (GITGUARD_AUTHOR), or signed commits")


def _approvers(one: Reached, change: Change) -> Said:
    allowed, approved = one.environment.approvers, change.occasion.approvers
    if not allowed:
        return
    if approved is None:
        yield _unknown(one, f"nobody tells who has approved the change of {_named(one)}", "GITGUARD_APPROVERS, set by the pipeline")
        return
    author = change.occasion.author.casefold()
    if not any(_is_among((person,), allowed) for person in approved if person.casefold() != author):
        others = [person for person in allowed if person.casefold() != author]
        who = f"approval of one of {_listed(others)} is missing" if others else f"approval by another one than its author `{author}` is missing"
        by = f"; approved by {_listed(sorted(approved))}" if approved else ""
        yield _finding(one, f"{who}{by}", "ask one of them to approve the newest commit")


def _signers(one: Reached, commits: Sequence[Commit]) -> Said:
    allowed = one.environment.signers
    if not allowed:
        return
    wrong = [commit for commit in commits if not _is_signed_by(commit, allowed)]
    if wrong:
        first = wrong[0]
        how = {
            "": "is not signed",
            "bad": "has a bad signature",
            "unknown": "is signed with a key that is not known here, or has expired",
            "unvouched": f"is signed with the key `{first.signature.key}`, and nothing here tells whose that is",
        }
        said = how.get(first.signature.verdict, f"is signed by `{first.signature.signer or first.signature.key}`")
        more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        yield _finding(
            one, f"commit {first.id[:12]} {said}{more}; each has to be signed by one of {_listed(allowed)}", "sign the commits: git commit -S"
        )


def _order(one: Reached, promotion: Promotion) -> Said:
    name, earlier = one.environment.name, one.environment.after
    if promotion.commits is None:
        yield _unknown(
            one, f"the branch of `{earlier}` is not fetched: whether it had the change first can't be told", f"the branches of `{earlier}`"
        )
    elif promotion.commits:
        more = f", and {len(promotion.commits) - 1} more" if len(promotion.commits) > 1 else ""
        yield _finding(one, f"commit {promotion.commits[0][:12]}{more} is not on the branch of `{earlier}` yet", f"merge it into `{earlier}` first")
    for path, (before, after, had) in sorted(promotion.files.items()):
        there = one._replace(site=Site(path))
        new = introduced(before, after, had or ())
        if new is None:
            yield _unknown(there, f"{path} can't be read: which versions it brings to `{name}` can't be told", "YAML that can be read")
            continue
        for field, value in new.items():
            where = "has no such file" if had is None else "never had it there"
            message = f"`{value}` ({dotted(field.rpartition('/')[2])}) was not in `{earlier}` before: it {where}"
            yield _finding(there, message, f"bring it to `{earlier}` first, in a change of its own")


def _order_of_images(one: Reached, change: Change, promotion: Promotion) -> Said:
    """What a file outside of the environment, such as a shared base, has it run."""
    name, earlier = one.environment.name, one.environment.after
    before = next(other for other in change.after.configuration.environments if other.name == earlier)
    brought = {value for _, after, _ in promotion.files.values() for value in (versions(after) or {}).values()}
    for application, image in unseen_images(change, one.environment, before, brought) if before.paths or before.clusters else ():
        by = f"Application {application.key}"
        if image is None:
            yield _unknown(
                one, f"which images `{earlier}` runs is not known: whether those of {by} were there first can't be told", f"rendering `{earlier}`"
            )
        else:
            message = f"{by} will run `{image}` in `{name}`, and no Application in `{earlier}` did before"
            yield _finding(one, message, f"bring it to `{earlier}` first, in a change of its own")


def _is_signed_by(commit: Commit, allowed: Sequence[str]) -> bool:
    """By somebody whom git knows by the key, or with a key that is named itself: anybody can make a key of any name."""
    verdict, signer, key = commit.signature
    names = (signer, signer.rpartition("<")[2].rstrip(">")) if signer and verdict == "good" else ()
    return verdict in ("good", "unvouched") and (_is_among(names, allowed) or key in allowed)


def _is_among(names: Iterable[str], allowed: Iterable[str]) -> bool:
    return any(fnmatchcase(name.casefold(), pattern.casefold()) for name in names for pattern in allowed)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _named(one: Reached) -> str:
    return f"`{one.environment.name}`"


def _finding(one: Reached, message: str, fix: str) -> Finding:
    by = f", by way of Application {one.by}" if one.by else ""
    return Finding(_ID, "error", f"the change reaches environment {_named(one)}{by}: {message}", ObjectRef(), one.site, fix=fix)


def _unknown(one: Reached, reason: str, needs: str) -> Undetermined:
    return Undetermined(_ID, ObjectRef("", "Environment", "", one.environment.name), reason, needs, one.site)


_CONFIGURATION = """\
environments:
  staging: {paths: [staging]}
  prod: {paths: [prod], after: staging}
"""


def _deployment(tag: str) -> str:
    return f"""\
apiVersion: v1
kind: Pod
metadata: {{name: web, namespace: web}}
spec:
  containers:
    - {{name: web, image: "registry.example/web:{tag}"}}
"""


RULE = ChangeRule(
    id=_ID,
    level="error",
    summary="A change reaches an environment that it may not reach this way",
    why="Git lets whoever may push to a repository change every folder of it: what `environments` says of authors, approvers, signers and order"
    " (`after`) has to be asked of each change. Who opened and approved it is what the CI system says, never what a commit says of itself, but"
    " where it is signed. Of `after`, versions count (images, tags, revisions, chart versions): each has to have been at the same field of the same"
    " file of the environment before, at any time before the change; on a branch of its own, commits count. What nobody tells is undetermined.",
    before=((".gitguard.yaml", _CONFIGURATION), ("staging/web.yaml", _deployment("v2")), ("prod/web.yaml", _deployment("v1"))),
    fails=((".gitguard.yaml", _CONFIGURATION), ("staging/web.yaml", _deployment("v2")), ("prod/web.yaml", _deployment("v3"))),
    passes=((".gitguard.yaml", _CONFIGURATION), ("staging/web.yaml", _deployment("v2")), ("prod/web.yaml", _deployment("v2"))),
    fix="Let one of those who may open the change and another one approve it; bring a version to the environment before first.",
    check=check,
)
