"""Cells of Lean in a real kernel, on a real engine."""

import time
from pathlib import Path

from tests.notebook.kernel import Kernel

DOUBLE = """%%lean
def double : Nat → Nat
  | 0 => 0
  | n + 1 => double n + 2
"""
DOUBLE_TWO = "theorem double_two : double 2 = 4 := by\n  sorry\n"


def test_later_cells_see_what_earlier_ones_declare(kernel: Kernel) -> None:
    outputs = kernel.run(f"{DOUBLE}#eval double 4\n", "a")
    assert outputs.text == "5:0: information: 8\n    #eval double 4\n    ^\ndeclares double\n"
    assert "#eval" in outputs.html and "<script" not in outputs.html
    outputs = kernel.run("%%lean\nnamespace Nat\ntheorem two : double 1 = 2 := rfl\nend Nat", "b")
    assert outputs.text == "declares Nat.two\n"
    assert "double 1 = 2" in kernel.run("%%lean\n#check Nat.two", "c").text


def test_errors_stand_at_their_place_and_nothing_is_declared(kernel: Kernel) -> None:
    outputs = kernel.run(
        "%%lean\n\n-- ∀\ndef good := 1\ntheorem é (n : Nat) : n = m n := by\n  omega"
    )
    assert outputs.text.startswith("5:26: error: ")
    assert "theorem é (n : Nat) : n = m n := by\n" + " " * 30 + "^" in outputs.text
    assert outputs.text.endswith("the cell declares nothing\n")
    assert outputs.error is not None and outputs.error.startswith("CellFailed: 5:26: ")
    assert kernel.run("%%lean\n#check good").error is not None
    broken = kernel.run("\n\n%%lean\ntheorem by by")
    assert broken.error is not None and broken.error.startswith("CellFailed: 4:7: ")
    wrong = kernel.run("%%lean --dance\n#eval 1")
    assert wrong.error is not None and "WrongUse" in wrong.error and "--prove" in wrong.error


def test_a_cell_that_is_run_again_replaces_what_it_declared(kernel: Kernel) -> None:
    kernel.run("%%lean\ndef first := 1\ndef gone := 1", "a")
    kernel.run("%%lean\ntheorem it_is : first = 1 := rfl", "b")
    kernel.run("%%lean\ndef beside := 5", "c")
    outputs = kernel.run("%%lean\ndef first := 2", "a")
    assert "1 later cell does not hold" in outputs.text
    assert "information: 7" in kernel.run("%%lean\n#eval first + beside", "d").text
    assert kernel.run("%%lean\n#check it_is", "e").error is not None
    assert kernel.run("%%lean\n#check gone", "e").error is not None
    assert kernel.run("%%lean\ntheorem it_is : first = 2 := rfl", "b").error is None
    failed = kernel.run("%%lean\ndef first := wrong", "a")
    assert failed.error is not None
    assert "information: 2" in kernel.run("%%lean\n#eval first", "d").text  # as it was


def test_a_hole_shows_its_goals_and_is_filled(kernel: Kernel) -> None:
    kernel.run(DOUBLE, "a")
    kernel.run("%%lean\ntheorem open_one : 1 < 2 := sorry", "open")
    outputs = kernel.run(f"%%lean\n{DOUBLE_TWO}", "b")
    assert outputs.text == (
        "2:8: warning: declaration uses `sorry`\n"
        "    theorem double_two : double 2 = 4 := by\n"
        "            ^\n"
        "3:2: goals\n    ⊢ double 2 = 4\n"
        "declares double_two\n%%lean --prove looks for proofs\n"
    )
    outputs = kernel.run(f"%%lean --prove\n{DOUBLE_TWO}theorem low : 3 < 2 := sorry\n", "b")
    assert outputs.error is None
    assert outputs.text.startswith("theorem double_two : double 2 = 4 := by\n  ")
    assert not outputs.text.startswith(DOUBLE_TWO)
    assert "proved double_two ·" in outputs.text and "disproved low" in outputs.text
    assert "theorem low : 3 < 2 := sorry" in outputs.text
    assert "disproved" in outputs.html
    axioms = kernel.run("%%lean\n#print axioms double_two", "c").text
    assert "sorryAx" not in axioms and "double_two" in axioms


def test_the_header_and_the_lean_are_chosen(kernel: Kernel, tmp_path: Path) -> None:
    kernel.run("%%lean\ndef before := 1", "a")
    outputs = kernel.run("%%lean_env\nimport Lean\nopen Lean\n")
    assert outputs.error is None
    assert "information: `a" in kernel.run("%%lean\n#eval (`a : Name)", "b").text
    assert kernel.run("%%lean\n#check before", "c").error is not None  # begun anew
    wrong = kernel.run("%%lean_env\nimport Nowhere\n")
    assert wrong.error is not None and "Nowhere" in wrong.error
    missing = kernel.run(f"%lean_env {tmp_path / 'nowhere'}")
    assert missing.error is not None and "nowhere" in missing.error
    assert kernel.run("%lean_env embedded").error is None


def test_an_interrupted_cell_declares_nothing(kernel: Kernel) -> None:
    kernel.run(DOUBLE, "a")
    endless = "partial def spin (n : Nat) : Nat := spin (n + 1)\n"
    begun = time.monotonic()
    request = kernel.begin(f"%%lean\n{endless}#eval spin 1\n", "b")
    time.sleep(1.0)
    kernel.interrupt()
    outputs = kernel.end(request)
    assert outputs.error is not None and "KeyboardInterrupt" in outputs.error
    assert time.monotonic() - begun < 60
    assert "information: 6" in kernel.run("%%lean\n#eval double 3", "c").text
    assert kernel.run("%%lean\n#check spin", "d").error is not None
