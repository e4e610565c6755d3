"""`gitguard audit`: check the ledger without trusting who keeps it, look into it, hand parts of it on."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from gitguard.commands.opened import Ledger, Opened, UnusableLedger
from gitguard.commands.options import Outcome
from gitguard.edges import ledger as writing
from gitguard.edges.ledger_index import Query
from gitguard.edges.ledger_places import judge, private_file
from gitguard.edges.ledger_store import Conflict, LedgerBusy, Store
from gitguard.ledger import proof_files, proofs
from gitguard.ledger.errors import LedgerError
from gitguard.ledger.hashes import leaf_hash
from gitguard.ledger.notes import Verifier, is_name, verifier
from gitguard.ledger.tiles import CHECKPOINT
from gitguard.ledger.verification import Anchor, Verdict, verified
from gitguard.model.errors import ExitCode, UsageError
from gitguard.output import ledger as output

_MOST_ANCHORS = 10_000
_ATTEMPTS = 5


def verify(ledger: Ledger, key: str, anchors: Sequence[Path], format_: str) -> Outcome:
    """Verify the whole log. `key` is a verifier key or a file with one; without it the ledger's own is taken, and that is said."""
    kept = ledger.store
    trusted = _trusted(kept, key)
    verdict = _verified(kept, trusted, [*_anchors(anchors)])
    damaged = any(problem.what != "unknown" for problem in verdict.problems)
    code = ExitCode.CLEAN if verdict.is_intact else ExitCode.FINDINGS if damaged else ExitCode.INCOMPLETE
    text = (
        output.verdict_json(verdict, trusted, ledger.place) if format_ == "json" else output.verdict(verdict, trusted, ledger.place, own_key=not key)
    )
    return Outcome(text, code)


def verify_proof(file: Path, key: str, format_: str) -> Outcome:
    """Verify a file that `prove` has written, by itself."""
    try:
        proof = proof_files.parsed(_content(file), str(file))
        head, wrong = proof_files.wrong_with(proof, [_key(key)], str(file))
    except LedgerError as error:
        return Outcome(output.proof(None, None, str(error), format_), ExitCode.INCOMPLETE)
    return Outcome(output.proof(proof, head, wrong, format_), ExitCode.FINDINGS if wrong else ExitCode.CLEAN)


def show(ledger: Ledger, number: int | None, query: Query, most: int, format_: str) -> Outcome:
    """The entries that match, the newest last; or one, by its index. Nothing of them is verified here."""
    with Opened(ledger) as opened:
        return Outcome("".join(output.entry(one, entry, format_) for one, entry in opened.found(number, query, most)), ExitCode.CLEAN)


def export(ledger: Ledger, query: Query, format_: str) -> Iterator[str]:
    """Every entry that matches, one JSON object a line, as it is in the log or in OCSF; line by line, for a log may be large."""
    with Opened(ledger) as opened:
        for number, entry in opened.found(None, query, opened.head.size):
            yield output.exported(number, entry, opened.head, format_)


def prove(ledger: Ledger, number: int) -> Outcome:
    """One entry with its proof and the checkpoint, as a file that verifies on its own."""
    with Opened(ledger) as opened:
        _, data = next(opened.raw(number))
        hashes = proofs.inclusion(number, opened.head.size, opened.read)
        if proofs.root_from_inclusion(leaf_hash(data), number, opened.head.size, hashes) != opened.head.root:
            raise UnusableLedger(f"entry {number} of {ledger.place} can't be proven: the log is damaged", "gitguard audit verify says what is wrong")
        text = proof_files.written(proof_files.Proof(data, number, tuple(hashes), opened.signed))
    return Outcome(text.decode(), ExitCode.CLEAN)


def key_create(ledger: Ledger, name: str, private: Path | None) -> Outcome:
    """Make the key of a new ledger, and write its public half into it."""
    if not is_name(name):
        raise UsageError(f"`{name}` is no name for a log", "a host name with a path, as example.com/gitguard/prod: no spaces, no `+`")
    kept = ledger.store
    made = writing.new_key(name)
    try:
        with kept.writing():
            if kept.read(CHECKPOINT) is not None:
                raise UsageError(f"{ledger.place} has entries already", "gitguard audit key rotate hands over to another key")
            writing.write_key(private_file(ledger.place, private), made)
            writing.redaction_key(private_file(ledger.place, private))
            kept.put(writing.OWN_KEY, f"{made.verifier}\n".encode())
    except (LedgerError, LedgerBusy, OSError) as error:
        raise UnusableLedger(str(error), "nothing was changed") from error
    return Outcome(f"{made.verifier}\n", ExitCode.CLEAN)


def key_show(ledger: Ledger) -> Outcome:
    """The verifier key that the ledger says is its own."""
    return Outcome(f"{_own_key(ledger.store)}\n", ExitCode.CLEAN)


def key_rotate(ledger: Ledger, private: Path | None) -> Outcome:
    """Hand over to a fresh key: an entry that both sign, and the old private key is kept beside the new one."""
    file = private_file(ledger.place, private)
    try:
        kept = ledger.store
        new = writing.rotated(file, kept, judge())
        kept.put(writing.OWN_KEY, f"{new.verifier}\n".encode())
    except (LedgerError, LedgerBusy, Conflict, OSError) as error:
        raise UnusableLedger(str(error), "`gitguard audit key rotate` again finishes what was begun") from error
    return Outcome(f"{new.verifier}\n", ExitCode.CLEAN)


def anchor(ledger: Ledger, repository: str, branch: str, witness: tuple[str, str] | None) -> Outcome:
    """Have the checkpoint remembered elsewhere: on a git branch, by a witness; and print it as one line for a SIEM."""
    # What talks to git and to the web takes as long to load as the rest of a command.
    from gitguard.edges import anchors as anchoring

    with Opened(ledger) as opened:
        head = opened.signed

        def prove_from(size: int) -> Sequence[bytes]:
            return proofs.consistency(size, opened.head.size, opened.read)

        try:
            if witness is not None:
                url, key = witness
                head = anchoring.countersigned(head, prove_from, url, _key(key))
            if repository:
                anchoring.publish(head, prove_from, repository, branch, ledger.environment)
        except LedgerError as error:
            raise UnusableLedger(str(error), "the checkpoint was not remembered there") from error
    return Outcome(output.siem(opened.head, head), ExitCode.CLEAN)


def _verified(kept: Store, trusted: Verifier, anchors: Sequence[Anchor]) -> Verdict:
    """The verdict over the log as it is; anew where its writer went on meanwhile, since that takes files away which the newer ones stand for."""
    for _ in range(_ATTEMPTS):
        head = _head(kept)
        verdict = verified(kept.read, trusted, anchors, judge())
        if verdict.is_intact or _head(kept) == head:
            break
    return verdict


def _head(kept: Store) -> bytes | None:
    try:
        return kept.read(CHECKPOINT)
    except OSError:
        return None


def _trusted(kept: Store, key: str) -> Verifier:
    return _key(key) if key else _own_key(kept)


def _own_key(kept: Store) -> Verifier:
    try:
        data = kept.read(writing.OWN_KEY)
        if data is None:
            raise LedgerError("there is no key: it is no ledger, or was made without `gitguard audit key create`", f"{kept}/{writing.OWN_KEY}")
        return verifier(data.decode("ascii", "replace"))
    except (LedgerError, OSError) as error:
        raise UnusableLedger(str(error), "--key names the verifier key that you trust") from error


def _key(written: str) -> Verifier:
    """A verifier key, or the one in a file."""
    file = Path(written)
    try:
        return verifier(file.read_text(encoding="ascii", errors="replace") if file.is_file() else written)
    except (LedgerError, OSError) as error:
        said = error.what if isinstance(error, LedgerError) else error.strerror
        raise UsageError(f"--key {written[:80]}: {said}, or a file with one", "gitguard audit key show prints the key of a ledger") from error


def _anchors(paths: Sequence[Path]) -> Iterator[Anchor]:
    """The remembered checkpoints in files, and in all files of folders."""
    for path in paths:
        files = sorted(file for file in path.rglob("*") if file.is_file() and ".git" not in file.parts) if path.is_dir() else [path]
        for file in files[-_MOST_ANCHORS:]:
            yield Anchor(_content(file), str(file))


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}", "name a file that can be read") from error
