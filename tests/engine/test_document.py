"""A text that is being written, in real Lean."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from prover.engine.document import Document, Elaboration, Superseded, Symbol
from prover.lean import process
from prover.lean.documents import Desk
from prover.lean.limits import Limits
from prover.lean.source import NotText
from tests.lab import Lab

PROOF = """theorem both (p q : Prop) (hp : p) (hq : q) : p ∧ q := by
  constructor
  · exact hp
  · sorry
"""

UGLY = """/-! Ein Häuschen -- sorry -/
namespace Α
section
variable {α : Type} (xs : List α)

/-- A way of its own. -/
inductive Way | left | right (n : Nat)

structure Pt where
  x : Nat
  y : Nat := 3

end
macro "done'" : tactic => `(tactic| first | rfl | sorry)
notation "⟪" a "⟫" => Nat.succ a

mutual
def even : Nat → Bool
  | 0 => true
  | n + 1 => odd n
def odd : Nat → Bool
  | 0 => false
  | n + 1 => even n
end

def outer (n : Nat) : Nat := inner n + 1
where
  inner : Nat → Nat
    | 0 => 0
    | k + 1 => inner k

open Way in
theorem cases' (w : Way) : w = w := by
  match w with
  | .left => rfl
  | right n => done'

theorem sums (n : Nat) : n + 0 = n := by
  induction n with
  | zero => rfl
  | succ n ih => simp /- sorry -/

example (a b c : Nat) (h : a = b) (k : b = c) : a = c :=
  calc a = b := h
    _ = c := by exact k -- sorry

theorem open' : ⟪1⟫ = 2 ∧ True := by
  refine ⟨?_, ?_⟩
  · done'
  · sorry

theorem empty : True := by
end Α
"""


class Desktop:
    """A document on the lab's Lean."""

    def __init__(self, lab: Lab, hosts: Desk) -> None:
        self.lab = lab
        self.hosts = hosts
        self.document = Document(hosts)
        self.text = ""

    def write(self, text: str) -> Elaboration:
        """The last of what an update tells."""
        return self.writing(text)[-1]

    def writing(self, text: str) -> list[Elaboration]:
        self.text = text

        async def all_() -> list[Elaboration]:
            return [one async for one in self.document.update(text)]

        return self.lab.wait(all_())

    def at(self, words: str, behind: bool = False) -> int:
        data, part = self.text.encode(), words.encode()
        assert data.count(part) == 1, words
        return data.index(part) + (len(part) if behind else 0)

    def goals(self, at: int) -> list[str] | None:
        found = self.lab.wait(self.document.goals(at))
        return None if found is None else [goal.pp for goal in found]

    def shown(self, span: tuple[int, int] | None) -> str | None:
        return None if span is None else self.text.encode()[slice(*span)].decode()

    def definition(self, words: str) -> str | None:
        """The text from where what stands at the first of `words` was named."""
        span = self.lab.wait(self.document.definition(self.at(words)))
        if span is None:
            return None
        line = self.text.encode()[span[0] :].decode().split("\n")[0]
        name = self.shown(span)
        assert name is not None and line.startswith(name)
        return line

    def hover(self, words: str) -> tuple[str, str]:
        """What is shown at the first of `words`, and the part of the text that it is about."""
        found = self.lab.wait(self.document.hover(self.at(words)))
        assert found is not None
        shown = self.shown((found.first, found.last))
        assert shown is not None
        return found.text, shown

    def completions(self, words: str) -> dict[str, str]:
        """What can stand behind some words, and the kinds of it."""
        found = self.lab.wait(self.document.completions(self.at(words, behind=True)))
        return {one.label: one.kind for one in found}


@pytest.fixture(scope="module")
def hosts(_lab: Lab) -> Iterator[Desk]:
    desk = Desk(_lab.pool.lean, Limits())
    yield desk
    _lab.wait(desk.close())


@pytest.fixture
def desk(lab: Lab, hosts: Desk) -> Iterator[Desktop]:
    desk = Desktop(lab, hosts)
    yield desk
    lab.wait(desk.document.close())
    hosts.limits = Limits()


def errors(done: Elaboration) -> list[str]:
    return [d.text for d in done.diagnostics if d.severity == "error"]


def test_a_text_is_told_of_command_by_command(desk: Desktop) -> None:
    text = "theorem a : True := trivial\n#check a\ntheorem b : False := trivial\n"
    told = desk.writing(text)
    assert [one.done for one in told[:-1]] == sorted({one.done for one in told[:-1]})
    assert [one.finished for one in told] == [*(False for _ in told[:-1]), True]
    assert told[-1].done == len(text)
    shown = [(desk.shown((d.first, d.last)), d.severity) for d in told[-1].diagnostics]
    assert shown == [("#check", "information"), ("trivial", "error")]
    assert told[-1].diagnostics[0].text == "a : True"
    assert "Type mismatch" in told[-1].diagnostics[1].text


def test_warnings_are_those_of_a_file(desk: Desktop) -> None:
    done = desk.write("theorem t (n : Nat) : True := by\n  sorry\n")
    shown = {(desk.shown((d.first, d.last)), d.severity, d.text) for d in done.diagnostics}
    assert ("t", "warning", "declaration uses `sorry`") in shown
    done = desk.write("theorem t (n : Nat) : True := by\n  trivial\n")
    (unused,) = done.diagnostics
    assert (desk.shown((unused.first, unused.last)), unused.severity) == ("n", "warning")
    assert "unused variable `n`" in unused.text


def test_goals_are_before_and_after_a_tactic(desk: Desktop) -> None:
    desk.write(PROOF)
    start, left, right = (
        "p q : Prop\nhp : p\nhq : q\n⊢ p ∧ q",
        "case left\np q : Prop\nhp : p\nhq : q\n⊢ p",
        "case right\np q : Prop\nhp : p\nhq : q\n⊢ q",
    )
    assert desk.goals(desk.at("constructor")) == [start]
    assert desk.goals(desk.at("constructor", behind=True)) == [left, right]
    assert desk.goals(desk.at("exact hp")) == [left]
    assert desk.goals(desk.at("exact hp", behind=True)) == []
    assert desk.goals(desk.at("· sorry") + len("· ".encode())) == [right]
    assert desk.goals(len(desk.text.encode())) == []
    assert desk.goals(desk.at("both")) is None


def test_a_place_in_blank_space_belongs_to_the_tactic_before_it(desk: Desktop) -> None:
    desk.write("theorem t (p : Prop) (h : p) : p ∧ p := by\n  constructor\n  \n")
    assert desk.goals(len(desk.text.encode()) - 1) == [
        "case left\np : Prop\nh : p\n⊢ p",
        "case right\np : Prop\nh : p\n⊢ p",
    ]
    desk.write("theorem t : 1 = 1 := by\n  \n\ntheorem u : True := trivial")
    assert desk.goals(desk.at("by", behind=True)) == ["⊢ 1 = 1"]
    assert desk.goals(desk.at("by", behind=True) + 3) == ["⊢ 1 = 1"]


def test_the_goal_of_a_term(desk: Desktop) -> None:
    desk.write("theorem t (p q : Prop) (hp : p) (hq : q) : p ∧ q := ⟨hp, _⟩\n")
    found = desk.lab.wait(desk.document.term_goal(desk.at("hp, _")))
    assert found is not None
    goal, *span = found
    assert (goal.target, desk.shown((span[0], span[1]))) == ("p", "hp")
    assert [h.name for h in goal.hypotheses] == ["p", "q", "hp", "hq"]
    assert desk.lab.wait(desk.document.term_goal(desk.at("theorem"))) is None


def test_only_what_follows_a_change_is_elaborated_again(desk: Desktop) -> None:
    names = "abcdef"
    text = "".join(f"theorem {name} : True := by\n  trivial\n" for name in names)
    ends = [text.index(f"theorem {name}") for name in names] + [len(text)]
    assert [one.done for one in desk.writing(text)[:-1]] == ends[:-1] + ends[-1:]
    changed = text.replace("theorem d : True", "theorem d : 1 = 1").replace(
        "d : 1 = 1 := by\n  trivial", "d : 1 = 1 := by\n  rfl"
    )
    assert next(one.done for one in desk.writing(changed)) == ends[3]
    assert [one.done for one in desk.writing(changed)] == [len(changed)]
    again = changed + "#check d\n"
    assert next(one.done for one in desk.writing(again)) == len(changed)
    assert desk.write(again).diagnostics[0].text == "d : 1 = 1"


def test_what_follows_a_command_may_belong_to_it(desk: Desktop) -> None:
    text = "def f (n : Nat) : Nat := n\n"
    desk.write(text + "#check f\n")
    assert "n + 1" in desk.write(text + "  + 1\n#print f\n").diagnostics[0].text
    assert "n + 1" not in desk.write(text + "#print f\n").diagnostics[0].text


def test_a_change_of_the_imports_begins_anew(desk: Desktop) -> None:
    assert "Unknown" in errors(desk.write("#check Lean.Expr\n"))[0]
    done = desk.write("import Lean.Expr\n#check Lean.Expr\n")
    assert [d.text for d in done.diagnostics] == ["Lean.Expr : Type"]
    assert "Unknown" in errors(desk.write("import Init\n#check Lean.Expr\n"))[0]


@pytest.mark.parametrize(
    ("text", "says", "where"),
    [
        ("import Nowhere.To.Be\ntheorem t : True := trivial\n", "Nowhere", "import Nowhere.To.Be"),
        ("theorem t : True := trivial\nimport Init\n", "beginning of the file", ""),
        ("import\n", "expected", ""),
    ],
)
def test_imports_that_are_none(desk: Desktop, text: str, says: str, where: str) -> None:
    done = desk.write(text)
    (said,) = errors(done)
    assert says in said
    assert done.finished and done.done == len(text)
    (place,) = done.diagnostics
    assert (desk.shown((place.first, place.last)) or "") == where
    assert desk.goals(3) is None
    assert errors(desk.write("theorem t : True := trivial\n")) == []


def test_what_was_elaborated_outlives_a_slip_in_the_imports(desk: Desktop) -> None:
    text = "import Init\n" + BEFORE + AFTER
    desk.write(text)
    assert errors(desk.write(text.replace("Init", "Nit")))
    assert next(one.done for one in desk.writing(text)) > text.index("after")


def test_an_ugly_text(desk: Desktop) -> None:
    done = desk.write(UGLY)
    assert [e.split("\n")[0] for e in errors(done)] == [
        "unexpected token 'end'; expected '{' or tactic",
        "unsolved goals",
    ]
    assert [desk.shown(hole) for hole in done.holes] == ["sorry"]
    assert done.holes[0][0] == desk.at("⟨?_, ?_⟩\n  · done'\n  · ", behind=True)
    assert desk.goals(desk.at("empty : True := by", behind=True)) == ["⊢ True"]
    assert desk.goals(desk.at("simp /-")) == [
        "case succ\nn : Nat\nih : n + 0 = n\n⊢ n + 1 + 0 = n + 1"
    ]
    assert desk.goals(desk.at("exact k")) == ["a b c : Nat\nh : a = b\nk : b = c\n⊢ b = c"]
    assert desk.goals(desk.at("| right n => ", behind=True)) == [
        "w : Way\nn : Nat\n⊢ right n = right n"
    ]


def outline(symbols: tuple[Symbol, ...]) -> list[object]:
    return [
        (s.kind, s.name, outline(s.children)) if s.children else (s.kind, s.name) for s in symbols
    ]


def test_symbols_are_nested_as_they_are_written(desk: Desktop) -> None:
    desk.write(UGLY)
    symbols = desk.lab.wait(desk.document.symbols())
    fields: list[object] = [("field", "x"), ("field", "y")]
    ways: list[object] = [("constructor", "left"), ("constructor", "right")]
    assert outline(symbols) == [
        (
            "namespace",
            "Α",
            [
                ("section", "", [("inductive", "Way", ways), ("structure", "Pt", fields)]),
                ("def", "even"),
                ("def", "odd"),
                ("def", "outer", [("def", "inner")]),
                ("theorem", "cases'"),
                ("theorem", "sums"),
                ("example", ""),
                ("theorem", "open'"),
                ("theorem", "empty"),
            ],
        )
    ]
    everything = [symbols[0], *symbols[0].children]
    named = [desk.shown((s.name_first, s.name_last)) for s in everything if s.name]
    assert named == [s.name for s in everything if s.name]
    assert (
        desk.shown((symbols[0].first, symbols[0].last)) == UGLY[UGLY.index("namespace") :].strip()
    )


def test_hover_shows_types_and_what_is_written_of_them(desk: Desktop) -> None:
    desk.write(
        "/-- Twice as much. -/\ndef twice (n : Nat) : Nat := n + n\n"
        "theorem t (k : Nat) (h : twice k = 2) : k = 1 := by\n  have two := h.symm\n  unfold twice at h\n  omega\n"
    )
    text, shown = desk.hover("twice k")
    assert (text, shown) == ("```lean\ntwice (n : Nat) : Nat\n```\n***\nTwice as much. ", "twice")
    assert desk.hover("k = 2") == ("```lean\nk : Nat\n```", "k")
    assert desk.hover("two") == ("```lean\ntwo : 2 = twice k\n```", "two")
    assert desk.hover("h.symm")[0] == "```lean\nh : twice k = 2\n```"
    assert desk.hover("symm")[0].startswith("```lean\nEq.symm")
    assert desk.lab.wait(desk.document.hover(desk.at("omega", behind=True) + 1)) is None


def test_definitions_are_found_in_the_text(desk: Desktop) -> None:
    desk.write(
        "structure Pt where\n  xx : Nat\ninductive Way\n  | left\n"
        "def f (n : Nat) : Nat := n + 0\n"
        "theorem t (p : Pt) (h : f p.xx = 0) : Way.left = .left := by\n"
        "  have k := h\n  cases p with\n  | mk m =>\n    have l := k\n    rfl\n"
    )
    assert desk.definition("n + 0") == "n : Nat) : Nat := n + 0"
    assert desk.definition("f p.xx") == "f (n : Nat) : Nat := n + 0"
    assert desk.definition("xx = 0") == "xx : Nat"
    assert desk.definition("left = .left") == "left"
    assert desk.definition("h\n  cases") == "h : f p.xx = 0) : Way.left = .left := by"
    assert desk.definition("k\n    rfl") == "k := h"
    assert desk.definition("Nat\nind") is None


COMPLETED = """namespace Deep
structure Pt where
  xx : Nat
  xy : Nat
def Pt.sum (p : Pt) : Nat := p.xx + p.xy
theorem sum_it : True := trivial
theorem a (point : Pt) (poison : Nat) : True := by
  exact po
theorem b (point : Pt) : point.x = 0 := by
  rfl
theorem c : True := sum_
theorem d : 0 + 1 = 1 := Nat.add_com
theorem e (zs : List Nat) : True := by
  have h := zs.leng
def f : Pt := .m
def g (point : Pt) : Nat := (id point).s
theorem h (point : Pt) : True := by
  have := point.
  trivial
end Deep
open Nat in
theorem i : 0 + 1 = 1 := by
  exact add_com
"""


def test_completions_are_what_is_in_scope(desk: Desktop) -> None:
    desk.write(COMPLETED)
    found = desk.completions("exact po")
    assert [*found][:2] == ["poison", "point"]
    assert found["point"] == "variable"
    assert desk.completions("point.x") == {"xx": "def", "xy": "def"}
    assert desk.completions("True := sum_") == {"sum_it": "theorem"}
    assert desk.completions("Nat.add_com") == {"add_comm": "theorem"}
    assert desk.completions("zs.leng")["length"] == "def"
    assert desk.completions("Pt := .m") == {"mk": "constructor"}
    assert desk.completions("(id point).s") == {"sum": "def"}
    assert {"xx", "xy", "sum"} <= set(desk.completions("have := point."))
    assert "add_comm" in desk.completions("exact add_com")
    (one,) = desk.lab.wait(desk.document.completions(desk.at("Nat.add_com", behind=True)))
    assert one.detail == "∀ (n m : Nat), n + m = m + n"


def test_offsets_are_those_of_the_text_that_was_given(desk: Desktop) -> None:
    plain = "theorem ä : True ∧ True := by\n  constructor\n  · trivial\n  · exact fünf\n"
    desk.write(plain)
    (said,) = desk.write(plain).diagnostics
    assert desk.shown((said.first, said.last)) == "fünf"
    for text in (plain.replace("\n", "\r\n"), "\ufeff" + plain.replace("\n", "\r\n")):
        done = desk.write(text)
        (said,) = done.diagnostics
        assert desk.shown((said.first, said.last)) == "fünf"
        assert done.done == len(text.encode())
        assert desk.goals(desk.at("trivial", behind=True)) == []
        (one,) = desk.lab.wait(desk.document.symbols())
        assert desk.shown((one.name_first, one.name_last)) == "ä"
    with pytest.raises(NotText):
        desk.write("theorem \ud800")


def test_every_beginning_of_a_text_is_answered(desk: Desktop) -> None:
    for end in range(0, len(UGLY), 17):
        text = UGLY[:end]
        done = desk.write(text)
        size = len(text.encode())
        assert done.finished and done.done == size
        assert all(0 <= d.first <= d.last <= size for d in done.diagnostics), text
        for at in (size, max(0, size - 9)):
            desk.lab.wait(asks(desk.document, at))


async def asks(document: Document, at: int) -> None:
    await document.goals(at)
    await document.term_goal(at)
    await document.hover(at)
    await document.definition(at)
    await document.completions(at)
    await document.symbols()


SPIN = "theorem spin : ∀ n : Fin 3000, n.val * n.val < 9000000 := by decide +kernel\n"
BEFORE, AFTER = "theorem before : True := trivial\n", "theorem after : 1 = 1 := by\n  rfl\n"


def test_a_command_without_an_end_is_passed_over(desk: Desktop) -> None:
    desk.hosts.limits = Limits(elab_seconds=3.0)
    text = BEFORE + SPIN + AFTER
    told = desk.writing(text)
    (said,) = told[-1].diagnostics
    assert desk.shown((said.first, said.last)) == SPIN.strip()
    assert "`spin`" in said.text and "3 s" in said.text
    assert [one.done for one in told] == sorted(one.done for one in told)
    assert desk.goals(desk.at("rfl")) == ["⊢ 1 = 1"]
    host = desk.document._host
    longer = desk.writing(text + BEFORE.replace("before", "last"))
    assert [one.diagnostics for one in longer] == [(said,)] * len(longer)
    assert desk.document._host is host
    desk.hosts.limits = Limits()
    done = desk.write(BEFORE + SPIN.replace("3000", "3").replace("9000000", "9") + AFTER)
    assert done.diagnostics == ()


def test_a_newer_text_does_not_wait_for_what_is_not_in_it(
    desk: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prover.engine.document.PATIENCE", 0.3)
    desk.write(BEFORE)

    async def both() -> Elaboration:
        older = desk.document.update(BEFORE + SPIN + AFTER)
        waiting = asyncio.create_task(last(older))
        while len(BEFORE) not in [one.done for one in told]:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.5)
        newer = [one async for one in desk.document.update(BEFORE + AFTER)]
        with pytest.raises(Superseded):
            await waiting
        return newer[-1]

    told: list[Elaboration] = []

    async def last(updates: AsyncIterator[Elaboration]) -> None:
        async for one in updates:
            told.append(one)

    done = desk.lab.wait(both())
    assert (done.diagnostics, done.finished) == ((), True)


def test_closing_does_not_wait_for_a_command_without_an_end(
    desk: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prover.engine.document.PATIENCE", 0.3)

    async def closed() -> None:
        async for one in desk.document.update(BEFORE + SPIN):
            if one.done == len(BEFORE):
                break
        asked = asyncio.create_task(desk.document.goals(len(BEFORE)))
        await asyncio.sleep(0.5)
        async with asyncio.timeout(30):
            await desk.document.close()
        with pytest.raises(Superseded):
            await asked

    desk.lab.wait(closed())


def test_who_breaks_off_leaves_the_rest_to_a_question(desk: Desktop) -> None:
    desk.text = AFTER + PROOF

    async def first() -> Elaboration:
        async for one in desk.document.update(desk.text):
            return one
        raise AssertionError

    assert not desk.lab.wait(first()).finished
    assert desk.goals(desk.at("exact hp", behind=True)) == []


def test_a_process_that_was_lost_costs_time_only(desk: Desktop) -> None:
    desk.write(PROOF)
    goals = desk.goals(desk.at("exact hp"))
    assert desk.document._host is not None
    process.kill_family(desk.document._host.gym.pid)
    assert desk.goals(desk.at("exact hp")) == goals
    assert desk.write(PROOF + AFTER).diagnostics == desk.write(PROOF).diagnostics


def test_a_text_that_ran_code_shares_its_process_with_no_other(
    lab: Lab, hosts: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prover.lean.documents.HOSTS", 1)
    lab.wait(hosts.close())
    one, two = Desktop(lab, hosts), Desktop(lab, hosts)
    try:
        one.write(PROOF)
        two.write(PROOF)
        assert one.document._host is two.document._host
        done = two.write(PROOF + "#eval 1 + 1\n")
        assert "2" in [d.text for d in done.diagnostics]
        goals = two.goals(two.at("constructor"))
        mine, its = one.document._host, two.document._host
        assert mine is its and its is not None and its.gym.alive
        assert one.goals(one.at("constructor")) == goals
        assert one.document._host is not its and not its.gym.alive
        assert two.goals(two.at("constructor")) == goals
    finally:
        for desk in (one, two):
            lab.wait(desk.document.close())


def test_a_question_about_an_older_text_has_no_answer(desk: Desktop) -> None:
    async def both() -> None:
        async for _ in desk.document.update(BEFORE + PROOF):
            break
        asked = asyncio.create_task(desk.document.goals(len(BEFORE + PROOF)))
        await asyncio.sleep(0)
        async for _ in desk.document.update(AFTER):
            pass
        with pytest.raises(Superseded):
            await asked

    desk.lab.wait(both())
