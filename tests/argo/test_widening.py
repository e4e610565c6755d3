"""A widening is reported if, and only if, something that was denied is permitted: asked of random AppProjects, about every text of a small world."""

from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gitguard.argo.destinations import permits_destination
from gitguard.argo.glob import match
from gitguard.argo.glob_classes import classes, glob
from gitguard.argo.kinds import permits_kind
from gitguard.argo.namespaces import permits_application_namespace
from gitguard.argo.role_permissions import permits
from gitguard.argo.sources import permits_source
from gitguard.argo.widening import Known, widened
from gitguard.argo.windows import SECOND, applying, permits_sync
from gitguard.model.argo import Cluster, Destination, DestinationEntry, KindEntry, Project, Role, SyncWindow

LETTERS = "ab/"
WORLD = ["".join(text) for length in range(5) for text in product(LETTERS, repeat=length)]
SHORT = [text for text in WORLD if len(text) <= 2]
pieces = st.sampled_from(["a", "b", "/", "*", "**", "?", "[ab]", "[!a]", "{a,b}", "{a*,/b}", "[a-b]"])
globs = st.lists(pieces, min_size=1, max_size=3).map("".join)
entries = st.builds(lambda deny, pattern: f"!{pattern}" if deny else pattern, st.sampled_from([False, False, True]), globs)
lists = st.lists(entries, max_size=3).map(tuple)


def ways(before: Project, after: Project, what: str, known: Known = Known()) -> bool:  # noqa: B008 - frozen
    found = [one for one in widened(before, after, known) if one.what == what]
    assert not any(one.unknown for one in found)
    return any(one.witnesses for one in found)


@given(st.lists(globs, min_size=1, max_size=4))
def test_every_combination_of_matches_has_its_text(patterns: list[str]) -> None:
    made = classes([glob(pattern, "/") for pattern in patterns])
    found = {tuple(match(pattern, text, "/") for pattern in patterns) for text in made}
    assert {tuple(match(pattern, text, "/") for pattern in patterns) for text in WORLD} <= found
    assert all(any(not text for text in made) for _ in patterns)


@settings(deadline=None)
@example(("!//",), ("!a",))
@example(("!//*",), ("!a",))
@given(lists, lists)
def test_sources(before: tuple[str, ...], after: tuple[str, ...]) -> None:
    was, now = Project("p", source_repos=before), Project("p", source_repos=after)
    exists = any(permits_source(now, url).permitted and not permits_source(was, url).permitted for url in WORLD if url)
    found = [one for one in widened(was, now) if one.what == "source"]
    for one in found:
        for witness in one.witnesses:
            url = witness.text.strip("`")
            assert permits_source(now, url).permitted
            assert not permits_source(was, url).permitted
    assert not exists or found


@settings(deadline=None)
@given(st.data())
def test_destinations(data: st.DataObject) -> None:
    entry = st.builds(DestinationEntry, st.sampled_from(["", "*", "a", "!a"]), st.sampled_from(["", "*", "b"]), entries)
    was, now = (Project("p", destinations=data.draw(st.lists(entry, max_size=2).map(tuple))) for _ in range(2))

    def asked(project: Project, place: tuple[str, str, str]) -> bool:
        return bool(permits_destination(project, Cluster(place[0], place[1]), place[2]).permitted)

    exists = any(asked(now, place) and not asked(was, place) for place in product(["", "a", "b", "x"], ["", "b", "x"], [*SHORT, "x"]))
    assert not exists or ways(was, now, "destination")
    if was == now:
        assert widened(was, now) == ()


@settings(deadline=None)
@given(st.data(), st.booleans())
def test_kinds(data: st.DataObject, namespaced: bool) -> None:
    patterns = st.sampled_from(["", "*", "a", "a*", "?", "[ab]", "[^a]", "b"])
    entry = st.builds(KindEntry, patterns, patterns, st.just("") if namespaced else patterns)
    some = st.lists(entry, max_size=2).map(tuple)
    maybe = st.one_of(st.none(), some)
    was, now = (
        Project("p", namespace_resource_whitelist=data.draw(maybe), namespace_resource_blacklist=data.draw(some))
        if namespaced
        else Project("p", cluster_resource_whitelist=data.draw(some), cluster_resource_blacklist=data.draw(some))
        for _ in range(2)
    )

    def asked(project: Project, thing: tuple[str, str, str]) -> bool:
        return bool(permits_kind(project, *thing, namespaced=namespaced).permitted)

    world = ["", "a", "b", "c", "ab", "ca"]
    exists = any(asked(now, thing) and not asked(was, thing) for thing in product(world, world[1:], [""] if namespaced else world[1:]))
    assert ways(was, now, "namespaced kind" if namespaced else "cluster-scoped kind") or not exists


@settings(deadline=None)
@given(lists, lists)
def test_namespaces_of_applications(before: tuple[str, ...], after: tuple[str, ...]) -> None:
    was, now = (
        Project("p", source_namespaces=tuple(one for one in some if not (one.startswith("/") and one.endswith("/")))) for some in (before, after)
    )
    exists = any(permits_application_namespace(now, one).permitted and not permits_application_namespace(was, one).permitted for one in WORLD if one)
    assert ways(was, now, "namespace of Applications") or not exists


@settings(deadline=None)
@given(st.data())
def test_roles(data: st.DataObject) -> None:
    line = st.tuples(
        st.sampled_from(["applications", "logs", "*"]), st.sampled_from(["get", "sync", "*", "action/*"]), st.sampled_from(["p/*", "p/a", "p/{a,b}"]),
        st.sampled_from(["allow", "allow", "deny"]),
    )  # fmt: skip
    was, now = data.draw(st.lists(line, max_size=3)), data.draw(st.lists(line, max_size=3))

    def project(lines: list[tuple[str, ...]]) -> Project:
        return Project("p", roles=(Role("r", tuple(f'p, proj:p:r, {one[0]}, {one[1]}, "{one[2]}", {one[3]}' for one in lines)),))

    world = product(["applications", "logs", "exec"], ["get", "sync", "delete", "action/x"], ["p/a", "p/b", "p/c"])
    exists = any(permits(tuple(now), asked) and not permits(tuple(was), asked) for asked in world)  # type: ignore[arg-type]
    assert ways(project(was), project(now), "role") or not exists


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_windows(data: st.DataObject) -> None:
    window = st.builds(
        SyncWindow, st.sampled_from(["allow", "deny"]), st.sampled_from(["0 8 * * *", "0 0 * * 1-5", "30 22 1 * *", "bad"]), st.sampled_from(["1h", "10h", "24h"]),
        st.sampled_from([("*",), ("a*",)]), st.just(()), st.just(()), st.booleans(), st.sampled_from(["", "Europe/Berlin"]), *map(st.just, (False, "", False)),
    )  # fmt: skip
    was, now = (Project("p", sync_windows=data.draw(st.lists(window, max_size=2).map(tuple))) for _ in range(2))
    hours = [(1_704_067_200 + hour * 3_600 + 1_801) * SECOND for hour in range(24 * 40)]

    def asked(project: Project, at: int, name: str, manual: bool) -> bool:
        return bool(permits_sync(applying(project, name, Destination()), at, manual=manual).permitted)

    exists = any(asked(now, at, name, manual) and not asked(was, at, name, manual) for at in hours for name in ("a", "b") for manual in (False, True))
    assert ways(was, now, "sync") or not exists


@pytest.mark.parametrize("entry", ["/^team-[0-9]+$/"])
def test_what_regular_expressions_match_is_not_guessed_at(entry: str) -> None:
    was, now = Project("p"), Project("p", source_namespaces=(entry,))
    (found,) = widened(was, now, Known(namespaces=("team-7",)))
    assert found.witnesses[0].text == "`team-7`"
    assert "regular expressions" in found.unknown
