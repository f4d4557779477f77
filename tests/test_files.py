"""Texts that come back byte for byte, and files that are written as a whole."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prover.errors import ProverError
from prover.files import SourceText, read_jsonl, write_file, write_jsonl

ENDS = ["\n", "\r\n"]
PIECES = st.sampled_from(["\n", "\r\n", "\r", "\ufeff", "sorry", "a", "  ", "-- ℕ", "by", "b"])
TEXTS = st.lists(PIECES, max_size=30).map("".join)
LINES = st.lists(st.tuples(st.sampled_from(["", "a", "  b", "c\r"]), st.sampled_from(ENDS)))
PROOFS = st.sampled_from(["by simp", "rfl", "by\n  simp\n  omega", "by\n  a\n  b\n", "\na\n\nb\n"])


@given(st.sampled_from(["", "\ufeff"]), TEXTS)
@example("\ufeff", "a\r\nb\nc\r")
@example("", "\r\r\n")
def test_an_unchanged_text_gives_the_very_bytes(bom: str, text: str) -> None:
    data = (bom + text).encode()
    source = SourceText(data)
    assert source.restore(source.text) == data
    assert source.text.count("\n") == text.count("\n")


@given(LINES, st.sampled_from(ENDS), LINES, PROOFS, st.sampled_from(["", "\ufeff"]))
def test_a_filled_hole_changes_only_its_line(
    before: list[tuple[str, str]],
    end: str,
    after: list[tuple[str, str]],
    proof: str,
    bom: str,
) -> None:
    first = bom + "".join(line + its for line, its in before)
    last = end + "".join(line + its for line, its in after)
    source = SourceText(f"{first}x := sorry{last}".encode())
    filled = source.restore(source.text.replace("sorry", proof))
    assert filled.startswith(first.encode())
    assert filled.endswith(last.encode())
    new = filled[len(first.encode()) : len(filled) - len(last.encode())].decode()
    assert new == "x := " + proof.replace("\n", end)


@given(LINES, LINES.filter(bool), LINES)
def test_lines_between_two_filled_holes_keep_their_ends(
    before: list[tuple[str, str]], between: list[tuple[str, str]], after: list[tuple[str, str]]
) -> None:
    first, middle, last = (
        "".join(f"({a}){b}" for a, b in part) for part in (before, between, after)
    )
    given_ = f"{first}x := sorry\r\n{middle}y := sorry\n{last}"
    source = SourceText(given_.encode())
    text = source.text.replace("x := sorry", "x := by\n  x").replace("y := sorry", "y := by\n  y")
    expected = f"{first}x := by\r\n  x\r\n{middle}y := by\n  y\n{last}"
    assert source.restore(text).decode() == expected


@pytest.mark.parametrize(
    ("given_", "filled"),
    [
        ("a\r\n  sorry\r\n\nb\n", "a\r\n  x\r\n  y\r\n\nb\n"),
        ("a\n  sorry\n\r\nb\r\n", "a\n  x\n  y\n\r\nb\r\n"),
        ("a\r\nb\r\nc\n  sorry", "a\r\nb\r\nc\n  x\r\n  y"),  # no end of its own: the usual one
        ("a\r\n  sorry", "a\r\n  x\r\n  y"),
        ("sorry", "x\n  y"),
    ],
)
def test_new_lines_end_like_the_line_that_they_stand_for(given_: str, filled: str) -> None:
    source = SourceText(given_.encode())
    assert source.restore(source.text.replace("sorry", "x\n  y")).decode() == filled


def test_lines_that_are_gone_or_added_move_no_ends() -> None:
    source = SourceText(b"a\r\nb\nc\r\nd\n")
    assert source.restore("a\nd\n") == b"a\r\nd\n"
    assert source.restore("a\nb\nnew\nc\nd\n") == b"a\r\nb\nnew\nc\r\nd\n"
    assert source.restore("new\na\nb\nc\nd\n") == b"new\r\na\r\nb\nc\r\nd\n"


def test_a_file_is_replaced_with_its_mode(tmp_path: Path) -> None:
    path, link = tmp_path / "a", tmp_path / "link"
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to(path)
    write_file(link, "ℕ\r\n")
    assert path.read_bytes() == "ℕ\r\n".encode()
    assert path.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()
    write_file(tmp_path / "new", b"\xff")
    assert (tmp_path / "new").read_bytes() == b"\xff"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a", "link", "new"]


WRITING = """
import sys, time
from pathlib import Path
from prover.files import write_jsonl

def rows():
    print("writing", flush=True)
    yield {"n": 1}
    time.sleep(60)

write_jsonl(Path(sys.argv[1]), rows())
"""


def test_what_a_killed_writer_left_goes_with_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "a [1].jsonl"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITING, str(path)], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    try:
        for writer in writers:
            assert writer.stdout is not None and writer.stdout.readline() == b"writing\n"
        writers[0].kill()
        writers[0].wait()
        assert len(list(tmp_path.iterdir())) == 2 and not path.exists()
        write_jsonl(path, [{"n": 2}])
        assert len(list(tmp_path.iterdir())) == 2  # the one that is still written to stays
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()
    write_jsonl(path, [{"n": 3}])
    assert list(tmp_path.iterdir()) == [path]
    assert read_jsonl(path) == [{"n": 3}]


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    write_file(path, "text")
    assert os.read(reader, 10) == b"text"
    os.close(reader)
    assert path.is_fifo()


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProverError, match=r"cannot write .*/nowhere/a: No such file"):
        write_file(tmp_path / "nowhere" / "a", "text")
    with pytest.raises(ProverError, match="Is a directory"):
        write_file(tmp_path, "text")
    assert list(tmp_path.iterdir()) == []
