"""Values back to YAML that Kubernetes, and people, read the same."""

from collections.abc import Mapping
from typing import Any


def written(manifest: Mapping[str, Any]) -> str:
    """One document, without `---`; text over several lines as a block."""
    import yaml

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: Any, value: str) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    Dumper.add_representer(str, text)
    made: str = yaml.dump(manifest, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=150)
    return made
