"""False statements that are searched beside a batch: a prover that proves one is broken."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

from prover.api import Prover, StatementError
from prover.errors import CANARY, ProverError
from prover.lean.source import with_options
from prover.verify.verdict import Verdict

CANARIES = (
    "theorem canary_add (a b : Nat) : a + b = a",
    "theorem canary_sub (a b : Nat) : a - b + b = a",
    "theorem canary_lt (a b : Nat) (h : a ≤ b) : a < b",
    "theorem canary_mul (a b : Int) (h : a * b = 0) : a = 0",
    "theorem canary_square (n : Nat) : n * n % 3 = 1",
    "theorem canary_dvd (a b : Nat) (h : a ∣ b) : b ∣ a",
    "theorem canary_pow (n : Nat) (h : 0 < n) : 2 ^ n < n ^ 3 + 2",
    "theorem canary_swap (p q : Nat → Nat → Prop) (h : ∀ x, ∃ y, p x y) : ∃ y, ∀ x, p x y",
    "theorem canary_converse (p q : Prop) (h : p → q) (hq : q) : p",
    "theorem canary_choice (p q : Prop) (h : p ∨ q) : p ∧ q",
    "theorem canary_reverse (xs : List Nat) : xs.reverse = xs",
    "theorem canary_append (xs ys : List Nat) : xs ++ ys = ys ++ xs",
    "theorem canary_fin (x y : Fin 7) : x + y ≠ 3",
    "theorem canary_exists (f : Nat → Nat) : ∃ n, f n = 0",
    "theorem canary_closed : 2 ^ 10 = 1000",
    "theorem canary_false : False",
)
"""Each is false in core Lean, most of them for a reason that a careless search overlooks."""


class CanaryProved(ProverError):
    """Something false was accepted as proved: nothing that this run accepted can be trusted."""

    exit_code = CANARY
    hint = "Trust nothing that this run proved, and report it as SECURITY.md says."


class Canaries:
    """Watches a batch. Give it every verdict of the batch."""

    def __init__(self) -> None:
        self.searched = 0
        self._proved: set[str] = set()
        self._refuted: set[str] = set()

    def watch(self, verdict: Verdict) -> None:
        """Notes a verdict of the batch.

        Raises:
            CanaryProved: the negation of what it proves was proved as well.
        """
        if verdict.proved:
            self._proved.add(verdict.name)
            self._compare(verdict.name)

    def _refute(self, name: str) -> None:
        self._refuted.add(name)
        self._compare(name)

    def _compare(self, name: str) -> None:
        if name in self._proved & self._refuted:
            raise CanaryProved(f"{name} and its negation were both accepted as proved")


@contextlib.asynccontextmanager
async def canaries(
    prover: Prover,
    header: str,
    *,
    false: int = 4,
    negated_statements: tuple[str, ...] = (),
) -> AsyncIterator[Canaries]:
    """Searches some false statements, and the negations of some statements of the batch, beside
    what happens in the body of the `async with`, with the budget of the prover; one after the other,
    so that the batch does not wait for them.

    Raises:
        CanaryProved: a false statement was accepted, or a statement together with its negation; the
            body is cancelled at once.
    """
    watch = Canaries()
    options = replace(prover.options, refute=False)  # what is tried is to prove them
    chosen = random.Random(prover.options.seed).sample(CANARIES, min(false, len(CANARIES)))

    async def search(text: str, name: str | None) -> Verdict | None:
        try:
            filled = await prover.prove_text(text, name=name, options=options)
        except StatementError:
            return None  # a header may give other meanings to the words
        watch.searched += 1
        return filled.verdicts[-1]

    async def search_false(statement: str) -> None:
        verdict = await search(f"{with_options(header, statement)}{statement} := by sorry", None)
        if verdict is not None and verdict.proved:
            raise CanaryProved(f"a false statement was accepted as proved:\n{verdict.text}")

    async def search_negation(statement: str) -> None:
        try:
            text, name, negation = await prover.texts.negated(statement, header=header)
        except StatementError:
            return
        verdict = await search(text, negation)
        if verdict is not None and verdict.proved:
            watch._refute(name)

    body = asyncio.current_task()
    assert body is not None
    alarms: list[CanaryProved] = []
    turn = asyncio.Semaphore(1)

    async def guard(search: Callable[[str], Awaitable[None]], statement: str) -> None:
        try:
            async with turn:
                await search(statement)
        except CanaryProved as alarm:
            alarms.append(alarm)
            body.cancel()

    tasks = [
        *(asyncio.create_task(guard(search_false, statement)) for statement in chosen),
        *(asyncio.create_task(guard(search_negation, s)) for s in negated_statements),
    ]
    try:
        yield watch
        await asyncio.gather(*tasks)
    except asyncio.CancelledError:
        if alarms:
            body.uncancel()
            raise alarms[0] from None
        raise
    finally:
        for task in tasks:
            task.cancel()
