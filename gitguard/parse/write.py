"""Values back to YAML that Kubernetes, and people, read the same."""

import re
from collections.abc import Mapping
from typing import Any

# What CI systems obey in the lines of a log (`printable` tells more): it is quoted, and escaped within the quotes.
_OBEYED = re.compile(r"##|^\s*::", re.MULTILINE)
_UNFOLDED = 1 << 30


def written(manifest: Mapping[str, Any]) -> str:
    """One document, without `---`; text over several lines as a block. Neither a terminal nor a CI system obeys anything in it."""
    import yaml

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: Any, value: str) -> Any:
        style = '"' if _is_obeyed(value) else "|" if "\n" in value else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    # Where a long text is folded, its rest would begin a line.
    made: str = yaml.dump(manifest, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=_UNFOLDED)
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
