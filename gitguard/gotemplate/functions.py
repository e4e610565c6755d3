"""The functions of a template by name: Go's own, sprig 3.3's without what asks the machine, and Argo CD's additions."""

import base64
import hashlib
import math
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

from gitguard.argo.golang import SPACE, atoi, lower
from gitguard.gotemplate import lists, numbers, regexes, texts
from gitguard.gotemplate.comparison import equal, less
from gitguard.gotemplate.encoding import from_json_text, from_yaml, to_json, to_yaml
from gitguard.gotemplate.errors import TemplateError
from gitguard.gotemplate.formatting import plain, sprint, sprintf, sprintln
from gitguard.gotemplate.signatures import Signature, signature
from gitguard.gotemplate.values import Int64, NilStrings, Strings, as_bytes, checked, kind_of, truth, type_of

_Table = dict[str, tuple[str, Callable[..., Any]]]


def _fail(message: str) -> str:
    raise TemplateError(message)


def _lenient_json(text: str) -> Any:
    try:
        return from_json_text(text)
    except TemplateError:
        return None


def _default(default: Any, *given: Any) -> Any:
    return given[0] if given and truth(given[0]) else default


def _coalesce(*values: Any) -> Any:
    return next((value for value in values if truth(value)), None)


def _ternary(yes: Any, no: Any, which: bool) -> Any:
    return yes if which else no


def _regex_match(expression: str, text: str) -> bool:
    try:
        return regexes.searched(expression, text)
    except TemplateError:
        return False


def _find_all(expression: str, text: str, count: int) -> Strings:
    matches = Strings(match.group() for match in regexes.found(expression, text))
    return (matches if count < 0 else Strings(matches[:count])) or NilStrings()


def _find(expression: str, text: str) -> str:
    return next((str(match.group()) for match in regexes.found(expression, text)), "")


def _quote_meta(text: str) -> str:
    return "".join("\\" + character if character in "\\.+*?()|[]{}^$" else character for character in text)


def _sha(name: str) -> Callable[[str], str]:
    return lambda text: hashlib.new(name, as_bytes(text), usedforsecurity=False).hexdigest()


def _html(*values: Any) -> str:
    escapes = {'"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;", "\0": "\ufffd"}
    return "".join(escapes.get(character, character) for character in sprint(_printable(values)))


def _printable(values: tuple[Any, ...]) -> list[Any]:
    return ["<no value>" if value is None else value for value in values]


def _query(*values: Any) -> str:
    return quote_plus(as_bytes(sprint(_printable(values))), safe="~")


_GO: _Table = {
    "eq": ("vv*", lambda first, *others: equal(first, others)),
    "ne": ("vv", lambda left, right: not equal(left, (right,))),
    "lt": ("vv", less),
    "le": ("vv", lambda left, right: less(left, right) or equal(left, (right,))),
    "gt": ("vv", lambda left, right: not (less(left, right) or equal(left, (right,)))),
    "ge": ("vv", lambda left, right: not less(left, right)),
    "not": ("v", lambda value: not truth(value)),
    "index": ("vv*", lists.index),
    "len": ("v", lists.length),
    "print": ("a*", lambda *values: sprint(values)),
    "printf": ("sa*", lambda template, *values: sprintf(template, values)),
    "println": ("a*", lambda *values: sprintln(values)),
    "html": ("a*", _html),
    "urlquery": ("a*", _query),
}
_TEXTS: _Table = {
    "hello": ("", lambda: "Hello!"),
    "abbrev": ("is", texts.abbreviate),
    "trunc": ("is", texts.trunc),
    "trim": ("s", lambda text: text.strip(SPACE)),
    "upper": ("s", texts.upper),
    "lower": ("s", lower),
    "title": ("s", texts.title),
    "untitle": ("s", texts.untitle),
    "substr": ("iis", texts.substring),
    "repeat": ("is", texts.repeat),
    "trimall": ("ss", lambda cut, text: text.strip(cut) if cut else text),
    "trimAll": ("ss", lambda cut, text: text.strip(cut) if cut else text),
    "trimSuffix": ("ss", lambda end, text: text.removesuffix(end)),
    "trimPrefix": ("ss", lambda start, text: text.removeprefix(start)),
    "nospace": ("s", texts.no_space),
    "initials": ("s", texts.initials),
    "swapcase": ("s", texts.swap_case),
    "snakecase": ("s", texts.snake_case),
    "kebabcase": ("s", texts.kebab_case),
    "contains": ("ss", lambda part, text: part in text),
    "hasPrefix": ("ss", lambda start, text: text.startswith(start)),
    "hasSuffix": ("ss", lambda end, text: text.endswith(end)),
    "quote": ("a*", texts.quote),
    "squote": ("a*", texts.single_quote),
    "cat": ("a*", texts.cat),
    "indent": ("is", texts.indent),
    "nindent": ("is", lambda spaces, text: "\n" + texts.indent(spaces, text)),
    "replace": ("sss", texts.replace),
    "plural": ("ssi", lambda one, many, count: one if count == 1 else many),
    "sha1sum": ("s", _sha("sha1")),
    "sha256sum": ("s", _sha("sha256")),
    "sha512sum": ("s", _sha("sha512")),
    "adler32sum": ("s", lambda text: str(zlib.adler32(as_bytes(text)))),
    "toString": ("a", plain),
    "split": ("ss", texts.split),
    "splitList": ("ss", texts.split_list),
    "splitn": ("sis", texts.splitn),
    "toStrings": ("a", lists.strings),
    "join": ("sa", texts.join),
    "b64enc": ("s", lambda text: base64.b64encode(as_bytes(text)).decode()),
    "b64dec": ("s", texts.base64_decoded),
    "b32enc": ("s", lambda text: base64.b32encode(as_bytes(text)).decode()),
    "base": ("s", texts.path_base),
    "dir": ("s", texts.path_directory),
    "clean": ("s", texts.path_clean),
    "ext": ("s", texts.path_extension),
    "isAbs": ("s", lambda path: path.startswith("/")),
    "osBase": ("s", texts.path_base),
    "osDir": ("s", texts.path_directory),
    "osClean": ("s", texts.path_clean),
    "osExt": ("s", texts.path_extension),
    "osIsAbs": ("s", lambda path: path.startswith("/")),
    "fail": ("s", _fail),
    "regexMatch": ("ss", _regex_match),
    "mustRegexMatch": ("ss", regexes.searched),
    "regexFindAll": ("ssi", _find_all),
    "mustRegexFindAll": ("ssi", _find_all),
    "regexFind": ("ss", _find),
    "mustRegexFind": ("ss", _find),
    "regexReplaceAll": ("sss", lambda expression, text, new: checked(regexes.replaced(expression, text, new, literal=False))),
    "mustRegexReplaceAll": ("sss", lambda expression, text, new: checked(regexes.replaced(expression, text, new, literal=False))),
    "regexReplaceAllLiteral": ("sss", lambda expression, text, new: checked(regexes.replaced(expression, text, new, literal=True))),
    "mustRegexReplaceAllLiteral": ("sss", lambda expression, text, new: checked(regexes.replaced(expression, text, new, literal=True))),
    "regexSplit": ("ssi", regexes.split),
    "mustRegexSplit": ("ssi", regexes.split),
    "regexQuoteMeta": ("s", _quote_meta),
    "normalize": ("s", texts.normalize),
    "slugify": ("a*", texts.slugify),
}
_NUMBERS: _Table = {
    "atoi": ("s", lambda text: atoi(text) or 0),
    "int": ("a", numbers.to_int),
    "int64": ("a", numbers.to_int64),
    "float64": ("a", numbers.to_float),
    "until": ("i", numbers.until),
    "untilStep": ("iii", numbers.until_step),
    "seq": ("i*", numbers.seq),
    "add1": ("a", lambda value: numbers.add(value, 1)),
    "add": ("a*", numbers.add),
    "sub": ("aa", numbers.subtract),
    "mul": ("aa*", numbers.multiply),
    "div": ("aa", numbers.divide),
    "mod": ("aa", numbers.modulo),
    "max": ("aa*", lambda *values: Int64(max(map(numbers.to_int, values)))),
    "biggest": ("aa*", lambda *values: Int64(max(map(numbers.to_int, values)))),
    "min": ("aa*", lambda *values: Int64(min(map(numbers.to_int, values)))),
    "ceil": ("a", lambda value: float(math.ceil(numbers.to_float(value)))),
    "floor": ("a", lambda value: float(math.floor(numbers.to_float(value)))),
    "round": ("aif*", numbers.rounded),
}
_VALUES: _Table = {
    "default": ("aa*", _default),
    "empty": ("a", lambda value: not truth(value)),
    "coalesce": ("a*", _coalesce),
    "all": ("a*", lambda *values: all(map(truth, values))),
    "any": ("a*", lambda *values: any(map(truth, values))),
    "ternary": ("aab", _ternary),
    "fromJson": ("s", _lenient_json),
    "mustFromJson": ("s", from_json_text),
    "toJson": ("a", to_json),
    "mustToJson": ("a", to_json),
    "toRawJson": ("a", lambda value: to_json(value, html=False)),
    "mustToRawJson": ("a", lambda value: to_json(value, html=False)),
    "toPrettyJson": ("a", lambda value: to_json(value, indent=2)),
    "mustToPrettyJson": ("a", lambda value: to_json(value, indent=2)),
    "toYaml": ("a", to_yaml),
    "fromYaml": ("s", lambda text: from_yaml(text, dict)),
    "fromYamlArray": ("s", lambda text: from_yaml(text, list)),
    "deepCopy": ("a", lists.deep_copy),
    "mustDeepCopy": ("a", lists.deep_copy),
    "deepEqual": ("aa", lists.deep_equal),
    "typeOf": ("a", type_of),
    "typeIs": ("sa", lambda name, value: name == type_of(value)),
    "typeIsLike": ("sa", lambda name, value: type_of(value) in (name, "*" + name)),
    "kindOf": ("a", kind_of),
    "kindIs": ("sa", lambda name, value: name == kind_of(value)),
}
_LISTS: _Table = {
    "list": ("a*", lambda *values: list(values)),
    "tuple": ("a*", lambda *values: list(values)),
    "append": ("aa", lambda value, item: [*lists.a_list(value, "push on"), item]),
    "prepend": ("aa", lambda value, item: [item, *lists.a_list(value, "prepend on")]),
    "first": ("a", lambda value: next(iter(lists.a_list(value, "find first on")), None)),
    "last": ("a", lambda value: next(reversed(lists.a_list(value, "find last on")), None)),
    "rest": ("a", lists.rest),
    "initial": ("a", lists.initial),
    "reverse": ("a", lambda value: list(reversed(lists.a_list(value, "find reverse on")))),
    "compact": ("a", lambda value: list(filter(truth, lists.a_list(value, "compact on")))),
    "uniq": ("a", lists.uniq),
    "without": ("aa*", lists.without),
    "has": ("aa", lists.has),
    "slice": ("aa*", lists.cut),
    "chunk": ("ia", lists.chunk),
}
_MAPS: _Table = {
    "push": _LISTS["append"],
    "sortAlpha": ("a", lists.sort_alpha),
    "concat": ("a*", lists.concat),
    "dict": ("a*", lists.dictionary),
    "get": ("ms", lambda where, key: where.get(key, "")),
    "set": ("msa", lists.put),
    "unset": ("ms", lists.drop),
    "hasKey": ("ms", lambda where, key: key in where),
    "pluck": ("sm*", lambda key, *maps: [one[key] for one in maps if key in one]),
    "keys": ("m*", lists.keys),
    "values": ("m", lists.values),
    "pick": ("ms*", lambda where, *names: {name: where[name] for name in names if name in where}),
    "omit": ("ms*", lambda where, *names: {name: value for name, value in where.items() if name not in names}),
    "merge": ("mm*", lambda into, *others: lists.merged(into, *others, overwrite=False)),
    "mustMerge": ("mm*", lambda into, *others: lists.merged(into, *others, overwrite=False)),
    "mergeOverwrite": ("mm*", lambda into, *others: lists.merged(into, *others, overwrite=True)),
    "mustMergeOverwrite": ("mm*", lambda into, *others: lists.merged(into, *others, overwrite=True)),
    "dig": ("a*", lists.dig),
}
_MUST: _Table = {"must" + name[0].upper() + name[1:]: entry for name, entry in _LISTS.items() if name not in ("list", "tuple")} | {
    "mustPush": _LISTS["append"]
}

FUNCTIONS: dict[str, Signature] = {
    name: signature(letters, function)
    for table in (_GO, _TEXTS, _NUMBERS, _VALUES, _LISTS, _MAPS, _MUST)
    for name, (letters, function) in table.items()
}

# Known to Argo CD, and not answered here: the clock, chance, certificates, and what nobody writes into an ApplicationSet.
_UNKNOWN = """
    ago date date_in_zone date_modify dateInZone dateModify duration durationRound htmlDate htmlDateInZone must_date_modify mustDateModify
    mustToDate now toDate unixEpoch randAlphaNum randAlpha randAscii randNumeric shuffle camelcase wrap wrapWith abbrevboth toDecimal randInt add1f
    addf subf divf mulf maxf minf b32dec bcrypt htpasswd genPrivateKey derivePassword buildCustomCert genCA genCAWithKey genSelfSignedCert
    genSelfSignedCertWithKey genSignedCert genSignedCertWithKey encryptAES decryptAES randBytes uuidv4 semver semverCompare urlParse urlJoin
    js call
"""
UNKNOWN = frozenset(_UNKNOWN.split())

# Functions that take an item by its place.
BY_POSITION = frozenset({"index", "first", "mustFirst", "last", "mustLast", "rest", "mustRest", "initial", "mustInitial", "slice", "mustSlice"})

# Functions whose answer is the same in whatever order the keys of a map come.
ORDER_DOES_NOT_MATTER = frozenset({"sortAlpha", "has", "mustHas", "len", "empty", "not", "kindOf", "kindIs", "typeOf", "typeIs"})
