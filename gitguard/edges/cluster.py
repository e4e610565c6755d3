"""A cluster, through the official client: what it serves, what it holds, what it becomes; and the few writes that put git's word back."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import urllib3
from kubernetes import client, config
from kubernetes.config import ConfigException

from gitguard.model.errors import GitguardError

_MANAGER = "gitguard"
_WATCHED_SECONDS = 300
# API servers send a bookmark each minute where nothing else happens: a watch that is silent for longer is dead, and nobody told us.
_SILENT_SECONDS = 75.0
_LOOK_SECONDS = 1.0
_PAGE = 500
_CONNECT, _READ = 5.0, 30.0
_GONE, _CONFLICT, _MISSING, _FORBIDDEN, _REFUSED = 410, 409, 404, 403, 422
_LONGEST = 300


class ClusterError(GitguardError):
    """The API server refused, or can't be reached; `status` is its HTTP status, 0 where there was none."""

    def __init__(self, message: str, status: int = 0, advice: str = "") -> None:
        super().__init__(message, advice)
        self.status = status

    @property
    def is_conflict(self) -> bool:
        """Has somebody else written the object meanwhile?"""
        return self.status == _CONFLICT

    @property
    def is_missing(self) -> bool:
        """Is there no such object, or no such kind?"""
        return self.status == _MISSING

    @property
    def is_forbidden(self) -> bool:
        """Do roles not let this user do it?"""
        return self.status == _FORBIDDEN

    @property
    def is_refused(self) -> bool:
        """Would the API server never take it: an immutable field, a webhook that says no?"""
        return self.status == _REFUSED


class Resource(NamedTuple):
    """A kind that the API server serves, with the name of its collection."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        """As manifests have it."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str = "", name: str = "") -> str:
        """The path of the collection, or of one object of it."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        within = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{root}{within}/{self.plural}{f'/{name}' if name else ''}"


class Listed(NamedTuple):
    """Everything that a collection held at one moment, and the resource version of that moment."""

    items: tuple[Mapping[str, Any], ...]
    resource_version: str


class Served(NamedTuple):
    """What an API server serves: every (group, kind) with whether it is namespaced, and its `group/version` and `group/version/Kind`.

    `api_versions` are what Argo CD tells charts: those of kinds that can be listed and watched. `missing` are the versions of groups that could
    not be asked, because what serves them is down, each `group/version`.
    """

    kinds: Mapping[tuple[str, str], bool]
    api_versions: tuple[str, ...]
    missing: tuple[str, ...]


class Expired(Exception):
    """What is asked for is older than what the API server remembers: list anew."""


class Cluster:
    """One API server, as one user."""

    def __init__(self, api: client.ApiClient) -> None:
        self._api = api
        self.server = str(api.configuration.host)
        self._resources: dict[tuple[str, str], Resource] = {}

    @classmethod
    def connect(cls, kubeconfig: Path | None, context: str) -> "Cluster":
        """By a kubeconfig (None: the usual one, or the service account of the pod). ClusterError where that can't be read."""
        try:
            api = config.new_client_from_config(str(kubeconfig) if kubeconfig else None, context or None)  # type: ignore[no-untyped-call]
        except (ConfigException, OSError) as error:
            if kubeconfig is None and not context:
                try:
                    settings = client.Configuration()
                    config.load_incluster_config(settings)  # type: ignore[no-untyped-call]
                    return cls(client.ApiClient(settings))
                except ConfigException:
                    pass
            raise ClusterError(f"no cluster: {str(error)[:_LONGEST]}", advice="--kubeconfig and --context name one") from error
        return cls(api)

    def resource(self, group: str, kind: str, version: str = "") -> Resource | None:
        """The resource of a kind, in this version or the preferred one; None where the API server does not serve it. Remembered."""
        if (group, kind) not in self._resources:
            self._discover(group)
        found = self._resources.get((group, kind))
        return found._replace(version=version) if found and version else found

    def whoami(self) -> str:
        """The user name by which the API server knows this client, "" where it does not say."""
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        try:
            said = self._json("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body=review)
        except ClusterError as error:
            if not error.status:
                raise
            return ""
        return str(((said.get("status") or {}).get("userInfo") or {}).get("username") or "")

    def version(self) -> str:
        """The Kubernetes version, as `1.37.2`."""
        return str(self._json("GET", "/version").get("gitVersion", "")).removeprefix("v")

    def kinds(self) -> Mapping[tuple[str, str], bool]:
        """As `served` has them."""
        return self.served().kinds

    def api_versions(self) -> tuple[str, ...]:
        """As `served` has them."""
        return self.served().api_versions

    def served(self) -> Served:
        """All that the API server serves now, asked anew."""
        kinds: dict[tuple[str, str], bool] = {}
        api_versions: set[str] = set()
        missing: list[str] = []
        for group, version in self._versions():
            api_version = f"{group}/{version}" if group else version
            try:
                resources = self._resources_of(group, version)
            except ClusterError as error:
                if not error.status:
                    raise
                missing.append(api_version)
                continue
            for one in resources:
                kinds.setdefault((group, one["kind"]), bool(one["namespaced"]))
                if {"list", "watch"} <= set(one.get("verbs") or ()):
                    api_versions |= {api_version, f"{api_version}/{one['kind']}"}
        return Served(kinds, tuple(sorted(api_versions)), tuple(missing))

    def get(self, resource: Resource, namespace: str, name: str) -> Mapping[str, Any]:
        """An object as it is."""
        return self._json("GET", resource.path(namespace, name))

    def list(self, resource: Resource, namespace: str = "", selector: str = "") -> Listed:
        """All of one kind (in one namespace, with labels that a selector as kubectl's chooses), in pages, as of one moment."""
        items: list[Mapping[str, Any]] = []
        query: dict[str, Any] = {"limit": _PAGE, **({"labelSelector": selector} if selector else {})}
        while True:
            page = self._json("GET", resource.path(namespace), query)
            # Items of a list do not say what they are.
            said = {"apiVersion": resource.api_version, "kind": resource.kind}
            items += [{**said, **item} for item in page.get("items") or ()]
            metadata = page.get("metadata") or {}
            if not metadata.get("continue"):
                return Listed(tuple(items), str(metadata.get("resourceVersion", "")))
            query["continue"] = metadata["continue"]

    def watch(self, resource: Resource, resource_version: str, stop: threading.Event, namespace: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
        """(ADDED, MODIFIED, DELETED or BOOKMARK, object) from that version on, until the API server ends it, falls silent, or `stop` is set.

        Expired where it is too old; ClusterError where the connection breaks.
        """
        query = {"watch": "true", "resourceVersion": resource_version, "allowWatchBookmarks": "true", "timeoutSeconds": _WATCHED_SECONDS}
        answer = self._send("GET", resource.path(namespace), query, timeout=urllib3.Timeout(connect=_CONNECT, read=_SILENT_SECONDS))
        ended = threading.Event()
        threading.Thread(target=_close_with, args=(answer, stop, ended), daemon=True).start()
        rest = b""
        try:
            for chunk in answer.stream(1 << 16, decode_content=True):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    if stop.is_set():
                        return
                    if line.strip():
                        yield _event(json.loads(line))
        except urllib3.exceptions.ReadTimeoutError:
            return
        except (urllib3.exceptions.HTTPError, OSError, ValueError, AttributeError) as error:
            if not stop.is_set():
                raise ClusterError(f"the watch of {resource.plural} broke off: {type(error).__name__}") from error
        finally:
            ended.set()
            answer.close()

    def update(self, resource: Resource, manifest: Mapping[str, Any], *, dry_run: bool = False, audit_id: str = "") -> Mapping[str, Any]:
        """Replace an object at the resource version in the manifest; with `dry_run`, what that would give."""
        metadata = manifest["metadata"]
        query = {"fieldManager": _MANAGER, "fieldValidation": "Strict" if not dry_run else "Ignore", **({"dryRun": "All"} if dry_run else {})}
        return self._json("PUT", resource.path(metadata.get("namespace", ""), metadata["name"]), query, manifest, audit_id)

    def create(self, resource: Resource, manifest: Mapping[str, Any], *, dry_run: bool = False, audit_id: str = "") -> Mapping[str, Any]:
        """Create an object."""
        query = {"fieldManager": _MANAGER, **({"dryRun": "All"} if dry_run else {})}
        return self._json("POST", resource.path(manifest["metadata"].get("namespace", "")), query, manifest, audit_id)

    def delete(
        self, resource: Resource, namespace: str, name: str, *, uid: str, resource_version: str = "", dry_run: bool = False, audit_id: str = ""
    ) -> Mapping[str, Any]:
        """Delete the object that has this uid, and this resource version where one is given; a conflict where it is another by now.

        Gives the API server's Status, or the object where it waits for its finalizers.
        """
        preconditions = {"uid": uid, **({"resourceVersion": resource_version} if resource_version else {})}
        # An API server that finds options in the body does not look at the query.
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions, **({"dryRun": ["All"]} if dry_run else {})}
        return self._json("DELETE", resource.path(namespace, name), body=options, audit_id=audit_id)

    def _discover(self, group: str) -> None:
        if group:
            try:
                versions = self._json("GET", f"/apis/{group}")
            except ClusterError as error:
                if error.is_missing:
                    return
                raise
            listed = [version["version"] for version in versions.get("versions") or ()]
            preferred = (versions.get("preferredVersion") or {}).get("version", "")
            order = [preferred, *(version for version in listed if version != preferred)]
        else:
            order = ["v1"]
        for version in order:
            for one in self._resources_of(group, version):
                self._resources.setdefault((group, one["kind"]), Resource(group, version, one["name"], one["kind"], bool(one["namespaced"])))

    def _versions(self) -> Iterator[tuple[str, str]]:
        """Every (group, version), the preferred one of a group before its others."""
        for version in self._json("GET", "/api").get("versions") or ():
            yield "", version
        for group in self._json("GET", "/apis").get("groups") or ():
            preferred = (group.get("preferredVersion") or {}).get("version", "")
            listed = [version["version"] for version in group.get("versions") or ()]
            yield from ((group["name"], version) for version in sorted(listed, key=lambda version: version != preferred))

    def _resources_of(self, group: str, version: str) -> tuple[Mapping[str, Any], ...]:
        """The kinds of one version of a group, as discovery has them, without the subresources."""
        document = self._json("GET", f"/apis/{group}/{version}" if group else f"/api/{version}")
        return tuple(one for one in document.get("resources") or () if "/" not in one["name"])

    def _json(
        self, method: str, path: str, query: Mapping[str, Any] | None = None, body: Mapping[str, Any] | None = None, audit_id: str = ""
    ) -> Mapping[str, Any]:
        answer = self._send(method, path, query or {}, body, urllib3.Timeout(connect=_CONNECT, read=_READ), audit_id)
        try:
            value = json.loads(answer.data)
        except (ValueError, urllib3.exceptions.HTTPError) as error:
            raise ClusterError(f"{method} {path}: the answer is no JSON", answer.status) from error
        finally:
            answer.release_conn()
        if not isinstance(value, dict):
            raise ClusterError(f"{method} {path}: the answer is no object", answer.status)
        return value

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: Mapping[str, Any] | None = None,
        timeout: urllib3.Timeout | None = None,
        audit_id: str = "",
    ) -> urllib3.BaseHTTPResponse:
        headers = {"Accept": "application/json", "User-Agent": _MANAGER, **({"Audit-ID": audit_id} if audit_id else {})}
        # Asked for each time: the client renews tokens that expire.
        token = self._api.configuration.auth_settings().get("BearerToken")
        headers |= {token["key"]: token["value"]} if token else {}
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        url = f"{self.server}{path}{f'?{urlencode(query)}' if query else ''}"
        pool = self._api.rest_client.pool_manager
        try:
            answer: urllib3.BaseHTTPResponse = pool.request(
                method, url, body=data, headers=headers, preload_content=False, timeout=timeout, retries=False
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ClusterError(
                f"{self.server} can't be reached: {type(error).__name__}", advice="is the API server up, and the address right?"
            ) from error
        if answer.status >= 400:
            raise _refusal(method, path, answer)
        return answer


def current_context(kubeconfig: Path | None) -> str:
    """The name of the context that is used where none is named, "" where there is no kubeconfig."""
    try:
        _, current = config.list_kube_config_contexts(str(kubeconfig) if kubeconfig else None)  # type: ignore[no-untyped-call]
    except (ConfigException, OSError):
        return ""
    return str((current or {}).get("name") or "")


def _close_with(answer: urllib3.BaseHTTPResponse, stop: threading.Event, ended: threading.Event) -> None:
    """A watch waits for its next line: only shutting its connection from outside ends that."""
    while not ended.is_set():
        if stop.wait(_LOOK_SECONDS):
            if isinstance(answer, urllib3.HTTPResponse):
                with suppress(OSError, ValueError, RuntimeError):
                    answer.shutdown()
            return


def _event(event: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    kind, value = str(event.get("type")), event.get("object") or {}
    if kind == "ERROR":
        if value.get("code") == _GONE:
            raise Expired
        raise ClusterError(f"the watch ended: {str(value.get('message'))[:_LONGEST]}", int(value.get("code") or 0))
    return kind, value


def _refusal(method: str, path: str, answer: urllib3.BaseHTTPResponse) -> Exception:
    try:
        said = json.loads(answer.data)
        message = str(said.get("message", ""))
    except (ValueError, AttributeError, urllib3.exceptions.HTTPError):
        message = ""
    finally:
        answer.release_conn()
    if answer.status == _GONE:
        return Expired()
    return ClusterError(f"{method} {path}: {answer.status} {message[:_LONGEST]}".rstrip(), answer.status)
