"""Functions, sets as predicates, relations, operations with axioms, and finite cases."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise, product
from random import Random

from prover.data.theorems.logic import Formula, random_formula, rewrite_somewhere
from prover.data.theorems.statement import Draft, Script

FAMILY = "algebra"

SETS = """\
def Incl {α : Type} (A B : α → Prop) : Prop := ∀ x, A x → B x
def inter {α : Type} (A B : α → Prop) : α → Prop := fun x => A x ∧ B x
def union {α : Type} (A B : α → Prop) : α → Prop := fun x => A x ∨ B x
def compl {α : Type} (A : α → Prop) : α → Prop := fun x => ¬A x
def image {α β : Type} (f : α → β) (A : α → Prop) : β → Prop := fun y => ∃ x, A x ∧ f x = y
def preimage {α β : Type} (f : α → β) (B : β → Prop) : α → Prop := fun x => B (f x)
"""

STAR = """\
inductive Star {α : Type} (R : α → α → Prop) : α → α → Prop where
  | refl (a : α) : Star R a a
  | step {a b c : α} : R a b → Star R b c → Star R a c
"""


def _as_set(f: Formula) -> str:
    match f.op:
        case "atom":
            return f.name
        case "¬":
            return f"compl {_tight(f.parts[0])}"
        case "∧":
            return f"inter {_tight(f.parts[0])} {_tight(f.parts[1])}"
        case "∨":
            return f"union {_tight(f.parts[0])} {_tight(f.parts[1])}"
    raise AssertionError(f.op)


def _tight(f: Formula) -> str:
    text = _as_set(f)
    return f"({text})" if " " in text else text


def _lattice(rng: Random, size: int, atoms: list[str]) -> Formula:
    while True:
        f = random_formula(rng, atoms, size)
        if not any(op in str(f) for op in "→↔"):
            return f


def sets(rng: Random, size: int) -> Draft:
    """Inclusions and equations between sets, true by Boolean algebra."""
    atoms = ["A", "B", "C"][: 2 + (size > 1)]
    kind = rng.choice(["equal", "sub", "sub", "hyp"])
    unfold = "inter, union, compl"
    if kind == "equal":
        while True:
            left = _lattice(rng, 1 + size, atoms)
            right = left
            for _ in range(2 + size):
                moved = rewrite_somewhere(rng, right)
                if not any(op in str(moved) for op in "→↔"):
                    right = moved
            if right != left:
                break
        used = sorted(left.atoms() | right.atoms())
        split = " <;> ".join(f"by_cases h{a} : {a} x" for a in used)
        return Draft(
            FAMILY,
            "set_equal",
            ("(α : Type)", f"({' '.join(used)} : α → Prop)"),
            f"{_as_set(left)} = {_as_set(right)}",
            SETS,
            (
                ("funext x", "apply propext", f"simp only [{unfold}]", f"{split} <;> simp_all"),
                ("funext x", "apply propext", f"simp only [{unfold}]", "grind"),
            ),
            {"size": size},
        )
    while True:
        left, right = (_lattice(rng, rng.randint(1, 1 + size), atoms) for _ in "ab")
        premise = [("A", "B")] if kind == "hyp" else []
        used = sorted(left.atoms() | right.atoms() | {a for p in premise for a in p})
        if (
            left != right
            and _included(left, right, used, premise)
            and not (premise and _included(left, right, used, []))
        ):
            break
    hypotheses = ["(h : Incl A B)"] if premise else []
    facts = ["have hab := h x"] if premise else []
    split = " <;> ".join(f"by_cases h{a} : {a} x" for a in used)
    return Draft(
        FAMILY,
        "set_absorb" if kind == "sub" else "set_monotone",
        ("(α : Type)", f"({' '.join(used)} : α → Prop)", *hypotheses),
        f"Incl {_tight(left)} {_tight(right)}",
        SETS,
        (
            ("intro x hx", *facts, f"simp only [{unfold}] at *", f"{split} <;> simp_all"),
            ("intro x hx", *facts, f"simp only [{unfold}] at *", "grind"),
            ("intro x hx", *facts, "grind [inter, union, compl]"),
        ),
        {"size": size},
    )


def _included(
    left: Formula, right: Formula, atoms: list[str], premises: list[tuple[str, str]]
) -> bool:
    for values in product([False, True], repeat=len(atoms)):
        truth = dict(zip(atoms, values, strict=True))
        if any(truth[a] and not truth[b] for a, b in premises):
            continue
        if left.value(truth) and not right.value(truth):
            return False
    return True


def images(rng: Random, size: int) -> Draft:
    """Images and preimages of sets."""
    f, g = rng.sample(["f", "g", "k"], 2)
    base = ("(α β : Type)", f"({f} : α → β)")
    choices: list[tuple[str, tuple[str, ...], str, tuple[Script, ...]]] = [
        (
            "image_union",
            ("(A B : α → Prop)",),
            f"image {f} (union A B) = union (image {f} A) (image {f} B)",
            (
                (
                    "funext y",
                    "apply propext",
                    "simp only [image, union]",
                    "constructor",
                    "intro h",
                    "obtain ⟨x, hx, e⟩ := h",
                    "rcases hx with hx | hx",
                    "exact Or.inl ⟨x, hx, e⟩",
                    "exact Or.inr ⟨x, hx, e⟩",
                    "intro h",
                    "rcases h with h | h",
                    "obtain ⟨x, hx, e⟩ := h",
                    "exact ⟨x, Or.inl hx, e⟩",
                    "obtain ⟨x, hx, e⟩ := h",
                    "exact ⟨x, Or.inr hx, e⟩",
                ),
            ),
        ),
        (
            "image_inter",
            ("(A B : α → Prop)",),
            f"Incl (image {f} (inter A B)) (inter (image {f} A) (image {f} B))",
            (
                (
                    "intro y hy",
                    "obtain ⟨x, hx, e⟩ := hy",
                    "constructor",
                    "exact ⟨x, hx.1, e⟩",
                    "exact ⟨x, hx.2, e⟩",
                ),
            ),
        ),
        (
            "image_inter_injective",
            ("(A B : α → Prop)", f"(hf : ∀ x y, {f} x = {f} y → x = y)"),
            f"Incl (inter (image {f} A) (image {f} B)) (image {f} (inter A B))",
            (
                (
                    "intro y hy",
                    "obtain ⟨h1, h2⟩ := hy",
                    "obtain ⟨a, ha, ea⟩ := h1",
                    "obtain ⟨b, hb, eb⟩ := h2",
                    "have e := hf a b (ea.trans eb.symm)",
                    "subst e",
                    "exact ⟨a, ⟨ha, hb⟩, ea⟩",
                ),
            ),
        ),
        (
            "image_sub_iff",
            ("(A : α → Prop)", "(B : β → Prop)"),
            f"Incl (image {f} A) B ↔ Incl A (preimage {f} B)",
            (
                (
                    "constructor",
                    "intro h x hx",
                    "exact h _ ⟨x, hx, rfl⟩",
                    "intro h y hy",
                    "obtain ⟨x, hx, e⟩ := hy",
                    "rw [← e]",
                    "exact h x hx",
                ),
            ),
        ),
        (
            "preimage_compl",
            ("(B : β → Prop)",),
            f"preimage {f} (compl B) = compl (preimage {f} B)",
            (("rfl",),),
        ),
        (
            "image_mono",
            ("(A B : α → Prop)", "(h : Incl A B)"),
            f"Incl (image {f} A) (image {f} B)",
            (("intro y hy", "obtain ⟨x, hx, e⟩ := hy", "exact ⟨x, h x hx, e⟩"),),
        ),
        (
            "image_preimage",
            ("(B : β → Prop)",),
            f"Incl (image {f} (preimage {f} B)) B",
            (("intro y hy", "obtain ⟨x, hx, e⟩ := hy", "rw [← e]", "exact hx"),),
        ),
        (
            "surjective_image",
            ("(B : β → Prop)", f"(hf : ∀ y, ∃ x, {f} x = y)"),
            f"image {f} (preimage {f} B) = B",
            (
                (
                    "funext y",
                    "apply propext",
                    "constructor",
                    "intro hy",
                    "obtain ⟨x, hx, e⟩ := hy",
                    "rw [← e]",
                    "exact hx",
                    "intro hy",
                    "obtain ⟨x, e⟩ := hf y",
                    "refine ⟨x, ?_, e⟩",
                    "simp only [preimage]",
                    "rw [e]",
                    "exact hy",
                ),
            ),
        ),
        (
            "image_comp",
            ("(γ : Type)", f"({g} : β → γ)", "(A : α → Prop)"),
            f"image (fun x => {g} ({f} x)) A = image {g} (image {f} A)",
            (
                (
                    "funext z",
                    "apply propext",
                    "constructor",
                    "intro h",
                    "obtain ⟨x, hx, e⟩ := h",
                    f"exact ⟨{f} x, ⟨x, hx, rfl⟩, e⟩",
                    "intro h",
                    "obtain ⟨y, hy, e⟩ := h",
                    "obtain ⟨x, hx, e2⟩ := hy",
                    "exact ⟨x, hx, by rw [e2]; exact e⟩",
                ),
            ),
        ),
    ]
    name, binders, goal, scripts = rng.choice(choices)
    return Draft(FAMILY, name, (*base, *binders), goal, SETS, scripts, {})


def functions(rng: Random, size: int) -> Draft:
    """Injections, surjections and inverses of compositions."""
    n = rng.randint(2, 2 + min(size, 4))
    names = ["f", "g", "k", "l", "u", "v"][:n]
    kind = rng.choice(
        ["injective", "surjective", "left", "cancel", "first", "left_inverse", "iterate"]
    )
    text = "x"
    for f in names:
        text = f"{f} ({text})" if " " in text else f"{f} {text}"
    twin = text.replace("x", "y")
    types = ["α", "β", "γ", "δ", "ε", "ζ", "η"][: n + 1]
    maps = tuple(f"({f} : {a} → {b})" for f, a, b in zip(names, types, types[1:], strict=False))
    sorts = f"({' '.join(types)} : Type)"
    if kind == "injective":
        goal = f"∀ x y, {text} = {twin} → x = y"
        return Draft(
            FAMILY,
            "injective_chain",
            (sorts, *maps, *(f"(h{f} : ∀ x y, {f} x = {f} y → x = y)" for f in names)),
            goal,
            "",
            (("intro x y e", *(f"apply h{f}" for f in names), "exact e"),),
            {"functions": n},
        )
    if kind == "surjective":
        steps = []
        target = "z"
        for i, f in enumerate(reversed(names)):
            steps.append(f"obtain ⟨x{i}, e{i}⟩ := h{f} {target}")
            target = f"x{i}"
        rewrites = ", ".join(f"e{i}" for i in range(n - 1, -1, -1))
        return Draft(
            FAMILY,
            "surjective_chain",
            (sorts, *maps, *(f"(h{f} : ∀ y, ∃ x, {f} x = y)" for f in names)),
            f"∀ z, ∃ x, {text} = z",
            "",
            (("intro z", *steps, f"exact ⟨{target}, by rw [{rewrites}]⟩"),),
            {"functions": n},
        )
    if kind == "left_inverse":
        inverses = [f"{f}'" for f in names]
        back = text
        for f in reversed(inverses):
            back = f"{f} ({back})"
        hypotheses = tuple(f"(h{f} : ∀ x, {f}' ({f} x) = x)" for f in names)
        maps += tuple(
            f"({f}' : {b} → {a})" for f, a, b in zip(names, types, types[1:], strict=False)
        )
        return Draft(
            FAMILY,
            "left_inverse_chain",
            (sorts, *maps, *hypotheses),
            f"∀ x, {back} = x",
            "",
            (("intro x", *(f"rw [h{f}]" for f in reversed(names))),),
            {"functions": n},
        )
    if kind == "first":
        return Draft(
            FAMILY,
            "injective_first",
            (sorts, *maps, f"(h : ∀ x y, {text} = {twin} → x = y)"),
            "∀ x y, f x = f y → x = y",
            "",
            (("intro x y e", "apply h", "rw [e]"),),
            {"functions": n},
        )
    if kind == "left":
        return Draft(
            FAMILY,
            "surjective_last",
            (sorts, *maps, f"(h : ∀ z, ∃ x, {text} = z)"),
            f"∀ z, ∃ y, {names[-1]} y = z",
            "",
            (("intro z", "obtain ⟨x, e⟩ := h z", "exact ⟨_, e⟩"),),
            {"functions": n},
        )
    if kind == "cancel":
        return Draft(
            FAMILY,
            "surjective_cancel",
            (
                "(α β γ : Type)",
                "(f : α → β)",
                "(g k : β → γ)",
                "(hf : ∀ y, ∃ x, f x = y)",
                "(h : ∀ x, g (f x) = k (f x))",
            ),
            "g = k",
            "",
            (("funext y", "obtain ⟨x, e⟩ := hf y", "rw [← e]", "exact h x"),),
            {},
        )
    period = rng.randint(2, 3 + size)
    times = period * rng.randint(1, 2) + rng.choice([0, 1])

    def power(k: int, x: str) -> str:
        for _ in range(k):
            x = f"f ({x})" if " " in x else f"f {x}"
        return x

    left, right = power(times, "x"), power(times % period, "x")
    return Draft(
        FAMILY,
        "periodic",
        ("(α : Type)", "(f : α → α)", f"(h : ∀ x, {power(period, 'x')} = x)"),
        f"∀ x, {left} = {right}",
        "",
        (("intro x", *(["rw [h]"] * (times // period))), ("intro x", "simp [h]")),
        {"period": period},
    )


def closures(rng: Random, size: int) -> Draft:
    """The reflexive and transitive closure of a relation."""
    n = rng.randint(1, 2 + size)
    kind = rng.choice(
        ["chain", "chain", "trans", "invariant", "map", "mono", "symm", "mixed", "head"]
    )
    points = [f"a{i}" for i in range(n + 1)]
    if kind == "chain":
        hyps = tuple(f"(h{i} : R a{i} a{i + 1})" for i in range(n))
        steps: Script = (*(f"apply Star.step h{i}" for i in range(n)), "exact Star.refl _")
        return Draft(
            FAMILY,
            "star_chain",
            ("(α : Type)", "(R : α → α → Prop)", f"({' '.join(points)} : α)", *hyps),
            f"Star R a0 a{n}",
            STAR,
            (steps,),
            {"steps": n},
        )
    trans = (
        "induction h1 with | refl a => ?_ | step h h' ih => ?_",
        "exact h2",
        "exact Star.step h (ih h2)",
    )
    if kind == "trans":
        return Draft(
            FAMILY,
            "star_trans",
            (
                "(α : Type)",
                "(R : α → α → Prop)",
                "(a b c : α)",
                "(h1 : Star R a b)",
                "(h2 : Star R b c)",
            ),
            "Star R a c",
            STAR,
            (trans,),
            {},
        )
    if kind == "mixed":
        extra = tuple(f"(k{i} : R a{i} a{i + 1})" for i in range(n))
        return Draft(
            FAMILY,
            "star_prefix",
            (
                "(α : Type)",
                "(R : α → α → Prop)",
                f"({' '.join(points)} z : α)",
                *extra,
                f"(h : Star R a{n} z)",
            ),
            "Star R a0 z",
            STAR,
            ((*(f"apply Star.step k{i}" for i in range(n)), "exact h"),),
            {"steps": n},
        )
    if kind == "invariant":
        return Draft(
            FAMILY,
            "star_invariant",
            (
                "(α : Type)",
                "(R : α → α → Prop)",
                "(P : α → Prop)",
                "(hP : ∀ x y, R x y → P x → P y)",
                "(a b : α)",
                "(h : Star R a b)",
                "(ha : P a)",
            ),
            "P b",
            STAR,
            (
                (
                    "induction h with | refl a => ?_ | step h h' ih => ?_",
                    "exact ha",
                    "apply ih",
                    "exact hP _ _ h ha",
                ),
            ),
            {},
        )
    if kind == "map":
        return Draft(
            FAMILY,
            "star_map",
            (
                "(α β : Type)",
                "(R : α → α → Prop)",
                "(S : β → β → Prop)",
                "(f : α → β)",
                "(hf : ∀ x y, R x y → S (f x) (f y))",
                "(a b : α)",
                "(h : Star R a b)",
            ),
            "Star S (f a) (f b)",
            STAR,
            (
                (
                    "induction h with | refl a => ?_ | step h h' ih => ?_",
                    "exact Star.refl _",
                    "exact Star.step (hf _ _ h) ih",
                ),
            ),
            {},
        )
    if kind == "mono":
        letters = ["R", "S", "T", "U"][: 2 + min(size, 2)]
        rules = tuple(f"(h{b} : ∀ x y, {a} x y → {b} x y)" for a, b in pairwise(letters))
        term = "h"
        for b in letters[1:]:
            term = f"(h{b} _ _ {term})"
        return Draft(
            FAMILY,
            "star_mono",
            (
                "(α : Type)",
                f"({' '.join(letters)} : α → α → Prop)",
                *rules,
                "(a b : α)",
                "(hs : Star R a b)",
            ),
            f"Star {letters[-1]} a b",
            STAR,
            (
                (
                    "induction hs with | refl a => ?_ | step h h' ih => ?_",
                    "exact Star.refl _",
                    f"exact Star.step {term} ih",
                ),
            ),
            {},
        )
    if kind == "head":
        return Draft(
            FAMILY,
            "star_cases",
            ("(α : Type)", "(R : α → α → Prop)", "(a b : α)", "(h : Star R a b)"),
            "a = b ∨ ∃ c, R a c ∧ Star R c b",
            STAR,
            (
                (
                    "cases h with | refl => ?_ | step h h' => ?_",
                    "left",
                    "rfl",
                    "right",
                    "exact ⟨_, h, h'⟩",
                ),
            ),
            {},
        )
    return Draft(
        FAMILY,
        "star_symm",
        (
            "(α : Type)",
            "(R : α → α → Prop)",
            "(hs : ∀ x y, R x y → R y x)",
            "(ht : ∀ x y z, Star R x y → Star R y z → Star R x z)",
            "(a b : α)",
            "(h : Star R a b)",
        ),
        "Star R b a",
        STAR,
        (
            (
                "induction h with | refl a => ?_ | step h h' ih => ?_",
                "exact Star.refl _",
                "apply ht _ _ _ ih",
                "exact Star.step (hs _ _ h) (Star.refl _)",
            ),
        ),
        {},
    )


def relations(rng: Random, size: int) -> Draft:
    """A path through facts of a symmetric and transitive relation, some of them backwards."""
    n = rng.randint(2, 2 + size)
    order = list(range(n + 1))
    rng.shuffle(order)
    names = [f"{'abcdefgh'[i]}" for i in order]
    facts, terms = [], []
    for i in range(n):
        x, y = names[i], names[i + 1]
        if rng.random() < 0.4:
            facts.append(f"(h{i + 1} : R {y} {x})")
            terms.append(f"(hs _ _ h{i + 1})")
        else:
            facts.append(f"(h{i + 1} : R {x} {y})")
            terms.append(f"h{i + 1}")
    steps = [f"have k1 := ht _ _ _ {terms[0]} {terms[1]}"]
    for i in range(2, n):
        steps.append(f"have k{i} := ht _ _ _ k{i - 1} {terms[i]}")
    facts_shuffled = facts[:]
    rng.shuffle(facts_shuffled)
    return Draft(
        FAMILY,
        "symm_trans_path" if any("hs" in t for t in terms) else "trans_path",
        (
            "(α : Type)",
            "(R : α → α → Prop)",
            "(hs : ∀ x y, R x y → R y x)",
            "(ht : ∀ x y z, R x y → R y z → R x z)",
            f"({' '.join(sorted(names))} : α)",
            *facts_shuffled,
        ),
        f"R {names[0]} {names[-1]}",
        "",
        ((*steps, f"exact k{n - 1}"),),
        {"path": n},
    )


def orders(rng: Random, size: int) -> Draft:
    """Chains in an abstract order, monotone maps, bounds."""
    n = rng.randint(2, 2 + size)
    kind = rng.choice(["monotone", "antisymm", "fixpoint", "bound", "glb"])
    base = (
        "(α : Type)",
        "(le : α → α → Prop)",
        "(hr : ∀ x, le x x)",
        "(ht : ∀ x y z, le x y → le y z → le x z)",
    )
    if kind == "monotone":
        text = "x"
        other = "y"
        steps = []
        for _ in range(n):
            text, other = (
                f"f ({text})" if " " in text else f"f {text}",
                (f"f ({other})" if " " in other else f"f {other}"),
            )
            steps.append("apply hf")
        return Draft(
            FAMILY,
            "monotone_iterate",
            (
                *base[:2],
                "(f : α → α)",
                "(hf : ∀ x y, le x y → le (f x) (f y))",
                "(x y : α)",
                "(h : le x y)",
            ),
            f"le ({text}) ({other})",
            "",
            ((*steps, "exact h"),),
            {"times": n},
        )
    if kind == "fixpoint":
        text = "x"
        steps = []
        for i in range(n):
            text = f"f ({text})" if " " in text else f"f {text}"
            steps.append("refine ht _ _ _ ?_ (hx _)" if i < n - 1 else "exact hx _")
        return Draft(
            FAMILY,
            "increasing_iterate",
            (*base, "(f : α → α)", "(hx : ∀ x, le x (f x))", "(x : α)"),
            f"le x ({text})",
            "",
            ((*steps,),),
            {"times": n},
        )
    if kind == "antisymm":
        points = [f"{'abcdefgh'[i]}" for i in range(n)]
        facts = tuple(f"(h{i} : le {points[i]} {points[(i + 1) % n]})" for i in range(n))
        rest = "h1"
        steps = []
        for i in range(2, n):
            steps.append(f"have k{i} := ht _ _ _ {rest} h{i}")
            rest = f"k{i}"
        return Draft(
            FAMILY,
            "order_cycle",
            (*base, "(ha : ∀ x y, le x y → le y x → x = y)", f"({' '.join(points)} : α)", *facts),
            f"{points[0]} = {points[1]}",
            "",
            ((*steps, "apply ha _ _ h0", f"exact {rest}"),),
            {"cycle": n},
        )
    if kind == "bound":
        return Draft(
            FAMILY,
            "least_unique",
            (
                *base,
                "(ha : ∀ x y, le x y → le y x → x = y)",
                "(P : α → Prop)",
                "(a b : α)",
                "(h1 : P a ∧ ∀ x, P x → le a x)",
                "(h2 : P b ∧ ∀ x, P x → le b x)",
            ),
            "a = b",
            "",
            (("apply ha", "exact h1.2 b h2.1", "exact h2.2 a h1.1"),),
            {},
        )
    names = ["a", "b", "c", "d"][: 2 + min(size, 2)]

    def meet(items: list[str]) -> str:
        if len(items) == 1:
            return items[0]
        k = rng.randint(1, len(items) - 1)
        one, two = meet(items[:k]), meet(items[k:])
        return f"(m {one} {two})"

    left, right = meet(names), meet(rng.sample(names, len(names)))

    def below(text: str, target: str) -> list[str]:
        """Steps for `le text target` where `target` is one of the points under `text`."""
        if text == target:
            return ["exact hr _"]
        one, two = _halves(text)
        inside = target in one.replace("(", " ").replace(")", " ").split()
        law = "hl" if inside else "hu"
        return [f"refine ht _ _ _ ({law} _ _) ?_", *below(one if inside else two, target)]

    def steps_for(text: str) -> list[str]:
        if text in names:
            return below(left, text)
        one, two = _halves(text)
        return ["apply hg", *steps_for(one), *steps_for(two)]

    return Draft(
        FAMILY,
        "meet_terms",
        (
            *base,
            "(m : α → α → α)",
            "(hl : ∀ x y, le (m x y) x)",
            "(hu : ∀ x y, le (m x y) y)",
            "(hg : ∀ x y z, le z x → le z y → le z (m x y))",
            f"({' '.join(names)} : α)",
        ),
        f"le {left} {right}",
        "",
        (tuple(steps_for(right)),),
        {"points": len(names)},
    )


def _halves(text: str) -> tuple[str, str]:
    """The arguments of `(m one two)`."""
    inner = text[3:-1]
    depth = 0
    for place, c in enumerate(inner):
        depth += (c == "(") - (c == ")")
        if c == " " and depth == 0:
            return inner[:place], inner[place + 1 :]
    raise AssertionError(text)


Word = tuple[str, ...]


def equations(rng: Random, size: int) -> Draft:
    """Terms that the axioms of an operation make equal, found by applying the axioms at random."""
    op = rng.choice(["m", "op", "f"])
    kind = rng.choice(["group", "group", "semigroup", "commutative"])
    axioms: dict[str, tuple[str, str]] = {
        "assoc": (f"{op} ({op} x y) z", f"{op} x ({op} y z)"),
    }
    if kind == "group":
        axioms |= {
            "one_l": (f"{op} e x", "x"),
            "inv_l": (f"{op} (i x) x", "e"),
            "one_r": (f"{op} x e", "x"),
            "inv_r": (f"{op} x (i x)", "e"),
        }
    if kind == "commutative":
        axioms["comm"] = (f"{op} x y", f"{op} y x")
    letters = ["a", "b", "c", "d"][: 2 + min(size, 2)]
    binders = ["(α : Type)", f"({op} : α → α → α)"]
    if kind == "group":
        binders += ["(e : α)", "(i : α → α)"]
    for name, (left, right) in axioms.items():
        variables = [
            v
            for v in "xyz"
            if v in left.replace(op, "").split() or v in (left + right).replace(op, "")
        ]
        binders.append(f"({name} : ∀ {' '.join(variables)}, {left} = {right})")

    def tree(items: list[str]) -> str:
        if len(items) == 1:
            return items[0]
        k = rng.randint(1, len(items) - 1)
        return f"{op} {_arg(tree(items[:k]))} {_arg(tree(items[k:]))}"

    if kind == "group":
        which = rng.choice(["cancel", "inv_inv", "unique", "solve", "inv_mul"])
        a, b, c = rng.sample(["a", "b", "c", "u", "v", "w"], 3)
        if which == "cancel":
            return Draft(
                FAMILY,
                "group_cancel",
                (*binders, f"({a} {b} {c} : α)", f"(h : {op} {a} {b} = {op} {a} {c})"),
                f"{b} = {c}",
                "",
                (
                    (
                        f"have h1 : {op} (i {a}) ({op} {a} {b}) = {op} (i {a}) ({op} {a} {c}) := by rw [h]",
                        "rw [← assoc, ← assoc, inv_l, one_l, one_l] at h1",
                        "exact h1",
                    ),
                ),
                {},
            )
        if which == "inv_inv":
            return Draft(
                FAMILY,
                "group_inv_inv",
                (*binders, f"({a} : α)"),
                f"i (i {a}) = {a}",
                "",
                (
                    (
                        f"have h1 : {op} (i (i {a})) ({op} (i {a}) {a}) = {a} := by rw [← assoc, inv_l, one_l]",
                        "rw [inv_l, one_r] at h1",
                        "exact h1",
                    ),
                ),
                {},
            )
        if which == "unique":
            return Draft(
                FAMILY,
                "group_inverse_unique",
                (*binders, f"({a} {b} : α)", f"(h : {op} {a} {b} = e)"),
                f"{b} = i {a}",
                "",
                (
                    (
                        f"have h1 : {op} (i {a}) ({op} {a} {b}) = i {a} := by rw [h, one_r]",
                        "rw [← assoc, inv_l, one_l] at h1",
                        "exact h1",
                    ),
                ),
                {},
            )
        if which == "solve":
            return Draft(
                FAMILY,
                "group_solve",
                (*binders, f"({a} {b} : α)"),
                f"∃ t, {op} {a} t = {b}",
                "",
                ((f"refine ⟨{op} (i {a}) {b}, ?_⟩", "rw [← assoc, inv_r, one_l]"),),
                {},
            )
        word = [rng.choice(letters) for _ in range(1 + size)]
        text = word[0]
        for w in word[1:]:
            text = f"{op} {_arg(text)} {w}"
        left = text
        for w in reversed(word):
            left = f"{op} {_arg(left)} (i {w})"
        rewriting = [*("rw [assoc, inv_r, one_r]" for _ in word[1:]), "rw [inv_r]"]
        names = sorted(set(word))
        return Draft(
            FAMILY,
            "group_word",
            (*binders, f"({' '.join(names)} : α)"),
            f"{left} = e",
            "",
            (tuple(rewriting), ("simp only [assoc, inv_r, one_r]",), ("grind",)),
            {"word": len(word)},
        )
    items = [rng.choice(letters) for _ in range(3 + size)]
    other = items if kind == "semigroup" else rng.sample(items, len(items))
    left, right = tree(items), tree(other)
    names = sorted(set(items))
    if kind == "semigroup":
        scripts: tuple[Script, ...] = (("simp only [assoc]",), ("rw [assoc, assoc]",), ("grind",))
    else:
        scripts = (
            (
                (
                    f"have lc : ∀ x y z, {op} x ({op} y z) = {op} y ({op} x z) := by intro x y z; "
                    "rw [← assoc, comm x y, assoc]"
                ),
                "simp only [assoc, comm, lc]",
            ),
            (
                f"have : Std.Associative {op} := ⟨assoc⟩",
                f"have : Std.Commutative {op} := ⟨comm⟩",
                "ac_rfl",
            ),
            ("grind",),
        )
    return Draft(
        FAMILY,
        f"{kind}_words",
        (*binders, f"({' '.join(names)} : α)"),
        f"{left} = {right}",
        "",
        scripts,
        {"letters": len(items)},
    )


def _arg(text: str) -> str:
    return f"({text})" if " " in text else text


def rewriting_hypotheses(rng: Random, size: int) -> Draft:
    """A term taken to another by hypotheses that are equations between functions."""
    unary = ["f", "g", "k"]
    laws = []
    for _ in range(1 + min(size, 3)):
        a, b, c = (rng.choice(unary) for _ in range(3))
        law = rng.choice(
            [((a, b), (b, a)), ((a, a), (b,)), ((a, b), (c,)), ((a, a), ()), ((a, b, a), (b,))]
        )
        if law[0] != law[1] and law not in laws:
            laws.append(law)
    if not laws:
        return rewriting_hypotheses(rng, size)
    word: Word = tuple(rng.choice(unary) for _ in range(3 + size))
    current, steps, seen = word, [], {word}
    for _ in range(1 + size):
        moves = []
        for index, (l, r) in enumerate(laws):
            for left, right, arrow in ((l, r, ""), (r, l, "← ")):
                if not left:
                    continue
                for i in range(len(current) - len(left) + 1):
                    if current[i : i + len(left)] == left:
                        new = current[:i] + right + current[i + len(left) :]
                        if new not in seen and new:
                            argument = _apply(current[i + len(left) :], "x")
                            moves.append((new, f"rw [{arrow}h{index + 1} {_arg(argument)}]"))
        if not moves:
            break
        current, step = rng.choice(moves)
        seen.add(current)
        steps.append(step)
    if not steps:
        return rewriting_hypotheses(rng, size)
    used = sorted({*word, *current, *(s for law in laws for side in law for s in side)})
    return Draft(
        FAMILY,
        "word_equation",
        (
            "(α : Type)",
            f"({' '.join(used)} : α → α)",
            *(
                f"(h{i + 1} : ∀ x, {_apply(l, 'x')} = {_apply(r, 'x')})"
                for i, (l, r) in enumerate(laws)
            ),
            "(x : α)",
        ),
        f"{_apply(word, 'x')} = {_apply(current, 'x')}",
        "",
        (tuple(steps), ("simp [*]",), ("grind",)),
        {"steps": len(steps)},
    )


def _apply(word: Word, x: str) -> str:
    for f in reversed(word):
        x = f"{f} ({x})" if " " in x else f"{f} {x}"
    return x


def booleans(rng: Random, size: int) -> Draft:
    """Identities of Boolean functions, and of functions on small types."""
    kind = rng.choice(["identity", "identity", "function", "fin", "xor"])
    if kind == "function":
        n = rng.choice([3, 3, 5])
        text = "b"
        for _ in range(n):
            text = f"f ({text})" if " " in text else f"f {text}"
        return Draft(
            FAMILY,
            "bool_iterate",
            ("(f : Bool → Bool)", "(b : Bool)"),
            f"{text} = f b",
            "",
            (
                ("cases b <;> cases h1 : f true <;> cases h2 : f false <;> simp [h1, h2]",),
                ("cases h1 : f true <;> cases h2 : f false <;> cases b <;> simp_all",),
            ),
            {"times": n},
        )
    if kind == "fin":
        n, m = rng.randint(2, 3 + size), rng.randint(2, 9)
        a, b = rng.randint(1, 4), rng.randint(0, 6)
        top = max((a * i * i + b * j) % m for i in range(n) for j in range(n))
        return Draft(
            FAMILY,
            "fin_pairs",
            (),
            f"∀ i j : Fin {n}, ({a} * i.val * i.val + {b} * j.val) % {m} < {top + 1}",
            "",
            (("decide",),),
            {"n": n},
        )
    atoms = ["a", "b", "c"][: 2 + (size > 1)]
    left = _lattice(rng, 1 + size, atoms)
    right = left
    for _ in range(2 + size):
        moved = rewrite_somewhere(rng, right)
        if not any(op in str(moved) for op in "→↔"):
            right = moved
    used = sorted(left.atoms() | right.atoms())

    def show(f: Formula) -> str:
        if f.op == "atom":
            return f.name
        if f.op == "¬":
            return (
                f"!{show(f.parts[0])}"
                if f.parts[0].op == "atom"
                else f"!({show(f.parts[0])[1:-1]})"
                if show(f.parts[0]).startswith("(")
                else f"!({show(f.parts[0])})"
            )
        op = "&&" if f.op == "∧" else "||"
        return f"({show(f.parts[0])} {op} {show(f.parts[1])})"

    return Draft(
        FAMILY,
        "bool_identity",
        (f"({' '.join(used)} : Bool)",),
        f"{show(left)} = {show(right)}",
        "",
        ((" <;> ".join(f"cases {a}" for a in used) + " <;> rfl",),),
        {"atoms": len(used)},
    )


def products(rng: Random, size: int) -> Draft:
    """Pairs, sums and subtypes."""
    k = rng.randint(1, 4 + size)
    choices: list[tuple[str, tuple[str, ...], str, tuple[Script, ...]]] = [
        (
            "pair_ext",
            ("(α β : Type)", "(p q : α × β)", "(h1 : p.1 = q.1)", "(h2 : p.2 = q.2)"),
            "p = q",
            (
                ("obtain ⟨a, b⟩ := p", "obtain ⟨c, d⟩ := q", "simp only at h1 h2", "rw [h1, h2]"),
                ("exact Prod.ext h1 h2",),
            ),
        ),
        (
            "pair_swap",
            ("(α β : Type)", "(p : α × β)"),
            "(p.swap).swap = p",
            (("obtain ⟨a, b⟩ := p", "rfl"),),
        ),
        (
            "sum_cases",
            ("(α β : Type)", "(s : α ⊕ β)"),
            "(∃ a, s = Sum.inl a) ∨ (∃ b, s = Sum.inr b)",
            (("rcases s with a | b", "left", "exact ⟨a, rfl⟩", "right", "exact ⟨b, rfl⟩"),),
        ),
        (
            "sum_elim",
            (
                "(α β γ : Type)",
                "(f g : α ⊕ β → γ)",
                "(h1 : ∀ a, f (Sum.inl a) = g (Sum.inl a))",
                "(h2 : ∀ b, f (Sum.inr b) = g (Sum.inr b))",
            ),
            "f = g",
            (("funext s", "rcases s with a | b", "exact h1 a", "exact h2 b"),),
        ),
        (
            "subtype_value",
            (f"(x y : {{ n : Nat // {k} ≤ n }})", f"(h : x.val + y.val = {2 * k})"),
            f"x.val = {k} ∧ y = x",
            (
                (
                    "obtain ⟨x, hx⟩ := x",
                    "obtain ⟨y, hy⟩ := y",
                    "simp only at h",
                    "constructor",
                    "simp only",
                    "omega",
                    "apply Subtype.ext",
                    "simp only",
                    "omega",
                ),
                (
                    "obtain ⟨x, hx⟩ := x",
                    "obtain ⟨y, hy⟩ := y",
                    "simp only at h",
                    "constructor",
                    "omega",
                    "apply Subtype.ext",
                    "omega",
                ),
                ("obtain ⟨x, hx⟩ := x", "obtain ⟨y, hy⟩ := y", "simp at *", "omega"),
            ),
        ),
        (
            "subtype_closed",
            (
                "(P : Nat → Prop)",
                "(hP : ∀ m n, P m → P n → P (m + n))",
                "(x y : { n : Nat // P n })",
            ),
            "∃ z : { n : Nat // P n }, z.val = x.val + y.val" + (" + x.val" if k > 3 else ""),
            (
                ("exact ⟨⟨x.val + y.val, hP _ _ x.2 y.2⟩, rfl⟩",),
                ("exact ⟨⟨x.val + y.val + x.val, hP _ _ (hP _ _ x.2 y.2) x.2⟩, rfl⟩",),
            ),
        ),
        (
            "curry",
            (
                "(α β γ : Type)",
                "(f : α × β → γ)",
                "(g : α → β → γ)",
                "(h : ∀ a b, f (a, b) = g a b)",
            ),
            "f = fun p => g p.1 p.2",
            (("funext p", "obtain ⟨a, b⟩ := p", "exact h a b"),),
        ),
        (
            "choice",
            ("(α β : Type)", "(R : α → β → Prop)", "(h : ∀ a, ∃ b, R a b)"),
            "∃ f : α → β, ∀ a, R a (f a)",
            (("exact ⟨fun a => Classical.choose (h a), fun a => Classical.choose_spec (h a)⟩",),),
        ),
        (
            "sigma_exists",
            ("(α : Type)", "(P Q : α → Prop)", "(h : ∃ x : { x : α // P x }, Q x.val)"),
            "∃ x, P x ∧ Q x",
            (("obtain ⟨⟨x, hp⟩, hq⟩ := h", "exact ⟨x, hp, hq⟩"),),
        ),
        (
            "no_surjection",
            ("(α : Type)", "(f : α → α → Prop)"),
            "∃ P : α → Prop, ∀ a, f a ≠ P",
            (
                (
                    "refine ⟨fun a => ¬f a a, ?_⟩",
                    "intro a h",
                    "have h1 : f a a ↔ ¬f a a := by rw [h]; simp [h]",
                    "grind",
                ),
                (
                    "refine ⟨fun a => ¬f a a, ?_⟩",
                    "intro a h",
                    "have h1 := congrFun h a",
                    "simp at h1",
                ),
                ("refine ⟨fun a => ¬f a a, ?_⟩", "intro a h", "have h1 := congrFun h a", "grind"),
            ),
        ),
        (
            "drinker",
            ("(α : Type)", "(a : α)", "(P : α → Prop)"),
            "∃ x, P x → ∀ y, P y",
            (
                (
                    "by_cases h : ∀ y, P y",
                    "exact ⟨a, fun _ => h⟩",
                    "obtain ⟨y, hy⟩ := Classical.not_forall.mp h",
                    "exact ⟨y, fun h1 => absurd h1 hy⟩",
                ),
            ),
        ),
        (
            "barber",
            ("(α : Type)", "(S : α → α → Prop)", "(b : α)"),
            "¬∀ x, S b x ↔ ¬S x x",
            (
                (
                    "intro h",
                    "have h1 := h b",
                    "by_cases h2 : S b b",
                    "exact h1.mp h2 h2",
                    "exact h2 (h1.mpr h2)",
                ),
            ),
        ),
    ]
    name, binders, goal, scripts = rng.choice(choices)
    return Draft(FAMILY, name, binders, goal, "", scripts, {"k": k})


MAKERS: tuple[Callable[[Random, int], Draft], ...] = (
    sets,
    sets,
    images,
    functions,
    functions,
    closures,
    closures,
    relations,
    orders,
    orders,
    equations,
    equations,
    rewriting_hypotheses,
    booleans,
    products,
)
