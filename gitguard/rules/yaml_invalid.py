"""yaml-invalid: a file that Kubernetes can't read."""

from gitguard.rules.rule import Rule, own_violations

RULE = Rule(
    id="yaml-invalid",
    level="error",
    summary="A file is not YAML (or JSON) as Kubernetes reads it",
    why="Argo CD can't generate manifests for an Application with such a file: nothing of it is synced any more, with `ComparisonError`.",
    fails=(("config.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n\tnamespace: web\n"),),
    passes=(("config.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  namespace: web\n"),),
    fix="Mend the line; indent with spaces, quote text that starts with a special character.",
    check=own_violations("yaml-invalid", "error"),
)
