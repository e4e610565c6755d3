"""source-not-permitted: every source, both places, no credentials in the message."""

from tests.rules.applications import application, application_set, project


def test_each_source_is_asked_and_the_denying_list_is_shown(repository) -> None:
    sources = [
        {"repoURL": "https://github.com/example/web", "path": "a"},
        {"repoURL": "https://charts.example/x", "chart": "x", "targetRevision": "1"},
    ]
    (finding,) = repository.write({"project.yaml": project(), "app.yaml": application(sources=sources)}).check().report["findings"]
    assert (finding["rule"], finding["pointer"]) == ("source-not-permitted", "/spec/sources/1/repoURL")
    (related,) = finding["related"]
    assert (related["path"], related["line"]) == ("project.yaml", 7)
    assert "permits only `https://github.com/example/*`" in related["message"]


def test_credentials_of_a_url_are_not_printed(repository) -> None:
    source = {"repoURL": "https://bot:s3cret@github.com/elsewhere/web", "path": "a"}
    result = repository.write({"project.yaml": project(), "app.yaml": application(source=source)}).check()
    assert result.rules() == ["source-not-permitted"]
    assert "s3cret" not in result.out
    cached = b"".join(file.read_bytes() for file in (repository.path.parent / "home").rglob("*") if file.is_file())
    assert b"s3cret" not in cached


def test_a_templated_url_is_undetermined_unless_everything_is_permitted(repository) -> None:
    files = {"set.yaml": application_set(source={"repoURL": "{{repo}}", "path": "a"})}
    assert "repoURL is templated" in repository.write({**files, "p.yaml": project()}).check().report["undetermined"][0]["reason"]
    assert repository.write({"p.yaml": project(sourceRepos=["*"])}).check().report["undetermined"] == []
    assert repository.write({"p.yaml": project(sourceRepos=[])}).check().rules() == ["source-not-permitted"]
