"""Text of anybody, and Lean with its words marked."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prover.render.text import clean, goals, lean, target
from tests.timing import grows_linearly

LEAN = st.text() | st.lists(
    st.sampled_from(
        ["/-", "-/", "--", '"', "\\", "\n", " ", "sorry", "theorem", "⊢ ", "<b>", "&lt;", "a'"]
    )
).map("".join)


def without_tags(marked: str) -> str:
    return html.unescape(re.sub(r"</?(?:b|i|mark)>", "", marked))


@given(LEAN)
def test_marking_keeps_the_text(text: str) -> None:
    assert without_tags(lean(text)) == text
    assert without_tags(goals(text)) == text


def test_words_comments_and_sorry_are_marked() -> None:
    text = 'theorem t : a < b := by -- by\n  /- /- sorry -/ by -/ sorry "by"'
    assert lean(text) == (
        "<b>theorem</b> t : a &lt; b := <b>by</b> <i>-- by</i>\n"
        "  <i>/- /- sorry -/ by -/</i> <mark>sorry</mark> &#34;by&#34;"
    )


def test_what_is_to_be_proved_stands_out() -> None:
    text = "case zero\nn : Nat\n⊢ n <\n    n + 1\n\nm : Nat\n⊢ m = m"
    assert goals(text) == (
        "<i>case zero</i>\nn : Nat\n<b>⊢ n &lt;</b>\n<b>    n + 1</b>\n\nm : Nat\n<b>⊢ m = m</b>"
    )
    assert target(text) == "⊢ n < n + 1 (and 1 more)"
    assert target("no goal at all\nbut a text") == "but a text"
    assert target("") == ""


@given(st.text(st.characters()))
def test_a_clean_text_can_be_written_anywhere(text: str) -> None:
    shown = clean(text)
    shown.encode()
    assert len(shown) == len(text)
    assert clean(shown) == shown
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069\ufffe\uffff]", shown)


def test_only_what_cannot_be_shown_is_replaced() -> None:
    assert clean("a\tb\n𝔸 ⊢ 'é'") == "a\tb\n𝔸 ⊢ 'é'"
    assert clean("\x1b[2J \u202e \ud800") == "␛[2J \ufffd \ufffd"


@pytest.mark.parametrize("part", ["/-", '"', "(", "⊢ ", "--", "sorry\n", "\\"])
def test_marking_takes_time_in_proportion(part: str) -> None:
    assert grows_linearly(lambda size: lean(part * size), 4_000)
    assert grows_linearly(lambda size: goals(part * size), 4_000)
