"""The batch on transformers, with tiny random models of published architectures."""

from __future__ import annotations

import asyncio
import math
import re
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from prover.generate.batch import draw
from prover.generate.completion import Completion, ModelError
from prover.generate.prompts import FORMATS, Llemma, Sampling, Statement
from prover.generate.transformers import TransformersGenerator
from search.interfaces import Suggestion
from tests.generate import tiny

T = TypeVar("T")
KINDS = ["llama", "gpt-neox", "qwen2", "t5"]
ENDS = [2, *range(40, 80)]
"""End tokens of the tiny models: many, so that completions of many lengths end."""


@dataclass
class Drawn:
    """A completion with the tokens that it consists of."""

    prompt: list[int]
    ids: list[int]
    completion: Completion


class Watched(TransformersGenerator):
    """Keeps the tokens of every completion, and how large the batch was."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.drawn: list[Drawn] = []
        self._made: dict[int, Drawn] = {}
        self.rows: list[int] = []
        self.cells: list[int] = []

    def _completion(self, group, row):  # type: ignore[no-untyped-def]
        completion = super()._completion(group, row)
        if completion is not None:
            self._made[id(completion)] = Drawn(group.prompt, list(row.ids), completion)
        return completion

    def _step(self):  # type: ignore[no-untyped-def]
        answers = super()._step()
        self.drawn += [self._made[id(done)] for _, done in answers if done is not None]
        if self._batch is not None:
            rows, *_ = keys = self._batch._parts()[0][0].layers[0].keys.shape
            self.rows.append(rows)
            self.cells.append(rows * keys[2])
        return answers


def generator(
    kind: str = "llama", ends: Sequence[int] = ENDS, budget: int = 65_536, **sampling: object
) -> Watched:
    model = tiny.model(kind)
    model.generation_config.eos_token_id = list(ends)
    options = {"samples": 6, "max_tokens": 24} | sampling
    return Watched(
        model,
        tiny.tokenizer(),
        form=FORMATS["prover"],
        sampling=Sampling(**options),  # type: ignore[arg-type]
        token_budget=budget,
    )


def run(main: Callable[[], Awaitable[T]]) -> T:
    return asyncio.run(asyncio.wait_for(main(), 60))


async def collect(
    model: TransformersGenerator, prompts: Sequence[str], seeds: Sequence[int]
) -> list[tuple[int, Completion]]:
    async with aclosing(model.complete(prompts, seeds)) as completions:
        return [arrival async for arrival in completions]


def completions(
    model: TransformersGenerator, prompts: Sequence[str], seeds: Sequence[int] | None = None
) -> list[list[tuple[str, int, float]]]:
    """For each prompt its completions, sorted: text, tokens, log-probability."""
    answers = run(lambda: collect(model, prompts, seeds or list(range(len(prompts)))))
    found: list[list[tuple[str, int, float]]] = [[] for _ in prompts]
    for index, done in answers:
        found[index].append((done.text, done.tokens, done.logprob))
    return [sorted(one) for one in found]


def close(one: list[tuple[str, int, float]], other: list[tuple[str, int, float]]) -> bool:
    same = [(a[:2], b[:2]) for a, b in zip(one, other, strict=True)]
    return all(a == b for a, b in same) and all(
        math.isclose(a[2], b[2], abs_tol=1e-3) for a, b in zip(one, other, strict=True)
    )


def teacher_forced(model: Watched, drawn: Drawn) -> float:
    """The log-probability of a completion by one plain forward pass over all of it."""
    prompt, ids = torch.tensor([drawn.prompt]), torch.tensor([drawn.ids])
    with torch.inference_mode():
        if model.model.config.is_encoder_decoder:
            start = torch.full((1, 1), model.model.config.decoder_start_token_id)
            inputs = torch.cat([start, ids[:, :-1]], 1)
            logits = model.model(input_ids=prompt, decoder_input_ids=inputs).logits
        else:
            logits = model.model(torch.cat([prompt, ids[:, :-1]], 1)).logits
            logits = logits[:, prompt.shape[1] - 1 :]
    return float(logits.log_softmax(-1).gather(-1, ids[..., None]).sum())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("beam", [False, True])
def test_log_probabilities_are_those_of_a_plain_forward_pass(kind: str, beam: bool) -> None:
    model = generator(kind, beam=beam, temperature=0.8, top_p=0.95)
    completions(model, tiny.STATES)
    assert len({len(drawn.ids) for drawn in model.drawn}) > 3
    for drawn in model.drawn:
        assert drawn.completion.logprob == pytest.approx(teacher_forced(model, drawn), abs=2e-3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("beam", [False, True])
def test_results_do_not_depend_on_what_else_is_in_the_batch(kind: str, beam: bool) -> None:
    together = completions(generator(kind, beam=beam), tiny.STATES)
    for place, state in enumerate(tiny.STATES):
        alone = completions(generator(kind, beam=beam), [state], [place])
        assert close(alone[0], together[place])


@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_results_do_not_depend_on_when_a_prompt_joins(kind: str) -> None:
    apart = [completions(generator(kind), [s], [i])[0] for i, s in enumerate(tiny.STATES)]
    model = generator(kind)
    joined = threading.Event()

    async def staggered() -> list[list[tuple[int, Completion]]]:
        async def later(place: int) -> list[tuple[int, Completion]]:
            while len(model.rows) < 3 * place:
                await asyncio.sleep(0)
            if any(not group.abandoned for group in model._groups):
                joined.set()
            return await collect(model, [tiny.STATES[place]], [place])

        return await asyncio.gather(*map(later, range(3)))

    for place, answers in enumerate(run(staggered)):
        found = sorted((done.text, done.tokens, done.logprob) for _, done in answers)
        assert close(found, apart[place])
    assert joined.is_set()
    assert max(model.rows) > 6


def test_same_seed_same_completions_and_other_seed_others() -> None:
    model = generator()
    first, again, other = (completions(model, [tiny.STATES[1]], [seed])[0] for seed in (7, 7, 8))
    assert close(first, again)
    assert [done[0] for done in first] != [done[0] for done in other]


def test_samples_follow_the_distribution_of_the_model() -> None:
    logprobs = torch.tensor([[0.5, 0.3, 0.15, 0.05]]).log().expand(4000, 4)
    draws = torch.rand(4000, generator=torch.Generator().manual_seed(0)).tolist()

    def shares(sampling: Sampling) -> list[float]:
        tokens, scores = draw(logprobs, draws, sampling)
        assert scores == pytest.approx([float(logprobs[0, token]) for token in tokens])
        counts = Counter(tokens)
        return [counts[token] / 4000 for token in range(4)]

    assert shares(Sampling(1)) == pytest.approx([0.5, 0.3, 0.15, 0.05], abs=0.03)
    assert shares(Sampling(1, top_p=0.75)) == pytest.approx([0.625, 0.375, 0, 0], abs=0.03)
    squares = [0.25, 0.09, 0.0225, 0.0025]
    expected = [square / sum(squares) for square in squares]
    assert shares(Sampling(1, temperature=0.5)) == pytest.approx(expected, abs=0.03)


def test_temperature_zero_is_what_generate_does_greedily() -> None:
    model = generator(temperature=0.0)
    completions(model, tiny.STATES)
    assert len(model.drawn) == len(tiny.STATES)
    for drawn in model.drawn:
        prompt = torch.tensor([drawn.prompt])
        generate: Any = model.model.generate
        out = generate(prompt, max_new_tokens=24, do_sample=False)
        assert out[0, prompt.shape[1] :].tolist() == drawn.ids


@pytest.mark.parametrize("kind", ["llama", "t5"])
@pytest.mark.parametrize("beams", [3, 8])
def test_beams_are_those_of_generate(kind: str, beams: int) -> None:
    model = generator(kind, beam=True, samples=beams, ends=range(2, 90))
    completions(model, tiny.STATES)
    compared = 0
    for state in tiny.STATES:
        prompt = torch.tensor([model.tokenizer(state).input_ids])
        generate: Any = model.model.generate
        out = generate(
            prompt,
            num_beams=beams,
            num_return_sequences=beams,
            max_new_tokens=24,
            length_penalty=0.0,
            do_sample=False,
            output_scores=True,
            return_dict_in_generate=True,
        )
        skip = 1 if model.model.config.is_encoder_decoder else prompt.shape[1]
        ours = sorted(
            (d for d in model.drawn if d.prompt == prompt[0].tolist() and d.completion.finished),
            key=lambda d: -d.completion.logprob,
        )
        theirs = []
        for sequence, score in zip(
            out.sequences[:, skip:].tolist(), out.sequences_scores, strict=True
        ):
            end = next((at for at, token in enumerate(sequence) if 2 <= token < 90), None)
            if end is not None:
                theirs.append((sequence[: end + 1], float(score)))
        assert [drawn.ids for drawn in ours[: len(theirs)]] == [ids for ids, _ in theirs]
        scores = [drawn.completion.logprob for drawn in ours[: len(theirs)]]
        assert scores == pytest.approx([score for _, score in theirs], abs=2e-3)
        compared += len(theirs)
    assert compared >= 2 * beams


def test_tactics_arrive_while_others_are_still_written() -> None:
    model = generator(samples=8, max_tokens=64)

    async def main() -> list[tuple[int, int]]:
        requests = [tiny.request(state, seed) for seed, state in enumerate(tiny.STATES)]
        seen = []
        async with aclosing(model.generate(requests)) as stream:
            async for _, suggestion in stream:
                seen.append((suggestion.tokens, model.metrics().tokens))
        return seen

    seen = run(main)
    drawn = [total for _, total in seen]
    assert drawn == sorted(drawn)
    assert drawn[0] < drawn[-1] / 2
    lengths = [len(done.ids) for done in model.drawn]
    assert lengths == sorted(lengths)


def test_duplicates_are_merged_and_all_tokens_counted() -> None:
    model = generator(temperature=0.05, samples=12)
    requests = [tiny.request(state, seed) for seed, state in enumerate(tiny.STATES)]

    async def main() -> list[tuple[int, Suggestion]]:
        async with aclosing(model.generate(requests)) as stream:
            return [arrival async for arrival in stream]

    answers = run(main)
    real: dict[tuple[int, str], float] = {}
    for index, s in answers:
        if s.tactic:
            assert s.logprob > real.get((index, s.tactic), -math.inf)  # again only if better
            real[index, s.tactic] = s.logprob
    assert len(real) < sum(drawn.completion.finished for drawn in model.drawn)
    assert sum(s.tokens for _, s in answers) == model.metrics().tokens
    best: dict[tuple[int, str], float] = {}
    ids = {
        tuple(model.tokenizer(f"[GOAL]{state}[PROOFSTEP]").input_ids): i
        for i, state in enumerate(tiny.STATES)
    }
    for drawn in model.drawn:
        key = ids[tuple(drawn.prompt)], FORMATS["prover"].tactic(drawn.completion.text)  # type: ignore[union-attr]
        best[key] = max(best.get(key, -math.inf), drawn.completion.logprob)
    assert all(score == best[key] for key, score in real.items())


def test_what_is_cut_off_is_no_tactic_and_what_is_forbidden_neither() -> None:
    model = generator(ends=[2], max_tokens=4)

    async def main() -> list[tuple[int, Suggestion]]:
        async with aclosing(model.generate([tiny.request("⊢ True")])) as stream:
            return [arrival async for arrival in stream]

    assert run(main) == [(0, Suggestion("", 0.0, 24))]


def test_closing_the_stream_frees_its_rows_and_no_others() -> None:
    model = generator(ends=[2], max_tokens=400, samples=4)

    async def main() -> list[int]:
        async def forever(state: str) -> None:
            await collect(model, [state], [0])

        victim = asyncio.create_task(forever(tiny.STATES[0]))
        other = asyncio.create_task(forever(tiny.STATES[1]))
        while len(model.rows) < 5:
            await asyncio.sleep(0.001)
        assert model.rows[-1] > 4
        victim.cancel()
        seen = len(model.rows)
        while len(model.rows) < seen + 4:
            await asyncio.sleep(0.001)
        assert not other.done()
        other.cancel()
        await asyncio.gather(victim, other, return_exceptions=True)
        while model._driver is not None and not model._driver.done():
            await asyncio.sleep(0.001)
        return model.rows[seen + 2 :]

    assert max(run(main)) <= 4
    assert model._groups == [] and model._batch is None
    assert all(len(done.ids) < 400 for done in model.drawn)


def test_the_event_loop_stays_free() -> None:
    async def main() -> float:
        model = generator(ends=[2], max_tokens=80)
        longest = 0.0
        task = asyncio.create_task(collect(model, tiny.STATES, [0, 1, 2, 3]))
        while not task.done():
            before = time.monotonic()
            await asyncio.sleep(0.001)
            longest = max(longest, time.monotonic() - before)
        return longest / model.metrics().busy

    # A machine that is busy elsewhere may hold up one run; a model on the loop holds up each.
    assert min(run(main) for _ in range(3)) < 0.5


@pytest.mark.parametrize("beam", [False, True])
def test_the_token_budget_is_kept_and_everything_is_done(beam: bool) -> None:
    budget = 700
    model = generator(budget=budget, max_tokens=12, ends=[2], beam=beam)
    prompts = [*tiny.STATES, *tiny.STATES]
    found = completions(model, prompts)
    assert [len(one) for one in found] == [6] * len(prompts)
    assert max(model.cells) <= budget
    assert 6 < max(model.rows) < 6 * len(prompts)
    metrics = model.metrics()
    assert (metrics.expansions, metrics.refused) == (len(prompts), 0)


def test_samples_that_do_not_fit_together_are_drawn_in_turns() -> None:
    whole = completions(generator(), tiny.STATES)
    model = generator(budget=100)
    parts = completions(model, tiny.STATES)
    assert all(close(one, other) for one, other in zip(whole, parts, strict=True))
    assert max(model.rows) < 6 and max(model.cells) <= 100
    assert model.metrics().expansions == len(tiny.STATES)


def test_a_prompt_that_does_not_fit_has_no_completions_and_is_counted() -> None:
    model = generator(budget=360)
    found = completions(model, ["x" * 600, "⊢ True", "y" * 400])
    assert [len(one) for one in found] == [0, 6, 0]
    model = generator(beam=True, budget=6 * 60)
    found += completions(model, ["⊢ True", "y" * 100])
    assert [len(one) > 0 for one in found[3:]] == [True, False]
    assert model.metrics().refused == 1


def test_stop_texts_end_a_completion_and_are_not_part_of_it() -> None:
    form = Llemma()
    stops = ("e", "a")
    form.stop = stops  # type: ignore[misc, assignment]
    model = tiny.model("llama")
    watched = Watched(model, tiny.tokenizer(), form=form, sampling=Sampling(12, max_tokens=60))
    found = completions(watched, tiny.STATES)
    ended = [drawn for drawn in watched.drawn if drawn.completion.finished]
    assert len(ended) > 10
    for drawn in ended:
        whole, before = watched._decode(drawn.ids), watched._decode(drawn.ids[:-1])
        assert not any(stop in drawn.completion.text for stop in stops)
        assert whole.startswith(drawn.completion.text)
        assert not any(stop in before for stop in stops) or drawn.ids[-1] == 2
    assert any(text for one in found for text, _, _ in one)


def test_a_special_token_among_the_stop_texts_ends_a_completion() -> None:
    form = Llemma()
    form.stop = ("<s>",)  # type: ignore[misc]
    model = TransformersGenerator(tiny.model("llama"), tiny.tokenizer(), form=form)
    assert model._ends == {1, 2} and model._stops == ()


def without_weights(folder: Path, **sizes: int) -> str:
    """A model in our format that has everything but its weights."""
    config = transformers.LlamaConfig(vocab_size=320, prompt_format="prover", **sizes)
    config.save_pretrained(folder)
    tiny.tokenizer().save_pretrained(folder)
    return str(folder)


def test_a_model_that_does_not_fit_is_refused_before_it_is_loaded(tmp_path: Path) -> None:
    folder = without_weights(
        tmp_path, hidden_size=16_384, intermediate_size=65_536, num_hidden_layers=120
    )
    with pytest.raises(ModelError) as caught:
        TransformersGenerator.load(folder, device="cpu")
    said = r"has 515,\d{3} million weights, which take 2,06\d\.\d GB of memory; [\d.]+ GB are free: run it on"
    assert re.search(said, str(caught.value)), caught.value


def test_a_model_that_is_too_slow_is_refused_before_it_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prover.generate import transformers as backend

    folder = without_weights(tmp_path, hidden_size=1024, num_hidden_layers=4)
    monkeypatch.setattr(backend, "USEFUL", 1e9)
    with pytest.raises(
        ModelError, match=r"would write about [\de+.]+ tokens a second, and a search"
    ):
        TransformersGenerator.load(folder, device="cpu")
    monkeypatch.setattr(backend, "USEFUL", 1e-9)
    with pytest.raises(ModelError, match="cannot load the model"):
        TransformersGenerator.load(folder, device="cpu")


def test_whole_proofs_of_a_chat_model() -> None:
    model = generator(samples=4, max_tokens=16)
    model.format = FORMATS["kimina"]
    texts = iter(["```lean4\ntheorem t : True := by\n  trivial\n```"] * 3 + ["nothing"])
    model._text = lambda group, ids: next(texts)  # type: ignore[method-assign]

    async def main() -> list[tuple[str, bool]]:
        statement = Statement("theorem t : True")
        async with aclosing(model.whole_proofs(statement, seed=3)) as proofs:
            return [(proof.tactics, proof.finished) async for proof in proofs]

    assert [tactics for tactics, _ in run(main)] == ["trivial"]
    prompt = str(model.tokenizer.decode(model.drawn[0].prompt))
    assert prompt.startswith("<|system|>You are an expert")
    assert prompt.endswith("<|end|><|assistant|>")


def test_a_model_of_the_other_kind_says_so() -> None:
    model = generator()

    async def proofs() -> None:
        async for _ in model.whole_proofs(Statement("theorem t : True")):
            pass

    with pytest.raises(ModelError, match="single tactics"):
        run(proofs)
    model.format = FORMATS["stp"]

    async def tactics() -> None:
        async for _ in model.generate([tiny.request("⊢ True")]):
            pass

    with pytest.raises(ModelError, match="whole proofs"):
        run(tactics)


def test_a_failure_reaches_every_caller_and_the_next_call_works() -> None:
    model = generator()
    forward = model.model.forward
    model.model.forward = lambda **_: (_ for _ in ()).throw(RuntimeError("out of memory"))

    async def main() -> list[object]:
        calls = [collect(model, [state], [0]) for state in tiny.STATES]
        return await asyncio.gather(*calls, return_exceptions=True)

    failures = run(main)
    assert len(failures) == 4
    assert all(isinstance(f, ModelError) and "token budget" in str(f) for f in failures)
    model.model.forward = forward
    assert len(completions(model, ["⊢ True"])[0]) == 6


@pytest.mark.parametrize("sampling", [{}, {"beam": True}, {"temperature": 0.0}, {"top_p": 0.5}])
def test_a_model_that_computes_nothing_fails_in_its_suggestions(sampling: dict[str, Any]) -> None:
    model = generator(**sampling)
    good = {name: value.clone() for name, value in model.model.state_dict().items()}
    with torch.no_grad():
        for parameter in model.model.parameters():
            parameter.fill_(math.nan)

    async def suggestions() -> list[Suggestion]:
        stream = model.generate([tiny.request("⊢ True")])
        return [suggestion async for _, suggestion in stream]

    assert any(s.flaw is not None for s in run(suggestions))
    assert not any(s.flaw is None and s.tactic for s in run(suggestions))
    model.model.load_state_dict(good)
    assert not any(s.flaw for s in run(suggestions))


def test_metrics_add_up() -> None:
    model = generator()
    completions(model, tiny.STATES)
    metrics = model.metrics()
    assert metrics.tokens == sum(len(drawn.ids) for drawn in model.drawn)
    assert metrics.prompt_tokens == sum(len(model.tokenizer(s).input_ids) for s in tiny.STATES)
    assert metrics.expansions == 4
    assert 0 < metrics.busy <= metrics.elapsed
    assert metrics.tokens_per_second == pytest.approx(metrics.tokens / metrics.elapsed)
    assert 0 <= metrics.idle < 1


def test_a_saved_model_is_loaded_with_its_format(tmp_path: Path) -> None:
    folder = tiny.saved(tmp_path / "mine", "llama", prompt_format="prover")
    model = TransformersGenerator.load(str(folder), sampling=Sampling(2, max_tokens=4))
    assert model.format.name == "prover"
    assert len(completions(model, ["⊢ True"])[0]) == 2
    folder = tiny.saved(tmp_path / "leandojo-lean4-tacgen-byt5-small", "t5")
    model = TransformersGenerator.load(str(folder))
    assert model.format.name == "reprover" and model.sampling.beam


def test_what_cannot_be_loaded_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(
        ModelError, match=r"cannot load the model .*nowhere: there is no such folder$"
    ):
        TransformersGenerator.load(str(tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="cannot load"):
        TransformersGenerator.load(str(tmp_path / "empty"), form="prover")
    folder = tiny.saved(tmp_path / "anything", "llama")
    with pytest.raises(ValueError, match="name one of prover, prover-context, llmstep"):
        TransformersGenerator.load(str(folder))
    with pytest.raises(ValueError, match="no prompt format 'lama'"):
        TransformersGenerator.load(str(folder), form="lama")
    (folder / "model.safetensors").write_bytes(b"short")
    with pytest.raises(ModelError, match="cannot load"):
        TransformersGenerator.load(str(folder), form="prover")


def test_layers_without_keys_and_values_are_refused() -> None:
    model = tiny.model("llama")
    model.config.layer_types = ["linear_attention", "full_attention"]
    with pytest.raises(ModelError, match="linear_attention"):
        TransformersGenerator(model, tiny.tokenizer(), form=FORMATS["prover"])
