"""Equations about the functions of a goal, found by computing with Lean (`prover.engine.conjectures`)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from prover.engine.conjectures import FIRST, Bench, Exploration, Row
from prover.engine.terms import ELEMENT, Equation, Term, read_type, symbols
from prover.lean.pool import LeanPool
from search.context import Context, Tree
from search.interfaces import State

WORDS = re.compile(r"[^\W\d][\w.'!?₀-₉]*")


def explored(state: State, context: Context) -> tuple[Exploration, Bench]:
    """What enumerates the terms over the functions of a goal, and where they are compared. There is
    nothing to compare if the bench has no `points`."""
    there = symbols(context, _functions(state, context), _about(state, context))
    exploration = Exploration(there, _goal_types(state, context))
    bench = Bench(context, exploration.variables)
    exploration.variables = bench.variables
    return exploration, bench


async def learned(
    pool: LeanPool, state: State, exploration: Exploration, bench: Bench
) -> list[Equation]:
    """The equations between terms of one size (`exploration.batch`) that hold at all points."""
    first = await _values(pool, state, bench, exploration.terms, bench.points[:FIRST])
    suspects = exploration.suspects(first)
    return exploration.learn(first, await _values(pool, state, bench, suspects, bench.points))


async def _values(
    pool: LeanPool,
    state: State,
    bench: Bench,
    terms: Sequence[Term],
    points: Sequence[Sequence[str]],
) -> dict[Term, Row]:
    """What terms are at some points, by all workers at once."""
    if not terms:
        return {}
    texts = bench.programs(terms)
    size = -(-len(texts) // pool.capacity)
    shares = [texts[i : i + size] for i in range(0, len(texts), size)]
    asked = (pool.evaluate(state, share, points=points) for share in shares)
    found = [row for rows in await asyncio.gather(*asked) for row in rows]
    return {
        term: None if row is None or None in row else tuple(map(str, row))
        for term, row in zip(terms, found, strict=True)
    }


def _about(state: State, context: Context) -> str:
    """The prints that show what of the library a goal speaks of."""
    equations = (e.text for f in context.functions.values() for e in f.equations)
    types = (c.type for t in context.types.values() for c in t.constructors)
    kinds = (f.signature.type for f in context.functions.values())
    return "\n".join([state.pp, *equations, *types, *kinds])


def _functions(state: State, context: Context) -> list[str]:
    """The functions of a goal and those that they are made of."""
    words = set(WORDS.findall(state.pp))
    own = [
        name
        for name, function in context.functions.items()
        if words & {name, function.signature.shown} or name in state.goals[0].own
    ]
    return [function.signature.name for function in context.functions_of(own)]


def _goal_types(state: State, context: Context) -> list[Tree]:
    """The types of a goal's variables, with one type variable for all that it has."""
    names: dict[str, Tree] = {name: name for name in ("Nat", "Int", "Bool", "List", "Option")}
    names |= {kind.signature.shown: name for name, kind in context.types.items()}
    for hypothesis in state.goals[0].hypotheses:
        if re.match(r"(Type|Sort)\b", hypothesis.type):
            names[hypothesis.name] = ELEMENT
    found = (read_type(h.type, names) for h in state.goals[0].hypotheses if not h.is_prop)
    return [tree for tree in dict.fromkeys(found) if tree is not None]
