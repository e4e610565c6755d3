"""Values that must not be in the log: of Secrets, and of fields that are named like credentials. A keyed hash of each stands for it.

The same value gives the same hash under one key, so that a change shows; without the key nobody can try values out. The key lies beside the
private key that signs, never in the ledger: `gitguard.edges.ledger.redaction_key`.
"""

import hmac
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

_WORDS = (
    r"pass(?:word|wd|phrase|code)?(?![a-z])|passw|pwd|secret|token|credential|(?<![a-z])creds?(?![a-z])|bearer|cookie|authorization|(?<![a-z])jwt"
    r"|(?:api|private|access|signing|encryption|ssh|tls|master|license|session|shared|hmac|storage|account)[-_.]?key|[-_.]key$|\.pem$"
    r"|connection[-_.]?string|dsn$|kubeconfig|htpasswd|dockercfg|dockerconfig"
)
_CREDENTIAL = re.compile(rf"(?i){_WORDS}")
# Names of things that hold credentials, not credentials themselves.
_REFERENCE = re.compile(r"(?i)(?:existing[-_]?secret|ref|name|namespace|kind)$")
# Fields of Kubernetes that say which Secret is meant, such as a volume's `secret`, and what they may have in them to be no more than that.
_REFERRING = frozenset({"secret", "secrets", "imagePullSecrets"})
_REFERRED = frozenset({"secretName", "name", "namespace", "items", "optional", "defaultMode"})
# What a text sets, as YAML, JSON, properties, XML and shells do. A colon needs something after it that no tag of an image begins with.
_SETS = re.compile(r"(?<![\w.\-/])([\w.\-/]++)[\"']?+[^\S\n]*+(?:[=>]|:(?=[\s\"'{\[]|$))")
_FLAG = re.compile(r"(?<!\S)(--?[\w.\-]++)\s++\S")
# What is a credential, or has one in it, whatever it is called.
_HOLDS = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----"
    r"|(?<![a-z0-9+.\-])[a-z][a-z0-9+.\-]*+://[^\s/@:]*+:[^\s@]{1,500}+@|https?://[^\s/@:]{1,500}+@"
    r"|(?i:\b(?:bearer|basic)\s++[\w.\-+/=]{8})"
)
_SECRET_FIELDS = ("data", "stringData")
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def redacted(manifest: Mapping[str, Any], key: bytes) -> dict[str, Any]:
    """The object without values that must not be known; `key` is a secret of the ledger's writer."""
    return dict(_walked(manifest, key))


def redacted_value(value: Any, path: str, kind: str, key: bytes, named: str | None = None) -> Any:
    """One value at a JSON pointer of an object of that kind, as far as its path tells. To compare objects that are `redacted` is safer yet.

    `named` is the `name` beside a `value`, as environment variables and Helm parameters have it; where it is not given, such a value is hashed.
    """
    names = [name.replace("~1", "/").replace("~0", "~") for name in path.split("/")[1:]]
    whole = (kind == "Secret" and names[:1] and names[0] in _SECRET_FIELDS) or any(map(_hides, names))
    unknown = names[-1:] == ["value"] and (named is None or _hides(named))
    return _hashed_all(value, key) if whole or unknown else _walked(value, key)


def keyed(value: Any, key: bytes) -> dict[str, str]:
    """The keyed hash that stands for a value."""
    data = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else json.dumps(value, sort_keys=True).encode()
    return {"hmac-sha256": hmac.new(key, data, sha256).hexdigest()}


def is_credential(name: str) -> bool:
    """Does the name of a field say that its value is a credential?"""
    return _CREDENTIAL.search(name) is not None and _REFERENCE.search(name) is None


def _hides(name: str) -> bool:
    # The annotation repeats the object as it was applied, values and all.
    return name == _APPLIED or is_credential(name)


def _walked(value: Any, key: bytes) -> Any:
    if isinstance(value, Mapping):
        named = value.get("name")
        hidden = {"value"} if isinstance(named, str) and _hides(named) else set()
        if value.get("kind") == "Secret":
            hidden |= {*_SECRET_FIELDS}
        return {
            name: _hashed_all(part, key) if name in hidden or (_hides(str(name)) and not _refers(name, part)) else _walked(part, key)
            for name, part in value.items()
        }
    if isinstance(value, list | tuple):
        return list(_arguments(value, key))
    return keyed(value, key) if isinstance(value, str) and _tells(value) else value


def _refers(name: str, value: Any) -> bool:
    """Does a field say which Secret is meant, and no more?"""
    parts = value if isinstance(value, list | tuple) else [value]
    return name in _REFERRING and all(isinstance(part, Mapping) and part.keys() <= _REFERRED for part in parts)


def _arguments(values: Sequence[Any], key: bytes) -> Iterator[Any]:
    """Parts of a list; in a command, what follows on `--password` is one."""
    flagged = False
    for value in values:
        yield _hashed_all(value, key) if flagged else _walked(value, key)
        flagged = isinstance(value, str) and value.startswith("-") and "=" not in value and is_credential(value)


def _tells(text: str) -> bool:
    """Does a text set something that is named like a credential? A file in a ConfigMap, Helm's values, an argument of a command."""
    named = (found[1] for pattern in (_SETS, _FLAG) for found in pattern.finditer(text))
    return _HOLDS.search(text) is not None or any(map(is_credential, named))


def _hashed_all(value: Any, key: bytes) -> Any:
    """Every value hashed; the names of keys stay, for a change of one must show."""
    if isinstance(value, Mapping):
        return {name: _hashed_all(part, key) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_hashed_all(part, key) for part in value]
    return value if value is None or isinstance(value, bool) else keyed(value, key)
