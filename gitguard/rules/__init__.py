"""One file a rule, and two tuples that say which there are. A rule names fields; the engine finds lines."""

from gitguard.rules import (
    api_deprecated,
    api_removed,
    application_invalid,
    application_namespace_not_permitted,
    destination_not_permitted,
    duplicate_key,
    manifest_invalid,
    project_not_found,
    source_not_permitted,
    unknown_field,
    yaml_invalid,
)
from gitguard.rules.rule import Rule

MANIFEST_RULES: tuple[Rule, ...] = (
    yaml_invalid.RULE,
    duplicate_key.RULE,
    manifest_invalid.RULE,
    unknown_field.RULE,
    api_removed.RULE,
    api_deprecated.RULE,
)

APPLICATION_RULES: tuple[Rule, ...] = (
    application_invalid.RULE,
    project_not_found.RULE,
    source_not_permitted.RULE,
    destination_not_permitted.RULE,
    application_namespace_not_permitted.RULE,
)

RULES: tuple[Rule, ...] = MANIFEST_RULES + APPLICATION_RULES

__all__ = ["APPLICATION_RULES", "MANIFEST_RULES", "RULES", "Rule"]
