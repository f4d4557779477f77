"""Every attack is refused and every honest twin accepted, on every path that can say "proved"; and
each layer of the verdict is needed for that."""

import pytest

from prover.verify import layers
from prover.verify.layers import LAYERS
from prover.verify.verdict import Layer
from tests.acceptance.conftest import Bench
from tests.acceptance.suite import Case, read_cases

CASES = read_cases()

ALONE = {
    "text": ("15_break_out_command", "proof of script"),
    "elaboration": ("20_parentheses", "proof of script"),
    "statement": ("15_weaker", "check of file"),
    "axioms": ("04_axiom", "check of file"),
    "kernel": ("08_skip_kernel_decide", "check of script"),
}
"""For each layer an attack that no other refuses, and the request of it."""


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_case(case: Case, bench: Bench) -> None:
    result = bench.result(case)
    assert result.false_accepts == []
    assert result.false_rejects == []
    assert not case.refused_by or case.refused_by in result.refused_by


@pytest.mark.parametrize("layer", ALONE)
def test_the_suite_bites_when_a_layer_is_off(
    layer: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What this layer alone refuses is accepted once it says yes to everything."""
    name, path = ALONE[layer]
    case = next(case for case in CASES if case.name == name)
    act = next(act for act in case.acts if act.path == path and act.bogus)
    bench.settle()
    assert bench.wait(bench.suite.ask(act)).refused_by == (layer,)
    off = tuple(
        one if name != layer else (lambda checked: Layer(layer, True, "switched off"))
        for name, one in zip(ALONE, LAYERS, strict=True)
    )
    monkeypatch.setattr(layers, "LAYERS", off)
    assert bench.wait(bench.suite.ask(act)).accepted


def test_every_kind_is_bogus_and_honest() -> None:
    kinds = {case.kind for case in CASES}
    bogus = {case.kind for case in CASES if any(act.bogus for act in case.acts)}
    honest = {case.kind for case in CASES if any(act.honest for act in case.acts)}
    assert (bogus, honest) == (kinds, kinds)
