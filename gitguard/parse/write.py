"""Values back to YAML that Kubernetes, and people, read the same."""

from collections.abc import Mapping
from typing import Any

# YAML 1.1 has these for true and false, and PyYAML does not quote them.
_BOOLEANS = ("y", "Y", "n", "N")


def written(manifest: Mapping[str, Any]) -> str:
    """One document, without `---`; text over several lines as a block."""
    import yaml

    return _dumped(manifest, getattr(yaml, "CSafeDumper", yaml.SafeDumper), width=150, allow_unicode=True, default_flow_style=False)


def shown(value: Mapping[str, Any]) -> str:
    """One document for people to read before it counts: lists and mappings of plain values below a key in one line; line ends, directions and
    whatever else is not seen as it is stand there as escapes."""
    import yaml

    in_line = any(isinstance(inner, dict | list) and inner for inner in value.values())
    style = {"width": 120, "default_flow_style": None if in_line else False}
    text = _dumped(value, yaml.SafeDumper, allow_unicode=True, **style)
    if all(character.isprintable() or character == "\n" for character in text):
        return text
    return _dumped(value, yaml.SafeDumper, allow_unicode=False, **style)


def _dumped(value: Mapping[str, Any], base: Any, **style: Any) -> str:
    import yaml

    class Dumper(base):  # type: ignore[misc]
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: Any, value: str) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else "'" if value in _BOOLEANS else None)

    Dumper.add_representer(str, text)
    made: str = yaml.dump(value, Dumper=Dumper, sort_keys=False, **style)
    return made
