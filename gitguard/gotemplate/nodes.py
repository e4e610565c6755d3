"""The tree of a template (text/template/parse of Go 1.27, without positions)."""

from typing import NamedTuple


class Dot(NamedTuple):
    """`.`: the data."""

    text: str = "."


class Nil(NamedTuple):
    """`nil`."""

    text: str = "nil"


class Bool(NamedTuple):
    """`true` or `false`."""

    value: bool


class Text(NamedTuple):
    """A quoted text inside an action."""

    value: str


class Number(NamedTuple):
    """A number; `integer` is None where it has no whole value, `is_float` says that it is written as a float."""

    text: str
    integer: int | None
    number: float
    is_float: bool


class Field(NamedTuple):
    """`.a.b`."""

    names: tuple[str, ...]


class Variable(NamedTuple):
    """`$x.a.b`."""

    name: str
    names: tuple[str, ...]


class Function(NamedTuple):
    """The name of a function."""

    name: str


class Chain(NamedTuple):
    """`(…).a.b`."""

    of: "Operand"
    names: tuple[str, ...]


class Command(NamedTuple):
    """Operands between pipe symbols."""

    operands: tuple["Operand", ...]


class Pipeline(NamedTuple):
    """Commands; their value goes to the `declared` variables, new ones or (`assigns`) those that exist."""

    commands: tuple[Command, ...]
    declared: tuple[str, ...] = ()
    assigns: bool = False


Operand = Dot | Nil | Bool | Text | Number | Field | Variable | Function | Chain | Pipeline


class Literal(NamedTuple):
    """Text outside actions."""

    text: str


class Action(NamedTuple):
    """`{{ pipeline }}`."""

    pipeline: Pipeline


class Branch(NamedTuple):
    """`if`, `with` or `range`."""

    kind: str
    pipeline: Pipeline
    body: "Nodes"
    otherwise: "Nodes | None"


class Call(NamedTuple):
    """`{{ template "name" pipeline }}`."""

    name: str
    pipeline: Pipeline | None


class Jump(NamedTuple):
    """`break` or `continue`."""

    kind: str


Node = Literal | Action | Branch | Call | Jump
Nodes = tuple[Node, ...]


def is_empty(nodes: Nodes) -> bool:
    """Nothing but white space?"""
    return all(isinstance(node, Literal) and not node.text.strip(" \t\n\v\f\r\x85\xa0") for node in nodes)
