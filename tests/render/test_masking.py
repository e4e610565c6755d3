"""What is masked, and that nothing else is changed."""

import pytest

from gitguard.render.masking import masked, quiet


def test_the_values_of_a_secret_keep_their_types_and_keys() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "data": {"a": "aGk=", "n": 5, "empty": ""}, "stringData": {"b": "x", "flag": True}}
    assert masked(secret) == {**secret, "data": {"a": "Kioq", "n": 0, "empty": ""}, "stringData": {"b": "***", "flag": True}}


@pytest.mark.parametrize(
    ("name", "hidden"), [("DB_PASSWORD", True), ("API_KEY", True), ("githubToken", True), ("LOG_LEVEL", False), ("KEYBOARD", False)]
)
def test_variables_named_like_credentials_are_masked_wherever_they_are(name, hidden) -> None:
    pod = {"kind": "Pod", "spec": {"containers": [{"env": [{"name": name, "value": "v"}, {"name": name, "valueFrom": {"x": "y"}}]}]}}
    assert masked(pod)["spec"]["containers"][0]["env"] == [{"name": name, "value": "***" if hidden else "v"}, {"name": name, "valueFrom": {"x": "y"}}]


def test_other_objects_are_left_alone() -> None:
    config = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"password": "visible: a ConfigMap is no secret"}}
    assert masked(config) == config


@pytest.mark.parametrize("message", ["password: hunter2", 'token = "hunter2"', "bad with config: `\nliterals:\n- k=hunter2`: no"])
def test_messages_keep_no_credentials(message) -> None:
    assert "hunter2" not in quiet(message)
