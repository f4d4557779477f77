"""Lemmas that nobody wrote: found where a search has failed, proved by the same search, and written
before the theorem that needs them.

Equations over the functions of the goal are enumerated and tested on small values
(`prover.engine.conjectures`), those that survive are proved, simple ones first, each with those
proved before at hand, and the goal is searched again with them (HipSpec: Claessen, Johansson, Rosén
and Smallbone, CADE 2013).
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Mapping,
    Sequence,
)
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, replace
from typing import Any

from prover.engine import targets
from prover.engine.checking import Checker
from prover.engine.conjectures import mentioned, speculated
from prover.engine.exploring import WORDS, explored, learned
from prover.engine.filling import Found, Part, filled_text
from prover.engine.minimise import minimised
from prover.engine.targets import Target
from prover.engine.terms import (
    Equation,
    Symbol,
    Term,
    statement,
)
from prover.generate.portfolio import Portfolio, suggestions
from prover.generate.sight import using
from prover.lean.source import cut, fill_all, indent
from prover.lean.source import replace as insert
from prover.lean.states import Declaration, Elaborated, Name
from prover.lean.worker import ElaborationFailed
from prover.verify.judge import Made
from search.budget import Budget, Spent
from search.context import Context
from search.interfaces import Goal, Progress, Request, State, Suggestion, TacticGenerator

CONJECTURES = 30
"""How many conjectures of one size are tried, those first that are likeliest to help."""

TOGETHER = 2

TRIES = 3
"""How often a conjecture is tried: what has failed once with one more lemma, twice with two."""

PROOF = Budget(expansions=6, seconds=15.0)
ATTEMPT = Budget(expansions=24, seconds=30.0)
"""What the proof of a lemma may take, and one more search of the goal, which leaves half of the budget
for more lemmas."""

REFUTED = 100
"""At how many points a conjecture is tested that comes from a goal."""

MOST_RULES = 12
"""How many theorems, the nearest, conjectures are simplified with."""

STUCK = 6
"""How many of the goals that are left of inductions are looked at."""

WORD = re.compile(r"[^\W\d][\w'!?₀-₉]*")

Search = Callable[[Part, Budget, TacticGenerator | None], Awaitable[Found]]


@dataclass(frozen=True, slots=True)
class Lemma:
    """A theorem that was found on the way. `signature` is what stands after its name."""

    name: str
    signature: str
    script: str

    @property
    def text(self) -> str:
        return f"{head(self.name, self.signature)} := by\n  {indent(self.script, 2)}\n"

    @property
    def shown(self) -> str:
        """It in one line, as a person names it."""
        signature = " ".join(self.signature.split())
        return f"{self.name}{' ' * (not signature.startswith(':'))}{signature}"


@dataclass(slots=True, eq=False)
class _Conjecture:
    """What may be a lemma: `name` is what it may be called, `functions` are those that it is about
    and those that these are made of. `left`: a search was left with it, so that it is neither
    simplified nor tested on small values yet, and hard. `due` is how many lemmas there should be
    before it is tried again."""

    name: str
    signature: str
    functions: set[str]
    left: bool = False
    tries: int = 0
    due: int = 0


@dataclass(frozen=True, slots=True)
class Discovered:
    """The lemmas that stand before a target, in their order, and what is found with them for those
    of its parts that were open."""

    lemmas: tuple[Lemma, ...]
    found: dict[Part, Found]


def head(name: str, signature: str) -> str:
    """The first lines of a theorem."""
    line = f"theorem {name} {signature}"
    if len(line) <= 92:
        return line
    depth = 0
    for place, letter in enumerate(signature):
        depth += (letter in "([{") - (letter in ")]}")
        if depth == 0 and signature[place : place + 3] == " : ":
            return f"theorem {name} {signature[:place]} :\n    {signature[place + 3 :]}"
    return line


class Discovery:
    """The search for lemmas for one target that stays open.

    `search` runs one search under a budget, with a generator or the job's own; `budget` is for all
    of them together, and for the search of the target after that; no lemma has a name of those
    `taken`; theorems of the text that are `proved` by now help; `over` says that the job was
    cancelled.
    """

    def __init__(
        self,
        texts: Checker,
        search: Search,
        header: str,
        target: Target,
        found: Sequence[tuple[Part, Found]],
        *,
        taken: AbstractSet[str],
        proved: AbstractSet[str],
        budget: Budget,
        over: Callable[[], bool],
    ) -> None:
        self._pool = texts.pool
        self._search = search
        self._header = header
        self._target = target
        self._parts = [part for part, _ in found]
        self._failed = [one for _, one in found]
        self._over = over
        self._solved = proved
        self._budget = budget
        self._text = self._parts[0].text
        self._command = self._text.commands[target.declaration.command]
        self._before = cut(self._text.text, 0, self._command.first)
        self._words = {*taken, *WORD.findall(header + self._text.text)}
        self._lemmas: list[Lemma] = []
        self._waiting: list[_Conjecture] = []
        self._tried: set[str] = set()
        self._begin = asyncio.get_running_loop().time()
        self._way: Found | None = None

    async def run(self) -> Discovered:
        """Lemmas with what is found with them, or what is left of the target after all."""
        context = await self._context(self._open[0])
        exploration, bench = explored(self._open[0].state, context)
        done = Discovered((), {})
        if await self._prove(self._speculated(context)):
            done = await self._attempt(_least(ATTEMPT, _half(self._left)), Portfolio())
        while bench.points and not (done.found or self._is_over) and exploration.batch():
            equations = await learned(self._pool, self._open[0].state, exploration, bench)
            if await self._proved(equations, context):
                done = await self._attempt(_least(ATTEMPT, _half(self._left)), Portfolio())
        if not done.found:
            done = await self._attempt(self._budget, None)
        before = dict(zip(self._parts, self._failed, strict=True))
        if self._way is not None:
            before[self._open[0]] = self._way.after(before[self._open[0]])
        found = {part: one.after(before[part]) for part, one in done.found.items()}
        return replace(done, found=found)

    # Conjectures

    def _speculated(self, context: Context) -> list[_Conjecture]:
        """What the goals suggest that are left of inductions, those first that say least."""
        goals = {
            goal.state.goals[0].target: goal.state.goals[0]
            for found in self._failed
            for goal in found.graph.goals
            if any("induction" in step.tactic for step in goal.path.steps())
        }
        shown = {f.signature.shown: name for name, f in context.functions.items()}
        conjectures: list[_Conjecture] = []
        for target in sorted(goals, key=len)[:STUCK]:
            for found in speculated(goals[target], shown):
                named = [shown[called] for called in mentioned(found.claim, shown)]
                functions = {f.signature.name for f in context.functions_of(named)}
                alone = "(h1 : " not in found.binders  # the order of its variables is no matter
                said = _anonymous(found.claim if alone else found.signature, found.names)
                new = self._tried.isdisjoint({found.signature, said})
                if named and new and not self._is_target(found.claim, found.names):
                    self._tried |= {found.signature, said}
                    name = _spoken(found.claim, context)
                    conjectures.append(_Conjecture(name, found.signature, functions, left=True))
        return conjectures[:CONJECTURES]

    async def _considered(self, conjecture: _Conjecture) -> _Conjecture | None:
        """What a search was left with, as simplification leaves it; None where it does not elaborate,
        is false, or is known by then."""
        if not conjecture.left or conjecture.tries:
            return conjecture
        name = self._fresh(conjecture.name)
        done = await self._with_hole(self._lemmas, name, conjecture.signature)
        self._words.discard(name)
        if done is None:
            return None
        states = [hole.state for hole in done.holes]
        try:
            goal = states[-1].goals[0]
            if (await self._pool.refute(states[-1], most=REFUTED)).found is not None:
                return None
            (target,) = targets.targets(done, done.declarations[-1:])
            part = Part(self._header, done, target, target.holes)
            context = await self._context(part)
            outcome = await self._pool.run(part.state, f"simp{_rules(part.state, context)}")
            if isinstance(outcome, Progress):
                states += outcome.children
                left = [one.goals[0] for one in outcome.children]
                if not left:
                    return None
                if len(left) == 1 and len(left[0].target) < len(goal.target):
                    goal = left[0]
                    said = _anonymous(goal.target, _variables(goal))
                    if said in self._tried:
                        return None
                    self._tried.add(said)
                    conjecture.name = _spoken(goal.target, context) or conjecture.name
            conjecture.signature = _signature(goal)
            return conjecture
        finally:
            self._pool.release(states)

    def _fresh(self, base: str) -> str:
        """A name that the text does not have."""
        marks = itertools.chain(["", "'"], (f"_{i}" for i in itertools.count(2)))
        names = (f"{base}{mark}" for mark in marks)
        name = next(name for name in names if name not in self._words)
        self._words.add(name)
        return name

    async def _proved(self, equations: Iterable[Equation], context: Context) -> bool:
        """Tries to prove conjectures, and again those that failed before and may need what is new.
        Says whether any lemma is."""
        new = []
        shown = {name: kind.signature.shown for name, kind in context.types.items()}
        for equation in sorted(equations, key=lambda e: _rank(e, context)):
            found = statement(equation, shown)
            named = [symbol.name for symbol in equation.symbols]
            functions = {f.signature.name for f in context.functions_of(named)}
            known = found.signature in self._tried or self._is_target(found.claim, found.names)
            if functions and not known:  # what is about the library alone, tactics know
                self._tried.add(found.signature)
                new.append(_Conjecture(base_name(equation), found.signature, functions))
        fresh = await self._prove(new[:CONJECTURES])
        if fresh:
            there = len(self._lemmas)
            again = [c for c in self._waiting if c.functions & fresh and c.due <= there]
            self._waiting = [c for c in self._waiting if c not in again]
            await self._prove(again)
        return bool(fresh)

    def _is_target(self, claim: str, names: Iterable[str]) -> bool:
        """Whether a claim about some variables says what is to be proved, but for their names and the
        order of its sides."""
        goal = self._open[0].state.goals[0]
        left, _, right = claim.partition(" = ")
        sides = (f"{left} = {right}", f"{right} = {left}")
        return _anonymous(goal.target, _variables(goal)) in [_anonymous(s, names) for s in sides]

    async def _prove(self, conjectures: Sequence[_Conjecture]) -> set[str]:
        """Tries to prove conjectures, some at once: always as many, so that what comes of it does
        not depend on the number of workers. The functions that the new lemmas are about."""
        new: set[str] = set()
        for first in range(0, len(conjectures), TOGETHER):
            if self._is_over:
                break
            come = conjectures[first : first + TOGETHER]
            considered = [await self._considered(one) for one in come]
            group = [one for one in considered if one is not None]
            names = [self._fresh(one.name) for one in group]
            tries = [self._lemma(name, one) for name, one in zip(names, group, strict=True)]
            for name, one, came in zip(names, group, await asyncio.gather(*tries), strict=True):
                one.tries += 1
                if isinstance(came, Lemma):
                    self._lemmas.append(came)
                    new |= one.functions
                    continue
                self._words.discard(name)
                one.due = len(self._lemmas) + one.tries + one.left
                if came and one.tries < TRIES:
                    self._waiting.append(one)
        return new

    async def _context(self, part: Part) -> Context:
        told = await self._pool.context(part.state, part.theorems)
        return told.with_proved(self._solved)

    async def _lemma(self, name: str, conjecture: _Conjecture) -> Lemma | bool:
        """A conjecture as a lemma; True where it may be one yet, False where it is none: it does not
        elaborate, is false, or simplification alone proves it with what is there."""
        done = await self._with_hole(self._lemmas, name, conjecture.signature)
        if done is None:
            return False
        try:
            goal = done.holes[-1].state.goals[0]
            if self._is_target(goal.target, _variables(goal)):
                return False
            (target,) = targets.targets(done, done.declarations[-1:])
            part = Part(self._header, done, target, target.holes)
            context = await self._context(part)
            outcome = await self._pool.run(part.state, f"simp{_rules(part.state, context)}")
            if isinstance(outcome, Progress) and not outcome.children:
                return False
            found = await self._searched(part, PROOF, _Inductive(part.state))
            if found.result.proof is None:
                return True
            return Lemma(name, conjecture.signature, found.result.proof)
        finally:
            self._pool.release([hole.state for hole in done.holes])

    async def _with_hole(
        self, before: Sequence[Lemma], name: str, signature: str
    ) -> Elaborated | None:
        """The text before the target with lemmas, and one more whose proof is a hole, the last of
        the text; None if that does not elaborate."""
        text = f"{self._before}{written_lemmas(before)}{head(name, signature)} := by sorry\n"
        try:
            done = await self._pool.elaborate(self._header, text, family=self._text.family)
        except ElaborationFailed:
            return None
        last = len(self._before.encode())
        if done.errors or not done.holes or done.holes[-1].first < last:
            self._pool.release([hole.state for hole in done.holes])
            return None
        return done

    # The target

    async def _attempt(self, budget: Budget, generator: TacticGenerator | None) -> Discovered:
        """Searches what is open of the target once more, with the lemmas."""
        done, target = await self._with(self._lemmas)
        if done is None or target is None or self._over():
            return Discovered((), {})
        found: dict[Part, Found] = {}
        try:
            for part, hole in zip(self._parts, target.holes, strict=True):
                if part in self._open:
                    anew = replace(part, text=done, target=target, holes=(hole,))
                    found[part] = await self._searched(anew, budget, generator)
                    proof = found[part].result.proof
                    if proof is None:
                        return Discovered((), {part: found[part]} if generator is None else {})
                    proof = await minimised(self._pool, anew.state, proof)
                    found[part] = _with_proof(found[part], proof)
        finally:
            self._pool.release([hole.state for hole in done.holes])
        return await self._with_what_is_needed(found)

    async def _with_what_is_needed(self, found: dict[Part, Found]) -> Discovered:
        """The lemmas that the proofs use, directly or through another, and the proofs without the
        names of those that they do not use."""
        lemmas = list(self._lemmas)
        whole = await self._filled(lemmas, found)
        if whole is None:
            return Discovered(tuple(lemmas), found)
        made, first = Made.of(whole), self._target.declaration.command
        names = [whole.commands[first + i].constants[0].name for i in range(len(lemmas))]
        uses = [made.mentions(first + i) & set(names) for i in range(len(lemmas) + 1)]
        needed: set[Name] = set()
        todo = list(uses[-1])
        while todo:
            name = todo.pop()
            if name not in needed:
                needed.add(name)
                todo += uses[names.index(name)]
        spoken = {
            name: (lemma.name, ".".join(map(str, name)))
            for name, lemma in zip(names, lemmas, strict=True)
        }

        def lean(script: str, used: Iterable[Name]) -> str:
            return without(script, [s for n in names if n not in used for s in spoken[n]])

        for strict in (True, False):
            kept = [
                replace(lemma, script=lean(lemma.script, use if strict else needed))
                for name, lemma, use in zip(names, lemmas, uses, strict=False)
                if name in needed
            ]
            ended = {
                part: _with_proof(one, lean(one.result.proof or "", uses[-1] if strict else needed))
                for part, one in found.items()
            }
            if await self._filled(kept, ended) is not None:
                short = [await self._short(kept[:i], lemma) for i, lemma in enumerate(kept)]
                holds = await self._filled(short, ended) is not None
                return Discovered(tuple(short if holds else kept), ended)
        return Discovered(tuple(lemmas), found)

    async def _short(self, before: Sequence[Lemma], lemma: Lemma) -> Lemma:
        """A lemma with nothing in its proof that this does not need."""
        done = await self._with_hole(before, lemma.name, lemma.signature)
        if done is None or self._over():
            return lemma
        try:
            script = await minimised(self._pool, done.holes[-1].state, lemma.script)
            return replace(lemma, script=script)
        finally:
            self._pool.release([hole.state for hole in done.holes])

    async def _filled(self, lemmas: Sequence[Lemma], found: dict[Part, Found]) -> Elaborated | None:
        """The text up to the target's end with lemmas and proofs; None where it does not hold."""
        done, target = await self._with(lemmas)
        if done is None or target is None:
            return None
        self._pool.release([hole.state for hole in done.holes])
        scripts = {**dict(zip(self._parts, self._failed, strict=True)), **found}
        proofs = [
            (hole, scripts[part].result.proof)
            for part, hole in zip(self._parts, target.holes, strict=True)
        ]
        try:
            whole = await self._pool.elaborate(
                self._header, fill_all(done.text, proofs), family=self._text.family, holes=False
            )
        except ElaborationFailed:
            return None
        anew = self._found_in(whole, len(lemmas))
        return None if whole.errors or anew is None or anew.sorry else whole

    async def _with(self, lemmas: Sequence[Lemma]) -> tuple[Elaborated | None, Target | None]:
        """The text up to the target's end with lemmas before the target, and that there."""
        own = cut(self._text.text, self._command.first, self._command.last)
        text = self._before + written_lemmas(lemmas) + own + "\n"
        try:
            done = await self._pool.elaborate(self._header, text, family=self._text.family)
        except ElaborationFailed:
            return None, None
        declaration = self._found_in(done, len(lemmas))
        found = [] if declaration is None else targets.targets(done, [declaration])
        if not found or len(found[0].holes) != len(self._target.holes):
            self._pool.release([hole.state for hole in done.holes])
            return None, None
        return done, found[0]

    def _found_in(self, text: Elaborated, lemmas: int) -> Declaration | None:
        """The target in a text with so many lemmas before it."""
        command, side, name = self._target.declaration.place
        place = (command + lemmas, side, name)
        return next((d for d in text.declarations if d.place == place), None)

    # What it may take

    @property
    def _open(self) -> list[Part]:
        pairs = zip(self._parts, self._failed, strict=True)
        return [part for part, found in pairs if found.result.proof is None]

    @property
    def _left(self) -> Budget:
        spent = Spent() if self._way is None else self._way.spent
        budget = self._budget
        seconds = asyncio.get_running_loop().time() - self._begin
        return Budget(
            None if budget.expansions is None else budget.expansions - spent.expansions,
            None if budget.tokens is None else budget.tokens - spent.tokens,
            None if budget.heartbeats is None else budget.heartbeats - spent.heartbeats,
            None if budget.seconds is None else budget.seconds - seconds,
        )

    @property
    def _is_over(self) -> bool:
        left = self._left
        limits = (left.expansions, left.tokens, left.heartbeats, left.seconds)
        return self._over() or any(limit is not None and limit <= 0 for limit in limits)

    async def _searched(
        self, part: Part, budget: Budget, generator: TacticGenerator | None
    ) -> Found:
        """What a search comes to. One with a generator counts on the way to lemmas."""
        if generator is None:
            return await self._search(part, budget, None)
        found = await self._search(part, _least(budget, self._left), generator)
        if self._way is None:
            self._way = found
        else:
            spent = self._way.spent + found.spent
            failures = self._way.failures + found.failures
            self._way = Found(replace(found.result, spent=spent, failures=failures), None)
        return found


def _with_proof(found: Found, proof: str) -> Found:
    return replace(found, result=replace(found.result, proof=proof))


def _half(budget: Budget) -> Budget:
    expansions, tokens, heartbeats, seconds = (getattr(budget, f.name) for f in fields(Budget))
    return Budget(
        None if expansions is None else (expansions + 1) // 2,
        None if tokens is None else (tokens + 1) // 2,
        None if heartbeats is None else (heartbeats + 1) // 2,
        None if seconds is None else seconds / 2,
    )


def _least(one: Budget, other: Budget) -> Budget:
    """What both budgets allow."""

    def least(name: str) -> Any:
        limits = [limit for b in (one, other) if (limit := getattr(b, name)) is not None]
        return min(limits, default=None)

    return Budget(*(least(f.name) for f in fields(Budget)))


# Texts


def written_lemmas(lemmas: Sequence[Lemma]) -> str:
    """Lemmas as they stand before the theorem that they are for."""
    return "".join(f"{lemma.text}\n" for lemma in lemmas)


def without(script: str, names: Iterable[str]) -> str:
    """A script with some names left out of its lists of rules."""
    unwanted = set(names)

    def shorter(match: re.Match[str]) -> str:
        items = [item.strip() for item in match[1].split(",")]
        kept = [item for item in items if item.removeprefix("←").strip() not in unwanted]
        if len(kept) == len(items):
            return match[0]
        return f" [{', '.join(kept)}]" if kept else ""

    return re.sub(r" \[([^\[\]]*)\]", shorter, script)


def with_lemmas(
    filled: str,
    text: Elaborated,
    wanted: Sequence[Target],
    found: Sequence[tuple[Part, Found]],
    refused: Mapping[str, str],
    lemmas: Mapping[str, Sequence[Lemma]],
) -> str:
    """A text with proofs (`filled_text`), and lemmas before the targets that they are for."""
    for target in sorted(wanted, key=lambda t: t.declaration.command):
        if own := lemmas.get(target.name):
            first = text.commands[target.declaration.command].first
            later = [t for t in wanted if t.declaration.command >= target.declaration.command]
            rest = filled_text(text, later, found, refused)
            after = len(rest.encode()) - first
            place = len(filled.encode()) - after
            filled = insert(filled, place, place, written_lemmas(own))
    return filled


OPERATORS = {
    "0": "zero",
    "{} + 1": "succ",
    "{} + {}": "add",
    "{} * {}": "mul",
    "{} ++ {}": "append",
    "{} && {}": "and",
    "{} || {}": "or",
    "[]": "nil",
    "{} :: {}": "cons",
}


def base_name(equation: Equation) -> str:
    """What an equation may be called: by its functions, as the library does."""
    left, right = equation.left, equation.right
    first = left.head
    if isinstance(first, Symbol) and len(left.arguments) == 2 == len(left.variables):
        a, b = left.arguments
        if right == Term(first, (b, a), left.type):
            return f"{called(first)}_comm"
    chain = len(left.arguments) == 2 and len(left.variables) == 3 and left.size == 5
    if isinstance(first, Symbol) and chain:
        a, b = left.arguments
        if right.head is first and right.arguments[1] != b:
            if a.head is first and b.size == 1:
                return f"{called(first)}_assoc"
            if b.head is first:
                return f"{called(first)}_left_comm"
    heads = [t.head for t in left.subterms() if isinstance(t.head, Symbol)]
    return "_".join(called(symbol) for symbol in heads[:4]) or "lemma"


def called(symbol: Symbol) -> str:
    return OPERATORS.get(symbol.operator or "", symbol.name.rsplit(".", 1)[-1])


def _spoken(claim: str, context: Context) -> str:
    """What a claim may be called: by the user's functions and constructors in it."""
    names = [f.signature for f in context.functions.values()]
    names += [made for kind in context.types.values() for made in kind.constructors]
    shown = {one.shown: one.name for one in names}
    return "_".join(shown[called].rsplit(".", 1)[-1] for called in mentioned(claim, shown)[:4])


def _rules(state: State, context: Context) -> str:
    """What there is to simplify with, as a list for `simp`."""
    functions = context.functions_of(state.goals[0].own)
    known = [p for p in context.premises if p.rewrites and not p.open]
    rules = [f.signature.listed for f in functions if not f.opaque]
    return using([*rules, *(p.signature.listed for p in known[-MOST_RULES:])])


def _signature(goal: Goal) -> str:
    """The goal of a theorem as what stands after its name, without variables that it does not
    mention."""
    names = {hypothesis.name for hypothesis in goal.hypotheses}
    needed = set(WORD.findall(goal.target))
    for hypothesis in reversed(goal.hypotheses):
        if hypothesis.is_prop or hypothesis.name in needed:
            needed |= set(WORD.findall(hypothesis.type))
    binders = []
    for hypothesis in goal.hypotheses:
        type_ = re.sub(r"\b(Type|Sort) [\w.]+", r"\1 _", " ".join(hypothesis.type.split()))
        if not hypothesis.name or hypothesis.name.startswith("inst"):
            if names.intersection(WORD.findall(type_)) <= needed:
                binders.append(f"[{type_}]")
        elif re.match(r"(Type|Sort)\b", type_) and hypothesis.name in needed:
            binders.append(f"{{{hypothesis.name} : {type_}}}")
        elif hypothesis.is_prop or hypothesis.name in needed:
            binders.append(f"({hypothesis.name} : {type_})")
    claim = " ".join(goal.target.split())
    return f"{' '.join(binders)} : {claim}" if binders else f": {claim}"


def _variables(goal: Goal) -> list[str]:
    return [hypothesis.name for hypothesis in goal.hypotheses if not hypothesis.is_prop]


def _anonymous(claim: str, names: Iterable[str]) -> str:
    """A claim with its variables numbered in the order met."""
    numbers: dict[str, str] = {}
    known = set(names)

    def number(match: re.Match[str]) -> str:
        word, dot, rest = match[0].partition(".")
        if word not in known:
            return match[0]
        return numbers.setdefault(word, f"#{len(numbers)}") + dot + rest

    return WORDS.sub(number, claim)


# What a goal is about


def _rank(equation: Equation, context: Context) -> tuple[int, int]:
    """The place of a conjecture among those of one size: what speaks of functions that are made of
    few others comes first, for what is proved of these helps with the others."""
    named = [symbol.name for symbol in equation.symbols]
    return len(context.functions_of(named)), equation.size


class _Inductive:
    """What is tried on a conjecture: at its own goal induction and what takes it apart, for
    simplification alone does not prove it; elsewhere the portfolio."""

    def __init__(self, root: State) -> None:
        self._root = root

    async def generate(self, requests: Sequence[Request]) -> AsyncIterator[tuple[int, Suggestion]]:
        for index, request in enumerate(requests):
            for suggestion in suggestions(request.state.goals[0], request.context):
                if request.state != self._root or APART.match(suggestion.tactic):
                    yield index, suggestion


APART = re.compile(r"(fun_induction|fun_cases|induction|cases|grind|funext|ext|split|unfold)\b")
