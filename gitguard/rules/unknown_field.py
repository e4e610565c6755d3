"""unknown-field: a field that the kind does not have."""

from gitguard.rules.rule import Rule, own_violations

RULE = Rule(
    id="unknown-field",
    level="error",
    summary="A manifest has a field that its kind does not know",
    why=(
        "The API server drops fields that it does not know. A misspelt `clusterResourceWhiteList` in an AppProject permits nothing, a misspelt "
        "`securityContext` secures nothing, and nobody is told."
    ),
    fails=(
        (
            "project.yaml",
            "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata:\n  name: web\n  namespace: argocd\nspec:\n"
            "  clusterResourceWhiteList:\n    - group: ''\n      kind: Namespace\n",
        ),
    ),
    passes=(
        (
            "project.yaml",
            "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata:\n  name: web\n  namespace: argocd\nspec:\n"
            "  clusterResourceWhitelist:\n    - group: ''\n      kind: Namespace\n",
        ),
    ),
    fix="Use the name that the message suggests, or take the field out.",
    check=own_violations("unknown-field", "error"),
)
