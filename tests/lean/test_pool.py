import asyncio
import json
import os
import signal
import threading
import time

import psutil
import pytest

from prover.lean.pool import BRIEF, LeanPool, suggestions
from prover.lean.source import with_hole
from prover.lean.states import Message
from prover.lean.toolchain import Lean
from prover.lean.worker import ElaborationFailed, Worker
from search.interfaces import UNFINISHED, Failure, Hypothesis, Progress, State
from tests.lab import Lab

AND = "theorem t (p q : Prop) (hp : p) (hq : q) : p ∧ q"
SPIN = "theorem t : ∀ n : Fin 3000, n.val * n.val < 9000000"
SPINNING = "decide +kernel"


def test_a_goal_has_names_types_values_and_its_print(lab: Lab) -> None:
    state = lab.state("theorem t (n : Nat) (h : 0 < n) : let x := n + 1; x > n")
    (child,) = lab.after(state, "intro x").children
    (goal,) = child.goals
    assert goal.target == "x > n"
    assert goal.hypotheses == (
        Hypothesis("n", "Nat", head="Nat"),
        Hypothesis("h", "0 < n", is_prop=True, head="LT.lt"),
        Hypothesis("x", "Nat", "n + 1", head="Nat"),
    )
    assert goal.pp == "n : Nat\nh : 0 < n\nx : Nat := n + 1\n⊢ x > n"
    assert goal.case is None


def test_names_that_cannot_be_written_have_a_dagger(lab: Lab) -> None:
    progress = lab.after(lab.state("theorem t (n : Nat) : n + 0 = n"), "induction n")
    assert [child.goals[0].case for child in progress.children] == ["zero", "succ"]
    hypotheses = progress.children[1].goals[0].hypotheses
    assert [h.name for h in hypotheses] == ["n✝", "a✝"]
    assert not any(h.accessible for h in hypotheses)


@pytest.mark.parametrize("tactic", ["constructor", "refine ⟨?_, ?_⟩", "refine ⟨?a, ?b⟩"])
def test_independent_goals_are_split(lab: Lab, tactic: str) -> None:
    progress = lab.after(lab.state(AND), tactic)
    assert [[g.target for g in child.goals] for child in progress.children] == [["p"], ["q"]]
    assert progress.goal_order == (0, 1)


def test_coupled_goals_stay_together_in_lean_s_order(lab: Lab) -> None:
    state = lab.state("theorem t : ∃ x : Nat, x > 3")
    progress = lab.after(state, "refine ⟨?_, ?_⟩")
    assert [[g.case for g in child.goals] for child in progress.children] == [
        ["refine_1", "refine_2"]
    ]
    assert progress.goal_order == (0, 0)
    progress = lab.after(state, "constructor")
    (child,) = progress.children
    assert [goal.target for goal in child.goals] == ["?w > 3", "Nat"]


def test_coupled_and_independent_goals_are_told_apart(lab: Lab) -> None:
    state = lab.state("theorem t (p : Prop) (hp : p) : ∃ x : Nat, (x > 3 ∧ p)")
    progress = lab.after(state, "refine ⟨?x, ?_, ?_⟩")
    assert [[g.target for g in child.goals] for child in progress.children] == [
        ["Nat", "?x > 3"],
        ["p"],
    ]
    assert progress.goal_order == (0, 0, 1)


def test_hidden_goals_that_are_solved_on_the_way_are_not_kept(lab: Lab) -> None:
    state = lab.state("theorem t : ∃ x y : Nat, x > 3 ∧ y > x")
    (coupled,) = lab.after(state, "refine ⟨?x, ?y, ?p, ?q⟩").children
    assert [goal.case for goal in coupled.goals] == ["x", "y", "p", "q"]
    progress = lab.after(coupled, "exact 4")
    assert progress.kept == (1, 2, 3)
    assert [[g.target for g in child.goals] for child in progress.children] == [
        ["Nat", "?y > 4"],
        ["4 > 3"],
    ]
    assert progress.goal_order == (0, 1, 0)
    (bound,) = lab.after(lab.state("theorem t : ∃ x : Nat, x > 3"), "constructor").children
    progress = lab.after(bound, "exact Nat.lt_succ_self 3")
    assert (progress.kept, progress.children) == ((), ())


def test_only_the_first_goal_is_seen_without_whole(lab: Lab) -> None:
    (coupled,) = lab.after(lab.state("theorem t : ∃ x : Nat, x > 3"), "refine ⟨?_, ?_⟩").children
    assert lab.failure(coupled, "rotate_left\ndecide").kind == "tactic"
    assert len(lab.after(coupled, "all_goals skip").children[0].goals) == 2


def test_whole_states_are_seen_and_kept_together(lab: Lab) -> None:
    (both,) = lab.after(lab.state(AND), "constructor", whole=True).children
    assert [goal.target for goal in both.goals] == ["p", "q"]
    assert lab.after(both, "all_goals assumption", whole=True).children == ()
    (swapped,) = lab.after(both, "rotate_left", whole=True).children
    assert [goal.target for goal in swapped.goals] == ["q", "p"]


def test_the_same_goal_has_the_same_key_however_it_is_reached(lab: Lab) -> None:
    state = lab.state("theorem t (a b : Nat) (h : a = b) : b = a ∧ b = a")
    first, second = lab.after(state, "refine ⟨?_, ?_⟩").children
    other = lab.after(state, "apply And.intro\n· exact h.symm").children[0]
    assert _without_case(first) == _without_case(second) == _without_case(other)
    first, second = lab.after(state, "apply And.intro <;> show b = a").children
    again, _ = lab.after(state, "constructor").children
    assert again.key == first.key
    assert lab.state("theorem u (a b : Nat) (h : a = b) : b = a ∧ b = a").key == state.key


def _without_case(state: State) -> tuple[str, ...]:
    return tuple(goal.target for goal in state.goals)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("theorem t : ∀ n, n + 0 = (n : Nat)", "theorem t : ∀ n, n + 0 = (n : Int)"),
        (
            "theorem t (a b : Add Nat) : (@HAdd.hAdd _ _ _ (@instHAdd Nat a) 1 1) = 2",
            "theorem t (a b : Add Nat) : (@HAdd.hAdd _ _ _ (@instHAdd Nat b) 1 1) = 2",
        ),
        ("theorem t : @id Nat 1 = 1", "theorem t : @id Nat 1 = nat_lit 1"),
    ],
)
def test_goals_that_differ_have_different_keys(lab: Lab, one: str, other: str) -> None:
    first, second = lab.state(one), lab.state(other)
    if "nat_lit" not in other:
        assert first.pp.split("⊢")[1] == second.pp.split("⊢")[1] or "∀" in one
    assert first.key != second.key


@pytest.mark.parametrize(
    ("statement", "tactic", "kind"),
    [
        (AND, "foo bar", "parse"),
        (AND, "exact (", "parse"),
        (AND, "exact hp) <;> skip", "parse"),
        (AND, "theorem x : True := trivial", "parse"),
        (AND, "", "parse"),
        (AND, "exact hp", "tactic"),
        (AND, "omega", "tactic"),
        (AND, "done", "tactic"),
        (AND, "sorry", "sorry"),
        (AND, "admit", "sorry"),
        (AND, "exact ⟨hp, sorry⟩", "sorry"),
        (AND, "exact sorryAx _ false", "sorry"),
        (AND, "first | omega | sorry", "sorry"),
        (AND, "all_goals sorry", "sorry"),
        (AND, "constructor <;> exact sorryAx _ true", "sorry"),
        (AND, "apply?", "sorry"),
        ("theorem t : 2 ^ 100000 % 7 = 3", "decide", "recursion"),
    ],
)
def test_failures_have_kinds(lab: Lab, statement: str, tactic: str, kind: str) -> None:
    if tactic == "apply?":
        statement = "theorem t (f : Nat → Nat) : f 3 = f 7"
    failure = lab.failure(lab.state(statement), tactic)
    assert failure.kind == kind, failure
    assert failure.message


def test_what_lean_says_about_a_failed_tactic_is_kept(lab: Lab) -> None:
    state = lab.state("theorem t (n : Nat) : n + 0 = n")
    failure = lab.failure(state, "cases n with | zero => rfl | succ m => skip")
    assert "unsolved goals" in failure.message
    assert "m + 1 + 0 = m + 1" in failure.message


def test_a_tactic_without_heartbeats_left_says_so(lab: Lab) -> None:
    lab.limit(heartbeats=200)
    statement = "theorem t (f : Nat → Nat) (h : ∀ n, f n = f (n + 1)) : f 0 = f 1000"
    failure = lab.failure(lab.state(statement), "simp [h]")
    assert failure.kind in ("heartbeats", "recursion"), failure
    failure = lab.failure(lab.state(statement), "iterate 500 rw [h]")
    assert failure.kind == "heartbeats", failure
    assert failure.cost.heartbeats >= 200


def test_a_brief_try_has_a_part_of_the_heartbeats(lab: Lab) -> None:
    state = lab.state("theorem t (f : Nat → Nat) (h : ∀ n, f n = f (n + 1)) : f 0 = f 200")
    tactic = "iterate 200 rw [h]\nrfl"
    lab.limit(heartbeats=20_000)
    whole = lab.run(state, tactic)
    assert whole.cost.heartbeats > 20_000 // BRIEF, whole
    brief = lab.wait(lab.pool.run(state, tactic, brief=True))
    assert isinstance(brief, Failure) and brief.kind == UNFINISHED
    assert 20_000 // BRIEF <= brief.cost.heartbeats < whole.cost.heartbeats


def test_a_tactic_that_heeds_no_heartbeats_is_limited_too(lab: Lab) -> None:
    sums = "6 * ((List.range (n + 1)).map (fun i => i * i)).sum = n * (n + 1) * (2 * n + 1)"
    state = lab.state(f"theorem t (n : Nat) : {sums}")
    lab.limit(heartbeats=20_000)
    limited = lab.failure(state, "skip; grind [List.range_succ]")
    own = lab.failure(state, "grind (instances := 400) [List.range_succ]")
    assert limited.cost.heartbeats < 30_000 < own.cost.heartbeats


@pytest.mark.parametrize(
    ("statement", "counterexample"),
    [
        ("(xs : List Nat) (h : xs ≠ []) : 0 ∈ xs", "xs = [1]"),
        ("(xs : List Nat) (h : xs ≠ []) : ∃ x, x ∈ xs", None),
        (": False", ""),
        ("(p q : Prop) (h : p ∨ q) : p", "p = False, q = True"),
    ],
)
def test_a_short_look_tells_where_a_goal_is_false(
    lab: Lab, statement: str, counterexample: str | None
) -> None:
    state = lab.state(f"theorem t {statement}")
    assert lab.wait(lab.pool.counterexample(state)) == counterexample


def test_goals_that_belong_together_are_not_called_false(lab: Lab) -> None:
    state = lab.state("theorem t : ∃ n : Nat, n = 3 ∧ n < 2")
    outcome = lab.run(state, "refine ⟨?n, ?_, ?_⟩")
    assert isinstance(outcome, Progress)
    assert [lab.wait(lab.pool.counterexample(s)) for s in outcome.children] == [None]


def test_a_worker_that_comes_when_nobody_waits_any_more_is_not_lost(lab: Lab) -> None:
    async def work() -> None:
        loop = asyncio.get_running_loop()
        held, gone = asyncio.Event(), asyncio.Event()
        waiter: asyncio.Task[None]

        async def hold(worker: Worker) -> None:
            held.set()
            await gone.wait()
            loop.call_soon(waiter.cancel)  # just before the worker is handed on

        async def nothing(worker: Worker) -> None:
            pass

        holder = asyncio.create_task(lab.pool.on_worker(hold, "held"))
        await held.wait()
        waiter = asyncio.create_task(lab.pool.on_worker(nothing, "held"))
        await asyncio.sleep(0.05)
        gone.set()
        await holder
        with pytest.raises(asyncio.CancelledError):
            await waiter
        await asyncio.wait_for(lab.pool.on_worker(nothing, "held"), 20)

    lab.wait(work())


def test_unassigned_metavariables_are_no_success(lab: Lab) -> None:
    state = lab.state("theorem t : ∃ x : Nat, x = x")
    outcome = lab.run(state, "refine ⟨_, rfl⟩")
    assert isinstance(outcome, Failure) or outcome.children != ()
    outcome = lab.run(state, "apply Exists.intro; exact rfl")
    assert isinstance(outcome, Failure) or outcome.children != ()


@pytest.mark.parametrize(
    ("statement", "tactic", "recorded"),
    [
        (AND, "exact?", "exact ⟨hp, hq⟩"),
        (AND, "simp? [hp, hq]", "simp only [hp, hq, and_self]"),
        ("theorem t (a : Nat) : a + 0 = a", "simp?", "simp only [Nat.add_zero]"),
        ("theorem t (a b : Nat) (h : a = b) : a + 0 = b", "rw?", "rw [h]"),
        (
            "theorem t (a b : Nat) (h : a + 0 = b) : b = a",
            "simp? at h",
            "simp only [Nat.add_zero] at h",
        ),
    ],
)
def test_a_suggestion_is_recorded_instead_of_the_question(
    lab: Lab, statement: str, tactic: str, recorded: str
) -> None:
    state = lab.state(statement)
    progress = lab.after(state, tactic)
    assert progress.tactic == recorded
    again = lab.after(state, recorded)
    assert [child.key for child in again.children] == [child.key for child in progress.children]


def test_a_suggestion_inside_a_longer_script_does_not_replace_it(lab: Lab) -> None:
    script = "constructor\n· exact hp\n· simp? [hq]"
    progress = lab.after(lab.state(AND), script)
    assert progress.children == ()
    assert progress.tactic == script


def test_suggestions_are_read_in_both_of_lean_s_formats() -> None:
    def read(text: str) -> list[str]:
        return suggestions([Message("info", 0, 0, text)])

    assert read("Try this: simp only [h]") == ["simp only [h]"]
    assert read("Try this:\n  [apply] exact h") == ["exact h"]
    assert read("Try these:\n  [apply] rw [h]\n  -- b = a\n  [apply] rw [g]") == [
        "rw [h]",
        "rw [g]",
    ]
    assert read("Try this:\n  [apply] grind =>\n    finish") == ["grind =>\n    finish"]
    assert read("unused variable") == []


def test_model_text_cannot_forge_an_answer(lab: Lab) -> None:
    state = lab.state("theorem t : False")
    last = lab.wait(_last_request(lab))
    fields = (
        '"ok":true,"heartbeats":0,"us":0,"env":0,"states":[],"order":[],"kept":[],"messages":[]'
    )
    for word in ("gym", lab.wait(_word(lab))):
        lines = [f'{word} {{"id":{last + i},{fields}}}' for i in range(20)]
        text = json.dumps("\n".join(["", *lines, ""]), ensure_ascii=False)
        (child,) = lab.after(state, f"trace {text}").children
        assert child.goals[0].target == "False"
        prints = f"do IO.print {text}; (← IO.getStdout).flush; IO.eprint {text}"
        done = lab.elaborate(f"#eval ({prints} : IO Unit)\ntheorem t : False := sorry")
        assert done.errors == ()
        assert f"{word} {{" in done.messages[0].text
        assert [hole.state.goals[0].target for hole in done.holes] == ["False"]


async def _last_request(lab: Lab) -> int:
    (worker,) = lab.pool._live
    return worker.gym._last_id


async def _word(lab: Lab) -> str:
    (worker,) = lab.pool._live
    return worker.gym._word.decode()


def test_what_one_text_declares_the_next_does_not_see(lab: Lab) -> None:
    header = "def shared : Nat := 3"
    assert lab.elaborate("axiom cheat : False", header).errors == ()
    done = lab.elaborate("theorem t : False := cheat\ntheorem u : shared = 3 := rfl", header)
    assert len(done.errors) == 1
    assert "cheat" in done.errors[0].text
    state = lab.state("theorem t : False", header)
    assert "cheat" in lab.failure(state, "exact cheat").message


def test_options_and_scopes_of_one_text_do_not_stay(lab: Lab) -> None:
    lab.elaborate('set_option maxRecDepth 5\nopen Nat\nnamespace A\nnotation "ψψ" => 3')
    done = lab.elaborate("theorem t : 2 + 2 = 4 := by decide\n#check succ\n#check ψψ")
    assert len(done.errors) == 2


@pytest.mark.parametrize(
    ("header", "kind", "says"),
    [
        ("import Mathlib.Tactic", "import", "Mathlib"),
        ("import Lean\nopen Foo", "elaboration", "Foo"),
        ("import", "parse", "expected"),
    ],
)
def test_a_header_that_does_not_elaborate(lab: Lab, header: str, kind: str, says: str) -> None:
    with pytest.raises(ElaborationFailed, match=says) as caught:
        lab.elaborate("theorem t : True := sorry", header)
    assert caught.value.kind == kind


def test_a_tactic_that_never_ends_is_killed_with_its_children(lab: Lab) -> None:
    other = lab.state(AND)
    left, right = lab.after(other, "constructor").children
    deep = lab.after(right, "have : p := hp").children[0]
    state = lab.state(SPIN)
    (pid,) = lab.pool.pids
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    restarts = lab.pool.restarts
    lab.limit(tactic_seconds=1.0)
    failure = lab.failure(state, SPINNING)
    assert failure.kind == "timeout"
    lab.limit(tactic_seconds=60.0)
    assert lab.after(left, "exact hp").children == ()
    assert lab.after(deep, "exact hq").children == ()
    assert lab.pool.restarts == restarts + 1
    assert not any(process.is_running() for process in family)


def test_a_worker_killed_from_outside_changes_nothing_but_time(lab: Lab) -> None:
    state = lab.state(AND)
    (both,) = lab.after(state, "refine And.symm ⟨?_, ?_⟩ <;> skip", whole=True).children
    (pid,) = lab.pool.pids
    restarts = lab.pool.restarts
    killer = threading.Timer(0.3, os.kill, (pid, signal.SIGKILL))
    killer.start()
    slow = "all_goals (sleep 1500; assumption)"
    assert lab.after(both, slow, whole=True).children == ()
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert lab.pool.restarts == restarts + 1


def test_a_text_is_elaborated_once_for_all_its_holes_in_a_new_worker(lab: Lab) -> None:
    holes = "\n".join(f"theorem t{n} : {n} + 0 = {n} := by sorry" for n in range(5))
    states = [hole.state for hole in lab.wait(lab.pool.elaborate("", holes)).holes]
    lab.pool.release(states[:1])
    (pid,) = lab.pool.pids
    os.kill(pid, signal.SIGKILL)
    before = lab.pool.asked.total()
    for state in states[1:]:
        assert lab.after(state, "rfl").children == ()
    headers_and_texts = lab.pool.asked.total() - before
    assert headers_and_texts == 2


def test_another_worker_is_started_for_who_waits_long(lean: Lean) -> None:
    async def counted() -> tuple[int, int]:
        async with LeanPool(lean, workers=2) as pool:
            done = await pool.elaborate("", with_hole(AND))
            state = done.holes[0].state
            await asyncio.gather(*(pool.run(state, "constructor") for _ in range(4)))
            quick = len(pool.pids)
            slow = (f"sleep 8000; exact absurd {n} {n}" for n in range(2))
            waiting = asyncio.gather(*(pool.run(state, tactic) for tactic in slow))
            async with asyncio.timeout(60):
                while len(pool.pids) < 2:
                    await asyncio.sleep(0.05)
            many = len(pool.pids)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            return quick, many

    assert asyncio.run(counted()) == (1, 2)


def test_states_that_are_released_do_not_cost_memory(lab: Lab) -> None:
    state = lab.state("theorem t (p q : Prop) : p → q")

    async def tactics(count: int) -> None:
        for index in range(count):
            outcome = await lab.pool.run(state, f"intro h{index}")
            assert isinstance(outcome, Progress)
            lab.pool.release(outcome.children)

    def memory() -> float:
        process = psutil.Process(lab.pool.pids[0])
        family = [process, *process.children(recursive=True)]
        return sum(p.memory_info().rss for p in family) / 2**20

    lab.wait(tactics(1000))
    before = memory()
    lab.wait(tactics(3000))
    grown = memory() - before
    assert grown < 25, f"{grown:.0f} MB"


def test_a_cancelled_call_leaves_the_worker_usable(lab: Lab) -> None:
    state = lab.state(AND)
    (pid,) = lab.pool.pids

    async def cancelled() -> None:
        task = asyncio.create_task(lab.pool.run(state, "sleep 300"))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    started = time.perf_counter()
    lab.wait(cancelled())
    assert time.perf_counter() - started < 0.25
    assert lab.after(state, "exact ⟨hp, hq⟩").children == ()
    assert lab.pool.pids == [pid]


def test_what_the_statement_itself_makes_is_there(lab: Lab) -> None:
    state = lab.state("theorem t (a : Nat) (h : a = 3) : (match a with | 0 => 1 | n + 1 => n) = 2")
    assert lab.after(state, "split <;> simp_all").children == ()


def test_definitions_over_the_library_elaborate(lab: Lab) -> None:
    text = "def f (l : List Nat) : Nat := l.length\ntheorem t : f [1, 2] = 2 := by sorry"
    done = lab.elaborate(text)
    assert done.errors == ()
    assert lab.after(done.holes[0].state, "simp [f]").children == ()


def test_a_type_that_unification_found_is_whole_when_the_kernel_checks(lab: Lab) -> None:
    state = lab.state(
        "theorem t (R : Nat → Nat → Prop) (trans : ∀ x y z, R x y → R y z → R x z) (a b c : Nat) "
        "(h : R a b) (g : R b c) : R a c"
    )
    (child,) = lab.after(state, "have k := trans _ _ _ h g").children
    assert lab.after(child, "exact k").children == ()
