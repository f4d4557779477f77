"""`prover?` of lean_project: its Lean code, and the command that it asks. There are no processes in the
embedded Lean, so that the two meet only where a native one is."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from prover.goal import new_script
from prover.lean.toolchain import Lean
from prover.serve import client
from tests.lab import Lab

SOURCE = Path(__file__).parents[1] / "lean_project" / "Prover.lean"

TEXT = """theorem before (a : Nat) : a = a := by
  prover? 5

theorem two (p q : Prop) (hp : p) (hq : q) : p ∧ (q ∧ 1 = 1) := by
  constructor
  · sorry
  · prover?
"""


RUNS = """
example (p q : Prop) (h : p ∧ q) : q ∧ p := by run_tac Prover.run "constructor\\n· exact h.2\\n· exact h.1"
example : 1 = 2 := by run_tac Prover.run "decide )"
example : 1 = 2 := by run_tac Prover.run "decide"
open Lean Elab Tactic in
example : 1 = 1 := by
  run_tac show TacticM Unit from do
    match ← Prover.ask "" 0 1 with
    | .ok found => Prover.run found
    | .error why => throwError why
"""


def test_the_tactic_elaborates_and_runs_what_is_found(lab: Lab) -> None:
    imports, _, body = SOURCE.read_text().partition("\n/-!")
    errors = [m.text for m in lab.elaborate(f"/-!{body}{RUNS}", imports).errors]
    unread, wrong, missing = errors  # and none of the first
    assert "the proof that was found cannot be read" in unread
    assert "1 = 2" in wrong
    assert "cannot run the program `prover`" in missing and "pip install" in missing


@pytest.mark.parametrize(
    ("before", "after", "filled", "script"),
    [
        ("t := by\n  ", "\n", "t := by\n  rfl\n", "rfl"),
        ("t := by ", "\n", "t := by\n  intro h\n  exact h\n", "intro h\nexact h"),
        ("t := by\n      ", "\n", "t := by\n  a\n  b\n", "a\nb"),
        (
            "  · ",
            "\n  · sorry",
            "  · cases h with\n    | a => b\n  · sorry",
            "cases h with\n| a => b",
        ),
        ("x <;> ", "", "x <;> (a\n       b)", "(a\n b)"),
        ("é := ", " -- é", "é := (by rfl) -- é", "(by rfl)"),
        ("t := by ", "", "t := by sorry", "sorry"),
    ],
)
def test_the_script_is_what_was_put_in(before: str, after: str, filled: str, script: str) -> None:
    assert new_script(before, after, filled) == script


@pytest.fixture(scope="module")
def runtime(lean: Lean, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with an engine of its own, which ends with the tests."""
    folder = tmp_path_factory.mktemp("runtime")
    folder.chmod(0o700)

    async def stop() -> None:
        await client.Client(start=False).call("stop", {})

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROVER_RUNTIME", str(folder))
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
        yield folder
        asyncio.run(stop())


def tactic(text: str, at: int) -> tuple[int, str]:
    args = ["tactic", "-", "--at", str(at), "--lean", "embedded", "--model", "none", "--jobs", "1"]
    command = [sys.executable, "-m", "prover", *args]
    done = subprocess.run(
        command, input=text, capture_output=True, encoding="utf-8", timeout=300, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_the_command_proves_one_goal(runtime: Path) -> None:
    places = [TEXT.encode().index(b"prover?"), TEXT.encode().rindex(b"prover?")]
    assert tactic(TEXT, places[0]) == (0, "rfl\n")
    code, script = tactic(TEXT, places[1])
    assert code == 0 and "sorry" not in script
    code, said = tactic("theorem odd (n : Nat) : n * n < 9 := by\n  prover?\n", 42)
    assert code == 1 and "false at n = 3" in said
    code, said = tactic("theorem odd : nothing := by\n  prover?\n", 30)
    assert code == 2 and "nothing" in said
    code, said = tactic(TEXT, 3)
    assert code == 2 and "begins at byte 3" in said
