"""One minute of the soak: controllers that write, commits that are synced, and a person who edits."""

from pathlib import Path

import pytest

from tests.lab.argocd import ArgoCD
from tests.lab.controlplane import ControlPlane
from tests.lab.soak import soak, steady

pytestmark = [pytest.mark.testbed, pytest.mark.install, pytest.mark.xdist_group("soak")]


def test_what_controllers_write_stays_and_what_a_person_edits_is_put_back(plane: ControlPlane, argo: ArgoCD, tmp_path: Path) -> None:
    done = soak(plane, argo, tmp_path, minutes=1)
    assert done.wrong == ()
    assert len(done.edits) - done.overwritten >= 5
    assert done.commits >= 3
    assert steady(done.weights) < 1.5
