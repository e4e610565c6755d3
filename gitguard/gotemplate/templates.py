"""One template and its parameters to text, within bounds: the entrance of this room."""

from collections.abc import Mapping, Sequence
from typing import Any

from gitguard.gotemplate.errors import TemplateError, Undecided
from gitguard.gotemplate.values import maps_in, metered

# Steps that one template may take, those of `tpl` and of nested templates included; some tenths of a second.
_MOST_STEPS = 50_000
_MISSING_KEY = {"default": "default", "invalid": "default", "zero": "zero", "error": "error"}


class Budget:
    """What many templates may take together."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def spend(self, steps: int) -> None:
        """Raises Undecided where nothing is left."""
        self.steps -= steps
        if self.steps < 0:
            raise Undecided("templates that take so many steps together")


def render(template: str, data: Mapping[str, Any], options: Sequence[str] = (), budget: Budget | None = None, *, last: bool = True) -> str:
    """The text that Argo CD makes of a template and its parameters; `options` are goTemplateOptions.

    With `last`, no other template sees the same parameters afterwards; otherwise one that changes them is undecided, as the order of
    templates is not known.

    Raises TemplateError where Argo CD fails, and Undecided where the text can't be known.
    """
    missing = "default"
    for option in options:
        key, _, value = option.partition("=")
        if key != "missingkey" or value not in _MISSING_KEY:
            raise TemplateError(f"unrecognized option: {option}")
        missing = _MISSING_KEY[value]
    if "{{" not in template:
        return template
    # Imported late: few repositories have such a template, and the evaluator with its functions is large.
    from gitguard.gotemplate.execute import execute

    with metered(_MOST_STEPS) as meter:
        made = execute(template, data, missing)
    if budget is not None:
        budget.spend(_MOST_STEPS - meter.left)
    if meter.changed and not last and any(id(one) in meter.changed for one in maps_in(data)):
        raise Undecided("a template that changes the parameters of others")
    return made
