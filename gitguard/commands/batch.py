"""`gitguard can --batch`: questions to AppProjects as JSON lines, answered one by one."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from json.encoder import encode_basestring_ascii
from pathlib import Path
from typing import Any

from gitguard import configuration as configuring
from gitguard.argo.gobwas_1 import GlobUndecided
from gitguard.argo.projects import checked_project
from gitguard.argo.questions import QuestionError, answer
from gitguard.edges import data
from gitguard.manifests.classify import CONFIGURATION
from gitguard.model.argo import Project
from gitguard.model.configuration import Configuration
from gitguard.model.errors import ConfigurationError, UsageError
from gitguard.model.finding import shortened

_CHUNK = 1 << 16
_MOST_KEPT = 10_000
_KEYS = (b'"sync"', b'"source"', b'"destination"', b'"resource"', b'"appNamespace"', b'"validate"')


def version_of_argocd(given: str | None, config: Path | None) -> str:
    """The one given, else that of the file named, else of the .gitguard.yaml of the repository around the current directory, else the newest."""
    if given:
        if not re.fullmatch(r"v?[0-9]+\.[0-9]+(\.[0-9]+)?", given):
            raise UsageError(f"`{given}` is no version of Argo CD", "--argocd takes a version such as 3.5 or 3.5.7")
        return given
    file = config or _repository_file(Path.cwd())
    if file is None:
        return Configuration().argocd.version
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}", "--config names a readable file") from error
    value = configuring.validated(content, str(file), data.load("config.schema.json") or b"{}")
    return configuring.settings(value, str(file)).argocd.version


def _repository_file(folder: Path) -> Path | None:
    root = next((parent for parent in (folder, *folder.parents) if (parent / ".git").exists()), folder)
    file = root / CONFIGURATION
    return file if file.is_file() else None


class Batch:
    """Answers JSON lines. The last AppProjects are kept, since scripts put many questions to few of them."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.failed = False
        self._seen: set[bytes] = set()
        self._heads: dict[bytes, Project] = {}

    def answers(self, read: Callable[[int], bytes]) -> Iterator[bytes]:
        """The answers to all lines that `read` gives, chunk by chunk: a script that waits for an answer gets it, one that doesn't is fast."""
        rest = b""
        while chunk := read(_CHUNK):
            *lines, last = (rest + chunk).split(b"\n") if b"\n" in chunk else [rest + chunk]
            rest = last
            yield b"".join(self._line(line) for line in lines)
        yield self._line(rest)

    def _line(self, line: bytes) -> bytes:
        return f"{self.answer(line)}\n".encode("utf-8", "replace") if line.strip() else b""

    def answer(self, line: bytes) -> str:
        """One line of JSON, without its end: a verdict, or an error."""
        try:
            project, question = self._read(line)
            verdict = answer(project, question, self.version)
        except (QuestionError, GlobUndecided, RecursionError) as error:
            self.failed = True
            return f'{{"error": {_quoted(shortened(str(error)))}}}'
        permitted = "true" if verdict.permitted else "false"
        reason, entry = _quoted(shortened(verdict.reason)), _quoted(verdict.entry)
        return f'{{"permitted": {permitted}, "reason": {reason}, "entry": {entry}}}'

    def _read(self, line: bytes) -> tuple[Project, Mapping[str, Any]]:
        head = _head(line)
        known = self._heads.get(head)
        if known is not None:
            tail = _parsed(b"{" + line[len(head) :].lstrip(b" ,"))
            if "project" not in tail:
                return known, tail
        question = _parsed(line)
        manifest = question.get("project")
        if not isinstance(manifest, dict):
            raise QuestionError("`project` must be an AppProject")
        project, wrong = checked_project(manifest)
        if wrong:
            raise QuestionError(f"the AppProject can't be read: {', '.join(wrong[:5])} {'has' if len(wrong) == 1 else 'have'} another type")
        self._remember(head, project)
        return project, question

    def _remember(self, head: bytes, project: Project) -> None:
        """Keep a project that is asked again, where all that stands before the question is the project and nothing else."""
        if head not in self._seen:
            self._seen.add(head)
        elif len(self._heads) < _MOST_KEPT:
            try:
                alone = json.loads(head + b"}")
            except ValueError:
                return
            if alone.keys() == {"project"}:
                self._heads[head] = project
        if len(self._seen) > _MOST_KEPT:
            self._seen.clear()


def _head(line: bytes) -> bytes:
    """What stands before the question, if the project comes first; a guess, which `_remember` proves."""
    for key in _KEYS:
        at = line.rfind(key)
        if at > 0:
            return line[:at].rstrip(b" ,")
    return b""


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        text = line.decode()
        made = json.loads(text)
    except UnicodeDecodeError:
        raise QuestionError("the line is no UTF-8") from None
    except ValueError as error:
        raise QuestionError(f"the line is no JSON: {error}") from None
    except RecursionError:
        raise QuestionError("the line is nested too deeply") from None
    if not isinstance(made, dict):
        raise QuestionError("a line must be a JSON object")
    return _without_surrogates(made) if "\\ud" in text or "\\uD" in text else made


def _without_surrogates(value: Any) -> Any:
    """Half of a surrogate pair is no character: Go reads U+FFFD."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return [_without_surrogates(item) for item in value] if isinstance(value, list) else value


def _quoted(text: str) -> str:
    """A string of JSON in which nothing is obeyed by whoever reads the log of a CI system. It is a quick `json_text`."""
    return encode_basestring_ascii(text).replace("##", r"#\u0023")
