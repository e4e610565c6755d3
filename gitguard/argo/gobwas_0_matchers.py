"""The matchers that github.com/gobwas/glob v0.2.3 makes of a pattern, with the mistakes of that release.

Each can match a whole text or find its first fit in one. Lengths of fits are bytes, lengths of patterns characters, and the two are mixed up
as there.
"""

from collections.abc import Iterator

from gitguard.argo.gobwas_1 import GlobCrash, GlobUndecided
from gitguard.argo.golang import rune

UNBOUNDED = -1
# Steps of all searches in one text, some seconds; the library's own time has no bound.
_MOST_STEPS = 2_000_000

# Where a fit begins, and the lengths that it may have, the shortest first.
_Fit = tuple[int, list[int]] | None


class Work:
    """What may still be spent on one text."""

    def __init__(self) -> None:
        self.left = _MOST_STEPS

    def spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise GlobUndecided("a glob takes too long to match as Argo CD before 3.6 would match it")


class Matcher:
    """One node of the tree. `length` in characters is -1 where texts of several lengths match."""

    length = UNBOUNDED

    def match(self, text: bytes, work: Work) -> bool:
        """Does the whole text match?"""
        raise AssertionError

    def find(self, text: bytes, work: Work) -> _Fit:
        """The first fit, and all its lengths; None where there is none."""
        raise AssertionError


def _starts(text: bytes) -> Iterator[tuple[int, str]]:
    """Where each character begins, and which it is."""
    position = 0
    while position < len(text):
        character, width = rune(text, position)
        yield position, character
        position += width


def _width(character: str) -> int:
    return len(character.encode("utf-8", "surrogatepass"))


def _separator(text: bytes, separators: str) -> int:
    """Where the first of the separators is that occurs at all; -1 where none does. It need not be the first one in the text."""
    return next((found for found in (text.find(one.encode()) for one in separators) if found >= 0), -1)


class Text(Matcher):
    """A literal."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.length = sum(1 for _ in _starts(text))

    def match(self, text: bytes, work: Work) -> bool:
        return text == self.text

    def find(self, text: bytes, work: Work) -> _Fit:
        index = text.find(self.text)
        return (index, [len(self.text)]) if index >= 0 else None


class One(Matcher):
    """One character: in a set, in a range, or no separator. An empty text counts as one character, U+FFFD."""

    length = 1

    def __init__(self, members: str, *, negated: bool, single: bool = False, to: str = "") -> None:
        self.members, self.negated, self.single, self.to = members, negated, single, to

    def _takes(self, character: str) -> bool:
        inside = self.members <= character <= self.to if self.to else character in self.members
        return inside != self.negated

    def match(self, text: bytes, work: Work) -> bool:
        character, width = rune(text, 0) if text else ("\ufffd", 0)
        return len(text) <= width and self._takes(character)

    def find(self, text: bytes, work: Work) -> _Fit:
        return next(((index, [_width(character)]) for index, character in _starts(text) if self._takes(character)), None)


class Run(Matcher):
    """Any number of characters that are no separators."""

    def __init__(self, separators: str) -> None:
        self.separators = separators

    def match(self, text: bytes, work: Work) -> bool:
        return _separator(text, self.separators) < 0

    def find(self, text: bytes, work: Work) -> _Fit:
        end = _separator(text, self.separators)
        if end == 0:
            return 0, [0]
        inside = text[:end] if end > 0 else text
        return 0, [*(index for index, _ in _starts(inside)), len(inside)]


class Everything(Matcher):
    """Any text."""

    def match(self, text: bytes, work: Work) -> bool:
        return True

    def find(self, text: bytes, work: Work) -> _Fit:
        return 0, [*(index for index, _ in _starts(text)), len(text)]


class Nothing(Matcher):
    """The empty text."""

    length = 0

    def match(self, text: bytes, work: Work) -> bool:
        return not text

    def find(self, text: bytes, work: Work) -> _Fit:
        return 0, [0]


class Contains(Matcher):
    """Texts with a literal in them, or without it."""

    def __init__(self, needle: bytes, *, negated: bool) -> None:
        self.needle, self.negated = needle, negated

    def match(self, text: bytes, work: Work) -> bool:
        return (self.needle in text) != self.negated

    def find(self, text: bytes, work: Work) -> _Fit:
        index, offset = text.find(self.needle), 0
        if not self.negated:
            if index < 0:
                return None
            offset = index + len(self.needle)
            text = text[offset:]
        elif index >= 0:
            text = text[:index]
        return 0, [*(offset + start for start, _ in _starts(text)), offset + len(text)]


class Prefix(Matcher):
    """A literal, and then any text without separators."""

    def __init__(self, prefix: bytes, separators: str = "") -> None:
        self.prefix, self.separators = prefix, separators

    def match(self, text: bytes, work: Work) -> bool:
        return text.startswith(self.prefix) and _separator(text[len(self.prefix) :], self.separators) < 0

    def find(self, text: bytes, work: Work) -> _Fit:
        index = text.find(self.prefix)
        if index < 0:
            return None
        length = len(self.prefix)
        rest = text[index + length :]
        end = _separator(rest, self.separators)
        return index, [length, *(length + start + _width(character) for start, character in _starts(rest[:end] if end >= 0 else rest))]


class Suffix(Matcher):
    """Any text, and then a literal."""

    def __init__(self, suffix: bytes) -> None:
        self.suffix = suffix

    def match(self, text: bytes, work: Work) -> bool:
        return text.endswith(self.suffix)

    def find(self, text: bytes, work: Work) -> _Fit:
        index = text.find(self.suffix)
        return (0, [index + len(self.suffix)]) if index >= 0 else None


class SeparatedSuffix(Matcher):
    """Any text without separators, and then a literal."""

    def __init__(self, suffix: bytes, separators: str) -> None:
        self.suffix, self.separators = suffix, separators

    def match(self, text: bytes, work: Work) -> bool:
        return text.endswith(self.suffix) and _separator(text[: len(text) - len(self.suffix)], self.separators) < 0

    def find(self, text: bytes, work: Work) -> _Fit:
        index = text.find(self.suffix)
        if index < 0:
            return None
        before = (text.rfind(one.encode(), 0, index) for one in self.separators)
        start = next((found for found in before if found >= 0), -1) + 1
        return start, [index + len(self.suffix) - start]


class PrefixSuffix(Matcher):
    """A literal, any text, a literal: and the two may overlap."""

    def __init__(self, prefix: bytes, suffix: bytes) -> None:
        self.prefix, self.suffix = prefix, suffix

    def match(self, text: bytes, work: Work) -> bool:
        return text.startswith(self.prefix) and text.endswith(self.suffix)

    def find(self, text: bytes, work: Work) -> _Fit:
        index = text.find(self.prefix)
        if index < 0:
            return None
        lengths, rest = list[int](), text[index:]
        while (found := rest.rfind(self.suffix)) >= 0:
            lengths.append(found + len(self.suffix))
            rest = rest[:found]
        return (index, lengths[::-1]) if lengths else None


class AtLeast(Matcher):
    """Texts of so many characters or more."""

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def match(self, text: bytes, work: Work) -> bool:
        return any(number >= self.limit for number, _ in enumerate(_starts(text), 1))

    def find(self, text: bytes, work: Work) -> _Fit:
        if len(text) < self.limit:
            return None
        lengths = [start + _width(character) for number, (start, character) in enumerate(_starts(text), 1) if number >= self.limit]
        return (0, lengths) if lengths else None


class AtMost(Matcher):
    """Texts of so many characters or fewer."""

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def match(self, text: bytes, work: Work) -> bool:
        return all(number <= self.limit for number, _ in enumerate(_starts(text), 1))

    def find(self, text: bytes, work: Work) -> _Fit:
        return 0, [0, *(start + _width(character) for number, (start, character) in enumerate(_starts(text), 1) if number <= self.limit)]


class Every(Matcher):
    """Texts that match all of several."""

    def __init__(self, matchers: list[Matcher]) -> None:
        self.matchers = matchers

    def match(self, text: bytes, work: Work) -> bool:
        return all(matcher.match(text, work) for matcher in self.matchers)

    def find(self, text: bytes, work: Work) -> _Fit:
        index = offset = 0
        lengths = list[int]()
        for number, matcher in enumerate(self.matchers):
            fit = matcher.find(text[index:], work)
            if fit is None:
                return None
            found, more = fit
            if number:
                shift = index - (found + offset)
                work.spend(len(lengths) + len(more))
                kept = set(more)
                lengths = [length + shift for length in lengths if length + shift in kept]
                if not lengths:
                    return None
            else:
                lengths = more
            index = found + offset
            offset += found
        return index, lengths


class Choice(Matcher):
    """Texts that match one of several."""

    def __init__(self, matchers: list[Matcher]) -> None:
        self.matchers = matchers
        self.length = matchers[0].length
        for matcher in matchers[1:]:
            # A first alternative of no fixed length is forgotten here.
            if self.length == UNBOUNDED:
                self.length = matcher.length
            elif matcher.length != self.length:
                self.length = UNBOUNDED
                break

    def match(self, text: bytes, work: Work) -> bool:
        return any(matcher.match(text, work) for matcher in self.matchers)

    def find(self, text: bytes, work: Work) -> _Fit:
        best: _Fit = None
        for matcher in self.matchers:
            fit = matcher.find(text, work)
            if fit is not None and (best is None or fit[0] < best[0]):
                best = fit
            elif fit is not None and best is not None and fit[0] == best[0]:
                best = best[0], sorted({*best[1], *fit[1]})
        return best


class Row(Matcher):
    """Matchers of fixed length, one after the other."""

    def __init__(self, matchers: list[Matcher]) -> None:
        self.matchers = matchers
        self.length = sum(matcher.length for matcher in matchers)

    def match(self, text: bytes, work: Work) -> bool:
        return sum(1 for _ in _starts(text)) == self.length and self._fits(text, work)

    def find(self, text: bytes, work: Work) -> _Fit:
        for start, _ in _starts(text):
            if len(text) - start < self.length:
                break
            if self._fits(text[start:], work):
                # Characters, where bytes would be right.
                return start, [self.length]
        return None

    def _fits(self, text: bytes, work: Work) -> bool:
        position = 0
        for matcher in self.matchers:
            # Up to the last character's first byte, and then one byte more: wide characters are cut. A matcher of no length counts all that
            # is left.
            last = count = 0
            for start, _ in _starts(text[position:]):
                last, count = start, count + 1
                if count == matcher.length:
                    break
            work.spend(count + 1)
            if count < matcher.length:
                return False
            end = position + last + 1
            if end > len(text):
                raise GlobCrash("Argo CD before 3.6 crashes on a glob with an empty alternative, such as `a{}` or `a{b,}`")
            if not matcher.match(text[position:end], work):
                return False
            position = end
        return True


class Tree(Matcher):
    """A matcher to look for, and what has to match before and after it."""

    def __init__(self, value: Matcher, left: Matcher | None, right: Matcher | None) -> None:
        self.value, self.left, self.right = value, left, right
        self.before = left.length if left else 0
        self.after = right.length if right else 0
        parts = (self.before, value.length, self.after)
        self.length = UNBOUNDED if UNBOUNDED in parts else sum(parts)

    def match(self, text: bytes, work: Work) -> bool:
        if self.length > len(text):
            return False
        # Lengths in characters cut bytes.
        offset, limit = max(self.before, 0), len(text) - max(self.after, 0)
        while offset < limit:
            work.spend(limit - offset)
            fit = self.value.find(text[offset:limit], work)
            if fit is None:
                return False
            start = offset + fit[0]
            if self._side(self.left, text[:start], work) and any(self._side(self.right, text[start + length :], work) for length in fit[1][::-1]):
                return True
            offset = start + (rune(text, start)[1] if start < len(text) else 0)
        return False

    def find(self, text: bytes, work: Work) -> _Fit:
        return None

    @staticmethod
    def _side(matcher: Matcher | None, text: bytes, work: Work) -> bool:
        work.spend(1 + len(text) // 16)
        return matcher.match(text, work) if matcher else not text
