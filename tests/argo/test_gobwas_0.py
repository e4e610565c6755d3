"""Globs as the library of Argo CD up to 3.5 understands them: what it overlooks, mistakes and crashes on."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitguard.argo.glob import compiles, match
from gitguard.argo.gobwas_1 import GlobCrash, GlobUndecided

OLD = "3.5"


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("a*ant", "ant", True), ("{a", "a", True), ("{a,b", "b", True), ("a\\", "a", True), ("\\", "", True), ("a\0b", "ab", True), ("a*\0b", "ax", True),
        ("[!ab][!ab]", "ax", True), ("[!ab][!ab]", "xab", False), ("?", "", True), ("[!a]", "", True), ("é?", "éx", False), ("ab?", "abx", True),
        ("{a,b}*", "bx", True), ("prod-{eu,us}", "prod-us", True), ("*-{eu,us}", "prod-us", True), ("{*,a}/x", "b/x", True), ("*", "a/b", True),
        ("[a-c]x", "bx", True), ("[!a-c]x", "bx", False), ("a}b", "a}b", True), ("\\*", "*", True), ("", "", True), ("", "a", False), ("*a*b*", "xaxbx", True),
    ],
)  # fmt: skip
def test_patterns_match_as_the_older_library_says(pattern: str, text: str, matches: bool) -> None:
    assert match(pattern, text, version=OLD) is matches


def test_separators_stop_single_stars_only() -> None:
    assert not match("https://github.com/*", "https://github.com/a/b", "/", OLD)
    assert match("https://github.com/**", "https://github.com/a/b", "/", OLD)
    assert match("https://github.com/*/b", "https://github.com/a/b", "/", OLD)


@pytest.mark.parametrize("pattern", ["[", "[]", "[!]", "[a-", "[z-a]", "[a-cx]", "\ufffd"])
def test_what_the_older_library_refuses(pattern: str) -> None:
    assert compiles(pattern, OLD)
    assert not match(pattern, "a", version=OLD)


def test_an_empty_alternative_crashes_argocd() -> None:
    with pytest.raises(GlobCrash):
        match("a{}", "a", version=OLD)


def test_hostile_patterns_are_given_up() -> None:
    started = time.monotonic()
    for pattern in ("*a" * 120 + "b", "*?" * 60 + "b", "?*a" * 80, "{,a}" * 100, "[ab]" * 2_000, "{" * 5_000, "*a" * 500_000):
        with pytest.raises(GlobUndecided):
            match(pattern, "ab" * 2_500, version=OLD)
    assert not match("x" * 1_000_000, "a", version=OLD)
    assert time.monotonic() - started < 60


@settings(max_examples=300, deadline=None)
@given(st.text("ab/-.é", max_size=8), st.text("ab/-.é", max_size=8), st.text("ab/-.é", max_size=8))
def test_plain_prefixes_and_suffixes_agree_with_the_newer_library(start: str, inside: str, end: str) -> None:
    text = start + inside + end
    for pattern in (text, f"{start}*", f"*{end}", f"{start}*{end}", f"*{inside}*"):
        assert match(pattern, text, version=OLD) is match(pattern, text) is True
