"""Entries have one form, RFC 8785's: its published vectors, what is no entry, and that what was written is read."""

import json
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitguard.ledger.entries import canonical, decoded, encoded
from gitguard.ledger.errors import LedgerError

# Of RFC 8785's test data (github.com/cyberphone/json-canonicalization, testdata): input and output.
VECTORS = {
    "arrays": ('[56, {"d": true, "10": null, "1": [ ]}]', '[56,{"1":[],"10":null,"d":true}]'),
    "french": (
        '{"peach": "This sorting order", "p\u00e9ch\u00e9": "is wrong according to French", "p\u00eache": "but canonicalization MUST", '
        '"sin":   "ignore locale"}',
        '{"peach":"This sorting order","p\u00e9ch\u00e9":"is wrong according to French","p\u00eache":"but canonicalization MUST",'
        '"sin":"ignore locale"}',
    ),
    "structures": (
        r'{"1": {"f": {"f": "hi","F": 5} ,"\n": 56.0}, "10": { }, "": "empty", "a": { }, "111": [ {"e": "yes","E": "no" } ], "A": { }}',
        r'{"":"empty","1":{"\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{"E":"no","e":"yes"}],"A":{},"a":{}}',
    ),
    "unicode": (r'{"Unnormalized Unicode":"A\u030a"}', '{"Unnormalized Unicode":"A\u030a"}'),
    "values": (
        r'{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001], '
        r'"string": "\u20ac$\u000F\u000aA\u0027\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}',
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        r'"string":"' + "\u20ac" + r"$\u000f\nA'B\"\\\\\"/" + '"}',
    ),
    "weird": (
        r'{"\u20ac": "Euro Sign", "\r": "Carriage Return", "\u000a": "Newline", "1": "One", "\u0080": "Control\u007f", '
        r'"\ud83d\ude02": "Smiley", "\u00f6": "Latin Small Letter O With Diaeresis", "\ufb33": "Hebrew Letter Dalet With Dagesh", '
        '"</script>": "Browser Challenge"}',
        r'{"\n":"Newline","\r":"Carriage Return","1":"One","</script>":"Browser Challenge",'
        '"\u0080":"Control\u007f","\u00f6":"Latin Small Letter O With Diaeresis","\u20ac":"Euro Sign","\U0001f602":"Smiley",'
        '"\ufb33":"Hebrew Letter Dalet With Dagesh"}',
    ),
}

# Of RFC 8785, appendix B: the bits of a number, and how it is written; "" where it can't be.
NUMBERS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "7fffffffffffffff": "",
    "7ff0000000000000": "",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "41b3de4355555556": "333333333.3333334",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), st.floats(-1e15, 1e15), st.floats(1e21, 1e300), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)
ENTRIES = st.dictionaries(TEXTS, VALUES, max_size=5)


@pytest.mark.parametrize("name", VECTORS)
def test_the_published_vectors(name: str):
    given_, expected = VECTORS[name]
    assert canonical(json.loads(given_)).decode() == expected
    entry = f'{{"entry":{expected}}}'.encode()
    assert encoded({"entry": json.loads(given_)}) == entry
    assert decoded(entry) == {"entry": json.loads(given_)}


@pytest.mark.parametrize(("bits", "expected"), NUMBERS.items())
def test_the_published_numbers(bits: str, expected: str):
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    if not expected:
        with pytest.raises(LedgerError, match="is no number in JSON"):
            encoded({"number": number})
        return
    data = f'{{"number":{expected}}}'.encode()
    assert canonical({"number": number}) == data
    if len(expected) > 15 and expected.lstrip("-").isdigit():
        with pytest.raises(LedgerError, match="too large a number"):
            encoded({"number": number})
    else:
        assert encoded({"number": number}) == data
        assert decoded(data) == {"number": number}


@settings(deadline=None)
@given(ENTRIES)
def test_what_was_written_is_read(entry: dict[str, Any]):
    assert decoded(encoded(entry)) == entry
    assert encoded(entry) == canonical(entry)


@settings(deadline=None)
@given(ENTRIES, st.data())
def test_what_is_written_otherwise_is_refused(entry: dict[str, Any], data: st.DataObject):
    other = data.draw(
        st.sampled_from([
            json.dumps(entry, ensure_ascii=False, sort_keys=True),
            json.dumps(entry, ensure_ascii=False, separators=(",", ":")),
            json.dumps(entry, ensure_ascii=True, sort_keys=True, separators=(",", ":")),
            json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":")),
            json.dumps(dict(reversed(entry.items())), ensure_ascii=False, separators=(",", ":")),
        ])
    ).encode()  # fmt: skip
    if other == canonical(entry):
        assert decoded(other) == entry
    else:
        with pytest.raises(LedgerError, match="no canonical JSON"):
            decoded(other)


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1.0}',
        b'{"a":1e0}',
        b'{"a":-0}',
        b'{"a":0.00001,"b":1e-05}',
        b'{"a":9007199254740993}',
        b'{"a":1152921504606846976}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":"\\/"}',
        b'{"a":"\\u00e9"}',
        b'{"a":"\\ud800"}',
        b'{"a":1,"a":1}',
        b'{"b":1,"a":1}',
        b' {"a":1}',
        b'{"a":1}\n',
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"),
        # Sorted by code points, and not by UTF-16.
        '{"\ufb33":1,"\U0001f602":1}'.encode(),
    ],
)
def test_what_is_not_canonical_is_refused(data: bytes):
    with pytest.raises(LedgerError):
        decoded(data)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (2**53, "too large a number"),
        (-(2**53), "too large a number"),
        pytest.param(10**5000, "too large a number", id="5,000 digits"),
        (float("nan"), "no number in JSON"),
        ("\ud800", "half a character"),
        ({1: 2}, "a key is no text"),
        ({"a": {"\udc00": 1}}, "half a character"),
        ({1, 2}, "set is not in JSON"),
        (b"", "bytes is not in JSON"),
        ("x" * 70_000, "an entry of 700.. bytes; at most 65535 fit"),
    ],
)
def test_what_can_not_be_written_is_refused(value: Any, said: str):
    with pytest.raises(LedgerError, match=said):
        encoded({"problem": value})


def test_what_is_nested_too_deep_is_refused():
    value: Any = 1
    for _ in range(70):
        value = [value]
    with pytest.raises(LedgerError, match="nested more than 64 deep"):
        encoded({"problem": value})


def test_tuples_and_lists_are_written_alike():
    assert encoded({"a": (1, "b", (None,))}) == b'{"a":[1,"b",[null]]}'


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_whatever_the_bytes_are_they_are_read_or_refused(data: bytes):
    try:
        assert encoded(decoded(data)) == data
    except LedgerError:
        return
