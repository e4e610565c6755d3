"""gitguard's verdicts are Argo CD's: random questions, put to Argo CD 3.6.1's own functions and to gitguard's."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.oracle import dialogue, engine
from tests.oracle.questions import Questions, Worlds

pytestmark = pytest.mark.testbed

# Questions that were once answered differently, by what was wrong.
FOUND = {
    "a trailing slash of a scoped cluster's server counts": {
        "project": {"metadata": {"name": "p"}, "spec": {"destinations": [{"name": "ab", "namespace": "*"}], "permitOnlyProjectScopedClusters": True}},
        "asks": [{"destination": {"server": "https://x/", "name": "ab", "namespace": "a"}, "scoped": [{"server": "https://x/", "name": "b"}]}],
    },
    "brackets stay as they are in a fragment": {"asks": [{"url": "gitlab.example.com/team-a/r#[!a[-]c]f"}]},
    "a zone of an IP literal can't have braces": {"asks": [{"url": "ssh://git@[fe80::1%25{en0,a}]//repo"}, {"url": "HTTPS://[fe80::1%25en0{]/a"}]},
    "an address of one group and no `::` is none": {"asks": [{"url": "ssh://[:1]:80/a;b/é"}, {"url": "https://[fe80:1%25en0]/o*/r?"}]},
    "`{,2}` is no quantifier in .NET": {
        "project": {"metadata": {"name": "p"}, "spec": {"sourceNamespaces": ["/[a-z]{,2}/"]}},
        "asks": [{"appNamespace": "payments"}],
    },
}

# The same, of older releases: the release, and the line.
FOUND_OLDER = {
    "http hosts had several colons": ("3.2", {"asks": [{"url": "HTTPS://my_reg:50:00/a"}, {"url": "http://h:1:2/x"}]}),
    "what stands before a bracketed host was dropped": ("3.2", {"asks": [{"url": "http://K:ß[fe80::1%25en0]/%41b/x.git"}]}),
    "a selector that is not asked can't crash": (
        "3.5",
        {
            "project": {"spec": {"syncWindows": [{"kind": "allow", "schedule": "* * * * *", "duration": "30m", "namespaces": ["team-a{,}"], "clusters": ["*"]}]}},
            "asks": [{"sync": {"at": "2028-12-23T05:30:00Z", "manual": True, "application": {"metadata": {"name": "a"}, "spec": {"destination": {"server": "https://x", "namespace": "team-a"}}}}}],
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("seed", range(10))
def test_random_questions_are_answered_as_argocd_does(testbed: Callable[[str], Path], seed: int) -> None:
    tally = dialogue.compare(testbed("argocd"), Questions(seed).lines(5_000))
    assert not tally.disagreements, "\n".join(map(str, tally.disagreements[:5]))
    # Questions that all get the same answer would prove nothing.
    assert 0.35 < tally.permitted.total() / tally.asked.total() < 0.65
    assert tally.undetermined.total() < 0.02 * tally.asked.total()


@pytest.mark.parametrize("seed", range(2))
def test_random_control_planes_are_judged_as_argocd_does(testbed: Callable[[str], Path], seed: int) -> None:
    tally = dialogue.compare(testbed("argocd"), Worlds(seed).lines(5_000))
    assert not tally.disagreements, "\n".join(map(str, tally.disagreements[:5]))


# Questions that a release can't be asked: it answers them by functions that it does not have, or not where the others do.
UNKNOWN_TO = {"3.5": set(), "3.2": {"account", "integrity"}, "2.14": {"account", "integrity"}}


def questions_to(release: str, seed: int, count: int) -> Iterator[dict[str, Any]]:
    for line in Questions(seed).lines(count):
        line["asks"] = [ask for ask in line["asks"] if not ask.keys() & UNKNOWN_TO[release]]
        if line["asks"]:
            yield line


@pytest.mark.parametrize("release", UNKNOWN_TO)
def test_random_questions_are_answered_as_an_older_release_does(testbed: Callable[..., Path], release: str) -> None:
    tally = dialogue.compare(testbed("argocd", release), questions_to(release, 0, 20_000), partial(engine.answers, version=release))
    assert not tally.disagreements, "\n".join(map(str, tally.disagreements[:5]))
    assert tally.asked.total() > 15_000
    assert tally.undetermined.total() < 0.02 * tally.asked.total()


def test_random_control_planes_are_judged_as_argocd_3_5_does(testbed: Callable[..., Path]) -> None:
    tally = dialogue.compare(testbed("argocd", "3.5"), Worlds(0).lines(5_000), partial(engine.answers, version="3.5"))
    assert not tally.disagreements, "\n".join(map(str, tally.disagreements[:5]))


@pytest.mark.parametrize("release", UNKNOWN_TO)
def test_releases_differ(testbed: Callable[..., Path], release: str) -> None:
    newest = dialogue.compare(testbed("argocd", release), questions_to(release, 0, 20_000))
    assert {next(iter(found.ask.keys() - {"scoped"})) for found in newest.disagreements} >= {"source", "destination", "glob"}


@pytest.mark.parametrize("name", FOUND)
def test_a_disagreement_that_was_found(testbed: Callable[[str], Path], name: str) -> None:
    line: dict[str, Any] = FOUND[name]
    tally = dialogue.compare(testbed("argocd"), [line])
    assert not tally.disagreements
    assert engine.UNKNOWN not in engine.answers(line)


@pytest.mark.parametrize("name", FOUND_OLDER)
def test_a_disagreement_with_an_older_release_that_was_found(testbed: Callable[..., Path], name: str) -> None:
    release, line = FOUND_OLDER[name]
    tally = dialogue.compare(testbed("argocd", release), [line], partial(engine.answers, version=release))
    assert tally.asked.total()
    assert not tally.disagreements


def test_a_wrong_answer_would_be_seen(testbed: Callable[[str], Path]) -> None:
    def contrary(line: Any) -> list[Any]:
        return [not answer if isinstance(answer, bool) else answer for answer in engine.answers(line)]

    tally = dialogue.compare(testbed("argocd"), Questions(0).lines(500), contrary)
    assert len(tally.disagreements) > 300, json.dumps(tally.asked)
