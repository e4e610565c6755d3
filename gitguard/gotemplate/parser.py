"""Tokens to the tree of a template (text/template/parse/parse.go of Go 1.27)."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from gitguard.gotemplate.errors import TemplateError, Undecided
from gitguard.gotemplate.lexer import Token, tokens
from gitguard.gotemplate.nodes import (
    Action,
    Bool,
    Branch,
    Call,
    Chain,
    Command,
    Dot,
    Field,
    Function,
    Jump,
    Literal,
    Nil,
    Node,
    Nodes,
    Number,
    Operand,
    Pipeline,
    Text,
    Variable,
    is_empty,
)
from gitguard.gotemplate.unquote import number, unquote

MAIN = "base"
# Deeper trees are possible in Go; Python's own stack ends before.
_DEEPEST = 60
_LITERALS = (Bool, Dot, Nil, Number, Text)
_STARTS = frozenset({"bool", "char", "dot", "field", "word", "number", "nil", "raw", "string", "variable", "open"})


class Parsed(NamedTuple):
    """The templates of a text by name; its own is `MAIN`."""

    trees: Mapping[str, Nodes]


def parse(template: str, has_function: Callable[[str], bool]) -> Parsed:
    """Read a template. Raises TemplateError where Go does."""
    reader = _Reader(list(tokens(template)), has_function)
    reader.add(MAIN, reader.main())
    return Parsed(reader.trees)


class _Reader:
    """A recursive descent over the tokens."""

    def __init__(self, found: list[Token], has_function: Callable[[str], bool]) -> None:
        self.trees: dict[str, Nodes] = {}
        self._tokens = found
        self._position = 0
        self._has_function = has_function
        self._variables = ["$"]
        self._ranges = 0
        self._depth = 0

    def add(self, name: str, nodes: Nodes) -> None:
        """Keep a template; a name can be taken twice only if one of the two is empty."""
        there = self.trees.get(name)
        if there is None or is_empty(there):
            self.trees[name] = nodes
        elif not is_empty(nodes):
            raise TemplateError(f"multiple definition of the template `{name}`")

    def main(self) -> Nodes:
        """Everything up to the end, definitions apart."""
        made: list[Node] = []
        while self._peek().kind != "eof":
            if self._peek().kind == "left" and self._ahead(1).kind == "define":
                self._take()
                self._next()
                self._definition()
                continue
            node = self._text_or_action()
            if isinstance(node, str):
                raise TemplateError(f"unexpected {{{{{node}}}}}")
            if node is not None:
                made.append(node)
        return tuple(made)

    def _ahead(self, count: int) -> Token:
        position = self._position + count
        while self._tokens[position].kind == "space":
            position += 1
        return self._tokens[position]

    def _peek(self) -> Token:
        return self._tokens[self._position]

    def _take(self) -> Token:
        token = self._tokens[self._position]
        if token.kind != "eof":
            self._position += 1
        return token

    def _skip(self) -> Token:
        while self._peek().kind == "space":
            self._position += 1
        return self._peek()

    def _next(self) -> Token:
        self._skip()
        return self._take()

    def _expect(self, kind: str, where: str) -> Token:
        token = self._next()
        if token.kind != kind:
            raise _unexpected(token, where)
        return token

    def _definition(self) -> None:
        token = self._next()
        if token.kind not in ("string", "raw"):
            raise _unexpected(token, "define clause")
        name = unquote(token.text)
        self._expect("right", "define clause")
        self.add(name, self._apart("define clause"))

    def _apart(self, where: str) -> Nodes:
        """A list with variables and loops of its own, up to `end`."""
        kept, self._variables, ranges, self._ranges = self._variables, ["$"], self._ranges, 0
        nodes, end = self._list()
        if end != "end":
            raise TemplateError(f"unexpected {{{{else}}}} in {where}")
        self._variables, self._ranges = kept, ranges
        return nodes

    def _list(self) -> tuple[Nodes, str]:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Undecided(f"a template nested more than {_DEEPEST} levels deep")
        made: list[Node] = []
        while self._peek().kind != "eof":
            node = self._text_or_action()
            if isinstance(node, str):
                self._depth -= 1
                return tuple(made), node
            if node is not None:
                made.append(node)
        raise TemplateError("an `end` is missing")

    def _text_or_action(self) -> Node | str | None:
        """A node, or the word that ends a list."""
        token = self._next()
        if token.kind == "text":
            return Literal(token.text)
        if token.kind != "left":
            raise _unexpected(token, "input")
        word = self._skip()
        if word.kind in ("if", "with", "range"):
            self._take()
            return self._branch(word.kind)
        if word.kind in ("break", "continue"):
            self._take()
            self._expect("right", word.kind)
            if not self._ranges:
                raise TemplateError(f"{{{{{word.kind}}}}} outside {{{{range}}}}")
            return Jump(word.kind)
        if word.kind == "end":
            self._take()
            self._expect("right", "end")
            return "end"
        if word.kind == "else":
            self._take()
            if self._skip().kind not in ("if", "with"):
                self._expect("right", "else")
            return "else"
        if word.kind in ("template", "block"):
            self._take()
            return self._call(word.kind)
        return Action(self._pipeline("command", "right"))

    def _branch(self, kind: str) -> Branch:
        mark = len(self._variables)
        pipeline = self._pipeline(kind, "right")
        self._ranges += kind == "range"
        body, end = self._list()
        self._ranges -= kind == "range"
        otherwise: Nodes | None = None
        if end == "else":
            following = self._peek()
            if following.kind in ("if", "with") and following.kind == kind:
                self._take()
                self._depth += 1
                otherwise = (self._branch(kind),)
                self._depth -= 1
            else:
                otherwise, end = self._list()
                if end != "end":
                    raise TemplateError("expected end; found {{else}}")
        del self._variables[mark:]
        return Branch(kind, pipeline, body, otherwise)

    def _call(self, kind: str) -> Call:
        token = self._next()
        if token.kind not in ("string", "raw"):
            raise _unexpected(token, f"{kind} clause")
        name = unquote(token.text)
        if kind == "template" and self._skip().kind == "right":
            self._take()
            return Call(name, None)
        pipeline = self._pipeline(f"{kind} clause", "right")
        if kind == "block":
            self.add(name, self._apart("block clause"))
        return Call(name, pipeline)

    def _pipeline(self, where: str, end: str) -> Pipeline:
        declared, assigns = self._declarations(where)
        commands: list[Command] = []
        while True:
            token = self._skip()
            if token.kind == end:
                self._take()
                break
            if token.kind not in _STARTS:
                raise _unexpected(self._take(), where)
            commands.append(self._command())
        if not commands:
            raise TemplateError(f"missing value for {where}")
        if any(isinstance(command.operands[0], _LITERALS) for command in commands[1:]):
            raise TemplateError("a pipe leads into something that is no function")
        return Pipeline(tuple(commands), tuple(declared), assigns)

    def _declarations(self, where: str) -> tuple[list[str], bool]:
        declared: list[str] = []
        while self._skip().kind == "variable":
            mark = self._position
            name = self._take().text
            following = self._skip()
            if following.kind in ("assign", "declare"):
                self._take()
                declared.append(name)
                self._variables.append(name)
                return declared, following.kind == "assign"
            if following.text != ",":
                self._position = mark
                break
            self._take()
            declared.append(name)
            self._variables.append(name)
            if where != "range" or len(declared) > 1:
                raise TemplateError(f"too many declarations in {where}")
            if self._skip().kind not in ("variable", "right", "close"):
                raise TemplateError("range can only initialize variables")
        return declared, False

    def _command(self) -> Command:
        operands: list[Operand] = []
        while True:
            self._skip()
            operand = self._operand()
            if operand is not None:
                operands.append(operand)
            token = self._take()
            if token.kind == "space":
                continue
            if token.kind in ("right", "close"):
                self._position -= 1
            elif token.kind != "pipe":
                raise _unexpected(token, "operand")
            break
        if not operands:
            raise TemplateError("empty command")
        return Command(tuple(operands))

    def _operand(self) -> Operand | None:
        term = self._term()
        if term is None:
            return None
        names: list[str] = []
        while self._peek().kind == "field":
            names.append(self._take().text[1:])
        if not names:
            return term
        if isinstance(term, Field):
            return Field((*term.names, *names))
        if isinstance(term, Variable):
            return Variable(term.name, (*term.names, *names))
        if isinstance(term, _LITERALS):
            raise TemplateError("unexpected . after a literal")
        return Chain(term, tuple(names))

    def _term(self) -> Operand | None:
        token = self._skip()
        if token.kind not in _STARTS:
            return None
        self._take()
        if token.kind in ("number", "char"):
            return number(token.text, token.kind)
        if token.kind in ("string", "raw"):
            return Text(unquote(token.text))
        if token.kind == "open":
            self._depth += 1
            if self._depth > _DEEPEST:
                raise Undecided(f"a template nested more than {_DEEPEST} levels deep")
            pipeline = self._pipeline("parenthesized pipeline", "close")
            self._depth -= 1
            return pipeline
        return self._simple(token)

    def _simple(self, token: Token) -> Operand:
        if token.kind == "word":
            if not self._has_function(token.text):
                raise TemplateError(f"function `{token.text}` not defined")
            return Function(token.text)
        if token.kind == "variable":
            if token.text not in self._variables:
                raise TemplateError(f"undefined variable `{token.text}`")
            return Variable(token.text, ())
        if token.kind == "field":
            return Field((token.text[1:],))
        if token.kind == "bool":
            return Bool(token.text == "true")
        return Nil() if token.kind == "nil" else Dot()


def _unexpected(token: Token, where: str) -> TemplateError:
    return TemplateError(f"unexpected {token.text or token.kind} in {where}")
