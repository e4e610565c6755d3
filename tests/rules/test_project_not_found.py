"""project-not-found: a finding, a reason, or nothing to say."""

from tests.rules.applications import application, application_set, project


def test_a_missing_project_is_found_and_a_similar_one_suggested(repository) -> None:
    (finding,) = repository.write({"project.yaml": project(), "app.yaml": application(project="wbe")}).check().report["findings"]
    assert finding["rule"] == "project-not-found"
    assert (finding["path"], finding["pointer"], finding["line"]) == ("app.yaml", "/spec/project", 7)
    assert finding["application"] == "argocd/web"
    assert finding["fix"] == "did you mean `web`?"


def test_a_project_that_nothing_applies_is_named(repository) -> None:
    files = {"base/kustomization.yaml": "resources: [app.yaml, other.yaml]\n", "base/app.yaml": application(), "base/web.yaml": project()}
    (finding,) = repository.write({**files, "base/other.yaml": project("other")}).check().report["findings"]
    assert finding["rule"] == "project-not-found"
    assert finding["related"][0]["path"] == "base/web.yaml"
    assert "nothing applies this file" in finding["related"][0]["message"]


def test_without_any_project_the_verdict_is_undetermined_once(repository) -> None:
    result = repository.write({"a.yaml": application("a"), "b.yaml": application("b"), "c.yaml": application("c", project="default")}).check()
    assert result.code == 0
    (said,) = result.report["undetermined"]
    assert "declares no AppProject" in said["reason"]
    assert repository.check("--strict").code == 3


def test_default_always_exists_and_an_application_set_must_name_it(repository) -> None:
    repository.write({"p.yaml": project(), "a.yaml": application(project="default"), "b.yaml": application("b", project="")})
    assert repository.check().code == 0
    result = repository.write({"set.yaml": application_set(project="")}).check()
    assert result.rules() == ["project-not-found"]


def test_external_projects_are_known_and_not_judged(repository) -> None:
    repository.write({"p.yaml": project(), "a.yaml": application(project="platform"), ".gitguard.yaml": "external: {projects: [platform]}\n"})
    result = repository.check()
    assert result.code == 0
    assert "declared elsewhere" in result.report["undetermined"][0]["reason"]


def test_a_templated_project_is_undetermined(repository) -> None:
    result = repository.write({"p.yaml": project(), "set.yaml": application_set(project="{{metadata.labels.team}}")}).check()
    assert result.code == 0
    assert result.report["undetermined"][0]["object"]["name"] == "webs"
