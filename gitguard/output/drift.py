"""What one look at a cluster found, for people and for machines: what is not as git has it, and what is or would be done."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gitguard.model.desired import LeftOut
from gitguard.output.printing import json_text, printable

VERSION = 1
_LONGEST, _MOST = 120, 20
_DONE = {
    "reverted": "put back", "failed": "could not be put back", "superseded": "was right again already",
    "unknown": "nobody knows whether it was put back",
}  # fmt: skip


class Looked(NamedTuple):
    """One cluster after one look: git's commit, how many objects of each kind were compared, the drifts as the ledger has them, how acts against
    them ended by incident, what git has that is not enforced, and what could not be read. `planned`: nothing was done, by order."""

    cluster: str
    commit: str
    counts: Mapping[str, int]
    drifts: Sequence[Mapping[str, Any]]
    ends: Mapping[str, str]
    left_out: Sequence[LeftOut]
    trouble: Sequence[str]
    planned: bool
    enforce: bool


def looked(found: Looked, format_: str, *, verbose: bool) -> str:
    """In the format that was asked for."""
    return _document(found) if format_ == "json" else "".join(f"{line}\n" for line in _lines(found, verbose=verbose))


def _document(found: Looked) -> str:
    value = {
        "version": VERSION,
        "cluster": found.cluster,
        "commit": found.commit,
        "compared": dict(found.counts),
        "drift": [{**{name: part for name, part in drift.items() if name != "kind"}, "result": _result(found, drift)} for drift in found.drifts],
        "left_out": [left._asdict() for left in found.left_out],
        "unreadable": list(found.trouble),
    }
    return json_text(value) + "\n"


def _result(found: Looked, drift: Mapping[str, Any]) -> str:
    if drift["decision"] != "revert":
        return str(drift["decision"])
    return "planned" if found.planned else found.ends.get(str(drift["id"]), "unknown")


def _lines(found: Looked, *, verbose: bool) -> Iterator[str]:
    for drift in found.drifts:
        yield from (printable(line) for line in _drift(found, drift))
        yield ""
    compared = sum(found.counts.values())
    yield printable(f"{found.cluster}: {compared} objects of {len(found.counts)} kinds beside commit {found.commit[:12]}: {_count(found)}")
    if found.left_out:
        yield f"  not enforced: {len(found.left_out)}" + ("" if verbose else " (--verbose lists them)")
        yield from (printable(f"    {left.what}: {left.reason}") for left in found.left_out if verbose)
    yield from (printable(f"  could not be read: {why}") for why in found.trouble)


def _count(found: Looked) -> str:
    if not found.drifts:
        return "all as git has it"
    if found.planned:
        return f"{len(found.drifts)} drifts, a plan and nothing done"
    return f"{len(found.drifts)} drifts" + ("" if found.enforce else ", observed only")


def _drift(found: Looked, drift: Mapping[str, Any]) -> Iterator[str]:
    about, actor = drift["object"], drift["actor"]
    place = "/".join(about[part] for part in ("namespace", "name") if about.get(part))
    yield f"{about['kind']} {place}: {drift['action']}, {drift['severity']}"
    at = f", {drift['changed_at']}" if "changed_at" in drift else ""
    yield f"  {actor['name']} ({actor['kind']}, {actor['via']}), {actor['confidence']}{at}"
    changes = drift.get("changes") or []
    for change in changes[:_MOST]:
        yield f"  {change['class']} {change['path'] or 'as a whole'}" + _values(change)
    if len(changes) > _MOST:
        yield f"  and {len(changes) - _MOST} more"
    yield f"  {_decision(found, drift)}: {drift['reason']}"


def _decision(found: Looked, drift: Mapping[str, Any]) -> str:
    result = _result(found, drift)
    return "would be put back" if result == "planned" else _DONE.get(result, result)


def _values(change: Mapping[str, Any]) -> str:
    git, live = (_value(change[side]) if side in change else "" for side in ("git", "live"))
    if git and live:
        return f": {live} in the cluster, {git} in git"
    return f": {live}" if live else f": {git} in git" if git else ""


def _value(value: Any) -> str:
    if isinstance(value, Mapping) and "hmac-sha256" in value:
        return "(secret)"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
