"""Files are read as Kubernetes reads them, and bad input becomes a message with a place."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitguard.parse import read

TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=0x17F, exclude_characters="\x7f\x85"))  # YAML folds other line breaks
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def value(text: str | bytes) -> object:
    reading = read(text.encode() if isinstance(text, str) else text)
    assert reading.problems == ()
    (document,) = reading.documents
    return document.value


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("yes", True), ("on", True), ("y", True), ("no", False), ("Off", False), ("0644", 420), ("0o14", 12), ("1_000", 1000), ("1:30", "1:30"),
        ("2001-01-01", "2001-01-01"), ("~", None), ("'yes'", "yes"), ("!!str 12", "12"), ("08", 8.0), ("=", "="), ("1e3", 1000.0),
        ("99999999999999999999", 1e20), ("1.5.2", "1.5.2"),
    ],
)  # fmt: skip
def test_plain_scalars_mean_what_kubernetes_says(written: str, meant: object) -> None:
    made = value(f"a: {written}\n")
    assert made == {"a": meant}
    assert type(made["a"]) is type(meant)


def test_keys_become_text_and_merges_are_made() -> None:
    assert value("1: a\nyes: b\n1.0e1: c\n") == {"1": "a", "true": "b", "10": "c"}
    assert value("base: &b {x: 1, z: 2}\nmade: {<<: *b, z: 3}\n")["made"] == {"x": 1, "z": 3}


def test_a_block_scalar_at_the_end_of_a_file_without_a_newline_keeps_its_line_end() -> None:
    assert value("a: |\n  text") == {"a": "text\n"}


def test_documents_are_counted_as_kubernetes_splits_them() -> None:
    reading = read(b"# only a comment\n---\na: 1\n---\n---\n# nothing\n---\nb: yes\n")
    assert [(document.number, document.value) for document in reading.documents] == [(0, {"a": 1}), (3, {"b": True})]


def test_a_broken_document_does_not_lose_the_others() -> None:
    reading = read(b"a: 1\n---\nb: [\n---\nc: 3\n")
    assert [document.value for document in reading.documents] == [{"a": 1}, {"c": 3}]
    (problem,) = reading.problems
    assert (problem.rule, problem.document) == ("yaml-invalid", 1)
    assert 3 <= problem.line <= 4


@pytest.mark.parametrize(
    ("data", "line", "column", "words"),
    [
        (b"a:\n\tb: 1\n", 2, 1, "tab"),
        (b"a: 1\nb: \xff\xfe\n", 2, 4, "UTF-8"),
        (b"a: 1\nb: x\x00y\n", 2, 5, "control character"),
        (b"a: b: c\n", 1, 5, "`:` is not allowed here"),
        (b"a: [1, 2\nb: 3\n", 2, 2, "closing `]`"),
        (b"a: @x\n", 1, 4, "quotes"),
        (b"a: *nothing\n", 1, 4, "no anchor `&nothing`"),
        (b"a: &a [*a]\n", 1, 8, "contains itself"),
        (b"? [a, b]\n: c\n", 1, 3, "can't be a key"),
        (b"a: .inf\n", 1, 4, "infinite"),
        (b"\xff\xfea", 1, 1, "UTF-8"),
    ],
)
def test_bad_input_says_what_is_wrong_and_where(data: bytes, line: int, column: int, words: str) -> None:
    (problem,) = read(data).problems
    assert problem.rule == "yaml-invalid"
    assert words in problem.message
    assert (problem.line, problem.column) == (line, column)


def test_a_duplicate_key_names_both_lines_and_keeps_the_last_value() -> None:
    reading = read(b"x: 0\n---\na: 1\nb: 2\na: 3\n")
    (problem,) = reading.problems
    assert (problem.rule, problem.line, problem.column) == ("duplicate-key", 5, 1)
    assert "line 3" in problem.message
    assert reading.documents[1].value == {"a": 3, "b": 2}


def test_duplicate_keys_of_json_are_found_too() -> None:
    (problem,) = read(b'{"a": 1,\n "a": 2}', json=True).problems
    assert (problem.rule, problem.line) == ("duplicate-key", 2)


@pytest.mark.parametrize("data", [b"a: 1\r\nb:\r\n- 2\r\n", b"\xef\xbb\xbfa: 1\nb: [2]\n", "a: 1\nb: [2]\n".encode("utf-16")])
def test_line_ends_and_byte_order_marks_change_nothing(data: bytes) -> None:
    assert value(data) == {"a": 1, "b": [2]}


def test_billion_laughs_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    (problem,) = read("\n".join(lines).encode()).problems
    assert "excessive aliasing" in problem.message


def test_deep_nesting_is_refused_without_a_crash() -> None:
    for data in (b"[" * 20_000, b'{"a":' * 20_000, b"- " * 20_000 + b"x"):
        (problem,) = read(data).problems
        assert problem.rule == "yaml-invalid"
        assert read(data, json=True).problems


def test_large_files_take_linear_time() -> None:
    many = b"---\na: yes\n" * 20_000
    started = time.monotonic()
    first = read(many)
    once = time.monotonic() - started
    started = time.monotonic()
    assert len(read(many * 5).documents) == 5 * len(first.documents) == 100_000
    # Five times the documents may take five times as long and some; a square would take twenty-five times.
    assert time.monotonic() - started < 15 * max(once, 0.05)
    large = b"data: |\n" + b"  0123456789abcdef\n" * 600_000
    assert len(read(large).documents[0].value["data"]) > 10_000_000


@settings(max_examples=150, deadline=None)
@given(JSON)
def test_what_is_json_is_read_as_json(made: object) -> None:
    data = json.dumps({"value": made}).encode()
    for as_json in (True, False):
        reading = read(data, json=as_json)
        assert reading.problems == ()
        assert reading.documents[0].value == {"value": made}


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_raise_an_exception(data: bytes) -> None:
    for as_json in (True, False):
        for problem in read(data, json=as_json).problems:
            assert problem.line >= 1
            assert problem.column >= 1
