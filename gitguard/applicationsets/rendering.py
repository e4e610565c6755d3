"""Templates filled in: fasttemplate's `{{name}}` and Go's, in one text or in everything below a value."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gitguard.applicationsets.model import Refused, Unknowable
from gitguard.argo.golang import SPACE
from gitguard.gotemplate import Budget, Hidden, TemplateError, Undecided, render
from gitguard.gotemplate.values import as_unicode

# Only a text with both of them in one line is looked at.
_TEMPLATED = re.compile(r"\{\{.*\}\}")


class Language(NamedTuple):
    """The language of an ApplicationSet's templates."""

    go: bool = False
    options: tuple[str, ...] = ()
    budget: Budget | None = None

    def fill(self, text: str, parameters: Mapping[str, Any], pointer: str, *, last: bool = False) -> str:
        """One text; `pointer` is where it stands. `last`: no other text is filled in with these parameters."""
        if not self.go:
            return _fast(text, parameters, pointer)
        try:
            return render(text, parameters, self.options, self.budget, last=last)
        except TemplateError as error:
            raise Refused(f"the template can't be evaluated: {error}", pointer) from error
        except Undecided as error:
            raise Unknowable(
                f"the template has a value that is not known before it runs: {error}", "the applicationset controller", pointer
            ) from error

    def fill_all(self, value: Any, parameters: Mapping[str, Any], pointer: str) -> Any:
        """Every text and every key below a value; a key without a value is gone."""
        if isinstance(value, str):
            return as_unicode(self.fill(value, parameters, pointer))
        if isinstance(value, Mapping):
            return self._fill_fields(value, parameters, pointer)
        if isinstance(value, Sequence):
            return [self.fill_all(item, parameters, f"{pointer}/{number}") for number, item in enumerate(value)]
        return value

    def _fill_fields(self, value: Mapping[str, Any], parameters: Mapping[str, Any], pointer: str) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, item in value.items():
            if item is None:
                continue
            at = f"{pointer}/{escaped(key)}"
            name, filled = as_unicode(self.fill(key, parameters, at)), self.fill_all(item, parameters, at)
            if made.setdefault(name, filled) != filled:
                raise Unknowable(f"two keys become `{name}`, and which one stays changes from run to run", "different keys", at)
        return made

    def keep_missing(self, text: str, parameters: Mapping[str, Any], pointer: str) -> str:
        """One text, which stays as it is where it asks for what is missing: the values of a generator are filled in twice."""
        if not self.go:
            return _fast(text, parameters, pointer)
        strict = self._replace(options=(*(option for option in self.options if not option.startswith("missingkey=")), "missingkey=error"))
        try:
            return strict.fill(text, parameters, pointer)
        except Refused as refused:
            if isinstance(refused.__cause__, TemplateError) and refused.__cause__.missing:
                return text
            raise


def escaped(key: str) -> str:
    """A key as part of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def _fast(text: str, parameters: Mapping[str, Any], pointer: str) -> str:
    if not _TEMPLATED.search(text):
        return text
    made: list[str] = []
    position = 0
    while (start := text.find("{{", position)) >= 0:
        end = text.find("}}", start + 2)
        if end < 0:
            raise Refused("a `{{` without its `}}`", pointer)
        name = text[start + 2 : end].strip(SPACE)
        value = parameters.get(name) if name else None
        hidden = parameters.get("metadata")
        if value is None and isinstance(hidden, Hidden) and name.startswith("metadata."):
            raise Unknowable(f"the parameter `{name}` is not known: {hidden.reason}", hidden.reason, pointer)
        made += [text[position:start], value if isinstance(value, str) else text[start : end + 2]]
        position = end + 2
    return "".join([*made, text[position:]])
