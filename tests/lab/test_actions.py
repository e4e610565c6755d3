"""Every way past git: whatever somebody does is found, laid at the right door, and put back or logged, as docs/actions.md has it."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from tests.conftest import ROOT, Repository
from tests.lab.acting import Outcome, acted
from tests.lab.actions import Action
from tests.lab.api_actions import ACTIONS
from tests.lab.argocd import ArgoCD
from tests.lab.controlplane import ControlPlane
from tests.lab.ground import laid
from tests.lab.watch import Watch, watch

LAB = [pytest.mark.testbed, pytest.mark.install, pytest.mark.xdist_group("actions")]
EACH = pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
# In whose name something is written beside alice.
PARTS = ("system:serviceaccount:argocd:argocd-server", "system:serviceaccount:argocd:argocd-application-controller")


class Acted(NamedTuple):
    """What came of every action, and the watch that answered them."""

    outcomes: Mapping[str, Outcome]
    running: Watch


@pytest.fixture(scope="module")
def done(plane: ControlPlane, argo: ArgoCD, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acted]:
    """All of them done, once, beside a watch in mode enforce."""
    folder = tmp_path_factory.mktemp("actions")
    config = Repository(folder / "config", folder / "home")
    on = laid(plane, argo, config, folder, {action.name: action.needs for action in ACTIONS})
    with watch(plane, config, folder) as running:
        yield Acted(acted(on, running, ACTIONS), running)


def told(action: Action, incident: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(incident[name] for name in ("action", "severity", "decision")), tuple(
        incident["actor"][name] for name in ("name", "confidence", "via")
    )


class TestActions:
    pytestmark = LAB

    @EACH
    def test_it_is_found_and_laid_at_the_right_door(self, done: Acted, action: Action) -> None:
        outcome = done.outcomes[action.name]
        assert outcome.error == ""
        if not action.decision:
            assert outcome.incidents == ()
            return
        expected = (action.action, action.severity, action.decision), tuple(action.who)
        found = [told(action, incident) for incident in outcome.incidents]
        # Of a shell there are several requests where the first way into a pod fails.
        assert found.count(expected) >= action.times if action.decision == "logged" else found.count(expected) == action.times, found
        # What Argo CD does for her is told as that; nobody else is accused of anything.
        assert {incident["actor"]["name"] for incident in outcome.incidents} <= {"alice", *PARTS}
        forgeries = [told for told in found if told[0] == ("other", "high", "logged") and told != expected]
        assert bool(forgeries) == action.forged

    @pytest.mark.parametrize("action", [action for action in ACTIONS if action.decision == "reverted"], ids=lambda action: action.name)
    def test_what_git_says_is_there_again(self, done: Acted, action: Action) -> None:
        outcome = done.outcomes[action.name]
        assert outcome.is_back
        assert all(incident["reverted_at"] for incident in outcome.incidents if incident["decision"] == "reverted")

    def test_the_ledger_is_intact(self, done: Acted) -> None:
        done.running.verified()


def test_the_table_in_the_documentation_has_every_action_and_no_other() -> None:
    rows = [line.split(" | ")[0].removeprefix("| ") for line in (ROOT / "docs" / "actions.md").read_text().splitlines() if line.startswith("| ")]
    assert rows[0] == "action"
    assert rows[1:] == [action.shown for action in ACTIONS]
