"""YAML is read as Kubernetes reads it: compared with apimachinery's stream reader and sigs.k8s.io/yaml themselves."""

import json
import math
import random
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from gitguard.parse import read

pytestmark = pytest.mark.testbed

SCALARS = [
    "yes",
    "no",
    "on",
    "off",
    "y",
    "n",
    "Y",
    "N",
    "Yes",
    "NO",
    "On",
    "OFF",
    "true",
    "True",
    "TRUE",
    "false",
    "~",
    "null",
    "Null",
    "NULL",
    "0",
    "-0",
    "+1",
    "1",
    "12",
    "007",
    "0644",
    "08",
    "09.5",
    "0o14",
    "0x1F",
    "0X1f",
    "0b11",
    "0B1",
    "1_000",
    "1__0",
    "_1",
    "0_7",
    "1.0",
    "1.",
    ".5",
    "1e3",
    "1E-3",
    "1e400",
    "12e03",
    ".inf",
    "-.INF",
    ".NaN",
    "inf",
    "nan",
    "1:30",
    "12:30:45",
    "2001-01-01",
    "2001-01-01T10:00:00Z",
    "99999999999999999999",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "123456789012345678",
    "1.5.2",
    "v1.2",
    "a-b",
    "=",
    "<<",
    "-",
    "--",
    "--x",
    "+.5",
    "-.5",
    "0x",
    "0xg",
    "0b2",
    "1e",
    "1e5",
    "e5",
    ".e5",
    "+",
    "'yes'",
    '"no"',
    "'0644'",
    '"1"',
    '"a\\tb"',
    "'it''s'",
    '"\\u00e9"',
    "|",
]
SCALARS += [
    "!!str 1",
    '!!int "7"',
    "!!float 1",
    '!!bool "yes"',
    "!foo bar",
    "!!binary aGVsbG8=",
    "a b",
    "a: b",
    "a #b",
    "é",
    "\u2028x",
    '"\\u00e9"',
    "[a, yes, 0644]",
    "{a: yes, b: 0644}",
]
KEYS = ["a", "b", "yes", "1", "0644", "1.5", "true", "'1'", "~", "y", '"a"', "1e3", "-1", "1.0"]


def answers(program: Path, files: list[Path]) -> list[list[dict[str, object]]]:
    done = subprocess.run([str(program)], input="\n".join(map(str, files)) + "\n", capture_output=True, text=True, check=True)
    return [json.loads(line) or [] for line in done.stdout.splitlines()]


def kubernetes(answer: list[dict[str, object]]) -> tuple[list[object], bool]:
    """(the values that are not empty, is anything refused)."""
    values = [document["value"] for document in answer if document.get("value") is not None]
    return values, any("error" in document for document in answer)


def ours(data: bytes) -> tuple[list[object], bool]:
    reading = read(data)
    return [document.value for document in reading.documents], any(problem.rule == "yaml-invalid" for problem in reading.problems)


def same(left: object, right: object) -> bool:
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, float) or isinstance(right, float):
        return isinstance(left, int | float) and isinstance(right, int | float) and math.isclose(left, right, rel_tol=1e-15)
    return type(left) is type(right) and left == right


def disagreements(program: Path, folder: Path, texts: Iterable[bytes]) -> list[tuple[bytes, object, object]]:
    files = []
    for number, text in enumerate(texts):
        files.append(folder / f"{number}.yaml")
        files[-1].write_bytes(text)
    found = []
    for file, answer in zip(files, answers(program, files), strict=True):
        data = file.read_bytes()
        theirs, mine = kubernetes(answer), ours(data)
        duplicate = any(problem.rule == "duplicate-key" for problem in read(data).problems)
        strict = any("already set" in str(document.get("strict")) for document in answer)
        if duplicate or (strict and b"<<" not in data):
            # Which of two equal keys wins is Go's random map order where their types differ (1 and "1"); that there are two is not.
            # sigs.k8s.io/yaml, when strict, also refuses a key that overrides a merged one; kubectl and Argo CD read without.
            if strict and not duplicate:
                found.append((data, answer, mine))
        elif theirs[1] != mine[1] or (not theirs[1] and not same(theirs[0], mine[0])):
            found.append((data, answer, mine))
    return found


def nasty(seed: int, count: int) -> Iterable[bytes]:
    """Small documents from surprising scalars, keys and shapes; the seed makes a failure come back."""
    chance = random.Random(seed)
    # What JSON lacks (infinity, a null key) is refused where it stands; Kubernetes forgives it where an equal key replaces it later.
    # The table has these.
    scalars = [scalar for scalar in SCALARS if "inf" not in scalar.lower() and "nan" not in scalar.lower()]
    for _ in range(count):
        lines = []
        for _ in range(chance.randint(1, 4)):
            key, scalar = chance.choice([key for key in KEYS if key != "~"]), chance.choice(scalars)
            shape = chance.randint(0, 7)
            if shape == 0:
                lines += [f"{key}:", f"  - {scalar}", f"  - {chance.choice(scalars)}"]
            elif shape == 1:
                lines += [f"{key}:", f"  {key}: {scalar}"]
            elif shape == 2:
                lines += [f"{key}: &anchor {scalar}", f"{chance.choice(KEYS)}x: *anchor"]
            elif shape == 3:
                lines += [f"base{len(lines)}: &m {{k: {chance.choice('12')}}}", f"{key}: {{<<: *m, k: {scalar}}}"]
            elif shape == 4:
                lines += [f"{key}: |", f"  {scalar}", "  second"]
            elif shape == 5:
                lines += ["---", f"{key}: {scalar}"]
            elif shape == 6:
                lines += [f"{key}: [{scalar}, {chance.choice(scalars)}]"]
            else:
                lines += [f"{key}: {scalar}"]
        yield ("\n".join(lines) + chance.choice(["\n", "", "\r\n"])).encode()


def test_surprising_scalars_mean_what_kubernetes_says(testbed: Callable[[str], Path], tmp_path: Path) -> None:
    texts = [f"{prefix}{scalar}\n".encode() for scalar in SCALARS for prefix in ("a: ", "- ", "a:\n  - b: ")]
    texts += [f"{key}: 1\n".encode() for key in KEYS]
    found = disagreements(testbed("yamlread"), tmp_path, texts)
    assert found == []


def test_generated_documents_are_read_alike(testbed: Callable[[str], Path], tmp_path: Path) -> None:
    found = disagreements(testbed("yamlread"), tmp_path, nasty(seed=20270101, count=4000))
    assert found == []


@pytest.mark.corpus
def test_every_yaml_file_of_the_corpora_is_read_alike(testbed: Callable[[str], Path], corpora: dict[str, Path]) -> None:
    program = testbed("yamlread")
    files = [file for root in corpora.values() for file in sorted(root.rglob("*")) if file.suffix in (".yaml", ".yml") and file.is_file()]
    differing = []
    for file, answer in zip(files, answers(program, files), strict=True):
        theirs, mine = kubernetes(answer), ours(file.read_bytes())
        if theirs[1] != mine[1] or (not theirs[1] and not same(theirs[0], mine[0])):
            differing.append(str(file))
    assert len(files) > 7000
    assert differing == []
