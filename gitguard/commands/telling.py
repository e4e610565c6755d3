"""What the watch of one cluster tells of itself: to whoever reads its log, and to whoever scrapes its metrics."""

from gitguard.edges.logs import Log
from gitguard.edges.metrics import Metrics
from gitguard.model.drift import Drift, ObjectKey
from gitguard.reconciler.desired import shown


class Telling:
    """Names, times and decisions; no value of any object."""

    def __init__(self, cluster: str, metrics: Metrics, log: Log) -> None:
        self._cluster, self._metrics, self._log = cluster, metrics, log

    def drifted(self, found: Drift) -> None:
        """Something was found, and decided."""
        self._metrics.drifted(self._cluster, found.key.kind, found.action, found.decision, found.severity)
        self._log.warning(
            "drift", incident=found.id, object=shown(found.key), action=found.action, severity=found.severity, decision=found.decision,
            reason=found.reason, actor=found.actor.name, via=found.actor.via, confidence=found.actor.confidence,
            fields=", ".join(change.path for change in found.changes[:10]), changed_at=found.changed_at or None,
        )  # fmt: skip

    def acted(self, found: Drift, act: str, result: str, seconds: float) -> None:
        """Something was done."""
        self._metrics.acted(self._cluster, act, result)
        if result == "reverted":
            self._metrics.reverted(self._cluster, seconds)
        tell = self._log.info if result == "reverted" else self._log.warning
        tell("act", incident=found.id, object=shown(found.key), act=act, result=result, seconds=round(seconds, 4))

    def alerted(self, what: str, reason: str) -> None:
        """Somebody has to look."""
        self._metrics.alerted(self._cluster, what)
        if what == "ledger":
            self._metrics.unrecorded(self._cluster)
        self._log.error(what, reason=reason)

    def returned(self, key: ObjectKey) -> None:
        """An object is as git has it again."""
        self._log.info("returned", object=shown(key))

    def audited(self) -> None:
        """An audit event came."""
        self._metrics.audited(self._cluster)

    def missed(self, why: str) -> None:
        """There is a gap in what is told."""
        self._metrics.missed(self._cluster, "audit" if "audit" in why else "watch")
        self._log.warning("gap", reason=why)

    def restarted(self, kind: str, why: str) -> None:
        """A watch broke off."""
        self._metrics.restarted(self._cluster, kind, "broken")
        self._log.warning("watch", kind=kind, reason=why)
