"""source-path-missing: which sources are looked for, and where."""

import pytest

from tests.rules.applications import application_set
from tests.rules.deploying import BASE, HERE, deploying, manifest, place, source

OBJECT = {"deploy/sub/a.yaml": manifest()}


@pytest.mark.parametrize("path", ["deploy", "deploy/", "./deploy", "deploy/sub", "deploy/../deploy"])
def test_a_folder_that_is_there_is_found_however_it_is_written(repository, path) -> None:
    assert repository.write({**BASE, **OBJECT, "a.yaml": deploying(path)}).check().rules() == []


@pytest.mark.parametrize(
    ("path", "message", "fix"),
    [
        ("deplyo", "is not in this repository", "did you mean deploy?"),
        ("deploy/sbu", "is not in this repository", "did you mean deploy/sub?"),
        ("elsewhere", "is not in this repository", "add the folder, or take the source out"),
        ("deploy/sub/a.yaml", "is a file, not a folder", ""),
    ],
)
def test_a_folder_that_is_not_there_is_one_finding_at_the_path(repository, path, message, fix) -> None:
    (finding,) = repository.write({**BASE, **OBJECT, "a.yaml": deploying(path)}).check().report["findings"]
    assert finding["rule"] == "source-path-missing"
    assert finding["message"] == f"the source's path `{path}` {message}"
    assert fix in finding["fix"]
    assert (place(finding), finding["pointer"], finding["application"]) == ("a.yaml:10", "/spec/source/path", "argocd/web")


def test_the_source_of_several_is_pointed_at(repository) -> None:
    sources = [source("deploy/sub"), {"repoURL": HERE, "ref": "values"}, source("gone")]
    (finding,) = repository.write({**BASE, **OBJECT, "a.yaml": deploying(sources=sources)}).check().report["findings"]
    assert (finding["pointer"], place(finding)) == ("/spec/sources/2/path", "a.yaml:18")


@pytest.mark.parametrize(
    "given",
    [
        {"repoURL": "https://github.com/example/other", "path": "gone"},
        {"repoURL": HERE, "path": "gone", "targetRevision": "release-1"},
        {"repoURL": HERE, "path": "gone", "targetRevision": "a" * 40},
        {"repoURL": "https://github.com/example/charts", "chart": "gone", "targetRevision": "1.0.0"},
    ],
)
def test_what_lies_elsewhere_or_at_another_revision_is_not_looked_for(repository, given) -> None:
    assert repository.write({**BASE, **OBJECT, "a.yaml": deploying(source=given)}).check().rules() == []


@pytest.mark.parametrize("revision", ["", "HEAD", "main", "master"])
def test_revisions_that_mean_what_is_judged_are_looked_at(repository, revision) -> None:
    given = source("gone", targetRevision=revision)
    assert repository.write({**BASE, **OBJECT, "a.yaml": deploying(source=given)}).check().rules() == ["source-path-missing"]


def test_the_urls_of_the_repository_are_compared_as_argo_cd_compares_them(repository) -> None:
    given = {"repoURL": "git@github.com:Example/Config.git", "path": "gone"}
    configuration = f"repository: {{urls: ['{HERE}', 'ssh://git@github.com/example/config']}}\n"
    repository.write({**BASE, **OBJECT, "a.yaml": deploying(source=given)})
    assert "source-path-missing" not in repository.check().rules()
    assert "source-path-missing" in repository.write({".gitguard.yaml": configuration}).check().rules()


def test_a_templated_path_is_judged_once_it_is_filled_in(repository) -> None:
    unknown = application_set(source=source("{{path}}"))
    assert repository.write({**BASE, **OBJECT, "set.yaml": unknown}).check().rules() == []
    listed = [{"list": {"elements": [{"name": "one", "path": "deploy/sub"}, {"name": "two", "path": "deploy/subs"}]}}]
    (finding,) = repository.write({"set.yaml": application_set(source=source("{{path}}"), generators=listed)}).check().report["findings"]
    assert (finding["rule"], finding["application"], finding["object"]["kind"]) == ("source-path-missing", "argocd/two-web", "ApplicationSet")
    assert finding["pointer"] == "/spec/template/spec/source/path"


def test_folders_behind_a_link_are_no_finding(repository) -> None:
    repository.write({**BASE, **OBJECT, "a.yaml": deploying("linked", name="one"), "b.yaml": deploying("linked/sub", name="two")})
    (repository.path / "linked").symlink_to("deploy")
    result = repository.write({}).check()
    assert (result.code, result.rules()) == (0, [])
    assert repository.write({"c.yaml": deploying("unlinked", name="three")}).check().code == 1


def test_a_submodule_is_no_finding_but_undetermined(repository, new_repository) -> None:
    library = new_repository("library")
    library.commit({"deploy/a.yaml": manifest()})
    repository.write({**BASE, "a.yaml": deploying("vendor", name="one"), "b.yaml": deploying("vendor/deploy", name="two")})
    repository.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library.path), "vendor")
    result = repository.check()
    assert (result.code, result.rules()) == (0, [])
    assert ["submodule" in item["reason"] for item in result.report["undetermined"]] == [True, True]


@pytest.mark.parametrize("path", ["../config", "/deploy"])
def test_a_path_that_argo_cd_refuses_as_such_is_one_finding_of_render_failed(repository, path) -> None:
    assert repository.write({**BASE, **OBJECT, "a.yaml": deploying(path)}).check().rules() == ["render-failed"]


def test_without_urls_no_source_is_this_repository(repository) -> None:
    repository.write({**BASE, **OBJECT, ".gitguard.yaml": "argocd: {version: '3.6'}\n", "a.yaml": deploying("gone")})
    assert repository.check().rules() == []
    repository.git("remote", "add", "origin", HERE)
    assert repository.check().rules() == ["source-path-missing"]


def test_hook_removing_the_last_file_of_a_folder_is_blocked_and_what_was_missing_before_is_not(repository) -> None:
    repository.commit({**BASE, **OBJECT, "a.yaml": deploying("deploy/sub"), "b.yaml": deploying("gone", name="old")})
    repository.git("rm", "-q", "deploy/sub/a.yaml")
    (finding,) = repository.gitguard("hook", "--format", "json").report["findings"]
    assert (finding["rule"], finding["path"], finding["application"]) == ("source-path-missing", "a.yaml", "argocd/web")
