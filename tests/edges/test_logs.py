"""The watch's log: lines of JSON that a collector reads, with nothing in them that is not for a log."""

import io
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitguard.edges.logs import Log, configure
from tests.conftest import ENVIRONMENT


class Lines(io.StringIO):
    """A stream that remembers each write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def write(self, text: str) -> int:
        self.writes.append(text)
        return super().write(text)

    @property
    def values(self) -> list[dict[str, Any]]:
        return [json.loads(line, parse_constant=pytest.fail) for line in self.getvalue().splitlines()]


@pytest.fixture
def lines() -> Iterator[Lines]:
    stream = Lines()
    configure(stream, False)
    yield stream
    configure(io.StringIO(), False)


def test_a_line_says_when_what_where_and_then_the_fields(lines) -> None:
    Log("prod").warning("drift", kind="Deployment", changes=2, seconds=0.5, reverted=True, ticket=None)
    (said,) = lines.values
    assert list(said) == ["time", "level", "event", "cluster", "kind", "changes", "seconds", "reverted", "ticket"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", said.pop("time"))
    assert said == {
        "level": "warning", "event": "drift", "cluster": "prod", "kind": "Deployment", "changes": 2, "seconds": 0.5, "reverted": True, "ticket": None
    }  # fmt: skip


def test_levels_and_what_is_for_debugging(lines) -> None:
    log = Log()
    for say in (log.debug, log.info, log.warning, log.error):
        say("x")
    assert [said["level"] for said in lines.values] == ["info", "warning", "error"]
    verbose = Lines()
    configure(verbose, True)
    log.debug("y")
    assert [(said["level"], said["event"]) for said in verbose.values] == [("debug", "y")]
    assert len(lines.values) == 3


@pytest.mark.parametrize("value", [{"kind": "Secret"}, [1], ("a",), b"bytes", ValueError("x"), {1}])
def test_nobody_logs_an_object_by_mistake(lines, value) -> None:
    for say in (Log("prod").info, Log("prod").debug):
        with pytest.raises(TypeError, match="the field `manifest` is a"):
            say("drift", manifest=value)
    assert lines.getvalue() == ""


@pytest.mark.parametrize("name", ["time", "level", "event", "cluster"])
def test_fields_do_not_change_what_a_line_says_of_itself(lines, name) -> None:
    with pytest.raises(TypeError, match=f"can't be named `{name}`"):
        Log("prod").info("drift", **{name: "x"})
    assert lines.getvalue() == ""


@given(st.text(max_size=400), st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=400)))
def test_whatever_is_said_is_one_line_in_one_write(event: str, value: Any) -> None:
    stream = Lines()
    configure(stream, False)
    Log(event).info(event, field=value)
    (line,) = stream.writes
    assert line.isascii()
    assert [character for character in line if not character.isprintable()] == ["\n"]
    (said,) = stream.values
    assert len(said["event"]) <= 300
    if isinstance(value, str) and len(value) <= 300:
        assert said["field"] == value


def test_long_texts_are_cut(lines) -> None:
    Log("prod").info("x", why="a" * 301, other="b" * 300)
    (said,) = lines.values
    assert (said["why"], said["other"]) == ("a" * 299 + "…", "b" * 300)


def test_lines_of_many_threads_are_whole(lines) -> None:
    def say(number: int) -> None:
        log = Log(f"cluster-{number}")
        for count in range(200):
            log.info("turn", count=count, text="x" * 200)

    threads = [threading.Thread(target=say, args=(number,)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(lines.writes) == 1600
    told = {(said["cluster"], said["count"]) for said in lines.values}
    assert told == {(f"cluster-{number}", count) for number in range(8) for count in range(200)}


def test_what_reads_the_log_may_go_away() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    program = "import sys; from gitguard.edges.logs import *; configure(sys.stderr, False); Log('a').info('x'); print('goes on')"
    try:
        done = subprocess.run([sys.executable, "-c", program], env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=writer, timeout=60)
    finally:
        os.close(writer)
    assert done.stdout == b"goes on\n"
