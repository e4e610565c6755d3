"""Which repositories an AppProject permits: verdicts as Argo CD gives them, and reasons for people."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitguard.argo.sources import could_permit_source, permits_source
from gitguard.model.argo import Project

VECTORS = [
    (["!https://github.com/evil/**"], "https://gitlab.com/a/b", True),
    (["!https://github.com/evil/**"], "https://github.com/evil/a/b", False),
    (["!ssh://git@GITHUB.com:argoproj/test"], "https://anything/x", True),
    (["ssh://git@github.com:argoproj/test"], "ssh://git@evil.com:evil/repo", True),
    (["https://github.com/org/*"], "https://github.com/Org/Repo.git", True),
    (["https://github.com/org/*"], "https://github.com/org/repo/", False),
    (["https://github.com/org/repo/"], "https://github.com/org/repo", False),
    (["https://github.com/{a,b}/*"], "https://github.com/a/x", False),
    (["https://github.com/org/{a,b}"], "https://github.com/org/a", False),
    (["https://github.com/my org/*"], "https://github.com/my org/x", False),
    (["http*://github.com/**"], "https://github.com/a/b", False),
    (["http*://github.com/**"], "10.0.0.1:5000/x", True),
    (["*github.com/**"], "https://github.com/a/b", False),
    (["**github.com/**"], "https://github.com/a/b", True),
    (["**"], "10.0.0.1:5000/charts", True),
    (["git@github.com:org/*"], "ssh://git@github.com/Org/Repo.git", True),
    (["git@github.com:*"], "git@github.com:org/repo", False),
    (["!https://[bad"], "https://x/y", True),
    (["https://github.com/org/repo?"], "https://github.com/org/repo1", True),
    (["https://*/org/*"], "https://github.com/org/x", True),
    (["oci://ghcr.io/**"], "ghcr.io/org/chart", False),
    ([""], "10.0.0.1:5000/x", True),
    (["https://github.com/org/repo"], "https://github.com:443/org/repo", False),
    (["https://github.com/**"], "https://user:tok@github.com/o/r", False),
    (["!!https://x/y", "*"], "https://x/y", True),
    (["*", "!*"], "https://x", True),
    (["*", "!**"], "https://x", False),
    (["!https://github.com/**", "https://github.com/my-org/*", "*"], "https://github.com/my-org/x", False),
    ([], "https://x", False),
]


@pytest.mark.parametrize(("repos", "url", "permitted"), VECTORS)
def test_verdicts_are_argo_cds(repos: list[str], url: str, permitted: bool) -> None:
    assert permits_source(Project("p", tuple(repos)), url).permitted is permitted


@pytest.mark.parametrize(
    ("repo", "url", "words"),
    [
        ("https://github.com/*", "https://github.com/a/b", "`**` would match"),
        ("https://github.com/org/repo/", "https://github.com/org/repo", "ends in `/`"),
        ("git@github.com:org/repo", "https://github.com/org/repo", "scheme, port or user differ"),
        ("https://other.example/x", "https://github.com/a/b", "it permits only `https://other.example/x`"),
        ("https://{a,b}.com/x", "https://a.com/x", "can't be parsed"),
    ],
)
def test_a_denial_says_why_the_nearest_entry_missed(repo: str, url: str, words: str) -> None:
    assert words in permits_source(Project("p", (repo,)), url).reason


def test_the_verdict_names_its_entry() -> None:
    project = Project("p", ("https://a/x", "!https://b/**", "*"))
    assert permits_source(project, "https://a/x").entry == "/spec/sourceRepos/0"
    assert permits_source(project, "https://b/y").entry == "/spec/sourceRepos/1"


PATTERNS = st.lists(st.sampled_from(["*", "**", "!**", "https://a/*", "!https://a/*", "https://*/b", "![", "", "https://a/b/"]), max_size=4)


@settings(max_examples=300, deadline=None)
@given(PATTERNS, st.sampled_from(["https://a/b", "https://a/b/", "git@a:b", "10.0.0.1:5000/x", ""]), st.randoms())
def test_the_order_of_entries_changes_no_verdict(repos: list[str], url: str, chance: object) -> None:
    shuffled = list(repos)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert permits_source(Project("p", tuple(repos)), url).permitted == permits_source(Project("p", tuple(shuffled)), url).permitted


@settings(max_examples=300, deadline=None)
@given(PATTERNS, st.sampled_from(["https://a/b", "https://z/y/x", "10.0.0.1:5000/x", ""]))
def test_a_verdict_without_the_url_holds_for_every_url(repos: list[str], url: str) -> None:
    known = could_permit_source(Project("p", tuple(repos)))
    assert known is None or permits_source(Project("p", tuple(repos)), url).permitted is known
