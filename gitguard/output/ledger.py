"""What is said of a ledger and of its entries, for people and for machines."""

from collections.abc import Mapping
from typing import Any

from gitguard.ledger.entries import canonical, decoded
from gitguard.ledger.notes import Checkpoint, Verifier
from gitguard.ledger.proof_files import Proof
from gitguard.ledger.verification import Verdict
from gitguard.output import ocsf
from gitguard.output.printing import json_text, printable


def verdict(found: Verdict, trusted: Verifier, place: str, *, own_key: bool) -> str:
    """For people: what is wrong first, then what should be known, then the head."""
    lines = [f"{one.what}: {printable(one.where)}: {printable(one.message)}\n" for one in found.problems]
    lines += [f"note {one.what}: {printable(one.where)}: {printable(one.message)}\n" for one in found.remarks]
    if found.is_intact and found.checkpoint:
        lines.append(f"intact: {printable(place)}: {found.checkpoint.size} entries, root {found.checkpoint.root.hex()}\n")
    elif all(one.what == "unknown" for one in found.problems):
        lines.append(f"can't tell: {printable(place)} could not be looked at as a whole\n")
    else:
        lines.append(f"not intact: {printable(place)}\n")
    lines.append(f"  by the key {trusted}\n")
    if own_key:
        lines.append("  which lies in the ledger itself: whoever can write there can replace both. Keep the key elsewhere, and give it with --key\n")
    return "".join(lines)


def verdict_json(found: Verdict, trusted: Verifier, place: str) -> str:
    """For machines."""
    damaged = any(one.what != "unknown" for one in found.problems)
    head = found.checkpoint
    value = {
        "version": 1,
        "ledger": place,
        "verdict": "intact" if found.is_intact else "damaged" if damaged else "unknown",
        "key": str(trusted),
        "checkpoint": {"origin": head.origin, "size": head.size, "root": head.root.hex()} if head else None,
        "problems": [one._asdict() for one in found.problems],
        "remarks": [one._asdict() for one in found.remarks],
    }
    return json_text(value) + "\n"


def proof(found: Proof | None, head: Checkpoint | None, wrong: str, format_: str) -> str:
    """What a proof file proves, or what is wrong with it."""
    if format_ == "json":
        entry = decoded(found.entry) if found and not wrong else None
        size = head.size if head else 0
        said = {"version": 1, "verdict": "damaged" if wrong else "intact", "problem": wrong, "size": size, "entry": entry}
        return json_text({**said, "index": found.number if found else None}) + "\n"
    if wrong or found is None or head is None:
        return f"not proven: {printable(wrong)}\n"
    return f"proven: entry {found.number} of {head.size} of {printable(head.origin)}\n{_pretty(decoded(found.entry))}"


def entry(number: int, value: Mapping[str, Any], format_: str) -> str:
    """One entry: a line that tells it and its JSON, or a JSON object."""
    if format_ == "json":
        return json_text({"index": number, "entry": value}) + "\n"
    about = value.get("object")
    actor = value.get("actor")
    subject = "/".join(str(about[key]) for key in ("kind", "namespace", "name") if about.get(key)) if isinstance(about, Mapping) else ""
    by = f" by {actor.get('name')}" if isinstance(actor, Mapping) else ""
    return printable(f"{number} {value.get('time')} {value.get('kind')} {subject}{by}".rstrip()) + f"\n{_pretty(value)}"


def exported(number: int, value: Mapping[str, Any], head: Checkpoint, format_: str) -> str:
    """One line of an export, "" for an entry that the format has no event for."""
    if format_ == "ocsf":
        event = ocsf.event(number, value, head)
        return json_text(event) + "\n" if event else ""
    return json_text({"index": number, "entry": value}) + "\n"


def siem(head: Checkpoint, signed: bytes) -> str:
    """The checkpoint in one line of JSON, whole, so that a log pipeline can remember it."""
    value = {"gitguard": "checkpoint", "origin": head.origin, "size": head.size, "root": head.root.hex(), "checkpoint": signed.decode()}
    return canonical(value).decode() + "\n"


def _pretty(value: Mapping[str, Any]) -> str:
    text = json_text(value, indent=2)
    return "".join(f"  {printable(line)}\n" for line in text.splitlines())
