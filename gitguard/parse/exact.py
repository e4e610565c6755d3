"""One document read exactly as Kubernetes reads it, from the events of PyYAML's parser: slower than the fast path, and always right.

Built without recursion: documents may be nested as deeply as their author likes.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from gitguard.parse.messages import explained
from gitguard.parse.scalars import ScalarError, key, resolve

_MOST_LEVELS = 1000
_MERGE = "<<"


class Fault(NamedTuple):
    """Something wrong at a 0-based line and column of the document."""

    rule: str
    message: str
    line: int
    column: int


class _Stop(Exception):
    """The document can't be read on."""

    def __init__(self, message: str, mark: Any) -> None:
        super().__init__(message)
        self.fault = Fault("yaml-invalid", message, mark.line, mark.column)


class _Open:
    """A list or mapping that is being filled; `seen` are the lines of its keys."""

    __slots__ = ("anchor", "key", "mark", "merging", "seen", "size", "value")

    def __init__(self, value: list[Any] | dict[str, Any], anchor: str | None, mark: Any) -> None:
        self.value = value
        self.anchor = anchor
        self.mark = mark
        self.size = 1
        self.key: str | None = None
        self.merging = False
        self.seen: dict[str, int] = {}


def read_exactly(text: str) -> tuple[bool, Any, list[Fault]]:
    """(is there a document, its value, what is wrong). Only the first document of `text` is read, as Kubernetes does."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.DocumentEndEvent):
                break
            builder.take(event, yaml)
    except _Stop as stop:
        return False, None, [*builder.faults, stop.fault]
    except yaml.YAMLError as error:
        return False, None, [*builder.faults, _refused(error, text)]
    except RecursionError:
        return False, None, [*builder.faults, Fault("yaml-invalid", f"nested more than {_MOST_LEVELS} levels deep", 0, 0)]
    return builder.done, builder.root, builder.faults


def _refused(error: Any, text: str) -> Fault:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        position = getattr(error, "position", None) or 0
        before = text[:position]
        return Fault("yaml-invalid", explained(str(getattr(error, "reason", error)), ""), before.count("\n"), len(before) - before.rfind("\n") - 1)
    lines = text.split("\n")
    line = lines[mark.line] if mark.line < len(lines) else ""
    return Fault("yaml-invalid", explained(str(getattr(error, "problem", "") or error), line[mark.column : mark.column + 1]), mark.line, mark.column)


class _Builder:
    """Events in, one value out."""

    def __init__(self) -> None:
        self.root: Any = None
        self.done = False
        self.faults: list[Fault] = []
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._count = 0
        self._aliased = 0

    def take(self, event: Any, yaml: Any) -> None:
        """Add one event of the parser."""
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            if len(self._stack) >= _MOST_LEVELS:
                raise _Stop(f"nested more than {_MOST_LEVELS} levels deep", event.start_mark)
            if event.anchor:
                self._anchors.pop(event.anchor, None)
            value: list[Any] | dict[str, Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
            self._stack.append(_Open(value, event.anchor, event.start_mark))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._close()
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)

    def _scalar(self, event: Any) -> None:
        is_merge = event.value == _MERGE and event.implicit[0] and self._expects_key()
        try:
            value = _MERGE if is_merge else resolve(event.value, event.tag, plain=event.implicit[0])
        except ScalarError as error:
            raise _Stop(str(error), event.start_mark) from error
        if is_merge:
            self._stack[-1].key, self._stack[-1].merging = _MERGE, True
            return
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._put(value, 1, event.start_mark)

    def _alias(self, event: Any) -> None:
        if any(item.anchor == event.anchor for item in self._stack):
            raise _Stop(f"the anchor `{event.anchor}` contains itself", event.start_mark)
        if event.anchor not in self._anchors:
            raise _Stop(f"there is no anchor `&{event.anchor}` above", event.start_mark)
        value, size = self._anchors[event.anchor]
        self._aliased += size
        self._count += size
        # go-yaml's own bound against documents that unfold into millions of nodes.
        if self._aliased > 100 and self._count > 1000 and self._aliased / self._count > _allowed_ratio(self._count):
            raise _Stop("the document contains excessive aliasing: its anchors unfold into too much", event.start_mark)
        self._put(value, size, event.start_mark)

    def _expects_key(self) -> bool:
        return bool(self._stack) and isinstance(self._stack[-1].value, dict) and self._stack[-1].key is None

    def _put(self, value: Any, size: int, mark: Any) -> None:
        self._count += 1
        if not self._stack:
            self.root, self.done = value, True
            return
        top = self._stack[-1]
        top.size += size
        if isinstance(top.value, list):
            top.value.append(value)
        elif top.key is None:
            self._key(top, value, mark)
        elif top.merging:
            self._merge(top, value, mark)
        else:
            top.value[top.key] = value
            top.key = None

    def _key(self, top: _Open, value: Any, mark: Any) -> None:
        try:
            name = key(value)
        except ScalarError as error:
            raise _Stop(str(error), mark) from error
        if name in top.seen:
            self.faults.append(Fault("duplicate-key", f"the key `{name}` is already there, on line {{{top.seen[name]}}}", mark.line, mark.column))
        top.seen.setdefault(name, mark.line)
        top.key = name

    def _merge(self, top: _Open, value: Any, mark: Any) -> None:
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources) or not isinstance(top.value, dict):
            raise _Stop("`<<` merges mappings only", mark)
        # Later ones of a list give way to earlier ones; keys that stand in the mapping itself are set as they come.
        for source in reversed(sources):
            top.value.update(source)
        top.key, top.merging = None, False

    def _close(self) -> None:
        closed = self._stack.pop()
        if closed.anchor:
            self._anchors[closed.anchor] = (closed.value, closed.size)
        self._put(closed.value, closed.size, closed.mark)


def _allowed_ratio(count: int) -> float:
    low, high = 400_000, 4_000_000
    if count <= low:
        return 0.99
    return 0.10 if count >= high else 0.99 - 0.89 * (count - low) / (high - low)


def pointers(text: str) -> Iterator[tuple[str, int, int]]:
    """Every field of the first document as (JSON pointer, 0-based line, column), parents first, as far as the text can be parsed."""
    import yaml

    stack: list[list[Any]] = []
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.DocumentEndEvent):
                return
            if isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                stack.pop()
            elif isinstance(event, yaml.NodeEvent):
                yield from _step(event, stack, yaml)
    except yaml.YAMLError:
        return


def _step(event: Any, stack: list[list[Any]], yaml: Any) -> Iterator[tuple[str, int, int]]:
    """`stack` holds [pointer, next index, or None in a mapping, pending key's pointer, is a value expected] of the open containers."""
    mark, pointer = event.start_mark, ""
    if stack:
        top = stack[-1]
        if top[1] is not None:
            pointer = f"{top[0]}/{top[1]}"
            top[1] += 1
            yield pointer, mark.line, mark.column
        elif top[2] is None:
            # A mapping or a list as a key is what templates look like.
            written = _as_key(event.value, event) if isinstance(event, yaml.ScalarEvent) else ""
            pointer = f"{top[0]}/{_escaped(written)}"
            top[2] = pointer
            yield pointer, mark.line, mark.column
            if isinstance(event, yaml.ScalarEvent):
                return
        else:
            pointer, top[2] = top[2], None
    else:
        yield "", mark.line, mark.column
    if isinstance(event, yaml.MappingStartEvent):
        stack.append([pointer, None, None])
    elif isinstance(event, yaml.SequenceStartEvent):
        stack.append([pointer, 0, None])


def _as_key(text: str, event: Any) -> str:
    try:
        return key(resolve(text, event.tag, plain=event.implicit[0]))
    except (ScalarError, AttributeError):
        return text


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
