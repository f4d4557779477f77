"""The verdict on a finished text: elaborated from scratch, compared, its axioms collected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prover.lean.kernel_bugs import known_bugs
from prover.lean.pool import Checked, ElaborationFailed, LeanPool
from prover.lean.toolchain import Lean
from prover.verify.axioms import forbidden
from prover.verify.verdict import Layer, LeanVersion, Outcome


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the layers say of one declaration."""

    outcome: Outcome
    reason: str
    layers: tuple[Layer, ...]
    axioms: tuple[str, ...] = ()
    type_hash: str = ""


def lean_version(lean: Lean) -> LeanVersion:
    """The Lean's version with the known soundness bugs of its kernel."""
    bugs = tuple(str(bug) for bug in known_bugs(lean.version))
    return LeanVersion(lean.version, lean.kind, bugs)


async def judge(
    pool: LeanPool, header: str, trusted: str | None, candidate: str, names: Sequence[str]
) -> list[Judgement]:
    """Judges declarations of a candidate text, elaborated from scratch after the header.

    Each is compared with the declaration of its name in the trusted text; without one, a text is
    only held against itself.
    """
    try:
        checked = await pool.check(header, trusted, candidate, names)
    except ElaborationFailed as failed:
        outcome = {"timeout": Outcome.TIMEOUT, "memory": Outcome.CRASH, "crash": Outcome.CRASH}
        layer = Layer("elaboration", False, str(failed))
        judgement = Judgement(outcome.get(failed.kind, Outcome.REJECTED), str(failed), (layer,))
        return [judgement for _ in names]
    return [_judge(one, trusted is not None) for one in checked]


def _judge(checked: Checked, compared: bool) -> Judgement:
    errors = [m for m in checked.messages if m.severity == "error"]
    layers = [Layer("elaboration", not errors, str(errors[0]) if errors else "from scratch")]
    if checked.failure is not None:
        layers.append(Layer("statement", False, checked.failure))
        reason = str(errors[0]) if errors else checked.failure
        return Judgement(Outcome.REJECTED, reason, tuple(layers))
    if compared:
        detail = f"type hash {checked.type_hash}" if checked.same_type else "another statement"
        layers.append(Layer("statement", checked.same_type, detail))
    bad = forbidden(checked.axioms)
    hollow = checked.has_sorry or checked.has_metavariable or bool(checked.unknown)
    layers.append(
        Layer("axioms", not bad and not hollow, ", ".join(checked.axioms) or "none visible")
    )
    kernel = checked.kernel_error
    layers.append(Layer("kernel", kernel is None, kernel or "type-checked again"))
    outcome, reason = Outcome.PROVED, ""
    if errors:
        outcome, reason = Outcome.REJECTED, str(errors[0])
    elif compared and not checked.same_type:
        outcome, reason = Outcome.CHEATED, "the statement is not the one that was asked"
    elif bad == ("sorryAx",):
        outcome, reason = Outcome.REJECTED, "the proof is not finished: it rests on `sorry`"
    elif bad or hollow:
        outcome = Outcome.CHEATED
        reason = f"the proof rests on {', '.join(bad) or 'something that is not there'}"
    elif kernel is not None:
        outcome, reason = Outcome.CHEATED, f"the kernel rejects it: {kernel}"
    return Judgement(outcome, reason, tuple(layers), checked.axioms, checked.type_hash)
