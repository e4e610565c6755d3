"""The renderer with input that means harm: nothing is executed, read or sent that should not be, and nobody else has to wait."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gitguard.edges import confined, tools
from gitguard.edges.confined import Limits
from gitguard.edges.crew import crew
from tests.render.conftest import Bench, application, bench, chart, config_map  # noqa: F401

GOOD = {"good/kustomization.yaml": "resources: [a.yaml]\n", "good/a.yaml": config_map("good")}
CHART = {"bad/Chart.yaml": "apiVersion: v2\nname: bad\nversion: 1.0.0\n"}
MEMORY = 1 << 30


def bad_and_good(bench: Bench, limits: Limits) -> tuple[str, list[str]]:  # noqa: F811
    """What is said of the Application `bad`, and the objects of `good` beside it."""
    first, second = bench.render([application({"path": "bad"}, "bad"), application({"path": "good"}, "good")], limits=limits)
    assert not list(bench.scratch.iterdir())
    return first.failure, [item.name for item in second.objects]


LOOP = "{{ range $a := until 100000 }}{{ range $b := until 100000 }}{{ range $c := until 100000 }}{{ end }}{{ end }}{{ end }}"


def test_a_chart_that_never_ends_is_stopped_and_the_others_are_rendered(bench) -> None:  # noqa: F811
    bench.repository.write({**GOOD, **CHART, "bad/templates/x.yaml": LOOP})
    started = time.monotonic()
    failure, good = bad_and_good(bench, Limits(seconds=3))
    assert "did not end within 3 seconds" in failure
    assert good == ["good"]
    assert time.monotonic() - started < 30


def test_charts_after_one_that_never_ends_are_rendered_by_a_new_process(bench) -> None:  # noqa: F811
    bench.repository.write({**CHART, "bad/templates/x.yaml": LOOP})
    names = [f"c{number}" for number in range(4)]
    for name in names:
        bench.repository.write(
            {f"{name}/Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n", f"{name}/templates/x.yaml": config_map(name)}
        )
    results = bench.render([application({"path": "bad"}), *(application({"path": name}) for name in names)], limits=Limits(seconds=3))
    assert [item.name for result in results for item in result.objects] == names


@pytest.mark.parametrize(
    "template",
    [
        'kind: A\nx: {{ repeat 100000000 "x" }}',
        config_map("x") + "{{ range until 400000 }}# 01234567890123456789012345678901234567890123456789\n{{ end }}",
    ],
)
def test_huge_output_is_stopped(bench, template) -> None:  # noqa: F811
    bench.repository.write({**GOOD, **CHART, "bad/templates/x.yaml": template})
    failure, good = bad_and_good(bench, Limits(seconds=30, memory=4 << 30, output=8 << 20))
    assert "wrote more than 8 MiB" in failure or "memory" in failure
    assert good == ["good"]


def test_a_build_that_wants_all_memory_is_stopped(bench) -> None:  # noqa: F811
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    bench.repository.write({**GOOD, "bad/kustomization.yaml": "resources: [x.yaml]\n", "bad/x.yaml": f"{config_map('x')}{bomb}"})
    failure, good = bad_and_good(bench, Limits(seconds=20, memory=MEMORY))
    assert failure
    assert good == ["good"]


def test_recursion_without_end_is_refused(bench) -> None:  # noqa: F811
    bench.repository.write({**GOOD, **CHART, "bad/templates/x.yaml": '{{ define "r" }}{{ include "r" . }}{{ end }}{{ include "r" . }}'})
    failure, good = bad_and_good(bench, Limits(seconds=20))
    assert failure
    assert good == ["good"]


def test_kustomizations_in_a_circle_are_refused(bench) -> None:  # noqa: F811
    bench.repository.write({**GOOD, "bad/kustomization.yaml": "resources: [../worse]\n", "worse/kustomization.yaml": "resources: [../bad]\n"})
    failure, _ = bad_and_good(bench, Limits(seconds=20))
    assert "cycle" in failure


@pytest.mark.parametrize(
    "kustomization",
    [
        "resources: ['../../../outside']\n",
        "components: ['../../outside']\n",
        "configMapGenerator: [{name: g, files: ['../../../../etc/passwd']}]\n",
        "secretGenerator: [{name: g, files: ['k=/etc/passwd']}]\n",
        "resources: [/etc/hostname]\n",
        "patches: [{path: ../../../x.yaml}]\n",
        "openapi: {path: ../../x.json}\n",
    ],
)
def test_what_leads_out_of_the_repository_is_refused_before_anything_is_started(bench, kustomization) -> None:  # noqa: F811
    (bench.repository.path.parent / "outside").mkdir()
    (bench.repository.path.parent / "outside" / "kustomization.yaml").write_text("resources: [a.yaml]\n")
    bench.repository.write({"bad/kustomization.yaml": kustomization})
    nothing = tools.Tools(tools.Tool("kustomize", ("/bin/false",), "x"), None)
    failure = bench.one({"path": "bad"}, found=nothing).failure
    assert "leads out of the repository" in failure or "absolute path" in failure


def test_files_of_the_machine_are_not_read_by_charts(bench) -> None:  # noqa: F811
    data = '{{ .Files.Get "/etc/passwd" }}{{ .Files.Get "../../../../../../etc/passwd" }}{{ (.Files.Glob "../**") | len }}{{ env "HOME" }}'
    bench.repository.write({**CHART, "bad/templates/x.yaml": f"{config_map('x')}data: {{it: '{data}'}}\n"})
    result = bench.one({"path": "bad"})
    assert "env" in result.failure
    bench.repository.write({"bad/templates/x.yaml": f"{config_map('x')}data: {{it: '{data.partition('{{ env')[0]}'}}\n"})
    assert bench.manifest({"path": "bad"})["data"]["it"] == "0"


EXEC = """apiVersion: example.com/v1
kind: Evil
metadata:
  name: evil
  annotations:
    config.kubernetes.io/function: |
      exec: {path: ./evil.sh}
"""
CONTAINER = EXEC.replace("exec: {path: ./evil.sh}", "container: {image: example.com/evil, network: true}")


@pytest.mark.parametrize("plugin", [EXEC, CONTAINER, "apiVersion: example.com/v1\nkind: Evil\nmetadata: {name: e}\nargsOneLiner: x\n"])
@pytest.mark.parametrize("field", ["generators", "transformers", "validators"])
def test_plugins_are_not_executed(bench, plugin, field, tmp_path) -> None:  # noqa: F811
    trace = tmp_path / "trace"
    script = f"#!/bin/sh\ntouch {trace}\n"
    files = {"bad/kustomization.yaml": f"resources: [a.yaml]\n{field}: [evil.yaml]\n", "bad/a.yaml": config_map("a"), "bad/evil.yaml": plugin}
    bench.repository.write({**files, "bad/evil.sh": script})
    (bench.repository.path / "bad/evil.sh").chmod(0o755)
    assert bench.one({"path": "bad"}).failure
    assert not trace.exists()


def test_helm_plugins_and_post_renderers_of_the_user_are_not_seen(bench, tmp_path) -> None:  # noqa: F811
    environment = confined.environment(tmp_path)
    kept = {key: value for key, value in environment.items() if "HELM" in key or "XDG" in key or key in ("HOME", "KUBECONFIG", "PATH")}
    assert all(value.startswith(str(tmp_path)) or value == os.devnull for value in kept.values())


def test_nothing_of_the_users_environment_reaches_a_tool(bench, monkeypatch, tmp_path) -> None:  # noqa: F811
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    done = confined.run((sys.executable, "-c", "import os; print(dict(os.environ))"), tmp_path, confined.environment(tmp_path), Limits())
    assert b"hunter2" not in done.output
    assert b"AWS" not in done.output


CONNECT = "import socket; socket.create_connection(('127.0.0.1', {}), 2)"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="namespaces are Linux's")
def test_a_tool_reaches_no_network(tmp_path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        server.setblocking(False)
        code = (
            "import sys; from pathlib import Path; from gitguard.edges import confined\n"
            "if not confined.isolate(): sys.exit(77)\n"
            f"done = confined.run((sys.executable, '-c', {CONNECT.format(port)!r}), Path('/'), {{}}, confined.Limits())\n"
            "sys.exit(0 if done.code else 1)"
        )
        done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, timeout=60)
        if done.returncode == 77:
            pytest.skip("this system does not let a process give up its network")
        assert done.returncode == 0, done.stderr
        with pytest.raises(BlockingIOError):
            server.accept()


def test_secrets_are_in_no_result_and_in_no_cache(bench, tmp_path) -> None:  # noqa: F811
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: hunter2}\n"
    generated = "resources: [s.yaml]\nsecretGenerator: [{name: g, literals: [password=hunter2], files: [f.txt]}]\n"
    bench.repository.write({"web/kustomization.yaml": generated, "web/s.yaml": secret, "web/f.txt": "hunter2"})
    objects = bench.one({"path": "web"}).objects
    assert {item.name.partition("-")[0] for item in objects} == {"s", "g"}
    assert "hunter2" not in repr(objects)
    bench.cache.close()
    for file in tmp_path.glob("renders.sqlite3*"):
        assert b"hunter2" not in file.read_bytes()
        assert b"aHVudGVyMg" not in file.read_bytes()


@pytest.mark.parametrize("literals", ["[password=hunter2], type: [1]", "[hunter2]", "[key=a hunter2, hunter2]", "['hunter2 hunter2']"])
def test_a_failing_secret_generator_does_not_tell_its_literals(bench, literals) -> None:  # noqa: F811
    bench.repository.write({"web/kustomization.yaml": f"secretGenerator: [{{name: g, literals: {literals}}}]\n"})
    failure = bench.one({"path": "web"}).failure
    assert failure
    assert "hunter2" not in failure


def test_what_is_unchanged_is_not_rendered_again(bench, tmp_path) -> None:  # noqa: F811
    bench.repository.write(GOOD)
    assert bench.names({"path": "good"}) == ["good"]
    command = tools.find(bench.environment).kustomize
    assert command
    broken = tools.Tools(command._replace(command=("/bin/false",)), None)
    bench.repository.write({"other.yaml": "x: y\n"})
    found = tools.find(bench.environment)
    calls = tmp_path / "calls"
    spy = tmp_path / "kubectl"
    spy.write_text(f'#!/bin/sh\necho called >> {calls}\nexec {found.kustomize.command[0]} "$@"\n')
    spy.chmod(0o755)
    watched = tools.Tools(tools.Tool("kubectl", (str(spy), "kustomize"), "spy"), None)
    for _ in range(2):
        assert bench.names({"path": "good"}, found=watched) == ["good"]
    assert calls.read_text() == "called\n"
    bench.repository.write({"good/a.yaml": config_map("changed")})
    assert bench.names({"path": "good"}, found=watched) == ["changed"]
    assert calls.read_text() == "called\ncalled\n"
    assert bench.one({"path": "good"}, found=broken).failure


def test_a_result_that_hung_on_the_clock_is_not_remembered(bench) -> None:  # noqa: F811
    bench.repository.write({**CHART, "bad/templates/x.yaml": "{{ range until 3000000 }}{{ end }}" + config_map("slow")})
    assert "did not end" in bench.one({"path": "bad"}, limits=Limits(seconds=0.05)).failure
    assert bench.names({"path": "bad"}, limits=Limits(seconds=60)) == ["slow"]


def test_without_tools_the_message_says_how_to_get_them(bench) -> None:  # noqa: F811
    bench.repository.write({**GOOD, **CHART, "plain/a.yaml": config_map("a")})
    results = bench.render([application({"path": path}) for path in ("good", "bad", "plain")], found=tools.Tools())
    assert ["gitguard-gitops[render]" in result.undetermined.needs for result in results if result.undetermined] == [True, True]
    assert [item.name for item in results[2].objects] == ["a"]


def test_a_worker_that_dies_costs_only_its_job() -> None:
    def work(job: int) -> str:
        if job == 3:
            os.kill(os.getpid(), 9)
        return str(job * 2)

    answers = dict(crew(work, list(range(40)), lambda: None, workers=2))
    assert answers == {job: None if job == 3 else str(job * 2) for job in range(40)}


def test_more_jobs_than_the_queue_holds_at_once_are_all_done() -> None:
    assert dict(crew(str, list(range(20_000)), lambda: None, workers=2)) == {job: str(job) for job in range(20_000)}


def test_what_a_killed_run_left_is_swept_after_a_day(bench) -> None:  # noqa: F811
    old, new = bench.scratch / "render-old", bench.scratch / "render-new"
    for left in (old, new):
        (left / "home").mkdir(parents=True)
    os.utime(old, (0, 0))
    bench.repository.write(GOOD)
    assert bench.names({"path": "good"}) == ["good"]
    assert (old.exists(), new.exists()) == (False, True)
