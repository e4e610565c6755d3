"""manifest-invalid: an object that the API server would refuse."""

from gitguard.rules.rule import Rule, own_violations

RULE = Rule(
    id="manifest-invalid",
    level="error",
    summary="A manifest does not fit the schema of its kind",
    why=(
        "The API server refuses the object, and the sync of the Application that holds it fails. Judged with Kubernetes' own schemas, "
        "Argo CD's, and those of the CustomResourceDefinitions in the repository and of what it deploys."
    ),
    fails=(("service.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports:\n    - port: http\n"),),
    passes=(("service.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports:\n    - port: 80\n"),),
    fix="Give the field the type and the value that the message names.",
    check=own_violations("manifest-invalid", "error"),
)
