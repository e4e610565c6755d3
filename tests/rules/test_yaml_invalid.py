"""yaml-invalid: places and neighbours."""

import pytest

GOOD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: good\n"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"a: 1\nb: \xff\n", 2),
        (b"a:\n\tb: 1\n", 2),
        (b"a: 1\nb: x\x00\n", 2),
        (b"a: [\n", 2),
        (b"x" * 10 + b": {" * 3000, 1),
    ],
)
def test_a_broken_file_has_a_line_and_does_not_lose_the_others(repository, content: bytes, line: int) -> None:
    repository.write({"broken.yaml": content, "good.yaml": GOOD.replace("name: good", "name: good\n  labels: text")})
    result = repository.check()
    assert result.code == 1
    broken = next(finding for finding in result.report["findings"] if finding["rule"] == "yaml-invalid")
    assert (broken["path"], broken["line"]) == ("broken.yaml", line)
    assert "manifest-invalid" in result.rules()


def test_templates_that_are_no_yaml_are_skipped_with_their_reason(repository) -> None:
    repository.write({"a.yaml": "<#list x as y>\nname: ${y}\n</#list>\n", "b.yaml": "{{- if .Values.x }}\na: 1\n{{- end }}\n", "good.yaml": GOOD})
    result = repository.check()
    assert result.code == 0
    assert {(skip["path"], "template" in skip["reason"]) for skip in result.report["skipped"]} == {("a.yaml", True), ("b.yaml", True)}


def test_json_that_is_no_manifest_is_skipped(repository) -> None:
    result = repository.write({"tsconfig.json": '{\n  // a comment\n  "a": 1,\n}\n', "good.yaml": GOOD}).check()
    assert result.code == 0
