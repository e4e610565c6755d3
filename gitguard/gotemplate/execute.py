"""A template and its data to text (text/template/exec.go of Go 1.27), with a bound on the work."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from gitguard.gotemplate.errors import TemplateError, Undecided
from gitguard.gotemplate.formatting import plain
from gitguard.gotemplate.functions import BY_POSITION, FUNCTIONS, ORDER_DOES_NOT_MATTER, UNKNOWN
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
)
from gitguard.gotemplate.parser import MAIN, parse
from gitguard.gotemplate.signatures import check_count, letter, literal, signature, validated
from gitguard.gotemplate.values import (
    MOST_CHARACTERS,
    NOTHING,
    AnyOrder,
    AnyOrderList,
    AnyOrderMaps,
    element_zero,
    size_of,
    sorted_keys,
    spend,
    truth,
    type_of,
)

# Characters or items that a function looks at in one step.
_PARTS_PER_STEP = 100
_DEEPEST_CALL = 50
_DEEPEST_TPL = 3
_SPECIAL = frozenset({"and", "or", "tpl"})
_ABSENT: Any = object()


def execute(template: str, data: Mapping[str, Any], missing: str) -> str:
    """The text of a template; `missing` says what a missing key gives: "default", "zero" or "error". Raises TemplateError and Undecided."""
    run = _Run(missing)
    run.trees.update(_parsed(template))
    return run.text(MAIN, data)


@lru_cache(maxsize=4096)
def _parsed(template: str) -> Mapping[str, Nodes]:
    return parse(template, lambda name: name in FUNCTIONS or name in UNKNOWN or name in _SPECIAL).trees


class _Jumped(Exception):
    """`break` or `continue`."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class _Run:
    """One evaluation: the templates that are defined, and what was spent."""

    def __init__(self, missing: str) -> None:
        self.trees: dict[str, Nodes] = {}
        self.missing = missing
        self.size = 0
        self.calls = 0
        self.tpls = 0
        self.written: list[str] = []

    def text(self, name: str, data: Any) -> str:
        outer, self.written = self.written, []
        _Frame(self, data).walk_all(data, self.trees[name])
        made, self.written = "".join(self.written), outer
        return made

    def write(self, text: str) -> None:
        self.size += len(text)
        if self.size > MOST_CHARACTERS:
            raise Undecided("a template makes more than is looked at")
        self.written.append(text)

    def tpl(self, template: str, data: Any) -> str:
        """Argo CD's `tpl`: at most three inside each other; definitions inside are gone afterwards."""
        if self.tpls >= _DEEPEST_TPL:
            raise TemplateError(f"maximum recursion depth {_DEEPEST_TPL} exceeded in tpl function")
        self.tpls += 1
        kept = dict(self.trees)
        try:
            self.trees.update(_parsed(template))
            return self.text(MAIN, NOTHING if data is None else data).replace("<no value>", "")
        finally:
            self.tpls -= 1
            self.trees = kept


class _Frame:
    """The variables of one template while it is walked."""

    def __init__(self, run: _Run, data: Any) -> None:
        self.run = run
        self.variables: list[tuple[str, Any]] = [("$", data)]

    def walk_all(self, dot: Any, nodes: Nodes) -> None:
        for node in nodes:
            self.walk(dot, node)

    def walk(self, dot: Any, node: Node) -> None:
        spend(1)
        if isinstance(node, Literal):
            self.run.write(node.text)
        elif isinstance(node, Action):
            value = self.pipeline(dot, node.pipeline)
            if not node.pipeline.declared:
                _refuse_any_order(value)
                self.run.write("<no value>" if value is NOTHING else plain(value))
        elif isinstance(node, Call):
            self.call_template(dot, node)
        elif isinstance(node, Jump):
            raise _Jumped(node.kind)
        elif node.kind == "range":
            self.loop(dot, node)
        else:
            self.branch(dot, node)

    def branch(self, dot: Any, node: Branch) -> None:
        mark = len(self.variables)
        try:
            value = self.pipeline(dot, node.pipeline)
            if truth(value):
                self.walk_all(value if node.kind == "with" else dot, node.body)
            elif node.otherwise is not None:
                self.walk_all(dot, node.otherwise)
        finally:
            del self.variables[mark:]

    def loop(self, dot: Any, node: Branch) -> None:
        mark = len(self.variables)
        try:
            ran = False
            items = self.items(self.pipeline(dot, node.pipeline), len(node.pipeline.declared))
            inner = len(self.variables)
            for key, element in items:
                ran = True
                self.bind(node.pipeline, key, element)
                try:
                    self.walk_all(element, node.body)
                except _Jumped as jumped:
                    if jumped.kind == "break":
                        return
                finally:
                    del self.variables[inner:]
            if not ran and node.otherwise is not None:
                self.walk_all(dot, node.otherwise)
        finally:
            del self.variables[mark:]

    def items(self, value: Any, names: int) -> Iterable[tuple[Any, Any]]:
        _refuse_any_order(value)
        if value is NOTHING or value is None:
            return ()
        if isinstance(value, dict):
            return [(key, value[key]) for key in sorted_keys(value)]
        if isinstance(value, list):
            return enumerate(list(value))
        if isinstance(value, int) and not isinstance(value, bool):
            if names > 1:
                raise TemplateError(f"can't use {value} to iterate over more than one variable")
            return ((NOTHING, type(value)(number)) for number in range(value))
        raise TemplateError(f"range can't iterate over a {type_of(value)}")

    def bind(self, pipeline: Pipeline, key: Any, element: Any) -> None:
        names = pipeline.declared
        if not names:
            return
        values = (key, element) if len(names) > 1 else (element,)
        if pipeline.assigns:
            for name, value in zip(names, values, strict=True):
                self.assign(name, value)
            return
        first = len(self.variables) - len(names)
        for number, (name, value) in enumerate(zip(names, values, strict=True)):
            self.variables[first + number] = (name, value)

    def call_template(self, dot: Any, node: Call) -> None:
        nodes = self.run.trees.get(node.name)
        if nodes is None:
            raise TemplateError(f"template `{node.name}` not defined")
        value = NOTHING if node.pipeline is None else self.pipeline(dot, node.pipeline)
        self.run.calls += 1
        if self.run.calls > _DEEPEST_CALL:
            raise Undecided(f"templates that call each other more than {_DEEPEST_CALL} levels deep")
        _Frame(self.run, value).walk_all(value, nodes)
        self.run.calls -= 1

    def pipeline(self, dot: Any, pipeline: Pipeline) -> Any:
        value: Any = _ABSENT
        for command in pipeline.commands:
            value = self.command(dot, command, value)
            if value is None:
                value = NOTHING
        for name in pipeline.declared:
            if pipeline.assigns:
                self.assign(name, value)
            else:
                self.variables.append((name, value))
        return value

    def assign(self, name: str, value: Any) -> None:
        for number in range(len(self.variables) - 1, -1, -1):
            if self.variables[number][0] == name:
                self.variables[number] = (name, value)
                return
        raise TemplateError(f"undefined variable: {name}")

    def variable(self, name: str) -> Any:
        for known, value in reversed(self.variables):
            if known == name:
                return value
        raise TemplateError(f"undefined variable: {name}")

    def command(self, dot: Any, command: Command, final: Any) -> Any:
        spend(1)
        first, *others = command.operands
        if isinstance(first, Function):
            return self.function(dot, first.name, others, final)
        if others or final is not _ABSENT:
            if isinstance(first, Field | Chain) or (isinstance(first, Variable) and first.names):
                # What is no map is refused for that, and a missing start is no error: the receiver comes first, then the arguments.
                return self.operand(dot, first, arguments=True)
            raise TemplateError("can't give argument to a non-function")
        if isinstance(first, Nil):
            raise TemplateError("nil is not a command")
        return self.operand(dot, first)

    def operand(self, dot: Any, operand: Operand, *, arguments: bool = False) -> Any:
        if isinstance(operand, Field):
            return self.fields(dot, operand.names, arguments=arguments)
        if isinstance(operand, Variable):
            return self.fields(self.variable(operand.name), operand.names, arguments=arguments)
        if isinstance(operand, Chain):
            if isinstance(operand.of, Nil):
                raise TemplateError("indirection through explicit nil")
            return self.fields(self.operand(dot, operand.of), operand.names, arguments=arguments)
        if isinstance(operand, Pipeline):
            return self.pipeline(dot, operand)
        if isinstance(operand, Function):
            return self.function(dot, operand.name, (), _ABSENT)
        return dot if isinstance(operand, Dot) else literal(operand, "a")

    def fields(self, value: Any, names: Sequence[str], *, arguments: bool) -> Any:
        for number, name in enumerate(names):
            value = self.field(value, name, arguments=arguments and number == len(names) - 1)
        return value

    def field(self, value: Any, name: str, *, arguments: bool) -> Any:
        spend(1)
        if value is NOTHING:
            if self.run.missing == "error":
                raise TemplateError(f"nil data; no entry for key `{name}`")
            return NOTHING
        if value is None:
            raise TemplateError(f"nil pointer evaluating interface {{}}.{name}")
        if not isinstance(value, dict):
            raise TemplateError(f"can't evaluate field {name} in type {type_of(value)}", missing=True)
        if arguments:
            raise TemplateError(f"{name} is not a method but has arguments")
        if name in value:
            return value[name]
        if self.run.missing == "error":
            raise TemplateError(f"map has no entry for key `{name}`", missing=True)
        return element_zero(value) if self.run.missing == "zero" else NOTHING

    def function(self, dot: Any, name: str, operands: Sequence[Operand], final: Any) -> Any:
        if name in ("and", "or"):
            return self.short_circuit(dot, name, operands, final)
        if name in UNKNOWN:
            raise Undecided(f"the function `{name}` of a template")
        called = signature("sa", self.run.tpl) if name == "tpl" else FUNCTIONS[name]
        count = len(operands) + (final is not _ABSENT)
        check_count(name, called, count)
        arguments = [self.argument(dot, operand, letter(called, number)) for number, operand in enumerate(operands)]
        if final is not _ABSENT:
            arguments.append(validated(final, letter(called, count - 1)))
        if name not in ORDER_DOES_NOT_MATTER:
            for argument in arguments:
                _refuse_any_order(argument, by_position=name in BY_POSITION)
        spend(sum(map(size_of, arguments)) // _PARTS_PER_STEP)
        try:
            made = called.function(*arguments)
            spend(size_of(made) // _PARTS_PER_STEP)
            return made
        except RecursionError as error:
            raise Undecided("values nested too deeply") from error

    def argument(self, dot: Any, operand: Operand, wanted: str) -> Any:
        if isinstance(operand, Bool | Nil | Number | Text):
            return literal(operand, wanted)
        return validated(self.operand(dot, operand), wanted)

    def short_circuit(self, dot: Any, name: str, operands: Sequence[Operand], final: Any) -> Any:
        if not operands and final is _ABSENT:
            raise TemplateError(f"wrong number of args for {name}: want at least 1 got 0")
        value: Any = NOTHING
        for operand in operands:
            value = self.argument(dot, operand, "v")
            if truth(value) == (name == "or"):
                return value
        return value if final is _ABSENT else final


def _refuse_any_order(value: Any, *, by_position: bool = False) -> None:
    if isinstance(value, AnyOrder | AnyOrderList) or (by_position and isinstance(value, AnyOrderMaps)):
        raise Undecided("an order that changes from run to run")
