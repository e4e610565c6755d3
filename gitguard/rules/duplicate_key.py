"""duplicate-key: one key twice in a mapping."""

from gitguard.rules.rule import Rule, own_violations

RULE = Rule(
    id="duplicate-key",
    level="error",
    summary="A mapping has the same key twice",
    why="Kubernetes keeps one of the two values and drops the other without a word, or refuses the file: what you read is not what runs.",
    fails=(("config.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  mode: fast\n  mode: safe\n"),),
    passes=(("config.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  mode: safe\n"),),
    fix="Keep one of the two.",
    check=own_violations("duplicate-key", "error"),
)
