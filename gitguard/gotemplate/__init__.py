"""Go's text/template with the functions that Argo CD gives it, evaluated here: bounded, without a process, without a guess.

`render` evaluates one template as Argo CD's applicationset controller does. A function that can't be answered the same way every time
(random, the clock) or that is not known here raises `Undecided`, never a made-up text.
"""

from gitguard.gotemplate.errors import TemplateError, Undecided
from gitguard.gotemplate.templates import Budget, render
from gitguard.gotemplate.values import Hidden, StringMap, Strings, from_json

__all__ = ["Budget", "Hidden", "StringMap", "Strings", "TemplateError", "Undecided", "from_json", "render"]
