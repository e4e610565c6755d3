"""destination-not-permitted: the field that is wrong, and what is not known."""

from tests.rules.applications import application, application_set, project

SERVER = "https://prod.example:6443"


def test_the_field_that_is_wrong_is_pointed_at(repository) -> None:
    files = {"p.yaml": project(), "a.yaml": application(destination={"server": "https://kubernetes.default.svc", "namespace": "payments"})}
    (finding,) = repository.write(files).check().report["findings"]
    assert finding["pointer"] == "/spec/destination/namespace"
    (finding,) = repository.write({"a.yaml": application(destination={"server": SERVER, "namespace": "web-prod"})}).check().report["findings"]
    assert finding["pointer"] == "/spec/destination/server"
    assert finding["related"][0]["path"] == "p.yaml"


def test_a_cluster_name_without_a_known_server_is_undetermined_until_it_is_known(repository) -> None:
    files = {
        "p.yaml": project(destinations=[{"server": SERVER, "namespace": "*"}]),
        "a.yaml": application(destination={"name": "prod", "namespace": "web"}),
    }
    result = repository.write(files).check()
    assert result.code == 0
    assert "the server of cluster prod is not known" in result.report["undetermined"][0]["reason"]
    assert repository.write({".gitguard.yaml": f"clusters: [{{name: prod, server: '{SERVER}/'}}]\n"}).check().report["undetermined"] == []
    assert repository.write({".gitguard.yaml": "clusters: [{name: prod, server: 'https://other'}]\n"}).check().rules() == [
        "destination-not-permitted"
    ]


def test_a_cluster_secret_of_the_repository_makes_a_cluster_known(repository) -> None:
    secret = (
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: prod\n  labels: {argocd.argoproj.io/secret-type: cluster}\n"
        f'stringData:\n  name: prod\n  server: {SERVER}\n  config: \'{{"bearerToken": "t0ken"}}\'\n'
    )
    files = {
        "p.yaml": project(destinations=[{"name": "prod", "namespace": "web"}]),
        "a.yaml": application(destination={"server": SERVER, "namespace": "web"}),
    }
    result = repository.write({**files, "secret.yaml": secret}).check()
    assert (result.code, result.report["undetermined"]) == (0, [])
    cached = b"".join(file.read_bytes() for file in (repository.path.parent / "home").rglob("*") if file.is_file())
    assert b"t0ken" not in cached


def test_templates_are_judged_where_every_value_gives_the_same_verdict(repository) -> None:
    templated = {"server": "{{server}}", "namespace": "payments"}
    repository.write({"p.yaml": project(destinations=[{"server": "*", "namespace": "web-*"}]), "set.yaml": application_set(destination=templated)})
    (finding,) = repository.check().report["findings"]
    assert (finding["object"]["kind"], finding["pointer"]) == ("ApplicationSet", "/spec/template/spec/destination/namespace")
    repository.write({"set.yaml": application_set(destination={"server": "{{server}}", "namespace": "web-a"})})
    assert repository.check().report["undetermined"] == []
    repository.write({"set.yaml": application_set(destination={"server": "{{server}}", "namespace": "{{namespace}}"})})
    assert "templated" in repository.check().report["undetermined"][0]["reason"]


def test_what_a_generator_or_a_patch_replaces_is_undetermined(repository) -> None:
    bad = {"server": "https://kubernetes.default.svc", "namespace": "payments"}
    generator = [{"list": {"elements": [], "template": {"metadata": {}, "spec": {"destination": {"namespace": "web-a"}}}}}]
    repository.write({"p.yaml": project(), "set.yaml": application_set(destination=bad, generators=generator)})
    assert "templated" in repository.check().report["undetermined"][0]["reason"]
    repository.write({"set.yaml": application_set(destination=bad, patch="spec:\n  destination:\n    namespace: web-a\n")})
    assert "templated" in repository.check().report["undetermined"][0]["reason"]


def test_several_projects_of_one_name_deny_only_together(repository) -> None:
    bad = application(destination={"server": "https://kubernetes.default.svc", "namespace": "payments"})
    files = {"a/p.yaml": project(), "b/p.yaml": project(destinations=[{"server": "*", "namespace": "*"}]), "app.yaml": bad}
    result = repository.write(files).check()
    assert "disagree" in result.report["undetermined"][0]["reason"]
    configured = "environments: {a: {paths: [a]}, b: {paths: [b]}}\n"
    repository.write({".gitguard.yaml": configured, "a/app.yaml": bad, "app.yaml": "a: 1\n"})
    assert repository.check().rules() == ["destination-not-permitted"]
    assert repository.write({"b/p.yaml": project(destinations=[])}).check().rules() == ["destination-not-permitted"]
