"""Equations that are found by enumerating terms: with functions of Python in the place of Lean."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from prover.engine.conjectures import Bench, Exploration, oriented, speculated
from prover.engine.discover import base_name, head, without
from prover.engine.terms import (
    ARROW,
    Equation,
    Symbol,
    Term,
    Variable,
    read_type,
    statement,
)
from prover.lean.states import read_goal
from search.context import Binder, Context, InductiveType, Signature, Tree
from search.interfaces import Goal

SEQ: Tree = ("Seq", 0)
NIL = Symbol("Seq.nil", "nil", (), SEQ, (0,), constructor=True)
CONS = Symbol("Seq.cons", "cons", (0, SEQ), SEQ, (0,), constructor=True)
JOIN = Symbol("join", "join", (SEQ, SEQ), SEQ, (0,))
TURN = Symbol("turn", "turn", (SEQ,), SEQ, (0,))
EACH = Symbol("each", "each", ((ARROW, 0, 1), SEQ), ("Seq", 1), (0, 1))
HAS = Symbol("has", "has", (0, SEQ), "Bool", (0,), (("DecidableEq", 0),))
SUM = Symbol("sum", "sum", (("Seq", "Nat"),), "Nat")
ZERO = Symbol("Nat.zero", "0", (), "Nat", constructor=True, operator="0")
PLUS = Symbol("Nat+", "Nat+", ("Nat", "Nat"), "Nat", operator="{} + {}")
SHOWN = {"Seq": "Seq"}

MEANING: dict[Symbol, Callable[..., Any]] = {
    NIL: lambda: (),
    CONS: lambda x, xs: (x, *xs),
    JOIN: lambda xs, ys: xs + ys,
    TURN: lambda xs: xs[::-1],
    EACH: lambda f, xs: tuple(map(f, xs)),
    HAS: lambda x, xs: x in xs,
    SUM: sum,
    ZERO: lambda: 0,
    PLUS: lambda n, m: n + m,
}


def sample(tree: Tree, chance: random.Random) -> Any:
    if tree in ("Nat", "α"):
        return chance.randrange(9)
    assert isinstance(tree, tuple)
    if tree[0] == ARROW:
        k = chance.randrange(9)
        return lambda x: (7 * x + k) % 9
    return tuple(sample(tree[1], chance) for _ in range(chance.randrange(5)))


def value(term: Term, point: dict[Variable, Any]) -> Any:
    arguments = [value(argument, point) for argument in term.arguments]
    if isinstance(term.head, Symbol):
        return MEANING[term.head](*arguments)
    found = point[term.head]
    return found(*arguments) if arguments else found


def found(*symbols: Symbol, largest: int = 5) -> list[str]:
    """What is conjectured about some functions, as statements."""
    exploration = Exploration(symbols, largest=largest)
    chance = random.Random(1)
    points = [{v: sample(v.type, chance) for v in exploration.variables} for _ in range(24)]

    def rows(terms: list[Term], first: int) -> dict[Term, tuple[str, ...] | None]:
        return {t: tuple(repr(value(t, point)) for point in points[:first]) for t in terms}

    claims = []
    while exploration.batch():
        few = rows(exploration.terms, 3)
        equations = exploration.learn(few, rows(exploration.suspects(few), 24))
        claims += [statement(equation, SHOWN).signature for equation in equations]
    return claims


def test_the_laws_of_lists_are_found_most_general_and_each_once() -> None:
    claims = found(JOIN, TURN, NIL, CONS)
    assert len(claims) == len(set(claims))
    for law in (
        "{α : Type} (xs : Seq α) : join xs nil = xs",
        "{α : Type} (xs : Seq α) : turn (turn xs) = xs",
        "{α : Type} (xs ys zs : Seq α) : join (join xs ys) zs = join xs (join ys zs)",
        "{α : Type} (xs ys : Seq α) : turn (join xs ys) = join (turn ys) (turn xs)",
    ):
        assert law in claims
    assert not [c for c in claims if "join (join xs nil)" in c or "turn (turn (turn" in c]


def test_what_is_commutative_is_said_to_be_associative_too() -> None:
    claims = found(PLUS, ZERO)
    assert "(n m : Nat) : n + m = m + n" in claims
    assert "(n m k : Nat) : (n + m) + k = n + (m + k)" in claims


def test_functions_are_variables_and_types_are_told_apart() -> None:
    claims = found(EACH, JOIN, NIL, largest=7)
    law = "{α β : Type} (f : α → β) (xs ys : Seq α) : each f (join xs ys) = "
    assert law + "join (each f xs) (each f ys)" in claims


def test_a_function_of_lists_of_numbers_meets_those_of_all_lists() -> None:
    claims = found(SUM, JOIN, PLUS, NIL, ZERO)
    assert "(xs ys : Seq Nat) : sum (join xs ys) = sum xs + sum ys" in claims


def test_the_end_comes_before_there_are_too_many_terms() -> None:
    exploration = Exploration([JOIN, TURN, NIL, CONS], most_terms=30)
    sizes = []
    while exploration.batch():
        sizes.append(len(exploration.terms))
        exploration.learn({t: (repr(t),) for t in exploration.terms}, {})
    assert sizes and sum(sizes) <= 30


N, M = Variable("n", "Nat"), Variable("m", "Nat")
XS, YS = Variable("xs", ("Seq", "α")), Variable("ys", ("Seq", "α"))


def term(head: Symbol | Variable, *arguments: Term) -> Term:
    return Term(head, arguments, "Nat" if head in (N, M, PLUS, ZERO, SUM) else ("Seq", "α"))


def test_rules_go_inwards_and_from_large_to_small() -> None:
    xs, ys = term(XS), term(YS)
    one = term(TURN, term(JOIN, xs, ys))
    other = term(JOIN, term(TURN, ys), term(TURN, xs))
    assert oriented(Equation(other, one)) == Equation(one, other)
    twice = Equation(term(TURN, term(TURN, xs)), xs)
    assert oriented(twice) == twice
    assert oriented(Equation(xs, term(JOIN, xs, ys))) == Equation(term(JOIN, xs, ys), xs)


@pytest.mark.parametrize(
    ("left", "right", "name"),
    [
        (term(PLUS, term(N), term(M)), term(PLUS, term(M), term(N)), "add_comm"),
        (term(JOIN, term(XS), term(NIL)), term(XS), "join_nil"),
        (term(TURN, term(TURN, term(XS))), term(XS), "turn_turn"),
    ],
)
def test_a_lemma_is_called_by_its_functions(left: Term, right: Term, name: str) -> None:
    assert base_name(Equation(left, right)) == name


def test_a_statement_has_the_types_and_the_instances_that_it_needs() -> None:
    x = Variable("x", "α")
    left = Term(HAS, (Term(x, (), "α"), term(TURN, term(XS))), "Bool")
    right = Term(HAS, (Term(x, (), "α"), term(XS)), "Bool")
    said = statement(Equation(left, right), SHOWN).signature
    assert said == "{α : Type} [DecidableEq α] (x : α) (xs : Seq α) : has x (turn xs) = has x xs"


def test_a_constant_of_an_unclear_type_has_it_beside() -> None:
    said = statement(Equation(term(TURN, term(NIL)), term(NIL)), SHOWN).signature
    assert said == "{α : Type} : turn (nil : Seq α) = (nil : Seq α)"


def test_no_variable_has_the_name_of_a_function() -> None:
    xs = Symbol("xs", "xs", (SEQ,), SEQ, (0,))
    said = statement(Equation(term(xs, term(XS)), term(XS)), SHOWN).signature
    assert said == "{α : Type} (ys : Seq α) : xs ys = ys"


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("Nat", "Nat"),
        ("Seq (Seq α)", ("Seq", ("Seq", "α"))),
        ("α → Seq Nat → Nat", (ARROW, "α", (ARROW, ("Seq", "Nat"), "Nat"))),
        ("(α → Nat) → Nat", (ARROW, (ARROW, "α", "Nat"), "Nat")),
        ("Nat × Seq α", ("Prod", "Nat", ("Seq", "α"))),
        ("Vec α 3", None),
        ("(", None),
        (")", None),
        ("", None),
        ("Nat →", None),
        ("∀ n, n = n", None),
    ],
)
def test_types_are_read_off_their_print(text: str, tree: Tree) -> None:
    assert read_type(text, {"Nat": "Nat", "Seq": "Seq", "α": "α"}) == tree


@pytest.mark.parametrize(
    ("script", "shorter"),
    [
        ("simp [a, b]", "simp [b]"),
        ("induction n <;> simp_all [a]\ngrind [← a, c]", "induction n <;> simp_all\ngrind [c]"),
        ("simp [ab, a.b]", "simp [ab, a.b]"),
        ("exact a", "exact a"),
    ],
)
def test_names_are_left_out_of_lists_of_rules(script: str, shorter: str) -> None:
    assert without(script, ["a"]) == shorter


def test_values_are_small_many_and_the_same_every_time() -> None:
    parameter = Binder("α", "implicit", "Type")
    constructors = (
        Signature("Seq.nil", "Seq.nil", "", (parameter,), SEQ),
        Signature(
            "Seq.cons",
            "Seq.cons",
            "",
            (parameter, Binder("x", "explicit", 0), Binder("xs", "explicit", SEQ)),
            SEQ,
        ),
    )
    kind = InductiveType(
        Signature("Seq", "Seq", "Type → Type", (Binder("α", "explicit", "Type"),), "Type"),
        constructors,
        recursive=True,
        prop=False,
        parameters=1,
        indices=0,
        structure=False,
        type_class=False,
        block=("Seq",),
    )
    variables = [XS, N, Variable("f", (ARROW, "α", "Bool")), Variable("a", "Unknown")]
    benches = [Bench(Context(types={"Seq": kind}), variables) for _ in range(2)]
    assert benches[0].points == benches[1].points
    assert benches[0].variables == variables[:3]
    lists = {point[0] for point in benches[0].points}
    assert len(lists) > 15
    assert all(text.count("Seq.cons") <= 6 for text in lists)
    (program,) = benches[0].programs([term(TURN, term(NIL))])
    binders = "(xs : Seq Nat) (n : Nat) (f : Nat → Bool)"
    assert program == f"fun {binders} => (turn (nil : Seq Nat) : Seq Nat)"


def told(pp: str, data: int, facts: int = 0, case: str | None = None) -> Goal:
    """The goal of a print with so many data and then so many facts."""
    hypotheses = [(fact, False, None, None) for fact in [False] * data + [True] * facts]
    nothing: dict[str, object] = {"own": [], "around": [], "constants": [], "equates": None}
    return read_goal({"pp": pp, "case": case, "hyps": hypotheses, **nothing})


def test_a_goal_that_is_stuck_suggests_more_general_ones() -> None:
    pp = """case cons
α : Type
inst✝ : LT α
x✝ y : α
xs✝ : Seq α
ih : up (sort xs✝) = true
⊢ up (put x✝ (sort xs✝)) = true"""
    goal = told(pp, 5, 1, case="cons")
    said = [one.signature for one in speculated(goal, ["up", "sort", "put"])]
    start = "{α : Type} [LT α] (x : α) "
    assert f"{start}(t0 : _) : up (put x t0) = true" in said
    assert f"{start}(t0 : _) (h1 : up t0 = true) : up (put x t0) = true" in said
    assert f"{start}(xs : Seq α) : up (put x (sort xs)) = true" in said
    assert not [one for one in said if "✝" in one or "y" in one.split(" : ")[0]]


def test_a_hypothesis_is_used_up_in_what_a_goal_that_is_stuck_suggests() -> None:
    pp = """l✝ r✝ : Tree
ih : total (r✝.labels []) = r✝.count
⊢ total (l✝.labels (r✝.labels [])) = l✝.count + r✝.count"""
    goal = told(pp, 2, 1)
    said = [one.signature for one in speculated(goal, ["total", "Tree.labels", "Tree.count"])]
    assert "(l : Tree) (t0 : _) : total (l.labels t0) = l.count + (total t0)" in said


def test_what_would_go_on_for_ever_as_a_rule_is_turned_round() -> None:
    pp = "n : Nat\n⊢ drop n = drop (plus n 0)"
    goal = told(pp, 1)
    said = [one.claim for one in speculated(goal, ["drop", "plus"])]
    assert "drop (plus n 0) = drop n" in said and "drop n = drop (plus n 0)" not in said


def test_a_function_that_seems_commutative_is_also_said_what_it_is_at_a_constant() -> None:
    claims = found(PLUS, ZERO, largest=3)
    assert "(n m : Nat) : n + m = m + n" in claims
    assert "(n : Nat) : n + 0 = n" in claims and "(n : Nat) : 0 + n = n" in claims
    assert len(claims) == len(set(claims))


def test_a_long_theorem_breaks_after_its_binders() -> None:
    binders = "{α : Type} (xs : Seq α) (hypothesis : join xs (nil : Seq α) = xs)"
    claim = "join (join xs (nil : Seq α)) (nil : Seq α) = xs"
    assert head("t", f"{binders} : {claim}") == f"theorem t {binders} :\n    {claim}"
    assert head("t", ": 1 = 1") == "theorem t : 1 = 1"
