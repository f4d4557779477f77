"""What one process writes and another reads is the same term: for a sample of the library, whose
declarations the judge compares with its own, and for terms with every constructor and flag."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from prover.lean.limits import Limits
from prover.lean.process import GymProcess
from prover.lean.worker import Worker
from tests.acceptance.conftest import Bench

HEADER = "import Lean\n"
STEP = 61
"""Every which constant of `Init` and `Std` is in the sample."""

SAMPLE = """
open Lean Elab Command

def partsOf : Name → List String → List String
  | .anonymous, acc => acc
  | .str p s, acc => partsOf p ((Json.str s).compress :: acc)
  | .num p k, acc => partsOf p (toString k :: acc)

def commas : List String → String
  | [] => ""
  | [s] => s
  | s :: rest => s ++ "," ++ commas rest

partial def ofModule (names : Array Name) (i step : Nat) (acc : String) : String :=
  if h : i < names.size then
    ofModule names (i + step) step (acc ++ "[" ++ commas (partsOf names[i] []) ++ "],")
  else acc

partial def ofModules (env : Environment) (i step : Nat) (acc : String) : String :=
  if h : i < env.header.moduleNames.size then
    let root := env.header.moduleNames[i].getRoot
    if root == `Init || root == `Std then
      match env.header.moduleData[i]? with
      | some data => ofModules env (i + 1) step (ofModule data.constNames (i % step) step acc)
      | none => ofModules env (i + 1) step acc
    else ofModules env (i + 1) step acc
  else acc

syntax (name := sample) "sample!" num : command
@[command_elab sample] def elabSample : CommandElab := fun stx _ state => do
  let s ← state.get
  throw (.error .missing (.ofFormat (ofModules s.env 0 stx[1].isNatLit?.get! "")))

sample! STEP
""".replace("STEP", str(STEP))

EVERY = """
open Lean Elab Command
def u : Level := .param `u
def v : Level := .param `v
def nat : Expr := .const ``Nat []
def lit (n : Nat) : Expr := .lit (.natVal n)
def made : List (Name × List Name × Expr × Expr) := [
  (`binders, [], .forallE `a nat (.forallE `b nat (.forallE `c nat (.forallE `d nat nat .instImplicit)
      .strictImplicit) .implicit) .default,
    .lam `a nat (.lam `b nat (.lam `c nat (.lam `d nat (.bvar 2) .instImplicit) .strictImplicit)
      .implicit) .default),
  (`letting, [], nat, .letE `x nat (lit 3) (.bvar 0) false),
  (`having, [], nat, .letE `x nat (lit 3) (.bvar 0) true),
  (`levels, [`u, `v], .sort (.succ (.max (.max u v) (.imax u v))),
    .forallE `α (.sort (.max u v)) (.sort (.imax u v)) .default),
  (`huge, [], nat, lit (2 ^ 4000 + 1)),
  (`text, [], .const ``String [], .lit (.strVal "é∀𝔸\\"\\\\\\n\\x00\\t\\r\\u007f")),
  (`projecting, [], .forallE `p (mkApp2 (.const ``Prod [0, 0]) nat nat) nat .default,
    .lam `p (mkApp2 (.const ``Prod [0, 0]) nat nat) (.proj ``Prod 1 (.bvar 0)) .default),
  (`tagged, [], nat, .mdata (KVMap.empty.insert `key (.ofBool true)) (lit 5)),
  (.num (.str (.num .anonymous 7) "«odd name».\\n") 0, [], nat, lit 0)]
def addAll (core : Core.Context) (state : IO.Ref Core.State) :
    List (Name × List Name × Expr × Expr) → EIO Exception Unit
  | [] => pure ()
  | (name, levelParams, type, value) :: rest => do
    addDecl (.defnDecl { name, levelParams, type, value, hints := .abbrev, safety := .safe, all := [name] })
      false core state
    addAll core state rest
syntax (name := probe) "probe!" : term
@[term_elab probe] def elabProbe : Term.TermElab := fun _ _ _ _ _ _ core state => do
  addAll core state made
  pure (.const ``True.intro [])
theorem start : True := probe!
"""


@dataclass
class Pair:
    """A gym and a judge, with what each has imported."""

    bench: Bench
    worker: Worker
    judge: GymProcess
    env: int
    node: int

    def export(self, names: list[Any]) -> list[Any]:
        reply = self.ask(self.worker.gym, cmd="export", env=self.env, names=names)
        segments = reply["segments"]
        assert isinstance(segments, list)
        return segments

    def refused(self, segments: list[Any]) -> list[tuple[list[Any], str]]:
        """What the judge refuses of segments, but for programs, which no proof can use."""
        reply = self.ask(self.judge, cmd="read", node=self.node, segments=segments)
        return [(name, why) for name, why in reply["refused"] if why != "is unsafe"]

    def ask(self, process: GymProcess, **command: Any) -> Mapping[str, Any]:
        reply = self.bench.wait(process.request(300.0, **command))
        assert reply.ok, reply.message
        return reply.fields


@pytest.fixture(scope="module")
def pair(bench: Bench) -> Iterator[Pair]:
    lean, limits = bench.suite.prover.lean, Limits()
    gym = bench.wait(GymProcess.start(lean, limits))
    judge = bench.wait(GymProcess.start(lean, limits, "Judge"))
    worker = Worker(gym, -1)
    there = bench.wait(worker.header(HEADER, "", limits))
    node = bench.wait(judge.request(120.0, cmd="import", imports=there.imports)).fields["node"]
    yield Pair(bench, worker, judge, there.env, node)
    bench.wait(gym.close())
    bench.wait(judge.close())


@pytest.fixture(scope="module")
def sample(pair: Pair) -> list[Any]:
    """Names of constants of `Init` and `Std`."""
    done, _ = pair.bench.wait(pair.worker.elaborate(HEADER, SAMPLE, "", Limits()))
    (message,) = done.errors
    names = json.loads("[" + message.text.rstrip().rstrip(",") + "]")
    assert isinstance(names, list)
    return names


def test_the_library_is_read_as_it_is(pair: Pair, sample: list[Any]) -> None:
    """The judge takes a declaration whose name is imported only if hash and term are those that
    it has imported."""
    segments = pair.export(sample)
    declared = segments[0]["decls"]
    assert len(declared) >= 1_000
    assert {row["kind"] for row in declared} >= {"def", "inductive"}
    assert pair.refused(segments) == []


def test_another_term_is_seen(pair: Pair, sample: list[Any]) -> None:
    """The comparison compares: with the types of two declarations exchanged, both are refused."""
    segments = pair.export(sample[:200])
    rows = [row for row in segments[0]["decls"] if "type" in row]
    one = next(row for row in rows if row["type"] != rows[0]["type"])
    rows[0]["type"], one["type"] = one["type"], rows[0]["type"]
    assert [why for _, why in pair.refused(segments)] == ["is declared twice, differently"] * 2


def _term(tables: Mapping[str, list[Any]], row: int) -> Any:
    """A term of the tables, written out."""
    kind, *rest = tables["exprs"][row]
    if kind == 1:
        return ("sort", _level(tables, rest[0]))
    if kind == 2:
        return ("const", _name(tables, rest[0]), [_level(tables, level) for level in rest[1]])
    if kind in (0, 7, 8):
        return ({0: "bvar", 7: "nat", 8: "str"}[kind], *rest)
    if kind == 9:
        return ("proj", _name(tables, rest[0]), rest[1], _term(tables, rest[2]))
    below = {3: 2, 4: 2, 5: 2, 6: 3}[kind]
    name = {3: "app", 4: "lam", 5: "all", 6: "let"}[kind]
    return (name, *(_term(tables, i) for i in rest[:below]), *rest[below:])


def _level(tables: Mapping[str, list[Any]], row: int) -> Any:
    kind, *rest = tables["levels"][row]
    if kind == 4:
        return _name(tables, rest[0])
    return (["zero", "succ", "max", "imax"][kind], *(_level(tables, i) for i in rest))


def _name(tables: Mapping[str, list[Any]], row: int) -> tuple[str | int, ...]:
    if row == 0:
        return ()
    prefix, part = tables["names"][row - 1]
    return (*_name(tables, prefix), part)


NAT: tuple[Any, ...] = ("const", ("Nat",), [])
PAIR = ("app", ("app", ("const", ("Prod",), [("zero",), ("zero",)]), NAT), NAT)
U, V = ("u",), ("v",)
TERMS: dict[tuple[str | int, ...], tuple[Any, Any]] = {
    ("binders",): (
        ("all", NAT, ("all", NAT, ("all", NAT, ("all", NAT, NAT, 3), 2), 1), 0),
        ("lam", NAT, ("lam", NAT, ("lam", NAT, ("lam", NAT, ("bvar", 2), 3), 2), 1), 0),
    ),
    ("letting",): (NAT, ("let", NAT, ("nat", "3"), ("bvar", 0), 0)),
    ("having",): (NAT, ("let", NAT, ("nat", "3"), ("bvar", 0), 1)),
    ("levels",): (
        ("sort", ("succ", ("max", ("max", U, V), ("imax", U, V)))),
        ("all", ("sort", ("max", U, V)), ("sort", ("imax", U, V)), 0),
    ),
    ("huge",): (NAT, ("nat", str(2**4000 + 1))),
    ("text",): (("const", ("String",), []), ("str", 'é∀𝔸"\\\n\0\t\r\x7f')),
    ("projecting",): (
        ("all", PAIR, NAT, 0),
        ("lam", PAIR, ("proj", ("Prod",), 1, ("bvar", 0)), 0),
    ),
    ("tagged",): (NAT, ("nat", "5")),
    (7, "«odd name».\n", 0): (NAT, ("nat", "0")),
}


def test_every_constructor_and_flag_is_sent(pair: Pair) -> None:
    done, _ = pair.bench.wait(pair.worker.elaborate(HEADER, EVERY, "", Limits()))
    assert done.errors == ()
    tables: dict[str, list[Any]] = {"names": [], "levels": [], "exprs": []}
    found = {}
    segments = [segment for command in done.commands for segment in command.segments]
    for segment in segments:
        for kind, rows in tables.items():
            rows += segment[kind]
        for row in segment["decls"]:
            if row["kind"] == "def" and _name(tables, row["name"]) in TERMS:
                term = _term(tables, row["type"]), _term(tables, row["value"])
                found[_name(tables, row["name"])] = term
    assert found == TERMS
    assert [name for name, _ in pair.refused(segments) if tuple(name) in TERMS] == []


BY_HAND = r"""
set_option checkBinderAnnotations false in
def binders : (a : Nat) → {b : Nat} → ⦃c : Nat⦄ → [d : Nat] → Nat := fun _ {b} ⦃_⦄ [_] => b
def letting : Nat := let x := nat_lit 3; x
def having : Nat := have x := nat_lit 3; x
def levels.{w, z} : Type (max (max w z) (imax w z)) := ∀ _ : Sort (max w z), Sort (imax w z)
def tagged : Nat := nat_lit 5
"""


ABOUT = "".join(
    f"theorem about_{name} : @{name} = @{name} := sorry\n"
    for name in ("binders", "letting", "having", "levels.{0, 0}", "tagged")
).replace("about_levels.{0, 0}", "about_levels")


def test_what_is_made_by_hand_is_the_same(bench: Bench) -> None:
    """The judge finds the terms of a program and those of a text alike, and others not."""
    statements = HEADER + EVERY + ABOUT

    def proved(solution: str) -> dict[str, bool]:
        text = HEADER + solution + ABOUT.replace("sorry", "rfl")
        prover = bench.suite.prover
        verdicts = bench.wait(prover.check_text(text, statements=statements))
        return {verdict.name.removeprefix("about_"): verdict.proved for verdict in verdicts}

    names = ("binders", "letting", "having", "levels", "tagged")
    assert proved(BY_HAND) == dict.fromkeys(names, True)
    other = BY_HAND.replace("nat_lit 3", "nat_lit 4").replace("[_] => b", "[d] => d")
    assert proved(other) == {name: name in ("levels", "tagged") for name in names}
