"""Proofs in words as Lean with gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from lark import Token

from prover.informal.language.errors import NotUnderstood
from prover.informal.language.meaning import Declared, Meaning
from prover.informal.language.parse import (
    Node,
    Sentence,
    Word,
    node,
    nodes,
    parsed,
    sentences,
    words_of,
)
from prover.informal.language.statement import Problem, Statement, read_problem
from prover.informal.language.terms import (
    FALSE,
    Expr,
    Printer,
    Unreadable,
    bound,
    conjunction,
    disjunction,
    free,
    kind_in_words,
    kind_of,
    lean_kind,
    matched,
    num,
    opened,
    parts,
    reading,
    safe,
    simplified,
    subexpressions,
    substituted,
    var,
)
from prover.informal.sketch import Sketch, Step, comment

SQUARES = {
    "Nat": "fun _ => Nat.zero_le _",
    "Int": """by
  intro z
  rw [show z ^ 2 = z * z by grind]
  rcases Int.le_total 0 z with h | h
  · exact Int.mul_nonneg h h
  · exact Int.mul_nonneg_of_nonpos_of_nonpos h h""",
}
"""Why squares are not negative, by the kind of the numbers."""


@dataclass(frozen=True, slots=True)
class Item:
    """A sentence of a proof: `marker` is what it begins ("base", "step", "case", "cases_end",
    "conversely", "forward"), `label` its number, `case` what a case assumes."""

    sentence: Sentence
    tree: Node | None
    marker: str = ""
    label: int | None = None
    case: Node | None = None


@dataclass(slots=True)
class Frame:
    """Where a proof stands: what is in scope, what is known by which name, and what is to be shown.
    `values` are variables that have become terms, as in a base case."""

    scope: dict[str, str]
    facts: list[tuple[str, Expr]]
    goal: Expr | None
    columns: int
    hypotheses: list[tuple[str, Expr]] = field(default_factory=list)
    values: dict[str, Expr] = field(default_factory=dict)
    strong: bool = False
    closed: bool = False

    def inner(self, goal: Expr | None, columns: int = 2) -> Frame:
        return replace(
            self,
            scope=dict(self.scope),
            facts=list(self.facts),
            goal=goal,
            columns=self.columns + columns,
            hypotheses=list(self.hypotheses),
            values=dict(self.values),
        )


def read_proof(text: str, statement: Statement) -> Sketch:
    """The sketch of a proof in words: of the part of a text that its headings name so, or of all of
    it. Each claim becomes a `have` with a gap, in the order of the text.

    Raises:
        NotUnderstood: something in it cannot be read, or has no meaning where it stands; it says
            where.
    """
    problem = read_problem(text)
    place = problem.proof
    if place is None and not any(True for _ in _headings(text)):
        place = (0, len(text))
    if place is None:
        raise problem.source.error("there is no proof", 0, 0, "This completes the proof.")
    return _Builder(problem, place, statement).build()


def _headings(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.startswith("#")]


class _Builder:
    def __init__(self, problem: Problem, place: tuple[int, int], statement: Statement) -> None:
        self.source = problem.source
        self.statement = statement
        self.place = place
        real = "Mathlib" in statement.text.split("theorem", 1)[0]
        self.meaning = Meaning(self.source, real=real)
        self.printer = Printer()
        self.lines: list[str] = []
        self.steps: list[Step] = []
        self.waiting: list[Item] = []
        self.labels: dict[int, str] = {}
        self.used = {name for name, _ in statement.given.facts} | set(statement.given.scope)
        self.items = self.read()
        self.at = 0

    # Reading

    def read(self) -> list[Item]:
        found: list[Item] = []
        waiting = None
        for sentence in sentences(self.source, *self.place):
            item = self.item(sentence, waiting)
            waiting = item if item.marker == "case" and item.case is None else None
            if waiting is None:
                found.append(item)
        if waiting is not None:
            raise self.error_at(
                waiting, "this case does not say what it assumes", "Case 1: n is even."
            )
        if not found:
            raise self.source.error("there is no proof", self.place[0], self.place[0])
        return found

    def item(self, sentence: Sentence, before: Item | None) -> Item:
        words = list(sentence.words)
        label = _label(words)
        marker = "case" if before is not None else ""
        if before is not None:
            sentence = replace(sentence, first=before.sentence.first)
        elif not marker:
            marker = _marker(words)
        if marker == "case":
            return self.case(sentence, words, label)
        tree = None
        if words:
            tree = parsed(self.source, replace(sentence, words=tuple(words)), "proof_sentence")
        return Item(sentence, tree, marker, label)

    def case(self, sentence: Sentence, words: list[Word], label: int | None) -> Item:
        if not words:
            return Item(sentence, None, "case", label)
        kinds = [w.kind for w in words]
        if kinds[0] in ("assume", "suppose"):
            words = words[2 if kinds[1:2] == ["that"] else 1 :]
        elif kinds[0] == "(" and kinds[-1] == ")":
            words = words[1:-1]
        kinds = [w.kind for w in words]
        colon = kinds.index(":") if ":" in kinds else len(words)
        head, rest = words[:colon], words[colon + 1 :]
        tree = parsed(self.source, _part(sentence, head), "case_sentence")
        after = None
        if rest:
            after = parsed(self.source, _part(sentence, rest), "proof_sentence")
        return Item(sentence, after, "case", label, tree)

    def error(self, tree: Node, why: str, nearest: str = "") -> NotUnderstood:
        return self.meaning.error(tree, why, nearest)

    def error_at(self, item: Item, why: str, nearest: str = "") -> NotUnderstood:
        return self.source.error(why, item.sentence.first, item.sentence.last, nearest)

    # Writing

    def build(self) -> Sketch:
        given = self.statement.given
        frame = Frame(dict(given.scope), list(given.facts), given.goal, 2)
        self.block(frame)
        if self.at < len(self.items):
            item = self.items[self.at]
            what = {"case": "case", "base": "base case", "step": "inductive step"}
            raise self.error_at(
                item, f"there is no proof that this {what.get(item.marker, 'part')} belongs to"
            )
        text = self.statement.with_proof("\n".join(self.lines))
        return Sketch(text, self.statement.name, tuple(self.steps))

    def say(self, item: Item) -> None:
        """Has the words of a sentence stand before what comes next."""
        self.waiting.append(item)

    def write(self, frame: Frame, code: str) -> None:
        if self.waiting:
            first, last = self.waiting[0].sentence.first, self.waiting[-1].sentence.last
            words = " ".join(self.source.text[first:last].replace("-/", "").split())
            if words.count("$") % 2:  # of `$\blacksquare$`, which is no part of a sentence
                words = words[: words.rindex("$")].rstrip()
            self.steps.append(Step(words, (first, last)))
            if self.lines and self.lines[-1].lstrip().startswith("--"):
                self.lines.append("")
            self.lines += comment(words, frame.columns).rstrip("\n").split("\n")
            self.waiting = []
        indent = " " * frame.columns
        self.lines += [indent + line for line in code.split("\n")]

    def bullet(self, frame: Frame, before: int) -> None:
        """Puts a bullet before what was written since then, which stands two columns further in; the
        words of its first step stand above it."""
        place = before
        while not self.lines[place].strip() or self.lines[place].lstrip().startswith("--"):
            self.lines[place] = self.lines[place][2:]
            place += 1
        line = self.lines[place]
        self.lines[place] = " " * frame.columns + "· " + line[frame.columns + 2 :]

    def fresh(self, base: str = "h") -> str:
        number = len(self.used) + 1 if base != "h" else 1
        name = base
        while name in self.used or name == "h":
            name = f"{base}{number}"
            number += 1
        self.used.add(name)
        return name

    def lean(self, e: Expr, frame: Frame) -> str:
        return self.printer.lean(e, frame.scope)

    def known(self, e: Expr, frame: Frame) -> str | None:
        text = self.lean(e, frame)
        for name, fact in [*frame.facts, *frame.hypotheses]:
            if matched(fact, e, {}) is not None:
                return name
            try:
                if self.lean(fact, frame) == text:
                    return name
            except Unreadable:
                continue
        return None

    # Blocks

    def block(self, frame: Frame, until: frozenset[str] = frozenset()) -> None:
        """Writes what the sentences from here on prove, up to one that begins another part."""
        if frame.goal is not None and frame.goal.head == "iff" and self.turns(until):
            self.both_ways(frame, until)
        while self.at < len(self.items):
            item = self.items[self.at]
            if item.marker in until:
                break
            if item.marker == "case":
                self.cases(frame, until)
                continue
            if item.marker in ("base", "step", "conversely", "cases_end"):
                if item.marker == "cases_end":
                    self.at += 1
                    self.step(frame, item)
                    continue
                return
            self.at += 1
            self.step(frame, item)
        self.finish(frame)

    def turns(self, until: frozenset[str]) -> bool:
        return "conversely" not in until and any(
            item.marker == "conversely" for item in self.items[self.at :]
        )

    def finish(self, frame: Frame) -> None:
        """Closes what is to be shown."""
        if frame.closed:
            return
        frame.closed = True
        exact = frame.goal is not None and not frame.values
        name = self.known(frame.goal, frame) if frame.goal is not None and exact else None
        self.write(frame, "sorry" if name is None else f"exact {name}")

    def both_ways(self, frame: Frame, until: frozenset[str]) -> None:
        assert frame.goal is not None
        a, b = frame.goal.args
        self.write(frame, "constructor")
        for goal in (Expr("imp", (a, b)), Expr("imp", (b, a))):
            before = len(self.lines)
            inner = frame.inner(goal)
            if self.at < len(self.items) and self.items[self.at].marker in (
                "forward",
                "conversely",
            ):
                item = self.items[self.at]
                self.at += 1
                self.step(inner, item)
            self.block(inner, until | {"conversely"})
            self.bullet(frame, before)
        frame.closed = True

    def cases(self, frame: Frame, until: frozenset[str]) -> None:
        """A run of cases, and what holds in all of them if that is said."""
        self.introduce(frame, self.items[self.at], True)
        end = next(
            (
                i
                for i in range(self.at, len(self.items))
                if self.items[i].marker in ("cases_end", *until)
            ),
            len(self.items),
        )
        own = [item for item in self.items[self.at : end] if item.marker == "case"]
        props: list[Expr] = []
        for item in own:
            assert item.case is not None
            props.append(self.case_prop(item.case, props, frame))
        closing = self.items[end] if end < len(self.items) else None
        goal, name = frame.goal, ""
        if closing is not None and closing.marker == "cases_end" and closing.tree is not None:
            said = self.said(closing.tree, frame)
            if said is not None and (
                goal is None or self.lean(said, frame) != self.lean(goal, frame)
            ):
                goal, name = said, self.fresh()
                self.write(frame, f"have {name} : {self.lean(said, frame)} := by")
        outer = frame.inner(goal, 2 if name else 0)
        whole = disjunction(props)
        forms = [form for prop in props if (form := self.remainder(prop, frame)) is not None]
        if len(forms) == len(props):
            whole = disjunction(forms)
        split = self.known(whole, frame)
        if split is None:
            split = self.fresh()
            self.write(outer, f"have {split} : {self.lean(whole, frame)} := by sorry")
        given = [opened(prop, "ex") for prop in props]
        if len(forms) == len(props):
            given = [([], form) for form in forms]
        names = [[self.fresh() for _ in parts(body)] for _, body in given]
        shown = [
            ", ".join([*(safe(n) for n, _ in new), *facts])
            for (new, _), facts in zip(given, names, strict=True)
        ]
        shown = [f"⟨{one}⟩" if "," in one else one for one in shown]
        self.write(outer, f"rcases {split} with {' | '.join(shown)}")
        for item, prop, (new, body), facts in zip(own, props, given, names, strict=True):
            before = len(self.lines)
            inner = outer.inner(goal)
            inner.scope |= dict(new)
            inner.facts += zip(facts, parts(body), strict=True)
            self.at = self.items.index(item) + 1
            self.say(item)
            if len(forms) == len(props):
                assert item.case is not None
                self.obtain(inner, prop, item.case)
            if item.tree is not None:
                self.perform(inner, item, item.tree)
            self.block(inner, until | {"case", "cases_end"})
            self.bullet(outer, before)
        if name:
            assert goal is not None and closing is not None
            frame.facts.append((name, goal))
            self.at += 1
            self.say(closing)
        elif closing is not None and closing.marker == "cases_end":
            self.at += 1
            frame.closed = True
        else:
            frame.closed = True

    def case_prop(self, tree: Node, before: Sequence[Expr], frame: Frame) -> Expr:
        (what,) = nodes(tree) if tree.data == "case_sentence" else [tree]
        if tree.data == "otherwise" or what.data == "otherwise":
            return Expr("not", (disjunction(list(before)),))
        if tree.data == "bare_adjective":
            x = self.meaning.variable(words_of(tree)[0], tree, frame.scope)
            return self.meaning.adjective(words_of(nodes(tree)[0])[0], x)
        return self.prop(what, frame)

    def said(self, tree: Node, frame: Frame) -> Expr | None:
        """What a sentence claims, if it is one claim."""
        claims = node(tree, "claims")
        if claims is None:
            return None
        own = nodes(claims, "claim")
        what = [n for n in nodes(own[0]) if n.data not in ("before", "after", "say")]
        if len(own) != 1 or not what or what[0].data in ("contradiction", "done"):
            return None
        return self.prop(what[0], frame)

    # Steps

    def step(self, frame: Frame, item: Item) -> None:
        self.say(item)
        if item.tree is not None:
            self.perform(frame, item, item.tree)

    def perform(self, frame: Frame, item: Item, tree: Node) -> None:
        if tree.data == "proof_sentence":
            (tree,) = nodes(tree)
        if frame.closed and tree.data not in ("closing", "contradiction"):
            raise self.error_at(item, "what is to be shown is shown before this sentence")
        match tree.data:
            case "let" | "let_assume":
                self.let(frame, nodes(tree, "let")[0] if tree.data == "let_assume" else tree, item)
                for one in nodes(tree, "assume", "assume_claim"):
                    self.perform(frame, item, one)
            case "take":
                self.take(frame, tree, item)
            case "write":
                self.write_as(frame, tree, item)
            case "assume":
                self.introduce(frame, item, False)
                for e in self.props(nodes(tree, "props")[0], frame):
                    self.assume(frame, e, tree)
            case "assume_claim":
                self.assume_claim(frame, tree)
            case "absurd" | "absurd_goal":
                self.absurd(frame, tree, item)
            case "induction" | "induction_for":
                self.induction(frame, tree, item)
            case "at":
                self.at_value(frame, tree, item)
            case "goal":
                self.goal(frame, tree)
            case "suffices":
                self.introduce(frame, item, True)
                e = self.prop(nodes(tree)[-1], frame)
                name = self.fresh()
                self.write(frame, f"suffices {name} : {self.lean(e, frame)} by sorry")
                frame.goal = e
            case "claims":
                self.introduce(frame, item, True)
                self.claims(frame, tree, item)
            case "closing" | "by_cases":
                pass
            case _:
                raise self.error(tree, "this cannot be read in a proof")

    def prop(self, tree: Node, frame: Frame) -> Expr:
        e = self.meaning.prop(tree, frame.scope)
        for name, value in frame.values.items():
            e = substituted(e, name, value)
        return e

    def props(self, tree: Node, frame: Frame) -> list[Expr]:
        return [part for one in nodes(tree) for part in parts(self.prop(one, frame))]

    def introduce(self, frame: Frame, item: Item, hypotheses: bool) -> None:
        """Introduces what the goal speaks of and the sentence mentions, with the hypotheses before
        it."""
        mentioned = {w.text for w in item.sentence.words if w.kind in ("NAME", "a")}
        while frame.goal is not None:
            goal = frame.goal
            if goal.head == "all" and goal.name not in frame.scope:
                ahead = {n for n, _ in opened(goal, "all")[0]}
                if not ahead & mentioned:
                    return
                self.intro(frame, goal.name)
            elif goal.head == "imp" and hypotheses:
                name = self.fresh()
                self.write(frame, f"intro {name}")
                frame.facts.append((name, goal.args[0]))
                frame.goal = goal.args[1]
            else:
                return

    def intro(self, frame: Frame, name: str) -> None:
        goal = frame.goal
        assert goal is not None
        self.write(frame, f"intro {safe(name)}")
        self.used.add(name)
        frame.scope[name] = goal.kind
        frame.goal = substituted(goal.args[0], goal.name, var(name))

    def let(self, frame: Frame, tree: Node, item: Item) -> None:
        such = node(tree, "such")
        for one in nodes(tree):
            if one.data == "such":
                continue
            found = self.meaning.declared(one, frame.scope)
            fresh: list[tuple[str, str]] = []
            for name, kind in found.names:
                goal = frame.goal
                if name in frame.scope and (not found.typed or frame.scope[name] == kind):
                    continue
                if goal is not None and goal.head == "all" and (not kind or kind == goal.kind):
                    self.intro(frame, name)
                elif goal is not None and goal.head == "all" and name == goal.name:
                    raise self.error(
                        one, f"{name} is to be {_some(goal.kind)}: {reading(goal, frame.scope)}"
                    )
                else:
                    fresh.append((name, kind or "Nat"))
            conditions = [p for c in found.conditions for p in parts(c)]
            inner = {**frame.scope, **dict(fresh)}
            if such is not None and one is nodes(tree)[-2]:
                for e in self.meaning.such(such, inner):
                    conditions += parts(e)
            if fresh and not conditions:
                raise self.error(
                    one, f"there is nothing to be shown for all {_some(fresh[0][1], True)} here",
                    f"Let {fresh[0][0]} be a natural number such that n = 2{fresh[0][0]}.",
                )  # fmt: skip
            if fresh:
                self.obtain(frame, bound("ex", fresh, conjunction(conditions)), one)
            else:
                for e in conditions:
                    self.assume(frame, e, one)

    def assume(self, frame: Frame, e: Expr, tree: Node) -> None:
        """What is assumed is the next hypothesis of the goal, or known already."""
        goal = frame.goal
        while goal is not None and goal.head == "all":
            self.intro(frame, goal.name)
            goal = frame.goal
        if self.known(e, frame) is not None:
            return
        if goal is None:
            name = self.fresh()
            self.write(frame, f"intro {name}")
            frame.facts.append((name, e))
            return
        if goal.head == "not" and self.lean(goal.args[0], frame) == self.lean(e, frame):
            goal = Expr("imp", (e, FALSE))
        if goal.head == "imp":
            wanted = parts(goal.args[0])
            if self.lean(wanted[0], frame) == self.lean(e, frame):
                names = [self.fresh() for _ in wanted]
                shown = names[0] if len(names) == 1 else f"⟨{', '.join(names)}⟩"
                self.write(frame, f"intro {shown}")
                frame.facts += zip(names, wanted, strict=True)
                frame.goal = goal.args[1]
                return
            raise self.error(
                tree, f"what is to be assumed here is: {reading(goal.args[0], frame.scope)}"
            )
        what = reading(goal, frame.scope)
        if frame.hypotheses:
            what = f"the induction hypothesis is: {reading(frame.hypotheses[-1][1], frame.scope)}"
            raise self.error(tree, what)
        raise self.error(
            tree, f"this is not given; what is to be shown is: {what}",
            "Suppose for contradiction that n is odd.",
        )  # fmt: skip

    def assume_claim(self, frame: Frame, tree: Node) -> None:
        holds = nodes(tree, "holds")[0]
        one = node(holds, "typed", "bounded", "in_set")
        if not frame.hypotheses:
            raise self.error(
                tree, "this is assumed in an induction", "We proceed by induction on n."
            )
        if (
            one is not None
            and nodes(one, "tail")
            and not frame.strong
            and "<" in str(self.source.text[slice(one.meta.start_pos, one.meta.end_pos)])
        ):
            raise self.error(
                one,
                "an induction assumes the claim for one number",
                "We use strong induction on n.",
            )

    def absurd(self, frame: Frame, tree: Node, item: Item) -> None:
        given = node(tree, "props")
        goal = frame.goal
        if goal is not None and goal.head == "all":
            self.introduce(frame, item, False)
            goal = frame.goal
            while goal is not None and goal.head == "all" and given is None:
                self.intro(frame, goal.name)
                goal = frame.goal
        if given is None:
            name = self.fresh()
            negation = FALSE if goal is None else Expr("not", (goal,))
            if goal is not None and goal.head == "not":
                self.write(frame, f"intro {name}")
                frame.facts.append((name, goal.args[0]))
            else:
                self.write(frame, f"apply Classical.byContradiction\nintro {name}")
                frame.facts.append((name, negation))
            frame.goal = FALSE
            return
        while goal is not None and goal.head == "imp":
            self.introduce(frame, item, True)
            goal = frame.goal
        e = conjunction([p for one in nodes(given) for p in parts(self.prop(one, frame))])
        if goal is not None and goal.head == "not" and matched(goal.args[0], e, {}) is not None:
            names, body = opened(e, "ex")
            self.taken_apart(frame, "intro ", names, body, tree)
            frame.goal = FALSE
            return
        name = self.fresh()
        self.write(frame, f"apply Classical.byContradiction\nintro {name}")
        if goal is not None:
            frame.facts.append((name, Expr("not", (goal,))))
        frame.goal = FALSE
        self.claim(frame, e, tree)

    def taken_apart(
        self, frame: Frame, how: str, names: Sequence[tuple[str, str]], body: Expr, tree: Node,
        proof: str = "",
    ) -> None:  # fmt: skip
        """Introduces names and what is said about them by a pattern."""
        for name, _ in names:
            if name in frame.scope:
                raise self.error(tree, f"{name} is something else already: take another letter")
        facts = [(self.fresh(), part) for part in parts(body)]
        shown = [safe(n) for n, _ in names] + [n for n, _ in facts]
        pattern = shown[0] if len(shown) == 1 else f"⟨{', '.join(shown)}⟩"
        self.write(frame, f"{how}{pattern}{proof}")
        frame.scope |= dict(names)
        self.used |= {n for n, _ in names}
        frame.facts += facts

    def obtain(self, frame: Frame, e: Expr, tree: Node) -> None:
        names, body = opened(e, "ex")
        shown = self.lean(e, frame)
        witness = self.quotient(names, body, frame)
        gap = "by sorry" if witness is None else f"⟨{witness}, by sorry⟩"
        self.taken_apart(frame, "obtain ", names, body, tree, f" : {shown} := {gap}")

    def remainder(self, e: Expr, frame: Frame) -> Expr | None:
        """That there is a k with X = ck + d, as what X leaves when it is divided by c."""
        names, body = opened(e, "ex")
        if not names or self.quotient(names, body, frame) is None:
            return None
        x, form = body.args
        rest = next((one for one in form.args if form.head == "add" and one.head == "num"), num(0))
        linear = next((one for one in form.args if one.head == "mul"), form)
        factor = next(one for one in linear.args if one.head == "num")
        return Expr("cong", (x, rest, factor)) if int(rest.name) < int(factor.name) else None

    def quotient(self, names: Sequence[tuple[str, str]], body: Expr, frame: Frame) -> str | None:
        """The only number that k can be in X = ck + d, where c and d are numerals."""
        if len(names) != 1 or body.head != "eq":
            return None
        (name, kind), (x, form) = names[0], body.args
        rest = [one for one in form.args if one.head == "num"] if form.head == "add" else []
        linear = next((one for one in form.args if one.head == "mul"), form) if rest else form
        if linear.head != "mul" or var(name) not in linear.args or name in free(x):
            return None
        factor = linear.args[linear.args[0] == var(name)]
        if factor.head != "num" or factor.name == "0" or len(rest) > 1:
            return None
        if kind not in ("Nat", "Int") or kind_of(x, frame.scope) != kind:
            return None
        large = rest and int(rest[0].name) >= int(factor.name)
        top = Expr("tsub", (x, rest[0])) if large else x
        return f"{self.printer.term(top, frame.scope, 70)} / {factor.name}"

    def take(self, frame: Frame, tree: Node, item: Item) -> None:
        given = []
        for one in nodes(tree, "assign"):
            first, second = nodes(one)
            given.append((self.meaning.name(first), self.meaning.term(second, frame.scope), one))
        given = [(n, self.valued(t, frame), one) for n, t, one in given]
        self.introduce(frame, item, True)
        goal = frame.goal
        asked, _ = opened(goal, "ex") if goal is not None else ([], FALSE)
        named = dict(asked)
        if not set(named) & {n for n, _, _ in given} and len(given) <= len(asked):
            named = {n: k for (n, _, _), (_, k) in zip(given, asked, strict=False)}
        witnesses = {}
        for name, value, one in given:
            kind = named.get(name) or kind_of(value, frame.scope) or "Nat"
            if name in frame.scope:
                raise self.error(one, f"{name} is something else already: take another letter")
            fact = self.fresh()
            x = "y" if name == "x" else "x"
            term = self.printer.natural(value, frame.scope)
            kinds = lean_kind(kind)
            self.write(
                frame, f"obtain ⟨{safe(name)}, {fact}⟩ : ∃ {x} : {kinds}, {x} = {term} := ⟨_, rfl⟩"
            )
            frame.scope[name] = kind
            self.used.add(name)
            frame.facts.append((fact, Expr("eq", (var(name), value))))
            witnesses[name] = var(name)
        if not asked or goal is None:
            return
        given_names = [n for n, _, _ in given]
        positional = not set(dict(asked)) & set(given_names)
        shown = []
        body = goal
        for place, (name, _) in enumerate(asked):
            own = given_names[place] if positional and place < len(given_names) else name
            if own not in witnesses:
                break
            shown.append(safe(own))
            body = substituted(body.args[0], name, var(own))
        if shown:
            self.write(frame, f"refine ⟨{', '.join(shown)}, ?_⟩")
            frame.goal = body

    def valued(self, e: Expr, frame: Frame) -> Expr:
        for name, value in frame.values.items():
            e = substituted(e, name, value)
        return e

    def write_as(self, frame: Frame, tree: Node, item: Item) -> None:
        """A variable in a form with new letters."""
        inner = dict(frame.scope)
        found: list[Declared] = []
        if (decls := node(tree, "decls")) is not None:
            found, inner = self.meaning.quantified(decls, frame.scope)
        fresh = [n for one in found for n in one.names]
        chain = next(n for n in nodes(tree) if n.data != "decls")
        letters = [
            str(t) for t in chain.scan_values(lambda t: isinstance(t, Token) and t.type == "NAME")
        ]
        kinds = [frame.scope[n] for n in letters if n in frame.scope]
        for name in dict.fromkeys(letters):
            if name not in inner:
                inner[name] = kinds[0] if kinds else "Nat"
                fresh.append((name, inner[name]))
        body = self.meaning.prop(chain, inner)
        conditions = [c for one in found for c in one.conditions]
        if not fresh:
            self.claim(frame, body, tree)
            return
        self.obtain(frame, bound("ex", fresh, conjunction([*conditions, body])), tree)

    def goal(self, frame: Frame, tree: Node) -> None:
        what = nodes(tree)[-1]
        if what.data == "holds":
            return
        self.introduce(frame, self.waiting[-1], True)
        e = self.prop(what, frame)
        if frame.goal is None or self.lean(e, frame) == self.lean(frame.goal, frame):
            return
        name = self.fresh()
        self.write(frame, f"suffices {name} : {self.lean(e, frame)} by sorry")
        frame.goal = e

    # Claims

    def claims(self, frame: Frame, tree: Node, item: Item) -> None:
        last: Expr | None = None
        first = True
        for one in nodes(tree):
            if one.data == "claim":
                reasons = nodes(one, "before", "after")
                for reason in reasons:
                    self.reason(frame, reason, one)
                what = next(n for n in nodes(one) if n.data not in ("before", "after", "say"))
                if what.data == "contradiction":
                    self.contradiction(frame)
                elif what.data == "done":
                    pass
                else:
                    last = self.claimed(frame, what, reasons)
                first = False
            elif one.data == "relative":
                inner = nodes(one)[0]
                if inner.data == "contradiction":
                    self.contradiction(frame)
                elif last is None or len(last.args) < 2:
                    raise self.error(one, "it is not clear what this is about")
                else:
                    x = last.args[-1] if last.head != "cong" else last.args[1]
                    e = self.meaning.predicates(inner, x, frame.scope)
                    self.claim(frame, e, one, item)
        if first:
            raise self.error(tree, "this claims nothing")

    def claimed(self, frame: Frame, tree: Node, reasons: Sequence[Node]) -> Expr:
        """Writes a claim; what comes back is its last link."""
        hypothesis = any(
            True for r in reasons for _ in r.find_pred(lambda t: t.data == "hypothesis")
        )
        item = self.waiting[-1] if self.waiting else None
        if tree.data == "chain":
            links = [self.valued(e, frame) for e in self.meaning.chain(tree, frame.scope)]
            if len(links) > 1:
                self.chain(frame, links, tree, item)
                return links[-1]
        e = self.prop(tree, frame)
        if hypothesis:
            self.instance(frame, e)
        if e.head == "ex" and all(n in frame.scope for n, _ in opened(e, "ex")[0]):
            inner = opened(e, "ex")[1]
            if all(self.known(one, frame) for one in parts(inner)):
                return e
        for one in parts(e):
            self.claim(frame, one, tree, item)
        return parts(e)[-1]

    def claim(self, frame: Frame, e: Expr, tree: Node, item: Item | None = None) -> None:
        known = self.known(e, frame)
        if known is not None:
            self.label(item, known)
        elif e.head == "false":
            self.contradiction(frame)
        elif e.head == "ex" and not any(n in frame.scope for n, _ in opened(e, "ex")[0]):
            self.obtain(frame, e, tree)
            self.label(item, frame.facts[-1][0])
        else:
            name = self.fresh()
            self.write(frame, f"have {name} : {self.lean(e, frame)} := by sorry")
            frame.facts.append((name, e))
            self.label(item, name)

    def label(self, item: Item | None, name: str) -> None:
        if item is not None and item.label is not None:
            self.labels[item.label] = name

    def chain(self, frame: Frame, links: Sequence[Expr], tree: Node, item: Item | None) -> None:
        heads = {e.head for e in links}
        kinds = {kind_of(x, frame.scope) for e in links for x in e.args} - {""}
        total = next((h for h in ("lt", "le", "gt", "ge") if h in heads), "eq")
        one_way = heads <= {"eq", "lt", "le"} or heads <= {"eq", "gt", "ge"}
        if not one_way or len(kinds) > 1 or "cong" in heads:
            for e in links:
                self.claim(frame, e, tree, item)
            if heads == {"cong"}:
                whole = replace(links[0], args=(links[0].args[0], *links[-1].args[1:]))
                self.claim(frame, whole, tree, item)
            return
        whole = Expr(total, (links[0].args[0], links[-1].args[1]))
        if heads <= {"eq", "lt", "le"} and not _has_fraction(links):
            name = self.fresh()
            kind = next(iter(kinds), "")
            scope = frame.scope
            shown = self.lean(whole, frame)
            start = self.printer.number(links[0].args[0], scope, kind, 51)
            rows = []
            for e in links:
                sign = {"eq": "=", "lt": "<", "le": "≤"}[e.head]
                rows.append(
                    f"    _ {sign} {self.printer.number(e.args[1], scope, kind, 51)} := by sorry"
                )
            self.write(frame, "\n".join([f"have {name} : {shown} := by", f"  calc {start}", *rows]))
            frame.facts.append((name, whole))
            self.label(item, name)
            return
        for e in links:
            self.claim(frame, e, tree)
        self.claim(frame, whole, tree, item)

    def contradiction(self, frame: Frame) -> None:
        if frame.goal is None or frame.goal.head != "false":
            self.write(frame, "exfalso")
            frame.goal = FALSE
        name = self.known(FALSE, frame)
        self.write(frame, "sorry" if name is None else f"exact {name}")
        frame.closed = True

    def reason(self, frame: Frame, tree: Node, claim: Node) -> None:
        """What a claim is said to follow from: facts that are claimed so, and what is named."""
        for one in nodes(tree):
            if one.data == "squares":
                self.squares(frame)
            elif one.data == "refs":
                for ref in nodes(one):
                    self.reference(frame, ref)
            elif one.data not in ("say",):
                e = self.prop(one, frame)
                for part in parts(e):
                    self.claim(frame, part, one)

    def reference(self, frame: Frame, ref: Node) -> None:
        if ref.data == "step":
            number = int(words_of(ref)[0])
            if number not in self.labels and not any(
                item.label == number for item in self.items[: self.at]
            ):
                raise self.error(ref, f"there is no step {number} before this one")
        elif ref.data == "hypothesis" and not frame.hypotheses:
            raise self.error(ref, "there is no induction here", "We proceed by induction on n.")
        elif ref.data == "named":
            name = words_of(ref)[0].strip()
            if not all(part.isidentifier() for part in name.replace("'", "").split(".")):
                raise self.error(ref, "this is no name of a theorem")
            self.write(frame, f"have {self.fresh()} := @{name}")

    def squares(self, frame: Frame) -> None:
        kinds = [k for k in frame.scope.values() if k in SQUARES]
        kind = "Int" if "Int" in kinds else "Nat"
        e = Expr("all", (Expr("le", (num(0), Expr("pow", (var("z"), num(2))))),), "z", kind)
        if self.known(e, frame) is None:
            name = self.fresh()
            self.write(frame, f"have {name} : {self.lean(e, frame)} := {SQUARES[kind]}")
            frame.facts.append((name, e))

    def instance(self, frame: Frame, e: Expr) -> None:
        """The induction hypothesis at what a claim has in the place of its variables."""
        for name, hypothesis in reversed(frame.hypotheses):
            names, body = opened(hypothesis, "all")
            premises = []
            while body.head == "imp":
                premises.append(body.args[0])
                body = body.args[1]
            if not names and not premises:
                return
            for claimed in [e, *parts(e)]:
                found = matched(body, claimed, dict.fromkeys(n for n, _ in names))
                if found is None or set(found) != {n for n, _ in names}:
                    continue
                given = [self.printer.natural(found[n], frame.scope, 101) for n, _ in names]
                gaps = ["(by sorry)"] * len(premises)
                fact = self.fresh()
                at = f"{' '.join([name, *given, *gaps])}"
                if claimed.head == "ex":
                    self.take_apart_instance(frame, claimed, at)
                else:
                    self.write(frame, f"have {fact} := {at}")
                return

    def take_apart_instance(self, frame: Frame, claimed: Expr, at: str) -> None:
        """Names what the induction hypothesis gives; what is claimed about it stands as a gap."""
        names, body = opened(claimed, "ex")
        fresh = [self.fresh() for _ in parts(body)]
        shown = ", ".join([*(safe(n) for n, _ in names), *fresh])
        self.write(frame, f"obtain ⟨{shown}⟩ := {at}")
        frame.scope |= dict(names)
        self.used |= {n for n, _ in names}
        for one in parts(body):
            name = self.fresh()
            self.write(frame, f"have {name} : {self.lean(one, frame)} := by sorry")
            frame.facts.append((name, one))

    # Induction

    def induction(self, frame: Frame, tree: Node, item: Item) -> None:
        strong = any(isinstance(c, Token) and c.type == "STRONG" for c in tree.children)
        named = node(tree, "name")
        said = [n for n in nodes(tree) if n.data != "name"]
        goal = frame.goal
        if said:
            for name in (self.meaning.name(named),) if named else ():
                self.introduce_all(frame, name)
            e = self.prop(said[0], frame)
            goal = frame.goal
            if goal is not None and self.lean(e, frame) != self.lean(goal, frame):
                raise self.error(
                    said[0], f"what is to be shown is: {reading(goal, frame.scope)}",
                    "We proceed by induction on n.",
                )  # fmt: skip
        name = self.meaning.name(named) if named is not None else self.only_number(frame, tree)
        self.introduce_all(frame, name)
        if name not in frame.scope:
            raise self.error(tree, f"{name} is not introduced")
        kind = frame.scope[name]
        if kind != "Nat" and not (kind.startswith("List") and not strong):
            raise self.error(
                tree, f"{name} is {_some(kind)}: induction is on natural numbers or lists"
            )
        if strong:
            self.strong(frame, name)
        else:
            self.simple(frame, name, item)

    def introduce_all(self, frame: Frame, name: str) -> None:
        while (
            name not in frame.scope and frame.goal is not None and frame.goal.head in ("all", "imp")
        ):
            if frame.goal.head == "all":
                self.intro(frame, frame.goal.name)
            else:
                fact = self.fresh()
                self.write(frame, f"intro {fact}")
                frame.facts.append((fact, frame.goal.args[0]))
                frame.goal = frame.goal.args[1]

    def only_number(self, frame: Frame, tree: Node) -> str:
        goal = frame.goal
        there = dict.fromkeys(n for n, k in frame.scope.items() if k == "Nat")
        while goal is not None and goal.head == "all":
            there[goal.name] = None
            goal = goal.args[0]
        if len(there) != 1:
            raise self.error(tree, "it is not said on what", "We proceed by induction on n.")
        return next(iter(there))

    def dependent(self, frame: Frame, name: str) -> list[tuple[str, Expr]]:
        return [(n, e) for n, e in frame.facts if name in free(e)]

    def strong(self, frame: Frame, name: str) -> None:
        shown = safe(name)
        self.write(frame, f"induction {shown} using Nat.strongRecOn with\n| ind {shown} ih =>")
        self.used.add("ih")
        other = next(n for n in ("m", "k", "i", "j", "l") if n not in frame.scope)
        frame.columns += 2
        frame.strong = True
        if frame.goal is None:
            frame.hypotheses.append(("ih", Expr("true")))
            return
        e = substituted(frame.goal, name, var(other))
        for _, fact in reversed(self.dependent(frame, name)):
            e = Expr("imp", (substituted(fact, name, var(other)), e))
        e = Expr("imp", (Expr("lt", (var(other), var(name))), e))
        frame.hypotheses.append(("ih", Expr("all", (e,), other, "Nat")))

    def simple(self, frame: Frame, name: str, item: Item) -> None:
        """Base case and inductive step, each with the sentences that are its own."""
        kind = frame.scope[name]
        place = self.step_begins(item)
        least = self.least(frame, name) if kind == "Nat" else None
        start = self.base_value(name, place)
        shown = safe(name)
        self.used.add("ih")
        if start and least is None:
            raise self.error_at(
                item,
                f"an induction that begins with {start} needs that {name} ≥ {start} is assumed",
            )
        zero: Expr = num(start) if kind == "Nat" else Expr("list")
        next_name = self.step_name(frame, name, place, kind)
        head = next(n for n in ("x", "y", "z", "u") if n not in frame.scope)
        if kind != "Nat":
            head = self.list_head(place, frame) or head
        tail = next_name
        after: Expr = (
            Expr("add", (var(tail), num(1)))
            if kind == "Nat"
            else Expr("cons", (var(head), var(tail)))
        )
        cases = (
            ("zero", f"succ {safe(tail)} ih")
            if kind == "Nat"
            else ("nil", f"cons {head} {tail} ih")
        )
        base = self.at_term(frame, name, zero)
        step = self.at_term(frame, name, after)
        step.scope[tail] = kind
        if kind != "Nat":
            step.scope[head] = kind.removeprefix("List ")
        if tail != name:
            step.scope.pop(name, None)
        hypothesis = None if frame.goal is None else substituted(frame.goal, name, var(tail))
        premises = [substituted(e, name, var(tail)) for _, e in self.dependent(frame, name)]
        full = hypothesis
        for e in reversed(premises):
            full = None if full is None else Expr("imp", (e, full))
        step.hypotheses.append(("ih", Expr("true") if full is None else full))
        unfolded = self.next_terms(frame, name, tail) if kind == "Nat" else []
        self.write(frame, f"induction {shown} with")
        if start:
            self.write(frame, f"| zero => omega\n| {cases[1]} =>")
            fact = self.fresh()
            self.write(step, f"by_cases {fact} : {safe(tail)} + 1 = {start}")
            before = len(self.lines)
            base.columns = step.columns + 2
            self.write(base, f"obtain rfl : {safe(tail)} = {start - 1} := by omega")
            self.part(base, place)
            self.bullet(step, before)
            before = len(self.lines)
            step.columns += 2
            gaps = " ".join(["(by sorry)"] * len(premises))
            self.write(step, f"replace ih := ih {gaps}")
            step.hypotheses[-1] = ("ih", hypothesis or Expr("true"))
            step.facts.append((fact, Expr("ne", (after, num(start)))))
            self.unfold(step, unfolded)
            self.part(step, len(self.items))
            self.bullet(replace(step, columns=step.columns - 2), before)
        else:
            self.write(frame, f"| {cases[0]} =>")
            self.part(base, place)
            self.write(frame, f"| {cases[1]} =>")
            self.unfold(step, unfolded)
            self.part(step, len(self.items))
        frame.closed = True

    def next_terms(self, frame: Frame, name: str, tail: str) -> list[Expr]:
        """How the sums and products of the goal go on from one number to the next."""
        found = []
        for e in subexpressions(frame.goal) if frame.goal is not None else ():
            if e.head not in ("sum", "prod") or name in free(e.args[2]) or e.args[0].head != "num":
                continue
            now = substituted(e, name, var(tail))
            later = substituted(e, name, Expr("add", (var(tail), num(1))))
            high = simplified(later.args[1])
            if simplified(Expr("sub", (high, now.args[1]))) != num(1):
                continue
            last = substituted(e.args[2], e.name, high)
            head = "add" if e.head == "sum" else "mul"
            found.append(Expr("eq", (later, Expr(head, (now, last)))))
        return list(dict.fromkeys(found))

    def unfold(self, frame: Frame, equations: Sequence[Expr]) -> None:
        for e in equations:
            kind = kind_of(e.args[0], frame.scope)
            name = self.fresh()
            proof = "by simp [List.range_succ]"
            if kind not in ("", "Nat") and e.args[0].head == "sum":
                both = f"∀ l m : List {lean_kind(kind)}, (l ++ m).sum = l.sum + m.sum"
                proof = (
                    f"by\n  have append : {both} := by\n    intro l m\n"
                    "    induction l <;> grind\n  simp [List.range_succ, append]"
                )
            self.write(frame, f"have {name} : {self.lean(e, frame)} := {proof}")
            frame.facts.append((name, e))

    def at_term(self, frame: Frame, name: str, e: Expr) -> Frame:
        goal = None if frame.goal is None else substituted(frame.goal, name, e)
        inner = frame.inner(goal)
        inner.facts = [(n, substituted(fact, name, e)) for n, fact in frame.facts]
        if name not in free(e):
            inner.values[name] = e
        return inner

    def part(self, frame: Frame, until: int) -> None:
        """The sentences up to a place, as a block of their own."""
        items, self.items = self.items, self.items[:until]
        if self.at < len(self.items) and self.items[self.at].marker in ("base", "step"):
            item = self.items[self.at]
            self.at += 1
            self.step(frame, item)
        self.block(frame, frozenset({"base", "step"}))
        self.items = items

    def step_begins(self, item: Item) -> int:
        """Where the inductive step begins: at its mark, or with what is assumed."""
        marks = [i for i in range(self.at, len(self.items)) if self.items[i].marker == "step"]
        if marks:
            return marks[0]
        for i in range(self.at, len(self.items)):
            tree = self.items[i].tree
            inner = nodes(tree)[0] if tree is not None and nodes(tree) else None
            if inner is not None and inner.data in ("assume", "assume_claim", "let_assume"):
                return i
            if inner is not None and inner.data == "let" and i > self.at:
                return i
        raise self.error_at(
            item, "this induction has no inductive step",
            "Inductive step: assume that the claim holds for n.",
        )  # fmt: skip

    def base_value(self, name: str, place: int) -> int:
        """The number with which an induction begins."""
        for item in self.items[self.at : place]:
            words = item.sentence.words
            for i in range(len(words) - 2):
                if (
                    words[i].text == name
                    and words[i + 1].kind == "="
                    and words[i + 2].kind == "NUMBER"
                    and (
                        i == 0
                        or words[i - 1].kind in ("for", "when", "at", "if", "(", "case", ":", "let")
                    )
                ):
                    return int(words[i + 2].text)
        return 0

    def least(self, frame: Frame, name: str) -> int | None:
        for _, e in frame.facts:
            if len(e.args) == 2 and e.head in ("ge", "gt", "le", "lt"):
                a, b = e.args if e.head in ("ge", "gt") else e.args[::-1]
                if a == var(name) and b.head == "num":
                    return int(b.name) + (e.head in ("gt", "lt"))
        return None

    def step_name(self, frame: Frame, name: str, place: int, kind: str) -> str:
        """The name that the inductive step has for the variable."""
        for item in self.items[place : place + 2]:
            names = [w.text for w in item.sentence.words if w.kind == "NAME"]
            new = [n for n in dict.fromkeys(names) if n not in frame.scope]
            if kind != "Nat":
                continue
            if new and name not in names and len(new) == 1:
                return new[0]
        return name

    def list_head(self, place: int, frame: Frame) -> str:
        for item in self.items[place:]:
            words = item.sentence.words
            for i in range(1, len(words)):
                if words[i].kind == "::" and words[i - 1].text not in frame.scope:
                    return words[i - 1].text
        return ""

    def at_value(self, frame: Frame, tree: Node, item: Item) -> None:
        name = node(tree, "name")
        if name is not None:
            own = self.meaning.name(name)
            value = self.meaning.term(next(n for n in nodes(tree) if n is not name), frame.scope)
            if frame.values.get(own) != value and own not in frame.values:
                raise self.error(
                    tree, f"{own} is not {reading(value, frame.scope)} here", "Case 1: n = 0."
                )
            if frame.values[own] != value:
                raise self.error(tree, f"{own} is {reading(frame.values[own], frame.scope)} here")
        if (claims := node(tree, "claims")) is not None:
            self.claims(frame, claims, item)
        elif (sides := node(tree, "both_sides")) is not None and nodes(sides):
            value = self.valued(self.meaning.term(nodes(sides)[0], frame.scope), frame)
            if frame.goal is None or frame.goal.head != "eq":
                raise self.error(sides, "what is to be shown is no equation")
            for side in frame.goal.args:
                self.claim(frame, Expr("eq", (side, value)), sides)


def _some(kind: str, many: bool = False) -> str:
    words = kind_in_words(kind, many)
    return words if many else f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _has_fraction(links: Sequence[Expr]) -> bool:
    def has(e: Expr) -> bool:
        return e.head == "frac" or any(has(one) for one in e.args)

    return any(has(e) for e in links)


def _part(sentence: Sentence, words: Sequence[Word]) -> Sentence:
    if not words:
        return sentence
    return Sentence(tuple(words), words[0].first, words[-1].last, sentence.paragraph)


def _label(words: list[Word]) -> int | None:
    """Takes the number that a step begins with."""
    kinds = [w.kind for w in words[:4]]
    if kinds[:2] == ["NUMBER", "."] or kinds[:2] == ["step", "NUMBER"]:
        number = words[0 if kinds[0] == "NUMBER" else 1].text
        del words[:2]
    elif kinds[:3] == ["(", "NUMBER", ")"] and kinds[3:] and kinds[3].isalpha():
        number = words[1].text
        del words[:3]
    else:
        return None
    while words and words[0].kind in (":", "."):
        del words[0]
    return int(number)


def _marker(words: list[Word]) -> str:
    """Takes the mark that a part begins with."""
    texts = [w.text.lower() for w in words[:4]]
    kinds = [w.kind for w in words[:4]]
    if kinds[:2] == ["base", "case"] or kinds[:2] == ["base", "step"]:
        del words[:2]
        _skip_value(words)
        return "base"
    if kinds[:2] == ["induction", "step"]:
        del words[:2]
        _skip_value(words)
        return "step"
    if kinds[:1] == ["case"]:
        del words[: 2 if kinds[1:2] == ["NUMBER"] else 1]
        while words and words[0].kind in (":", ".", ","):
            del words[0]
        return "case"
    if (
        kinds[:1] == ["in"]
        and texts[1:2]
        and texts[1] in ("both", "all", "each", "every", "either", "any")
    ):
        skip = 3 if kinds[2:3] == ["case"] else 4 if kinds[3:4] == ["case"] else 0
        if skip:
            del words[:skip]
            _skip_value(words)
            return "cases_end"
    if texts[:1] == ["conversely"]:
        del words[:1]
        _skip_value(words)
        return "conversely"
    arrows = {"⇒": "forward", "→": "forward", "⇐": "conversely", "←": "conversely"}
    if kinds[:1] == ["("] and len(kinds) > 2 and kinds[1] in arrows and kinds[2] == ")":
        del words[:3]
        return arrows[kinds[1]]
    return ""


def _skip_value(words: list[Word]) -> None:
    """Passes over `(n = 0)`, `n = 0` and a colon that follow a mark."""
    kinds = [w.kind for w in words]
    if kinds[:1] == ["("] and ")" in kinds:
        del words[: kinds.index(")") + 1]
    elif kinds[:2] == ["NAME", "="] and ":" in kinds[:6]:
        del words[: kinds.index(":")]
    while words and words[0].kind in (":", ".", ",", "-"):
        del words[0]
