"""Sprig's texts, and the functions that Argo CD adds."""

import base64
import binascii
import re
from typing import Any

from gitguard.argo.golang import SPACE, lower
from gitguard.gotemplate.errors import TemplateError, Undecided
from gitguard.gotemplate.formatting import plain, quoted, sprintf
from gitguard.gotemplate.lists import strings
from gitguard.gotemplate.values import MOST_CHARACTERS, StringMap, Strings, as_bytes, as_text, checked

_LONGEST_NAME = 253
_DEFAULT_SLUG = 50


def normalize(name: str) -> str:
    """Argo CD's `normalize`: a DNS name of it."""
    text = re.sub(r"[^-a-z0-9.]", "-", lower(name))
    return text[:_LONGEST_NAME].strip("-.")


def slugify(*arguments: Any) -> str:
    """Argo CD's `slugify [longest] [cut between words] name`."""
    longest, between_words, name = _DEFAULT_SLUG, True, ""
    for number, argument in enumerate(arguments):
        if number == len(arguments) - 1:
            name = _typed(argument, str)
        elif number == 0:
            longest = _typed(argument, int)
        elif number == 1:
            between_words = _typed(argument, bool)
    slug = normalize(name)
    if not between_words and len(slug) >= longest:
        if longest < 0:
            raise TemplateError("slice bounds out of range")
        slug = slug[:longest]
    slug = re.sub(r"-+", "-", slug.replace(".", "-")).strip("-_")
    if longest <= 0 or not between_words or len(slug) <= longest:
        return slug
    end = slug.rfind("-", 0, longest + 1)
    return slug[: end if end >= 0 else longest]


def _typed(value: Any, wanted: type) -> Any:
    if type(value) is not wanted:
        raise TemplateError("interface conversion: an argument of slugify has the wrong type")
    return value


def trunc(count: int, text: str) -> str:
    """The first bytes, or the last ones of a negative count."""
    data = as_bytes(text)
    if count < 0 and len(data) + count > 0:
        return as_text(data[len(data) + count :])
    return as_text(data[:count]) if count >= 0 else text


def substring(start: int, end: int, text: str) -> str:
    """Bytes from start to end; a start or an end below 0 is the text's own."""
    data = as_bytes(text)
    if start < 0:
        start = 0
    elif end < 0 or end > len(data):
        end = len(data)
    if not 0 <= start <= end <= len(data):
        raise TemplateError("slice bounds out of range")
    return as_text(data[start:end])


def repeat(count: int, text: str) -> str:
    """The text that many times."""
    if count < 0:
        raise TemplateError("strings: negative Repeat count")
    if count * max(1, len(text)) > MOST_CHARACTERS:
        raise Undecided("a template makes more than is looked at")
    return text * count


def replace(old: str, new: str, text: str) -> str:
    """Every occurrence."""
    return text.replace(old, checked(new, room=text.count(old) * len(new)))


def indent(spaces: int, text: str) -> str:
    """Every line, further to the right."""
    pad = repeat(spaces, " ")
    return pad + replace("\n", "\n" + pad, text)


def join(separator: str, value: Any) -> str:
    """The items as one text."""
    items = strings(value)
    checked("", room=sum(map(len, items)) + len(items) * len(separator))
    return separator.join(items)


def split_list(separator: str, text: str) -> Strings:
    """strings.Split."""
    return Strings(text.split(separator) if separator else list(text))


def split(separator: str, text: str) -> StringMap:
    """The parts as `_0`, `_1`, …"""
    return StringMap({f"_{number}": part for number, part in enumerate(split_list(separator, text))})


def splitn(separator: str, count: int, text: str) -> StringMap:
    """At most that many parts as `_0`, `_1`, …; all for a negative count."""
    if not separator:
        raise Undecided("splitn between every character")
    parts = [] if count == 0 else text.split(separator, count - 1 if count > 0 else -1)
    return StringMap({f"_{number}": part for number, part in enumerate(parts)})


def quote(*values: Any) -> str:
    """Each in double quotes, nil ones left out."""
    return " ".join(quoted(plain(value)) for value in values if value is not None)


def single_quote(*values: Any) -> str:
    """Each in single quotes, nil ones left out."""
    return " ".join(f"'{plain(value)}'" for value in values if value is not None)


def cat(*values: Any) -> str:
    """All with spaces between, nil ones left out."""
    given = [value for value in values if value is not None]
    return sprintf(("%v " * len(given)).strip(), given)


def title(text: str) -> str:
    """strings.Title: the letter after anything that is no letter, digit or underscore."""
    made, before = [], " "
    for character in text:
        made.append(_upper(character) if _separates(before) else character)
        before = character
    return "".join(made)


def _separates(character: str) -> bool:
    if character.isascii():
        return not (character.isalnum() or character == "_")
    return not character.isalpha() and not character.isdecimal() and character in SPACE


def upper(text: str) -> str:
    """strings.ToUpper: rune by rune."""
    return text.upper() if text.isascii() else "".join(map(_upper, text))


def _upper(character: str) -> str:
    raised = character.upper()
    return raised if len(raised) == 1 else character


def untitle(text: str) -> str:
    """goutils.Uncapitalize: the first letter after white space becomes small."""
    made, before = [], " "
    for character in text:
        made.append(lower(character) if before in SPACE else character)
        before = character
    return "".join(made)


def initials(text: str) -> str:
    """The first letter after white space."""
    if not text.isascii():
        raise Undecided("initials of a text that is not ASCII")
    return "".join(character for before, character in zip(" " + text, text, strict=False) if before in SPACE and character not in SPACE)


def no_space(text: str) -> str:
    """Without white space; what is not ASCII is broken by the library."""
    if not text.isascii():
        raise Undecided("nospace of a text that is not ASCII")
    return "".join(character for character in text if character not in SPACE)


def abbreviate(width: int, text: str) -> str:
    """goutils.Abbreviate: cut, with three points."""
    if width < 4 or len(text) <= width:
        return text
    if not text.isascii():
        raise Undecided("abbrev of a text that is not ASCII")
    return text[: width - 3] + "..."


def swap_case(text: str) -> str:
    """Small letters become capitals and the other way round."""
    if not text.isascii():
        raise Undecided("swapcase of a text that is not ASCII")
    return text.swapcase()


def kebab_case(text: str, joint: str = "-") -> str:
    """xstrings' ToKebabCase and ToSnakeCase, for what they do without surprises: words of letters, digits apart from none."""
    if not re.fullmatch(r"[A-Za-z][a-z]*(?:[-_ ][A-Za-z][a-z]*|[A-Z][a-z]+)*", text):
        raise Undecided("the case of a text with digits, runs of capitals or other characters")
    words = re.findall(r"[A-Z]?[a-z]*", re.sub(r"[-_ ]", " ", text))
    return joint.join(word.lower() for word in words if word)


def snake_case(text: str) -> str:
    """xstrings' ToSnakeCase."""
    return kebab_case(text, "_")


def base64_decoded(text: str) -> str:
    """The text; what is no base64 gives an error as text, which is not made up here."""
    try:
        return as_text(base64.b64decode(re.sub(r"[\r\n]", "", text), validate=True))
    except (binascii.Error, ValueError) as error:
        raise Undecided("b64dec of what is no base64") from error


def path_base(path: str) -> str:
    """path.Base."""
    if not path:
        return "."
    stripped = path.rstrip("/")
    return stripped.rpartition("/")[2] if stripped else "/"


def path_clean(path: str) -> str:
    """path.Clean."""
    rooted = path.startswith("/")
    made: list[str] = []
    for part in path.split("/"):
        if part == ".." and made and made[-1] != "..":
            made.pop()
        elif part == "..":
            made += [] if rooted else [part]
        elif part not in ("", "."):
            made.append(part)
    return ("/" if rooted else "") + "/".join(made) or "."


def path_directory(path: str) -> str:
    """path.Dir."""
    return path_clean(path[: path.rfind("/") + 1])


def path_extension(path: str) -> str:
    """path.Ext."""
    name = path.rpartition("/")[2]
    return name[name.rfind(".") :] if "." in name else ""
