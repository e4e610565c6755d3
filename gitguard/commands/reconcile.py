"""`gitguard reconcile`: watch clusters, find what did not come from git, say who did it, put git's word back, and have all of it in the ledger."""

import secrets
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from gitguard.commands.authors import Authors
from gitguard.commands.comparing import Comparer
from gitguard.commands.desiring import Desiring, settings_of
from gitguard.commands.hearing import Hearing
from gitguard.commands.journal import Journal
from gitguard.commands.loop import Audited, Called, Loop, Parts
from gitguard.commands.objects import Objects
from gitguard.commands.open_drift import Standing
from gitguard.commands.options import Options, Outcome
from gitguard.commands.recording import Record
from gitguard.commands.restoring import Restorer
from gitguard.commands.settling import Settler
from gitguard.commands.strangers import Strangers
from gitguard.commands.straying import Straying
from gitguard.commands.surroundings import identities, watched
from gitguard.commands.telling import Telling
from gitguard.commands.word import Speaker, Word
from gitguard.edges import cache as caching
from gitguard.edges import clock
from gitguard.edges.audit_file import FileSource
from gitguard.edges.audit_stream import Running, Source, StreamSource
from gitguard.edges.audit_webhook import Certificate, WebhookSource
from gitguard.edges.checkout import Checkout
from gitguard.edges.cluster import Cluster, ClusterError, current_context
from gitguard.edges.ledger import begun, read_key, redaction_key, writing
from gitguard.edges.ledger_places import judge, private_file
from gitguard.edges.ledger_places import store as ledger_store
from gitguard.edges.ledger_store import Conflict, LedgerBusy
from gitguard.edges.logs import Log
from gitguard.edges.metrics import Health, Metrics, Serving
from gitguard.ledger.errors import LedgerError
from gitguard.model.configuration import Configuration
from gitguard.model.drift import ObjectKey
from gitguard.model.errors import ConfigurationError, ExitCode, GitguardError, UsageError
from gitguard.output import drift as output
from gitguard.reconciler.argo_log import called
from gitguard.reconciler.attribution import Evidence

# The audit is looked at this often: what it says is waited for before anything is put back.
_AUDIT_PAUSE = 0.004
_SETTLED, _AUDIT_LONGEST = 0.3, 10.0
_TURN, _LOOK, _COUNT = 5.0, 0.2, 5.0
_MOST_WAITING = 1_000


class Asked(NamedTuple):
    """The command line. `repository` is a path or URL; `ledger` a folder or s3://…, "" for none with `dry_run`; `audit_log` "-" is stdin."""

    repository: str
    ref: str = "main"
    kubeconfig: Path | None = None
    context: str = ""
    ledger: str = ""
    private: Path | None = None
    enforce: bool = False
    once: bool = False
    dry_run: bool = False
    audit_log: str = ""
    audit_webhook: str = ""
    audit_token: str = ""
    audit_certificate: tuple[Path, Path] | None = None
    argocd_log: str = ""
    resync: float = 600.0
    metrics: str = ""
    verify: bool = False


class _Target(NamedTuple):
    """One cluster: its name, the context by which it is reached, and where its ledger is."""

    name: str
    context: str
    ledger: str


class Unreachable(GitguardError):
    """A cluster, or its ledger, can't be used: nothing was watched."""


def run(asked: Asked, options: Options, stop: threading.Event) -> Outcome:
    """Watch until `stop` is set, or look once."""
    folder = (caching.directory(options.environment) or Path(".gitguard-cache").resolve()) / "watch"
    settings = _settings(asked, options, folder)
    targets = _targets(asked, settings)
    metrics, health = Metrics(), Health([target.name for target in targets])
    if asked.once or asked.dry_run:
        return _looked(asked, options, folder, targets, metrics)
    with ExitStack() as stack:
        watches = [stack.enter_context(_watch(asked, options, folder, target, metrics)) for target in targets]
        if asked.metrics:
            stack.enter_context(Serving(asked.metrics, metrics, health))
        return _run(watches, stop, health, metrics)


class _Watch:
    """Everything that watches one cluster."""

    def __init__(self, target: _Target, loop: Loop, parts: Parts, speaker: Speaker, cluster: Cluster, log: Log) -> None:
        self.target, self.loop, self.parts, self.record = target, loop, parts, parts.record
        self.speaker, self.cluster, self.log = speaker, cluster, log
        self.sources: list[Source] = []
        self.failure: BaseException | None = None
        self._told = 0

    def work(self, stop: threading.Event) -> None:
        """Until `stop`; what ends it before that is its `failure`, and ends the others, too."""
        try:
            with ExitStack() as stack:
                for source in self.sources:
                    stack.enter_context(Running(source, partial(self._audited, source, stop), self.loop.deliver))
                self.log.info("watching", repository=self.speaker.where)
                self.prime(stop)
                if not stop.is_set():
                    self.loop.run(stop)
        except BaseException as error:
            self.failure = error
            stop.set()

    def tell(self, metrics: Metrics) -> None:
        """That git has been read, where it was since the last time."""
        if self.speaker.reads != self._told:
            self._told = self.speaker.reads
            metrics.refreshed(self.target.name, self.speaker.commit)

    def _audited(self, source: Source, stop: threading.Event, event: Mapping[str, Any] | Called) -> None:
        """Hand over what is told. A log can wait, so that one of gigabytes is never in memory; the API server gives up on a webhook that does not
        answer."""
        while not isinstance(source, WebhookSource) and self.loop.waiting > _MOST_WAITING and not stop.wait(_LOOK / 10):
            pass
        self.loop.deliver(event if isinstance(event, Called) else Audited(event))

    def prime(self, stop: threading.Event) -> None:
        """Learn what Argo CD has synced, as soon as the cluster can be reached."""
        failures = 0
        while not stop.is_set():
            try:
                self.learn()
                return
            except ClusterError as error:
                failures += 1
                self.log.error("cluster", reason=str(error))
                stop.wait(min(30.0, 2.0**failures))

    def learn(self) -> None:
        """Take in the Applications as they are."""
        resource = self.cluster.resource("argoproj.io", "Application")
        for value in self.cluster.list(resource).items if resource else ():
            key = ObjectKey.of(value)
            self.parts.straying.syncs.take(f"{key.namespace}/{key.name}", value, clock.monotonic(), is_first=True)
        self.speaker.synced(self.parts.straying.syncs.accepted)


def _run(watches: Sequence[_Watch], stop: threading.Event, health: Health, metrics: Metrics) -> Outcome:
    ready: set[str] = set()
    counted = float("-inf")
    threads = [threading.Thread(target=watch.work, args=(stop,), name=f"loop {watch.target.name}") for watch in watches]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        now = clock.monotonic()
        is_time = now >= counted + _COUNT
        counted = now if is_time else counted
        for watch in watches:
            name = watch.target.name
            if now - watch.loop.turned < _TURN:
                health.beat(name)
            why = watch.loop.is_ready
            health.ready(name, not why, why)
            if not why and name not in ready:
                ready.add(name)
                watch.log.info("ready", objects=sum(watch.loop.counts().values()))
            watch.tell(metrics)
            metrics.drifting(name, len(watch.parts.settler.open))
            metrics.recorded(name, watch.record.size)
            # Many thousands of objects are not counted at each look.
            for kind, count in watch.loop.counts().items() if is_time else ():
                metrics.watching(name, kind, count)
        for thread in threads:
            thread.join(_LOOK / len(threads))
    failures = [watch.failure for watch in watches if watch.failure is not None]
    if failures:
        raise failures[0] if isinstance(failures[0], GitguardError) else Unreachable(f"the watch ended: {type(failures[0]).__name__}: {failures[0]}")
    return Outcome("", ExitCode.CLEAN)


def _looked(asked: Asked, options: Options, folder: Path, targets: Sequence[_Target], metrics: Metrics) -> Outcome:
    """One pass over each cluster."""
    texts, found, incomplete = [], 0, False
    for target in targets:
        with _watch(asked, options, folder, target, metrics) as watch:
            try:
                watch.learn()
                word = watch.loop.once(partial(_read_up, watch))
            except ClusterError as error:
                raise Unreachable(str(error), error.advice) from error
            trouble = dict(watch.loop.trouble)
            found += watch.parts.journal.found
            incomplete |= bool(trouble) or bool(watch.parts.standing.broken)
            looked = output.Looked(
                target.name, word.commit, watch.loop.counts(), tuple(watch.record.entries), dict(watch.record.ends), word.left_out,
                tuple(trouble.values()), planned=asked.dry_run, enforce=asked.enforce,
            )  # fmt: skip
            texts.append(output.looked(looked, options.format, verbose=options.verbose))
    return Outcome("".join(texts), ExitCode.FINDINGS if found else ExitCode.INCOMPLETE if incomplete else ExitCode.CLEAN)


def _read_up(watch: _Watch) -> None:
    """Read what the audit and Argo CD's log have so far."""
    last = [clock.monotonic()]

    def deliver(event: Mapping[str, Any] | Called) -> None:
        last[0] = clock.monotonic()
        watch.loop.deliver(event if isinstance(event, Called) else Audited(event))

    deadline = clock.monotonic() + _AUDIT_LONGEST
    with ExitStack() as stack:
        for source in watch.sources:
            stack.enter_context(Running(source, deliver, watch.loop.deliver))
        pause = threading.Event()
        while watch.sources and clock.monotonic() < min(deadline, last[0] + _SETTLED):
            pause.wait(0.02)


# Setting up


def _settings(asked: Asked, options: Options, folder: Path) -> Configuration:
    """The configuration, as git has it now."""
    return settings_of(Checkout(asked.repository, asked.ref, folder / _folder(asked, "settings"), options.environment, verify=asked.verify), options)


def _folder(asked: Asked, name: str) -> str:
    return sha256(f"{asked.repository}\0{asked.ref}\0{name}".encode()).hexdigest()[:24]


def _targets(asked: Asked, settings: Configuration) -> list[_Target]:
    """The clusters: the one that is named, or those of the configuration that have a context, or the kubeconfig's current one."""
    known = [one for one in settings.clusters if one.context]
    if asked.context or not known:
        name = next((one.name for one in known if one.context == asked.context), asked.context or current_context(asked.kubeconfig) or "in-cluster")
        return [_Target(name, asked.context, asked.ledger)]
    if len(known) == 1:
        return [_Target(known[0].name, known[0].context, asked.ledger)]
    return [_Target(one.name, one.context, f"{asked.ledger.rstrip('/')}/{one.name}" if asked.ledger else "") for one in known]


@contextmanager
def _watch(asked: Asked, options: Options, folder: Path, target: _Target, metrics: Metrics) -> Iterator[_Watch]:
    cluster = Cluster.connect(asked.kubeconfig, target.context)
    checkout = Checkout(asked.repository, asked.ref, folder / _folder(asked, target.name), options.environment, verify=asked.verify)
    settings = settings_of(checkout, options)
    others = [
        Checkout(one.url, one.ref, folder / _folder(asked._replace(repository=one.url, ref=one.ref), target.name), options.environment)
        for one in settings.reconcile.repositories
    ]
    for other in others:
        other.refresh()
    try:
        meant, initiator = watched(cluster, target.name, settings), cluster.whoami()
    except ClusterError as error:
        raise Unreachable(str(error), error.advice) from error
    argo = identities(settings.argocd.namespace)
    authors = Authors(Evidence(argo), argo)
    authors.audited = bool(asked.audit_log or asked.audit_webhook)
    authors.logged = bool(asked.argocd_log)
    log = Log(target.name)
    told = Telling(target.name, metrics, log)
    desiring = Desiring(checkout, options, meant, others)
    with _record(asked, options, target, log) as record:
        speaker = Speaker(desiring, others)
        parts = _parts(cluster, Standing(target.name, enforce=asked.enforce), speaker, authors, record, told, initiator)

        def heard(word: Word) -> None:
            log.info("git", commit=word.commit, objects=len(word.objects), left_out=len(word.left_out))
            for left in word.left_out:
                log.debug("left out", what=left.what, reason=left.reason)

        loop = Loop(cluster, speaker, parts, asked.resync, partial(setattr, authors, "hears"), heard)
        watch = _Watch(target, loop, parts, speaker, cluster, log)
        watch.sources = _sources(asked, loop)
        try:
            yield watch
        finally:
            speaker.stop()


def _parts(cluster: Cluster, standing: Standing, speaker: Speaker, authors: Authors, record: Record, told: Telling, initiator: str) -> Parts:
    """Everything that a loop is made of, put together."""
    comparer, restorer, journal = Comparer(cluster), Restorer(cluster), Journal(standing, record, told)
    straying = Straying(standing, speaker, authors, restorer, record, journal, told, initiator)
    strangers = Strangers(standing, authors, restorer, record, journal, told)
    settler = Settler(standing, speaker, straying.syncs, comparer, authors, restorer, record, journal, told)
    hearing = Hearing(standing, authors, settler, journal, told, record.watched_until() or clock.now())
    objects = Objects(cluster, comparer, settler, straying, strangers, told)
    return Parts(standing, objects, hearing, settler, straying, strangers, restorer, record, journal, told)


def _sources(asked: Asked, loop: Loop) -> list[Source]:
    """Where the audit comes from, and the log of Argo CD's API server."""
    sources: list[Source] = []
    if asked.argocd_log:
        sources.append(FileSource(Path(asked.argocd_log), pause=_AUDIT_PAUSE, parse=_calls))
    if asked.audit_log == "-":
        return [*sources, StreamSource(sys.stdin.buffer)]
    if asked.audit_log:
        file = FileSource(Path(asked.audit_log), pause=_AUDIT_PAUSE)
        loop.position = lambda: f"{file.position.inode}:{file.position.offset}" if file.position else ""
        sources.append(file)
    if asked.audit_webhook:
        certificate = Certificate(*asked.audit_certificate) if asked.audit_certificate else None
        sources.append(WebhookSource(asked.audit_webhook, asked.audit_token, certificate))
    return sources


def _calls(line: bytes) -> Sequence[Called]:
    """The call that a line of Argo CD's log tells of, if it does."""
    call = called(line.decode("utf-8", "replace"))
    return (Called(call),) if call is not None else ()


@contextmanager
def _record(asked: Asked, options: Options, target: _Target, log: Log) -> Iterator[Record]:
    """The ledger, opened; begun where there is none yet."""
    kept = 10_000 if asked.once or asked.dry_run else 0
    if asked.dry_run or not target.ledger:
        yield Record(None, target.name, secrets.token_bytes(32), kept=kept)
        return
    try:
        store = ledger_store(target.ledger, options.environment)
        private = private_file(target.ledger, asked.private)
        made = begun(store, private, f"gitguard/{_log_name(target.name)}")
        if made:
            log.warning("ledger begun", ledger=target.ledger, key=made, advice="keep this verifier key where the watch can't change it")
        with writing(store, read_key(private), judge()) as writer:
            yield Record(writer, target.name, redaction_key(private), kept=kept)
    except (LedgerBusy, Conflict) as error:
        raise Unreachable(f"{target.ledger}: another process writes to this ledger: {error}", "one watch a ledger: end the other one") from error
    except LedgerError as error:
        raise Unreachable(f"the ledger can't be used: {error}", "`gitguard audit verify` says what is wrong with it") from error


def _log_name(cluster: str) -> str:
    """A cluster's name as part of a log's, which has neither spaces nor plus signs."""
    return "".join(one if one.isalnum() or one in "-._@:" else "-" for one in cluster) or "cluster"


def checked(asked: Asked) -> None:
    """Raises UsageError where the command line does not make sense."""
    if not asked.ledger and not asked.dry_run:
        raise UsageError("where shall it be recorded?", "--ledger DIR names the ledger; --dry-run records nothing")
    if asked.audit_webhook and not asked.audit_token:
        raise ConfigurationError("the audit webhook needs a token", "--audit-token-file names a file with it")
    if asked.argocd_log and not (asked.audit_log or asked.audit_webhook):
        raise UsageError("Argo CD's log alone does not tell which object was written", "--audit-log or --audit-webhook tells that")


__all__ = ["Asked", "checked", "run"]
