"""The words of the language: which stand for the same, and which say nothing."""

from __future__ import annotations

CLASSES = {
    "ALL": "all every each any",
    "IS": "is are",
    "THUS": "hence therefore thus consequently so whence accordingly",
    "SINCE": "since because",
    "VERB": "have has get gets obtain obtains see sees find finds conclude know known note observe"
    " recall deduce derive follow follows hold holds give gives yield yields shows means mean infer"
    " use reach arrive",
    "SHOW": "show prove demonstrate establish verify check",
    "CLAIM": "claim statement result assertion theorem identity inequality formula equation property"
    " conclusion",
    "TAKE": "take choose pick put",
    "TRIVIAL": "trivial clear obvious immediate evident",
    "REASON": "arithmetic algebra computation calculation expanding simplifying factoring"
    " substitution substituting rearranging cancelling",
    "COUNT": "two three four five",
    "STRONG": "strong complete",
    "IFF": "iff",
}
"""Words that the grammar takes alike, by the name of the terminal."""

SAME = {
    "numbers": "number", "integers": "integer", "naturals": "natural", "lists": "list",
    "sets": "set", "functions": "function", "exists": "exist", "inductive": "induction",
    "cases": "case", "an": "a", "modulo": "mod", "squares": "square", "cubes": "cube",
    "multiples": "multiple", "divide": "divide", "assumptions": "assumption", "propositions":
    "proposition", "sequence": "function", "map": "function", "sequences": "function",
    "larger": "larger", "non-negative": "nonnegative", "non-zero": "nonzero", "reversal": "reverse",
    "reversed": "reverse", "primes": "prime", "satisfies": "satisfying", "satisfy": "satisfying",
    "satisfied": "satisfying", "congruence": "congruent", "divisors": "divisor", "steps": "step",
    "contradictory": "contradiction", "q.e.d": "QED", "qed": "QED", "hypotheses": "hypothesis",
    "nothing": "no", "none": "no", "suppose": "suppose", "numbered": "number", "rationals":
    "rational", "reals": "real", "inequalities": "inequality", "monotone": "increasing",
}  # fmt: skip

SILENT = (
    "on the other hand", "in fact", "in particular", "of course", "in other words", "for this",
    "clearly", "obviously", "evidently", "now", "also", "moreover", "furthermore", "indeed",
    "finally", "however", "again", "next", "but", "easily", "directly", "immediately", "simply",
    "thereby", "similarly", "likewise", "first of all", "always", "respectively",
    "us", "therein", "already", "trivially", "additionally", "in turn", "by the way",
)  # fmt: skip
"""What is passed over, with a comma after it."""
