"""A parser's jargon turned into what is wrong and what to do."""

_EXPLAINED = (
    ("mapping values are not allowed", "`:` is not allowed here: is the line indented wrongly, or does text with a `: ` need quotes?"),
    ("could not find expected ':'", "`key: value` is expected here: a `:` is missing, or the line is indented wrongly"),
    ("did not find expected key", "a key is expected here: the indentation does not fit the lines above"),
    ("did not find expected '-' indicator", "a list item (`- …`) is expected here: the indentation does not fit the lines above"),
    ("did not find expected ',' or ']'", "a `,` or the closing `]` is missing"),
    ("did not find expected ',' or '}'", "a `,` or the closing `}` is missing"),
    ("did not find expected <document start>", "text is left over after the document: is the indentation right, or a `---` missing?"),
    ("did not find expected node content", "a value is expected here"),
    ("found unexpected end of stream", "the file ends in the middle of a quoted text"),
    ("found unexpected document indicator", "a `---` or `...` stands in the middle of a quoted text"),
    ("found unknown escape character", "an escape that YAML does not know in double quotes: use single quotes, or write `\\\\` for a backslash"),
    ("did not find expected hexdecimal number", "an escape in double quotes is incomplete"),
    ("found duplicate anchor", "an anchor is defined twice"),
    ("found undefined tag handle", "a tag (`!…!`) that nothing defines"),
    ("block sequence entries are not allowed", "a list item (`- …`) is not allowed here: start it on a line of its own"),
    ("block collections are not allowed", "a list or mapping is not allowed here: start it on a line of its own"),
    ("control characters are not allowed", "a control character: remove it, or escape it in double quotes"),
    ("found a tab character", "a tab where YAML wants spaces: indent with spaces"),
    ("invalid leading UTF-8 octet", "bytes that are no UTF-8: save the file as UTF-8"),
)


def explained(problem: str, character: str) -> str:
    """A sentence for people; `character` is the one at the place of the problem."""
    if character == "\t":
        return "a tab where YAML wants spaces: indent with spaces"
    if "cannot start any token" in problem:
        return f"text can't start with `{character}`: put it in quotes"
    for known, sentence in _EXPLAINED:
        if known in problem:
            return sentence
    return f"it is not YAML: {problem}"
