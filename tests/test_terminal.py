"""What of a long text is shown."""

from hypothesis import given
from hypothesis import strategies as st

from prover.terminal import shorten

TEXTS = st.lists(st.sampled_from(["a", "bc", "\n", "⊢ "]), max_size=80).map("".join)


@given(TEXTS, st.integers(2, 12), st.integers(2, 60))
def test_what_is_shown_is_the_beginning_and_the_end(text: str, lines: int, characters: int) -> None:
    shown = shorten(text, lines, characters, "")
    if len(text) <= characters and len(text.split("\n")) <= lines:
        assert shown == text
        return
    first, note, last = shown.partition("\n… ")
    count, note, last = last.partition(" characters left out …\n")
    assert note and text.startswith(first) and text.endswith(last)
    assert len(first) + int(count) + len(last) == len(text)
    assert len(first) + len(last) <= characters
    assert len(first.split("\n")) + len(last.split("\n")) <= lines + lines % 2
