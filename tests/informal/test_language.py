"""What the controlled language reads, and what it says about the rest. No Lean."""

from pathlib import Path

import pytest

from prover.errors import WrongUse
from prover.informal.formalise import Along
from prover.informal.language import FORMS, NotUnderstood, read_proof, read_statement
from prover.informal.language.lean import statement_of

EXAMPLES = Path(__file__).with_name("examples")
EVEN = read_statement("For every integer n, the number n² + n is even.")
POSITIVE = read_statement("For all natural numbers n, n < 2^n.")


def lean(text: str) -> str:
    """A statement as Lean, on one line, without what every one has."""
    return " ".join(read_statement(text).lean.removeprefix("theorem statement").split())


STATEMENTS = {
    "For all natural numbers n, 6 divides n(n+1)(2n+1).": (
        "(n : Nat) : 6 ∣ n * (n + 1) * (2 * n + 1)"
    ),
    "The sum of the first n odd numbers is n².": (
        "(n : Nat) : ((List.range n).map (fun k : Nat => 2 * k + 1)).sum = n ^ 2"
    ),
    r"Show that $\sum_{k=1}^n k^2 = \frac{n(n+1)(2n+1)}{6}$ for every natural number $n$.": (
        "(n : Nat) : 6 * ((List.range n).map (fun k : Nat => (k + 1) ^ 2)).sum "
        "= n * (n + 1) * (2 * n + 1)"
    ),
    "Let n be a natural number. If n ≡ 3 (mod 4), then n² ≡ 1 (mod 8).": (
        "(n : Nat) (h1 : n % 4 = 3) : n ^ 2 % 8 = 1"
    ),
    "For all natural numbers n, n - 1 < n.": "(n : Nat) : (n - 1 : Int) < n",
    r"Let $a$ and $b$ be integers such that $a \mid b$. Then $a^2 \mid b^2$.": (
        "(a b : Int) (h1 : a ∣ b) : a ^ 2 ∣ b ^ 2"
    ),
    "Every natural number n ≥ 8 can be written as n = 3a + 5b with natural numbers a and b.": (
        "(n : Nat) (h1 : n ≥ 8) : ∃ a b : Nat, n = 3 * a + 5 * b"
    ),
    r"Let $a$ and $b$ be integers such that $a \mid b$. Then there is $m$ with $b = am$.": (
        "(a b : Int) (h1 : a ∣ b) : ∃ m : Int, b = a * m"
    ),
    "Let n be a natural number. Then there is k with 2k = 2n.": (
        "(n : Nat) : ∃ k : Nat, 2 * k = 2 * n"
    ),
    "For all integers a there is a natural number m with a < m.": ("(a : Int) : ∃ m : Nat, a < m"),
    "There are no integers x and y with 4x + 6y = 9.": ": ¬ (∃ x y : Int, 4 * x + 6 * y = 9)",
    "n is even if and only if n + 1 is odd.": "(n : Nat) : n % 2 = 0 ↔ (n + 1) % 2 = 1",
    "The square of any odd integer is odd.": "(n : Int) (h1 : n % 2 = 1) : n ^ 2 % 2 = 1",
    "The sum of two even integers is even.": (
        "(n m : Int) (h1 : n % 2 = 0) (h2 : m % 2 = 0) : (n + m) % 2 = 0"
    ),
    "The product of two consecutive integers is even.": "(n : Int) : (n * (n + 1)) % 2 = 0",
    "Let xs and ys be lists. Then |xs ++ ys| = |xs| + |ys|.": (
        "{α : Type} (xs ys : List α) : (xs ++ ys).length = xs.length + ys.length"
    ),
    "Let A and B be sets of natural numbers. If x ∈ A ∩ B, then x ∈ B.": (
        "(A B : Nat → Prop) (x : Nat) (h1 : (A x ∧ B x)) : B x"
    ),
    "Let f be a function from ℤ to ℕ such that f is injective. Then f(2) ≠ f(3).": (
        "(f : Int → Nat) (h1 : ∀ x y : Int, f x = f y → x = y) : f 2 ≠ f 3"
    ),
    r"Let $f \colon \mathbb{N} \to \mathbb{N}$. If $f(n+1) = f(n) + 1$ for all $n$, then $f(3) = f(0) + 3$.": (
        "(f : Nat → Nat) (h1 : ∀ n : Nat, f (n + 1) = f n + 1) : f 3 = f 0 + 3"
    ),
    "If p is a prime number, then p > 1.": (
        "(p : Nat) (h1 : 2 ≤ p) (h2 : ∀ d : Nat, d ∣ p → d = 1 ∨ d = p) : p > 1"
    ),
    r"For all positive integers $n$, we have $\lfloor n/2 \rfloor < n$.": (
        "(n : Nat) (h1 : 0 < n) : n / 2 < n"
    ),
    r"\newcommand{\Z}{\mathbb{Z}}\newcommand{\sq}[1]{#1^2} For all $a \in \Z$, $\sq{a} \geq 0$.": (
        "(a : Int) : a ^ 2 ≥ 0"
    ),
}


@pytest.mark.parametrize("words", STATEMENTS)
def test_a_statement_is_read_as_lean(words: str) -> None:
    assert lean(words) == STATEMENTS[words]


def test_what_is_easily_overlooked_is_said() -> None:
    one = read_statement("For all n, 2^(n - 1) > 0 and m + 1 > m.")
    assert one.notes == (
        "n - 1 is a natural number there: 0 where it would be negative",
        "m was not introduced: it is taken for any natural number",
    )
    unused = read_statement("Let n and m be integers. Then n + 1 > n.")
    assert unused.notes == ("m does not occur in what is claimed",)


def test_the_reading_is_that_of_the_formal_statement() -> None:
    one = read_statement("The sum of the numbers from 1 to n is n(n+1)/2.")
    assert one.reading == (
        "For every natural number n: 2·(the sum of k for k from 1 to n) = n·(n + 1)."
    )


def test_definitions_stand_before_the_theorem() -> None:
    one = read_statement(
        "Define total([]) = 0 and total(x :: xs) = x + total(xs). "
        "For all lists xs of natural numbers, total(xs) ≥ 0."
    )
    assert one.text == (
        "def total : List Nat → Nat\n  | [] => 0\n  | x :: xs => x + total xs\n\n"
        "theorem statement (xs : List Nat) : total xs ≥ 0 := by\n  sorry\n"
    )
    assert one.reading.startswith("Here total is the function on lists of natural numbers with")


def test_reals_need_mathlib() -> None:
    text = "header: import Mathlib\n\nLet x be a real number. Then x/2 + x/2 = x."
    assert read_statement(text).text == (
        "import Mathlib\n\ntheorem statement (x : ℝ) : x / 2 + x / 2 = x := by\n  sorry\n"
    )
    with pytest.raises(NotUnderstood, match="real numbers need Mathlib"):
        read_statement("Let x be a real number. Then x/2 + x/2 = x.")


@pytest.mark.parametrize("form", FORMS)
def test_every_form_that_is_offered_can_be_read(form: str) -> None:
    """Whether or not it means anything where it stands here."""
    said = []
    for read in (read_statement, lambda text: read_proof(text, EVEN)):
        try:
            read(form)
            return
        except NotUnderstood as error:
            said.append(error.message)
    grammar = ("cannot be read here", "begins like this", "ends too early")
    assert not all(any(why in one for why in grammar) for one in said), said


MALFORMED = [
    ("For all natural numbers n, 6 frobnicates n.", 1, 30, "frobnicates", "cannot be read here"),
    ("Let n be a banana. Then n > 0.", 1, 12, "banana", "cannot be read here"),
    ("For all $n$, $n + $ is even.", 1, 21, "is", "cannot be read here"),
    ("Let n be a natural number.", 1, 1, "Let n be a natural number.", "claims nothing"),
    (r"For all n,\n\n $\foo{n} = 1$.".replace(r"\n", "\n"), 3, 3, r"\foo", "not known"),
    ("For all n, $n < n + 1.", 1, 12, "$", "never ends"),
    ("For all natural numbers n, n ≡ 3.", 1, 28, "n ≡ 3", "needs its modulus"),
    ("For all natural numbers n, n = 1.5.", 1, 32, "1.5", "decimal fractions"),
    (r"For all n, $1 + 2 + \dots + n = n$.", 1, 21, r"\dots", r"\sum"),
    ("For all natural numbers n and m, n/m = 1.", 1, 34, "n/m = 1", "denominator"),
    ("For all natural numbers n, f(n, 2) > 0.", 1, 29, "(n, 2)", "not known"),
    ("Let f be a function from ℕ to ℕ. Then f(1, 2) = 0.", 1, 39, "f(1, 2)", "more arguments"),
    (
        "The sum of the first n natural numbers is n(n-1)/2.",
        1,
        1,
        "The sum of the first n natural numbers",
        "0 or 1 is not said",
    ),
    ("Let A be a set of natural numbers. Then A is even.", 1, 41, "A is even", "no number"),
    (r"\newcommand{\x}{\x} For all n, $\x = n$.", 1, 33, r"\x", "expands to itself"),
    (r"$\begin{cases} n \end{cases}$ is even.", 1, 2, r"\begin{cases}", "cannot be read"),
    ("For all natural numbers n, $2^{-n} > 0$.", 1, 29, "2^{-n}", "negative powers"),
    ("Let n be a natural number. Then |n| > 0.", 1, 33, "|n| > 0", "integers and lists"),
    ("Find the value of x.", 1, 1, "Find", "begins like this"),
    ("Für alle natürlichen Zahlen n gilt: n ist gerade.", 1, 1, "Für", "German"),
    ("Soit n un entier. Alors n est pair ou impair.", 1, 1, "Soit", "French"),
]


@pytest.mark.parametrize(("text", "line", "column", "words", "why"), MALFORMED)
def test_an_error_points_at_the_words(
    text: str, line: int, column: int, words: str, why: str
) -> None:
    with pytest.raises(NotUnderstood) as caught:
        read_statement(text)
    error = caught.value
    assert (error.line, error.column, error.words) == (line, column, words)
    assert why in error.message


MISTAKEN = [
    (EVEN, "We proceed by induction on k.", "We proceed by induction on k", "k is not introduced"),
    (EVEN, "Induction on n.", "Induction on n", "n is an integer"),
    (EVEN, "We have n > 0. Then n = 2k.", "k", "k is not introduced"),
    (EVEN, "Case 1: n is even. Case 2: n is blue.", "blue", "cannot be read here"),
    (EVEN, "Assume that n is odd.", "Assume that n is odd", "this is not given"),
    (EVEN, "By step 4, n > 0.", "step 4", "there is no step 4"),
    (EVEN, "By the induction hypothesis, n = 0.", "the induction hypothesis", "no induction"),
    (EVEN, "It follows by magic that n is even.", "by magic that", "cannot be read here"),
    (EVEN, "Let k be a natural number.", "k be a natural number", "nothing to be shown"),
    (EVEN, "Take n = 4.", "n = 4", "something else already"),
    (
        EVEN,
        "Inductive step: assume that n is even.",
        "Inductive step: assume that n is even.",
        "belongs to",
    ),
    (EVEN, "Since pigs can fly, n is even.", "pigs can fly", "cannot be read here"),
    (EVEN, "Case 1.", "Case 1.", "does not say what it assumes"),
    (EVEN, "Hence n = 2(k + 1, which is even.", "which", "cannot be read here"),
    (EVEN, "For n = 0 both sides are 0.", "For n = 0 both sides are 0", "n is not 0 here"),
    (EVEN, "This is a contradiction. Then n > 0.", "Then n > 0.", "is shown before"),
    (
        POSITIVE,
        "Induction on n. Base case: for n = 0 we have 0 < 1.",
        "Induction on n.",
        "no inductive step",
    ),
    (
        POSITIVE,
        "Induction on n. Base case: 0 < 1. Inductive step: assume that n > 2^n.",
        "assume that n > 2^n",
        "the induction hypothesis is: n < 2^n",
    ),
    (
        POSITIVE,
        "Induction on n. Base case: 0 < 1. Inductive step: assume that the claim holds for all m < n.",
        "m < n",
        "for one number",
    ),
    (POSITIVE, "Wir zeigen die Behauptung durch Induktion nach n.", "Wir", "German"),
]


@pytest.mark.parametrize(("statement", "proof", "words", "why"), MISTAKEN)
def test_an_error_of_a_proof_points_at_the_words(
    statement: object, proof: str, words: str, why: str
) -> None:
    with pytest.raises(NotUnderstood) as caught:
        read_proof(proof, statement)  # type: ignore[arg-type]
    error = caught.value
    assert error.words == words and why in error.message
    at = proof.split("\n")[error.line - 1][error.column - 1 :]
    assert at.startswith(words.split("…")[0])


def test_the_nearest_form_is_offered() -> None:
    with pytest.raises(NotUnderstood) as caught:
        read_proof("We do induction about n.", POSITIVE)
    assert caught.value.hint == (
        "The nearest form that can be read: “We proceed by induction on n.”"
    )


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.*")), ids=lambda path: path.stem)
def test_the_words_of_an_example_stand_in_its_sketch(path: Path) -> None:
    text = path.read_text("utf-8")
    statement = read_statement(text)
    sketch = read_proof(text, statement)
    assert sketch.name == statement.name and "sorry" in sketch.text
    for step in sketch.steps:
        first, last = step.span
        assert "".join(step.words.split()) == "".join(text[first:last].split())
    numbers = [
        sketch.step_at(place)
        for place, line in enumerate(sketch.text.split("\n"), 1)
        if "sorry" in line and "--" not in line
    ]
    assert numbers == sorted(n for n in numbers if n is not None)


def test_a_reason_becomes_what_the_gap_can_use() -> None:
    text = (EXAMPLES / "first" / "strong_induction.md").read_text("utf-8")
    sketch = read_proof(text, read_statement(text))
    assert "obtain ⟨a', b', h13⟩ := ih (n - 2) (by sorry) (by sorry)" in sketch.text
    named = read_proof("We have n * 1 = n by `Int.mul_one`. Then n² + n is even.", EVEN)
    assert "have h1 := @Int.mul_one" in named.text


FORMAL = """import Mathlib

lemma before : 1 = 1 := rfl

theorem square (n : ℤ) (h : n % 2 = 1) : ∃ k : ℤ, n ^ 2 = 2 * k + 1 := by
  sorry

theorem after : 2 = 2 := rfl
"""


def test_a_proof_in_words_of_a_formal_statement() -> None:
    one = statement_of(FORMAL, "square")
    assert one.reading == (
        "for every integer n: if n and 1 leave the same remainder modulo 2, then there is an "
        "integer k with n^2 = 2·k + 1"
    )
    sketch = read_proof("Write n = 2m + 1. Take k = 2m² + 2m. Then n² = 2k + 1.", one)
    before, _, after = FORMAL.partition(" := by\n  sorry\n")
    assert sketch.text.startswith(before) and sketch.text.endswith(after)
    assert "refine ⟨k, ?_⟩" in sketch.text


def test_a_formal_statement_that_is_not_understood_is_proved_as_it_is() -> None:
    text = "theorem odd_one (x : Fin 3) (h : x ≠ 0) : x.val < 3 := sorry\n"
    sketch = read_proof("This is clear.", statement_of(text, "odd_one"))
    assert sketch.text == (
        "theorem odd_one (x : Fin 3) (h : x ≠ 0) : x.val < 3 := by\n  -- This is clear.\n  sorry\n"
    )


def test_which_theorem_is_meant_must_be_clear() -> None:
    with pytest.raises(WrongUse, match=r"FILE\.lean:name"):
        Along.of(FORMAL, None, "This is clear.")


def test_the_sign_at_the_end_of_a_proof_is_no_step() -> None:
    statement = statement_of("theorem t (n : Nat) : n < n + 1 := by sorry", "t")
    sketch = read_proof(r"Clearly $n < n + 1$. $\blacksquare$", statement)
    assert [step.words for step in sketch.steps] == ["Clearly $n < n + 1$."]
