"""Values back to YAML that Kubernetes, and people, read the same."""

import re
from collections.abc import Mapping
from typing import Any

# What CI systems obey in the lines of a log (`printable` tells more), where a line may begin: it is quoted, and escaped within the quotes.
_OBEYED = re.compile(r"##|(?:^|\s)::")
# Where a long text is folded, its rest would begin a line.
_UNFOLDED = 1 << 30
# What Kubernetes' YAML may take for something else than text, and PyYAML does not quote: true and false of YAML 1.1, numbers of YAML 1.2 and of Go.
_NO_TEXT = re.compile(r"[yYnN]|[-+]?(?:[0-9][0-9a-fA-FxXoO_+-]*\.?|\.[0-9])[0-9a-fA-F_+-]*")
_TEXT = "tag:yaml.org,2002:str"


def written(manifest: Mapping[str, Any]) -> str:
    """One document, without `---`; text over several lines as a block. Neither a terminal nor a CI system obeys anything in it."""
    import yaml

    return _dumped(manifest, getattr(yaml, "CSafeDumper", yaml.SafeDumper), width=_UNFOLDED, allow_unicode=True, default_flow_style=False)


def shown(value: Mapping[str, Any]) -> str:
    """One document for people to read before it counts: lists and mappings of plain values below a key in one line; line ends, directions and
    whatever else is not seen as it is stand there as escapes."""
    import yaml

    in_line = any(isinstance(inner, dict | list) and inner for inner in value.values())
    return _dumped(value, yaml.SafeDumper, allow_unicode=True, width=120, default_flow_style=None if in_line else False)


def _dumped(value: Mapping[str, Any], base: Any, **style: Any) -> str:
    import yaml

    class Dumper(base):  # type: ignore[misc]
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: Any, value: str) -> Any:
        is_taken_for_text = dumper.resolve(yaml.ScalarNode, value, (True, False)) == _TEXT
        quoted = "'" if is_taken_for_text and _NO_TEXT.fullmatch(value) else None
        style = '"' if _is_obeyed(value) else "|" if "\n" in value else quoted
        return dumper.represent_scalar(_TEXT, value, style=style)

    Dumper.add_representer(str, text)
    made: str = yaml.dump(value, Dumper=Dumper, sort_keys=False, **style)
    return "\n".join(map(_escaped, made.split("\n")))


def _is_obeyed(value: str) -> bool:
    return bool(_OBEYED.search(value)) or not _is_plain(value.replace("\n", ""))


def _is_plain(text: str) -> bool:
    return text.isprintable() or text.replace("\t", "").isprintable()


def _escaped(line: str) -> str:
    """What is left to be escaped stands within double quotes."""
    if not _is_plain(line):
        line = "".join(character if _is_plain(character) else f"\\U{ord(character):08x}" for character in line)
    return line.replace("##", r"#\x23")
