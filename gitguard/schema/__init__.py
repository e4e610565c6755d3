"""Manifests against schemas: Kubernetes' own, Argo CD's, and those of the CustomResourceDefinitions in the repository."""

from gitguard.schema.lifecycle import aging
from gitguard.schema.schemas import Schemas, SchemaViolation

__all__ = ["SchemaViolation", "Schemas", "aging"]
