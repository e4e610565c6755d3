"""Facts as one line of JSON and back: what a worker sends home and what the cache keeps. decode(encode(x)) == x."""

import json
from typing import Any

from gitguard.model.files import FileFacts, ObjectFacts, Violation
from gitguard.model.suppression import Suppression

_encoder = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))


def encode(facts: FileFacts) -> str:
    """One line without newlines."""
    objects = [[o.document, o.prefix, o.api_version, o.kind, o.namespace, o.name, o.schema, o.content, o.in_values] for o in facts.objects]
    violations = [[v.rule, v.pointer, v.message, v.fix, v.line, v.column, v.document] for v in facts.violations]
    rest = [facts.skipped, facts.kustomization, facts.declares, facts.custom_resources, facts.suppressions, facts.cacheable]
    return _encoder.encode([objects, violations, *rest])


def decode_all(texts: list[str]) -> list[FileFacts]:
    """Many at once: one call of the JSON parser is much cheaper than thousands. Raises ValueError on anything that encode did not write."""
    return [_decoded(row) for row in json.loads(f"[{','.join(texts)}]")]


def _decoded(row: list[Any]) -> FileFacts:
    objects, violations, skipped, kustomization, declares, custom_resources, suppressions, cacheable = row
    return FileFacts(
        tuple(ObjectFacts(*fields) for fields in objects),
        tuple(Violation(*fields) for fields in violations),
        tuple(skipped),
        kustomization,
        tuple(declares),
        tuple(custom_resources),
        tuple(Suppression(line, document, covers, tuple(rules), *words) for line, document, covers, rules, *words in suppressions),
        cacheable,
    )
