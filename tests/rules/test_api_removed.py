"""api-removed: by the configured version of Kubernetes."""

HPA = "apiVersion: autoscaling/v2beta2\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}\nspec:\n  maxReplicas: 3\n  scaleTargetRef: {kind: Deployment, name: a}\n"


def test_the_configured_version_decides(repository) -> None:
    repository.write({"a.yaml": HPA})
    (finding,) = repository.check().report["findings"]
    assert (finding["rule"], finding["pointer"], finding["line"]) == ("api-removed", "/apiVersion", 1)
    assert finding["fix"] == "use autoscaling/v2 HorizontalPodAutoscaler"
    repository.write({".gitguard.yaml": 'kubernetes: "1.25"\n'})
    assert repository.check().rules() == ["api-deprecated"]
