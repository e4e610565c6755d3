"""api-deprecated: a kind in a version that Kubernetes is about to drop."""

from gitguard.rules.rule import Rule, own_violations

RULE = Rule(
    id="api-deprecated",
    level="warning",
    summary="A manifest uses an API version that Kubernetes has deprecated",
    why="It works today and stops with a later version of Kubernetes; the upgrade of the cluster then breaks the Application.",
    fails=(
        (".gitguard.yaml", 'kubernetes: "1.31"\n'),
        (
            "flow.yaml",
            "apiVersion: flowcontrol.apiserver.k8s.io/v1beta3\nkind: FlowSchema\nmetadata:\n  name: probes\nspec:\n"
            "  priorityLevelConfiguration:\n    name: exempt\n",
        ),
    ),
    passes=(
        (".gitguard.yaml", 'kubernetes: "1.31"\n'),
        (
            "flow.yaml",
            "apiVersion: flowcontrol.apiserver.k8s.io/v1\nkind: FlowSchema\nmetadata:\n  name: probes\nspec:\n"
            "  priorityLevelConfiguration:\n    name: exempt\n",
        ),
    ),
    fix="Move to the API version that replaces it.",
    check=own_violations("api-deprecated", "warning"),
)
