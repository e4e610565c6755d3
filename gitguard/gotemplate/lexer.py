"""A template's text as tokens (text/template/parse/lex.go of Go 1.27)."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from gitguard.gotemplate.errors import TemplateError

_SPACES = " \t\r\n"
_KEYWORDS = frozenset({"block", "break", "continue", "define", "else", "end", "if", "range", "nil", "template", "with"})
_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    |(?P<declare>:=)|(?P<assign>=)|(?P<pipe>\|)
    |(?P<string>"(?:\\[^\n]|[^"\\\n])*")
    |(?P<raw>`[^`]*`)
    |(?P<char>'(?:\\[^\n]|[^'\\\n])*')
    |(?P<variable>\$\w*)
    |(?P<field>\.(?![0-9])\w+)
    |(?P<dot>\.(?![0-9\w]))
    |(?P<number>[-+]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][-+]?[0-9_]*)?|0[oO][0-7_]*(?:\.[0-7_]*)?|0[bB][01_]*(?:\.[01_]*)?
        |(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9_]*)?)i?)
    |(?P<word>\w+)
    |(?P<open>\()|(?P<close>\))
    |(?P<other>[!-~])""",
    re.VERBOSE,
)
# What may follow an identifier, a field or a variable.
_ENDS = frozenset(_SPACES + ".,|:)(")


class Token(NamedTuple):
    """`kind` is text, left, right, space, one of the groups above, a keyword, or eof."""

    kind: str
    text: str


def tokens(template: str) -> Iterator[Token]:
    """All tokens; ends with one of kind `eof`."""
    position, trims = 0, False
    while True:
        start = template.find("{{", position)
        text = template[position:] if start < 0 else template[position:start]
        if trims:
            text = text.lstrip(_SPACES)
        if start < 0:
            if text:
                yield Token("text", text)
            yield Token("eof", "")
            return
        inside = start + 2
        if template[inside : inside + 1] == "-" and template[inside + 1 : inside + 2] in tuple(_SPACES):
            text = text.rstrip(_SPACES)
            inside += 2
        if text:
            yield Token("text", text)
        if template.startswith("/*", inside):
            position, trims = _after_comment(template, inside)
            continue
        yield Token("left", "{{")
        position = inside
        while True:
            closing = _closing(template, position)
            if closing is not None:
                break
            token, position = _token(template, position)
            yield token
        position, trims = closing
        yield Token("right", "}}")


def _closing(template: str, position: int) -> tuple[int, bool] | None:
    """Where the text goes on and whether it is trimmed, if the action ends here."""
    if template.startswith("}}", position):
        return position + 2, False
    if template[position : position + 1] in tuple(_SPACES) and template.startswith("-}}", position + 1):
        return position + 4, True
    return None


def _after_comment(template: str, position: int) -> tuple[int, bool]:
    end = template.find("*/", position + 2)
    if end < 0:
        raise TemplateError("a comment is not closed")
    closing = _closing(template, end + 2)
    if closing is None:
        raise TemplateError("a comment ends before the action does")
    return closing


def _token(template: str, position: int) -> tuple[Token, int]:
    if position >= len(template):
        raise TemplateError("an action `{{` is not closed")
    found = _TOKEN.match(template, position)
    if found is None:
        raise TemplateError(f"unexpected {template[position]!r} in an action")
    kind, text, end = found.lastgroup or "", found.group(), found.end()
    if kind == "space":
        # The space of a closing ` -}}` belongs to it.
        if template.startswith("-}}", end):
            end -= 1
            text = text[:-1]
        return Token("space", text), end
    following = template[end : end + 1]
    if kind in ("word", "field", "variable") and following and following not in _ENDS and not template.startswith("}}", end):
        raise TemplateError(f"bad character {following!r} after `{text}`")
    if kind == "number" and following and (following.isalnum() or following in "_+-"):
        raise TemplateError(f"bad number syntax: `{text}{following}`")
    if kind == "word":
        kind = text if text in _KEYWORDS else "bool" if text in ("true", "false") else "word"
    return Token(kind, text), end
