"""Places as an editor counts them, and as Lean does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prover.editor.actions import edits
from prover.editor.positions import Text, changed, units
from prover.lean.source import NotText

PIECES = st.sampled_from(["a", "𝔸", "β", "→", "\n", "\r\n", "x y", "  "])
TEXTS = st.lists(PIECES, max_size=12).map("".join)


def test_a_character_outside_the_basic_plane_is_two_units() -> None:
    text = Text("a𝔸β\nγ")
    assert text.position(1) == {"line": 0, "character": 1}
    assert text.position(5) == {"line": 0, "character": 3}
    assert text.offset({"line": 0, "character": 3}) == 5
    assert text.offset({"line": 0, "character": 2}) == 1, "inside of the pair"
    assert text.offset({"line": 1, "character": 1}) == 10
    assert text.position(3) == {"line": 0, "character": 1}, "inside of its bytes"


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_a_byte_order_mark_are_not_there_for_lean(mark: str) -> None:
    text = Text(f"{mark}ab\r\ncd\re\r\n")
    assert text.lean == "ab\ncd\re\n"
    assert text.position(0) == {"line": 0, "character": len(mark)}
    assert text.position(3) == {"line": 1, "character": 0}
    assert text.position(6) == {"line": 2, "character": 0}, "a lone carriage return ends a line too"
    assert text.offset({"line": 1, "character": 99}) == 5
    assert text.offset({"line": 99, "character": 0}) == text.end == 8


def test_half_a_character_is_no_text() -> None:
    with pytest.raises(NotText):
        Text("a\ud835")


@given(TEXTS, st.data())
def test_positions_and_offsets_are_inverse(raw: str, data: st.DataObject) -> None:
    text = Text(raw)
    index = data.draw(st.integers(0, len(text.lean)))
    offset = len(text.lean[:index].encode())
    assert text.offset(text.position(offset)) == offset


@given(TEXTS, TEXTS, st.data())
def test_changes_are_as_the_editor_makes_them(raw: str, new: str, data: st.DataObject) -> None:
    lines = raw.replace("\r\n", "\n").split("\n")
    line = data.draw(st.integers(0, len(lines) - 1))
    first = data.draw(st.integers(0, len(lines[line])))
    last = data.draw(st.integers(first, len(lines[line])))
    place = {
        "start": {"line": line, "character": units(lines[line][:first])},
        "end": {"line": line, "character": units(lines[line][:last])},
    }
    after = changed(raw, [{"range": place, "text": new}])
    lines[line] = lines[line][:first] + new.replace("\r\n", "\n") + lines[line][last:]
    assert after.replace("\r\n", "\n") == "\n".join(lines)
    assert changed(raw, [{"text": new}]) == new


@given(TEXTS, st.lists(PIECES.filter(lambda piece: "\r" not in piece), max_size=12).map("".join))
def test_edits_make_the_new_text(raw: str, new: str) -> None:
    made = raw
    for edit in reversed(edits(Text(raw), new)):
        made = changed(made, [{"range": edit["range"], "text": edit["newText"]}])
    assert made.replace("\r\n", "\n") == new


def test_edits_are_the_least_and_keep_line_ends() -> None:
    (edit,) = edits(Text("a := by\r\n  sorry\r\nb"), "a := by\n  simp\n  omega\nb")
    assert edit["newText"] == "imp\r\n  omega"
    assert edits(Text("same\r\n"), "same\n") == []
