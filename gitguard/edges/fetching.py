"""The only place that talks to the network, and only with `--render always`: fetches what renderings lack into the cache.

What is fetched with: git for repositories, helm for charts, HTTP for files. All get the user's own credentials and proxies, for private
sources, but nothing that the judged repository says other than names, URLs and revisions; nothing that is fetched is executed.
"""

import io
import re
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from posixpath import normpath

from gitguard.edges import confined
from gitguard.edges.git import unattended
from gitguard.edges.sources import Store, reference
from gitguard.edges.tools import INSTALL, Tool
from gitguard.model.errors import RepositoryError
from gitguard.model.rendering import Remote
from gitguard.render.masking import quiet
from gitguard.render.mounts import FILE, key, shown

_AT_ONCE = 8
_LIMITS = confined.Limits(seconds=120, output=8 << 20, written=1 << 30)
_LARGEST_FILE = 32 << 20
_LARGEST_CHART = 64 << 20
_MOST_FILES = 20_000
_COMMIT = re.compile(r"[0-9a-f]{40}")
_VERSION = re.compile(r"v?\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?")
_CHART_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_REPOSITORY = re.compile(r"(?i)(?:https?://|ssh://|[^/@:\s-][^/@:\s]*@[^/:\s]+:)")


class Failed(Exception):
    """It could not be fetched; the message says why, and is fit for people."""


class Fetcher:
    """Fetches into a store; each thing once a run, and once and for all what can't change."""

    def __init__(self, environment: Mapping[str, str], helm: Tool | None, progress: Callable[[str, int, int], None] | None = None) -> None:
        self._environment = unattended(environment)
        self._helm = helm
        self._progress = progress
        self._done: dict[Remote, str] = {}

    def __call__(self, wanted: Sequence[Remote], store: Store) -> Mapping[Remote, str]:
        """Fetch them all; the answer says of those that failed why."""
        store.prepare()
        known = store.known()
        missing = [remote for remote in wanted if remote not in self._done and not (key(remote) in known and _is_fixed(remote))]
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            for number, (remote, said) in enumerate(zip(missing, threads.map(lambda one: self._tried(one, store), missing), strict=True), 1):
                self._done[remote] = said
                if self._progress is not None:
                    self._progress("fetched", number, len(missing))
        return {remote: self._done[remote] for remote in wanted if self._done.get(remote)}

    def _tried(self, remote: Remote, store: Store) -> str:
        try:
            {"git": self._repository, "chart": self._chart, "file": self._file}[remote.kind](remote, store)
        except Failed as error:
            return str(error)
        except (RepositoryError, OSError) as error:
            return _said(str(error))
        return ""

    # Repositories

    def _repository(self, remote: Remote, store: Store) -> None:
        if not _REPOSITORY.match(remote.url):
            raise Failed("only https, http and ssh are fetched")
        wanted = self._resolved(remote, store)
        self._git(store, "fetch", "--quiet", "--depth=1", "--no-tags", "--force", "--", remote.url, f"{wanted}:{reference(key(remote))}")

    def _resolved(self, remote: Remote, store: Store) -> str:
        """The revision as the server names it: a branch before a tag of the same name, as Argo CD takes it."""
        revision = remote.revision or "HEAD"
        if _COMMIT.fullmatch(revision) or revision == "HEAD":
            return revision
        listed = self._git(store, "ls-remote", "--quiet", "--", remote.url).decode("utf-8", "replace")
        names = {row.partition("\t")[2] for row in listed.splitlines()}
        candidates = (revision, f"refs/heads/{revision}", f"refs/tags/{revision}")
        found = next((name for name in candidates if name in names), None)
        if found is None:
            raise Failed(f"the repository has no branch or tag `{shown(revision)}` (a range of versions or a shortened commit is not looked up)")
        return found

    def _git(self, store: Store, *arguments: str) -> bytes:
        environment = {
            **self._environment,
            # No transport that starts programs of somebody's choice.
            "GIT_ALLOW_PROTOCOL": "https:http:ssh",
            "GIT_SSH_COMMAND": self._environment.get("GIT_SSH_COMMAND", "ssh -oBatchMode=yes"),
        }
        safe = ("-c", "core.hooksPath=/dev/null", "-c", "transfer.fsckObjects=true", "-c", "gc.auto=0", "-c", "protocol.version=2")
        done = confined.run(["git", *safe, *arguments], store.folder, environment, _LIMITS)
        if done.exceeded:
            raise Failed(f"git took more than its limit of {done.exceeded}")
        if done.code:
            raise Failed(_said(done.errors.decode("utf-8", "replace")) or "git failed without a word")
        return done.output

    # Charts

    def _chart(self, remote: Remote, store: Store) -> None:
        if self._helm is None:
            raise Failed(f"it takes helm: {INSTALL}")
        if not _CHART_NAME.fullmatch(remote.name):
            raise Failed(f"`{shown(remote.name)}` is no name of a chart")
        with tempfile.TemporaryDirectory(prefix="gitguard-chart-") as folder:
            home = Path(folder, "plugins")
            home.mkdir()
            environment = {**self._environment, "HELM_PLUGINS": str(home), "HELM_CACHE_HOME": str(home / "cache")}
            done = confined.run(self._pull(remote, folder), Path(folder), environment, _LIMITS)
            if done.exceeded:
                raise Failed(f"helm took more than its limit of {done.exceeded}")
            packed = sorted(Path(folder).glob("*.tgz"))
            if done.code or not packed:
                raise Failed(_said(done.errors.decode("utf-8", "replace")) or "helm failed without a word")
            store.keep(key(remote), _unpacked(packed[0]))

    def _pull(self, remote: Remote, folder: str) -> list[str]:
        assert self._helm is not None  # noqa: S101
        url = remote.url.rstrip("/")
        if re.match(r"(?i)https?://", url):
            name, repository = remote.name, url
        elif url.startswith("oci://") or re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*(?::\d+)?(?:/[A-Za-z0-9._/-]+)?", url):
            # Argo CD takes a repository without a scheme for an OCI registry.
            name, repository = f"oci://{url.removeprefix('oci://')}/{remote.name}", ""
        else:
            raise Failed("charts are fetched by https, http and oci only")
        if self._helm.name != "helm":
            worker = str(Path(__file__).with_name("helm_puller.py"))
            return [sys.executable, "-I", worker, name, repository, remote.revision, folder, "plain" if _is_loopback(url) else ""]
        flags = [f"--repo={repository}"] if repository else ["--plain-http"] if _is_loopback(url) else []
        flags += [f"--version={remote.revision}"] if remote.revision else []
        return [*self._helm.command, "pull", name, *flags, f"--destination={folder}"]

    # Files

    def _file(self, remote: Remote, store: Store) -> None:
        if not re.match(r"(?i)https?://", remote.url):
            raise Failed("files are fetched by https and http only")
        handlers = (
            urllib.request.ProxyHandler(_proxies(self._environment)), urllib.request.HTTPHandler(), urllib.request.HTTPSHandler(),
            urllib.request.HTTPRedirectHandler(), urllib.request.HTTPDefaultErrorHandler(), urllib.request.HTTPErrorProcessor(),
        )  # fmt: skip
        opener = urllib.request.OpenerDirector()
        for handler in handlers:
            opener.add_handler(handler)
        try:
            with opener.open(remote.url, timeout=30) as answer:
                store.keep(key(remote), {FILE: _read(answer)})
        except urllib.error.HTTPError as error:
            error.close()
            raise Failed(f"the server answers {error.code} {error.reason}") from error
        except (OSError, ValueError) as error:
            raise Failed(_said(str(getattr(error, "reason", "") or error))) from error


def _is_loopback(url: str) -> bool:
    """A registry on this machine itself is spoken to without TLS, as other clients do."""
    return re.match(r"(?:oci://)?(?:127\.\d+\.\d+\.\d+|localhost)(?::\d+)?(?:/|$)", url) is not None


def _is_fixed(remote: Remote) -> bool:
    """Is it the same for ever: a commit, one version of a chart?"""
    pattern = {"git": _COMMIT, "chart": _VERSION}.get(remote.kind)
    return pattern is not None and pattern.fullmatch(remote.revision) is not None


def _read(answer: io.BufferedIOBase) -> bytes:
    deadline = time.monotonic() + _LIMITS.seconds
    parts: list[bytes] = []
    size = 0
    while chunk := answer.read(1 << 16):
        parts.append(chunk)
        size += len(chunk)
        if size > _LARGEST_FILE:
            raise Failed(f"it is larger than {_LARGEST_FILE >> 20} MiB")
        if time.monotonic() > deadline:
            raise Failed(f"it took more than {_LIMITS.seconds:g} seconds")
    return b"".join(parts)


def _unpacked(file: Path) -> Mapping[str, bytes]:
    """The files of a packed chart, without the folder around them; links and devices are left out, as Helm does."""
    files: dict[str, bytes] = {}
    size = 0
    try:
        with tarfile.open(file, "r:gz") as archive:
            for member in archive:
                path = normpath(member.name.lstrip("/")).partition("/")[2]
                if not member.isreg() or not path or ".git" in path.split("/") or member.name.startswith("..") or "/../" in member.name:
                    continue
                size += member.size
                if size > _LARGEST_CHART or len(files) >= _MOST_FILES:
                    raise Failed(f"the chart holds more than {_LARGEST_CHART >> 20} MiB, or {_MOST_FILES} files")
                content = archive.extractfile(member)
                files[path] = content.read() if content else b""
    except (tarfile.TarError, EOFError, OSError) as error:
        raise Failed(f"the chart can't be unpacked: {error}") from error
    if "Chart.yaml" not in files:
        raise Failed("what was fetched is no chart: it has no Chart.yaml")
    return files


def _proxies(environment: Mapping[str, str]) -> dict[str, str]:
    named = {name.lower(): value for name, value in environment.items() if name.lower().endswith("_proxy")}
    return {scheme: named[f"{scheme}_proxy"] for scheme in ("http", "https") if named.get(f"{scheme}_proxy")}


def _said(text: str) -> str:
    """A message without credentials, on one line, and short."""
    line = " ".join(re.sub(r"[\x00-\x1f\x7f]+", " ", _without_credentials(text)).split()).removeprefix("Error: ").removeprefix("fatal: ")
    return quiet(line)[:300]


def _without_credentials(text: str) -> str:
    """The text with the credentials taken out of its URLs."""
    return re.sub(r"://[^/@\s]*@", "://", text)
