"""The servers of the tests, asked by the real clients."""

import hashlib
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.conftest import ENVIRONMENT
from tests.serving import Answer, archive, basic, chart, chart_repository, files, git, push, registry

helm_python = pytest.importorskip("helm_python")


# Whatever proxy the machine has: it does not lead to this machine's own ports.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def fetched(url: str, headers: Mapping[str, str] | None = None, timeout: float = 5) -> bytes:
    with OPENER.open(urllib.request.Request(url, headers=dict(headers or {})), timeout=timeout) as answer:  # noqa: S310
        return answer.read()


def test_files_are_served_and_counted(serve) -> None:
    server = serve(files({"a/b c.txt": "text", "x": b"\0"}))
    assert (fetched(f"{server.url}/a/b%20c.txt?q=1"), fetched(f"{server.url}/x")) == (b"text", b"\0")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        fetched(f"{server.url}/no")
    assert (server.count(), server.count("/a/"), server.requests[0].query) == (3, 1, "q=1")


def test_a_login_can_be_asked_for(serve) -> None:
    server = serve(files({"a": "text"}))
    server.login = ("me", "secret")
    with pytest.raises(urllib.error.HTTPError, match="401"):
        fetched(f"{server.url}/a")
    assert fetched(f"{server.url}/a", {"Authorization": basic("me", "secret")}) == b"text"


def test_a_server_can_be_slow_and_ends_at_once_with_the_test() -> None:
    started = time.monotonic()
    with files({"a": "text"}) as server:
        server.delay = 60
        with pytest.raises(TimeoutError):
            fetched(f"{server.url}/a", timeout=0.2)
        server.delay = 0
        server.answers["/drips"] = Answer(b"x", repeat=1 << 40, pause=0.01)
        with OPENER.open(f"{server.url}/drips") as answer:
            assert answer.read(3) == b"xxx"
    assert time.monotonic() - started < 10


def test_an_answer_can_be_huge_a_failure_or_a_redirection(serve) -> None:
    server = serve(files({"a": "text"}))
    server.answers |= {"/huge": Answer(b"x" * 1000, repeat=1000), "/500": Answer(status=500), "/b": Answer(status=302, headers={"Location": "/a"})}
    assert (len(fetched(f"{server.url}/huge")), fetched(f"{server.url}/b")) == (1_000_000, b"text")
    with pytest.raises(urllib.error.HTTPError, match="500"):
        fetched(f"{server.url}/500")


CHARTS = [chart("web"), chart("web", "1.2.0"), chart("web", "2.0.0-rc.1"), chart("db", "0.1.0", {"files/x.bin": b"\0\1"})]


@pytest.mark.parametrize(
    ("version", "expected"), [(None, "web-1.2.0.tgz"), ("1.0.0", "web-1.0.0.tgz"), (">=2.0.0-0", "web-2.0.0-rc.1.tgz"), ("~1.0", "web-1.0.0.tgz")]
)
def test_helm_pulls_from_a_chart_repository(serve, tmp_path: Path, version, expected) -> None:
    server = serve(chart_repository(*CHARTS))
    helm_python.pull("web", repo_url=server.url, version=version, destination=tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == [expected]
    assert (server.count("index.yaml"), server.count(".tgz")) == (1, 1)
    with helm_python.Chart.load(tmp_path / expected) as loaded:
        assert f"{loaded.name}-{loaded.version}.tgz" == expected


def test_a_chart_repository_can_ask_for_a_login_and_break(serve, tmp_path: Path) -> None:
    server = serve(chart_repository(*CHARTS))
    server.login = ("me", "secret")
    with pytest.raises(helm_python.HelmError, match="401"):
        helm_python.pull("web", repo_url=server.url, destination=tmp_path)
    helm_python.pull("db", repo_url=server.url, username="me", password="secret", destination=tmp_path)  # noqa: S106
    assert (tmp_path / "db-0.1.0.tgz").read_bytes() == archive(CHARTS[-1])
    server.login = None
    server.answers["/index.yaml"] = Answer(b"{garbage")
    with pytest.raises(helm_python.HelmError):
        helm_python.pull("web", repo_url=server.url, destination=tmp_path)


def test_archives_may_lie_on_another_server(serve, tmp_path: Path) -> None:
    archives = serve(files({"x/db-0.1.0.tgz": archive(CHARTS[-1])}))
    server = serve(chart_repository(CHARTS[-1], base=f"{archives.url}/x/"))
    helm_python.pull("db", repo_url=server.url, destination=tmp_path)
    assert (server.count(".tgz"), archives.count(".tgz")) == (0, 1)


@pytest.mark.install
def test_the_helm_command_pulls_from_a_chart_repository(serve, helm_binary: Path, tmp_path: Path) -> None:
    server = serve(chart_repository(*CHARTS))
    command = [helm_binary, "pull", "--repo", server.url, "web", "--version", "1.0.0", "-d", str(tmp_path)]
    subprocess.run(command, env={**ENVIRONMENT, "HOME": str(tmp_path / "home")}, check=True, capture_output=True)
    assert hashlib.sha256((tmp_path / "web-1.0.0.tgz").read_bytes()).hexdigest() in fetched(f"{server.url}/index.yaml").decode()


def asked_git(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {**ENVIRONMENT, "HOME": str(folder), "GIT_TERMINAL_PROMPT": "0"}
    return subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("protocol", ["0", "2"])
@pytest.mark.parametrize("wanted", ["main", "refs/tags/v1", "first"])
def test_git_fetches_a_branch_a_tag_or_a_commit_without_the_rest(serve, repository, tmp_path: Path, wanted, protocol) -> None:
    first = repository.commit({"a.txt": "first"})
    repository.commit({"a.txt": "second"})
    repository.git("tag", "-a", "-m", "v1", "v1")
    repository.commit({"a.txt": "third"})
    server = serve(git({"team/config.git": repository.path}))
    here = tmp_path / "here"
    here.mkdir()
    asked_git(here, "init", "-q")
    url = f"{server.url}/team/config.git"
    done = asked_git(here, "-c", f"protocol.version={protocol}", "fetch", "-q", "--depth=1", url, first if wanted == "first" else wanted)
    assert done.returncode == 0, done.stderr
    expected = {"main": "third", "refs/tags/v1": "second", "first": "first"}[wanted]
    assert asked_git(here, "show", "FETCH_HEAD:a.txt").stdout == expected
    assert asked_git(here, "rev-list", "--count", "FETCH_HEAD").stdout == "1\n"


def test_git_clones_bare_repositories_with_a_login_and_misses_others(serve, repository, tmp_path: Path) -> None:
    repository.commit({f"{number}.txt": os.urandom(1000).hex() for number in range(50)})
    repository.git("clone", "-q", "--bare", str(repository.path), str(tmp_path / "bare"))
    server = serve(git({"bare": tmp_path / "bare"}))
    server.login = ("me", "secret")
    assert asked_git(tmp_path, "clone", "-q", f"{server.url}/bare", "no").returncode != 0
    done = asked_git(tmp_path, "clone", "-q", f"http://me:secret@{server.host}/bare", "yes")
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "yes").glob("*.txt"))) == 50
    server.login = None
    assert "not found" in asked_git(tmp_path, "clone", "-q", f"{server.url}/other", "no").stderr


@pytest.mark.testbed
@pytest.mark.parametrize("login", [None, ("me", "secret")])
def test_helm_pushes_to_an_oci_registry_and_pulls_from_it(serve, testbed, tmp_path: Path, login) -> None:
    server = serve(registry(testbed("registry")))
    server.login = login
    references = {push(server, one) for one in CHARTS[:2]}
    with helm_python.RegistryClient(plain_http=True, credentials_file=tmp_path / "logins.json") as client:
        if login:
            client.login(server.host, *login, plain_http=True)
        (reference,) = references
        assert client.tags(reference) == ["1.2.0", "1.0.0"]
        client.pull(reference, version="1.0.0", destination=tmp_path, plain_http=True)
    assert (tmp_path / "web-1.0.0.tgz").read_bytes() == archive(CHARTS[0])


@pytest.mark.install
@pytest.mark.testbed
def test_the_helm_command_pulls_from_an_oci_registry(serve, testbed, helm_binary: Path, tmp_path: Path) -> None:
    server = serve(registry(testbed("registry")))
    command = [helm_binary, "pull", push(server, CHARTS[0]), "--version", "1.0.0", "--plain-http", "-d", str(tmp_path)]
    subprocess.run(command, env={**ENVIRONMENT, "HOME": str(tmp_path / "home")}, check=True, capture_output=True)
    assert (tmp_path / "web-1.0.0.tgz").is_file()
