"""What is done about drift: by git's policy, and never in favour of a writer whom nobody has authenticated."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitguard.model.drift import ABSENT, UNKNOWN, Actor, Change, ObjectKey
from gitguard.model.policy import Allow, Exemption, Policy, Subject
from gitguard.reconciler.decide import DEFAULTS, covers, decided, ends, is_applier, is_restart, lasts

NO_POLICY = Policy()
NOW = datetime(2027, 1, 31, 12, tzinfo=UTC)
WEB = ObjectKey("apps", "Deployment", "shop", "web")
IMAGE = Change("/spec/template/spec/containers/0/image", "web:1", "evil:1", True)
REPLICAS = Change("/spec/replicas", 2, 5, True)
ALICE = Actor("alice", ("ops",), "human", "kubectl", confidence="authenticated")
HPA = Actor("system:serviceaccount:kube-system:horizontal-pod-autoscaler", (), "automation", "controller", confidence="authenticated")


def said(change: Change, actor: Actor, policy: Policy = NO_POLICY, *, enforce: bool = True, key: ObjectKey = WEB) -> list[str]:
    return [one.what for one in decided(Subject(key, ((change, actor),)), policy, enforce=enforce, now=NOW)]


class TestAllow:
    def test_without_a_policy_everything_is_put_back(self) -> None:
        assert said(IMAGE, ALICE) == ["revert"]
        assert said(IMAGE, UNKNOWN) == ["revert"]
        assert said(IMAGE, ALICE, enforce=False) == ["observed"]

    def test_a_path_is_anybodys(self) -> None:
        assert said(REPLICAS, UNKNOWN, Policy(allow=(Allow("Deployment", "/spec/replicas"),))) == []
        assert said(IMAGE, ALICE, Policy(allow=(Allow("Deployment", "/spec/replicas"),))) == ["revert"]
        assert said(REPLICAS, ALICE, Policy(allow=(Allow("StatefulSet", "/spec/replicas"),))) == ["revert"]
        assert said(REPLICAS, ALICE, Policy(allow=(Allow("apps/Deployment", "/spec/replicas"),))) == []
        assert said(REPLICAS, ALICE, Policy(allow=(Allow("batch/*", "/spec/replicas"),))) == ["revert"]

    @pytest.mark.parametrize("writer", ["alice", "al*", "group:ops"])
    def test_a_writer_is_allowed_when_it_is_known_to_be_that_one(self, writer: str) -> None:
        policy = Policy(allow=(Allow("*", "/spec", writer),))
        assert said(IMAGE, ALICE, policy) == []
        assert said(IMAGE, ALICE._replace(confidence="corroborated"), policy) == []
        assert said(IMAGE, ALICE._replace(name="bob", groups=("dev",)), policy) == ["revert"]

    @pytest.mark.parametrize("confidence", ["reported", "claimed", "unknown"])
    def test_who_only_says_so_is_neither_allowed_nor_put_back(self, confidence: str) -> None:
        assert said(IMAGE, ALICE._replace(confidence=confidence), Policy(allow=(Allow("*", "/spec", "alice"),))) == ["hold"]

    def test_controllers_of_kubernetes_write_what_is_theirs_and_no_more(self) -> None:
        assert said(REPLICAS, HPA) == []
        assert said(IMAGE, HPA) == ["revert"]
        assert said(REPLICAS, HPA._replace(confidence="claimed")) == ["revert"]
        assert said(REPLICAS, ALICE) == ["revert"]

    def test_what_a_controller_may_have_done_unseen_waits_for_somebody_who_knows(self) -> None:
        def unseen(change: Change, actor: Actor) -> list[str]:
            subject = Subject(WEB, ((change, actor),), frozenset({change.path}))
            return [one.what for one in decided(subject, NO_POLICY, enforce=True, now=NOW)]

        assert unseen(REPLICAS, UNKNOWN) == unseen(REPLICAS, HPA._replace(confidence="reported")) == ["hold"]
        assert unseen(REPLICAS, Actor("kube-controller-manager", confidence="claimed")) == ["hold"]
        assert unseen(REPLICAS, HPA) == []
        # The audit has that somebody else wrote it.
        assert unseen(REPLICAS, ALICE) == unseen(REPLICAS, ALICE._replace(confidence="reported")) == ["revert"]
        assert unseen(IMAGE, UNKNOWN) == ["revert"]


class TestExceptions:
    def exception(self, **more: object) -> Policy:
        usual = {"object": "Deployment/shop/web", "reason": "load test", "until": "2027-01-31", "ticket": "OPS-1"}
        return Policy(exceptions=(Exemption(**{**usual, **more}),))

    def test_it_names_the_reason_and_the_ticket(self) -> None:
        (decision,) = decided(Subject(WEB, ((IMAGE, UNKNOWN),)), self.exception(), enforce=True, now=NOW)
        assert (decision.what, decision.reason) == ("excepted", "load test (OPS-1, until 2027-01-31)")

    def test_it_ends(self) -> None:
        assert said(IMAGE, ALICE, self.exception(until="2027-01-30")) == ["revert"]
        assert said(IMAGE, ALICE, self.exception(until="2027-01-31T12:00:00Z")) == ["revert"]
        assert said(IMAGE, ALICE, self.exception(until="2027-01-31T13:00:00+00:30")) == ["excepted"]

    def test_it_is_for_some_objects_fields_and_people(self) -> None:
        assert said(IMAGE, ALICE, self.exception(object="Deployment/shop/api")) == ["revert"]
        assert said(IMAGE, ALICE, self.exception(object="Deployment/web")) == ["excepted"]
        assert said(IMAGE, ALICE, self.exception(paths=("/spec/replicas",))) == ["revert"]
        assert said(IMAGE, ALICE, self.exception(paths=("/spec/template/spec/containers/*/image",))) == ["excepted"]
        assert said(IMAGE, ALICE, self.exception(by="bob")) == ["revert"]
        assert said(IMAGE, ALICE, self.exception(by="group:ops")) == ["excepted"]
        assert said(IMAGE, ALICE._replace(confidence="claimed"), self.exception(by="alice")) == ["revert"]

    def test_everything_is_breaking_the_glass(self) -> None:
        assert said(IMAGE, ALICE, self.exception(object="*")) == ["excepted"]

    def test_times(self) -> None:
        assert ends("2027-01-31") == datetime(2027, 2, 1, tzinfo=UTC)
        assert ends("2027-01-31T10:00Z") == datetime(2027, 1, 31, 10, tzinfo=UTC)
        assert ends("soon") is None


class TestWhatIsOnlyLogged:
    def test_credentials(self) -> None:
        secret = ObjectKey("", "Secret", "argocd", "repo-1")
        assert said(Change("/data/password", "a", "b", True), ALICE, key=secret) == ["log"]
        assert said(Change("/data/password", "a", "b", True), ALICE, key=secret._replace(namespace="shop")) == ["revert"]

    def test_restarts(self) -> None:
        annotation = "/spec/template/metadata/annotations"
        mark = {"kubectl.kubernetes.io/restartedAt": "2027-01-31T12:00:00Z"}
        assert said(Change(f"{annotation}/kubectl.kubernetes.io~1restartedAt", ABSENT, "2027"), ALICE) == ["log"]
        assert said(Change(annotation, ABSENT, mark), ALICE) == ["log"]
        assert said(Change(annotation, ABSENT, {**mark, "sidecar.istio.io/inject": "false"}), ALICE) == ["revert"]
        assert said(Change(annotation, {"a": "b"}, mark, True), ALICE) == ["revert"]
        assert is_restart(Change("/spec/template/metadata", ABSENT, {"annotations": mark}))
        assert not is_restart(Change("/spec/template", ABSENT, {"metadata": {"annotations": mark}, "spec": {}}))

    def test_tokens_of_roles(self) -> None:
        project = ObjectKey("argoproj.io", "AppProject", "argocd", "team")
        assert said(Change("/spec/roles/0/jwtTokens", ABSENT, [{"iat": 1}]), ALICE, key=project) == ["log"]


def test_the_next_exception_that_ends_is_known() -> None:
    now = datetime(2027, 1, 1, 12, tzinfo=UTC)
    ended, day, soon = (Exemption("*", "why", until) for until in ("2027-01-01T11:59:59Z", "2027-01-01", "2027-01-01T12:00:05Z"))
    assert lasts(Policy(), now) is None
    assert lasts(Policy(exceptions=(ended,)), now) is None
    assert lasts(Policy(exceptions=(ended, day)), now) == 12 * 3600
    assert lasts(Policy(exceptions=(ended, day, soon)), now) == 5


def test_several_hands_in_one_object_are_decided_apart() -> None:
    restart = Change("/spec/template/metadata/annotations", ABSENT, {"kubectl.kubernetes.io/restartedAt": "x"})
    subject = Subject(WEB, ((IMAGE, ALICE), (REPLICAS, HPA), (restart, ALICE)))
    decisions = decided(subject, Policy(), enforce=True, now=NOW)
    assert [(one.what, [change.path for change, _ in one.changes]) for one in decisions] == [("revert", [IMAGE.path]), ("log", [restart.path])]


def test_pointers_cover_what_lies_below() -> None:
    assert covers("", "/spec")
    assert covers("/spec/*/a", "/spec/x/a/b")
    assert not covers("/spec/replicas", "/spec")
    assert not covers("/spec/rep", "/spec/replicas")


def test_appliers_are_those_who_are_known_to_be() -> None:
    pipeline = Actor("system:serviceaccount:ci:deployer", kind="automation", confidence="authenticated")
    policy = Policy(appliers=("system:serviceaccount:ci:*",))
    assert is_applier(pipeline, policy, ())
    assert is_applier(ALICE, Policy(), ("alice",))
    assert not is_applier(pipeline._replace(confidence="claimed"), policy, ())
    assert not is_applier(UNKNOWN, Policy(appliers=("*",)), ())


steps = st.sampled_from(["spec", "metadata", "annotations", "0", "replicas", "template", "data", "x~1y"])
changes = st.builds(lambda path, git, live: Change("/" + "/".join(path), git, live), st.lists(steps, min_size=1, max_size=5), st.just(1), st.just(2))
actors = st.builds(
    lambda name, confidence, groups: Actor(name, tuple(groups), confidence=confidence),
    st.sampled_from(["alice", "bob", HPA.name, "unknown"]),
    st.sampled_from(["authenticated", "corroborated", "reported", "claimed", "unknown"]),
    st.lists(st.sampled_from(["ops", "dev"]), max_size=2, unique=True),
)
paths = st.one_of(st.just(""), st.lists(st.one_of(steps, st.just("*")), min_size=1, max_size=3).map(lambda path: "/" + "/".join(path)))
writers = st.sampled_from(["", "alice", "*", "group:ops", "b?b"])
policies = st.builds(
    lambda allow, exceptions: Policy(tuple(allow), tuple(exceptions)),
    st.lists(st.builds(Allow, st.sampled_from(["*", "Deployment", "apps/*"]), paths, writers), max_size=3),
    st.lists(
        st.builds(
            lambda path, by, days: Exemption("*", "r", (NOW + timedelta(days=days)).date().isoformat(), "T", (path,) if path else (), by),
            paths, writers, st.integers(-2, 2),
        ),
        max_size=3,
    ),
)  # fmt: skip
subjects = st.lists(st.tuples(changes, actors), max_size=6, unique_by=lambda one: one[0].path)


@given(subjects, policies, st.booleans())
def test_one_decision_at_most_for_every_change_whatever_their_order(listed: list[tuple[Change, Actor]], policy: Policy, enforce: bool) -> None:
    def answer(order: list[tuple[Change, Actor]]) -> dict[Change, tuple[str, str]]:
        decisions = decided(Subject(WEB, tuple(order)), policy, enforce=enforce, now=NOW)
        told = [(change, (one.what, one.reason)) for one in decisions for change, _ in one.changes]
        assert len(told) == len(dict(told))
        return dict(told)

    first = answer(listed)
    assert first.keys() <= {change for change, _ in listed}
    assert answer(listed[::-1]) == first
    assert enforce or all(what != "revert" for what, _ in first.values())
    # Without drift nothing is decided.
    assert decided(Subject(WEB, ()), policy, enforce=enforce, now=NOW) == ()


@given(changes, st.sampled_from(["reported", "claimed", "unknown"]), policies)
def test_the_unknown_are_never_treated_as_authorised(change: Change, confidence: str, policy: Policy) -> None:
    """What is let be for somebody nobody has proven is let be for anybody at all: by rules without a writer."""
    anybody = Policy(
        tuple(rule for rule in policy.allow if not rule.writer), tuple(one for one in policy.exceptions if not one.by)
    )  # fmt: skip
    for name in ("alice", "bob", HPA.name):
        actor = Actor(name, ("ops",), confidence=confidence)
        if said(change, actor, policy) in ([], ["excepted"]):
            assert said(change, UNKNOWN, anybody) in ([], ["excepted"])


def test_every_default_names_a_writer_and_a_field() -> None:
    assert all(rule.writer and rule.path for rule in DEFAULTS)
