"""A model by its name takes part in proving: through a server that speaks the protocol over sockets,
and from a folder."""

import asyncio
from pathlib import Path

import pytest

pytest.importorskip("httpx")
pytest.importorskip("torch")

from prover.api import Options, Prover, Settings
from prover.evaluate.benchmark import Theorem
from prover.evaluate.report import Figures, blocks
from prover.evaluate.run import Plan, read_results, run
from prover.generate.completion import ModelError
from prover.generate.models import load_model
from prover.generate.prompts import ExamplesError, StepFormat, UnknownFormat
from prover.render.document import to_markdown
from prover.verify.verdict import Verdict
from search.budget import Budget
from tests.generate import tiny
from tests.generate.test_openai import Exchange, Handler, serving

FACTORS = "theorem t : ∃ x y : Nat, x * y = 64507 ∧ 1 < x ∧ 1 < y"
BUDGET = Budget(expansions=8, seconds=120.0)


def always(text: str) -> Handler:
    """A server whose model writes the same text for every prompt."""

    async def handler(exchange: Exchange) -> None:
        await exchange.start()
        for index in range(exchange.body["n"]):
            logprobs = {"token_logprobs": [-0.1]}
            await exchange.event(index=index, text=text, logprobs=logprobs, finish_reason="stop")
        await exchange.end()

    return handler


def prove(form: str, *texts: str) -> list[Verdict]:
    """What comes of each of the texts, as the answers of a model."""

    async def main() -> list[Verdict]:
        verdicts = []
        answers: list[str] = []

        async def handler(exchange: Exchange) -> None:
            await always(answers[-1])(exchange)

        async with serving(handler) as server:
            settings = Settings(
                lean="embedded",
                jobs=1,
                model=f"{server.url}/v1#mine",
                prompt_format=form,
            )
            async with Prover(settings, Options(BUDGET, refute=False)) as prover:
                for text in texts:
                    answers.append(text)
                    verdicts.append(await prover.prove(FACTORS))
        return verdicts

    return asyncio.run(main())


@pytest.mark.lean
def test_a_step_prover_on_a_server_proves_what_the_portfolio_does_not() -> None:
    right, wrong = prove("prover", "exact ⟨251, 257, by decide⟩", "exact ⟨251, 258, by decide⟩")
    assert right.proved, right
    assert right.proof == "exact ⟨251, 257, by decide⟩"
    assert right.spent.tokens > 0
    assert not wrong.proved


@pytest.mark.lean
def test_a_whole_proof_is_tried_and_its_steps_join_the_search() -> None:
    whole = "  refine ⟨251, 257, ?_, ?_, ?_⟩\n  · decide\n  · decide\n  · decide\n```\n"
    failed = whole.replace("  · decide\n```", "  · exact wrong\n```")
    tried, joined = prove("goedel-prover", whole, failed)
    assert tried.proved, tried
    assert tried.spent.expansions == 2  # the portfolio has the first
    assert joined.proved, joined
    assert joined.proof is not None and joined.proof.startswith("refine ⟨251, 257")
    assert joined.spent.expansions > 1


@pytest.mark.lean
def test_a_whole_proof_may_stand_on_lemmas() -> None:
    answer = f"""\
```lean4
import Mathlib
open Nat

/-- One factor. -/
lemma one_factor : 64507 % 251 = 0 ∧ 0 < succ 0 := by
  decide

theorem other {{n : Nat}} (h : n ≠ 0) : 0 < n := by
  omega

{FACTORS} := by
  have h := one_factor
  refine ⟨251, 257, ?_, ?_, ?_⟩
  · exact Nat.mul_div_cancel' (Nat.dvd_of_mod_eq_zero h.1)
  · decide
  · exact Nat.lt_of_le_of_ne (other (by decide)) (by decide)
```
"""
    other = answer.replace("lemma one_factor", "def one_factor")
    verdict, refused = prove("goedel-prover-v2", answer, other)
    assert verdict.proved, verdict
    assert verdict.spent.expansions == 2  # the portfolio has the first
    assert verdict.proof is not None and verdict.proof.startswith("open Nat in\nhave one_factor :")
    assert not refused.proved


@pytest.mark.lean
def test_a_prompt_shows_the_words_and_the_header_of_the_user(tmp_path: Path) -> None:
    theorem = Theorem("t", FACTORS, "open Nat", informal_statement="Factor 64507.")
    file = f"import Init\n\n/-- Do\nfactor. -/\n{FACTORS} := by\n  sorry\n"

    async def main() -> list[str]:
        async with serving(always("```lean4\n" + FACTORS + " := by omega\n```")) as server:
            settings = Settings(
                lean="embedded",
                jobs=1,
                model=f"{server.url}/v1#mine",
                prompt_format="kimina-rl",
                portfolio=False,
            )
            options = Options(Budget(expansions=1, seconds=120.0), refute=False)
            async with Prover(settings, options) as prover:
                await prover.fill_statement(f"/-- Factor it. -/ {FACTORS}")
                await prover.prove_text(file)
                plan = Plan((theorem,), "factors", settings, options, canaries=0)
                assert await run(prover, plan, tmp_path / "results.jsonl")
            return [exchange.body["messages"][1]["content"] for exchange in server.asked]

    found = asyncio.run(main())
    words = [prompt.partition("# Problem:\n")[2].partition("\n\n#")[0] for prompt in found]
    code = [prompt.partition("```lean4\n")[2].partition("\n```")[0] for prompt in found]
    assert words == ["Factor it.", "Do\nfactor.", "Factor 64507."]
    assert code == [
        f"/-- Factor it.-/\n{FACTORS} := by",
        f"import Init\n\n/-- Do\nfactor.-/\n{FACTORS} := by",
        f"open Nat\n\n/-- Factor 64507.-/\n{FACTORS} := by",
    ]


@pytest.mark.lean
def test_a_model_is_searched_as_its_authors_do_and_the_report_says_so(tmp_path: Path) -> None:
    out = tmp_path / "results.jsonl"

    async def main() -> None:
        async with serving(always("exact ⟨251, 257, by decide⟩")) as server:
            settings = Settings(
                lean="embedded",
                jobs=1,
                model=f"{server.url}/v1#ByteDance-Seed/BFS-Prover-V2-7B",
                portfolio=False,
            )
            options = Options(BUDGET, refute=False)
            async with Prover(settings, options) as prover:
                own = prover.job(Options(width=5, alpha=0.5))
                assert (own.width, own.alpha) == (5, 0.5)
                assert (prover.job().width, prover.job().alpha) == (4, 2.0)
                filled = await prover.fill_statement(FACTORS)
                assert filled.graphs[0].alpha == 2.0
                plan = Plan((Theorem("t", FACTORS),), "factors", settings, options, canaries=0)
                assert await run(prover, plan, out)

    asyncio.run(main())
    text = to_markdown(blocks([Figures(read_results(out))]))
    for row in (
        "| prompt format | bfs-prover |",
        "| completions of a prompt | 4, temperature 1.3, top-p 1, at most 2048 tokens each |",
        "| score of a completion | mean of the log-probabilities of its tokens |",
        "| search | best first, width 4, alpha 2 |",
    ):
        assert row in text


def test_examples_of_a_file_stand_in_the_prompt(tmp_path: Path) -> None:
    tiny.model("llama").save_pretrained(tmp_path)
    tiny.tokenizer().save_pretrained(tmp_path)
    file = tmp_path / "examples.jsonl"
    file.write_text(
        '{"state": "⊢ 1 = 1", "tactic": "rfl\\n"}\n\n{"state": "a\\n⊢ b", "tactic": "c"}\n'
    )
    model = load_model(str(tmp_path), "llemma", str(file))
    assert isinstance(model.format, StepFormat)
    assert model.format.prompt(tiny.request("⊢ True")) == (
        "Given the Lean 4 tactic state, suggest a next tactic.\nHere are some examples:\n\n"
        "Tactic state:\n---\n⊢ 1 = 1\n---\nNext tactic:\n---\nrfl\n---\n\n"
        "Tactic state:\n---\na\n⊢ b\n---\nNext tactic:\n---\nc\n---\n\n"
        "Tactic state:\n---\n⊢ True\n---\nNext tactic:\n---"
    )
    with pytest.raises(ExamplesError, match="prover shows no examples; llemma does"):
        load_model("hf:./no-such-folder", "prover", str(file))
    for text in ('{"state": "a"}', "[1]", "{", '{"state": 1, "tactic": "a"}'):
        file.write_text('{"state": "a", "tactic": "b"}\n' + text)
        with pytest.raises(ExamplesError, match=r"line 2: an example is a line"):
            load_model(str(tmp_path), "llemma", str(file))
    file.write_text("\n")
    with pytest.raises(ExamplesError, match="no example"):
        load_model(str(tmp_path), "llemma", str(file))
    with pytest.raises(ExamplesError, match="cannot read the examples"):
        load_model(str(tmp_path), "llemma", str(tmp_path / "none"))


def test_a_folder_is_a_model(tmp_path: Path) -> None:
    tiny.model("llama").save_pretrained(tmp_path)
    tiny.tokenizer().save_pretrained(tmp_path)
    model = load_model(str(tmp_path), "prover")
    assert model.format.name == "prover"
    with pytest.raises(UnknownFormat, match="name one of"):
        load_model(f"hf:{tmp_path}")


def test_what_cannot_be_loaded_is_told() -> None:
    with pytest.raises(ModelError, match="#NAME"):
        load_model("http://localhost:1/v1")
    with pytest.raises(ModelError, match="cannot load the model"):
        load_model("hf:./no-such-folder", "prover")
    with pytest.raises(ModelError, match="vLLM is not installed"):
        load_model("vllm:./no-such-folder", "prover")
