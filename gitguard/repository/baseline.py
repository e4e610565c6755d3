"""A baseline: what was found when gitguard was adopted, in a file that is sorted, has one finding a line and holds no messages."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from gitguard.model.errors import ConfigurationError
from gitguard.model.finding import Finding
from gitguard.model.suppression import Accepted, Baseline
from gitguard.repository.suppressing import NEVER_SUPPRESSED, as_listed

VERSION = 1
LARGEST = 32 * 1024 * 1024
_FINGERPRINT = re.compile(r"[0-9a-f]{32}")
_TEXTS = ("rule", "path", "object", "fingerprint")
_ADVICE = "`gitguard check --write-baseline FILE` writes one"


def written(findings: Iterable[Finding]) -> str:
    """The file that accepts these findings, ending in a newline. What can't be suppressed is left out."""
    counted: dict[Accepted, int] = {}
    for finding in findings:
        if finding.rule not in NEVER_SUPPRESSED:
            key = Accepted(finding.rule, finding.site.path, str(finding.object), as_listed(finding), 0)
            counted[key] = counted.get(key, 0) + 1
    lines = [_line(key._replace(number=count)) for key, count in sorted(counted.items(), key=lambda pair: (pair[0].path, pair[0]))]
    listed = ",\n".join(lines)
    return f'{{\n"version": {VERSION},\n"findings": [\n{listed}\n]\n}}\n' if lines else f'{{\n"version": {VERSION},\n"findings": []\n}}\n'


def _line(entry: Accepted) -> str:
    return json.dumps({**dict(zip(_TEXTS, entry[:4], strict=True)), "count": entry.number}, ensure_ascii=True)


def parsed(data: bytes, source: str) -> Baseline:
    """The baseline in a file; `source` names it. Raises ConfigurationError where it is none, of another version, or too large."""
    if len(data) > LARGEST:
        raise ConfigurationError(f"{source}: the baseline has {len(data):,} bytes, and {LARGEST:,} are the most", _ADVICE)
    try:
        value = json.loads(data)
    except RecursionError:
        raise ConfigurationError(f"{source}: no baseline: it is nested too deep", _ADVICE) from None
    except ValueError as error:
        raise ConfigurationError(f"{source}: no baseline: it is not JSON ({str(error)[:100]})", _ADVICE) from None
    if not isinstance(value, dict) or "version" not in value or not isinstance(value.get("findings"), list):
        raise ConfigurationError(f"{source}: no baseline: an object with `version` and `findings` is expected", _ADVICE)
    if value["version"] != VERSION or isinstance(value["version"], bool):
        shown = str(value["version"])[:20]
        raise ConfigurationError(
            f"{source}: a baseline of version {shown}; this gitguard reads version {VERSION}", "install the gitguard that wrote it"
        )
    # Two branches that were merged may list the same finding twice.
    found: dict[str, Accepted] = {}
    for number, item in enumerate(value["findings"]):
        entry = _entry(item)
        if entry is None:
            raise ConfigurationError(f"{source}: findings[{number}] is no entry of a baseline: it has {', '.join(_TEXTS)} and count", _ADVICE)
        known = found.get(entry.fingerprint)
        found[entry.fingerprint] = entry if known is None or known.number < entry.number else known
    return Baseline(source, tuple(found.values()))


def _entry(item: Any) -> Accepted | None:
    if not isinstance(item, dict) or not all(isinstance(item.get(name), str) for name in _TEXTS):
        return None
    count = item.get("count")
    if not isinstance(count, int) or isinstance(count, bool) or count < 1 or not _FINGERPRINT.fullmatch(item["fingerprint"]):
        return None
    return Accepted(item["rule"], item["path"], item["object"], item["fingerprint"], count)


def grown(before: Baseline, after: Baseline) -> list[Accepted]:
    """What `after` accepts more than `before`: each with how many more."""
    was: Mapping[str, int] = {entry.fingerprint: entry.number for entry in before.entries}
    more = (entry._replace(number=entry.number - was.get(entry.fingerprint, 0)) for entry in after.entries)
    return [entry for entry in more if entry.number > 0]
