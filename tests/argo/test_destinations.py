"""Which clusters and namespaces an AppProject permits: verdicts as Argo CD gives them, also where a part is not known."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitguard.argo.destinations import could_permit_destination, permits_destination
from gitguard.model.argo import Cluster, DestinationEntry, Project

K = "https://kubernetes.default.svc"
ALL = {"server": "*", "namespace": "*"}
VECTORS = [
    ([{"server": f"{K}/", "namespace": "*"}], K, "in-cluster", "a", False),
    ([{"name": "in-cluster", "namespace": "*"}], K, "in-cluster", "a", True),
    ([{"server": K, "namespace": "*"}], K, "mgmt", "a", True),
    ([{"name": "in-cluster", "namespace": "*"}], K, "mgmt", "a", False),
    ([{"name": "prod", "server": "https://dev", "namespace": "*"}], "https://dev", "dev", "a", True),
    ([{"name": "!prod", "server": "*", "namespace": "*"}], "https://p", "prod", "a", True),
    ([{"name": "!prod", "namespace": "*"}, ALL], "https://p", "prod", "a", False),
    ([{"name": "!prod", "namespace": "*"}, ALL], "https://p", "", "a", False),
    ([{"name": "c1", "namespace": "!kube-system"}, ALL], "https://1", "c1", "kube-system", True),
    ([{"server": "https://1", "namespace": "!kube-system"}, ALL], "https://1", "c1", "kube-system", False),
    ([{"server": "!https://b", "namespace": "!kube-system"}, ALL], "https://b", "b", "kube-system", True),
    ([{"server": "!https://b", "namespace": "!kube-system"}, ALL], "https://c", "c", "kube-system", False),
    ([{"server": "!https://b", "namespace": "*"}], "https://c", "c", "x", True),
    ([{"server": "*"}], K, "in-cluster", "a", False),
    ([{"server": "*"}], K, "in-cluster", "", True),
    ([ALL], K, "in-cluster", "", True),
    ([{"namespace": "*"}], K, "in-cluster", "a", False),
    ([{"server": "*", "namespace": "{a,b}"}], K, "in-cluster", "b", True),
    ([{"server": "*", "namespace": "!{a,b}"}], K, "in-cluster", "b", False),
    ([{"server": "*", "namespace": "!["}], K, "in-cluster", "b", True),
    ([{"server": "HTTPS://X", "namespace": "*"}], "https://x", "x", "b", False),
    ([{"server": "https://*", "namespace": "team-?"}], "https://a/b/c", "x", "team-1", True),
    ([{"name": "a", "server": "!https://b", "namespace": "*"}], "https://b", "a", "x", True),
    ([{"name": "!bad", "namespace": "other"}, ALL], "https://b", "bad", "x", True),
]


def project(entries: list[dict[str, str]]) -> Project:
    return Project("p", destinations=tuple(DestinationEntry(**entry) for entry in entries))


@pytest.mark.parametrize(("entries", "server", "name", "namespace", "permitted"), VECTORS)
def test_verdicts_are_argo_cds(entries: list[dict[str, str]], server: str, name: str, namespace: str, permitted: bool) -> None:
    assert permits_destination(project(entries), Cluster(server, name), namespace).permitted is permitted


def test_before_3_6_a_denied_name_was_denied_in_every_namespace() -> None:
    entries = project([{"name": "!bad", "namespace": "other"}, ALL])
    assert not permits_destination(entries, Cluster("https://b", "bad"), "x", "3.5").permitted


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"server": f"{K}/", "namespace": "*"}, "ends in `/`"),
        ({"server": "in-cluster", "namespace": "*"}, "cluster's name in the server field"),
        ({"name": K, "namespace": "*"}, "server's URL in the name field"),
        ({"server": K}, "has no namespace"),
        ({"server": K, "namespace": "b"}, "on this cluster it permits only `b`"),
    ],
)
def test_a_denial_says_why_the_nearest_entry_missed(entry: dict[str, str], words: str) -> None:
    assert words in permits_destination(project([entry]), Cluster(K, "in-cluster"), "a").reason


PART = st.sampled_from(["", "*", "a", "b", "!a", "!*", "a*", "![", "{a,b}", "!{a,b}"])
ENTRIES = st.lists(st.fixed_dictionaries({"server": PART, "name": PART, "namespace": PART}), max_size=3)
VALUE = st.sampled_from(["", "a", "b", "ab", "zz"])


@settings(max_examples=600, deadline=None)
@given(ENTRIES, VALUE.filter(bool), VALUE, VALUE, st.tuples(st.booleans(), st.booleans(), st.booleans()), st.sampled_from(["3.5", "3.6"]))
def test_a_verdict_with_unknown_parts_holds_for_every_completion(
    entries: list[dict[str, str]], server: str, name: str, namespace: str, hidden: tuple[bool, bool, bool], version: str
) -> None:
    parts = [None if hide else part for hide, part in zip(hidden, (server, name, namespace), strict=True)]
    known = could_permit_destination(project(entries), *parts, version)
    full = permits_destination(project(entries), Cluster(server, name), namespace, version).permitted
    assert known is None or known is full
    if not any(hidden):
        assert known is full


@settings(max_examples=300, deadline=None)
@given(ENTRIES, VALUE, VALUE, VALUE, st.randoms())
def test_the_order_of_entries_changes_no_verdict(entries: list[dict[str, str]], server: str, name: str, namespace: str, chance: object) -> None:
    shuffled = list(entries)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    cluster = Cluster(server, name)
    assert permits_destination(project(entries), cluster, namespace).permitted == permits_destination(project(shuffled), cluster, namespace).permitted
