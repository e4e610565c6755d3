"""What Argo CD was told to sync, by an Application's own fields."""

from typing import Any

from gitguard.reconciler.operations import Operation, answer, operation

OLD, NEW = "a" * 40, "b" * 40


def state(phase: str = "Succeeded", **sync: Any) -> dict[str, Any]:
    return {"status": {"operationState": {"phase": phase, "startedAt": "2027-01-31T12:00:00Z", "operation": {"sync": sync}}}}


def test_what_waits_goes_before_what_ran() -> None:
    waiting = {**state(revision=NEW), "operation": {"initiatedBy": {"username": "alice"}, "sync": {"revision": OLD}}}
    assert operation(waiting) == Operation((OLD,), "", automated=False, local=False, partial=False, back=False, is_running=True)
    assert operation(state(revision=NEW)) == Operation((NEW,), "2027-01-31T12:00:00Z", False, False, False, False, False)
    assert operation({}) is None
    assert operation({"status": {"operationState": {"operation": {"retry": {}}}}}) is None


def test_what_it_was() -> None:
    assert operation(state("Running", revision=NEW)) == operation(state("Terminating", revision=NEW))
    assert operation(state(manifests=["{}"])).local  # type: ignore[union-attr]
    assert operation(state(resources=[{"kind": "ConfigMap", "name": "a"}])).partial  # type: ignore[union-attr]
    assert operation(state(revision=OLD, source={"path": "web"}, syncStrategy={"apply": {}})).back  # type: ignore[union-attr]
    # As every sync by Argo CD's API is.
    assert not operation(state(revision=OLD, source={"path": "web"}, syncStrategy={"hook": {}})).back  # type: ignore[union-attr]
    assert not operation(state(revision=OLD, source={"path": "web"})).back  # type: ignore[union-attr]
    assert operation(state(revisions=[OLD, NEW])).revisions == (OLD, NEW)  # type: ignore[union-attr]
    assert operation(state(dryRun=True, revision=OLD)) is None


def test_nonsense_is_no_operation() -> None:
    """Whoever may patch Applications may write anything there."""
    for nonsense in (
        {"operation": "x"},
        {"operation": {"sync": []}},
        {"status": []},
        {"status": {"operationState": {"operation": {"sync": {"revisions": 3}}}}},
    ):
        assert operation(nonsense) in (None, Operation((), "", False, False, False, False, False))


def test_the_answer_is_a_sync_as_git_has_it() -> None:
    app = {"spec": {"syncPolicy": {"automated": {"prune": True}, "syncOptions": ["CreateNamespace=true"]}, "source": {"path": "web"}}}
    made = answer(app, [NEW], "system:serviceaccount:gitguard:gitguard")
    assert made["sync"] == {"syncStrategy": {"hook": {}}, "prune": True, "revision": NEW, "syncOptions": ["CreateNamespace=true"]}
    assert made["initiatedBy"] == {"username": "system:serviceaccount:gitguard:gitguard"}
    assert "initiatedBy" not in answer(app, [NEW], "")
    several = answer({"spec": {"sources": [{}, {}]}}, [OLD, NEW], "")
    assert several["sync"]["revisions"] == [OLD, NEW]
