"""From an ApplicationSet to the Applications that Argo CD's applicationset controller makes of it, without a control plane."""

from gitguard.applicationsets.expand import expand
from gitguard.applicationsets.model import Cluster, Complaint, Context, Expansion, Generated, Unknown

__all__ = ["Cluster", "Complaint", "Context", "Expansion", "Generated", "Unknown", "expand"]
