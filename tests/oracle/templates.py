"""Random Go templates with their parameters: seeded, biased towards what people write into ApplicationSets, and often wrong."""

import random
from collections.abc import Iterator
from typing import Any

PARAMS: dict[str, Any] = {
    "name": "Web_App.prod",
    "number": 3,
    "big": 1234567,
    "part": 0.5,
    "yes": True,
    "no": False,
    "empty": "",
    "null": None,
    "path": {"path": "apps/team-a/web", "basename": "web", "segments": ["apps", "team-a", "web"]},
    "labels": {"env": "prod", "tier": "1", "team/owner": "a b", "zone-2": "x: y", "zone-10": "# no"},
    "list": ["b", "a", "", "a", "c"],
    "mixed": [1, "two", None, True, {"k": "v"}, [1.5]],
    "objects": [{"name": "one", "on": True}, {"name": "two"}],
    "nested": {"a": {"b": {"c": "deep"}}, "n": None, "list": [], "map": {}},
    "text": "line one\nline two\n",
    "yaml": "a: 1\nb: [x, y]\nc: {d: yes}\n",
    "items": "- a\n- b: 2\n",
    "json": '{"a": [1, 2.5, "<x>"], "b": null}',
    "url": "https://github.com/Org/Repo.git",
    "unicode": "Grüße, Wörld ß",
    "version": "v1.22.3",
    "template": "{{ .name | lower }}-{{ .gone }}",
    "long": "word " * 30 + "end",
    "tricky": "'quoted' \"text\" & <tags>",
}
TEXTS = (
    '"eWVz"',
    '"httpServer"',
    '"SomeWords_here and-there"',
    '"bool"',
    ".name",
    ".empty",
    ".path.path",
    ".path.basename",
    ".url",
    ".version",
    ".text",
    ".unicode",
    ".tricky",
    '"x"',
    '"a-b_c.d"',
    "`r\\w`",
    ".labels.env",
    '(index .labels "env")',
)
NUMBERS = ("0", "1", "2", "3", "-1", "7", "50", "(len .list)", "(int .number)")
ANY = (
    ".number",
    ".big",
    ".part",
    ".yes",
    ".no",
    ".null",
    ".list",
    ".mixed",
    ".labels",
    ".nested",
    ".nested.a",
    ".objects",
    ".gone",
    ".nested.n",
    ".long",
    "1.5",
    "true",
    "nil",
    ".",
    "$",
    "(list 1 2)",
    '(dict "k" .name)',
    "1e3",
    "0x1F",
    "'a'",
)
MAPS = (".labels", ".nested", ".path", ".nested.a.b", '(dict "k" 1 "l" "m")', ".nested.map", ".gone")
MERGED = (".labels", ".path", ".nested.a.b", '(dict "k" 1 "l" "m")', '(dict "k" "" "n" (list))', ".gone")
LISTS = (
    ".list",
    ".mixed",
    ".path.segments",
    ".objects",
    "(list)",
    ".nested.list",
    "(list 3 1 2)",
    '(splitList "/" .path.path)',
    "(until 3)",
    ".gone",
)
EXPRESSIONS = (
    "^a",
    "[a-z]+",
    "(\\\\w+)-(\\\\w+)",
    "[^a-z0-9]",
    "x*",
    "https?://([^/]+)/(.*)",
    "(?i)WEB",
    "\\\\.git$",
    "a|b",
    "[[:upper:]]",
    "(",
    "\\\\d+",
    "^(.+)/(.+)$",
    "v?([0-9]+)\\\\.([0-9]+)",
)
REPLACEMENTS = ('"-"', '"$1"', '"${2}-${1}"', '"$1x"', '"$$"', '""')
FUNCTIONS = {
    "sm": "pluck",
    "i": "until",
    "ssi": "plural",
    "il": "chunk mustChunk",
    "s": "lower upper title trim untitle nospace initials b64enc sha256sum sha1sum base dir clean ext normalize quote squote toString fromYaml fromJson fromYamlArray html urlquery regexQuoteMeta atoi swapcase b32enc adler32sum slugify b64dec kebabcase snakecase isAbs osIsAbs osBase osClean osDir osExt sha512sum mustFromJson fail",
    "a": "default empty toJson toYaml toPrettyJson toRawJson typeOf kindOf quote squote toString not len print println printf coalesce int int64 float64 floor ceil list toStrings html cat add1 deepCopy mustToJson mustDeepCopy mustToPrettyJson mustToRawJson tuple",
    "l": "first last rest initial reverse uniq compact sortAlpha len toJson mustFirst mustLast toStrings mustCompact mustInitial mustRest mustReverse mustUniq",
    "m": "toYaml toJson keys values len toPrettyJson",
    "ss": "trimSuffix trimPrefix trimAll contains hasPrefix hasSuffix splitList split eq ne lt gt le ge print trimall",
    "sss": "replace",
    "is": "trunc repeat indent nindent substr abbrev",
    "iis": "substr",
    "sis": "splitn",
    "sl": "join",
    "ms": "hasKey get pick omit unset",
    "MM": "merge mergeOverwrite mustMerge mustMergeOverwrite",
    "aa": "eq ne lt le gt ge and or default coalesce add sub mul div mod max min list deepEqual any all print println cat ternary has append prepend without concat dict",
    "al": "has append without mustHas",
    "la": "append prepend without has mustAppend mustPrepend mustPush push mustWithout",
    "li": "index slice mustSlice",
    "lii": "slice",
    "aab": "ternary",
    "ii": "add sub mul div mod max min eq lt seq biggest",
    "iii": "untilStep seq",
    "ai": "round",
    "sa": "kindIs typeIs typeIsLike",
}
SIGNATURES = {letters: names.split() for letters, names in FUNCTIONS.items()}
DIRECTIVES = ("%s", "%v", "%d", "%q", "%05d", "%-8s|", "%8s", "%t", "%x", "%.2f", "%%", "%+d", "%T", "%s-%s", "%d", "%5.1f", "%e", "%c", "%!", "%")


class Templates:
    """An endless source of templates."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def lines(self, count: int) -> Iterator[dict[str, Any]]:
        """Questions for the test bed."""
        for _ in range(count):
            options = self._random.choice(([], [], ["missingkey=error"], ["missingkey=zero"], ["missingkey=default"]))
            yield {"template": self.template(), "params": PARAMS, "options": options}

    def template(self) -> str:
        pieces = [self.piece(2) for _ in range(self._random.randint(1, 3))]
        text = "".join(pieces)
        if self._random.random() < 0.03:
            position = self._random.randrange(len(text) + 1)
            text = (
                text[:position] + self._random.choice(("}}", "{{", "(", ")", "|", "}", '"', " ", "end", "{{end}}", "$x", "-", ",")) + text[position:]
            )
        return text

    def piece(self, depth: int) -> str:
        choose = self._random.random()
        left, right = self._random.choice(("{{ ", "{{", "{{- ")), self._random.choice((" }}", "}}", " -}}"))
        if choose < 0.15 or depth == 0:
            return self._random.choice((" ", "text", "\n  ", "-", "{ }", "a: "))
        if choose < 0.65:
            return f"{left}{self.pipeline(2)}{right}"
        if choose < 0.77:
            other = self._random.choice(
                ("", f"{{{{ else }}}}{self.piece(depth - 1)}", f"{{{{ else if {self.pipeline(1)} }}}}{self.piece(depth - 1)}")
            )
            return f"{left}if {self.pipeline(2)}{right}{self.piece(depth - 1)}{other}{{{{ end }}}}"
        if choose < 0.84:
            other = self._random.choice(("", f"{{{{ else }}}}{self.piece(depth - 1)}"))
            return f"{left}with {self.pipeline(1)}{right}{{{{ . }}}}{self.piece(depth - 1)}{other}{{{{ end }}}}"
        if choose < 0.94:
            names = self._random.choice(("", "$i := ", "$i, $e := "))
            inside = self._random.choice(
                ("{{ . }};", "{{ $.name }};", "{{ .name }}", "{{ break }}", "{{ if . }}{{ continue }}{{ end }}z", "{{ $i }}" if names else "y")
            )
            over = self._random.choice((*LISTS, *MAPS, ".number", "3", "(until 2)", self.pipeline(1)))
            other = self._random.choice(("", "{{ else }}none"))
            return f"{left}range {names}{over}{right}{inside}{other}{{{{ end }}}}"
        name = self._random.choice(("x", "y"))
        return self._random.choice(
            (
                f"{{{{ ${name} := {self.pipeline(1)} }}}}[{{{{ ${name} }}}}]",
                f'{{{{ define "d" }}}}<{self.piece(1)}>{{{{ end }}}}{{{{ template "d" {self.argument("a", 0)} }}}}',
                f"{{{{ ${name} := 1 }}}}{{{{ if true }}}}{{{{ ${name} = 2 }}}}{{{{ end }}}}{{{{ ${name} }}}}",
                "{{/* comment */}}",
                "{{- /* c */ -}} ",
                f"{{{{ tpl {self.argument('s', 0)} . }}}}",
                "{{ tpl .template . }}",
                '{{ template "gone" }}',
                '{{ block "b" .path }}{{ .basename }}{{ end }}',
                "{{ nil }}",
                "{{ .name.x }}",
                "{{ .gone.x.y }}",
                "{{ .null.x }}",
                "{{ .list.x }}",
            )
        )

    def pipeline(self, depth: int) -> str:
        text = self.call(depth)
        for _ in range(self._random.choice((0, 0, 0, 1, 1, 2))):
            text += " | " + self.stage()
        return text

    def stage(self) -> str:
        # A map that is merged into itself makes Argo CD's controller crash for good: nothing that could lead there comes to `merge`.
        letters = self._random.choice([letters for letters in SIGNATURES if letters != "MM"])
        name = self._random.choice(SIGNATURES[letters])
        return " ".join([name, *(self.argument(letter, 0) for letter in letters[:-1])])

    def call(self, depth: int) -> str:
        choose = self._random.random()
        if depth == 0 or choose < 0.15:
            return self.argument(self._random.choice("ssall"), 0)
        if choose < 0.22:
            expression, name = (
                self._random.choice(EXPRESSIONS),
                self._random.choice(("regexReplaceAll", "regexReplaceAllLiteral", "mustRegexReplaceAll", "mustRegexReplaceAllLiteral")),
            )
            return f'{name} "{expression}" {self.argument("s", 0)} {self._random.choice(REPLACEMENTS)}'
        if choose < 0.27:
            expression, name = self._random.choice(EXPRESSIONS), self._random.choice(("regexMatch", "regexFind", "mustRegexMatch", "mustRegexFind"))
            return f'{name} "{expression}" {self.argument("s", 0)}'
        if choose < 0.30:
            expression, name = (
                self._random.choice(EXPRESSIONS),
                self._random.choice(("regexFindAll", "regexSplit", "mustRegexFindAll", "mustRegexSplit")),
            )
            return f'{name} "{expression}" {self.argument("s", 0)} {self._random.choice(("-1", "1", "2", "0"))}'
        if choose < 0.38:
            directive = "".join(self._random.choice((*DIRECTIVES, " ")) for _ in range(self._random.randint(1, 2)))
            return f'printf "{directive}" ' + " ".join(self.argument(self._random.choice("sia"), 0) for _ in range(self._random.randint(0, 2)))
        if choose < 0.42:
            return f'dig "a" "b" "none" {self.argument("m", 0)}' if choose < 0.40 else 'dig "a" "b" "c" "none" .nested'
        if choose < 0.46:
            return f"slugify {self._random.choice(('', '5 ', '20 true ', '8 false ', '0 true '))}{self.argument('s', 0)}"
        if choose < 0.49:
            key = self._random.choice(('"env"', '"a"', '"gone"', '"a" "b"', "0"))
            return f"index {self.argument('m', 0)} {key}"
        letters = self._random.choice(tuple(SIGNATURES))
        name = self._random.choice(SIGNATURES[letters])
        return " ".join([name, *(self.argument(letter, depth - 1) for letter in letters)])

    def argument(self, letter: str, depth: int) -> str:
        if letter == "M":
            return self._random.choice(MERGED)
        if self._random.random() < 0.04:
            letter = "a"
        if depth > 0 and self._random.random() < 0.3:
            return f"({self.call(depth)})"
        pools = {
            "s": TEXTS,
            "i": NUMBERS,
            "b": (".yes", ".no", "true", "false", '(eq .name "x")'),
            "m": MAPS,
            "l": LISTS,
            "a": (*ANY, *TEXTS, *NUMBERS),
        }
        return self._random.choice(pools[letter])


SCALARS = (
    "",
    "yes",
    "y",
    "null",
    "~",
    "1",
    "1.0",
    "0x1f",
    "010",
    "1e3",
    ".5",
    "2001-01-01",
    "1:30",
    "a: b",
    "a:",
    ":a",
    "a #b",
    "#a",
    "- a",
    "-",
    "-a",
    "? a",
    "a,b",
    "[a",
    "{a}",
    "*a",
    "&a",
    "!a",
    "%a",
    "@a",
    "`a`",
    "|",
    ">",
    "'a'",
    '"a"',
    "a'b",
    'a"b',
    " a",
    "a ",
    "a\\b",
    "a\nb",
    "a\nb\n",
    "\na",
    "  a\nb",
    "true",
    "True",
    "no",
    "on",
    "é",
    "a  b",
    "---",
    "--- a",
    "...",
    "=",
    "<<",
    "https://x/y?z#q",
    "a@b",
    "1_000",
    "+1",
    "0b1",
    "0o7",
    ".inf",
    ".nan",
    "12e03",
    "1.2.3",
    "v1",
    "x" * 90,
    "word " * 20 + "end",
    "1,2",
    "None",
    "a\tb",
    "$x",
    "10.0.0.0/8",
    "::1",
    "50%",
    "0",
    "-0",
    "00",
    "1.",
    "6:1",
    "1:2:3",
    "12:30:45",
)
KEYS = ("a", "b", "a1", "a10", "a2", "key-1", "x.y/z", "1", "yes", "", "a b", "A", "_")
NUMERALS = (0, 1, -1, 1.5, 1e6, 1e21, 123456789012, 0.0000001, 1e-7, 100000000000000000000, 2.0)


class Values:
    """An endless source of values for toYaml and its like."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def lines(self, count: int) -> Iterator[dict[str, Any]]:
        """Questions for the test bed."""
        for _ in range(count):
            name = self._random.choice(
                (
                    "toYaml",
                    "toYaml",
                    "toYaml",
                    "toJson",
                    "toPrettyJson",
                    "toRawJson",
                    "toYaml .v | fromYaml | toJson",
                    "print",
                    "toJson .v | fromJson | toYaml",
                )
            )
            text = f"{{{{ {name} }}}}" if " " in name else f"{{{{ {name} .v }}}}"
            yield {"template": text, "params": {"v": self.value(3)}, "options": []}

    def value(self, depth: int) -> Any:
        choose = self._random.random()
        if depth and choose < 0.35:
            return {self._random.choice(KEYS): self.value(depth - 1) for _ in range(self._random.randint(0, 4))}
        if depth and choose < 0.6:
            return [self.value(depth - 1) for _ in range(self._random.randint(0, 3))]
        return self._random.choice((*SCALARS, *SCALARS, *NUMERALS, True, False, None))
