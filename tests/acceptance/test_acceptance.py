"""Every attack is refused and every honest twin accepted, on every path that can say "proved"; and
each layer of the verdict is needed for that."""

import asyncio

import pytest

from prover.verify import layers
from prover.verify.layers import LAYERS
from prover.verify.verdict import Layer
from tests.acceptance.suite import Case, Result, Suite, read_cases

CASES = read_cases()
LAYER_NAMES = ("text", "elaboration", "statement", "axioms", "kernel")


@pytest.fixture(scope="module")
def results() -> dict[str, Result]:
    async def run() -> dict[str, Result]:
        async with Suite() as suite:
            return {result.case.name: result for result in await suite.run(CASES)}

    return asyncio.run(run())


@pytest.mark.timeout(1800)
def test_nothing_bogus_is_accepted(results: dict[str, Result]) -> None:
    accepted = {name: r.false_accepts for name, r in results.items() if r.false_accepts}
    assert accepted == {}


def test_nothing_honest_is_refused(results: dict[str, Result]) -> None:
    refused = {
        name: {path: r.honest[path].reason for path in r.false_rejects}
        for name, r in results.items()
        if r.false_rejects
    }
    assert refused == {}


def test_the_layer_that_should_refuse_does(results: dict[str, Result]) -> None:
    wrong = {
        name: [answer.refused_by for answer in result.bogus.values()]
        for name, result in results.items()
        if not any(result.case.refused_by in a.refused_by for a in result.bogus.values())
    }
    assert wrong == {}


@pytest.mark.parametrize("layer", LAYER_NAMES)
def test_the_suite_bites_when_a_layer_is_off(
    layer: str, results: dict[str, Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What this layer alone refuses is accepted once it says yes to everything."""
    path = "proof" if layer == "text" else "check"
    alone = [
        result.case
        for result in results.values()
        if path in result.bogus and result.bogus[path].refused_by == (layer,)
    ]
    assert alone, f"no attack is refused by {layer} alone"
    off = tuple(
        one if name != layer else (lambda checked: Layer(layer, True, "switched off"))
        for name, one in zip(LAYER_NAMES, LAYERS, strict=True)
    )
    monkeypatch.setattr(layers, "LAYERS", off)
    assert asyncio.run(_accepted(alone[0], path))


async def _accepted(case: Case, path: str) -> bool:
    async with Suite() as suite:
        return (await suite.ask(path, case.bogus)).accepted
