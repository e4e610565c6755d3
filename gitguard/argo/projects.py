"""From an AppProject manifest to the value that the other functions judge by."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from gitguard.model.argo import AccountEntry, DestinationEntry, IntegrityPolicy, KindEntry, Project, Role, SyncWindow

Made = TypeVar("Made")
# A place in the manifest: its JSON pointer, or the place that it is in, a key, and a number in a list. Pointers are put together only for what is
# wrong, since thousands are right.
_At = str | tuple[Any, str, int | None]


def project(manifest: Mapping[str, Any]) -> Project:
    """Wrongly typed parts count as absent: the schema rules report them, and the API server would not store them."""
    return _Reader().project(manifest)


def checked_project(manifest: Mapping[str, Any]) -> tuple[Project, tuple[str, ...]]:
    """The same, with the pointers of what has another type than Argo CD's, so that it could not read the manifest at all."""
    reader = _Reader()
    return reader.project(manifest), tuple(reader.wrong)


def _pointer(at: _At) -> str:
    if isinstance(at, str):
        return at
    inside, key, number = at
    return f"{_pointer(inside)}/{key}" + ("" if number is None else f"/{number}")


class _Reader:
    """Reads a manifest leniently and remembers what it had to look over. Positions stay: entries are named by JSON pointer."""

    def __init__(self) -> None:
        self.wrong: list[str] = []

    def project(self, manifest: Mapping[str, Any]) -> Project:
        metadata, spec = self.mapping(manifest, "metadata", ""), self.mapping(manifest, "spec", "")
        read: dict[str, Any] = {}
        for key, value in spec.items():
            if key in _FIELDS and value is not None:
                field, kind, make = _FIELDS[key]
                if kind == "texts":
                    read[field] = self.texts(spec, key, "/spec")
                elif kind == "flag":
                    read[field] = self.flag(spec, key, "/spec")
                else:
                    read[field] = self.entries(spec, key, "/spec", partial(make, self))
        if "sourceIntegrity" in spec:
            read["source_integrity"] = self._integrity(spec)
        if "syncWindows" in spec:
            read["sync_windows"] = self._windows(spec)
        labels = self.mapping(metadata, "labels", "/metadata")
        if labels:
            read["labels"] = tuple(sorted((key, value) for key, value in labels.items() if isinstance(value, str)))
        return Project(self.text(metadata, "name", "/metadata"), **read)

    def mapping(self, holder: Mapping[str, Any], key: str, at: _At) -> Mapping[str, Any]:
        value = holder.get(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.wrong.append(f"{_pointer(at)}/{key}")
            return {}
        return value

    def text(self, holder: Mapping[str, Any], key: str, at: _At) -> str:
        value = holder.get(key)
        if isinstance(value, str):
            return value
        if value is not None:
            self.wrong.append(f"{_pointer(at)}/{key}")
        return ""

    def flag(self, holder: Mapping[str, Any], key: str, at: _At) -> bool:
        value = holder.get(key)
        if value is not None and not isinstance(value, bool):
            self.wrong.append(f"{_pointer(at)}/{key}")
        return value is True

    def texts(self, holder: Mapping[str, Any], key: str, at: _At) -> tuple[str, ...]:
        value = holder.get(key)
        if value is None:
            return ()
        if not isinstance(value, list):
            self.wrong.append(f"{_pointer(at)}/{key}")
            return ()
        if all(type(item) is str for item in value):
            return tuple(value)
        self.wrong += [f"{_pointer(at)}/{key}/{number}" for number, item in enumerate(value) if not isinstance(item, str | None)]
        return tuple(item if isinstance(item, str) else "" for item in value)

    def entries(self, holder: Mapping[str, Any], key: str, at: _At, make: Callable[[Mapping[str, Any], _At], Made]) -> tuple[Made, ...]:
        value = holder.get(key)
        if value is None:
            return ()
        if not isinstance(value, list):
            self.wrong.append(f"{_pointer(at)}/{key}")
            return ()
        made = []
        for number, item in enumerate(value):
            if isinstance(item, dict):
                made.append(make(item, (at, key, number)))
                continue
            if item is not None:
                self.wrong.append(f"{_pointer(at)}/{key}/{number}")
            made.append(make({}, (at, key, number)))
        return tuple(made)

    def _destination(self, item: Mapping[str, Any], at: _At) -> DestinationEntry:
        return DestinationEntry(self.text(item, "server", at), self.text(item, "name", at), self.text(item, "namespace", at))

    def _kind(self, item: Mapping[str, Any], at: _At) -> KindEntry:
        return KindEntry(self.text(item, "group", at), self.text(item, "kind", at))

    def _named_kind(self, item: Mapping[str, Any], at: _At) -> KindEntry:
        return KindEntry(self.text(item, "group", at), self.text(item, "kind", at), self.text(item, "name", at))

    def _role(self, item: Mapping[str, Any], at: _At) -> Role:
        return Role(self.text(item, "name", at), self.texts(item, "policies", at), self.texts(item, "groups", at))

    def _account(self, item: Mapping[str, Any], at: _At) -> AccountEntry:
        return AccountEntry(self.text(item, "server", at), self.text(item, "namespace", at), self.text(item, "defaultServiceAccount", at))

    def _policy(self, item: Mapping[str, Any], at: _At) -> IntegrityPolicy:
        gpg = self.mapping(item, "gpg", at)
        return IntegrityPolicy(
            self.entries(item, "repos", at, lambda repo, here: self.text(repo, "url", here)),
            self.text(gpg, "mode", (at, "gpg", None)) if item.get("gpg") is not None else None,
            self.texts(gpg, "keys", (at, "gpg", None)),
        )

    def _key(self, item: Mapping[str, Any], at: _At) -> str:
        return self.text(item, "keyID", at)

    def _integrity(self, spec: Mapping[str, Any]) -> tuple[IntegrityPolicy, ...] | None:
        integrity = self.mapping(spec, "sourceIntegrity", "/spec")
        git = self.mapping(integrity, "git", "/spec/sourceIntegrity")
        return self.entries(git, "policies", "/spec/sourceIntegrity/git", self._policy) if integrity.get("git") is not None else None

    def _windows(self, spec: Mapping[str, Any]) -> tuple[SyncWindow | None, ...]:
        # A null in this list stays one: Argo CD holds windows by reference and looks over those that are not there.
        value = spec.get("syncWindows")
        windows = self.entries(spec, "syncWindows", "/spec", self._window)
        return tuple(None if item is None else window for item, window in zip(value, windows, strict=True)) if windows and value else ()

    def _window(self, item: Mapping[str, Any], at: _At) -> SyncWindow:
        return SyncWindow(
            self.text(item, "kind", at),
            self.text(item, "schedule", at),
            self.text(item, "duration", at),
            self.texts(item, "applications", at),
            self.texts(item, "namespaces", at),
            self.texts(item, "clusters", at),
            self.flag(item, "manualSync", at),
            self.text(item, "timeZone", at),
            self.flag(item, "andOperator", at),
            self.text(item, "description", at),
            self.flag(item, "syncOverrun", at),
        )


# The manifest's keys: the field of a Project, what kind of value it is, and how one entry is read.
_FIELDS: dict[str, tuple[str, str, Any]] = {
    "sourceRepos": ("source_repos", "texts", None),
    "destinations": ("destinations", "entries", _Reader._destination),
    "sourceNamespaces": ("source_namespaces", "texts", None),
    "permitOnlyProjectScopedClusters": ("permit_only_project_scoped_clusters", "flag", None),
    "clusterResourceWhitelist": ("cluster_resource_whitelist", "entries", _Reader._named_kind),
    "clusterResourceBlacklist": ("cluster_resource_blacklist", "entries", _Reader._named_kind),
    "namespaceResourceWhitelist": ("namespace_resource_whitelist", "entries", _Reader._kind),
    "namespaceResourceBlacklist": ("namespace_resource_blacklist", "entries", _Reader._kind),
    "roles": ("roles", "entries", _Reader._role),
    "destinationServiceAccounts": ("destination_service_accounts", "entries", _Reader._account),
    "signatureKeys": ("signature_keys", "entries", _Reader._key),
}
