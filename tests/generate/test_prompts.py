"""Prompt formats, against the published texts."""

from __future__ import annotations

import textwrap
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prover.generate.prompts import (
    FORMATS,
    MOST_PREMISES,
    MOST_PROMPT,
    PUBLISHED_HEADER,
    Prompt,
    Proof,
    ProofFormat,
    Sampling,
    Statement,
    StepFormat,
    UnknownFormat,
    detect,
    named,
    step_format,
)
from search.context import Context, Equation, Function, Premise, Signature
from search.interfaces import Goal, Hypothesis, Request, State
from tests.timing import grows_linearly

FIRST = "case h\nn : ℕ\nthis : True\nh : n = 0\n⊢ n + 0 = 0"
SECOND = "n : ℕ\n⊢ 0 ≤ n"
REQUEST = Request(
    State("k", (Goal(FIRST, "n + 0 = 0"), Goal(SECOND, "0 ≤ n"))), ("intro n", "constructor")
)
STATE = f"{FIRST}\n\n{SECOND}"
STATEMENT = Statement(
    "theorem add_comm' (a b : ℕ) : a + b = b + a", informal="Addition of naturals commutes."
)


def step(name: str) -> StepFormat:
    form = FORMATS[name]
    assert isinstance(form, StepFormat)
    return form


def whole(name: str) -> ProofFormat:
    form = FORMATS[name]
    assert isinstance(form, ProofFormat)
    return form


def test_llmstep_and_ours() -> None:
    for name in ("prover", "llmstep"):
        assert step(name).prompt(REQUEST) == f"[GOAL]{STATE}[PROOFSTEP]"


def known(name: str, type_text: str, *own: str, is_open: bool = False) -> Premise:
    return Premise(Signature(name, name, type_text, (), None), frozenset(own), "Eq", is_open)


TREE = Context(
    functions={
        "Tree.flip": Function(
            Signature("Tree.flip", "flip", "Tree → Tree", (), "Tree"),
            (Equation("flip leaf = leaf", ("pattern",), ()),),
        )
    },
    premises=(
        known("far", "flip leaf = leaf", "Tree.flip"),
        known("other", "1 = 1", "Bush"),
        known("unproved", "flip t = t", "Tree.flip", is_open=True),
        known("near", "flip (flip t) = t", "Tree.flip"),
    ),
)
ABOUT_TREES = Request(
    State("k", (Goal("⊢ flip t = t", "flip t = t", own=("Tree.flip",), around=("Tree.flip",)),)),
    context=TREE,
)


def test_what_a_goal_is_about_stands_before_it() -> None:
    assert step("prover-context").prompt(ABOUT_TREES) == (
        "[CONTEXT]flip leaf = leaf\ntheorem far : flip leaf = leaf\n"
        "theorem near : flip (flip t) = t\n[GOAL]⊢ flip t = t[PROOFSTEP]"
    )
    assert step("prover-context").prompt(REQUEST) == f"[CONTEXT][GOAL]{STATE}[PROOFSTEP]"


def test_of_what_a_goal_is_about_the_nearest_has_room() -> None:
    form = step("prover-context")
    library = tuple(known(f"lib{n}", f"{n} =\n  {n}") for n in range(9))
    told = str(form.prompt(replace(ABOUT_TREES, context=replace(TREE, near=library))))
    theorems = [line for line in told.split("\n") if line.startswith("theorem ")]
    assert len(theorems) == MOST_PREMISES and theorems[0] == "theorem lib5 : 5 = 5"
    assert theorems[-3:] == [
        "theorem lib0 : 0 = 0",
        "theorem far : flip leaf = leaf",
        "theorem near : flip (flip t) = t",
    ]
    wide = known("wide", "x" * (MOST_PROMPT - 62), "Tree.flip")
    request = replace(ABOUT_TREES, context=replace(TREE, premises=(*TREE.premises, wide)))
    told = str(form.prompt(request))
    assert len(told) < MOST_PROMPT + len("[CONTEXT][GOAL][PROOFSTEP]")
    assert told.startswith("[CONTEXT]theorem near") and "theorem wide" in told
    long = replace(ABOUT_TREES, state=State("k", (replace(GOAL, pp=f"⊢ {'a' * MOST_PROMPT}"),)))
    assert str(form.prompt(long)).startswith("[CONTEXT][GOAL]⊢ aaa")


GOAL = Goal(
    "x1 ys : L\nf✝ : L → L\nh : ∀ x0, ys.rev x0 = x1\n⊢ x1 = ys",
    "x1 = ys",
    (
        Hypothesis("x1", "L"),
        Hypothesis("ys", "L"),
        Hypothesis("f✝", "L → L"),
        Hypothesis("h", "∀ x0, ys.rev x0 = x1", is_prop=True),
    ),
)


def test_hypotheses_have_names_of_the_format_there_and_back() -> None:
    form, request = step("prover-context"), Request(State("k", (GOAL,)))
    assert form.prompt(request) == (
        "[CONTEXT][GOAL]x1 x2 : L\nf✝ : L → L\nh0 : ∀ x0, x2.rev x0 = x1\n⊢ x1 = x2[PROOFSTEP]"
    )
    tactic = "rw [← h ys, rev.eq_1]\ncases x1 with | nil => simp | cons a ys => exact h.symm"
    answer = form.answer(tactic, request)
    assert (
        answer == "rw [← h0 x2, rev.eq_1]\ncases x1 with | nil => simp | cons a x2 => exact h0.symm"
    )
    assert form.meant(answer, request) == tactic
    plain = step("prover")
    assert plain.answer(tactic, request) == tactic == plain.meant(tactic, request)


@given(
    st.lists(st.sampled_from(["a", "b", "x0", "x1", "h0", "n'", "αs"]), unique=True),
    st.lists(
        st.sampled_from(["a", "b", "x0", "x1", "h0", "n'", "αs", "simp", "a.b", "(", "∀ x0,"])
    ),
)
def test_no_name_is_lost_on_the_way(names: list[str], words: list[str]) -> None:
    hypotheses = tuple(Hypothesis(n, "T", is_prop=n.startswith("h")) for n in names)
    tactic = " ".join(words)
    goal = Goal(f"{tactic} ⊢ True", "True", hypotheses)
    form, request = step("prover-context"), Request(State("k", (goal,)))
    assert form.meant(form.answer(tactic, request), request) == tactic


def test_reprover_with_premises() -> None:
    form = step("reprover-retrieval")
    assert form.prompt(ABOUT_TREES) == (
        "theorem <a>far</a> : flip leaf = leaf\n\n"
        "theorem <a>near</a> : flip (flip t) = t\n\n⊢ flip t = t"
    )
    assert form.prompt(REQUEST) == STATE
    long = known("long", "x" * 3_000, "Tree.flip")
    request = replace(ABOUT_TREES, context=replace(TREE, premises=(*TREE.premises, long)))
    assert form.prompt(request) == form.prompt(ABOUT_TREES), "what does not fit is left out"
    near = (known("first", "a"), known("second", "b"))
    assert form.prompt(replace(REQUEST, context=Context(near=near))) == (
        f"theorem <a>second</a> : b\n\ntheorem <a>first</a> : a\n\n{STATE}"
    )


def test_llemma() -> None:
    prompt = step("llemma").prompt(REQUEST)
    assert isinstance(prompt, str)
    assert prompt.startswith(
        "Given the Lean 4 tactic state, suggest a next tactic.\nHere are some examples:\n\n"
        "Tactic state:\n---\n"
    )
    assert prompt.endswith(f"---\n\nTactic state:\n---\n{STATE}\n---\nNext tactic:\n---")
    assert prompt.count("\n---\nNext tactic:\n---") == 4
    assert step("llemma").stop == ("---",)
    assert step("llemma").tactic("\nrw [h]\n") == "rw [h]"


def test_reprover() -> None:
    assert step("reprover").prompt(REQUEST) == STATE
    assert step("reprover").tactic("rw [<a>Nat.add_comm</a>]") == "rw [Nat.add_comm]"
    sampling = step("reprover").sampling
    assert (sampling.samples, sampling.beam, sampling.max_tokens) == (64, True, 512)


def test_internlm() -> None:
    assert step("internlm2").prompt(REQUEST) == (
        f"<|im_start|>user\nDECL theorem\nGOAL {STATE}\n<|im_end|>\n<|im_start|>assistant\n"
    )
    assert step("internlm2").tactic("PROOFSTEP induction n with t Ht") == "induction n with t Ht"
    assert step("internlm2.5").prompt(REQUEST) == (
        "<|im_start|>user\n---\nNAME: theorem\n\n---\nPROOF_BEFORE: intro n\nconstructor\n\n"
        f"---\nSTATE_BEFORE: {STATE}\n\n---\nTACTIC: <|im_end|>\n<|im_start|>assistant\n"
    )
    assert step("internlm2.5").stop == ("<|im_end|>",)


def test_bfs_prover_shows_the_first_goal_as_its_authors_print_it() -> None:
    assert step("bfs-prover").prompt(REQUEST) == "n : ℕ\nh : n = 0\n⊢ n + 0 = 0:::"


def test_deepseek_prover_v15_and_goedel_prover() -> None:
    expected = (
        "Complete the following Lean 4 code{}:\n\n```lean4\nimport Mathlib\nimport Aesop\n\n"
        "set_option maxHeartbeats 0\n\nopen BigOperators Real Nat Topology Rat\n\n"
        "/-- Addition of naturals commutes.-/\n"
        "theorem add_comm' (a b : ℕ) : a + b = b + a := by\n"
    )
    assert whole("deepseek-prover-v1.5").prompt(STATEMENT) == expected.format("")
    assert whole("goedel-prover").prompt(STATEMENT) == expected.format(
        " with explanatory comments preceding each line of code"
    )


def test_stp() -> None:
    assert whole("stp").prompt(STATEMENT) == (
        "Complete the following Lean 4 code:\n\n```lean4\nimport Mathlib\nimport Aesop\n"
        "set_option maxHeartbeats 0\nopen BigOperators Real Nat Topology Rat\n\n"
        "theorem add_comm' (a b : ℕ) : a + b = b + a := by"
    )


PLAN = (
    "Before producing the Lean 4 code to formally prove the given theorem, provide a detailed "
    "proof plan outlining the main proof steps and strategies.\nThe plan should highlight key "
    "ideas, intermediate lemmas, and proof structures that will guide the construction of the "
    "final formal proof."
)


@pytest.mark.parametrize(
    ("name", "fence"), [("deepseek-prover-v2", "\n```"), ("goedel-prover-v2", "```")]
)
def test_deepseek_prover_v2_and_goedel_prover_v2(name: str, fence: str) -> None:
    content = (
        "Complete the following Lean 4 code:\n\n```lean4\n"
        f"{PUBLISHED_HEADER}/-- Addition of naturals commutes.-/\n"
        f"theorem add_comm' (a b : ℕ) : a + b = b + a := by\n  sorry{fence}\n\n{PLAN}"
    )
    assert whole(name).prompt(STATEMENT) == ({"role": "user", "content": content},)


def test_kimina() -> None:
    code = (
        f"{PUBLISHED_HEADER}/-- Addition of naturals commutes.-/\n"
        "theorem add_comm' (a b : ℕ) : a + b = b + a := by"
    )
    assert whole("kimina").prompt(STATEMENT) == (
        {"role": "system", "content": "You are an expert in mathematics and Lean 4."},
        {
            "role": "user",
            "content": "Think about and solve the following problem step by step in Lean 4.\n"
            "# Problem:Addition of naturals commutes.\n# Formal statement:\n"
            f"```lean4\n{code}\n```\n",
        },
    )
    system = "You are an expert in mathematics and proving theorems in Lean 4."
    assert whole("kimina-rl").prompt(STATEMENT) == (
        {"role": "system", "content": system},
        {
            "role": "user",
            "content": "Think about and solve the following problems step by step in Lean 4.\n\n"
            "# Problem:\nAddition of naturals commutes.\n\n# Formal Statement:\n"
            f"```lean4\n{code}\n```\n",
        },
    )


def test_a_header_of_ones_own_takes_the_place_of_the_published_one() -> None:
    own = Statement("theorem t : True := by sorry", header="open Nat\n")
    prompt = whole("deepseek-prover-v1.5").prompt(own)
    assert prompt == (
        "Complete the following Lean 4 code:\n\n```lean4\nopen Nat\n\ntheorem t : True := by\n"
    )
    bare = Statement("theorem t : True", header="")
    assert whole("stp").prompt(bare) == (
        "Complete the following Lean 4 code:\n\n```lean4\ntheorem t : True := by"
    )


@pytest.mark.parametrize(
    ("name", "score", "width", "alpha", "sampling"),
    [
        ("llemma", "mean", 32, 0.0, Sampling(32, beam=True)),
        ("internlm2", "mean", 32, 0.0, Sampling(32, beam=True)),
        ("internlm2.5", "mean", 32, 0.0, Sampling(32, beam=True)),
        ("reprover", "sum", 64, 0.0, Sampling(64, max_tokens=512, beam=True)),
        ("bfs-prover", "mean", 4, 2.0, Sampling(4, 1.3, max_tokens=2048)),
        ("llmstep", "mean", 10, 0.0, Sampling(10, 0.5, max_tokens=128)),
    ],
)
def test_a_format_is_searched_as_its_authors_do(
    name: str, score: str, width: int, alpha: float, sampling: Sampling
) -> None:
    form = step(name)
    assert (form.score, form.width, form.alpha) == (score, width, alpha)
    assert form.sampling == sampling


def test_a_docstring_is_the_problem_in_words() -> None:
    text = "theorem t : True"
    own = Statement.with_docstring(f"/-- It -\nis. -/\n{text}", "")
    assert own == Statement(text, "", "It -\nis.")
    assert Statement.with_docstring(f"/-- It is. -/ {text}", None, "Better.").informal == "Better."
    assert Statement.with_docstring(f"/- no -/ {text}") == Statement(f"/- no -/ {text}")
    assert whole("deepseek-prover-v1.5").prompt(own) == (
        "Complete the following Lean 4 code:\n\n```lean4\n/-- It -\nis.-/\ntheorem t : True := by\n"
    )


def test_every_format_has_all_it_needs() -> None:
    for name, form in FORMATS.items():
        prompt: Prompt
        if isinstance(form, StepFormat):
            prompt = form.prompt(REQUEST)
            assert form.tactic("  simp\n") == "simp"
            assert form.tactic(" \n") == ""
        else:
            prompt = form.prompt(STATEMENT)
            assert form.proof("", STATEMENT) is None
        assert prompt and form.name == name and isinstance(form.sampling, Sampling)


# Reading proofs


def read(name: str, completion: str, statement: Statement = STATEMENT) -> Proof | None:
    return whole(name).proof(textwrap.dedent(completion), statement)


def test_a_continued_proof_ends_at_its_fence_or_at_the_margin() -> None:
    v15 = whole("deepseek-prover-v1.5")
    assert v15.proof("  simp\n  omega\n```\nmore", STATEMENT) == Proof("simp\nomega")
    assert v15.proof("\n  simp\n\ntheorem u : True := by\n  simp", STATEMENT) == Proof("simp")
    cut = "  induction a with\n  | zero => simp\n  | succ n ih =>\n    rw [Nat.add"
    assert v15.proof(cut, STATEMENT) == Proof(textwrap.dedent(cut))
    assert whole("stp").proof(" simp", STATEMENT) == Proof("simp")


def test_the_last_proof_of_the_statement_counts() -> None:
    answer = """\
        ### Plan
        ```lean4
        theorem add_comm' (a b : ℕ) : a + b = b + a := by
          have h : True := by sorry
          sorry
        ```
        Complete:
        ```lean4
        import Mathlib

        open BigOperators Real Nat Topology Rat

        /-- Addition of naturals commutes.-/
        theorem add_comm' (a b : ℕ) :
            a + b = b + a := by
          -- by the library
          rw [Nat.add_comm]
        ```
        """
    assert read("deepseek-prover-v2", answer) == Proof("-- by the library\nrw [Nat.add_comm]")


def test_thoughts_are_no_proof() -> None:
    answer = """\
        <think>
        ```lean4
        theorem add_comm' (a b : ℕ) : a + b = b + a := by
          simp
        ```
        </think>
        ```lean4
        theorem add_comm' (a b : ℕ) : a + b = b + a := by omega
        ```
        """
    assert read("kimina", answer) == Proof("omega")
    assert read("kimina", answer.split("</think>")[0]) is None


def test_lemmas_before_the_theorem_are_kept() -> None:
    answer = f"""\
        ```lean4
        {PUBLISHED_HEADER.replace(chr(10), chr(10) + " " * 8)}
        lemma aux (n : ℕ) : n + 0 = n := by
          simp

        theorem add_comm' (a b : ℕ) : a + b = b + a := by
          have := aux a
          omega
        ```
        """
    assert read("goedel-prover-v2", answer) == Proof(
        "have := aux a\nomega", "lemma aux (n : ℕ) : n + 0 = n := by\n  simp"
    )


def test_a_statement_in_other_words_is_read_up_to_its_assignment() -> None:
    answer = """\
        ```lean4
        theorem add_comm' (a b : Nat) (h : (fun x : Nat => x := by exact id) = id) :
          a + b = b + a :=
          Nat.add_comm a b
        ```
        """
    answer = answer.replace("(h : (fun x : Nat => x := by exact id) = id)", "{c : Nat := 0}")
    assert read("kimina", answer) == Proof("exact (Nat.add_comm a b)")


def test_what_is_cut_off_keeps_what_is_there() -> None:
    answer = """\
        ```lean4
        theorem add_comm' (a b : ℕ) : a + b = b + a := by
          induction a with
          | zero => simp
          | succ n ih => omeg"""
    found = read("deepseek-prover-v2", answer)
    assert found == Proof("induction a with\n| zero => simp\n| succ n ih => omeg")
    assert read("deepseek-prover-v2", "### Plan\nfirst we") is None
    assert read("deepseek-prover-v2", "```lean4\ntheorem add_comm' (a b") is None


@pytest.mark.parametrize(
    "unit",
    [
        "/-- ",
        "/-- a\n",
        "@[\n",
        "@[a]\n",
        "private\n",
        "\n",
        " ",
        "``` ",
        "```\n",
        "x\n",
        "(",
        ":= ",
    ],
)
def test_reading_proofs_takes_time_by_length(unit: str) -> None:
    form, plain = whole("goedel-prover-v2"), whole("deepseek-prover-v1.5")

    def read_all(n: int) -> None:
        theorem = "theorem add_comm' (a b : ℕ) : a + b = b + a := by\n  omega\n"
        for text in (unit * n + "\n" + theorem, theorem + unit * n, "```" + unit * n):
            form.proof(f"```lean4\n{text}\n```", STATEMENT)
            form.proof(text, STATEMENT)
        plain.proof(unit * n, STATEMENT)

    assert grows_linearly(read_all, 16_000)


@pytest.mark.parametrize(
    ("before", "lemmas"),
    [
        ("/-- a theorem -/\n", ""),
        ("def x := 1 /-- one -/ -- and\n/-- two -/ \n", "def x := 1 /-- one -/ -- and"),
        ("def x := 1\n/-- not closed\n", "def x := 1\n/-- not closed"),
        ("/--/\n", ""),
        ("@[simp]\nprivate ", ""),
        ("@[simp]\nprivate def x := 1\n@[simp] ", "@[simp]\nprivate def x := 1"),
        ("def x := \u2028 1\n", "def x := \u2028 1"),
    ],
)
def test_what_stands_before_a_theorem(before: str, lemmas: str) -> None:
    found = whole("kimina").proof(f"```lean4\n{before}theorem u : True := by simp\n```", STATEMENT)
    assert found == Proof("simp", lemmas)


# Choosing


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("EleutherAI/llemma_7b", "llemma"),
        ("codellama/CodeLlama-34b-hf", "llemma"),
        ("wellecks/llmstep-mathlib4-pythia2.8b", "llmstep"),
        ("kaiyuy/leandojo-lean4-tacgen-byt5-small", "reprover"),
        ("kaiyuy/leandojo-lean4-retriever-tacgen-byt5-small", "reprover-retrieval"),
        ("internlm/internlm2-step-prover", "internlm2"),
        ("internlm/internlm2_5-step-prover", "internlm2.5"),
        ("bytedance-research/BFS-Prover", "bfs-prover"),
        ("ByteDance-Seed/BFS-Prover-V2-7B", "bfs-prover"),
        ("deepseek-ai/DeepSeek-Prover-V1.5-RL", "deepseek-prover-v1.5"),
        ("deepseek-ai/DeepSeek-Prover-V2-671B", "deepseek-prover-v2"),
        ("Goedel-LM/Goedel-Prover-SFT", "goedel-prover"),
        ("Goedel-LM/Goedel-Prover-V2-8B", "goedel-prover-v2"),
        ("AI-MO/Kimina-Prover-Preview-Distill-7B", "kimina"),
        ("AI-MO/Kimina-Prover-RL-1.7B", "kimina-rl"),
        ("kfdong/STP_model_Lean_0320", "stp"),
    ],
)
def test_a_published_name_tells_the_format(model: str, name: str) -> None:
    assert detect(model).name == name
    assert detect("/models/x", {"_name_or_path": model}).name == name


def test_the_configuration_is_surer_than_the_name() -> None:
    assert detect("my-llemma-clone", {"prompt_format": "prover"}).name == "prover"
    assert detect("checkpoint-500", None, {"[GOAL]": 5, "[PROOFSTEP]": 6}).name == "prover"


def test_what_is_not_known_lists_what_is() -> None:
    with pytest.raises(
        UnknownFormat, match="gpt2 is not known: name one of prover, prover-context, llmstep"
    ):
        detect("gpt2", {"model_type": "gpt2"}, {"a": 0})
    with pytest.raises(UnknownFormat, match="no prompt format 'x'; known are prover"):
        named("x")
    with pytest.raises(UnknownFormat, match="kimina is a format of whole proofs"):
        step_format("kimina")
    with pytest.raises(UnknownFormat, match="no prompt format 'y'"):
        detect("llemma", {"prompt_format": "y"})


@pytest.mark.parametrize(
    "wrong", [{"samples": 0}, {"max_tokens": 0}, {"temperature": -1.0}, {"top_p": 0.0}]
)
def test_sampling_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be at least"):
        Sampling(**({"samples": 1} | wrong))  # type: ignore[arg-type]
