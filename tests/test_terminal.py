"""What is shown of a long text, and of one that would steer the terminal."""

from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from prover.terminal import Terminal, shorten

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


FORGED = "«a\x1b[1A\x1b[2Kproved b\x9b\u202e»\ny"
SHOWN = "«a␛[1A␛[2Kproved b\ufffd\ufffd»\ny"


@pytest.mark.parametrize(("terminal", "shown"), [(True, SHOWN), (False, FORGED)])
def test_a_text_does_not_steer_the_terminal(terminal: bool, shown: str) -> None:
    console = Terminal(
        file=StringIO(), force_terminal=terminal, color_system=None, soft_wrap=True, width=30
    )
    console.print(Text(FORGED))
    console.print(FORGED, markup=False)
    written = console.file.getvalue()  # type: ignore[attr-defined]
    assert written == f"{shown}\n" * 2
