"""An Application's spec: Argo CD's source selection, and its checks that ask no AppProject (util/argo/argo.go, controller/hydrator)."""

import re
from collections.abc import Iterable, Mapping
from posixpath import normpath
from typing import Any

from gitguard.argo.version import at_least
from gitguard.model.argo import ApplicationSpec, Complaint, Destination, Hydrator, Source

_REF = re.compile(r"[a-zA-Z0-9_-]+")
_TOOLS = ("helm", "kustomize", "directory", "plugin")


def application_spec(spec: Mapping[str, Any]) -> ApplicationSpec:
    """What Argo CD reads in a spec: `sourceHydrator` wins, then a non-empty `sources`, then `source`. Wrong types count as absent."""
    destination = _mapping(spec.get("destination"))
    hydrator = spec.get("sourceHydrator")
    sources = spec.get("sources")
    return ApplicationSpec(
        _text(spec.get("project")),
        Destination(_text(destination.get("server")), _text(destination.get("name")), _text(destination.get("namespace"))),
        tuple(_sources(spec)),
        isinstance(sources, list) and bool(sources) and not isinstance(hydrator, Mapping),
        _hydrator(hydrator) if isinstance(hydrator, Mapping) else None,
    )


def structure(spec: ApplicationSpec, version: str = "3.6") -> tuple[Complaint, ...]:
    """What Argo CD refuses in the spec, in its own order and words, then what to do."""
    complaints = [*_hydration(spec, version)] if spec.hydrator is not None else [*_source_complaints(spec)]
    return (*complaints, *_destination(spec.destination))


def _sources(spec: Mapping[str, Any]) -> Iterable[Source]:
    hydrator, sources = spec.get("sourceHydrator"), spec.get("sources")
    if isinstance(hydrator, Mapping):
        dry = _source(_mapping(hydrator.get("drySource")), "/spec/sourceHydrator/drySource")
        sync = _mapping(hydrator.get("syncSource"))
        yield dry
        if _text(sync.get("repoURL")) not in ("", dry.repo_url):
            yield _source(sync, "/spec/sourceHydrator/syncSource")
    elif isinstance(sources, list) and sources:
        for number, source in enumerate(sources):
            yield _source(_mapping(source), f"/spec/sources/{number}")
    elif isinstance(spec.get("source"), Mapping):
        yield _source(spec["source"], "/spec/source")


def _source(source: Mapping[str, Any], pointer: str) -> Source:
    helm = _mapping(source.get("helm"))
    files = helm.get("valueFiles") if isinstance(helm.get("valueFiles"), list) else []
    parameters = helm.get("fileParameters") if isinstance(helm.get("fileParameters"), list) else []
    referring = [_text(file) for file in files or ()] + [_text(_mapping(parameter).get("path")) for parameter in parameters or ()]
    return Source(
        _text(source.get("repoURL")),
        _text(source.get("path")),
        _text(source.get("chart")),
        _text(source.get("targetRevision")),
        _text(source.get("ref")),
        _text(source.get("name")),
        pointer,
        tuple(tool for tool in _TOOLS if source.get(tool)),
        tuple(file for file in referring if file.startswith("$")),
    )


def _hydrator(hydrator: Mapping[str, Any]) -> Hydrator:
    sync, to = _mapping(hydrator.get("syncSource")), hydrator.get("hydrateTo")
    return Hydrator(
        _text(sync.get("repoURL")),
        _text(sync.get("targetBranch")),
        _text(sync.get("path")),
        _text(to.get("targetBranch")) if isinstance(to, Mapping) else None,
    )


def _hydration(spec: ApplicationSpec, version: str) -> Iterable[Complaint]:
    hydrator, base = spec.hydrator or Hydrator(), "/spec/sourceHydrator"
    if not spec.sources[0].repo_url:
        yield Complaint(f"{base}/drySource/repoURL", "spec.sourceHydrator.drySource.repoURL is required")
    if not hydrator.sync_branch:
        yield Complaint(f"{base}/syncSource/targetBranch", "spec.sourceHydrator.syncSource.targetBranch is required")
    if hydrator.hydrate_to == "":
        message = "when spec.sourceHydrator.hydrateTo is set, spec.sourceHydrator.hydrateTo.targetBranch is required"
        yield Complaint(f"{base}/hydrateTo/targetBranch", message)
    # Python keeps two slashes at the beginning, Go makes them one.
    if at_least(version, (3, 2)) and normpath(hydrator.sync_path).strip("/") in ("", "."):
        yield Complaint(f"{base}/syncSource/path", "the Application hydrates to the repository's root: give syncSource.path a folder of its own")


def _source_complaints(spec: ApplicationSpec) -> Iterable[Complaint]:
    if not spec.sources:
        yield Complaint("/spec/source", "the Application has no source: give it spec.source or spec.sources")
        return
    for source in spec.sources:
        problem = _incomplete(source, spec.multi)
        if problem is not None:
            yield problem
            # Argo CD looks no further than the first source that is incomplete.
            return
    for source in spec.sources:
        if len(source.tools) > 1:
            yield Complaint(source.pointer, f"multiple application sources defined: {', '.join(source.tools)}: keep one of them")
    if spec.multi:
        yield from _references(spec.sources)


def _incomplete(source: Source, multi: bool) -> Complaint | None:
    if not source.repo_url:
        return Complaint(source.pointer, f"{_dotted(source)}.repoURL is required")
    if not (source.path or source.chart or (multi and source.ref)):
        choice = "path, chart or ref" if multi else "path or chart"
        return Complaint(
            source.pointer, f"{_dotted(source)} needs {choice}: Argo CD does not know what to deploy from {source.repo_url.rpartition('@')[2]}"
        )
    if source.chart and not source.target_revision:
        return Complaint(source.pointer, f"{_dotted(source)}.targetRevision is required: a Helm chart needs a version")
    return None


def _references(sources: tuple[Source, ...]) -> Iterable[Complaint]:
    """`ref` names values files of another source by `$ref/…`; `name` tells sources apart."""
    refs: dict[str, Source] = {}
    names: set[str] = set()
    for source in sources:
        if source.ref and not _REF.fullmatch(source.ref):
            message = f"sources.ref {source.ref} cannot contain any special characters except '_' and '-'"
            yield Complaint(f"{source.pointer}/ref", message)
        elif source.ref in refs:
            yield Complaint(f"{source.pointer}/ref", f"multiple sources had the same `ref` key: `{source.ref}`")
        if source.ref:
            refs.setdefault(source.ref, source)
        if source.name and source.name in names:
            yield Complaint(f"{source.pointer}/name", f"two sources are named `{source.name}`")
        names.add(source.name)
    for source in sources:
        for file in source.value_files:
            ref = file[1:].partition("/")[0]
            if ref not in refs:
                known = f"; there {'is' if len(refs) == 1 else 'are'} {', '.join(f'`{name}`' for name in refs)}" if refs else ""
                yield Complaint(f"{source.pointer}/helm/valueFiles", f"`{file}` refers to a source with ref `{ref}`, and no source has it{known}")
            elif refs[ref].chart:
                yield Complaint(f"{source.pointer}/helm/valueFiles", f"`{file}` refers to a chart: only a git source can be referred to")


def _destination(destination: Destination) -> Iterable[Complaint]:
    if destination.name and destination.server:
        message = f"application destination can't have both name and server defined: {destination.name} {destination.server}"
        yield Complaint("/spec/destination/name", message)
    elif not destination.name and not destination.server:
        yield Complaint("/spec/destination", "Destination server missing from app spec: give spec.destination a server or a name")


def _dotted(source: Source) -> str:
    return source.pointer.removeprefix("/").replace("/", ".")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
