"""gitguard's answers to the oracle's questions, in the oracle's form."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from gitguard.argo.accounts import service_account
from gitguard.argo.applications import application_spec, structure
from gitguard.argo.clusters import Unresolved, resolve
from gitguard.argo.destinations import permits_destination
from gitguard.argo.effective import effective, global_entries
from gitguard.argo.glob import match
from gitguard.argo.gobwas_1 import GlobCrash
from gitguard.argo.integrity import is_verified
from gitguard.argo.kinds import permits_kind
from gitguard.argo.namespaces import permits_application_namespace
from gitguard.argo.policies import PolicyError, lines_of, load
from gitguard.argo.projects import project as read_project
from gitguard.argo.repository import normalize_git_url, same_url
from gitguard.argo.sources import permits_source
from gitguard.argo.validation import refusals
from gitguard.argo.windows import applying, permits_sync
from gitguard.model.argo import Cluster, Destination, Project, ProjectRepository, Source
from gitguard.parse import read

UNKNOWN = "undetermined"
CRASH = "crash"
# What Argo CD refuses, but not in ValidatePermissions.
LATER = ("/ref", "/name", "/valueFiles", "/syncSource/path")


def answers(line: Mapping[str, Any], version: str = "3.6") -> list[Any]:
    """One answer a question."""
    if "world" in line:
        return World(line["world"], version).answers(line["asks"])
    project = read_project(line.get("project") or {})
    return [answer(project, ask, version) for ask in line["asks"]]


def answer(project: Project, ask: Mapping[str, Any], version: str = "3.6") -> Any:
    (kind,) = ask.keys() - {"scoped"}
    try:
        return KINDS[kind](project, ask, version)
    except GlobCrash:
        # A sync is blocked by whatever goes wrong; the bed does not tell which.
        return False if kind == "sync" else CRASH


def source(project: Project, ask: Mapping[str, Any], version: str) -> bool:
    return permits_source(project, ask["source"]["repoURL"], version).permitted


def destination(project: Project, ask: Mapping[str, Any], version: str) -> bool:
    wanted = ask["destination"]
    scoped = [Cluster(item["server"], item["name"], project.name) for item in ask.get("scoped", ())]
    return permits_destination(project, Cluster(wanted["server"], wanted["name"]), wanted["namespace"], version, scoped).permitted


def resource(project: Project, ask: Mapping[str, Any], version: str) -> bool:
    wanted = ask["resource"]
    return permits_kind(project, wanted["group"], wanted["kind"], wanted["name"], namespaced=wanted["namespaced"], version=version).permitted


def app_namespace(project: Project, ask: Mapping[str, Any], version: str) -> Any:
    verdict = permits_application_namespace(project, ask["appNamespace"], "argocd", version)
    return UNKNOWN if verdict.permitted is None else verdict.permitted


def validate(project: Project, ask: Mapping[str, Any], version: str) -> str:
    found = refusals(project, version)
    if not found:
        return ""
    # Argo CD says the same of these two fields of a destination and of a service account's entry.
    return "field" if found[0].pointer.endswith(("/server", "/namespace")) else found[0].topic


def policy(project: Project, ask: Mapping[str, Any], version: str) -> bool:
    try:
        load("\n".join(line for role in project.roles for _, line in lines_of(project.name, role)))
    except PolicyError:
        return False
    return True


def sync(project: Project, ask: Mapping[str, Any], version: str) -> bool:
    asked, target = ask["sync"], ask["sync"]["application"]
    wanted = target["spec"]["destination"]
    place = Destination(wanted.get("server", ""), wanted.get("name", ""), wanted.get("namespace", ""))
    windows = applying(project, target["metadata"]["name"], place, version)
    started = nanoseconds(asked["started"]) if "started" in asked else None
    return permits_sync(windows, nanoseconds(asked["at"]), manual=asked["manual"], started=started, version=version).permitted


def nanoseconds(text: str) -> int:
    whole, _, fraction = text.removesuffix("Z").partition(".")
    moment = datetime.fromisoformat(whole).replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1_000_000_000 + int(fraction.ljust(9, "0") or 0)


def account(project: Project, ask: Mapping[str, Any], version: str) -> Any:
    asked = ask["account"]
    target = asked["application"]
    verdict = service_account(project, asked["server"], target["spec"]["destination"]["namespace"], target["metadata"]["namespace"], version)
    return verdict.reason if verdict.permitted else {"error": ""}


def integrity(project: Project, ask: Mapping[str, Any], version: str) -> bool:
    sources = [Source(item.get("repoURL", ""), item.get("path", ""), item.get("chart", "")) for item in ask["integrity"]]
    return any(is_verified(project, item, version) for item in sources)


def glob(project: Project, ask: Mapping[str, Any], version: str) -> bool:
    return match(ask["glob"]["pattern"], ask["glob"]["text"], ask["glob"]["separators"], version)


def url(project: Project, ask: Mapping[str, Any], version: str) -> str:
    return normalize_git_url(ask["url"], version)


def same(project: Project, ask: Mapping[str, Any], version: str) -> bool:
    return same_url(*ask["same"], version)


KINDS = {
    "source": source,
    "destination": destination,
    "resource": resource,
    "appNamespace": app_namespace,
    "validate": validate,
    "policy": policy,
    "sync": sync,
    "account": account,
    "integrity": integrity,
    "glob": glob,
    "url": url,
    "same": same,
}

# How Argo CD's refusals begin, told apart by what they are about.
TOPICS = (
    ("source namespace", "sources"),
    ("source repository", "sources"),
    ("destinationServiceAccount", "accounts"),
    ("defaultServiceAccount", "accounts"),
    ("destination '", "destinations"),
    ("name has an", "destinations"),
    ("role", "roles"),
    ("invalid role", "roles"),
    ("policy", "roles"),
    ("invalid policy", "roles"),
    ("group", "roles"),
    ("sync window", "windows"),
    ("kind '", "windows"),
    ("cannot parse", "windows"),
    ("description", "windows"),
    ("window '", "windows"),
)


def comparable(ask: Mapping[str, Any], said: Any) -> Any:
    """What the oracle said, in the form in which gitguard's answer can be compared with it."""
    if "validate" in ask and said:
        if said.startswith("panic"):
            # A schedule of nothing but a time zone.
            return "windows"
        text = said.partition("desc = ")[2] or said
        if text.startswith(("server has an", "namespace has an")):
            return "field"
        return next((topic for start, topic in TOPICS if text.startswith(start)), said)
    if "cluster" in ask and isinstance(said, str):
        return "error"
    if "effective" in ask:
        effective_spec = said["spec"] if said["everyKind"] else {"namespaceResourceWhitelist": []} | said["spec"]
        return read_project({"metadata": {"name": ask["effective"]}, "spec": effective_spec})
    if "permissions" in ask:
        return conditions(said)
    if isinstance(said, str) and said.startswith("panic") and "sync" not in ask:
        return CRASH
    if "sync" in ask and isinstance(said, str):
        return False
    if "account" in ask and isinstance(said, dict):
        return {"error": ""}
    return said


def conditions(said: Any) -> list[str]:
    """The kinds of Argo CD's conditions, in their order."""
    if isinstance(said, str):
        return ["no project"]
    kinds = []
    for message in said:
        if message.startswith(("spec.source", "when spec.source")):
            return ["structure"]
        if "repo" in message and "is not permitted in project" in message:
            kinds.append("source")
        else:
            kinds.append("destination" if "do not match any of the allowed destinations" in message else "cluster")
    return kinds


class World:
    """A control plane as gitguard sees it."""

    def __init__(self, world: Mapping[str, Any], version: str) -> None:
        self.version = version
        self.projects = {manifest["metadata"]["name"]: read_project(manifest) for manifest in world["projects"]}
        self.clusters = [
            Cluster(
                item["server"].rstrip("/"),
                item["name"],
                item.get("project", ""),
                tuple(part.strip() for part in item.get("namespaces", "").split(",") if part.strip()),
            )
            for item in world["clusters"]
        ]
        self.repositories = [ProjectRepository(item["url"], item.get("project", "")) for item in world["repositories"]]
        documents = read(world["settings"].get("globalProjects", "").encode(), json=False)
        self.entries = global_entries(documents.documents[0].value if documents.documents and not documents.problems else None)
        self.in_cluster = world["settings"].get("cluster.inClusterEnabled") != "false"

    def answers(self, asks: list[Mapping[str, Any]]) -> list[Any]:
        return [self.answer(ask) for ask in asks]

    def answer(self, ask: Mapping[str, Any]) -> Any:
        if "effective" in ask:
            return self.effective(ask["effective"])
        if "cluster" in ask:
            found = self.resolve(ask["cluster"])
            return "error" if isinstance(found, Unresolved) else {"server": found.server, "name": found.name}
        return self.conditions(ask["permissions"])

    def effective(self, name: str) -> Project:
        merged = effective(
            self.projects[name],
            global_entries=self.entries,
            find=self.projects.get,
            repositories=self.repositories,
            clusters=self.clusters,
            version=self.version,
        )
        return merged.project._replace(labels=())

    def resolve(self, wanted: Mapping[str, str]) -> Cluster | Unresolved:
        place = Destination(wanted.get("server", ""), wanted.get("name", ""), wanted.get("namespace", ""))
        return resolve(place, self.clusters, self.version, in_cluster=self.in_cluster)

    def conditions(self, manifest: Mapping[str, Any]) -> list[str]:
        """What is wrong with an Application's spec, as the kinds of Argo CD's conditions, in its order."""
        spec = application_spec(manifest)
        name = spec.project or "default"
        if name not in self.projects:
            return ["no project"]
        complaints = [
            complaint
            for complaint in structure(spec, self.version)
            if not complaint.pointer.endswith(LATER) and "/destination" not in complaint.pointer
        ]
        if complaints:
            return ["structure"]
        project = self.effective(name)
        found = ["source" for item in spec.sources if not permits_source(project, item.repo_url, self.version).permitted]
        cluster = self.resolve(manifest["destination"])
        if isinstance(cluster, Unresolved):
            return [*found, "cluster"]
        if not permits_destination(project, cluster, spec.destination.namespace, self.version, self.clusters).permitted:
            found.append("destination")
        return found
