"""application-invalid: Argo CD's own checks, on Applications and on what of a template is not replaced."""

from tests.rules.applications import application, application_set, project

BOTH = {"server": "https://kubernetes.default.svc", "name": "in-cluster", "namespace": "web-prod"}


def test_both_ways_to_name_a_cluster_are_refused(repository) -> None:
    (finding,) = repository.write({"p.yaml": project(), "a.yaml": application(destination=BOTH)}).check().report["findings"]
    assert (finding["rule"], finding["pointer"]) == ("application-invalid", "/spec/destination/name")
    assert "can't have both name and server" in finding["message"]


def test_a_template_is_judged_where_nothing_replaces_the_field(repository) -> None:
    repository.write({"p.yaml": project(), "set.yaml": application_set(destination=BOTH)})
    assert repository.check().rules() == ["application-invalid"]
    repository.write({"set.yaml": application_set(destination=BOTH, patch="spec:\n  destination: {}\n")})
    assert "application-invalid" not in repository.check().rules()
