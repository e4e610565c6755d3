"""One bucket of an S3-compatible object store: read, write, and write under a condition. The only importer of boto3.

Every error is an OSError whose message is ours: what a server or the SDK says may hold signatures, and is not repeated.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.exceptions import ConnectionError as Unreachable

# Seconds that one attempt may take; there are so many of them, with pauses of at most a few seconds between.
CONNECTING = 5
ANSWERING = 15
_ATTEMPTS = 3

_KEYS = {
    "aws_access_key_id": "AWS_ACCESS_KEY_ID",
    "aws_secret_access_key": "AWS_SECRET_ACCESS_KEY",
    "aws_session_token": "AWS_SESSION_TOKEN",
}
_MISMATCHES = (409, 412)
_CREDENTIALS = "the credentials are not accepted"
_SAID = {
    "NoSuchBucket": "there is no such bucket",
    "InvalidAccessKeyId": _CREDENTIALS,
    "SignatureDoesNotMatch": _CREDENTIALS,
    "InvalidToken": _CREDENTIALS,
    "ExpiredToken": "the credentials have expired",
    "AccessDenied": "access is denied: reading takes s3:GetObject and s3:ListBucket, writing s3:PutObject and s3:DeleteObject too",
    "PermanentRedirect": "the bucket is in another region: AWS_REGION names it",
    "AuthorizationHeaderMalformed": "the bucket is in another region: AWS_REGION names it",
    "RequestTimeTooSkewed": "the clock of this machine is wrong",
    "NotImplemented": "the server has no conditional writes (If-Match, If-None-Match), without which a ledger is not safe there",
}


class Mismatch(Exception):
    """What lies there is not what a conditional write expected: nothing was written."""


class Stored(NamedTuple):
    """An object's content, and the ETag by which a conditional write names it."""

    data: bytes
    etag: str


class Bucket:
    """A bucket; `str` of it is for messages. `before_put` is called before each attempt to write is sent, and stops it by raising."""

    def __init__(self, name: str, environment: Mapping[str, str], before_put: Callable[[], None] = lambda: None) -> None:
        self._name = name
        self._environment = environment
        self._before_put = before_put

    def __str__(self) -> str:
        return f"s3://{self._name}"

    def get(self, key: str) -> Stored | None:
        """An object, None where there is none; OSError where that can't be told."""
        with self._told(key):
            try:
                answer = self._client.get_object(Bucket=self._name, Key=key)
                return Stored(answer["Body"].read(), answer["ETag"])
            except ClientError as error:
                # The status alone won't do: there are servers that answer 404 where they don't know who asks.
                if _code(error) == "NoSuchKey":
                    return None
                raise

    def put(self, key: str, data: bytes) -> None:
        """Write an object, whatever was there."""
        with self._told(key):
            self._client.put_object(Bucket=self._name, Key=key, Body=data)

    def create(self, key: str, data: bytes) -> str:
        """Write an object where there is none; the answer is its ETag. Mismatch where there is one."""
        return self._conditionally(key, data, {"IfNoneMatch": "*"})

    def replace(self, key: str, data: bytes, etag: str) -> str:
        """Write an object in the place of the one with that ETag; the answer is the new ETag. Mismatch where it is another one."""
        return self._conditionally(key, data, {"IfMatch": etag})

    def delete(self, key: str) -> None:
        """Take an object away, if there is one."""
        with self._told(key):
            self._client.delete_object(Bucket=self._name, Key=key)

    def _conditionally(self, key: str, data: bytes, condition: Mapping[str, str]) -> str:
        with self._told(key):
            try:
                written: str = self._client.put_object(Bucket=self._name, Key=key, Body=data, **condition)["ETag"]
                return written
            except ClientError as error:
                # S3 answers NoSuchKey where there is nothing to be replaced.
                if _status(error) not in _MISMATCHES and _code(error) != "NoSuchKey":
                    raise
                repeated = error.response["ResponseMetadata"].get("RetryAttempts", 0) > 0
        # A first attempt whose answer was lost may have written what the second one ran into.
        found = self.get(key) if repeated else None
        if found is None or found.data != data:
            raise Mismatch(key)
        return found.etag

    @cached_property
    def _client(self) -> Any:
        given = {name: value for name, value in self._environment.items() if value}
        # One half of a key alone is no key: boto3 then looks elsewhere, or says so.
        whole = "AWS_ACCESS_KEY_ID" in given and "AWS_SECRET_ACCESS_KEY" in given
        session = boto3.session.Session(
            **({argument: given.get(name) for argument, name in _KEYS.items()} if whole else {}),
            region_name=given.get("AWS_REGION") or given.get("AWS_DEFAULT_REGION"),
            profile_name=given.get("AWS_PROFILE"),
        )
        config = Config(
            connect_timeout=CONNECTING,
            read_timeout=ANSWERING,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            # The signature covers the content already, and not every compatible server knows the newer checksums.
            s3={"payload_signing_enabled": True},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        client = session.client("s3", endpoint_url=given.get("AWS_ENDPOINT_URL_S3") or given.get("AWS_ENDPOINT_URL"), config=config)
        client.meta.events.register("before-send.s3.PutObject", lambda **_: self._before_put())
        return client

    @contextmanager
    def _told(self, key: str) -> Iterator[None]:
        """Turns the errors of the SDK into one that says what is wrong with what."""
        try:
            yield
        except ClientError as error:
            raise OSError(f"{self}/{key}: {_answered(error)}") from error
        except (BotoCoreError, ValueError) as error:
            raise OSError(f"{self}/{key}: {_failed(error)}") from error


def _code(error: ClientError) -> str:
    return re.sub(r"\W", "", str(error.response["Error"].get("Code", "")))[:60]


def _status(error: ClientError) -> int:
    return int(error.response["ResponseMetadata"].get("HTTPStatusCode", 0))


def _answered(error: ClientError) -> str:
    code = _code(error)
    if code in _SAID:
        return f"{_SAID[code]} ({code})"
    return f"the server answered HTTP {_status(error)}{f' {code}' if code else ''}: are the endpoint and the credentials right?"


def _failed(error: Exception) -> str:
    if isinstance(error, NoCredentialsError | PartialCredentialsError | CredentialRetrievalError | ProfileNotFound):
        return "there are no credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile that has them"
    if isinstance(error, HTTPClientError | Unreachable):
        return f"the server can't be reached ({type(error).__name__})"
    if isinstance(error, ParamValidationError):
        return "that can't be the name of a bucket"
    if isinstance(error, ValueError):
        return "the endpoint is no URL: AWS_ENDPOINT_URL, such as https://s3.example.com"
    return f"object storage can't be used here ({type(error).__name__})"
