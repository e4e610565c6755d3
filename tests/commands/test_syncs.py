"""Syncs that somebody had made to something else than git's word: who ordered them, what they are called, and that they are told of until answered."""

from typing import Any

from gitguard.commands.syncs import Syncs

OLD, NEW = "a" * 40, "b" * 40


def syncs() -> Syncs:
    made = Syncs(lambda older, newer: (older, newer) == (OLD, NEW), lambda commit: commit in (OLD, NEW))
    made.take("argocd/web", application("1", synced=NEW), 0.0, is_first=True)
    return made


def application(version: str, *, waiting: Any = None, state: Any = None, phase: str = "", synced: str = NEW, **metadata: Any) -> dict[str, Any]:
    status: dict[str, Any] = {"sync": {"status": "Synced", "revision": synced}}
    if state is not None:
        status["operationState"] = {"operation": state, "phase": phase, "startedAt": "2027-01-31T12:00:00Z", "syncResult": {"revision": OLD}}
    made = {"metadata": {"namespace": "argocd", "name": "web", "resourceVersion": version, **metadata}, "status": status}
    return {**made, "operation": waiting} if waiting is not None else made


def order(strategy: str = "hook") -> dict[str, Any]:
    """As Argo CD's API server writes it, with the source of the Application itself."""
    return {"initiatedBy": {"username": "alice"}, "sync": {"revision": OLD, "source": {"path": "web"}, "syncStrategy": {strategy: {}}}}


def out_of_date(version: str, state: Any) -> dict[str, Any]:
    made = application(version, state=state, phase="Succeeded", synced=OLD)
    made["status"]["sync"]["status"] = "OutOfSync"
    return made


def test_it_was_ordered_when_the_order_was_written_not_when_argo_cd_worked_on_it() -> None:
    following = syncs()
    asked = order()
    assert following.take("argocd/web", application("2", waiting=asked), 1.0) is None
    # While it runs, the order is there still, and Argo CD's controller writes to the object.
    assert following.take("argocd/web", application("3", waiting=asked, state=asked, phase="Running"), 2.0) is None
    assert following.take("argocd/web", application("4", waiting=asked, state=asked, phase="Running"), 3.0) is None
    found = following.take("argocd/web", out_of_date("5", asked), 4.0)
    assert found is not None
    assert (found.version, found.action) == ("2", "sync")
    # Once for each sync.
    assert following.take("argocd/web", out_of_date("6", asked), 5.0) is None


def test_only_a_rollback_is_called_one() -> None:
    following = syncs()
    found = following.take("argocd/web", out_of_date("2", order("apply")), 1.0)
    assert found is not None
    assert (found.action, found.reason) == ("rollback", f"a rollback to {OLD[:12]}, and git is at {NEW[:12]}")


def test_what_could_not_be_answered_is_told_again() -> None:
    following = syncs()
    assert following.take("argocd/web", out_of_date("2", order()), 1.0) is not None
    following.again("argocd/web")
    assert following.take("argocd/web", out_of_date("3", order()), 2.0) is not None


def test_whoever_writes_next_did_not_make_it_say_what_the_sync_left() -> None:
    following = syncs()
    assert following.take("argocd/web", out_of_date("2", order()), 1.0) is not None
    answer = {"sync": {"revision": NEW}}
    answered = {**out_of_date("3", order()), "operation": answer}
    assert following.take("argocd/web", answered, 2.0) is None
    assert following.moved == {}
    assert following.accepted["argocd/web"].revisions == (NEW,)
    # What says so anew, after it was right again, somebody made say so.
    following.take("argocd/web", application("4", state=answer, phase="Running"), 3.0)
    following.take("argocd/web", {**out_of_date("5", answer), "operation": answer}, 4.0)
    assert following.moved["argocd/web"].version == "5"


def test_an_application_that_is_going() -> None:
    following = syncs()
    assert not following.is_going("argocd/web")
    following.take("argocd/web", application("2", deletionTimestamp="2027-01-31T12:00:00Z"), 1.0)
    assert following.is_going("argocd/web")
    following.gone("argocd/web")
    assert not following.is_going("argocd/web")
