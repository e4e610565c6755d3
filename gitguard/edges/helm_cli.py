"""A `helm` for kustomize where there is none: as much of the command as kustomize runs for `helmCharts`, over helm-python-sdk.

It imports nothing of gitguard but loads helm_worker.py beside it, since it is started in isolation. Charts must be there: it downloads nothing.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, NoReturn

_EVENTS = frozenset(f"{when}-{what}" for when in ("pre", "post") for what in ("install", "delete", "upgrade", "rollback"))
_TESTS = frozenset(("test", "test-success"))
_SETS = ("--set", "--set-string", "--set-file")


class _Wrong(Exception):
    """The command line is wrong, or asks for what this helm can't do."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _Wrong(message)


def main(arguments: Sequence[str]) -> int:
    """Run one command; the exit code."""
    worker = _worker()
    answers = worker.answering()
    try:
        output = _answered(list(arguments), worker)
    except Exception as error:
        sys.stderr.write(f"Error: {worker.said(error)}\n")
        return 1
    answers.write(output)
    answers.close()
    return 0


def _worker() -> Any:
    spec = spec_from_file_location("helm_worker", Path(__file__).with_name("helm_worker.py"))
    if spec is None or spec.loader is None:
        raise ImportError("helm_worker.py is not beside this file")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _answered(arguments: list[str], worker: Any) -> str:
    command, *rest = arguments or [""]
    if command == "version":
        from helm_python import helm_sdk_version

        return f"{helm_sdk_version()}\n"
    if command != "template":
        raise _Wrong(f"`helm {command}`: there is no helm command here and nothing may be downloaded: put the chart into the folder of charts")
    return _template(_parsed(rest), worker)


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = _Parser(allow_abbrev=False, add_help=False)
    parser.add_argument("words", nargs="*")
    for short, flag in (("-n", "--namespace"), ("--kube-version", "--kube-version"), ("--name-template", "--name-template")):
        parser.add_argument(short, flag, default="")
    for short, flag in (("-f", "--values"), ("-a", "--api-versions")):
        parser.add_argument(short, flag, action="append", default=[])
    for flag in _SETS:
        parser.add_argument(flag, dest="sets", action="append", default=[], type=_set(flag))
    for flag in ("--include-crds", "--skip-tests", "--no-hooks", "--debug", "--devel"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("-g", "--generate-name", action="store_true")
    return parser.parse_intermixed_args(arguments)


def _set(flag: str) -> Callable[[str], tuple[str, str, str]]:
    def pair(written: str) -> tuple[str, str, str]:
        name, _, value = written.partition("=")
        return flag, name, value

    return pair


def _template(asked: argparse.Namespace, worker: Any) -> str:
    helm = worker.Helm()
    name, chart = _named(asked, helm)
    made = helm.template(
        {
            "chart": chart,
            "name": name,
            "namespace": asked.namespace,
            "kube_version": asked.kube_version,
            "api_versions": _listed(asked.api_versions),
            "values": _listed(asked.values),
            "sets": [one for flag in _SETS for one in asked.sets if one[0] == flag],
            "skip_crds": not asked.include_crds,
        }
    )
    crds = "".join(worker.part(path, text) for path, text in made.crds)
    hooks = "" if asked.no_hooks else "".join(worker.part(path, chunk) for path, chunk in _hooks(made, asked.skip_tests, helm, worker))
    return f"{(crds + made.manifest).strip()}\n{hooks}"


def _listed(written: list[str]) -> list[str]:
    return [one for entry in written for one in entry.split(",")]


def _named(asked: argparse.Namespace, helm: Any) -> tuple[str, str]:
    """The release's name and the chart."""
    generated = "--generate-name" if asked.generate_name else "--name-template" if asked.name_template else ""
    if not asked.words or len(asked.words) > 2:
        raise _Wrong("`helm template` takes a name and a chart")
    if len(asked.words) == 2:
        if generated:
            raise _Wrong(f"cannot set {generated} and also specify a name")
        return asked.words[0], asked.words[1]
    # `helm template` asks for no name, and makes none up either, whatever --generate-name says.
    return helm.fill(asked.name_template) if asked.name_template else "release-name", asked.words[0]


def _hooks(made: Any, skip_tests: bool, helm: Any, worker: Any) -> Iterator[tuple[str, str]]:
    """Hooks come after what is installed; one for an event that Helm does not know is left out."""
    for path, text in made.rendered:
        for chunk in worker.chunks(text):
            if "helm.sh/hook" not in chunk:
                continue
            annotations = (helm.read(chunk).get("metadata") or {}).get("annotations") or {}
            if "helm.sh/hook" not in annotations:
                continue
            events = {event.strip().lower() for event in annotations["helm.sh/hook"].split(",")}
            if events <= _EVENTS | _TESTS and not (skip_tests and events & _TESTS):
                yield path, chunk


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
