"""What a model is told, with examples of our own.

A sketch is asked for in the manner of Draft, Sketch, and Prove (Jiang et al. 2023): a formal proof
whose steps are those of the proof in words, each before the tactic that it became, with a gap where a
step is not a matter of one tactic. From a statement to its formal proof is Llemma's task (Azerbayev et
al. 2023, informal2formal): formal statement, statement in words, proof in words, in this order.
Answers are asked for as DeepSeekMath and Qwen2-Math do (a boxed answer), or by a program (PAL, Gao et
al. 2023).
"""

from __future__ import annotations

from collections.abc import Sequence

from prover.informal.writer import Question

EVEN_STATEMENT = "theorem even_mul_succ (n : Nat) : 2 ∣ n * (n + 1)"
EVEN_WORDS = "For every natural number n, the product n(n + 1) is even."
EVEN_PROOF = """1. We use induction on n.
2. For n = 0 the product is 0, which is even.
3. In the step, (n + 1)(n + 2) = n(n + 1) + 2(n + 1).
4. Both summands are even, so the sum is."""
EVEN_SKETCH = f"""{EVEN_STATEMENT} := by
  -- We use induction on n.
  induction n with
  | zero =>
    -- For n = 0 the product is 0, which is even.
    sorry
  | succ n ih =>
    -- In the step, (n + 1)(n + 2) = n(n + 1) + 2(n + 1).
    have h : (n + 1) * (n + 1 + 1) = n * (n + 1) + 2 * (n + 1) := by
      sorry
    -- Both summands are even, so the sum is.
    sorry"""

DIVIDES_STATEMENT = (
    "theorem dvd_combination (a b c : Int) (hb : a ∣ b) (hc : a ∣ c) : a ∣ 3 * b - 2 * c"
)
DIVIDES_WORDS = "Let a, b, c be integers such that a divides b and c. Then a divides 3b - 2c."
DIVIDES_PROOF = """1. Write b = ak.
2. Write c = am.
3. Then 3b - 2c = a(3k - 2m), which a divides."""
DIVIDES_SKETCH = f"""{DIVIDES_STATEMENT} := by
  -- Write b = ak.
  obtain ⟨k, hk⟩ := hb
  -- Write c = am.
  obtain ⟨m, hm⟩ := hc
  -- Then 3b - 2c = a(3k - 2m), which a divides.
  have h : 3 * b - 2 * c = a * (3 * k - 2 * m) := by
    sorry
  exact ⟨3 * k - 2 * m, h⟩"""


def _lean(code: str) -> str:
    return f"```lean\n{code}\n```"


def _task(formal: str, words: str, proof: str = "") -> str:
    parts = [f"Formal statement:\n{_lean(formal + ' := by sorry')}"]
    parts += [f"Statement:\n{words}"] if words else []
    parts += [f"Proof:\n{proof}"] if proof else []
    return "\n\n".join(parts)


DRAFT = (
    "You are given a theorem in Lean 4. Prove it in words, in short numbered steps, each one "
    "sentence, so that somebody can turn each step into Lean. Write nothing but the steps."
)
SKETCH = (
    "You are given a theorem in Lean 4, with its proof in words. Write a Lean 4 proof that follows "
    "the words. Put each step of the words, as it is written there, into a comment before the tactic "
    "that it becomes. Where a step needs more than a tactic or two, state what it claims, with `have` "
    "and the like, and leave its proof as `sorry`: a search fills these gaps. You may state lemmas "
    "before the theorem. Do not change the statement. Answer with one block of Lean code."
)
FORMALIZE = (
    "You are given a mathematical statement in words. Write it as a theorem in Lean 4, with "
    "`:= by sorry` for its proof: all that is assumed as variables and hypotheses, all that is "
    "claimed, nothing more and nothing less. Answer with one block of Lean code."
)
SAY = (
    "You are given a theorem in Lean 4. Say in one or two sentences of plain words what it states, "
    "hypotheses included. Do not prove it, and do not guess what was meant."
)
COMPARE = (
    "You are given two mathematical statements. Say whether they claim the same: begin with the word "
    "SAME or the word DIFFERENT, then say why in one sentence."
)


def draft(formal: str, words: str) -> Question:
    examples = [
        (_task(EVEN_STATEMENT, EVEN_WORDS), EVEN_PROOF),
        (_task(DIVIDES_STATEMENT, DIVIDES_WORDS), DIVIDES_PROOF),
    ]
    return Question(DRAFT, tuple(examples), (_task(formal, words),))


def sketch(formal: str, words: str, proof: str) -> Question:
    examples = [
        (_task(EVEN_STATEMENT, EVEN_WORDS, EVEN_PROOF), _lean(EVEN_SKETCH)),
        (_task(DIVIDES_STATEMENT, DIVIDES_WORDS, DIVIDES_PROOF), _lean(DIVIDES_SKETCH)),
    ]
    return Question(SKETCH, tuple(examples), (_task(formal, words, proof),))


def formalize(words: str, mathlib: bool) -> Question:
    library = (
        "Mathlib is imported."
        if mathlib
        else "There is no Mathlib, only core Lean: write Nat and Int, not ℕ, ℤ or ℝ."
    )
    examples = [
        (EVEN_WORDS, _lean(f"{EVEN_STATEMENT} := by sorry")),
        (DIVIDES_WORDS, _lean(f"{DIVIDES_STATEMENT} := by sorry")),
    ]
    return Question(f"{FORMALIZE} {library}", tuple(examples), (words,))


def say(formal: str) -> Question:
    examples = [(_lean(EVEN_STATEMENT), EVEN_WORDS), (_lean(DIVIDES_STATEMENT), DIVIDES_WORDS)]
    return Question(SAY, tuple(examples), (_lean(formal),))


def compare(one: str, other: str) -> Question:
    asked = "First:\n{}\n\nSecond:\n{}"
    examples = [
        (
            asked.format(EVEN_WORDS, "n(n + 1) is even for all n ≥ 0."),
            "SAME: both speak of all natural numbers.",
        ),
        (
            asked.format(DIVIDES_WORDS, "If a divides b, then a divides 3b - 2c."),
            "DIFFERENT: the second does not assume that a divides c.",
        ),
    ]
    return Question(COMPARE, tuple(examples), (asked.format(one, other),))


def not_accepted(errors: str, kept: str | None) -> str:
    """The reply to a sketch or a statement that does not elaborate. `kept` is what of it does."""
    parts = [f"Lean does not accept this:\n{errors}"]
    if kept is not None:
        parts.append(
            f"With `sorry` where it is wrong, Lean accepts this much of it:\n{_lean(kept)}"
        )
    return "\n\n".join([*parts, "Write all of it again, mended, as one block of Lean code."])


AGAIN = (
    "Write another sketch of the same theorem, with other or smaller steps where gaps stay open; what "
    "is proved may stay. Answer with one block of Lean code."
)


def resists(gaps: Sequence[str], filled: str) -> str:
    """The reply to a sketch some of whose gaps stay open, with what was proved of it."""
    return "\n\n".join(
        [
            "Lean accepts this sketch, but these gaps of it stay open:",
            *gaps,
            f"With the gaps that were filled, it is:\n{_lean(filled)}",
            AGAIN,
        ]
    )


# Answers

ASKED = "What is the sum of all positive divisors of 28?"
EXAMPLES = {
    "reason": (
        (
            ASKED,
            "The divisors of 28 are 1, 2, 4, 7, 14 and 28; their sum is \\boxed{56}.",
        ),
    ),
    "program": (
        (
            ASKED,
            "```python\ntotal = sum(d for d in range(1, 29) if 28 % d == 0)\nprint(total)\n```",
        ),
    ),
}
ASK = {
    ("reason", "en"): "Please reason step by step, and put your final answer within \\boxed{}.",
    ("reason", "zh"): "请通过逐步推理来解答问题，并把最终答案放置于\\boxed{}中。",
    ("program", "en"): (
        "Solve the problem with a Python program that prints the answer, and nothing else, at its "
        "end. It may use the standard library and sympy, and no files, network or other processes. "
        "Answer with one block of Python code."
    ),
    ("program", "zh"): (
        "请编写一个Python程序来解答问题，程序最后只打印答案。可以使用标准库和sympy，不得使用文件、网络或其他进程。"
        "请只回答一个Python代码块。"
    ),
}


def answer(problem: str, way: str) -> Question:
    """A problem that asks for a value, to be answered by reasoning (`reason`) or by a program
    (`program`), in Chinese where it is Chinese."""
    language = "zh" if any("\u4e00" <= letter <= "\u9fff" for letter in problem) else "en"
    return Question(ASK[way, language], EXAMPLES[way], (problem,))
