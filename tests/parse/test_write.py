"""What is written is read as what it was: text stays text, however much it looks like something else."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gitguard.parse import read
from gitguard.parse.write import shown, written

likely = st.from_regex(r"[-+.0-9eEfFxXoObBnNyY_~:]{1,8}", fullmatch=True)


@pytest.mark.parametrize("write", [written, shown])
@given(text=st.text(st.characters(codec="utf-8"), max_size=8) | likely)
@example(text="08")
@example(text="0E0")
@example(text="00E0_")
@example(text="y")
@example(text="0o17")
@example(text="a\tb")
@example(text="\u202e")
def test_text_stays_text(write: object, text: str) -> None:
    made = write({"a": text, "b": [text]})  # type: ignore[operator]
    (document,) = read(made.encode()).documents
    assert document.value == {"a": text, "b": [text]}
