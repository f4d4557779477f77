import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import networkx
import pytest

from prover.api import Filled, Options, Progress, Prover, Settings, StatementError, run_anywhere
from prover.generate.portfolio import Portfolio
from prover.verify.verdict import Outcome, Verdict
from search.budget import Budget
from search.graph import Graph
from search.interfaces import Request, Suggestion
from tests.lab import Lab

COMM = "theorem t (a b : Nat) : a + b = b + a"
INDUCTION = "theorem t (f : Nat → Nat) (h : ∀ n, f (n + 1) = f n) (n : Nat) : f n = f 0"
FALSE = "theorem t (n : Nat) : n < 5"
SMALL = Budget(expansions=4, seconds=120.0)


def prove(lab: Lab, statement: str, **more: Any) -> Verdict:
    return lab.wait(lab.prover.prove(statement, **more))


def fill(lab: Lab, text: str, **more: Any) -> Filled:
    return lab.wait(lab.prover.prove_text(text, **more))


def test_a_statement_is_proved(lab: Lab) -> None:
    verdict = prove(lab, COMM)
    assert verdict.proved
    assert verdict.name == "t"
    assert verdict.proof
    assert verdict.text is not None
    assert COMM in verdict.text
    assert verdict.spent.expansions >= 1
    assert verdict.seed == 0
    (again,) = lab.wait(lab.prover.check_text(verdict.text))
    assert again.proved


def test_induction(lab: Lab) -> None:
    assert prove(lab, INDUCTION).proved


def test_a_header_stands_before_the_statement(lab: Lab) -> None:
    header = 'notation "ℕ" => Nat\nopen Nat'
    verdict = prove(lab, "theorem t (n : ℕ) : succ n = n + 1", header=header)
    assert verdict.proved
    assert verdict.text is not None
    assert verdict.text.startswith(header)


def test_a_false_statement_gives_up_and_shows_goals(lab: Lab) -> None:
    verdict = prove(lab, FALSE, options=Options(SMALL, refute=False))
    assert verdict.outcome is Outcome.GAVE_UP
    assert verdict.reason
    assert any("⊢" in goal for goal in verdict.open_goals)
    assert verdict.proof is None
    assert verdict.spent.expansions <= 6


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("", "no statement"),
        ("   \n", "no statement"),
        ("theorem t : foo = 1", "1:12: error: Unknown identifier `foo`"),
        ("theorem t :\n  (1 = ) 2", "2:6: error"),
        ("hello world", "1:0: error"),
        ("theorem t (n : Nt) : n = n", "1:15: error: Unknown identifier `Nt`"),
    ],
)
def test_a_statement_that_does_not_elaborate(lab: Lab, statement: str, says: str) -> None:
    with pytest.raises(StatementError, match=says.replace("(", r"\(")):
        prove(lab, statement)


def test_a_missing_import_is_named(lab: Lab) -> None:
    with pytest.raises(StatementError, match=r"Mathlib(.|\n)*no Mathlib"):
        prove(lab, COMM, header="import Mathlib.Tactic")
    with pytest.raises(StatementError, match="Mathlib"):
        fill(lab, "import Mathlib\ntheorem t : 1 = 1 := sorry")


FILE = """import Init
/-! ℕ ⟨⟩ -/
namespace A

open Nat
variable (n : Nat) (hn : 0 < n)

theorem one : n + 0 = n := by
  sorry

include hn
theorem two : n ≠ 0 := sorry

theorem three {m : Nat} (h : m ≤ n) : m < n + 1 ∧ True := by
  constructor
  · sorry
  · exact (by sorry)

def four : {m : Nat // n < m} := ⟨n + 1, by sorry⟩

example : 0 < n → n ≠ 0 := by
  intro h
  sorry
end A

theorem five (n : Nat) : n + 0 = n := by
  induction n with
  | zero => sorry
  | succ n ih => sorry

theorem six (a b : Nat) : a + b = b + a := by
  cases a <;> sorry

theorem seven.{u} {α : Type u} (a : α) : ∃ b, b = a := by
  have h : a = a := by sorry
  sorry
"""


def test_the_holes_of_a_file_are_filled(lab: Lab) -> None:
    filled = fill(lab, FILE)
    names = [verdict.name for verdict in filled.verdicts]
    assert names[:4] == ["A.one", "A.two", "A.three", "A.four"]
    assert names[4] == "example:21"
    assert names[5:] == ["five", "six", "seven"]
    assert [verdict.name for verdict in filled.verdicts if not verdict.proved] == []
    assert "sorry" not in filled.text
    kept = [line for line in FILE.splitlines() if "sorry" not in line]
    assert all(line in filled.text.splitlines() for line in kept)
    verdicts = lab.wait(lab.prover.check_text(filled.text))
    assert [v.name for v in verdicts if not v.proved] == []


def test_one_declaration_of_a_file(lab: Lab) -> None:
    text = (
        "theorem a : 1 = 2 := sorry\n\ntheorem b : 2 = 2 := sorry -- b\ntheorem c : 1 = 3 := sorry"
    )
    filled = fill(lab, text, name="b")
    assert [verdict.name for verdict in filled.verdicts] == ["b"]
    assert filled.proved
    before, after = filled.text.split("theorem b : 2 = 2 := ")
    assert before == "theorem a : 1 = 2 := sorry\n\n"
    assert after.endswith(" -- b\ntheorem c : 1 = 3 := sorry")


def test_a_named_declaration_that_is_finished_is_proved_anew(lab: Lab) -> None:
    text = "theorem a (n : Nat) : n = n := by\n  cases n\n  all_goals rfl\n\ntheorem b : True := trivial\n"
    filled = fill(lab, text, name="a")
    assert filled.proved
    assert filled.text.endswith("\n\ntheorem b : True := trivial\n")
    assert "all_goals" not in filled.text


BROKEN = """theorem a : 2 = 2 := sorry
theorem b : 2 = 2 := foo
theorem c : 2 = 2 := sorry
theorem d : 2 = 2 := by
  first | fail | skip
theorem e : 2 = 2 ∧ 3 = foo := by
  constructor
  · sorry
theorem f : 2 = 2 := by rw [b, sorry]
def g (n : Nat) : Nat := g (n + 1)
open Nowhere
theorem h (n : Nat) : n + 0 = n := by
  sorry
)
theorem i : 2 = 2 := by
  have : 3 = 3 := sorry
  exact b
"""


def test_what_lean_does_not_accept_is_rejected_and_the_rest_is_proved(lab: Lab) -> None:
    filled = fill(lab, BROKEN)
    found = {verdict.name: verdict for verdict in filled.verdicts}
    assert [n for n, v in found.items() if v.proved] == ["a", "c", "h"]
    assert found["b"].reason.startswith("2:21: error: Unknown identifier `foo`")
    assert found["i"].outcome is Outcome.GAVE_UP and found["i"].rests_on == ("b",)
    rejected = [n for n, v in found.items() if v.outcome is Outcome.REJECTED]
    assert rejected == ["b", "d", "e", "f", "g", "line 11", "line 14"]
    kept = [line for line in filled.text.splitlines() if "foo" in line or "sorry" in line]
    assert kept == [
        "theorem b : 2 = 2 := foo",
        "theorem e : 2 = 2 ∧ 3 = foo := by",
        "  · sorry",
        "theorem f : 2 = 2 := by rw [b, sorry]",
    ]
    for name in ("a", "c"):
        assert fill(lab, BROKEN, name=name).proved
    with pytest.raises(StatementError, match=r"^6:31: error: unsolved goals"):
        fill(lab, BROKEN, name="e")


def test_positions_count_the_lines_of_the_imports(lab: Lab) -> None:
    text = "import Init\n\n\ntheorem b : 2 = 2 := foo\n"
    with pytest.raises(StatementError, match=r"^4:21: error"):
        fill(lab, text)
    (verdict,) = lab.wait(lab.prover.check_text(text))
    assert verdict.outcome is Outcome.REJECTED
    assert verdict.reason.startswith("4:21: error")


@pytest.mark.parametrize(
    ("text", "name", "says"),
    [
        ("theorem a : 2 = 2 := sorry", "b", "no declaration is called b; there are: a"),
        ("theorem a : 2 = 2 := rfl", None, "nothing is left to prove"),
        ("import", None, "expected"),
    ],
)
def test_a_file_without_what_was_asked(lab: Lab, text: str, name: str | None, says: str) -> None:
    with pytest.raises(StatementError, match=says):
        fill(lab, text, name=name)


def test_one_hole_proved_of_two_stays_in_the_text(lab: Lab) -> None:
    text = "theorem a (n : Nat) : n = n ∧ n < 5 := by\n  constructor\n  · sorry\n  · sorry\n"
    filled = fill(lab, text, options=Options(SMALL, refute=False))
    assert not filled.proved
    assert filled.text.count("sorry") == 1
    assert filled.text.endswith("  · sorry\n")


def test_a_cap_in_seconds_counts_only_while_its_search_runs(lab: Lab) -> None:
    text = "".join(f"theorem t{i} (n : Nat) : n + {i} = {i} + n := by sorry\n" for i in range(20))
    filled = fill(lab, text, options=Options(Budget(expansions=40, seconds=3.0)))
    assert filled.proved, [v.reason for v in filled.verdicts if not v.proved]


def test_what_is_declared_together_is_finished_together(lab: Lab) -> None:
    text = (
        "mutual\ntheorem a (n : Nat) : n + 0 = n := by sorry\n"
        "theorem b (n : Nat) : n < 5 := by sorry\nend\ntheorem c : 1 = 1 := sorry\n"
    )
    filled = fill(lab, text, options=Options(SMALL, refute=False))
    assert {v.name: v.proved for v in filled.verdicts} == {"a": True, "b": False, "c": True}
    assert filled.text.count("sorry") == 1


def test_a_proof_that_rests_on_an_unproved_one_is_written_and_says_so(lab: Lab) -> None:
    text = (
        "theorem hard (n : Nat) : n < 5 := sorry\ntheorem a : 3 < 5 ∧ 1 = 1 := ⟨hard 3, by sorry⟩\n"
    )
    hard, easy = (filled := fill(lab, text, options=Options(SMALL, refute=False))).verdicts
    assert not hard.proved
    assert (easy.proved, easy.rests_on) == (False, ("hard",))
    assert "filled, but it rests on `hard`" in easy.reason
    assert filled.text.count("sorry") == 1


def test_holes_that_depend_on_each_other_are_filled_together(lab: Lab) -> None:
    text = (
        "theorem t : ∃ n : Nat, n = 5 := ⟨sorry, by sorry⟩\n"
        "structure P where\n  n : Nat\n  h : n = 7\ndef p : P := { n := sorry, h := by sorry }\n"
    )
    filled = fill(lab, text)
    assert filled.proved, [v.reason for v in filled.verdicts]
    assert "sorry" not in filled.text


def test_data_stays_open_where_the_whole_is_not_proved(lab: Lab) -> None:
    text = "structure P where\n  n : Nat\n  h : n * n = 26\ndef p : P := { n := sorry, h := by sorry }\n"
    filled = fill(lab, text, options=Options(SMALL, refute=False))
    assert not filled.proved
    assert filled.text == text


def test_a_sorry_without_a_goal_is_not_forgotten(lab: Lab) -> None:
    text = "theorem a : 1 = 1 := sorry\nmutual\ntheorem b : True := sorry\ntheorem c : True := sorry\nend\n"
    filled = fill(lab, text)
    outcomes = [verdict.outcome for verdict in filled.verdicts]
    assert outcomes[0] is Outcome.PROVED
    assert not filled.proved or "sorry" not in filled.text


def test_a_hole_whose_type_is_found_late_is_not_forgotten(lab: Lab) -> None:
    text = "theorem a : 1 = 1 := sorry\ndef f : Nat → Nat\n  | 0 => 1\n  | n + 1 => f n + sorry\n"
    filled = fill(lab, text, options=Options(SMALL, refute=False))
    assert filled.proved == ("sorry" not in filled.text)


def test_a_theorem_is_no_hypothesis_of_itself(lab: Lab) -> None:
    for text in (
        "theorem a : (3 : Nat) = 4 := by\n  sorry",
        "private theorem a : (3 : Nat) = 4 := sorry",
        "namespace B\nprivate theorem a : (3 : Nat) = 4 := sorry\nend B",
    ):
        (hole,) = lab.elaborate(text).holes
        for tactic in ("exact a", "simp [a]", "exact B.a", "rw [a]"):
            assert lab.run(hole.state, tactic).__class__.__name__ == "Failure"


@pytest.mark.parametrize(
    "text",
    [
        "private theorem a : 1 = 1 := sorry",
        "instance a : Inhabited (Fin 3) where\n  default := ⟨1, by sorry⟩",
        "instance : Inhabited (Fin 3) where\n  default := ⟨1, by sorry⟩",
        "namespace B\nexample : 1 = 1 := by sorry\nend B",
        "theorem _root_.B.a : 1 = 1 := sorry",
        "protected theorem B.a : 1 = 1 := by sorry",
        "@[simp] theorem a (n : Nat) : n + 0 * 3 = n := by sorry",
        "variable {n : Nat} in\ntheorem a : n = n := by sorry",
    ],
)
def test_declarations_of_all_sorts_are_proved(lab: Lab, text: str) -> None:
    filled = fill(lab, text)
    assert filled.proved, filled.verdicts


def test_a_hole_in_a_definition_is_filled_with_a_warning(lab: Lab) -> None:
    filled = fill(lab, "def f (n : Nat) : Nat := sorry")
    (verdict,) = filled.verdicts
    assert verdict.proved, verdict
    assert "only you can say" in verdict.reason


def test_check_tells_each_declaration(lab: Lab) -> None:
    text = (
        "theorem a : 2 = 2 := rfl\ntheorem b : 2 = 3 := sorry\n"
        "axiom c : False\ntheorem d : 2 = 3 := c.elim\ntheorem e : 2 = 3 := b\n"
    )
    verdicts = lab.wait(lab.prover.check_text(text))
    assert [(v.name, v.outcome.value) for v in verdicts] == [
        ("a", "proved"),
        ("b", "rejected"),
        ("d", "cheated"),
        ("e", "rejected"),
    ]
    (only,) = lab.wait(lab.prover.check_text(text, name="d"))
    assert only.name == "d"
    with pytest.raises(StatementError, match="no declaration is called x"):
        lab.wait(lab.prover.check_text(text, name="x"))


def plain(graph: Graph) -> dict[str, Any]:
    """What of a graph must not depend on timing."""
    graph.check()
    data: dict[str, Any] = networkx.node_link_data(graph.to_networkx(), edges="edges")
    for node in data["nodes"]:
        for one in (node, *node.get("failed", ())):
            one.pop("seconds", None)
    return data


def searched(
    lab: Lab, seed: int = 0, on_progress: Callable[[Progress], None] | None = None
) -> dict[str, Any]:
    prover = lab.beside(Options(SMALL, seed, refute=False), on_progress=on_progress)
    (graph,) = lab.wait(prover.fill_statement(FALSE)).graphs
    return plain(graph)


def test_the_same_seed_gives_the_same_graph_whatever_happens(lab: Lab, lean: object) -> None:
    first = searched(lab)
    assert len(first["nodes"]) > 5
    assert searched(lab) == first

    pids = list(lab.pool.pids)
    restarts = lab.pool.restarts

    def kill_once(progress: Progress) -> None:
        if pids and progress.spent.tactics > 20:
            os.kill(pids.pop(), signal.SIGKILL)

    assert searched(lab, on_progress=kill_once) == first
    assert lab.pool.restarts == restarts + 1

    async def with_two() -> dict[str, Any]:
        async with Prover(
            Settings(lean="embedded", jobs=2), Options(SMALL, refute=False)
        ) as prover:
            (graph,) = (await prover.fill_statement(FALSE)).graphs
            return plain(graph)

    assert asyncio.run(with_two()) == first


def test_two_statements_at_once(lab: Lab) -> None:
    async def both() -> list[Verdict]:
        return list(
            await asyncio.gather(
                lab.prover.prove(COMM), lab.prover.prove("theorem u (n : Nat) : n * 1 = n")
            )
        )

    verdicts = lab.wait(both())
    assert [(v.name, v.proved) for v in verdicts] == [("t", True), ("u", True)]


class Endless:
    """Suggests for ever what leads nowhere."""

    def __init__(self) -> None:
        self.asked = threading.Event()

    async def generate(self, requests: Sequence[Request]) -> AsyncIterator[tuple[int, Suggestion]]:
        for index, request in enumerate(requests):
            for k in range(4):
                yield (
                    index,
                    Suggestion(f"have h{len(request.history)}_{k} := Nat.le_refl {k}", -1.0 - k),
                )
        if len(requests[0].history) > 1:
            self.asked.set()


def test_an_interrupt_keeps_what_is_there(lab: Lab) -> None:
    generator = Endless()
    prover = lab.beside(generator=generator)
    running = asyncio.run_coroutine_threadsafe(prover.fill_statement(FALSE), lab.loop)
    assert generator.asked.wait(60)
    try:
        lab.loop.call_soon_threadsafe(prover.interrupt)
        filled = running.result(timeout=60)
        assert prove(lab, COMM).reason == "interrupted"  # what comes later, too
    finally:
        prover.engine.interrupted = False
    (verdict,) = filled.verdicts
    assert (verdict.outcome, verdict.reason) == (Outcome.GAVE_UP, "interrupted")
    assert verdict.open_goals
    assert len(plain(filled.graphs[0])["nodes"]) > 3
    assert prove(lab, COMM).proved


def test_a_job_is_cancelled_and_the_others_go_on(lab: Lab) -> None:
    generator = Endless()
    endless = lab.beside(generator=generator).job()

    async def work() -> tuple[Filled, Verdict]:
        with endless:
            filled = asyncio.ensure_future(endless.fill_statement(FALSE))
            await asyncio.to_thread(generator.asked.wait, 60)
            proof = asyncio.ensure_future(lab.prover.prove(COMM))
            assert endless.cancel()
            return await filled, await proof

    filled, verdict = lab.wait(work())
    assert filled.verdicts[0].reason == "interrupted"
    assert verdict.proved
    assert not lab.prover.engine.jobs


def test_jobs_with_generators_of_their_own_do_not_meet(lab: Lab) -> None:
    class Only(Portfolio):
        def __init__(self, tactic: str) -> None:
            super().__init__()
            self.tactic = tactic

        async def generate(
            self, requests: Sequence[Request]
        ) -> AsyncIterator[tuple[int, Suggestion]]:
            yield 0, Suggestion(self.tactic, -1.0)

    tactics = ["omega", "exact Nat.add_comm a b", "rw [Nat.add_comm]", "rfl"]

    async def work() -> list[Verdict]:
        provers = [lab.beside(generator=Only(tactic)) for tactic in tactics]
        return list(await asyncio.gather(*(prover.prove(COMM) for prover in provers)))

    assert [v.proof for v in lab.wait(work())] == [*tactics[:3], None]


def test_a_generator_that_fails_is_told(lab: Lab) -> None:
    class Broken(Portfolio):
        async def generate(
            self, requests: Sequence[Request]
        ) -> AsyncIterator[tuple[int, Suggestion]]:
            raise RuntimeError("no model")
            yield 0, Suggestion("", 0.0)

    with pytest.raises(RuntimeError, match="no model"):
        lab.wait(lab.beside(generator=Broken()).prove(COMM))
    assert prove(lab, COMM).proved


def test_the_wall_time_is_capped(lab: Lab) -> None:
    verdict = prove(
        lab, FALSE, options=Options(Budget(expansions=100_000, seconds=1.5), refute=False)
    )
    assert verdict.outcome is Outcome.GAVE_UP
    assert "seconds" in verdict.reason
    assert verdict.spent.seconds < 10


def test_errors_and_results_come_through_a_running_loop() -> None:
    async def work(fails: bool) -> int:
        await asyncio.sleep(0)
        if fails:
            raise StatementError("wrong")
        return 3

    async def inside() -> int:
        with pytest.raises(StatementError, match="wrong"):
            run_anywhere(work(True))
        return run_anywhere(work(False))

    assert asyncio.run(inside()) == 3
    assert run_anywhere(work(False)) == 3


@pytest.mark.lean
def test_prove_works_in_a_script_and_inside_a_running_loop(tmp_path: Path) -> None:
    script = (
        "import asyncio, prover\n"
        "settings = prover.Settings(lean='embedded', jobs=1)\n"
        "async def cell():\n"
        f"    return prover.prove({COMM!r}, settings=settings)\n"
        "verdict = asyncio.run(cell())\n"
        "print(verdict.outcome, verdict.text)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stderr == ""
    assert done.stdout.startswith("proved ")


def test_a_finished_proof_that_is_not_found_again_stays(lab: Lab) -> None:
    text = "theorem t (n : Nat) (h : n < 5) : n < 6 := Nat.lt_succ_of_lt h\n"
    filled = fill(lab, text, name="t", options=Options(Budget(expansions=0, seconds=60.0)))
    assert not filled.proved
    assert filled.text == text
