"""`gitguard can`: ask an AppProject of the repository what it permits."""

from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from gitguard.argo.clusters import resolve
from gitguard.argo.destinations import could_permit_destination, permits_destination
from gitguard.argo.gobwas_1 import GlobUndecided
from gitguard.argo.kinds import permits_kind
from gitguard.argo.namespaces import permits_application_namespace
from gitguard.argo.questions import QuestionError, moment
from gitguard.argo.sources import permits_source
from gitguard.argo.windows import Placed, applying, permits_sync
from gitguard.checker import Locate
from gitguard.commands.options import Options, Outcome
from gitguard.commands.reading import Reader, configuration, open_cache
from gitguard.edges import clock, git
from gitguard.model.argo import Cluster, Destination, Project, Verdict
from gitguard.model.errors import ExitCode, UsageError
from gitguard.model.finding import Site
from gitguard.model.repository import Repository
from gitguard.output import verdicts
from gitguard.output.verdicts import Answer
from gitguard.repository.choices import BUILT_IN_DEFAULT
from gitguard.repository.inheritance import site_of

ASKS = ("source", "destination", "kind", "namespace", "sync")


class Question(NamedTuple):
    """What is asked on the command line; `at` is an ISO 8601 time or "" for now, `namespaced` None where the kind is to tell."""

    ask: str
    subject: str
    name: str = ""
    namespaced: bool | None = None
    at: str = ""
    manual: bool = False
    application: str = ""


_Judge = Callable[[Project], Verdict]


class _Asked(NamedTuple):
    """A question to an AppProject in words, and how to judge it."""

    words: str
    judge: _Judge


def run(project: str, question: Question, options: Options) -> Outcome:
    """Ask the AppProject of that name which the repository around the current directory declares."""
    found = git.find(Path(), options.environment, named=False)
    entries = found.work_tree()
    cache = open_cache(options.cache, options.environment)
    reader = Reader(found, configuration(found, options.config, entries, cache), cache)
    repository = reader.repository(entries)
    asked = list(_asked(repository, project, question))
    answers = [said for one in asked for said in _answers(repository, project, one)]
    places = reader.places(entries)
    located = [_located(said, places) for said in answers]
    cache.close()
    return Outcome(verdicts.render(located, options.format == "json", options.colour), _exit_code(located))


def _located(said: Answer, places: Locate) -> Answer:
    if not said.site.path:
        return said
    field = (said.site.document, said.site.pointer)
    return said._replace(site=said.site.located(*places({said.site.path: [field]})[said.site.path].get(field, (1, 1))))


def _exit_code(answers: Iterable[Answer]) -> ExitCode:
    permitted = [said.permitted for said in answers]
    if False in permitted:
        return ExitCode.FINDINGS
    return ExitCode.INCOMPLETE if None in permitted else ExitCode.CLEAN


def _answers(repository: Repository, name: str, asked: _Asked) -> Iterator[Answer]:
    """One answer for each AppProject of the name: there may be one in every environment."""
    declared = [item for item in repository.projects if item.own.name == name]
    applied = [item for item in declared if item.reach.roots] or declared
    if not applied and name != "default":
        names = sorted({item.own.name for item in repository.projects} | {"default"})
        similar = get_close_matches(name, names, n=1)
        advice = f"did you mean {similar[0]}?" if similar else f"there {'is' if len(names) == 1 else 'are'} {', '.join(names)}"
        raise UsageError(f"the repository declares no AppProject {name}", advice)
    if not applied:
        verdict = _judged(asked, BUILT_IN_DEFAULT)
        reason = "the repository declares no `default`, so it is the one that Argo CD makes, which permits everything"
        yield Answer(name, asked.words, verdict.permitted, reason if verdict.permitted else verdict.reason, "", Site(""))
    for item in applied:
        reason, _ = item.unknown
        verdict = Verdict(None, reason, "") if reason else _judged(asked, item.project)
        if verdict.permitted is None:
            yield Answer(name, asked.words, None, verdict.reason, "", item.site(""))
        else:
            yield Answer(name, asked.words, verdict.permitted, verdict.reason, verdict.entry, site_of(item, verdict.entry or "/metadata/name"))


def _judged(asked: _Asked, project: Project) -> Verdict:
    try:
        return asked.judge(project)
    except GlobUndecided as error:
        return Verdict(None, str(error), "")


def _asked(repository: Repository, project: str, question: Question) -> Iterable[_Asked]:
    version = repository.configuration.argocd.version
    subject = question.subject
    if question.ask == "sync":
        return _sync(repository, project, question, version)
    if not subject:
        examples = {"source": "https://github.com/org/repo", "destination": "prod/payments", "kind": "apps/Deployment", "namespace": "team-a"}
        raise UsageError(f"{question.ask} of what?", f"gitguard can {project} {question.ask} {examples[question.ask]}")
    if question.ask == "source":
        return [_Asked(f"use the repository {subject}", lambda one: permits_source(one, subject, version))]
    if question.ask == "destination":
        return [_destination(repository, subject, version)]
    if question.ask == "namespace":
        home = repository.configuration.argocd.namespace
        words = f"have Applications in the namespace {subject}"
        return [_Asked(words, lambda one: permits_application_namespace(one, subject, home, version))]
    return [_kind(repository, question, version)]


def _destination(repository: Repository, subject: str, version: str) -> _Asked:
    """`CLUSTER/NAMESPACE`, where the cluster is a name or a server's URL."""
    scheme, separator, rest = subject.rpartition("://")
    cluster, _, namespace = rest.rpartition("/") if "/" in rest else (rest, "", "")
    cluster = f"{scheme}{separator}{cluster}"
    wanted = Destination(server=cluster, namespace=namespace) if "://" in cluster else Destination(name=cluster, namespace=namespace)
    enabled = not repository.settings or any(item.in_cluster for item in repository.settings)
    found = resolve(wanted, repository.clusters, version, in_cluster=enabled)
    words = f"deploy to {f'the namespace {namespace}' if namespace else 'no namespace in particular'} on {cluster}"
    if isinstance(found, Cluster):
        return _Asked(words, lambda one: permits_destination(one, found, namespace, version, repository.clusters))
    if found.denied:
        return _Asked(words, lambda one: Verdict(False, found.reason, ""))

    def judge(one: Project) -> Verdict:
        could = could_permit_destination(one, wanted.server or None, wanted.name or None, namespace, version)
        if could is False:
            return Verdict(False, "no entry can match it, whatever the rest of the cluster is", "")
        return Verdict(None, f"{found.reason}: declare it with name and server under `clusters:` in .gitguard.yaml", "")

    return _Asked(words, judge)


def _kind(repository: Repository, question: Question, version: str) -> _Asked:
    group, _, kind = question.subject.rpartition("/")
    namespaced = question.namespaced
    if namespaced is None:
        namespaced = repository.scopes.get((group, kind))
    words = f"have a {question.subject}{f' named {question.name}' if question.name else ''}"
    if namespaced is None:
        unknown = f"whether {question.subject} is namespaced is not known: say --namespaced or --cluster-scoped"
        return _Asked(words, lambda one: Verdict(None, unknown, ""))
    scope = namespaced
    return _Asked(words, lambda one: permits_kind(one, group, kind, question.name, namespaced=scope, version=version))


def _sync(repository: Repository, project: str, question: Question, version: str) -> Iterator[_Asked]:
    """For one Application, or for all of the AppProject; without any, as if every window applied."""
    try:
        now = moment(question.at) if question.at else clock.nanoseconds()
    except QuestionError as error:
        raise UsageError(str(error), "--at takes an ISO 8601 time; without a zone it is UTC") from error
    how = "be synced by hand" if question.manual else "be synced"
    own = [item for item in repository.applications if item.reach.roots and not item.is_set and (item.spec.project or "default") == project]
    chosen = [item for item in own if item.facts.name == question.application] if question.application else own
    if question.application and not chosen:
        advice = f"it has {', '.join(sorted({item.facts.name for item in own}))}" if own else "it has none in this repository"
        raise UsageError(f"AppProject {project} has no Application {question.application}", advice)
    for item in chosen:

        def judge(one: Project, name: str = item.facts.name, place: Destination = item.spec.destination) -> Verdict:
            return permits_sync(applying(one, name, place, version), now, manual=question.manual, version=version)

        yield _Asked(f"let {item.facts.name} {how}", judge)
    if not chosen:

        def judge_all(one: Project) -> Verdict:
            windows = tuple(Placed(f"/spec/syncWindows/{n}", window) for n, window in enumerate(one.sync_windows) if window is not None)
            return permits_sync(windows, now, manual=question.manual, version=version)

        yield _Asked(f"let an Application that all its windows apply to {how}", judge_all)
