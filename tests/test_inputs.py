"""What a target is taken for."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prover.errors import WrongUse
from prover.inputs import read_finished, read_header, read_target, starts_like_a_file


@pytest.fixture
def files(folder: Path) -> Path:
    for name in ("Basic.lean", "my file.lean", "src/A.lean", "notes.txt"):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"\xef\xbb\xbf-- one\r\ntheorem t : 1 = 1 := sorry\n")
    return folder


@pytest.mark.parametrize(
    "statement",
    [
        "theorem t : True -- see Basic.lean:12",
        "theorem t : True -- see Basic.lean",
        "theorem t : True -- see missing.lean:12 for more",
        "example -- Basic.lean:12\n  : True",
        "theorem t :\n  True",
        "example:True",
        "instance:Nonempty Nat",
        "theorem t : x = Foo.lean",
        "theorem t : " + "True ∧ " * 5000 + "True",
    ],
)
def test_a_statement(files: Path, statement: str) -> None:
    source = read_target(statement)
    assert source.is_statement and source.text == statement and source.folder == files


@pytest.mark.parametrize(
    ("target", "path", "name"),
    [
        ("Basic.lean", "Basic.lean", None),
        ("Basic.lean:t", "Basic.lean", "t"),
        ("Basic.lean:", "Basic.lean", None),
        ("Basic.lean:Foo.«a b: c».d", "Basic.lean", "Foo.«a b: c».d"),
        ("my file.lean:t", "my file.lean", "t"),
        ("src/A.lean", "src/A.lean", None),
        ("./src/../Basic.lean:t", "src/../Basic.lean", "t"),
    ],
)
def test_a_file(files: Path, target: str, path: str, name: str | None) -> None:
    for source in (read_target(target), read_finished(target)):
        assert (source.path, source.name, source.is_statement) == (Path(path), name, False)
        assert source.text == "-- one\ntheorem t : 1 = 1 := sorry\n"


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("src", "src is a folder; give one .lean file, such as src/A.lean"),
        ("src/", "src is a folder"),
        (".", ". is a folder; give one .lean file, such as Basic.lean"),
        ("Basic", r"there is no file Basic \(is it Basic.lean\?\)"),
        ("Basic:t", "there is no file Basic:t"),
        ("src/B", "there is no file src/B"),
        ("missing.lean", "there is no file missing.lean"),
        ("my other file.lean:t", "there is no file my other file.lean"),
        ("theorem", "there is no file theorem"),
        ("notes.txt", "notes.txt is not a .lean file; if it is Lean, pipe it in: - < notes.txt"),
    ],
)
def test_neither(files: Path, target: str, says: str) -> None:
    for read in (read_target, read_finished):
        with pytest.raises(WrongUse, match=says):
            read(target)


def test_what_has_no_colon_is_no_statement(files: Path) -> None:
    with pytest.raises(WrongUse, match="neither a file nor a statement, which looks like"):
        read_target("1 + 1 = 2")


def test_only_files_can_be_checked(files: Path) -> None:
    with pytest.raises(WrongUse, match="`prover prove` takes statements"):
        read_finished("theorem t : True")


def test_a_header_is_a_text_or_a_file(files: Path) -> None:
    assert read_header("") == ""
    assert read_header("open Nat -- see Basic.lean") == "open Nat -- see Basic.lean"
    assert read_header("\ufeffopen Nat\r\nopen Int") == "open Nat\nopen Int"
    assert read_header("section") == "section"
    assert read_header("Basic.lean") == "-- one\ntheorem t : 1 = 1 := sorry\n"
    for header in ("missing.lean", "my missing.lean", "Basic", "src/missing", "src"):
        with pytest.raises(WrongUse, match=r"there is no file|is a folder"):
            read_header(header)


@given(st.text(alphabet=" \n-/!a:", max_size=12), st.sampled_from(["import", "prelude", "module"]))
def test_words_of_a_file_come_first_or_do_not_count(before: str, word: str) -> None:
    assert not starts_like_a_file(f"theorem t : 1 = 1 {before}\n{word} A")
    assert starts_like_a_file(f" \n-- {before.split(chr(10))[0]}\n{word} A")


@pytest.mark.parametrize(
    ("text", "is_file"),
    [
        ("import Lean", True),
        ("/- a /- b -/ import Nat -/ import Lean", True),
        ("-- import Lean", False),
        ("/- import Lean", False),
        ("/-- a -/ import Lean", False),
        ("/-! a -/ import Lean", False),
        ("module\npublic import Lean", True),
        ("imports", False),
        ("module.x", False),
        ("import'", False),
        ("", False),
    ],
)
def test_how_a_file_starts(text: str, is_file: bool) -> None:
    assert starts_like_a_file(text) is is_file
