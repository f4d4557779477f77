"""The verdict on a finished text.

Two processes take part. One elaborates the candidate and sends what came of it as data. The other
elaborates nothing but trusted text, reads the data into terms, has its kernel check every
declaration and collects the axioms (the design of leanprover/comparator). So nothing that a
candidate does to the Lean that elaborates it can change the verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prover.lean.judge import Checked, Choice, Text
from prover.lean.kernel_bugs import known_bugs, sound_since
from prover.lean.pool import LeanPool
from prover.lean.toolchain import Lean
from prover.lean.worker import ElaborationFailed
from prover.verify.verdict import Layer, LeanVersion, Outcome


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the layers say of one declaration."""

    outcome: Outcome
    reason: str
    layers: tuple[Layer, ...]
    axioms: tuple[str, ...] = ()
    type_hash: str = ""

    @property
    def failed(self) -> tuple[str, ...]:
        """The layers that the declaration did not pass."""
        return tuple(layer.name for layer in self.layers if not layer.passed)


def lean_version(lean: Lean) -> LeanVersion:
    """The Lean's version with the known soundness bugs of its kernel."""
    bugs = known_bugs(lean.version)
    return LeanVersion(lean.version, lean.kind, tuple(map(str, bugs)), sound_since(bugs))


async def judge_proof(
    pool: LeanPool, trusted: Text, candidate: str, name: str, *, fresh: bool = False
) -> Judgement:
    """Judges a proof: a candidate text that fills a hole of the last declaration of a trusted one,
    and may differ from it in nothing else."""
    text = Text(trusted.header, candidate)
    try:
        checked = await pool.judge.check(
            trusted, text, lambda _: (candidate, [name]), compare=True, script=True, fresh=fresh
        )
    except ElaborationFailed as failed:
        return judgement_of(failed)
    return _conclude(checked[name], [layer(checked[name]) for layer in LAYERS])


async def judge_text(
    pool: LeanPool,
    trusted: Text | None,
    candidate: Text,
    choose: Choice,
    *,
    fresh: bool = False,
) -> dict[str, Judgement]:
    """Judges declarations of a whole text, which may hold anything. Each is compared with the
    declaration of its name in the trusted text; without one, only the header is trusted.

    Raises:
        ElaborationFailed: a header or the trusted text does not elaborate, or a process died.
    """
    base = trusted or Text(candidate.header, "")
    compare = trusted is not None
    checked = await pool.judge.check(base, candidate, choose, compare=compare, fresh=fresh)
    layers = [layer for layer in LAYERS[1:] if compare or layer is not _statement]
    return {name: _conclude(one, [layer(one) for layer in layers]) for name, one in checked.items()}


def judgement_of(failed: ElaborationFailed) -> Judgement:
    """What is to be said of a text that a process died of, or whose header does not elaborate."""
    outcome = {"timeout": Outcome.TIMEOUT, "memory": Outcome.CRASH, "crash": Outcome.CRASH}
    layer = Layer("elaboration", False, str(failed))
    return Judgement(outcome.get(failed.kind, Outcome.REJECTED), str(failed), (layer,))


def _text(checked: Checked) -> Layer:
    """Only a proof was added to what was asked."""
    return Layer("text", checked.smuggled is None, checked.smuggled or "nothing but a proof is new")


def _elaboration(checked: Checked) -> Layer:
    """Lean elaborates the text from scratch without an error."""
    errors = [m for m in checked.messages if m.severity == "error"]
    detail = str(errors[0]) if errors else f"from scratch, {checked.heartbeats} heartbeats"
    return Layer("elaboration", not errors, detail)


def _statement(checked: Checked) -> Layer:
    """The type is the one that the trusted text has without the proof."""
    if checked.unfit is not None:
        return Layer("statement", False, "not compared")
    detail = f"type hash {checked.type_hash}" if checked.same_type else "another statement"
    return Layer("statement", checked.same_type, detail)


def _axioms(checked: Checked) -> Layer:
    """Nothing is left open, and only the axioms of Lean's logic are used."""
    if checked.unfit is not None:
        return Layer("axioms", False, checked.unfit)
    bad = (*checked.forbidden, *checked.unknown)
    detail = ", ".join([*checked.axioms, *checked.unknown]) or "none visible"
    return Layer("axioms", not bad, detail)


def _kernel(checked: Checked) -> Layer:
    """The kernel of a process that ran none of the text accepts every new declaration."""
    if checked.unfit is not None:
        return Layer("kernel", False, "nothing came to be checked")
    error = checked.kernel_error
    return Layer("kernel", error is None, error or "checked in another process")


LAYERS = (_text, _elaboration, _statement, _axioms, _kernel)


def _conclude(checked: Checked, layers: Sequence[Layer]) -> Judgement:
    if checked.failure is not None:
        errors = [layer for layer in layers if layer.name == "elaboration" and not layer.passed]
        missing = Layer("statement", False, checked.failure)
        reason = errors[0].detail if errors else checked.failure
        return Judgement(Outcome.REJECTED, reason, (*errors, missing))
    passed = {layer.name: layer.passed for layer in layers}
    details = {layer.name: layer.detail for layer in layers}
    outcome, reason = Outcome.PROVED, ""
    if not passed["elaboration"]:
        outcome, reason = Outcome.REJECTED, details["elaboration"]
    elif not passed.get("text", True):
        outcome, reason = Outcome.CHEATED, f"the proof is more than a proof: {details['text']}"
    elif not passed["axioms"] and checked.forbidden == ("sorryAx",) and not checked.unknown:
        outcome, reason = Outcome.REJECTED, "the proof is not finished: it rests on `sorry`"
    elif not passed.get("statement", True) and checked.unfit is None:
        outcome, reason = Outcome.CHEATED, "the statement is not the one that was asked"
    elif not passed["axioms"]:
        bad = ", ".join([*checked.forbidden, *checked.unknown])
        outcome, reason = Outcome.CHEATED, checked.unfit or f"the proof rests on {bad}"
    elif not passed["kernel"]:
        outcome, reason = Outcome.CHEATED, f"the kernel rejects it: {details['kernel']}"
    elif "statement" in passed and not checked.theorem:
        reason = "a definition: it has the type; whether it is the one you mean, only you can say"
    return Judgement(outcome, reason, tuple(layers), checked.axioms, checked.type_hash)
