"""Globs as gobwas/glob understands them."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitguard.argo.glob import compiles, match, permits
from gitguard.argo.gobwas_1 import GlobUndecided


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("{a,}/x", "/x", True), ("{a,}/x", "a/x", True), ("{a,}/x", "b/x", False), ("[!a]*/x", "//x", True), ("a*ant", "ant", False),
        ("a*ant", "anant", True), ("proj/**", "proj/a/b/c", True), ("[a-cx]*", "abc", False), ("{*/a,b}", "x/y/a", True), ("a}b", "a}b", True),
        ("[^a]", "^", True), ("[^a]", "b", False), ("a\\", "a", False), ("[]", "a", False), ("", "", True), ("?", "", False), ("é?", "éx", True),
        ("{a,{b,c}}*", "cx", True), ("[a-c]", "b", True), ("[!a-c]", "b", False), ("a]", "a]", True), ("\\*", "*", True), ("\\*", "x", False),
    ],
)  # fmt: skip
def test_patterns_match_as_gobwas_says(pattern: str, text: str, matches: bool) -> None:
    assert match(pattern, text) is matches


def test_a_star_stops_at_a_separator_and_two_do_not() -> None:
    assert not match("https://github.com/*", "https://github.com/a/b", "/")
    assert match("https://github.com/**", "https://github.com/a/b", "/")
    assert match("https://[!x]ithub.com/?", "https://github.com/a", "/")
    assert not match("a?b", "a/b", "/")


def test_a_deny_pattern_that_does_not_compile_permits() -> None:
    assert permits("![", "anything")
    assert compiles("![".removeprefix("!"))
    assert not permits("[", "anything")
    assert permits("*", "a/b", "/")
    assert permits("!*", "a/b", "/")
    assert not permits("!**", "a/b", "/")


def test_hostile_patterns_take_bounded_time() -> None:
    started = time.monotonic()
    assert not match("*a" * 40 + "b", "a" * 2000)
    assert not match("{a,aa}" * 40 + "b", "a" * 80)
    assert not match("{*,?}" * 200 + "x", "a" * 250)
    assert not match("[ab]" * 100_000 + "*" * 100_000, "a" * 250)
    assert match("*a" * 500_000, "a" * 1_000_000)
    assert time.monotonic() - started < 10


def test_what_would_take_too_long_is_refused() -> None:
    with pytest.raises(GlobUndecided, match="nested more than"):
        match("{" * 5000, "a")
    with pytest.raises(GlobUndecided, match="takes too long"):
        match("[ab]" * 250_000 + "*", "a" * 1_000_000)


SIMPLE = st.text("ab*?/", max_size=8)


@settings(max_examples=300, deadline=None)
@given(SIMPLE, st.text("ab/", max_size=8), st.sampled_from(["", "/"]))
def test_stars_and_question_marks_agree_with_regular_expressions(pattern: str, text: str, separators: str) -> None:
    one = "[^/]" if separators else "."
    parts = {"**": ".*", "*": f"{one}*", "?": one}
    translated = "".join(parts.get(part) or (".*" if part.startswith("**") else re.escape(part)) for part in re.findall(r"\*+|\?|[^*?]", pattern))
    assert match(pattern, text, separators) is (re.fullmatch(translated, text, re.DOTALL) is not None)
