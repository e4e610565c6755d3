"""api-removed: a kind in a version that Kubernetes no longer serves."""

from gitguard.rules.rule import Rule, own_violations

RULE = Rule(
    id="api-removed",
    level="error",
    summary="A manifest uses an API version that this Kubernetes no longer serves",
    why="The API server has no such kind: the sync fails with `the server could not find the requested resource`.",
    fails=(
        (
            "cronjob.yaml",
            "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata:\n  name: report\nspec:\n  schedule: '0 6 * * *'\n  jobTemplate: {}\n",
        ),
    ),
    passes=(
        (
            "cronjob.yaml",
            "apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: report\nspec:\n  schedule: '0 6 * * *'\n  jobTemplate:\n"
            "    spec:\n"
            "      template:\n        spec:\n          restartPolicy: Never\n          containers:\n"
            "            - name: report\n              image: report:1\n",
        ),
    ),
    fix="Move to the API version that replaces it; set `kubernetes:` in .gitguard.yaml when your clusters are older.",
    check=own_violations("api-removed", "error"),
)
