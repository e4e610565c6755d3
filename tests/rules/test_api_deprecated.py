"""api-deprecated: a warning, which fails only when asked to."""

FLOW = (
    "apiVersion: flowcontrol.apiserver.k8s.io/v1beta3\nkind: FlowSchema\nmetadata: {name: a}\nspec:\n  priorityLevelConfiguration: {name: exempt}\n"
)


def test_a_warning_fails_only_when_asked_to(repository) -> None:
    repository.write({"a.yaml": FLOW, ".gitguard.yaml": 'kubernetes: "1.30"\n'})
    assert repository.check().code == 0
    result = repository.check("--fail-on", "warning")
    assert (result.code, result.rules()) == (1, ["api-deprecated"])
    assert "removed in 1.32" in result.report["findings"][0]["message"]
