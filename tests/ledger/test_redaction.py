"""What must not be in the log is not in its bytes, and a change of it shows all the same."""

import json
import string
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitguard.ledger.entries import encoded
from gitguard.ledger.redaction import is_credential, keyed, redacted, redacted_value

KEY = b"\x01" * 32
APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def written(value: Any) -> bytes:
    """The bytes of the entry that has it as a value of the cluster."""
    change = {"path": "/", "class": "changed", "live": value}
    return encoded({"kind": "drift", "id": "1", "object": {"apiVersion": "v1", "kind": "x", "name": "x"}, "changes": [change]})


NAMES = [
    "password", "PASSWORD", "dbPassword", "db_passwd", "PGPASS", "MYSQL_PWD", "passphrase", "apiKey", "api_key", "api-key", "apikey", "AWS_SECRET_ACCESS_KEY",
    "accessKey", "token", "GITHUB_TOKEN", "clientSecret", "client_secret", "bearer", "authorization", "cookie", "credentials", "aws-creds", "jwt",
    "privateKey", "private_key", "tls.key", "server.pem", "ssh-key", "encryptionKey", "signing_key", "connectionString", "DATABASE_DSN", "kubeconfig",
    ".dockerconfigjson", "htpasswd", "auth.rootPassword",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_of_credentials(name: str) -> None:
    assert is_credential(name)


@pytest.mark.parametrize(
    "name",
    [
        "name",
        "secretName",
        "secretRef",
        "secretKeyRef",
        "tokenSecretName",
        "key",
        "topologyKey",
        "replicas",
        "image",
        "passing",
        "author",
        "credulous",
    ],
)
def test_names_that_are_not_of_credentials(name: str) -> None:
    assert not is_credential(name)


# Long enough that none is in a hash, and none in another.
texts = st.text(string.ascii_letters + string.digits + " \n\t\"'\\é$/+=", min_size=8, max_size=40).map(lambda text: f"Zq{text}qZ")
numbers = st.integers(10**12, 10**15)
values = st.one_of(texts, numbers)
names = st.sampled_from(["spec", "items", "config", "a", "labels", "template"])
credentials = st.sampled_from(NAMES)


def nested(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        values, lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(names, inner, min_size=1, max_size=3), max_leaves=5
    )


def scalars(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [one for part in value.values() for one in scalars(part)]
    if isinstance(value, list):
        return [one for part in value for one in scalars(part)]
    return [value]


@st.composite
def hidings(draw: st.DrawFn) -> tuple[dict[str, Any], list[Any]]:
    """A part of a manifest, and the values in it that must not be known."""
    value = draw(nested(values))
    text = draw(texts)
    line = draw(st.text(string.ascii_letters, min_size=12, max_size=20))
    name = draw(credentials)
    bare = draw(st.sampled_from(["password", "token", "db.password", "API_KEY"]))
    return draw(
        st.sampled_from(
            [
                ({name: value}, scalars(value)),
                ({"kind": "Secret", "data": {"a": value}, "stringData": {"b": text}}, [*scalars(value), text]),
                ({"items": [{"kind": "Secret", "data": {"a": value}}]}, scalars(value)),
                ({"env": [{"name": name, "value": text}]}, [text]),
                ({"parameters": [{"name": name, "value": text, "forceString": True}]}, [text]),
                ({"metadata": {"annotations": {APPLIED: json.dumps({"data": {"a": line}})}}}, [line]),
                ({"helm": {"valuesObject": {"auth": {name: value}}}}, scalars(value)),
                ({"helm": {"values": f"auth:\n  user: x\n  {bare}: |\n    {line}\n    more\n"}}, [line]),
                ({"data": {"app.properties": f"user=x\n{bare}={line}\n"}}, [line]),
                ({"data": {"app.json": json.dumps({"a": {bare: line}})}}, [line]),
                ({"data": {"app.xml": f"<a><{bare}>{line}</{bare}></a>"}}, [line]),
                ({"data": {"id": f"-----BEGIN RSA PRIVATE KEY-----\n{line}\n-----END RSA PRIVATE KEY-----\n"}}, [line]),
                ({"url": f"postgres://user:{line}@db/x"}, [line]),
                ({"url": f"https://{line}@github.com/x"}, [line]),
                ({"args": [f"--{bare}={line}"]}, [line]),
                ({"args": [f"--{bare}", line]}, [line]),
                ({"command": ["sh", "-c", f"run --{bare} {line}"]}, [line]),
                ({"header": f"Bearer {line}"}, [line]),
            ]
        )
    )


@given(st.lists(hidings(), min_size=1, max_size=4), st.lists(st.sampled_from(["spec", "template", "list"]), max_size=4))
def test_no_value_that_must_not_be_known_is_in_the_bytes(parts: list[tuple[dict[str, Any], list[Any]]], around: list[str]) -> None:
    manifest: Any = [part for part, _ in parts]
    for name in around:
        manifest = [manifest] if name == "list" else {name: manifest}
    data = written(redacted({"kind": "Any", "x": manifest}, KEY))
    for value in (one for _, hidden in parts for one in hidden):
        # As JSON writes it, and as it is.
        assert json.dumps(value, ensure_ascii=False).strip('"').encode() not in data
        assert str(value).encode() not in data


@given(hidings())
def test_the_same_value_has_the_same_hash_and_with_another_key_another(part: tuple[dict[str, Any], list[Any]]) -> None:
    manifest = part[0]
    assert redacted(manifest, KEY) == redacted(manifest, KEY)
    assert redacted(manifest, KEY) != redacted(manifest, b"\x02" * 32)


@given(nested(values))
def test_one_value_of_a_change(value: Any) -> None:
    for path, kind, named in (
        ("/data/a", "Secret", None),
        ("/data", "Secret", None),
        ("/stringData/a", "Secret", None),
        ("/spec/password", "X", None),
        ("/spec/auth/clientSecret/0", "X", None),
        ("/spec/containers/0/env/0/value", "Deployment", None),
        ("/spec/containers/0/env/0/value", "Deployment", "DB_PASSWORD"),
        ("/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration", "X", None),
    ):
        data = written(redacted_value(value, path, kind, KEY, named))
        assert all(json.dumps(one, ensure_ascii=False).strip('"').encode() not in data for one in scalars(value))


def test_a_value_whose_name_is_known_to_be_harmless_stays() -> None:
    assert redacted_value("debug", "/spec/containers/0/env/0/value", "Deployment", KEY, "LOG_LEVEL") == "debug"


def test_annotations_that_changed_as_a_whole() -> None:
    assert b"hunter2" not in written(redacted_value({APPLIED: '{"data":{"a":"hunter2"}}'}, "/metadata/annotations", "ConfigMap", KEY))


def test_what_is_no_credential_stays_as_it_is() -> None:
    manifest = {
        "kind": "Deployment",
        "metadata": {"name": "web", "annotations": {"note": "see https://example.com:8080/a?b=c"}},
        "spec": {
            "replicas": 3,
            "template": {
                "imagePullSecrets": [{"name": "registry"}],
                "volumes": [{"name": "a", "secret": {"secretName": "tls", "items": [{"key": "tls.crt", "path": "a"}]}}],
                "containers": [
                    {
                        "image": "ghcr.io/external-secrets/external-secrets:v0.9",
                        "args": ["--listen=:8080", "--v", "4"],
                        "env": [{"name": "LOG_LEVEL", "value": "debug"}, {"name": "A", "valueFrom": {"secretKeyRef": {"name": "db", "key": "a"}}}],
                        "ok": None,
                        "automountServiceAccountToken": False,
                    }
                ],
            },
            "source": {"repoURL": "ssh://git@github.com/a/b", "helm": {"values": "replicas: 3\nimage: a:b\n"}},
        },
    }
    assert redacted(manifest, KEY) == manifest


def test_a_change_shows_and_the_names_of_keys_stay() -> None:
    before, after = ({"kind": "Secret", "data": {"a": value, "b": "same"}} for value in ("one", "two"))
    made = [redacted(one, KEY)["data"] for one in (before, after)]
    assert made[0]["a"] != made[1]["a"]
    assert made[0]["b"] == made[1]["b"] == keyed("same", KEY)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "a:" * 300_000,
        "://" * 300_000,
        "a://a:" * 200_000,
        "-" * 1_000_000,
        " " * 1_000_000,
        "-----BEGIN " * 90_000,
        "bearer " * 140_000,
    ],
)
def test_hostile_texts_take_no_time(text: str) -> None:
    start = time.perf_counter()
    redacted({"kind": "ConfigMap", "data": {"a": text}}, KEY)
    assert time.perf_counter() - start < 5
