"""One file a rule, and tuples that say which there are. A rule names fields; the engine finds lines."""

from gitguard.rules import (
    api_deprecated,
    api_removed,
    application_deleted,
    application_invalid,
    application_namespace_not_permitted,
    applicationset_invalid,
    cluster_resource_not_permitted,
    deny_without_effect,
    destination_not_permitted,
    duplicate_key,
    duplicate_object,
    entry_never_matches,
    environment_access,
    gate_weakened,
    helm_dependency_not_permitted,
    manifest_invalid,
    namespace_creation_not_permitted,
    namespaced_resource_not_permitted,
    project_invalid,
    project_not_found,
    project_widened,
    render_failed,
    resource_namespace_not_permitted,
    resources_pruned,
    role_policy_invalid,
    shared_resource,
    source_not_permitted,
    source_path_missing,
    suppression_expired,
    suppression_invalid,
    suppression_unused,
    sync_window_invalid,
    unknown_field,
    yaml_invalid,
)
from gitguard.rules.change_rule import ChangeRule
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

OBJECT_RULES: tuple[Rule, ...] = (
    source_path_missing.RULE,
    applicationset_invalid.RULE,
    render_failed.RULE,
    cluster_resource_not_permitted.RULE,
    namespaced_resource_not_permitted.RULE,
    resource_namespace_not_permitted.RULE,
    namespace_creation_not_permitted.RULE,
    helm_dependency_not_permitted.RULE,
    duplicate_object.RULE,
    shared_resource.RULE,
)

PROJECT_RULES: tuple[Rule, ...] = (
    project_invalid.RULE,
    sync_window_invalid.RULE,
    role_policy_invalid.RULE,
    deny_without_effect.RULE,
    entry_never_matches.RULE,
)

RULES: tuple[Rule, ...] = MANIFEST_RULES + APPLICATION_RULES + OBJECT_RULES + PROJECT_RULES

# About the change itself; only `gitguard ci` asks them.
CHANGE_RULES: tuple[ChangeRule, ...] = (
    gate_weakened.RULE,
    environment_access.RULE,
    project_widened.RULE,
    application_deleted.RULE,
    resources_pruned.RULE,
)

# About what is accepted of what all others find; asked when these have been.
SUPPRESSION_RULES: tuple[Rule, ...] = (suppression_invalid.RULE, suppression_expired.RULE, suppression_unused.RULE)

CATALOGUE: tuple[Rule | ChangeRule, ...] = RULES + CHANGE_RULES + SUPPRESSION_RULES

__all__ = [
    "APPLICATION_RULES",
    "CATALOGUE",
    "CHANGE_RULES",
    "MANIFEST_RULES",
    "OBJECT_RULES",
    "PROJECT_RULES",
    "RULES",
    "SUPPRESSION_RULES",
    "ChangeRule",
    "Rule",
]
