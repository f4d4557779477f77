"""A text that counts as harmless leaves the process as it was; one that runs code does not count as
harmless."""

from collections.abc import Iterator

import pytest

from prover.lean.limits import Limits
from prover.lean.process import GymProcess
from prover.lean.worker import Worker
from tests.acceptance.conftest import Bench
from tests.acceptance.fuzz import HONEST

META = "import Lean\nopen Lean Elab Command\n"

HARMLESS = {
    "notation": 'notation "ℕ" => Nat\ninfixl:65 " ⊕⊕ " => Nat.add\nlocal notation "two" => 2\n'
    "theorem t : two ⊕⊕ 1 = 3 := rfl",
    "macros": 'macro "easy" : tactic => `(tactic| first | rfl | omega)\n'
    'macro "answer!" : term => `(42)\nmacro_rules | `(tactic| easy) => `(tactic| trivial)\n'
    "theorem t : answer! = 42 := by easy",
    "a macro with arguments": 'macro "twice " x:term : term => `(($x) + ($x))\n'
    "theorem t : twice 2 = 4 := rfl",
    "syntax": 'syntax "triv" : tactic\nmacro_rules | `(tactic| triv) => `(tactic| trivial)\n'
    "theorem t : True := by triv",
    "attributes": "@[simp] theorem a : 1 + 1 = 2 := rfl\n@[reducible] def d := 3\n"
    "@[instance] def i : Inhabited Nat := ⟨3⟩\nattribute [local simp] Nat.add_comm\n"
    "@[ext] structure P where\n  x : Nat\n@[inline] def e := 4\n@[irreducible] def f := 5",
    "classes": "class C (α : Type) extends Inhabited α where\n  op : α → α → α\n"
    "instance : C Nat where\n  op := Nat.add\n  default := 0\n"
    "instance (priority := low) j : C Bool := ⟨or⟩",
    "types": "inductive T (α : Type u) where\n  | leaf | node (l : T α) (x : α) (r : T α)\n"
    "deriving Repr, BEq, DecidableEq, Inhabited, Hashable\nstructure S where\n  n : Nat := 3",
    "mutual": "mutual\ndef ev : Nat → Bool\n  | 0 => true\n  | n + 1 => od n\n"
    "def od : Nat → Bool\n  | 0 => false\n  | n + 1 => ev n\nend",
    "scopes": "namespace A\nsection\nuniverse u\nvariable {α : Type u} (x : α)\nopen Nat\n"
    "theorem t : x = x := rfl\nend\nend A\nexport Nat (succ)",
    "options": "set_option maxRecDepth 1000\nset_option autoImplicit false in\n"
    "theorem t : 1 = 1 := rfl\nset_option pp.all true",
    "questions": "#check Nat\n#print Nat.add\n#print axioms Nat.add_comm\nexample : 1 = 1 := rfl",
    "doc comments": "/-! A title. -/\n/-- A theorem. -/\ntheorem t : 1 = 1 := rfl",
    "unfinished": "theorem t : 1 = 2 := sorry\ntheorem u : 1 = 2 := by simp",
    "tactics": "theorem t (a b : Nat) (h : a = b) : b = a := by\n  first | omega | grind | simp_all\n"
    "theorem u : ∀ x : Fin 5, x.val < 5 := by decide",
    "recursion": "def f (n : Nat) : Nat := if h : n = 0 then 0 else f (n / 2)\n"
    "termination_by n\ndecreasing_by omega",
    "private and protected": "private theorem p : 1 = 1 := rfl\nprotected def A.d := 3\n"
    "noncomputable def c : Nat := Classical.choice ⟨3⟩\nopaque o : Nat\npartial def g (n : Nat) : Nat := g n",
}

EFFECT = (
    META
    + """def hook : Linter where
  run := fun _ => pure ()
  name := `hook
def act : BaseIO Bool := lintersRef.modifyGet fun all => (true, all.push hook)
"""
)
TOKEN = "theorem same : Unit = Void IO.RealWorld := sorry\n"
BAD = "def bad : Bool := match act (cast same ()) with\n  | .mk b _ => b\n"

RUNNING = {
    "effects in the kernel": EFFECT
    + TOKEN
    + BAD
    + "theorem t : Lean.reduceBool bad = true := by decide +kernel",
    "effects in a unification": EFFECT
    + TOKEN
    + BAD
    + "theorem t : Lean.reduceBool bad = true := rfl",
    "effects by an axiom": EFFECT
    + TOKEN.replace("theorem", "axiom").replace(" := sorry", "")
    + BAD
    + "theorem t : bad = true := by native_decide",
    "effects without the kernel": EFFECT
    + "set_option debug.skipKernelTC true in\ntheorem lem : (1 : Nat) = 2 := by decide +kernel\n"
    + TOKEN.replace("sorry", "absurd lem (by decide)")
    + BAD
    + "theorem t : Lean.reduceBool bad = true := by decide +kernel",
    "effects in a configuration": EFFECT
    + TOKEN
    + "def cfg : Meta.Simp.Config := match act (cast same ()) with\n  | .mk b _ => { arith := b }\n"
    + "theorem t : 1 + 1 = 2 := by simp (config := cfg)",
    "initialize": META + "initialize counter : IO.Ref Nat ← IO.mkRef 3",
    "builtin_initialize": META + "builtin_initialize lintersRef.set #[]",
    "run_cmd": META + 'run_cmd logInfo "x"',
    "run_elab": META + 'run_elab logInfo "x"',
    "run_meta": META + 'run_meta logInfo "x"',
    "eval": "#eval 1",
    "eval!": "#eval! 1",
    "elab": META + 'elab "e!" : command => pure ()',
    "elab_rules": META + 'syntax "e!" : command\nelab_rules : command | `(e!) => pure ()',
    "command_elab": META + 'syntax (name := e) "e!" : command\n'
    "@[command_elab e] def f : CommandElab := fun _ _ _ => pure ()",
    "term_elab": META + 'syntax (name := e) "e!" : term\n'
    "@[term_elab e] def f : Term.TermElab := fun _ _ _ _ _ _ _ _ => pure (mkNatLit 1)",
    "tactic attribute": META + 'syntax (name := e) "e!" : tactic\n'
    "@[tactic e] def f : Tactic.Tactic := fun _ _ _ _ _ _ _ _ _ => pure ()",
    "macro attribute": META + 'syntax (name := e) "e!" : term\n'
    "@[macro e] def f : Macro := fun x => pure x",
    "macro with code": 'macro "m!" x:term : term => do\n  if x.raw.isAtom then\n'
    "    Lean.Macro.throwUnsupported\n  else `($x)",
    "macro_rules with code": 'syntax "m!" : term\nmacro_rules | `(m!) => do\n  let x ← `(1)\n  pure x',
    "macro with a nested term": 'macro "m!" x:term : term => `($(⟨x.raw⟩))',
    "simproc": META + "simproc s (1) := fun _ => return .continue",
    "builtin_simproc": META + "builtin_simproc s (1) := fun _ => return .continue",
    "init attribute": META + "@[init] def f : IO Unit := pure ()",
    "init attribute in a where": META + "theorem t : 1 = 1 := rfl\nwhere\n"
    "  @[init] f : IO Unit := pure ()",
    "init attribute by attribute": META + "def f : IO Unit := pure ()\nattribute [init] f",
    "local init attribute": META + "theorem t : 1 = 1 := by\n"
    "  let rec @[init] f : IO Unit := pure ()\n  rfl",
    "register_option": META + "register_option my.option : Bool := { defValue := true }",
    "register_simp_attr": META + "register_simp_attr my_simp",
    "parser attribute": META + '@[term_parser] def p : Parser.Parser := "p!"',
    "run_tac": META + "theorem t : 1 = 1 := by\n  run_tac pure ()\n  rfl",
    "by_elab": META + "theorem t : 1 = 1 := by_elab pure (mkConst ``rfl)",
    "include_str": 'def s := include_str "/etc/passwd"',
    "bv_check": 'import Std.Tactic.BVDecide\ntheorem t (x : BitVec 4) : x = x := by bv_check "/a"',
    "unsafe": "unsafe def f : Nat := 3",
    "under open in": META + "open Nat in\nset_option maxRecDepth 100 in\nrun_cmd pure ()",
    "in a mutual": META + "mutual\n@[init] def f : IO Unit := pure ()\ndef g := 3\nend",
    "deriving handler": META + "def h : DerivingHandler := fun _ _ _ => pure true\n"
    "initialize registerDerivingHandler ``Inhabited h",
    "linter": META + "initialize addLinter { run := fun _ => pure () }",
    "an unknown command": "import Lean\nopen Lean in\ndeclare_config_elab elabC Nat",
    "elaboration in the background": "set_option Elab.async true\ntheorem t : 1 = 1 := rfl",
    "native code": "@[implemented_by Nat.add] def f (a b : Nat) : Nat := a\n"
    "theorem t : f 1 1 = f 1 1 := by native_decide",
    "command_elab through a macro": META + 'macro "m!" : command => `(initialize pure ())\nm!',
}
TABLES = ("linters", "tokens", "extensions", "attributes")


class Gym:
    """A process of its own, as texts find it after each other."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._limits = Limits()
        lean = bench.suite.prover.lean
        self._worker = Worker(bench.wait(GymProcess.start(lean, self._limits)), -1)

    @property
    def tables(self) -> dict[str, int]:
        reply = self._bench.wait(self._worker.gym.request(60.0, cmd="tables"))
        return {name: reply.fields[name] for name in TABLES}

    def tainted(self, text: str) -> bool:
        """Elaborates a text."""
        return self._bench.wait(self._elaborate(text))

    async def _elaborate(self, text: str) -> bool:
        split = await self._worker.gym.request(60.0, cmd="imports", text=text)
        end = split.fields["end"]
        header, body = text.encode()[:end].decode(), text.encode()[end:].decode()
        done, _ = await self._worker.elaborate(header, body, "", self._limits, scratch=True)
        return done.tainted

    def close(self) -> None:
        self._bench.wait(self._worker.gym.close())


@pytest.fixture(scope="module")
def gym(bench: Bench) -> Iterator[Gym]:
    gym = Gym(bench)
    for header in ("", "import Lean\n"):  # what an import brings stays, and is no text's doing
        gym.tainted(header)
    yield gym
    gym.close()


@pytest.mark.parametrize("text", HARMLESS.values(), ids=HARMLESS)
@pytest.mark.parametrize("header", ["", "import Lean\n"], ids=["plain", "meta"])
def test_a_harmless_text_leaves_nothing(header: str, text: str, gym: Gym) -> None:
    before = gym.tables
    assert not gym.tainted(header + text)
    assert gym.tables == before


def test_honest_files_leave_nothing(gym: Gym) -> None:
    before = gym.tables
    texts = [path.read_text(encoding="utf-8") for path in sorted(HONEST.glob("*.lean"))]
    assert [text for text in texts if gym.tainted(text)] == []
    assert gym.tables == before


@pytest.fixture(scope="module")
def scapegoat(bench: Bench) -> Iterator[Gym]:
    """A process for texts that may change it."""
    gym = Gym(bench)
    yield gym
    gym.close()


@pytest.mark.parametrize("text", RUNNING.values(), ids=RUNNING)
def test_a_text_that_runs_code_is_known_to(text: str, scapegoat: Gym) -> None:
    assert scapegoat.tainted(text)
