"""A bucket of a real server: what conditional writes promise, and what is made of answers that the server gives seldom."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gitguard.edges.object_storage import Bucket, Mismatch
from tests.serving import OBJECT_STORAGE, Answer, Server, object_storage

pytestmark = pytest.mark.testbed


@pytest.fixture
def server(serve, testbed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    started: Server = serve(object_storage(testbed("versitygw"), "bucket"))
    return started


@pytest.fixture
def bucket(server: Server) -> Bucket:
    return Bucket("bucket", {**OBJECT_STORAGE, "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_S3": server.url})


def error(code: str, status: int) -> Answer:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>Signature=abc the-secret</Message></Error>"
    return Answer(body.encode(), status, {"Content-Type": "application/xml"})


def test_an_object_is_created_once_and_replaced_by_who_knows_it(bucket: Bucket) -> None:
    assert bucket.get("a/b") is None
    first = bucket.create("a/b", b"first")
    with pytest.raises(Mismatch):
        bucket.create("a/b", b"other")
    second = bucket.replace("a/b", b"second", first)
    with pytest.raises(Mismatch):
        bucket.replace("a/b", b"third", first)
    assert bucket.get("a/b") == (b"second", second)
    bucket.put("a/b", b"whatever")
    bucket.delete("a/b")
    bucket.delete("a/b")
    assert bucket.get("a/b") is None


@pytest.mark.parametrize("exists", [False, True])
def test_of_many_at_once_one_is_let_through(bucket: Bucket, exists: bool) -> None:
    etag = bucket.create("key", b"before") if exists else ""

    def tried(number: int) -> bool:
        data = str(number).encode()
        try:
            return bool(bucket.replace("key", data, etag) if exists else bucket.create("key", data))
        except Mismatch:
            return False

    with ThreadPoolExecutor(8) as pool:
        let_through = list(pool.map(tried, range(40)))
    assert sum(let_through) == 1
    stored = bucket.get("key")
    assert stored
    assert stored.data == str(let_through.index(True)).encode()


@pytest.mark.parametrize(("code", "status"), [("ConditionalRequestConflict", 409), ("NoSuchKey", 404), ("PreconditionFailed", 412), ("", 412)])
def test_every_way_to_refuse_a_conditional_write(bucket: Bucket, server: Server, code: str, status: int) -> None:
    server.answers["/bucket/key"] = error(code, status)
    with pytest.raises(Mismatch):
        bucket.replace("key", b"data", '"etag"')


@pytest.mark.parametrize("ask", [lambda bucket: bucket.get("key"), lambda bucket: bucket.put("key", b""), lambda bucket: bucket.create("key", b"")])
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (error("AccessDenied", 403), r"access is denied: .* \(AccessDenied\)"),
        (error("RequestTimeTooSkewed", 403), r"the clock of this machine is wrong \(RequestTimeTooSkewed\)"),
        (error("NotImplemented", 501), r"the server has no conditional writes .* \(NotImplemented\)"),
        (error("Odd &#10; thing", 400), "the server answered HTTP 400 Oddthing: "),
        (error("InternalError", 500), "the server answered HTTP 500 InternalError: "),
        (Answer(b"<html>not here</html>", 404), "the server answered HTTP 404: "),
    ],
)
def test_an_answer_of_the_server_is_told_in_our_words(
    bucket: Bucket, server: Server, answer: Answer, said: str, ask: Callable[[Bucket], object]
) -> None:
    server.answers["/bucket/key"] = answer
    with pytest.raises(OSError, match=rf"^s3://bucket/key: {said}[^\x00-\x1f]*$") as raised:
        ask(bucket)
    assert "secret" not in str(raised.value)
    assert server.count("key") <= 3


def test_an_answer_that_breaks_off_is_an_error(bucket: Bucket, server: Server) -> None:
    server.answers["/bucket/key"] = Answer(b"short", 200, {"Content-Length": "100", "ETag": '"x"'})
    with pytest.raises(OSError, match="s3://bucket/key: "):
        bucket.get("key")
