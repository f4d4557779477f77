"""Propositional and first-order logic.

`forward` writes the proof first: it derives facts from facts by rules that it makes up on the way,
and the rules that it used become the hypotheses. The others draw formulas and keep the valid ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise, product
from random import Random

from prover.data.theorems.statement import Draft, Script

FAMILY = "logic"


@dataclass(frozen=True, slots=True)
class Formula:
    """`op` is `atom`, `¬`, `∧`, `∨`, `→` or `↔`."""

    op: str
    parts: tuple[Formula, ...] = ()
    name: str = ""

    def __str__(self) -> str:
        return self.show(0)

    def show(self, outer: int) -> str:
        if self.op == "atom":
            return self.name
        if self.op == "¬":
            return "¬" + self.parts[0].show(40)
        level = {"∧": 35, "∨": 30, "→": 25, "↔": 20}[self.op]
        left, right = self.parts
        text = f"{left.show(level + 1)} {self.op} {right.show(level + (self.op == '↔'))}"
        return f"({text})" if level < outer else text

    def value(self, truth: dict[str, bool]) -> bool:
        if self.op == "atom":
            return truth[self.name]
        values = [part.value(truth) for part in self.parts]
        if self.op == "¬":
            return not values[0]
        left, right = values
        return {
            "∧": left and right,
            "∨": left or right,
            "→": not left or right,
            "↔": left == right,
        }[self.op]

    def atoms(self) -> set[str]:
        return {self.name} if self.op == "atom" else set().union(*(p.atoms() for p in self.parts))


def random_formula(rng: Random, atoms: list[str], size: int) -> Formula:
    """A formula with `size` connectives."""
    if size == 0:
        return Formula("atom", name=rng.choice(atoms))
    if size == 1 and rng.random() < 0.3:
        return Formula("¬", (random_formula(rng, atoms, 0),))
    left = rng.randint(0, size - 1)
    parts = random_formula(rng, atoms, left), random_formula(rng, atoms, size - 1 - left)
    return Formula(rng.choice("∧∨→→↔" if size < 3 else "∧∨→"), parts)


def tautology(rng: Random, size: int) -> Draft:
    """Hypotheses, all of them needed, and what follows from them by truth tables."""
    atoms = list("pqrst"[: 2 + min(size, 3)])
    while True:
        count = rng.randint(0, min(3, size))
        parts = [random_formula(rng, atoms, rng.randint(1, 2)) for _ in range(count)]
        goal = random_formula(rng, atoms, rng.randint(1, 1 + size))
        if _entails(parts, goal) and not any(
            _entails(parts[:i] + parts[i + 1 :], goal) for i in range(count)
        ):
            break
    used = sorted(set().union(goal.atoms(), *(p.atoms() for p in parts)))
    split = " <;> ".join(f"by_cases h{a} : {a}" for a in used)
    return Draft(
        FAMILY,
        "tautology",
        (f"({' '.join(used)} : Prop)", *(f"(h{i + 1} : {p})" for i, p in enumerate(parts))),
        str(goal),
        scripts=((f"{split} <;> simp_all",), ("grind",)),
        knobs={"atoms": len(used), "hypotheses": count},
    )


def _entails(premises: list[Formula], goal: Formula) -> bool:
    atoms = sorted(set().union(goal.atoms(), *(p.atoms() for p in premises)))
    for values in product([False, True], repeat=len(atoms)):
        truth = dict(zip(atoms, values, strict=True))
        if all(p.value(truth) for p in premises) and not goal.value(truth):
            return False
    return True


def and_or_chain(rng: Random, size: int) -> Draft:
    """A formula and the same one after laws of Boolean algebra."""
    atoms = list("pqr"[: 2 + (size > 2)])
    left = random_formula(rng, atoms, 1 + size)
    right = left
    for _ in range(1 + size):
        right = rewrite_somewhere(rng, right)
    split = " <;> ".join(f"by_cases h{a} : {a}" for a in sorted(left.atoms() | right.atoms()))
    return Draft(
        FAMILY,
        "and_or_chain",
        (f"({' '.join(sorted(left.atoms() | right.atoms()))} : Prop)",),
        f"({left}) ↔ ({right})",
        scripts=((f"{split} <;> simp_all",), ("grind",)),
        knobs={"connectives": 1 + size},
    )


def rewrite_somewhere(rng: Random, f: Formula) -> Formula:
    """An equivalent formula: one law of classical Boolean algebra at one place."""
    if f.op != "atom" and rng.random() < 0.5:
        index = rng.randrange(len(f.parts))
        parts = list(f.parts)
        parts[index] = rewrite_somewhere(rng, parts[index])
        return Formula(f.op, tuple(parts))
    match f:
        case Formula("¬", (Formula("∧" | "∨" as op, (a, b)),)):
            return Formula("∨" if op == "∧" else "∧", (Formula("¬", (a,)), Formula("¬", (b,))))
        case Formula("¬", (Formula("→", (a, b)),)):
            return Formula("∧", (a, Formula("¬", (b,))))
        case Formula("¬", (Formula("¬", (a,)),)):
            return a
        case Formula("→", (a, b)):
            if rng.random() < 0.5:
                return Formula("∨", (Formula("¬", (a,)), b))
            return Formula("→", (Formula("¬", (b,)), Formula("¬", (a,))))
        case Formula("↔", (a, b)):
            return Formula("∧", (Formula("→", (a, b)), Formula("→", (b, a))))
        case Formula("∧" | "∨" as op, (a, Formula("∧" | "∨" as inner, (b, c)))) if op != inner:
            return Formula(inner, (Formula(op, (a, b)), Formula(op, (a, c))))
        case Formula("∧" | "∨" as op, (a, b)):
            return Formula(op, (b, a))
    return f


@dataclass(slots=True)
class _Fact:
    name: str
    text: str
    terms: tuple[str, ...]


@dataclass(slots=True)
class _Forward:
    """A derivation in progress. `eigen` are the variables that only the proof knows: a rule that
    speaks of them is stated for all."""

    rng: Random
    binders: list[str] = field(default_factory=list)
    eigen: list[str] = field(default_factory=list)
    facts: list[_Fact] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    predicates: dict[str, int] = field(default_factory=dict)
    count: int = 0

    def fresh(self) -> str:
        self.count += 1
        return f"h{self.count}"

    def atom(self, terms: list[str]) -> tuple[str, tuple[str, ...]]:
        """A new predicate of some of these terms."""
        arity = min(self.rng.choice([0, 1, 1, 1, 2, 2]), len(terms))
        letters = {0: "pqrstuvw", 1: "PQSTUVWXYZ", 2: "RLMNKEGH"}[arity]
        free = [x for x in letters if x not in self.predicates]
        if not free:
            free = [x for x, n in self.predicates.items() if n == arity]
        name = self.rng.choice(free[:2])
        self.predicates[name] = arity
        chosen = tuple(self.rng.sample(terms, arity))
        return " ".join([name, *chosen]), chosen

    def rule(self, premises: list[_Fact], conclusion: str, terms: tuple[str, ...]) -> str:
        """Adds a hypothesis that leads from premises to a conclusion, and gives its application."""
        variables = [
            v for v in self.eigen if v in {*terms, *(t for p in premises for t in p.terms)}
        ]
        name = f"r{len(self.rules) + 1}"
        joined = self.rng.random() < 0.25 and len(premises) == 2
        if joined:
            left = "(" + " ∧ ".join(_tight(p.text) for p in premises) + ") → "
            arguments = ["⟨" + ", ".join(p.name for p in premises) + "⟩"]
        else:
            left = "".join(f"{_tight(p.text)} → " for p in premises)
            arguments = [p.name for p in premises]
        for_all = f"∀ {' '.join(variables)} : α, " if variables else ""
        self.rules.append(f"({name} : {for_all}{left}{conclusion})")
        return " ".join([name, *variables, *arguments])


def _tight(text: str) -> str:
    return f"({text})" if any(c in text for c in "∧∨→∃∀↔") else text


def forward(rng: Random, size: int) -> Draft:
    """What follows from facts by a chain of rules, some of which branch, or give a witness, or work
    by contradiction. All rules are needed."""
    state = _Forward(rng)
    terms = ["a", "b", "c"][: 1 + rng.randint(0, 2)]
    intro: Script = ()
    prefix = ""
    if rng.random() < 0.5:
        state.eigen = ["x"] if rng.random() < 0.7 else ["x", "y"]
        prefix = f"∀ {' '.join(state.eigen)} : α, "
        intro = (f"intro {' '.join(state.eigen)}",)
        terms = [*state.eigen, *terms[:1]]
    starts = []
    for _ in range(rng.randint(1, 2)):
        text, used = state.atom(terms)
        fact = _Fact(state.fresh(), text, used)
        state.facts.append(fact)
        starts.append(fact)
    if prefix:
        prefix += "".join(f"{f.text} → " for f in starts)
        intro = (intro[0] + "".join(f" {f.name}" for f in starts),)
    steps, goal = _derive(state, 1 + size, terms)
    hypotheses = [] if prefix else [f"({f.name} : {f.text})" for f in starts]
    body = _tight(goal) if prefix and goal.startswith("∃") else goal
    sorts = ["(α : Type)"] if any(state.predicates.values()) or prefix else []
    constants = [t for t in terms if t not in state.eigen]
    text = " ".join([*hypotheses, *state.rules, prefix + body])
    used_constants = [c for c in constants if f" {c}" in text]
    for arity, type_ in ((0, "Prop"), (1, "α → Prop"), (2, "α → α → Prop")):
        names = sorted(n for n, k in state.predicates.items() if k == arity)
        if names:
            sorts.append(f"({' '.join(names)} : {type_})")
    if used_constants:
        sorts.append(f"({' '.join(used_constants)} : α)")
    return Draft(
        FAMILY,
        f"forward_{size}{'_all' if prefix else ''}",
        (*sorts, *hypotheses, *state.rules),
        prefix + body,
        scripts=((*intro, *steps),),
        knobs={"steps": 1 + size, "rules": len(state.rules)},
    )


def _derive(state: _Forward, left: int, terms: list[str]) -> tuple[list[str], str]:
    """Steps from the facts of a state to a goal, and that goal."""
    rng = state.rng
    if left == 0:
        return _conclude(state)
    premises = rng.sample(state.facts, min(len(state.facts), rng.choice([1, 1, 2])))
    if state.facts[-1] not in premises:
        premises[0] = state.facts[-1]
    kind = rng.choice(["plain", "plain", "and", "exists", "exists", "or", "contra", "iff"])
    new = state.fresh()
    if kind == "exists" and len(state.eigen) < 5:
        witness = next(v for v in "zwuvtn" if v not in [*state.eigen, *state.predicates])
        first, used = state.atom([witness])
        if not used:
            first, used = f"D {witness}", (witness,)
            state.predicates["D"] = 1
        anchor = rng.choice(premises)
        others = [t for t in terms if t in anchor.terms]
        body, found = first, [_Fact(new, first, used)]
        if others and rng.random() < 0.7:
            state.predicates["R"] = 2
            edge = f"R {others[0]} {witness}"
            found.insert(0, _Fact(state.fresh(), edge, (others[0], witness)))
            body = f"{edge} ∧ {first}"
        used_terms = tuple(t for f in found for t in f.terms if t != witness)
        application = state.rule(premises, f"∃ {witness} : α, {body}", used_terms)
        state.eigen.append(witness)
        state.facts += found
        names = ", ".join([witness, *(f.name for f in found)])
        rest, goal = _derive(state, left - 1, [*terms, witness])
        return [f"obtain ⟨{names}⟩ := {application}", *rest], goal
    if kind == "or" and left > 1:
        one, one_terms = state.atom(terms)
        two, two_terms = state.atom(terms)
        split = state.rule(premises, f"{one} ∨ {two}", (*one_terms, *two_terms))
        text, used = state.atom(terms)
        name = state.fresh()
        first = state.rule([_Fact(new, one, one_terms)], text, used)
        second = state.rule([_Fact(new, two, two_terms)], text, used)
        state.facts.append(_Fact(name, text, used))
        rest, goal = _derive(state, left - 2, terms)
        return [
            f"rcases {split} with {new} | {new}",
            f"have {name} := {first}",
            *rest,
            f"have {name} := {second}",
            *rest,
        ], goal
    text, used = state.atom(terms)
    if kind == "contra":
        denied = state.fresh()
        premise = _Fact(denied, f"¬{text}", used)
        application = state.rule([premise, premises[0]], "False", ())
        state.facts.append(_Fact(new, text, used))
        rest, goal = _derive(state, left - 1, terms)
        step = f"have {new} : {text} := Classical.byContradiction fun {denied} => {application}"
        return [step, *rest], goal
    if kind == "iff":
        variables = [v for v in state.eigen if v in {*used, *premises[0].terms}]
        rule = f"r{len(state.rules) + 1}"
        for_all = f"∀ {' '.join(variables)} : α, " if variables else ""
        flip = rng.random() < 0.5
        sides = (text, premises[0].text) if flip else (premises[0].text, text)
        state.rules.append(f"({rule} : {for_all}({_tight(sides[0])} ↔ {_tight(sides[1])}))")
        applied = f"({' '.join([rule, *variables])})" if variables else rule
        application = f"{applied}.{'mpr' if flip else 'mp'} {premises[0].name}"
    elif kind == "and":
        other, other_terms = state.atom(terms)
        beside = state.fresh()
        application = state.rule(premises, f"{text} ∧ {other}", (*used, *other_terms))
        state.facts += [_Fact(beside, other, other_terms), _Fact(new, text, used)]
        rest, goal = _derive(state, left - 1, terms)
        return [f"obtain ⟨{new}, {beside}⟩ := {application}", *rest], goal
    else:
        application = state.rule(premises, text, used)
    state.facts.append(_Fact(new, text, used))
    rest, goal = _derive(state, left - 1, terms)
    return [f"have {new} := {application}", *rest], goal


def _conclude(state: _Forward) -> tuple[list[str], str]:
    """A goal made of the last facts. Witnesses that the statement cannot know become bound."""
    rng = state.rng
    last = state.facts[-1]
    facts = [last]
    if len(state.facts) > 1 and rng.random() < 0.4:
        facts.insert(0, rng.choice(state.facts[:-1]))
    hidden = [v for v in state.eigen if v not in "xy" and any(v in f.terms for f in facts)]
    text = " ∧ ".join(_tight(f.text) for f in facts)
    proof = [f.name for f in facts]
    if len(facts) == 1 and not hidden and rng.random() < 0.15:
        other, _ = state.atom([t for t in last.terms if t not in hidden])
        if rng.random() < 0.5:
            return ["left", f"exact {last.name}"], f"{last.text} ∨ {other}"
        return ["right", f"exact {last.name}"], f"{other} ∨ {last.text}"
    if hidden:
        return [f"exact ⟨{', '.join([*hidden, *proof])}⟩"], f"∃ {' '.join(hidden)} : α, {text}"
    if len(proof) > 1:
        return ["constructor", *(f"exact {name}" for name in proof)], text
    return [f"exact {proof[0]}"], text


def quantifiers(rng: Random, size: int) -> Draft:
    """A negated formula with alternating quantifiers, and the same with the negation inside."""
    depth = 1 + min(size, 3)
    variables = "xyzw"[:depth]
    kinds = [rng.choice("∀∃") for _ in variables]
    atoms: list[str] = []
    while len(atoms) < rng.randint(1, 3):
        name = rng.choice("PQR")
        some = [rng.choice(variables)] if name != "R" else [rng.choice(variables) for _ in "ab"]
        atoms.append(" ".join([name, *some]))
    atoms[0] = f"R {variables[0]} {variables[-1]}" if depth > 1 else "P x"
    signs = [rng.random() < 0.5 for _ in atoms]
    ops = [rng.choice("∧∨") for _ in atoms[1:]]
    inside = _joined([a if s else f"¬{a}" for a, s in zip(atoms, signs, strict=True)], ops)
    flipped = ["∨" if op == "∧" else "∧" for op in ops]
    outside = _joined([f"¬{a}" if s else a for a, s in zip(atoms, signs, strict=True)], flipped)
    left = "".join(f"{k} {v} : α, " for k, v in zip(kinds, variables, strict=True)) + inside
    right = (
        "".join(
            f"{'∃' if k == '∀' else '∀'} {v} : α, " for k, v in zip(kinds, variables, strict=True)
        )
        + outside
    )
    names = sorted({a.split()[0] for a in atoms})
    types = [f"({n} : {'α → α → Prop' if n == 'R' else 'α → Prop'})" for n in names]
    laws = "Classical.not_forall, not_exists, not_and, not_or, Classical.not_not"
    form = rng.choice(["iff", "mp", "mpr"])
    if form == "iff":
        return Draft(
            FAMILY,
            "push_negation",
            ("(α : Type)", *types),
            f"¬({left}) ↔ {right}",
            scripts=(
                (f"simp only [{laws}, Classical.or_iff_not_imp_left, ne_eq]",),
                (f"simp [{laws}, Classical.or_iff_not_imp_left]",),
                ("constructor", "· intro h; grind", "· intro h; grind"),
                ("grind",),
            ),
            knobs={"quantifiers": depth},
        )
    premise, goal = (f"¬({left})", right) if form == "mp" else (right, f"¬({left})")
    return Draft(
        FAMILY,
        "push_negation_" + form,
        ("(α : Type)", *types, f"(h : {premise})"),
        goal,
        scripts=(
            (f"simpa [{laws}, Classical.or_iff_not_imp_left] using h",),
            ("grind",),
            ("intro hn", "grind"),
        ),
        knobs={"quantifiers": depth},
    )


def _joined(literals: list[str], ops: list[str]) -> str:
    text = literals[-1]
    for literal, op in zip(reversed(literals[:-1]), reversed(ops), strict=True):
        text = (
            f"{literal} {op} ({text})"
            if len(literals) > 2 and text != literals[-1]
            else (f"{literal} {op} {text}")
        )
    return text


def shift_quantifiers(rng: Random, size: int) -> Draft:
    """From an ∃∀ to a ∀∃ through monotone predicates, with `size` changes of predicate."""
    names = "PQSTUV"[: 1 + size]
    rules = tuple(
        f"(r{i + 1} : ∀ x y, {a} x y → {b} x y)" for i, (a, b) in enumerate(pairwise(names))
    )
    term = "hu v"
    for i in range(len(rules)):
        term = f"r{i + 1} u v ({term})"
    return Draft(
        FAMILY,
        "shift_quantifiers",
        ("(α β : Type)", f"({' '.join(names)} : α → β → Prop)", "(h : ∃ x, ∀ y, P x y)", *rules),
        f"∀ y, ∃ x, {names[-1]} x y",
        scripts=(("obtain ⟨u, hu⟩ := h", "intro v", f"exact ⟨u, {term}⟩"),),
        knobs={"rules": len(rules)},
    )


def contrapose_rule(rng: Random, size: int) -> Draft:
    """A chain of implications read backwards through negations."""
    names = "PQSTUVW"[: 2 + size]
    rules = tuple(f"(r{i + 1} : ∀ x, {a} x → {b} x)" for i, (a, b) in enumerate(pairwise(names)))
    term = "hx"
    for i in range(len(rules)):
        term = f"r{i + 1} x ({term})" if i else f"r1 x {term}"
    if rng.random() < 0.5:
        return Draft(
            FAMILY,
            "contrapose_rule",
            ("(α : Type)", f"({' '.join(names)} : α → Prop)", *rules, f"(h : ¬∃ x, {names[-1]} x)"),
            "∀ x, ¬P x",
            scripts=(("intro x hx", "apply h", f"exact ⟨x, {term}⟩"),),
            knobs={"rules": len(rules)},
        )
    return Draft(
        FAMILY,
        "contrapose_rule",
        ("(α : Type)", f"({' '.join(names)} : α → Prop)", *rules, f"(h : ∃ x, ¬{names[-1]} x)"),
        "¬∀ x, P x",
        scripts=(
            ("intro hall", "obtain ⟨x, hn⟩ := h", "apply hn", "have hx := hall x", f"exact {term}"),
        ),
        knobs={"rules": len(rules)},
    )


MAKERS = (
    tautology,
    and_or_chain,
    forward,
    forward,
    forward,
    forward,
    forward,
    forward,
    quantifiers,
    shift_quantifiers,
    contrapose_rule,
)
