"""Reports on a repository whose every word is chosen to be obeyed by whoever reads the report."""

from typing import Any

from hypothesis import strategies as st

from gitguard.model.finding import LEVELS, Counts, Failure, Finding, ObjectRef, Related, Report, Site, Suppressed, Undetermined
from gitguard.output import markdown

NASTY = [
    "a\n::error::x", "<script>alert(1)</script>", "`` ` ```", "a|b", "@team #1 https://evil.example", "![x](https://evil.example/x)", "\x1b[31m", "\x00\x08",
    "\u202eabc", "\udc80", "]]>", "-->", "%0A::warning::", "a,line=1", "a:b", "\r\n", "\\", "**x**", "</code></pre><img src=x onerror=alert(1)>",
    "::error::x", "  ::stop-commands::x", ":", "##vso[task.setvariable variable=a]b", "##[add-mask]x", "###[error]", "##", "#", "[error]x", "vso[task.complete]",
    "a\x85::error::x\u2028::error::y", "\x9b31m", "</script><script>", "[see](1)", "[x](https://evil.example)", markdown.BREAK, markdown.BREAK.strip(), "<!--",
    "`" * 5_000, "x" * 5_000, "/" * 300, "\ufffe", "\U000e0001", "{0}", "&lt;b&gt;", '"\'', "=", "|---|", "word " * 40 + "::error::x",
]  # fmt: skip
words = st.one_of(st.sampled_from(NASTY), st.lists(st.sampled_from(NASTY), max_size=3).map("".join), st.text(st.characters(codec=None), max_size=30))
sites = st.builds(Site, words, line=st.integers(-1, 99), column=st.integers(-1, 99))
findings = st.builds(
    Finding,
    rule=st.sampled_from(["source-not-permitted", "yaml-invalid", "a-policy"]),
    level=st.sampled_from(LEVELS),
    message=words,
    object=st.builds(ObjectRef, words, words, words, words),
    site=sites,
    related=st.lists(st.builds(Related, sites, words), max_size=2).map(tuple),
    fix=words,
    status=st.sampled_from(["", "new", "old"]),
)
reports = st.builds(
    Report,
    counts=st.just(Counts()),
    findings=st.lists(findings, max_size=4).map(tuple),
    undetermined=st.lists(st.builds(Undetermined, words, st.builds(ObjectRef, words, words), words, words, sites), max_size=2).map(tuple),
    suppressed=st.lists(st.builds(Suppressed, findings, words, st.just("")), max_size=2).map(tuple),
    failures=st.lists(st.builds(Failure, words, words), max_size=2).map(tuple),
    fixed=st.one_of(st.none(), st.lists(findings, max_size=2).map(tuple)),
    remarks=st.lists(words, max_size=2).map(tuple),
)


def one(**more: Any) -> Finding:
    usual = {"rule": "yaml-invalid", "level": "error", "message": "no", "object": ObjectRef(), "site": Site("a.yaml", line=3, column=2)}
    return Finding(**{**usual, **more})
