"""Do everything that people do past git, beside gitguard and beside Argo CD's selfHeal alone, and write docs/actions.md of what came of it.

Usage: python scripts/record_actions.py
"""

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.conftest import Repository  # noqa: E402
from tests.lab.acting import Outcome, acted, healed, places  # noqa: E402
from tests.lab.actions import Action  # noqa: E402
from tests.lab.api_actions import ACTIONS  # noqa: E402
from tests.lab.argocd import argocd  # noqa: E402
from tests.lab.conftest import argo_crds  # noqa: E402
from tests.lab.controlplane import controlplane, let_people_in  # noqa: E402
from tests.lab.ground import Ground, laid  # noqa: E402
from tests.lab.watch import watch  # noqa: E402
from tests.oracle import beds  # noqa: E402

# How long Argo CD has for each action.
WITHIN = 10.0
# Its pause grows with every change to what one Application deploys, and many rows share one.
HASTY = {f"ARGOCD_APPLICATION_CONTROLLER_SELF_HEAL_BACKOFF_{name}": "1" for name in ("TIMEOUT_SECONDS", "FACTOR", "CAP_SECONDS")}
HEAD = f"""# What people do past git

Everything below was done by alice, a user with all permissions, on a real API server with a real Argo CD, each to an object of its own:
once beside `gitguard reconcile --mode enforce`, and once where Argo CD alone was to answer, with automated sync and selfHeal for every
Application, also the one that deploys the Applications, AppProjects and settings. `scripts/record_actions.py` does it and writes this file.

* *found*: what the incident in `gitguard report` says was done, and how severe it is.
* *who*: whom it names, how sure that is, and by what way. Argo CD's API server writes with an account of its own. Where Argo CD says for whom,
  that is joined to the very version (corroborated) or to the object (a hint, whose confidence is unknown); where it does not, its account is named.
* *decision*: put back, or logged, as the policy has it by default.
* *ms*: from the change to git's word being back, by the ledger; of several changes the longest. Syncs are answered when they are over: then it is
  the time until Argo CD was told to sync to git's revision.
* *selfHeal*: whether the objects were as before within {WITHIN:g} seconds. Argo CD waits longer before each time that it heals an Application (2 s,
  then three times as long, up to 300 s); here it was told to wait 1 s each time.

| action | found | who | decision | ms | selfHeal |
|---|---|---|---|---|---|
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        needs = {action.name: action.needs for action in ACTIONS}
        with _ground(folder / "enforced", needs, heals=False) as on, watch(on.plane, on.config, on.folder) as running:
            enforced = acted(on, running, ACTIONS)
            running.verified()
        with _ground(folder / "healed", needs, heals=True) as on, watch(on.plane, on.config, on.folder, mode="observe"):
            alone = healed(on, ACTIONS, WITHIN)
    rows = [_row(action, enforced[action.name], alone[action.name]) for action in ACTIONS]
    (ROOT / "docs" / "actions.md").write_text(HEAD + "".join(rows))


@contextmanager
def _ground(folder: Path, needs: Mapping[str, str], *, heals: bool) -> Iterator[Ground]:
    for name in ("plane", "argocd", "scratch"):
        (folder / name).mkdir(parents=True)
    with controlplane(beds.build("controlplane"), folder / "plane") as plane:
        let_people_in(plane)
        with argocd(beds.build("controllers"), beds.helm(), argo_crds(), plane, folder / "argocd", **(HASTY if heals else {})) as argo:
            yield laid(plane, argo, Repository(folder / "config", folder / "home"), folder / "scratch", needs, heals=heals)


def _row(action: Action, enforced: Outcome, alone: Outcome) -> str:
    mine = [one for one in enforced.incidents if (one["action"], one["decision"]) == (action.action, action.decision)]
    mine = [one for one in mine if one["severity"] == action.severity and one["actor"]["name"] == action.who.name]
    if not mine:
        found, who, decision = ("no: none of git's business" if not action.decision else "**no**"), "", "left alone"
    else:
        one, actor = mine[-1], mine[-1]["actor"]
        times = f", {len(mine)} times" if len(mine) > 1 else ""
        found, decision = f"{one['action']}, {one['severity']}{times}", one["decision"] if enforced.is_back else "**not back**"
        who = f"{actor['name']}, {actor['confidence']}, {actor['via']}"
    seconds = [one["exposure_seconds"] for one in mine if one["exposure_seconds"] is not None]
    return f"| {action.shown} | {found} | {who} | {decision} | {round(max(seconds) * 1000) if seconds else ''} | {_healed(action, alone)} |\n"


def _healed(action: Action, alone: Outcome) -> str:
    if not places(action):
        return ""
    if any(word in alone.error.lower() for word in ("auto-sync", "automatic sync")):
        return "refused while sync is automated"
    if alone.error:
        return "could not be done"
    return "no" if alone.seconds is None else f"put back after {alone.seconds:.1f} s"


if __name__ == "__main__":
    main()
