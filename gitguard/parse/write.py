"""Values back to YAML that Kubernetes, and people, read the same."""

from collections.abc import Mapping
from typing import Any


def written(manifest: Mapping[str, Any]) -> str:
    """One document, without `---`; text over several lines as a block."""
    return _dumped(manifest)


def shown(value: Mapping[str, Any]) -> str:
    """One document for people to read before it counts: lists and mappings of plain values below a key in one line; line ends, directions and
    whatever else is not seen as it is stand there as escapes."""
    in_line = any(isinstance(inner, dict | list) and inner for inner in value.values())
    text = _dumped(value, in_line=in_line)
    return text if all(character.isprintable() or character == "\n" for character in text) else _dumped(value, in_line=in_line, ascii_only=True)


def _dumped(value: Mapping[str, Any], *, in_line: bool = False, ascii_only: bool = False) -> str:
    import yaml

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: Any, value: str) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    Dumper.add_representer(str, text)
    flow = None if in_line else False
    made: str = yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=not ascii_only, width=150, default_flow_style=flow)
    return made
